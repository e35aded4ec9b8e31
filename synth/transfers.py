"""Beats of streams spread over clock cycles: gaps before them, outputs that wait, resets."""

from collections.abc import Mapping

import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Role
from ffp8.golden.stream import StreamConfig, StreamState

from .corners import random_codes

__all__ = ["placed", "transfers"]

#: How often, in the parts of a run, a beat is offered as soon as it can be, and an output beat is
#: taken. In the first part nothing stalls.
PACES = ((1.0, 1.0), (0.75, 0.75), (1.0, 0.4), (0.4, 1.0))

#: Frames between two resets, on average, but for the first part; and times the latency, at least.
FRAMES_BETWEEN_RESETS = 12
LATENCIES_BETWEEN_RESETS = 4


def transfers(
    config: StreamConfig, beats: Mapping[str, np.ndarray], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Inputs in each clock cycle, for a sequence of beats that are whole frames.

    After a reset within a frame comes the next one from its beginning. A beat that is offered
    stays until it is taken. In cycles without one, operands are random. All results have come out
    at the end.
    """
    ends = config.ends(beats)
    count = len(ends)
    # The beats that frames begin with, but for the first.
    begins = np.flatnonzero(ends) + 1
    resets_share = min(
        len(begins) / (max(count, 1) * FRAMES_BETWEEN_RESETS),
        1 / (LATENCIES_BETWEEN_RESETS * max(config.latency, 1)),
    )
    state = StreamState(config)
    place, waiting = 0, False
    offered: list[int] = []
    taking: list[bool] = []
    resets: list[bool] = []
    while place < count or not state.flow.empty:
        part = min(place * len(PACES) // max(count, 1), len(PACES) - 1)
        chance = rng.random(3)
        waiting = place < count and (waiting or bool(chance[0] < PACES[part][0]))
        ready = bool(chance[1] < PACES[part][1])
        reset = bool(part and place < count and chance[2] < resets_share)
        offered.append(place if waiting else -1)
        taking.append(ready)
        resets.append(reset)
        accepted = waiting and state.accepts(ready)
        last = waiting and bool(ends[place])
        state.step(valid=waiting, ready=ready, last=last, reset=reset)
        if accepted:
            place, waiting = place + 1, False
        if reset:
            within = place and not ends[place - 1]
            place = int(begins[np.searchsorted(begins, place)]) if within else place
            waiting = False
    # A cycle more shows that nothing follows.
    offered.append(-1)
    taking.append(True)
    resets.append(False)
    index = np.array(offered)
    cycles = np.flatnonzero(index >= 0)
    shown = {name: codes[index[cycles]] for name, codes in beats.items()}
    inputs = placed(config, shown, cycles, len(index), rng)
    for port in config.inputs:
        if port.role is Role.VALID:
            inputs[port.name] = (index >= 0).astype(np.uint8)
        elif port.role is Role.READY:
            inputs[port.name] = np.array(taking, np.uint8)
        elif port.role is Role.RESET:
            inputs[port.name] = np.array(resets, np.uint8)
    return inputs


def placed(
    config: BlockConfig,
    operands: Mapping[str, np.ndarray],
    places: np.ndarray,
    cycles: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Operands in the cycles `places`, and random ones in the others."""
    inputs = {}
    for port in config.operands:
        values = random_codes(port, cycles, rng)
        values[places] = operands[port.name]
        inputs[port.name] = values
    return inputs
