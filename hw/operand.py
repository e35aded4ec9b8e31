"""Operands of any format, taken apart."""

from amaranth.hdl import Module, Value

from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.scalar_format import ScalarFormat

from . import unpacked
from .posit import normalise_posit, unpack_posit
from .unpacked import Normal, Unpacked

__all__ = ["normalise", "unpack"]


def unpack(m: Module, fmt: ScalarFormat, code: Value, name: str) -> Unpacked:
    """Take a code of a format apart, its significand as it is."""
    match fmt:
        case Format():
            return unpacked.unpack(fmt, code)
        case Posit():
            return unpack_posit(m, fmt, code, name)
    raise TypeError(f"Operand format must be a Format or a Posit, not {fmt!r}")


def normalise(m: Module, fmt: ScalarFormat, code: Value, name: str) -> Normal:
    """Take a code of a format apart, with the leading one of each significand in one place."""
    match fmt:
        case Format():
            return unpacked.normalise(m, fmt, code, name)
        case Posit():
            return normalise_posit(m, fmt, code, name)
    raise TypeError(f"Operand format must be a Format or a Posit, not {fmt!r}")
