"""Windowed sums: terms are cut to a common grid below the largest of them, then added exactly."""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

import numpy as np

from .exact import Exact, bit_length
from .exact_sum import exact_sum

__all__ = ["Cut", "Reference", "Window", "windowed_sum"]


class Reference(StrEnum):
    """Where the reference exponent of a term comes from."""

    #: The exponents that the operands are stored with: their sum for a product. A subnormal
    #: has the least normal exponent, and no significand is normalised, so that a product is
    #: less than four times two to this power.
    FIELDS = "fields"
    #: The term itself: its magnitude is from half of two to this power up to that power.
    MAGNITUDES = "magnitudes"


class Cut(StrEnum):
    """How a term becomes a multiple of the grid."""

    #: Magnitudes lose the bits below the grid.
    TOWARD_ZERO = "toward-zero"
    #: Two's complement loses them, so that negative terms grow in magnitude.
    FLOOR = "floor"
    #: The nearest multiple; a tie goes to the even one.
    NEAREST = "nearest"
    #: Magnitudes lose them, and the last bit kept is set if one of them was.
    ODD = "odd"
    #: Magnitudes keep one bit more, below the grid: whether one of the others was set.
    STICKY = "sticky"


@dataclass(frozen=True, kw_only=True)
class Window:
    """What a windowed sum keeps of its terms.

    With E the largest of the terms' reference exponents, but not less than `least_exponent`,
    the grid is 2^(E - `bits`). Each term is cut to a multiple of it, and these are added
    exactly. Terms of zero take no part in E.
    """

    bits: int
    reference: Reference = Reference.FIELDS
    cut: Cut = Cut.TOWARD_ZERO
    least_exponent: int | None = None

    @property
    def extra(self) -> int:
        """Bits of a cut term below the grid."""
        return int(self.cut is Cut.STICKY)

    def error_bound(self, terms: int) -> Fraction:
        """The error of a sum is at most this many times the grid, before it is rounded.

        Each term contributes less than a grid step, and half of one where it goes to the
        nearest multiple or to the middle between two.
        """
        half = self.cut in (Cut.NEAREST, Cut.STICKY)
        return Fraction(terms, 2 if half else 1)


def windowed_sum(
    window: Window, terms: Exact, exponents: np.ndarray, *, leading: int, lowest: int
) -> tuple[Exact, np.ndarray]:
    """The sums of cut terms over the last axis, and E.

    NaN and infinities are as in `exact_sum`. A sum of zero is positive.

    Parameters
    ----------
    exponents
        The terms' reference exponents by their fields.
    leading
        How many of the terms count in E, from the first one. Where all of these are zero, the
        others count.
    lowest
        E where all terms are zero. It must not be above any E.

    Returns
    -------
    E means nothing where a term is NaN or infinite.
    """
    known = terms.finite & ~terms.zero
    if window.reference is Reference.MAGNITUDES:
        exponents = terms.magnitude_log2 + 1
    absent = np.where(known, exponents, lowest)
    largest = absent[..., :leading].max(axis=-1)
    if leading < absent.shape[-1]:
        counted = known[..., :leading].any(axis=-1)
        largest = np.where(counted, largest, absent[..., leading:].max(axis=-1))
    if window.least_exponent is not None:
        largest = np.maximum(largest, window.least_exponent)
    # Relative to E, the bits of all rows are in the same places.
    cut = cut_terms(terms.scaled(-largest[..., np.newaxis]), -window.bits, window.cut)
    total = exact_sum(cut).scaled(largest)
    return replace(total, negative=total.negative & ~total.zero), largest


def cut_terms(terms: Exact, grid: int, cut: Cut) -> Exact:
    """Terms as multiples of 2^grid, or of half of that."""
    known = terms.finite & ~terms.zero
    significand = np.where(known, terms.significand, 0)
    drop = np.where(known, np.maximum(grid - terms.exponent, 0), 0)
    # By more than that, nothing of the significand is left.
    bits = int(bit_length(significand).max(initial=0)) + 1
    shift = np.minimum(drop, bits)
    kept = significand >> shift
    rest = significand - (kept << shift)
    lost = rest > 0
    match cut:
        case Cut.TOWARD_ZERO:
            pass
        case Cut.FLOOR:
            kept = kept + (lost & terms.negative)
        case Cut.NEAREST:
            step = np.int64(1) << shift
            kept = kept + ((2 * rest > step) | ((2 * rest == step) & (kept % 2 == 1)))
        case Cut.ODD:
            kept = kept + (lost & (kept % 2 == 0))
        case Cut.STICKY:
            halved = drop > 0
            kept, drop = np.where(halved, 2 * kept + lost, kept), drop - halved
    return Exact(terms.negative, kept, terms.exponent + drop, terms.infinite, terms.nan)
