"""Quotients and maxima of exact values, from which scales and scaled elements come."""

import dataclasses

import numpy as np

from .exact import INT64_BITS, Exact, bit_length

__all__ = ["cut", "largest_magnitude", "ratio", "reciprocal", "reduced"]

#: An exponent below all others, for values of zero.
FAR_BELOW = -(2**40)


def reduced(exact: Exact) -> Exact:
    """The same values with odd significands, or zero: the shortest there are."""
    known = exact.finite & ~exact.zero
    significand = np.where(known, exact.significand, 0)
    zeros = np.maximum(bit_length(significand & -significand) - 1, 0)
    if significand.dtype == object:
        significand = significand >> zeros.astype(object)
        if int(bit_length(significand).max(initial=0)) <= INT64_BITS:
            significand = significand.astype(np.int64)
    else:
        significand = significand >> zeros
    exponent = np.where(known, exact.exponent + zeros, 0)
    return Exact(exact.negative, significand, exponent, exact.infinite, exact.nan)


def largest_magnitude(exact: Exact) -> Exact:
    """The largest magnitudes over the last axis, without NaN; zero where there is no other."""
    known = exact.finite & ~exact.zero
    significand = np.where(known, exact.significand, 0)
    log2 = np.where(known, exact.magnitude_log2, FAR_BELOW)
    top = log2.max(axis=-1)
    # Significands of one length are in the order of their values if the exponents are equal.
    length = int(bit_length(significand).max(initial=1))
    shift = length - bit_length(significand)
    if significand.dtype == object:
        shift = shift.astype(object)
    first = known & (log2 == top[..., None])
    best = np.where(first, significand << shift, 0).max(axis=-1)
    infinite = np.asarray((exact.infinite & ~exact.nan).any(axis=-1))
    nothing = np.zeros(top.shape, bool)
    return reduced(Exact(nothing, np.asarray(best), top + 1 - length, infinite, nothing))


def ratio(dividend: Exact, divisor: Exact, width: int) -> Exact:
    """Quotients, which round to significands of up to `width` bits as the exact ones do.

    The first bits of a quotient are kept, `width` + 1 or more. One bit behind them is 1 if that
    leaves a rest: this is rounding to odd. So neither a value of the format nor a midpoint
    between two is ever reached or crossed. A stochastic rounding of N bits asks where a quotient
    is among 2^N parts of a step, and needs a width of N more.

    The shapes are broadcast. Here, where divisors are scales, NaN comes from NaN only: infinity
    divided by anything is infinity, and finite values are zero if divided by zero (a scale of
    zero belongs to values of zero) or by infinity.
    """
    numerator, denominator = reduced(dividend), reduced(divisor)
    negative = numerator.negative ^ denominator.negative
    nan = numerator.nan | denominator.nan
    known = denominator.finite & ~denominator.zero & numerator.finite & ~numerator.zero
    above = np.where(known, numerator.significand, 0)
    below = np.where(known, denominator.significand, 1)
    shift = np.maximum(width + 1 + bit_length(below) - bit_length(above), 0)
    if int((bit_length(above) + shift).max(initial=0)) > INT64_BITS - 1:
        above, below, shift = (x.astype(object) for x in (above, below, shift))
    whole = (above << shift) // below
    sticky = np.asarray(whole * below != above << shift, bool)
    exponent = numerator.exponent - denominator.exponent - shift.astype(np.int64) - 1
    return Exact(
        negative=negative,
        significand=2 * whole + sticky,
        exponent=np.where(known, exponent, 0),
        infinite=numerator.infinite & ~nan,
        nan=nan,
    )


def cut(exact: Exact, width: int) -> Exact:
    """The values with significands of at most `width` bits, rounded toward zero."""
    short = reduced(exact)
    excess = np.maximum(bit_length(short.significand) - width, 0)
    shift = excess.astype(short.significand.dtype)
    return dataclasses.replace(
        short, significand=short.significand >> shift, exponent=short.exponent + excess
    )


def reciprocal(exact: Exact, bits: int, dividend: int = 1) -> Exact:
    """dividend/x as a reciprocal unit gives it: in (1/2, 1] it has `bits` bits behind the point,
    rounded to nearest, ties upwards.

    Its relative error is less than 2^-bits, and a power of two has none. Zero and infinity
    give zero, as in `ratio`.
    """
    short = reduced(exact)
    known = short.finite & ~short.zero
    significand = np.where(known, short.significand, 1).astype(object)
    above = significand * 0 + dividend
    # Of one length, they have a quotient from 1/2 to 2.
    shift = bit_length(above) - bit_length(significand)
    above = above << np.maximum(-shift, 0).astype(object)
    below = significand << np.maximum(shift, 0).astype(object)
    large = np.asarray(above > below, bool)
    below = below << large.astype(object)
    code = ((above << bits + 1) + below) // (2 * below)
    exponent = np.where(known, shift + large - short.exponent - bits, 0)
    return Exact(
        negative=short.negative,
        significand=np.where(known, code, 0).astype(np.int64),
        exponent=exponent,
        infinite=np.zeros(known.shape, bool),
        nan=short.nan,
    )
