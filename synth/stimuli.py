"""What a unit is tested with: all codes where they can be counted, corners and chance beyond."""

import zlib
from dataclasses import dataclass

import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port, Role
from ffp8.golden.stream import StreamConfig

from .corners import combinations, patterns, random_codes
from .sequences import sequence
from .transfers import placed, transfers

__all__ = ["EXHAUSTIVE_BITS", "Stimuli", "cases", "cycles"]

#: Units with at most this many operand bits are tested with every combination.
EXHAUSTIVE_BITS = 20

#: Share of the cycles in which a unit with an enable port advances.
ADVANCE = 0.75


@dataclass(frozen=True)
class Stimuli:
    """Inputs of a unit, one set a case or a cycle.

    Attributes
    ----------
    inputs
        Codes by port.
    exhaustive
        Whether these are all combinations of operand codes.
    """

    inputs: dict[str, np.ndarray]
    exhaustive: bool

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))


def cases(config: BlockConfig, seed: int, count: int | None = None) -> Stimuli:
    """Operands to test a unit with; a sequence of them where the unit has state.

    Parameters
    ----------
    seed
        Of the random cases; the name of the unit counts, too.
    count
        How many random cases where not all combinations are tested; fewer than all
        combinations are tested if this is given.
    """
    rng = np.random.default_rng([seed, zlib.crc32(config.identifier.encode())])
    if config.has_state:
        length = 2**18 if count is None else count
        return Stimuli(config.complete(sequence(config, length, rng)), exhaustive=False)
    bits = sum(port.width for port in config.operands)
    if bits <= EXHAUSTIVE_BITS and (count is None or count >= 2**bits):
        return Stimuli(every_combination(config.operands), exhaustive=True)
    random = {
        port.name: random_codes(port, 2**18 if count is None else count, rng)
        for port in config.operands
    }
    parts = [
        combinations(config.operands, rng),
        patterns(config.operands, rng),
        edges(config, rng),
        random,
    ]
    return Stimuli(
        {name: np.concatenate([part[name] for part in parts if part]) for name in random},
        exhaustive=False,
    )


def edges(config: BlockConfig, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The edges of the block itself, with random codes at the ports that have none."""
    known = config.edges
    if not known:
        return {}
    rows = max(len(codes) for codes in known.values())
    return {
        port.name: np.resize(known[port.name], rows)
        if port.name in known
        else random_codes(port, rows, rng)
        for port in config.operands
    }


def every_combination(ports: tuple[Port, ...]) -> dict[str, np.ndarray]:
    total = sum(port.width for port in ports)
    index = np.arange(2**total, dtype=np.int64)
    found = {}
    for port in ports:
        codes = [
            (index >> (place * port.element_width)) & (2**port.element_width - 1)
            for place in range(port.elements)
        ]
        index = index >> port.width
        array = codes[0] if port.elements == 1 else np.stack(codes, axis=1)
        found[port.name] = array.astype(port.dtype)
    return found


def cycles(config: BlockConfig, stimuli: Stimuli, seed: int) -> Stimuli:
    """Spread cases over clock cycles: with random stalls where the unit can be stalled.

    All results have come out at the end. In a stalled cycle the operands are random, since a
    unit must not look at them.
    """
    rng = np.random.default_rng([seed, zlib.crc32(b"stalls" + config.identifier.encode())])
    if isinstance(config, StreamConfig):
        return Stimuli(transfers(config, stimuli.inputs, rng), stimuli.exhaustive)
    enables = [port for port in config.inputs if port.role is Role.ENABLE]
    count = len(stimuli)
    needed = count + config.latency
    advance = np.ones(needed, bool)
    if enables:
        advance = rng.random(int(needed / ADVANCE * 1.05) + 100) < ADVANCE
        # The outputs of the last case show in the cycle after its last advance.
        last = int(np.searchsorted(np.cumsum(advance), needed))
        advance = np.append(advance[: last + 1], True)
    accepted = np.flatnonzero(advance)[:count]
    control = {port.name: advance.astype(np.uint8) for port in enables}
    return Stimuli(
        placed(config, stimuli.inputs, accepted, len(advance), rng) | control, stimuli.exhaustive
    )
