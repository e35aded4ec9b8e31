"""The cycle view of streams: the rules of transfers, order, and what a reset loses."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_stream import ToyConfig

from ffp8.golden.ports import Role
from ffp8.golden.stream import FrameFlow

CYCLES = st.lists(st.tuples(*[st.booleans()] * 2, st.integers(0, 15).map(lambda n: n == 0)))


def inputs(cycles: list[tuple[bool, bool, bool]]) -> dict[str, np.ndarray]:
    columns = np.array(cycles, np.uint8).reshape(-1, 3)
    named = dict(zip(("i_valid", "o_ready", "reset"), columns.T, strict=True))
    return {"a": np.zeros((len(cycles), 2), np.uint8), **named}


@given(cycles=CYCLES, length=st.integers(1, 4), depth=st.integers(1, 5), echo=st.booleans())
def test_schedule_is_that_of_a_queue(
    cycles: list[tuple[bool, bool, bool]], length: int, depth: int, echo: bool
) -> None:
    """An independent account of the same rules: a line of registers that beats move along."""
    config = ToyConfig(length=length, depth=depth, echo=echo)
    schedule = config.schedule(inputs(cycles))
    results = length if echo else 1
    line: deque[int | None] = deque([None] * (depth + results - 1))
    frame: list[int] = []
    taken: list[int] = []
    rows = 0
    for cycle, (valid, ready, reset) in enumerate(cycles):
        shown = line[0]
        advance = shown is None or ready
        assert bool(schedule.control["o_valid"][cycle]) == (shown is not None)
        assert bool(schedule.control["i_ready"][cycle]) == advance
        assert schedule.shown[cycle] == (shown is not None)
        if shown is not None:
            assert schedule.row[cycle] == shown
        if reset:
            line = deque([None] * len(line))
            frame = []
            continue
        if not advance:
            continue
        line.popleft()
        line.append(None)
        if valid:
            frame.append(cycle)
            if len(frame) == length:
                for place in range(results):
                    line[depth - 1 + place] = rows + place
                rows += results
                taken += frame
                frame = []
    assert schedule.taken.tolist() == taken
    assert len(schedule.origin) == rows


@given(cycles=CYCLES)
def test_offered_beats_stay(cycles: list[tuple[bool, bool, bool]]) -> None:
    schedule = ToyConfig().schedule(inputs(cycles))
    for cycle, (_, ready, reset) in enumerate(cycles[:-1]):
        if schedule.shown[cycle] and not ready and not reset:
            assert schedule.shown[cycle + 1]
            assert schedule.row[cycle + 1] == schedule.row[cycle]


def test_no_bubble_when_nobody_stalls() -> None:
    config = ToyConfig(length=3, depth=4)
    schedule = config.schedule(inputs([(True, True, False)] * 20))
    assert schedule.control["i_ready"].all()
    # The last beat of the first frame is taken in cycle 2.
    assert schedule.shown.tolist() == [False] * 6 + [True] * 14
    assert schedule.row[6:].tolist() == list(range(14))
    assert schedule.advance.all()


def test_blocks_are_new_after_a_reset() -> None:
    cycles = [(True, True, cycle == 5) for cycle in range(9)]
    schedule = ToyConfig().schedule(inputs(cycles))
    assert np.flatnonzero(schedule.fresh).tolist() == [0, 6]
    assert schedule.beginning(5) == 0
    assert schedule.beginning(8) == 6
    # The frame of cycles 4 and 5 is lost; golden is given none of it.
    assert schedule.taken.tolist() == [0, 1, 2, 3]
    assert schedule.source(5) == 0


def test_ports_and_whole_frames() -> None:
    config = ToyConfig(length=3)
    assert [port.name for port in config.operands] == ["a"]
    assert [port.name for port in config.data_outputs] == ["out", "top", "last"]
    assert {port.name: (port.stream, port.role) for port in config.ports if port.stream == "o"} == {
        "o_ready": ("o", Role.READY),
        "out": ("o", Role.DATA),
        "top": ("o", Role.DATA),
        "last": ("o", Role.LAST),
        "o_valid": ("o", Role.VALID),
    }
    beats = {"a": np.zeros((8, 2), np.uint8)}
    assert config.ends(beats).tolist() == [False, False, True] * 2 + [False] * 2
    assert len(config.complete(beats)["a"]) == 6
    assert config.has_state
    assert config.drain == 5


def test_frames_do_not_grow() -> None:
    with pytest.raises(ValueError, match=r"^Frame of 2 beats must give at most as many, not 3$"):
        FrameFlow(2, 3, 1)
