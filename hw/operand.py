"""Operands of any format, taken apart."""

from amaranth.hdl import Module, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.raw import RawFormat

from . import unpacked
from .posit import normalise_posit, unpack_posit
from .raw import normalise_raw, unpack_raw
from .unpacked import Normal, Unpacked

__all__ = ["normalise", "unpack"]


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
