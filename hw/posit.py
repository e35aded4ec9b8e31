"""Posits taken apart and put together."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.posit import Posit
from ffp8.golden.rounding import Overflow

from .encoder import Status
from .logic import above, jam, resize, shift_right_jam
from .rounding import Decision
from .table import lookup
from .unpacked import Normal, Unpacked, absolute

__all__ = ["PositNeighbour", "align_posit", "encode_posit", "normalise_posit", "unpack_posit"]


#: Up to this many bits, logic of each bit changes a sign faster than a carry chain.
SHORT = 10


def unpack_posit(m: Module, fmt: Posit, code: Value, name: str) -> Unpacked:
    """Take a posit apart; both fields of zero and NaR are zero."""
    exponent, fraction, known = fields(m, fmt, code, name)
    return Unpacked(
        sign=code[-1] & known,
        exponent=exponent,
        significand=Cat(fraction, known),
        zero=~known & ~code[-1],
        infinity=Const(0, 1),
        nan=~known & code[-1],
    )


def normalise_posit(m: Module, fmt: Posit, code: Value, name: str) -> Normal:
    """Take a posit apart. Its leading one is in one place already."""
    exponent, fraction, known = fields(m, fmt, code, name)
    return Normal(
        sign=code[-1] & known,
        exponent=exponent,
        fraction=fraction,
        zero=~known & ~code[-1],
        infinity=Const(0, 1),
        nan=~known & code[-1],
        low=0,
        high=fmt.max_exponent_field,
        zero_exponent=0,
        offset=-fmt.max_exponent,
    )


def fields(m: Module, fmt: Posit, code: Value, name: str) -> tuple[Value, Value, Value]:
    """The exponent above that of the least value, the fraction, and whether they are any.

    The regime is counted by halves: are the first four bits equal to the one before them, then
    are the first two of the rest, and so on, with the rest moved to the first place each time.
    """
    size = fmt.n - 2
    body = Signal(fmt.n - 1, name=f"{name}_body")
    m.d.comb += body.eq(positive(code))
    known = Signal(name=f"{name}_known")
    m.d.comb += known.eq(code[:-1].any())
    ones, rest = body[-1], body[:-1]
    counted = []
    step = 1 << (size.bit_length() - 1)
    while step:
        equal = Signal(name=f"{name}_run_{step}")
        m.d.comb += equal.eq(~(rest[size - step :] ^ ones.replicate(step)).any())
        moved = Signal(size, name=f"{name}_moved_{step}")
        m.d.comb += moved.eq(Mux(equal, Cat(Const(0, step), rest[: size - step]), rest))
        rest = moved
        counted.append(equal)
        step //= 2
    places = len(counted)

    def regime(index: int) -> int:
        run, first = index % 2**places, index >> places
        # A run of zeros to the end is no value; otherwise a regime of zeros has an end.
        return min(run, size) + size if first else max(size - 1 - run, 0)

    field = lookup(
        m,
        Cat(*reversed(counted), ones),
        (2 * size).bit_length(),
        regime,
        f"{name}_regime",
    )
    # Behind the regime's last bit.
    tail = rest[:-1]
    missing = fmt.es + fmt.fraction - len(tail)
    tail = Cat(Const(0, missing), tail)
    return Cat(tail[fmt.fraction :], field), tail[: fmt.fraction], known


def positive(code: Value) -> Value:
    """The code of the magnitude, without the sign bit: behind the last one all bits change."""
    if len(code) > SHORT:
        return absolute(code)[:-1]
    bits = [code[0]]
    bits += [code[place] ^ (code[-1] & code[:place].any()) for place in range(1, len(code) - 1)]
    return Cat(*bits)


@dataclass(frozen=True)
class PositNeighbour:
    """The posit of lesser magnitude next to a value, and whether to take the next one.

    Attributes
    ----------
    index
        The posit's code, without sign. It means nothing where the value is out of range.
    up
        Whether to take the next one.
    lost
        Whether the posit is not the exact magnitude.
    above, below
        Whether the magnitude is above the largest one, or below the least.
    """

    index: Value
    up: Value
    lost: Value
    above: Value
    below: Value


def align_posit(
    m: Module, out: Posit, decision: Decision, significand: Value, scale: Value
) -> PositNeighbour:
    """Find the neighbour of significand / 2^(len - 1) * 2^scale.

    The significand's first bit is one, unless the value is zero; it has as many fraction bits
    as the posit can have and those to decide by, the last of which is set for all that was below
    it. The scale is signed.
    """
    assert len(significand) == 1 + out.fraction + decision.bits
    assert scale.shape().signed
    size = out.n - 1
    scale = resize(scale, max(len(scale), out.es + 1)).as_signed()
    regime, exponent = scale[out.es :], scale[: out.es]
    ones = ~regime[-1]
    # The shortest regime is two different bits; longer ones repeat the first of them.
    number = Cat(significand[:-1], exponent, ~ones, ones)
    places = (out.n - 2).bit_length()
    regime = resize(regime.as_signed(), max(len(regime), places))
    longer = (regime ^ (~ones).replicate(len(regime)))[:places]
    number = shift_right_jam(m, number, longer, "aligned", fill=ones)
    cut = len(number) - size
    index, rest = number[cut:], jam(number[:cut], decision.bits)
    largest = out.max_exponent
    beyond = above(scale, largest) | (above(scale, largest - 1) & significand[:-1].any())
    below = ~above(scale, -largest - 1)
    up = decision.goes_up(m, index[0], rest)
    return PositNeighbour(index, up, rest.any(), beyond, below)


def encode_posit(
    m: Module, out: Posit, overflow: Overflow, near: PositNeighbour, status: Status
) -> dict[str, Value]:
    """Round, and make the code and the exceptions."""
    infinite = status.infinity & ~status.nan
    nar = status.nan | infinite if overflow is Overflow.SPECIAL else status.nan
    ordinary = ~status.nan & ~status.infinity & ~status.zero
    over = (near.above & ordinary) | infinite
    small = near.below & ordinary
    minus, largest = status.sign, over & ~nar
    plain = ~(largest | small | status.zero | nar)
    # Minus the rounded index is its complement and 1, or only its complement if it goes up.
    number = Cat(near.index, Const(0, 1)) ^ minus.replicate(out.n)
    rounded = Signal(out.n, name="rounded")
    m.d.comb += rounded.eq(number + (near.up ^ minus))
    # The largest magnitude is all ones but for the sign, the least one a single 1.
    middle = (largest & ~minus) | (small & minus)
    first = ((largest | small) & minus) | nar
    forced = Cat(largest | small, middle.replicate(out.n - 2), first)
    code = Signal(out.n, name="posit")
    m.d.comb += code.eq((rounded & plain.replicate(out.n)) | forced)
    return {
        "out": code,
        "overflow": over,
        "underflow": small,
        "inexact": over | small | (near.lost & ordinary),
        "invalid": status.made_nan,
    }
