"""Rounding: an exact magnitude becomes a code of a format, once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Rounding

from .encoder import Body, Encoder, Status
from .logic import above, goes_up, jam, resize, shift_right_jam

__all__ = ["Neighbour", "align_fixed", "align_float", "encode", "flags"]


@dataclass(frozen=True)
class Neighbour:
    """The representable neighbour of lesser magnitude, and whether to take the next one.

    Attributes
    ----------
    index
        The neighbour's code, or what that would be if there were more exponents, less
        `implicit`; signed.
    implicit
        1 where the index lacks the implicit bit of its significand.
    up
        Whether to take the next index.
    lost
        Whether the neighbour is not the exact magnitude.
    tiny
        Whether the exact magnitude is below the least normal one.
    far
        Whether the magnitude is so large that the index does not show it.
    """

    index: Value
    implicit: Value
    up: Value
    lost: Value
    tiny: Value
    far: Value


def align_float(
    m: Module, out: Format, rounding: Rounding, significand: Value, scale: Value
) -> Neighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^(scale + out.min_exponent).

    The significand's first bit is one, unless the value is zero. It is the implicit bit and
    the result's fraction, a bit to decide by, and one for all that was below it.
    """
    number = significand
    wanted = out.fraction + 3
    assert len(number) == wanted
    gradual = out.subnormals and scale.shape().signed
    tiny = scale[-1] if scale.shape().signed else Const(0, 1)
    exponent = scale
    implicit: Value = Const(int(out.zero), 1)
    if gradual:
        # The first binade below the normal ones has scale -1, and one place less.
        below = shift_right_jam(m, jam(number, wanted - 1), ~scale[:-1], "below")
        chosen = Signal(wanted, name="aligned")
        m.d.comb += chosen.eq(Mux(tiny, Cat(below, Const(0, 1)), number))
        number = chosen
        exponent = Mux(tiny, 0, scale)
        implicit = ~tiny
    sticky, guard, fraction = number[0], number[1], number[2:-1]
    index = Signal(signed(out.fraction + len(scale) + 1), name="index")
    m.d.comb += index.eq(Cat(fraction, resize(exponent, len(scale) + 1)).as_signed())
    last = index[0] if out.fraction else index[0] ^ implicit
    up = goes_up(rounding, last, guard, sticky)
    return Neighbour(index, implicit, up, guard | sticky, tiny, Const(0, 1))


def align_fixed(
    m: Module, out: Format, rounding: Rounding, significand: Value, exponent: Value, offset: int
) -> Neighbour:
    """Find the neighbour of significand * 2^(exponent + offset) in a format without exponents."""
    size = len(significand)
    low = -(2 ** (len(exponent) - 1)) if exponent.shape().signed else 0
    low, high = (
        bound + offset - out.quantum_exponent for bound in (low, low + 2 ** len(exponent) - 1)
    )
    far: Value = Const(0, 1)
    # A place to the left of which nothing is needed, and a shift from there to the right.
    left = max(min(high, out.magnitude_width + 1), 0)
    number = Cat(Const(0, left + 2), significand)
    if low == high:
        right = left - high
        number = jam(number, len(number) - right) if right < len(number) - 1 else jam(number, 2)
    else:
        right = Signal(signed(max(abs(left - low), abs(left - high)).bit_length() + 1))
        m.d.comb += right.eq(left + out.quantum_exponent - offset - exponent)
        if high > left:
            far = right[-1] & significand.any()
        number = shift_right_jam(m, number, right[:-1], "aligned")
    index = Signal(signed(max(len(number) - 1, 2)), name="index")
    m.d.comb += index.eq(number[2:])
    up = goes_up(rounding, index[0], number[1], number[0])
    lost = number[:2].any()
    return Neighbour(index, Const(0, 1), up, lost, Const(0, 1), far)


def encode(m: Module, encoder: Encoder, near: Neighbour, status: Status) -> dict[str, Value]:
    """Round, and make the code and the exceptions."""
    out = encoder.out
    size = len(near.index) + 1
    rounded = Signal(signed(size), name="rounded")
    if out.fraction and out.exponent:
        step = Cat(near.up, Const(0, out.fraction - 1), near.implicit)
        m.d.comb += rounded.eq(near.index + step)
    else:
        m.d.comb += rounded.eq(near.index + near.up + near.implicit)
    zero = status.zero
    small: Value = Const(0, 1)
    if not out.zero:
        small = rounded[-1]
    elif not out.subnormals:
        small = ~above(rounded, out.min_index - 1)
    finite = ~status.nan & ~status.infinity & ~zero
    beyond = above(rounded, out.max_index)
    body: Value = rounded.as_unsigned()[: out.magnitude_width]
    if out.complement:
        beyond = Mux(status.sign, above(rounded, out.max_index + 1), beyond)
        body = Mux(status.sign, -rounded, rounded)[: out.width]
    beyond = (beyond | near.far) & finite
    cases = encoder.cases(status, beyond, zero | small)
    code = encoder.code(m, status, cases, Body(body))
    return {"out": code} | flags(encoder, status, beyond, near.lost, near.tiny, small)


def flags(
    encoder: Encoder, status: Status, beyond: Value, lost: Value, tiny: Value, small: Value
) -> dict[str, Value]:
    """The exceptions of a rounding.

    Parameters
    ----------
    beyond
        Whether a finite magnitude is above the largest one.
    lost, tiny
        Whether a finite magnitude, not zero, is not exact, and whether it is below the least
        normal one. They mean nothing for others.
    small
        Whether a finite magnitude was flushed to zero or raised to the least value.
    """
    out = encoder.out
    special = status.nan | status.infinity
    ordinary = ~special & ~status.zero
    clamped = encoder.clamped(status)
    infinite = status.infinity & ~status.nan & ~clamped
    over = (beyond & ~clamped) | infinite
    if encoder.keeps_infinity:
        over = over & ~infinite
    lost = ordinary & (lost | small)
    tiny = ordinary & tiny
    if not out.zero:
        raised = ~special & (small | status.zero)
        lost, tiny = lost | raised, tiny | raised
    return {
        "overflow": over,
        "underflow": lost & tiny & ~clamped,
        "inexact": lost | over | clamped,
        "invalid": clamped | (status.nan & (not out.has_nan)) | status.made_nan,
    }
