"""Values as a sign and a magnitude, so that two's complement is taken apart once."""

from dataclasses import replace

from amaranth.hdl import Cat, Module, Value

from ffp8.golden.formats import Format
from ffp8.golden.vector_quantizer import magnitude_format

from . import unpacked
from .unpacked import Normal, Unpacked, absolute

__all__ = ["normalise", "signed_magnitude", "unpack"]


def signed_magnitude(fmt: Format, code: Value) -> Value:
    """A code as a word: two's complement as its magnitude and its sign, others as they are."""
    return Cat(absolute(code), code[-1]) if fmt.complement else code


def unpack(fmt: Format, word: Value) -> Unpacked:
    """Take a word apart, its significand as it is."""
    if not fmt.complement:
        return unpacked.unpack(fmt, word)
    return replace(unpacked.unpack(magnitude_format(fmt), word[:-1]), sign=word[-1])


def normalise(m: Module, fmt: Format, word: Value, name: str, keep: int | None = None) -> Normal:
    """Take a word apart, the leading one of its significand in one place; see there."""
    if not fmt.complement:
        return unpacked.normalise(m, fmt, word, name, keep)
    normal = unpacked.normalise(m, magnitude_format(fmt), word[:-1], name)
    return replace(normal, sign=word[-1])
