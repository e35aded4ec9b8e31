"""Rounding: an exact magnitude becomes a code of a format, once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit

from .encoder import Body, Encoder, Status
from .logic import above, jam, resize, shift_right_jam
from .rounding import Decision

__all__ = [
    "Neighbour",
    "align_complement",
    "align_fixed",
    "align_float",
    "align_power_of_4",
    "encode",
    "flags",
    "significand_bits",
]

NEVER = Const(0, 1)


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
    dropped
        How many last bits of codes the index lacks, because results have zeros there.
    """

    index: Value
    implicit: Value
    up: Value
    lost: Value
    tiny: Value
    far: Value
    most: int | None = None
    complement: bool = False
    dropped: int = 0


def significand_bits(out: Format | Posit, decision: Decision) -> int:
    """Bits of a significand to be rounded: the implicit one, the fraction and those to decide by.

    A power of four has another one, because its significand goes up to 4.
    """
    fraction = 1 if isinstance(out, Format) and out.step == 2 else out.fraction
    return 1 + fraction + decision.bits


def align_float(
    m: Module,
    encoder: Encoder,
    significand: Value,
    scale: Value,
    *,
    gradual: bool,
    biased: int,
    placed: bool = False,
) -> Neighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^(scale - biased + min_exponent).

    The significand's first bit is one, unless the value is zero. It has `significand_bits`, the
    last of which is set for all that was below it.

    Parameters
    ----------
    gradual
        Whether the value can be a subnormal one; then the scale must not be biased.
    biased
        1 where the scale is the exponent field of a normal result, else 0.
    placed
        Whether the significand of a subnormal value has scale 0, and zeros in front.
    """
    out = encoder.out
    number = significand
    wanted = significand_bits(out, encoder.decision)
    assert len(number) == wanted
    exponent = scale
    implicit: Value = Const(int(out.zero) - biased, 1)
    tiny: Value = Const(0, 1)
    if placed:
        implicit = number[-1]
        tiny = ~implicit
    elif gradual:
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
    rest, fraction = number[: encoder.decision.bits], number[encoder.decision.bits : -1]
    index = Signal(signed(out.fraction + len(scale) + 1), name="index")
    m.d.comb += index.eq(Cat(fraction, resize(exponent, len(scale) + 1)).as_signed())
    last = index[0] if out.fraction else index[0] ^ implicit
    up = encoder.decision.goes_up(m, last, rest)
    return Neighbour(index, implicit, up, rest.any(), tiny, NEVER)


def align_power_of_4(m: Module, encoder: Encoder, significand: Value, scale: Value) -> Neighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^(scale + min_exponent) for radix 4.

    The significand's first bit is one, unless the value is zero. It has `significand_bits`, the
    last of which is set for all that was below it. The scale is signed.
    """
    decision = encoder.decision
    assert len(significand) == significand_bits(encoder.out, decision)
    odd, exponent = scale[0], scale[1:].as_signed()
    sticky, quarter, half = significand[:-3].any(), significand[-3], significand[-2]
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
    if decision.random is None:
        up = decision.goes_up(m, last, Cat(sticky, guard), lost)
    else:
        below = encoder.out.subnormals & tiny
        # Less the power below, 1.f is f, and twice that is 1 + 2f; or the part of the least value.
        fraction = significand[:-1]
        twice = Cat(fraction[:-1], ~fraction[-1], fraction[-1])
        distance = Mux(odd, twice, jam(fraction, len(fraction) - 1))
        part = shift_right_jam(m, significand, ~scale[:-1], "part")
        distance = Mux(below, jam(part, len(part) - 2), distance)
        up = decision.thirds_go_up(m, distance, ~below)
    return Neighbour(index, implicit, up, lost, tiny, NEVER)


def align_fixed(
    m: Module, encoder: Encoder, significand: Value, exponent: Value, offset: int
) -> Neighbour:
    """Find the neighbour of significand * 2^(exponent + offset) in a format without exponents."""
    out = encoder.out
    below = encoder.decision.bits
    low = -(2 ** (len(exponent) - 1)) if exponent.shape().signed else 0
    low, high = (
        bound + offset - out.quantum_exponent for bound in (low, low + 2 ** len(exponent) - 1)
    )
    far: Value = Const(0, 1)
    # A place to the left of which nothing is needed, and a shift from there to the right.
    left = max(min(high, out.magnitude_width + 1), 0)
    number = Cat(Const(0, left + below), significand)
    if low == high:
        kept = jam(number, max(len(number) - (left - high), 1))
        number = Cat(kept, Const(0, max(below - len(kept), 0)))
    else:
        right = Signal(signed(max(abs(left - low), abs(left - high)).bit_length() + 1))
        m.d.comb += right.eq(left + out.quantum_exponent - offset - exponent)
        if high > left:
            far = right[-1] & significand.any()
        number = shift_right_jam(m, number, right[:-1], "aligned")
    rest, kept = number[:below], number[below:]
    if low == high:
        # What is beyond the format by all its width needs no adder of so many bits.
        far, kept = kept[out.magnitude_width :].any(), kept[: out.magnitude_width]
    index = Signal(signed(max(len(kept) + 1, 2)), name="index")
    m.d.comb += index.eq(kept)
    up = encoder.decision.goes_up(m, index[0], rest)
    return Neighbour(index, NEVER, up, rest.any(), NEVER, far)


def align_complement(m: Module, encoder: Encoder, number: Value, offset: int) -> Neighbour:
    """Find the neighbour of a signed number * 2^offset in two's complement."""
    below = encoder.decision.bits
    right = encoder.out.quantum_exponent - offset
    # At least the bits to decide by; of those above the number, no more than these.
    number = Cat(Const(0, max(below - right, 0)), number).as_signed()
    cut = min(max(right, below), len(number) + below - 1)
    number = resize(number, max(len(number), cut + 1)).as_signed()
    index, rest = number[cut:].as_signed(), jam(number[:cut], below)
    up = encoder.decision.value_goes_up(m, index[0], rest, number[-1])
    far: Value = NEVER
    if len(index) > encoder.out.width + 1:
        # What is beyond the format by all its width needs no adder of so many bits.
        upper, index = index[encoder.out.width :], index[: encoder.out.width + 1].as_signed()
        far = upper.any() & ~upper.all()
    return Neighbour(index, NEVER, up, rest.any(), NEVER, far, complement=True)


def encode(m: Module, encoder: Encoder, near: Neighbour, status: Status) -> dict[str, Value]:
    """Round, and make the code and the exceptions."""
    out = encoder.out
    size = len(near.index) + 1
    rounded: Value = Signal(signed(size), name="rounded")
    fraction = out.fraction - near.dropped
    if fraction and out.exponent:
        step = Cat(near.up, Const(0, fraction - 1), near.implicit)
        m.d.comb += rounded.eq(near.index + step)
    else:
        m.d.comb += rounded.eq(near.index + near.up + near.implicit)
    if near.dropped:
        rounded = Cat(Const(0, near.dropped), rounded).as_signed()
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
