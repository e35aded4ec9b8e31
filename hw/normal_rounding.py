"""Rounding of a normalised number of any exponent to any format, once."""

from amaranth.hdl import Const, Module, Signal, Value, signed

from ffp8.golden.ranges import Range

from .encoder import Encoder
from .logic import jam, shift_right_jam
from .rounder import Neighbour, align_float, significand_bits

__all__ = ["align_normal"]


def align_normal(
    m: Module, encoder: Encoder, significand: Value, exponent: Value, *, half: bool = False
) -> Neighbour:
    """Find the neighbour of a magnitude in [1, 2) times 2^exponent.

    Parameters
    ----------
    significand
        The number in [1, 2): its first bit is one, unless it is zero. Its last bit is set for
        all that was below it.
    exponent
        Signed.
    half
        Whether the number may be in [1/2, 1), for results without exponents.
    """
    out = encoder.out
    if out.exponent:
        assert not half
        gradual = out.subnormals
        biased = int(out.zero and not gradual)
        scale = plus(m, exponent, biased - out.min_exponent, "normal_scale")
        wanted = significand_bits(out, encoder.decision)
        number = jam(significand, wanted)
        return align_float(m, encoder, number, scale, gradual=gradual, biased=biased)
    below = encoder.decision.bits
    # The first bit of a half may be beyond the largest result, and the second one may not.
    top = int(out.max.magnitude_log2) + half
    number = jam(significand, top - out.quantum_exponent + 1 + below)
    right = plus(m, ~exponent, top + 1, "normal_right")
    moved = shift_right_jam(m, number, right[:-1], "normal_moved")
    index = Signal(signed(len(number) - below + 1), name="normal_index")
    m.d.comb += index.eq(moved[below:])
    rest = moved[:below]
    up = encoder.decision.goes_up(m, index[0], rest)
    never = Const(0, 1)
    return Neighbour(index, never, up, rest.any(), never, right[-1])


def plus(m: Module, number: Value, constant: int, name: str) -> Value:
    """A signed number plus a constant, as wide as it must be."""
    half = 2 ** (len(number) - 1)
    total = Signal(signed(Range(constant - half, constant + half - 1, 0).width), name=name)
    m.d.comb += total.eq(number + constant)
    return total
