"""Adders are sums, whatever functions their operands are, as plain logic and as carry cells."""

import itertools
import random

import pytest
from amaranth.hdl import Cat, Module, Signal
from amaranth.sim import Simulator

from ffp8.hw.carry import Inject, add, fit
from ffp8.hw.gate import Gate
from ffp8.hw.target import PORTABLE, Target

CELLS = Target("ecp5", models=True)


def functions(count: int) -> list[Gate]:
    """All functions of so many bits, and of fewer."""
    bits = [Signal(name=f"bit_{place}") for place in range(count)]
    tables = itertools.product((0, 1), repeat=2**count)
    return [Gate(tuple(bits), table).reduced() for table in tables]


def test_cells_add_functions() -> None:
    one, two = functions(2), functions(2)
    fitted = 0
    for x, y in itertools.product(one, two):
        cell = fit(x, y)
        if cell is None:
            continue
        fitted += 1
        for given in itertools.product((0, 1), repeat=4):
            pins = given_pins(cell.pins, [*one[6].inputs, *two[6].inputs], given)
            total = value(x, one[6].inputs, given[:2]) + value(y, two[6].inputs, given[2:])
            table = cell.table >> sum(bit << place for place, bit in enumerate(pins)) & 1
            before = cell.table >> pins[0] + 2 * pins[1] & 1
            for carry in (0, 1):
                assert table ^ carry == (total + carry) & 1
                assert (carry if table else before) == (total + carry) >> 1
    # Only a second function of two inputs that is 1 at zeros leaves no room.
    assert fitted == len(one) * len(two) - sum(
        len(x.inputs) == 2 and len(y.inputs) == 2 and y.table[0] == 1
        for x, y in itertools.product(one, two)
    )


def given_pins(pins: tuple, bits: list, values: tuple) -> list[int]:
    known = {id(bit): value for bit, value in zip(bits, values, strict=True)}
    return [known.get(id(pin), getattr(pin, "value", 0)) for pin in pins]


def value(gate: Gate, bits: tuple, values: tuple) -> int:
    known = {id(bit): value for bit, value in zip(bits, values, strict=True)}
    return gate.table[sum(known[id(bit)] << place for place, bit in enumerate(gate.inputs))]


@pytest.mark.parametrize("target", [PORTABLE, CELLS], ids=["portable", "cells"])
@pytest.mark.parametrize("seed", range(6))
def test_adders_add(target: Target, seed: int) -> None:
    chance = random.Random(seed)
    width = chance.randint(1, 7)
    m = Module()
    given = Signal(12)
    bits = [given[place] for place in range(12)]

    def operand() -> list[Gate]:
        gates = []
        for _ in range(width):
            inputs = tuple(chance.sample(bits, chance.randint(0, 3)))
            table = tuple(chance.choices((0, 1), k=2 ** len(inputs)))
            gates.append(Gate(inputs, table).reduced())
        return gates

    x, y = operand(), operand()
    place = chance.randint(0, width)
    inject = {place: Inject(bits[0], bits[1])} if 0 < place < width else {}
    total = add(m, target, x, y, "total", carry=bits[2], inject=inject)
    plain = [Signal(width, name=name) for name in "xy"]
    for signal, gates in zip(plain, (x, y), strict=True):
        m.d.comb += signal.eq(Cat(gate.value for gate in gates))

    async def testbench(ctx) -> None:
        for _ in range(200):
            code = chance.randrange(2**12)
            ctx.set(given, code)
            one, two = (ctx.get(signal) for signal in plain)
            carry = code >> 2 & 1
            want = one + two + carry
            if inject and code >> 1 & 1:
                low = 2**place - 1
                upper = (one >> place) + (two >> place) + (code & 1)
                want = ((one & low) + (two & low) + carry & low) | upper << place
            assert ctx.get(total) == want % 2**width

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()


def test_gates_are_functions_of_few_bits() -> None:
    a, b, c = (Signal(name=name) for name in "abc")
    gate = Gate.bit(a).choose(Gate.bit(b) & c, Gate.bit(b) ^ c)
    assert [id(bit) for bit in gate.inputs] == [id(a), id(b), id(c)]
    assert gate.table == (0, 0, 0, 1, 0, 1, 1, 0)
    assert (~gate).table == (1, 1, 1, 0, 1, 0, 0, 1)
    # What makes no difference is no input.
    assert (gate & 0) == Gate.bit(0)
    assert Gate.bit(a).choose(b, b) == Gate.bit(b)
    assert (Gate.bit(a) ^ a) == Gate.bit(0)
