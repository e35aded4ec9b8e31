"""Exact raw results taken apart, as operands of the next block."""

from amaranth.hdl import Const, Module, Signal, Value, signed

from ffp8.golden.raw import RawFormat

from .unpacked import Normal, Unpacked, absolute, leading_one_first

__all__ = ["normalise_raw", "raw_fields", "unpack_raw"]


def raw_fields(fmt: RawFormat, code: Value) -> dict[str, Value]:
    """The fields of a code that have any bits."""
    fields, place = {}, 0
    for name, bits in fmt.fields.items():
        fields[name] = code[place : place + bits]
        place += bits
    return fields


def unpack_raw(m: Module, fmt: RawFormat, code: Value, name: str) -> Unpacked:
    """Take a raw code apart; its significand is a magnitude in any case."""
    fields = raw_fields(fmt, code)
    number = fields["significand"]
    nothing = Const(0, 1)
    sign = fields.get("sign", nothing)
    significand: Value = number
    if fmt.complement:
        sign = number[-1]
        significand = Signal(fmt.significand, name=f"{name}_absolute")
        m.d.comb += significand.eq(absolute(number))
    # NaN comes before infinity.
    nan = fields.get("nan", nothing)
    infinity = fields.get("infinity", nothing) & ~nan
    zero = ~number.any() & ~nan & ~infinity
    return Unpacked(sign, fields.get("exponent", Const(0, 0)), significand, zero, infinity, nan)


def normalise_raw(m: Module, fmt: RawFormat, code: Value, name: str) -> Normal:
    """Take a raw code apart, with the leading one of its significand in one place."""
    parts = unpack_raw(m, fmt, code, name)
    size = fmt.significand
    top, zeros = leading_one_first(m, parts.significand, name)
    high = size - 1 + 2**fmt.exponent - 1
    exponent = Signal(signed(high.bit_length() + 1), name=f"{name}_exponent")
    m.d.comb += exponent.eq(parts.exponent + (size - 1) - zeros)
    return Normal(
        sign=parts.sign,
        exponent=exponent,
        fraction=top[:-1],
        zero=parts.zero,
        infinity=parts.infinity,
        nan=parts.nan,
        low=0,
        high=high,
        zero_exponent=0,
        offset=-fmt.bias,
    )
