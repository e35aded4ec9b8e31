"""Tables are the functions they were made of."""

import random

import pytest
from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from ffp8.hw.table import best_order, lookup, size


def tabulated(bits: int, width: int, entries: list[int]) -> list[int]:
    """What a table's hardware gives for all indices."""
    m = Module()
    index = Signal(bits)
    table = lookup(m, index, width, entries.__getitem__, "table")
    found = []

    async def testbench(ctx) -> None:
        for code in range(2**bits):
            ctx.set(index, code)
            found.append(ctx.get(table))

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


@pytest.mark.parametrize("bits", range(1, 7))
def test_all_entries_are_found(bits: int) -> None:
    entries = random.Random(bits).choices(range(8), k=2**bits)
    assert tabulated(bits, 3, entries) == entries


@pytest.mark.parametrize("entry", [0, 1])
def test_constant_needs_no_index(entry: int) -> None:
    assert tabulated(3, 1, [entry] * 8) == [entry] * 8


def test_order_of_bits_keeps_the_table_small() -> None:
    # A multiplexer: deciding by the data first would need all combinations.
    column = tuple(code >> (2 + (code & 3)) & 1 for code in range(2**6))
    order = best_order(column, 6)
    assert sorted(order) == list(range(6))
    assert size(column, order) < size(column, tuple(reversed(range(6))))
