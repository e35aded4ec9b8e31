"""Operands of any format, taken apart."""

from dataclasses import replace

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format, is_fixed_point
from ffp8.golden.posit import Posit
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from . import unpacked
from .logic import plus_constant
from .posit import normalise_posit, unpack_posit
from .raw import normalise_raw, unpack_raw
from .unpacked import Normal, Unpacked

__all__ = ["fold_offset", "is_integer", "normalise", "signed_integer", "unpack"]


def unpack(m: Module, fmt: AnyFormat, code: Value, name: str) -> Unpacked:
    """Take a code of a format apart, its significand as it is."""
    match fmt:
        case Format():
            return unpacked.unpack(fmt, code)
        case Posit():
            return unpack_posit(m, fmt, code, name)
        case RawFormat():
            return unpack_raw(m, fmt, code, name)
    raise TypeError(f"Operand format must be a Format, a Posit or a RawFormat, not {fmt!r}")


def normalise(m: Module, fmt: AnyFormat, code: Value, name: str) -> Normal:
    """Take a code of a format apart, with the leading one of each significand in one place."""
    match fmt:
        case Format():
            return unpacked.normalise(m, fmt, code, name)
        case Posit():
            return normalise_posit(m, fmt, code, name)
        case RawFormat():
            return normalise_raw(m, fmt, code, name)
    raise TypeError(f"Operand format must be a Format, a Posit or a RawFormat, not {fmt!r}")


def fold_offset(m: Module, operand: Normal, offset: int) -> Normal:
    """Move the constant of an exponent sum into an operand's exponent."""
    shape = operand.exponent.shape()
    low = -(2 ** (shape.width - 1)) if shape.signed else 0
    high = low + 2**shape.width - 1
    width = (
        max(
            (bound + offset if bound + offset >= 0 else ~(bound + offset)).bit_length()
            for bound in (low, high)
        )
        + 1
    )
    exponent = Signal(signed(width), name="exponent_offset")
    m.d.comb += exponent.eq(plus_constant(m, operand.exponent, offset, width, "exponent_offset"))
    return replace(
        operand,
        exponent=exponent,
        low=operand.low + offset,
        high=operand.high + offset,
        zero_exponent=operand.zero_exponent + offset,
        offset=operand.offset - offset,
    )


def is_integer(fmt: AnyFormat) -> bool:
    """Whether codes are signed or unsigned integers times a power of two, all of them."""
    if isinstance(fmt, RawFormat):
        return fmt.width == fmt.significand
    return isinstance(fmt, Format) and is_fixed_point(fmt)


def signed_integer(fmt: AnyFormat, code: Value) -> Value:
    """A code of an integer format as a signed number."""
    if isinstance(fmt, RawFormat):
        signed_codes = fmt.complement
    else:
        signed_codes = isinstance(fmt, ScalarFormat) and fmt.sign
    return code.as_signed() if signed_codes else Cat(code, Const(0, 1)).as_signed()
