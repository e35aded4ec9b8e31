"""Ranges of integers, from which the widths of sums and products are derived."""

from dataclasses import dataclass

from .any_format import AnyFormat
from .formats import Format
from .posit import Posit
from .raw import RawFormat

__all__ = ["Range", "value_range"]


@dataclass(frozen=True)
class Range:
    """The integers from `low` to `high`, times 2^`unit`."""

    low: int
    high: int
    unit: int

    @property
    def width(self) -> int:
        """The least width in two's complement."""
        ends = (self.low, self.high)
        return max((end if end >= 0 else ~end).bit_length() for end in ends) + 1

    def __add__(self, other: "Range") -> "Range":
        """The range of sums, in the lesser unit."""
        unit = min(self.unit, other.unit)
        one, two = (side.in_unit(unit) for side in (self, other))
        return Range(one.low + two.low, one.high + two.high, unit)

    def __mul__(self, other: "Range") -> "Range":
        """The range of products."""
        ends = [x * y for x in (self.low, self.high) for y in (other.low, other.high)]
        return Range(min(ends), max(ends), self.unit + other.unit)

    def in_unit(self, unit: int) -> "Range":
        """The range in a unit that is no greater."""
        return Range(self.low << self.unit - unit, self.high << self.unit - unit, unit)


def value_range(fmt: AnyFormat) -> Range:
    """The finite values of a format, in a unit that all of them are multiples of."""
    match fmt:
        case Format():
            unit = fmt.quantum_exponent
        case Posit():
            unit = int(fmt.min_positive.magnitude_log2)
        case RawFormat():
            return raw_range(fmt)
        case _:
            raise TypeError(f"Range must be that of a Format, Posit or RawFormat, not {fmt!r}")
    top = fmt.max
    shift = int(top.exponent) - unit
    high = int(top.significand) << shift if shift >= 0 else int(top.significand) >> -shift
    low = -high - (isinstance(fmt, Format) and fmt.complement) if fmt.sign else 0
    return Range(low, high, unit)


def raw_range(fmt: RawFormat) -> Range:
    """The values that the fields can hold."""
    top = 2**fmt.exponent - 1
    if fmt.complement:
        half = 2 ** (fmt.significand - 1)
        return Range(-half << top, half - 1 << top, -fmt.bias)
    high = 2**fmt.significand - 1 << top
    return Range(-high if fmt.sign else 0, high, -fmt.bias)
