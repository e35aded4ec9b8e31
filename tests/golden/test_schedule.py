"""The cycle view of blocks of fixed latency."""

from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ffp8.golden.schedule import fixed_latency


@given(latency=st.integers(1, 4), enable=st.lists(st.booleans(), max_size=30))
def test_it_is_that_of_a_shift_register(latency: int, enable: list[bool]) -> None:
    schedule = fixed_latency(latency, np.array(enable, bool), np.ones(len(enable), bool))
    shown = schedule.show({"out": 100 + schedule.taken})
    registers: deque[int | None] = deque([None] * latency, latency)
    for cycle, advance in enumerate(enable):
        oldest = registers[0]
        assert bool(schedule.shown[cycle]) == (oldest is not None)
        if oldest is not None:
            assert shown["out"][cycle] == oldest
            assert schedule.source(cycle) == oldest - 100
        if advance:
            registers.append(100 + cycle)


def test_without_stalls_and_without_registers() -> None:
    always = np.ones(5, bool)
    schedule = fixed_latency(2, always, always)
    assert schedule.taken.tolist() == [0, 1, 2, 3, 4]
    assert schedule.shown.tolist() == [False, False, True, True, True]
    assert schedule.show({"out": np.arange(5)})["out"][2:].tolist() == [0, 1, 2]
    schedule = fixed_latency(0, always, always)
    assert schedule.shown.all()
    assert schedule.show({"out": np.arange(5)})["out"].tolist() == [0, 1, 2, 3, 4]
    assert schedule.control == {}


def test_golden_is_given_no_stalls() -> None:
    schedule = fixed_latency(1, np.array([0, 1, 1, 0, 1]), np.array([1, 1, 0, 0, 1]))
    assert schedule.taken.tolist() == [1, 2, 4]
    assert [schedule.beginning(cycle) for cycle in range(-1, 5)] == [0, 0, 1, 1, 1, 4]
