"""Codes taken apart: the fields that arithmetic works on, as hardware expressions."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.formats import Format, Specials

from .logic import jam
from .table import lookup

__all__ = [
    "Normal",
    "Unpacked",
    "absolute",
    "half_without_one",
    "leading_one_first",
    "normalise",
    "unpack",
]

#: Up to this many fraction bits, subnormals are normalised by tables.
TABLE_FRACTION = 4


@dataclass(frozen=True)
class Unpacked:
    """A value (-1)^sign * significand * 2^(exponent + constant), not normalised.

    The significand and exponent are those of the fields taken as a finite number. The exponent
    field of a subnormal counts as 1. The flags are exclusive, and zero is False where the
    value is special.
    """

    sign: Value
    exponent: Value
    significand: Value
    zero: Value
    infinity: Value
    nan: Value


@dataclass(frozen=True)
class Normal:
    """A value (-1)^sign * (1 + fraction / 2^len(fraction)) * 2^(exponent + offset).

    Attributes
    ----------
    exponent
        Signed; between `low` and `high`, or `zero_exponent`.
    zero_exponent
        What the exponent is where the value is zero. It is the lowest number of its width
        if there are subnormals, so that a product with zero is a tiny one.
    """

    sign: Value
    exponent: Value
    fraction: Value
    zero: Value
    infinity: Value
    nan: Value
    low: int
    high: int
    zero_exponent: int
    offset: int


def unpack(fmt: Format, code: Value) -> Unpacked:
    """Take a code of a format apart."""
    magnitude = code[: fmt.magnitude_width]
    fraction = code[: fmt.fraction]
    field = code[fmt.fraction : fmt.magnitude_width]
    exponent, significand = field, fraction
    if fmt.complement:
        significand = absolute(code)
    elif not fmt.zero:
        significand = Const(1, 1)
    elif fmt.exponent:
        normal = field.any()
        if not fmt.subnormals:
            fraction = fraction & normal.replicate(fmt.fraction)
        significand = Cat(fraction, normal)
        exponent = Cat(field[0] | ~normal, field[1:])
        if fmt.step == 2:
            exponent = Cat(Const(0, 1), exponent)
    nan, infinity = special(fmt, code, magnitude)
    zero = ~significand.any() & ~nan & ~infinity if fmt.zero else Const(0, 1)
    return Unpacked(sign_of(fmt, code), exponent, significand, zero, infinity, nan)


def normalise(m: Module, fmt: Format, code: Value, name: str, keep: int | None = None) -> Normal:
    """Take a code of a format apart, with the leading one of each significand in one place.

    With `keep`, a float's fraction has no more than so many bits, the last of which shows what
    was cut off.

    Doing that to the operands instead of to their product is cheap, because their
    subnormals have few bits, and it leaves the product's leading one but two places.
    """
    sign = sign_of(fmt, code)
    magnitude = code[: fmt.magnitude_width]
    fraction = code[: fmt.fraction]
    field = code[fmt.fraction : fmt.magnitude_width]
    nan, infinity = special(fmt, code, magnitude)
    if not fmt.zero:
        return Normal(
            sign, field, Const(0, 0), Const(0, 1), infinity, nan,
            low=0, high=2**fmt.exponent - 1, zero_exponent=0, offset=fmt.min_exponent,
        )  # fmt: skip
    if not fmt.exponent:
        return normalise_fixed(m, fmt, code, name)
    normal = Signal(name=f"{name}_normal")
    m.d.comb += normal.eq(field.any())
    high = fmt.max_exponent_field
    offset = fmt.min_exponent - fmt.step
    if fmt.step == 2:
        field = Cat(Const(0, 1), field)
    kept = fmt.fraction if keep is None else min(keep, fmt.fraction)
    if not fmt.subnormals or not fmt.fraction:
        fraction = jam(fraction, kept)
        return Normal(
            sign, field, fraction, ~normal, infinity, nan,
            low=fmt.step, high=high, zero_exponent=0, offset=offset,
        )  # fmt: skip
    low = 1 - fmt.fraction
    width = max(fmt.exponent, (fmt.fraction - 2).bit_length() if fmt.fraction > 2 else 0) + 1
    lowest = -(2 ** (width - 1))
    assert low >= lowest
    shifted, tiny_exponent = subnormal(m, fraction, width, name)
    exponent = Signal(signed(width), name=f"{name}_exponent")
    # The exponent field of a subnormal is zero.
    m.d.comb += exponent.eq(field | Mux(normal, 0, tiny_exponent))
    normalised = Signal(kept, name=f"{name}_fraction")
    m.d.comb += normalised.eq(Mux(normal, jam(fraction, kept), jam(shifted, kept)))
    return Normal(
        sign, exponent, normalised, ~normal & ~fraction.any(), infinity, nan,
        low=low, high=high, zero_exponent=lowest, offset=offset,
    )  # fmt: skip


def subnormal(m: Module, fraction: Value, width: int, name: str) -> tuple[Value, Value]:
    """The fraction of a normalised subnormal, and its exponent: zero or below, or the lowest."""
    size = len(fraction)
    lowest = -(2 ** (width - 1))
    if size <= TABLE_FRACTION:

        def shift(code: int) -> int:
            return size + 1 - code.bit_length()

        def exponent_of(code: int) -> int:
            return (1 - shift(code) if code else lowest) % 2**width

        def fraction_of(code: int) -> int:
            return code << shift(code) & 2**size - 1

        return (
            lookup(m, fraction, size, fraction_of, f"{name}_tiny_fraction"),
            lookup(m, fraction, width, exponent_of, f"{name}_tiny_exponent"),
        )
    top, zeros = leading_one_first(m, fraction, name)
    # Few bits, of which a table is faster than the chain of a subtraction.
    negative = lookup(m, zeros, width, lambda amount: -amount % 2**width, f"{name}_minus")
    exponent = Mux(fraction.any(), negative, lowest % 2**width)
    return Cat(Const(0, 1), top[:-1]), exponent[:width]


def normalise_fixed(m: Module, fmt: Format, code: Value, name: str) -> Normal:
    """The same for formats without an exponent field: integers and fixed point."""
    nan, infinity = special(fmt, code, code[: fmt.magnitude_width])
    significand: Value = code[: fmt.fraction]
    if fmt.complement:
        significand = Signal(fmt.fraction + 1, name=f"{name}_absolute")
        m.d.comb += significand.eq(absolute(code))
    size = len(significand)
    top, zeros = leading_one_first(m, significand, name)
    # Counted from below the last bit, it is the amount inverted.
    most = 2 ** len(zeros) - 1
    return Normal(
        sign=sign_of(fmt, code),
        exponent=~zeros,
        fraction=top[:-1],
        zero=~significand.any() & ~nan & ~infinity,
        infinity=infinity,
        nan=nan,
        low=most - (size - 1),
        high=most,
        zero_exponent=0,
        offset=fmt.quantum_exponent + size - 1 - most,
    )


def leading_one_first(m: Module, number: Value, name: str) -> tuple[Value, Value]:
    """A number moved left until its first bit is one, and by how much.

    By halves: is the first half zero, then is the first quarter of the rest, and so on. Two
    questions are answered at a time: whether the quarter is zero is known of both, whichever it is.
    For zero, all bits of the amount are ones.
    """
    zeros = []
    steps = [1 << level for level in reversed(range((len(number) - 1).bit_length()))]
    while steps:
        step, *steps = steps
        first, empty = half_without_one(m, number, step, name)
        zeros.append(empty)
        if steps:
            quarter, *steps = steps
            other = Signal(name=f"{name}_empty_{quarter}")
            ends = len(number) - step
            behind = number[max(ends - quarter, 0) : ends]
            m.d.comb += other.eq(~Mux(empty, behind.any(), number[-quarter:].any()))
            first = moved_left(m, first, other, quarter, name)
            zeros.append(other)
        number = first
    return number, Cat(*reversed(zeros))


def half_without_one(m: Module, number: Value, step: int, name: str) -> tuple[Value, Value]:
    """A number moved left by a step if its first bits, as many as that, are zeros; and whether."""
    rest = len(number) - step
    empty = Signal(name=f"{name}_empty_{step}")
    m.d.comb += empty.eq(~number[rest:].any())
    return moved_left(m, number, empty, step, name), empty


def moved_left(m: Module, number: Value, by: Value, step: int, name: str) -> Value:
    """A number moved left by a step or not at all; its width stays."""
    moved = Signal(len(number), name=f"{name}_moved_{step}")
    m.d.comb += moved.eq(Mux(by, Cat(Const(0, step), number)[: len(number)], number))
    return moved


def absolute(code: Value) -> Value:
    """The magnitude of two's complement, of as many bits."""
    return Mux(code[-1], -code.as_signed(), code)[: len(code)]


def sign_of(fmt: Format, code: Value) -> Value:
    return code[-1] if fmt.sign else Const(0, 1)


def special(fmt: Format, code: Value, magnitude: Value) -> tuple[Value, Value]:
    """Whether a code is NaN, and whether it is infinity."""
    codes = fmt.magnitude_codes
    nan = infinity = Const(0, 1)
    if codes.infinity is not None:
        infinity = magnitude == codes.infinity
    if fmt.specials is Specials.IEEE:
        if codes.nan is not None:
            nan = code[fmt.fraction : fmt.magnitude_width].all() & code[: fmt.fraction].any()
    elif codes.nan is not None:
        nan = magnitude == codes.nan[0]
    elif fmt.nan_code is not None:
        nan = code == fmt.nan_code
    return nan, infinity
