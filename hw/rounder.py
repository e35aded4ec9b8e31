"""Rounding: an exact magnitude becomes a code of a format, once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.rounding import Rounding

from .encoder import Body, Encoder, Status
from .logic import above, goes_up, jam, resize, shift_right_jam

__all__ = ["Neighbour", "align_complement", "align_fixed", "align_float", "encode", "flags"]


NEVER = Const(0, 1)

#: Bits of a significand to be rounded to a power of four.
RADIX_4_BITS = 4


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
    most
        The largest index after rounding, where that is known.
    complement
        Whether the value is meant instead of its magnitude: the index is negative for
        negative values, and `up` is towards the greater one of two values.
    """

    index: Value
    implicit: Value
    up: Value
    lost: Value
    tiny: Value
    far: Value
    most: int | None = None
    complement: bool = False


def align_float(
    m: Module, encoder: Encoder, significand: Value, scale: Value, *, gradual: bool, biased: int
) -> Neighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^(scale - biased + min_exponent).

    The significand's first bit is one, unless the value is zero. It is the implicit bit and
    the result's fraction, a bit to decide by, and one for all that was below it.

    Parameters
    ----------
    gradual
        Whether the value can be a subnormal one; then the scale must not be biased.
    biased
        1 where the scale is the exponent field of a normal result, else 0.
    """
    out = encoder.out
    number = significand
    wanted = out.fraction + 3
    assert len(number) == wanted
    exponent = scale
    implicit: Value = Const(int(out.zero) - biased, 1)
    tiny: Value = Const(0, 1)
    if gradual:
        tiny = scale[-1]
        # The first binade below the normal ones has scale -1, and one place less.
        below = shift_right_jam(m, jam(number, wanted - 1), ~scale[:-1], "below")
        chosen = Signal(wanted, name="aligned")
        m.d.comb += chosen.eq(Mux(tiny, Cat(below, Const(0, 1)), number))
        number = chosen
        exponent = Mux(tiny, 0, scale)
        implicit = ~tiny
    elif scale.shape().signed:
        tiny = scale < biased
    sticky, guard, fraction = number[0], number[1], number[2:-1]
    index = Signal(signed(out.fraction + len(scale) + 1), name="index")
    m.d.comb += index.eq(Cat(fraction, resize(exponent, len(scale) + 1)).as_signed())
    last = index[0] if out.fraction else index[0] ^ implicit
    up = goes_up(encoder.rounding, last, guard, sticky)
    return Neighbour(index, implicit, up, guard | sticky, tiny, NEVER)


def align_power_of_4(m: Module, encoder: Encoder, significand: Value, scale: Value) -> Neighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^(scale + min_exponent) for radix 4.

    The significand's first bit is one, unless the value is zero; there are two more bits, and
    one for all that was below them. The scale is signed.
    """
    assert len(significand) == RADIX_4_BITS
    odd, exponent = scale[0], scale[1:].as_signed()
    sticky, quarter, half = significand[0], significand[1], significand[2]
    rest = significand[:-1].any()
    # The middle between 1 and 4 is 2.5; below the least value, that between it and zero.
    tiny = exponent[-1]
    below_half = ~scale.all()
    if encoder.out.subnormals:
        guard = Mux(tiny, ~below_half, odd & (half | quarter))
        sticky = Mux(tiny, rest, half | sticky)
        exponent = Mux(tiny, 0, exponent)
        implicit = ~tiny
        last = ~tiny & ~exponent[0]
        lost = odd | rest | tiny
    else:
        guard = odd & (half | quarter)
        sticky = half | sticky
        implicit = Const(1, 1)
        last = ~exponent[0]
        lost = odd | rest
    index = Signal(signed(len(scale) + 1), name="index")
    m.d.comb += index.eq(exponent)
    up = goes_up(encoder.rounding, last, guard, sticky, lost)
    return Neighbour(index, implicit, up, lost, tiny, NEVER)


def align_fixed(
    m: Module, encoder: Encoder, significand: Value, exponent: Value, offset: int
) -> Neighbour:
    """Find the neighbour of significand * 2^(exponent + offset) in a format without exponents."""
    out = encoder.out
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
    up = goes_up(encoder.rounding, index[0], number[1], number[0])
    return Neighbour(index, NEVER, up, number[:2].any(), NEVER, far)


def align_complement(m: Module, encoder: Encoder, number: Value, offset: int) -> Neighbour:
    """Find the neighbour of a signed number * 2^offset in two's complement."""
    right = encoder.out.quantum_exponent - offset
    # At least a bit to decide by, and one for all that is below it.
    number = Cat(Const(0, max(2 - right, 0)), number).as_signed()
    cut = max(right, 2)
    cut = min(cut, len(number) + 1)
    number = resize(number, max(len(number), cut + 1)).as_signed()
    index, guard, sticky = number[cut:].as_signed(), number[cut - 1], number[: cut - 1].any()
    negative = number[-1]
    match encoder.rounding:
        case Rounding.TOWARD_ZERO:
            up = negative & (guard | sticky)
        case Rounding.HALF_AWAY:
            up = guard & (sticky | ~negative)
        case Rounding.NEAREST_EVEN | Rounding.TO_ODD:
            up = goes_up(encoder.rounding, index[0], guard, sticky)
    return Neighbour(index, NEVER, up, guard | sticky, NEVER, NEVER, complement=True)


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
    if near.most is not None and near.most <= out.max_index:
        beyond = Const(0, 1)
    body = resize(rounded, out.magnitude_width)
    if near.complement:
        beyond = beyond | ~above(rounded, -out.max_index - 2)
        body = resize(rounded, out.width)
    elif out.complement:
        beyond = Mux(status.sign, above(rounded, out.max_index + 1), beyond)
        body = resize(Mux(status.sign, -rounded, rounded), out.width)
    beyond = (beyond | near.far) & finite
    cases = encoder.cases(status, beyond, zero | small)
    code = encoder.code(m, status, cases, Body(body))
    return {"out": code} | flags(
        encoder, status, beyond=beyond, lost=near.lost, tiny=near.tiny, small=small
    )


def flags(
    encoder: Encoder, status: Status, *, beyond: Value, lost: Value, tiny: Value, small: Value
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
