"""Codes taken apart: the fields that arithmetic works on, as hardware expressions."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Mux, Value
from ffp8.golden.formats import Format, Specials

__all__ = ["Unpacked", "unpack"]


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


def unpack(fmt: Format, code: Value) -> Unpacked:
    """Take a code of a format apart."""
    magnitude = code[: fmt.magnitude_width]
    fraction = code[: fmt.fraction]
    field = code[fmt.fraction : fmt.magnitude_width]
    sign = code[-1] if fmt.sign else Const(0, 1)
    exponent, significand = field, fraction
    if fmt.complement:
        significand = Mux(sign, -code.as_signed(), code)[: fmt.fraction + 1]
    elif not fmt.zero:
        significand = Const(1, 1)
    elif fmt.exponent:
        normal = field.any()
        if not fmt.subnormals:
            fraction = Mux(normal, fraction, 0)
        significand = Cat(fraction, normal)[: fmt.fraction + 1]
        exponent = Cat(field[0] | ~normal, field[1:])
    nan, infinity = special(fmt, code, magnitude)
    zero = ~significand.any() & ~nan & ~infinity if fmt.zero else Const(0, 1)
    return Unpacked(sign, exponent, significand, zero, infinity, nan)


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
