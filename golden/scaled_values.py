"""The values on the way of a scaled dot product: wrapped, rounded, and as raw codes."""

from typing import TYPE_CHECKING

import numpy as np

from .exact import Exact
from .ranges import Range
from .scaled_ranges import factor_format

if TYPE_CHECKING:
    from .scaled_dot import ScaledDotConfig

__all__ = ["factor", "join", "modulo"]


def modulo(exact: Exact, known: Range) -> Exact:
    """Finite values in the two's complement of a range's width."""
    finite = exact.finite & ~exact.zero
    shift = np.where(finite, exact.exponent - known.unit, 0)
    number = np.where(finite, exact.significand, 0) << shift
    half = 2 ** (known.width - 1)
    number = (np.where(exact.negative, -number, number) + half) % (2 * half) - half
    return Exact(
        negative=np.where(finite, number < 0, exact.negative),
        significand=np.abs(number),
        exponent=np.full(number.shape, known.unit, np.int64),
        infinite=exact.infinite,
        nan=exact.nan,
    )


def factor(config: "ScaledDotConfig", one: Exact, two: Exact) -> Exact:
    """The products of scales, rounded if they are to be."""
    product, rounded = one * two, factor_format(config)
    if rounded is None:
        return product
    unit = config.a.scale.quantum_exponent + config.b.scale.quantum_exponent
    codes, _ = rounded.round(product.scaled(-unit), config.factor_rounding)
    return rounded.unpack(codes).scaled(unit)


def join(config: "ScaledDotConfig", total: Exact, scales: list[Exact]) -> np.ndarray:
    """Raw codes of scaled dot products, whose exponents are those of the scales."""
    raw = config.term
    known = total.finite & ~total.zero
    field = np.zeros(total.zero.shape, np.int64)
    if raw.exponent:
        for block, scale in zip((config.a, config.b), scales, strict=True):
            field = field + scale.exponent - block.scale.quantum_exponent
        field = np.where(total.finite, field, 0)
    wide = np.where(known, total.significand, 0).astype(object)
    number = wide << np.where(known, total.exponent + raw.bias - field, 0).astype(object)
    minus = total.negative & ~total.nan
    if raw.complement:
        number = np.where(minus, -number, number) & 2**raw.significand - 1
        lowest = 1 << raw.significand - 1
        number = np.where(total.infinite & minus, lowest, number)
    return raw.join(
        significand=number, exponent=field, sign=minus, infinity=total.infinite, nan=total.nan
    )
