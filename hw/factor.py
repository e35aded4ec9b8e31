"""Numbers of any format times a constant, with all bits."""

from amaranth.hdl import Cat, Module, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.raw import RawFormat

from .converter import offset_of
from .logic import times_constant
from .operand import is_integer, signed_integer, unpack

__all__ = ["times_factor"]


def times_factor(
    m: Module, fmt: AnyFormat, code: Value, factor: tuple[int, int], name: str
) -> tuple[RawFormat, Value]:
    """A number times a constant, given as an integer and its fraction bits: format and code."""
    integer, fraction_bits = factor
    if is_integer(fmt):
        number = signed_integer(fmt, code)
        product = times_constant(m, number, integer, f"{name}_product").as_unsigned()
        raw = RawFormat(
            significand=len(product),
            exponent=0,
            bias=fraction_bits - offset_of(fmt),
            sign=False,
            infinity=False,
            nan=False,
            complement=True,
        )
        return raw, product
    parts = unpack(m, fmt, code, name)
    product = times_constant(m, parts.significand, integer, f"{name}_product")
    fields = {
        "significand": product,
        "exponent": parts.exponent,
        "sign": parts.sign,
        "infinity": parts.infinity,
        "nan": parts.nan,
    }
    raw = RawFormat(
        significand=len(product),
        exponent=len(parts.exponent),
        bias=fraction_bits - offset_of(fmt),
        sign=True,
        infinity=True,
        nan=True,
    )
    return raw, Cat(fields[field] for field in raw.fields)
