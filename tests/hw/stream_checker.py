"""The checker that all streaming blocks go through, whatever is between their streams.

It knows a block by its golden model alone, and nothing of its schedule: rules of transfers, order,
resets and throughput are read off a simulation.
"""

from dataclasses import dataclass

import numpy as np

from ffp8.golden.ports import Direction, Role
from ffp8.golden.stream import StreamConfig
from ffp8.hw.blocks import BLOCKS
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.stimuli import cases, cycles

__all__ = ["check_stream"]


@dataclass(frozen=True)
class Trace:
    """What the ports of a block were in each cycle."""

    config: StreamConfig
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    def of(self, role: Role, direction: Direction) -> np.ndarray:
        port = next(
            port for port in self.config.ports if port.role is role and port.direction is direction
        )
        return (self.inputs | self.outputs)[port.name].astype(bool)

    @property
    def reset(self) -> np.ndarray:
        return self.of(Role.RESET, Direction.INPUT)

    @property
    def taken(self) -> np.ndarray:
        """Where a beat goes in; in the cycle of a reset it is lost."""
        both = self.of(Role.VALID, Direction.INPUT) & self.of(Role.READY, Direction.OUTPUT)
        return both & ~self.reset

    @property
    def given(self) -> np.ndarray:
        """Where a beat comes out."""
        return self.of(Role.VALID, Direction.OUTPUT) & self.of(Role.READY, Direction.INPUT)

    def operands(self, where: np.ndarray) -> dict[str, np.ndarray]:
        return {port.name: self.inputs[port.name][where] for port in self.config.operands}


def check_stream(config: StreamConfig, *, count: int, engine: str | None = None) -> None:
    """Simulate a block with beats that are offered and taken at many paces, and check it.

    Raises
    ------
    AssertionError
        If the block breaks a rule.
    """
    stimuli = cycles(config, cases(config, 0, count), 0)
    outputs = open_engine(elaborate(config), engine).run(stimuli.inputs)
    trace = Trace(config, stimuli.inputs, outputs)
    check_rules(trace)
    check_order(trace)
    check_pace(trace)


def check_rules(trace: Trace) -> None:
    """What is offered stays until it is taken, or a reset comes."""
    valid = trace.of(Role.VALID, Direction.OUTPUT)
    waits = np.flatnonzero(valid[:-1] & ~trace.given[:-1] & ~trace.reset[:-1])
    assert len(waits), "nothing waited"
    assert valid[waits + 1].all(), "an output beat was withdrawn"
    for port in trace.config.data_outputs:
        codes = trace.outputs[port.name]
        assert (codes[waits] == codes[waits + 1]).all(), f"{port.name} changed while it waited"


def check_order(trace: Trace) -> None:
    """Between resets, the beats that come out are those of golden, in their order."""
    bounds = np.append(np.flatnonzero(trace.reset), len(trace.reset) - 1)
    assert len(bounds) > 1, "nothing was reset"
    golden = BLOCKS[trace.config.block].golden
    start = compared = 0
    for end in bounds:
        within = np.zeros(len(trace.reset), bool)
        within[start : end + 1] = True
        want = golden(trace.config, **trace.config.complete(trace.operands(within & trace.taken)))
        given = np.flatnonzero(within & trace.given)
        for port in trace.config.data_outputs:
            rows = want[port.name]
            assert len(given) <= len(rows), "an output beat came too early"
            if end == bounds[-1]:
                assert len(given) == len(rows), "output beats never came"
            got = trace.outputs[port.name][given]
            assert (got == rows[: len(given)]).all(), f"{port.name} is not what golden says"
        compared += len(given)
        start = end + 1
    assert compared > len(bounds)


def check_pace(trace: Trace) -> None:
    """While nobody stalls, a beat goes in each cycle, and frames come out without a bubble."""
    idle = ~trace.of(Role.VALID, Direction.INPUT) | ~trace.of(Role.READY, Direction.INPUT)
    calm = int(np.argmax(idle | trace.reset))
    assert calm > len(idle) // 16, "there was no time without stalls"
    assert trace.taken[:calm].all(), "the block did not take a beat"
    came = np.flatnonzero(trace.given[:calm])
    if trace.config.beats is None or trace.config.beatwise:
        assert len(came), "there was no whole frame without stalls"
        assert came.tolist() == due(trace, calm), "a beat was early or late"
        return
    first = trace.config.beats - 1 + trace.config.latency
    assert came[0] == first, f"the first beat came in cycle {came[0]}, not {first}"
    frames = (calm - first) // trace.config.beats
    assert len(came) >= frames * trace.config.results, "frames came late"


def due(trace: Trace, calm: int) -> list[int]:
    """When beats come of frames that end with a flag.

    A frame goes on its way `latency` cycles after its end, or when the one before is through, a
    beat a cycle. Beats that come out have a flag for their frame's end if all of them do; else
    the last one's cycle is that of the frame's only result. Where beats come out by themselves,
    each does `latency` cycles after it went in.
    """
    if trace.config.beatwise:
        return list(range(trace.config.latency, calm))
    ends = np.flatnonzero(trace.of(Role.LAST, Direction.INPUT)[:calm])
    all_come = any(port.role is Role.LAST for port in trace.config.data_outputs)
    found: list[int] = []
    through = 0
    for end, beats in zip(ends, np.diff(ends, prepend=-1), strict=True):
        start = max(int(end) + trace.config.latency, through)
        through = start + int(beats)
        found += range(start, through) if all_come else [through - 1]
    return [cycle for cycle in found if cycle < calm]
