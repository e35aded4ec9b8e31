"""Exact running sums, as a Kulisch accumulator of limited width holds them."""

from dataclasses import dataclass

import numpy as np

from .exact import Exact
from .ranges import Range

__all__ = ["ExactSums", "exact_sums", "since"]


@dataclass(frozen=True)
class ExactSums:
    """The sums after each term.

    Attributes
    ----------
    value
        Infinite where an infinity was among the terms, or the sum was outside of its range
        once; NaN where NaN was among them, or infinities of both signs came together.
    finite
        The sums of the finite terms alone, in the range's unit: Python integers.
    overflowed
        Whether a finite sum left the range.
    made_nan
        Whether the sum is NaN, though no term was.
    """

    value: Exact
    finite: np.ndarray
    overflowed: np.ndarray
    made_nan: np.ndarray


def exact_sums(terms: Exact, first: np.ndarray, held: Range) -> ExactSums:
    """The exact sums of terms since the last `first`, in an accumulator that holds a range."""
    known = terms.finite & ~terms.zero
    shift = np.where(known, terms.exponent - held.unit, 0)
    significand = np.where(known, terms.significand, 0).astype(object)
    # A unit above the last place of a significand leaves zeros there.
    size = (significand << np.maximum(shift, 0)) >> np.maximum(-shift, 0)
    finite = since(np.where(terms.negative, -size, size), first)
    operand_nan = since(terms.nan, first) > 0
    plus, minus = (
        since(terms.infinite & side, first) > 0 for side in (~terms.negative, terms.negative)
    )
    outside = np.asarray((finite > held.high) | (finite < held.low), bool)
    left = outside & ~(operand_nan | plus | minus)
    overflowed = since(left, first) > 0
    # Which side it left first decides; from then on it is infinite.
    leaves = left & (since(left, first) == 1)
    up = np.asarray(finite > 0, bool)
    plus, minus = (
        since(leaves & side, first) + infinity > 0 for side, infinity in ((up, plus), (~up, minus))
    )
    nan = operand_nan | (plus & minus)
    infinite = (plus | minus) & ~nan
    all_negative = since(~terms.negative, first) == 0
    negative = np.asarray(finite < 0, bool) | (np.asarray(finite == 0, bool) & all_negative)
    return ExactSums(
        value=Exact(
            negative=np.where(infinite, minus, negative),
            significand=np.abs(finite),
            exponent=np.full(finite.shape, held.unit, np.int64),
            infinite=infinite,
            nan=nan,
        ),
        finite=finite,
        overflowed=overflowed,
        made_nan=nan & ~operand_nan,
    )


def since(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The sum of the values from the last `first` on; how many there are, of booleans."""
    numbers = values.astype(np.int64) if values.dtype == bool else values
    total = np.cumsum(numbers)
    starts = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
    return total - (total - numbers)[starts]
