"""What the numbers of a scaled dot product can be, from which all its widths are derived."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from .block_format import BlockFormat
from .exact import Exact
from .formats import Format, fixed_point
from .ranges import Range, value_range
from .raw import RawFormat

if TYPE_CHECKING:
    from .scaled_dot import ScaledDotConfig

__all__ = [
    "Significands",
    "dot_range",
    "element_range",
    "exponent_bits",
    "factor_format",
    "factor_range",
    "fixed_term",
    "number_range",
    "raw_term",
    "scaled_range",
    "significands",
]


@dataclass(frozen=True)
class Significands:
    """The finite values of a scale: up to `most`, moved left by up to `distance`."""

    most: int
    distance: int


@cache
def significands(fmt: Format) -> Significands:
    """How a scale's values are made of integers; these count in its least step."""
    exact = fmt.unpack(fmt.codes)
    known = exact.finite & ~exact.zero
    exponent = exact.exponent[known]
    return Significands(
        most=int(exact.significand[known].max()),
        distance=int(exponent.max()) - fmt.quantum_exponent,
    )


def element_range(block: BlockFormat) -> Range:
    """The finite elements; without the least code of two's complement if that is not used."""
    found = value_range(block.element)
    return Range(max(found.low, -found.high), found.high, found.unit) if block.symmetric else found


def dot_range(config: "ScaledDotConfig") -> Range:
    """The sums of the products of elements."""
    return (element_range(config.a) * element_range(config.b)).times(config.ways)


def factor_format(config: "ScaledDotConfig") -> Format | None:
    """The format that products of scales are rounded to, in their unit; None if they are not."""
    if config.factor_bits is None:
        return None
    bits = config.a.scale.width + config.b.scale.width
    return fixed_point(bits, config.factor_bits - bits, sign=False)


def factor_range(config: "ScaledDotConfig") -> Range:
    """The finite products of scales, rounded if they are."""
    one, two = value_range(config.a.scale), value_range(config.b.scale)
    exact, rounded = one * two, factor_format(config)
    if rounded is None:
        return exact
    top, _ = rounded.round(Exact.from_integers(np.array(exact.high)), config.factor_rounding)
    return Range(0, int(top), exact.unit + rounded.quantum_exponent)


def scaled_range(config: "ScaledDotConfig") -> Range:
    """The dot products times the scales."""
    return dot_range(config) * factor_range(config)


def number_range(config: "ScaledDotConfig") -> Range:
    """The dot products times the significands of the scales, which no exponent moves."""
    if config.factor_bits is not None:
        return scaled_range(config)
    found = dot_range(config)
    for scale in (config.a.scale, config.b.scale):
        most = significands(scale).most
        known = Range(-most if scale.sign else 0, most, scale.quantum_exponent)
        found = found * known
    return found


def exponent_bits(config: "ScaledDotConfig") -> int:
    """Bits of the sum of the scales' exponents, from their least ones on."""
    if config.factor_bits is not None:
        return 0
    most = sum(significands(scale).distance for scale in (config.a.scale, config.b.scale))
    return most.bit_length()


def raw_term(config: "ScaledDotConfig", known: Range, exponent: int, *, signs: bool) -> RawFormat:
    """The raw format of scaled dot products: in two's complement, or with a sign."""
    formats = [fmt for block in (config.a, config.b) for fmt in (block.element, block.scale)]
    signed = known.low < 0
    infinity = any(fmt.has_infinity for fmt in formats)
    magnitude = max(-known.low, known.high).bit_length()
    return RawFormat(
        significand=known.width if signed and not signs else magnitude,
        exponent=exponent,
        bias=-known.unit,
        sign=signed and signs,
        infinity=infinity,
        nan=infinity or any(fmt.has_nan for fmt in formats),
        complement=signed and not signs,
    )


def fixed_term(config: "ScaledDotConfig") -> RawFormat:
    """The format of scaled dot products in fixed point: what an exact sum adds up."""
    return raw_term(config, scaled_range(config), 0, signs=False)
