"""Reciprocals of significands, rounded to nearest, digit by digit."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .short_division import divide
from .vector_ticks import VectorTicks

__all__ = ["Reciprocal", "reciprocal"]


@dataclass(frozen=True)
class Reciprocal:
    """significand / 2^len * 2^exponent, of which the first bit is one.

    Attributes
    ----------
    exponent
        From 0 to 2, unsigned.
    """

    significand: Value
    exponent: Value


def reciprocal(
    m: Module, ticks: VectorTicks, significand: Value, *, bits: int, since: int, dividend: int = 1
) -> Reciprocal:
    """A constant in [1, 2) divided by a number in [1, 2), rounded to `bits` bits.

    It is there in tick `since` + `bits` + 2, in that one only, and is off by less than 2^-bits of
    itself.

    Parameters
    ----------
    significand
        The number, whose first bit is one; it is there from tick `since` on.
    bits
        1 or more.
    dividend
        The constant, without its point: it is one if it is a power of two.
    """
    width = max(len(significand), dividend.bit_length())
    above = Const(dividend << width - dividend.bit_length(), width)
    below = Cat(Const(0, width - len(significand)), significand)
    found = divide(m, ticks, above, below, digits=bits + 2, since=since, name="reciprocal").digits
    # One or more has a bit less behind its point.
    whole = found[-1]
    rounded = Signal(bits + 1, name="reciprocal_rounded")
    m.d.comb += rounded.eq(Mux(whole, found[2:], found[1:-1]) + Mux(whole, found[1], found[0]))
    # Where rounding carries, all other bits are zeros.
    return Reciprocal(Cat(rounded[: bits - 1], Const(1, 1)), whole + rounded[-1])
