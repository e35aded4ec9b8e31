"""What the terms and sums of a tree can be, from which all its widths are derived."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from .ranges import Range, value_range
from .raw import RawFormat
from .windowed_ranges import TermRange, WindowedRanges
from .windowed_sum import Window

if TYPE_CHECKING:
    from .fma_tree import FmaTreeConfig

__all__ = [
    "exact_range",
    "exact_width",
    "product_range",
    "raw_sum",
    "sum_range",
    "windowed_ranges",
]


def product_range(config: "FmaTreeConfig") -> Range:
    """The finite products of a lane."""
    return operand_range(config, "a") * operand_range(config, "b")


def operand_range(config: "FmaTreeConfig", name: str) -> Range:
    """The finite values of an operand, in all its formats."""
    return reduce(or_, map(value_range, config.formats(name)))


def exact_range(config: "FmaTreeConfig") -> Range:
    """The sums of finite terms."""
    total = product_range(config).times(config.ways)
    return total if config.c is None else total + value_range(config.c)


def exact_width(config: "FmaTreeConfig") -> int:
    """Bits of the narrowest two's complement integer that holds all sums of finite terms."""
    return exact_range(config).width


def windowed_ranges(config: "FmaTreeConfig") -> WindowedRanges | None:
    """The ranges of a windowed sum; None for an exact one."""
    if config.window is None:
        return None
    window = Window(
        bits=config.window,
        reference=config.reference,
        cut=config.cut,
        least_exponent=config.least_exponent,
    )
    return WindowedRanges(
        window=window,
        ways=config.ways,
        products=TermRange.of_product(window, (config.a, config.b)),
        addend=None if config.c is None else TermRange.of_product(window, (config.c,)),
        align_addend=config.align_addend,
    )


def sum_range(config: "FmaTreeConfig") -> Range:
    """The sums of finite terms, exact or windowed; of these, those with the least exponent."""
    windowed = windowed_ranges(config)
    return exact_range(config) if windowed is None else windowed.total


def raw_sum(config: "FmaTreeConfig") -> RawFormat:
    """The format of sums that are not rounded."""
    total = sum_range(config)
    windowed = windowed_ranges(config)
    formats = [fmt for name in "abc" for fmt in config.formats(name)]
    signed = total.low < 0
    infinity = any(fmt.has_infinity for fmt in formats)
    return RawFormat(
        significand=total.width if signed else total.width - 1,
        exponent=0 if windowed is None else windowed.exponents.bit_length(),
        bias=-total.unit,
        sign=False,
        infinity=infinity,
        nan=infinity or any(fmt.has_nan for fmt in formats),
        complement=signed,
    )
