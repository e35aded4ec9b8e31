"""Exact sums of many terms, on whole arrays."""

import numpy as np

from .exact import INT64_BITS, Exact, bit_length

__all__ = ["exact_sum"]

#: Bits of the pieces that terms are cut into, so that int64 holds the sum of many.
LIMB_BITS = 32

LIMB_MASK = 2**LIMB_BITS - 1


def exact_sum(terms: Exact) -> Exact:
    """The exact sums over the last axis.

    NaN is NaN, and infinities of both signs are NaN; those of one sign are that infinity. A sum
    of zero is negative if all terms are negative zeros, and positive else, also where terms
    cancel (IEEE 754-2019 6.3, for the roundings without a direction).
    """
    positive = (terms.infinite & ~terms.negative).any(axis=-1)
    negative = (terms.infinite & terms.negative).any(axis=-1)
    known = terms.finite & ~terms.zero
    unit = int(np.min(terms.exponent, where=known, initial=np.iinfo(np.int64).max))
    if not known.any():
        unit = 0
    shift = np.where(known, terms.exponent - unit, 0)
    total = signed_sum(np.where(known, terms.significand, 0), shift, terms.negative)
    minus = (total < 0) | ((total == 0) & terms.negative.all(axis=-1))
    nan = terms.nan.any(axis=-1) | (positive & negative)
    infinite = (positive | negative) & ~nan
    return Exact(
        negative=np.where(infinite, negative, minus).astype(bool),
        significand=np.abs(total),
        exponent=np.full(total.shape, unit, np.int64),
        infinite=np.asarray(infinite),
        nan=np.asarray(nan),
    )


def signed_sum(significand: np.ndarray, shift: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """The sums of +-significand * 2^shift over the last axis; Python integers if they are long."""
    assert significand.dtype != object
    count = significand.shape[-1]
    longest = int((bit_length(significand) + shift).max(initial=0)) + count.bit_length()
    dtype = np.dtype(np.int64 if longest <= INT64_BITS else object)
    total = np.zeros(significand.shape[:-1], dtype)
    for place in range(0, longest, LIMB_BITS):
        limb = bits_from(significand, shift - place)
        part = np.where(negative, -limb, limb).sum(axis=-1)
        total = total + (part.astype(dtype) << dtype.type(place))
    return total


def bits_from(number: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The last bits of number * 2^shift, as many as a limb has."""
    # Bits that a shift moves beyond int64 are beyond the limb as well.
    left = np.where(shift < LIMB_BITS, number << np.clip(shift, 0, LIMB_BITS), 0)
    right = number >> np.clip(-shift, 0, 63)
    return np.where(shift >= 0, left, right) & LIMB_MASK
