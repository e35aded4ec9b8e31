"""Pieces of logic against integer arithmetic."""

from collections.abc import Callable

import pytest
from amaranth.hdl import Const, Module, Signal, Value, signed, unsigned
from amaranth.sim import Simulator

from ffp8.hw.logic import (
    above,
    add,
    jam,
    multiply,
    multiply_signed,
    normalise_product,
    plus_constant,
    resize,
    shift_right_jam,
    times_constant,
)

Build = Callable[[Module, Value, Value], Value]


def outputs(x: Signal, y: Signal, build: Build) -> dict[tuple[int, int], int]:
    """What some logic gives for all values of two signals."""
    m = Module()
    value = build(m, x, y)
    out = Signal.like(value)
    m.d.comb += out.eq(value)
    found = {}

    async def testbench(ctx) -> None:
        for left in numbers(x):
            for right in numbers(y):
                ctx.set(x, left)
                ctx.set(y, right)
                found[left, right] = ctx.get(out)

    simulator = Simulator(m)
    simulator.add_testbench(testbench)
    simulator.run()
    return found


def numbers(signal: Signal) -> range:
    shape = signal.shape()
    low = -(2 ** (shape.width - 1)) if shape.signed else 0
    return range(low, low + 2**shape.width)


def jammed(number: int, places: int) -> int:
    """number / 2^places with the last bit set if any was cut off."""
    return number >> places | (number % 2**places > 0)


@pytest.mark.parametrize("shape", [signed(4), unsigned(4)])
@pytest.mark.parametrize("limit", range(-10, 18))
def test_above(shape, limit: int) -> None:
    found = outputs(Signal(shape), Signal(0), lambda m, x, y: above(x, limit))
    assert all(bit == (x > limit) for (x, _), bit in found.items())


@pytest.mark.parametrize("constant", [-8, -7, -1, 0, 1, 4, 24])
@pytest.mark.parametrize("bits", [4, 7])
def test_plus_constant(constant: int, bits: int) -> None:
    found = outputs(
        Signal(signed(bits)), Signal(0), lambda m, x, y: plus_constant(m, x, constant, 9, "sum")
    )
    assert all(total == x + constant for (x, _), total in found.items())


@pytest.mark.parametrize("carry", [0, 1])
def test_add_takes_a_carry(carry: int) -> None:
    found = outputs(
        Signal(signed(4)), Signal(3), lambda m, x, y: add(m, x, y, Const(carry, 1), "sum")
    )
    assert all(total == x + y + carry for (x, y), total in found.items())


@pytest.mark.parametrize(("left", "right"), [(4, 4), (6, 3), (1, 5), (3, 9), (9, 9)])
def test_multiply(left: int, right: int) -> None:
    found = outputs(
        Signal(min(left, 6)), Signal(min(right, 6)),
        lambda m, x, y: multiply(m, resize(x, left), resize(y, right), "product"),
    )  # fmt: skip
    assert all(product == x * y for (x, y), product in found.items())


@pytest.mark.parametrize(("left", "right"), [(4, 4), (6, 3), (3, 6), (5, 1), (11, 10)])
def test_multiply_signed(left: int, right: int) -> None:
    found = outputs(
        Signal(signed(min(left, 6))), Signal(signed(min(right, 6))),
        lambda m, x, y: multiply_signed(
            m, resize(x, left).as_signed(), resize(y, right).as_signed(), "product"
        ),
    )  # fmt: skip
    assert all(product == x * y for (x, y), product in found.items())


@pytest.mark.parametrize("width", [1, 2, 5, 8])
def test_shift_right_jam(width: int) -> None:
    found = outputs(Signal(width), Signal(4), lambda m, x, y: shift_right_jam(m, x, y, "moved"))
    assert all(moved == jammed(x, y) for (x, y), moved in found.items())


@pytest.mark.parametrize("width", [2, 3, 6, 8])
def test_normalise_product(width: int) -> None:
    # Products of two numbers of three bits whose first bit is one.
    found = outputs(Signal(6), Signal(0), lambda m, x, y: normalise_product(x, width))
    for (product, _), number in found.items():
        if product >= 16:
            exponent = product.bit_length()
            assert number == jammed(product << width, exponent)


@pytest.mark.parametrize("width", [2, 4, 7])
def test_jam_keeps_the_first_bit_in_place(width: int) -> None:
    found = outputs(Signal(5), Signal(0), lambda m, x, y: jam(x, width))
    assert all(bits == jammed(x << width, 5) for (x, _), bits in found.items())


@pytest.mark.parametrize("constant", [1, 2, 3, 5, 7, 11, 15, 22, 127])
def test_times_constant(constant: int) -> None:
    found = outputs(Signal(4), Signal(0), lambda m, x, y: times_constant(m, x, constant, "times"))
    assert all(product == x * constant for (x, _), product in found.items())
