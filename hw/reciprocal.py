"""Reciprocals of significands, rounded to nearest, digit by digit."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal, Value

from .short_division import divide
from .vector_ticks import VectorTicks

__all__ = ["Reciprocal", "reciprocal"]


@dataclass(frozen=True)
class Reciprocal:
    """significand / 2^(len - 1) * 2^-half, of which the first bit is one.

    Attributes
    ----------
    half
        Whether the number was not one, so that its reciprocal is below one.
    """

    significand: Value
    half: Value


def reciprocal(
    m: Module, ticks: VectorTicks, significand: Value, *, bits: int, since: int
) -> Reciprocal:
    """The reciprocal of a number in [1, 2), rounded to `bits` bits behind the point.

    It is there in tick `since` + `bits` + 2, in that one only, and is off by less than 2^-bits of
    itself.

    Parameters
    ----------
    significand
        The number, whose first bit is one; it is there from tick `since` on.
    bits
        1 or more.
    """
    size = len(significand)
    one = Const(1 << size - 1, size)
    found = divide(
        m, ticks, one, significand, digits=bits + 2, since=since, name="reciprocal"
    ).digits
    # No reciprocal is in the middle between two codes, so the last digit says all.
    rounded = Signal(bits + 1, name="reciprocal_rounded")
    m.d.comb += rounded.eq(found[1:] + found[0])
    half = ~rounded[-1]
    # One, or a fraction of a half or more; in both cases the last bit would be zero.
    return Reciprocal(Mux(half, rounded[:-1], 1 << bits - 1), half)
