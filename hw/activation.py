"""Activation functions, before and after a rounding."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

__all__ = ["clipped", "leaky", "rectified"]


def leaky(m: Module, number: Value, slope: int) -> Value:
    """A signed number, multiplied by 2^-slope if it is negative, in the unit of such products."""
    size = len(number) + slope
    found = Signal(signed(size), name="leaky")
    scaled = Cat(number, number[-1].replicate(slope))
    m.d.comb += found.eq(Mux(number[-1], scaled, Cat(Const(0, slope), number)))
    return found


def rectified(code: Value) -> Value:
    """A rounded value with a sign bit, or zero if that is set.

    Rounding a number never changes its sign, but to zero, so this is what the rectified number
    would be rounded to.
    """
    return code & (~code[-1]).replicate(len(code))


def clipped(m: Module, code: Value, clip: Value, name: str) -> Value:
    """The lesser one of two numbers, as integers.

    Rounding keeps the order of numbers, and leaves the clip as it is, so this is what the lesser
    number would be rounded to.
    """
    found = Signal(code.shape(), name=name)
    m.d.comb += found.eq(Mux(code > clip, clip, code))
    return found
