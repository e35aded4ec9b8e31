"""Ranges of integers, from which the widths of sums and products are derived."""

from dataclasses import dataclass

from .any_format import AnyFormat
from .formats import Format
from .raw import RawFormat
from .scalar_format import ScalarFormat

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

    def __or__(self, other: "Range") -> "Range":
        """The range of what is in one or the other, in the lesser unit."""
        unit = min(self.unit, other.unit)
        one, two = (side.in_unit(unit) for side in (self, other))
        return Range(min(one.low, two.low), max(one.high, two.high), unit)

    def times(self, count: int) -> "Range":
        """The range of sums of so many."""
        return Range(self.low * count, self.high * count, self.unit)

    def in_unit(self, unit: int) -> "Range":
        """The range in a unit that is no greater."""
        return Range(self.low << self.unit - unit, self.high << self.unit - unit, unit)


def value_range(fmt: AnyFormat) -> Range:
    """The finite values of a format, in its least step; those that raw fields can hold."""
    if isinstance(fmt, RawFormat):
        top = 2**fmt.exponent - 1
        if fmt.complement:
            half = 2 ** (fmt.significand - 1)
            return Range(-half << top, half - 1 << top, -fmt.bias)
        high = 2**fmt.significand - 1 << top
        return Range(-high if fmt.sign else 0, high, -fmt.bias)
    if not isinstance(fmt, ScalarFormat):
        raise TypeError(f"Range must be that of a ScalarFormat or a RawFormat, not {fmt!r}")
    top = fmt.max
    high = int(top.significand) * 2 ** (int(top.exponent) - fmt.quantum_exponent)
    lowest = isinstance(fmt, Format) and fmt.complement
    low = -high - lowest if fmt.sign else 0
    return Range(low, high, fmt.quantum_exponent)
