"""Rounding once: from exact values to codes.

Codes of magnitudes are in the order of the magnitudes. A value therefore lies between the
magnitudes of two successive codes, called indices here, and rounding takes one of them.
"""

from typing import TYPE_CHECKING

import numpy as np

from .exact import INT64_BITS, Exact, bit_length
from .rounding import Flags, Overflow, RandomBits, Rounding

if TYPE_CHECKING:
    from .formats import Format

__all__ = ["round_exact"]

#: Binades above a fixed-point format's only one from which a value is beyond all its codes.
FAR = 60


def round_exact(
    fmt: "Format",
    exact: Exact,
    rounding: Rounding,
    overflow: Overflow,
    random: RandomBits | None = None,
) -> tuple[np.ndarray, Flags]:
    """The codes of exact values, and the exceptions raised; see `Format.round`."""
    index, inexact = round_to_index(fmt, exact, rounding, random)
    tiny = exact.finite & ~exact.zero & (exact.magnitude_log2 < fmt.min_exponent)
    tiny = tiny & (fmt.exponent > 0)
    if not fmt.zero:
        # Zero and what lies below the least value: index 0 is that value.
        small = exact.finite & (exact.zero | (index < 0))
        index, inexact, tiny = np.maximum(index, 0), inexact | small, tiny | small
    elif not fmt.subnormals:
        flushed = exact.finite & (index < fmt.min_index)
        index, inexact = np.where(flushed, 0, index), inexact | (flushed & ~exact.zero)

    clamped = exact.negative & ~exact.zero & ~exact.nan & (not fmt.sign)
    limit = fmt.max_index + (exact.negative & fmt.complement)
    over = (exact.infinite | (exact.finite & (index > limit))) & ~clamped
    index = np.where(clamped, 0, np.where(over, limit, index))
    codes = join(fmt, exact.negative & fmt.sign, index)
    if overflow is Overflow.SPECIAL:
        special = over & (exact.infinite | (rounding is not Rounding.TOWARD_ZERO))
        codes = replace_by_special(fmt, codes, special, exact.negative)
        over = over & ~(exact.infinite & fmt.has_infinity)
    codes = np.where(exact.nan, 0 if fmt.nan_code is None else fmt.nan_code, codes)
    flags = Flags(
        overflow=over,
        underflow=tiny & inexact & ~clamped,
        inexact=inexact | over | clamped,
        invalid=clamped | (exact.nan & (not fmt.has_nan)),
    )
    return codes, flags


def round_to_index(
    fmt: "Format", exact: Exact, rounding: Rounding, random: RandomBits | None
) -> tuple[np.ndarray, np.ndarray]:
    """Rounded index of each finite magnitude (unbounded), and whether it is inexact.

    The index of a magnitude is its code where there is one. Above the largest code the
    indices go on as if there were more exponents; below the least normal they do so only
    in formats without subnormals, where they are negative.
    """
    if fmt.step == 2:
        return round_to_power_of_4(fmt, exact, rounding, random)
    known = exact.finite & ~exact.zero
    significand = np.where(known, exact.significand, 0)
    log2 = np.where(known, exact.magnitude_log2, fmt.min_exponent)
    if not fmt.exponent:
        binade = np.full(log2.shape, fmt.min_exponent, np.int64)
    else:
        binade = np.maximum(log2, fmt.min_exponent) if fmt.subnormals else log2
    last = binade - fmt.fraction  # Exponent of the last bit kept.
    drop = np.where(known, last - exact.exponent, 0)
    # A fixed-point format has one binade: far above it, shifts would have no bound.
    far = log2 - last > FAR
    bits = int(bit_length(significand).max(initial=0))
    room = room_of(random)
    right = np.clip(drop, 0, bits + room)  # By more, nothing of the significand is left.
    left = np.where(far, 0, np.maximum(-drop, 0))
    if significand.dtype == object or bits + room > INT64_BITS:
        significand, right, left = (x.astype(object) for x in (significand, right, left))
    below = significand >> right
    rest = significand - (below << right)
    kept = np.where(far, 2**INT64_BITS, below << left).astype(np.int64)
    index = kept + (binade - fmt.min_exponent) * 2**fmt.fraction - (not fmt.zero)
    inexact = np.asarray(rest > 0, bool)
    up = rounding.goes_up(index, rest, (rest * 0 + 1) << right, random)
    return index + (inexact & up), inexact


def room_of(random: RandomBits | None) -> int:
    """Bits beyond those of a significand from which nothing but that it is not zero counts."""
    return 2 if random is None else random.bits + 2


def round_to_power_of_4(
    fmt: "Format", exact: Exact, rounding: Rounding, random: RandomBits | None
) -> tuple[np.ndarray, np.ndarray]:
    """`round_to_index` for radix 4: a neighbour is four times the one below it."""
    known = exact.finite & ~exact.zero
    # Two more bits, so that a power of four below a magnitude is an integer.
    significand = np.where(known, exact.significand, 0)
    room = room_of(random)
    longest = int(bit_length(significand).max(initial=0)) + 2
    if significand.dtype != object and longest + room + 2 > INT64_BITS:
        significand = significand.astype(object)
    significand = significand << 2
    log2 = np.where(known, exact.magnitude_log2, fmt.min_exponent - 1)
    index = (log2 - fmt.min_exponent) // 2 + 1  # That of the power below, which is 4^(E-b).
    if fmt.subnormals:
        index = np.maximum(index, 0)
    zero = (index == 0) & fmt.subnormals
    place = fmt.min_exponent + 2 * (index - 1)
    bits = int(bit_length(significand).max(initial=0))
    # Below the least value the next neighbour is that value, and the first one is zero.
    shift = np.where(known, np.where(zero, fmt.min_exponent, place) - exact.exponent + 2, 0)
    # By more, nothing of the significand is left.
    shift = np.clip(shift, 0, bits + room).astype(significand.dtype)
    power = (significand * 0 + 1) << shift
    rest = significand - np.where(zero | ~known, 0, power)
    inexact = np.asarray(rest > 0, bool)
    distance = np.where(zero, power, 3 * power)
    return index + (inexact & rounding.goes_up(index, rest, distance, random)), inexact


def join(fmt: "Format", negative: np.ndarray, index: np.ndarray) -> np.ndarray:
    if fmt.complement:
        return np.where(negative, -index, index) & (2**fmt.width - 1)
    signed = negative & ((index > 0) | fmt.has_negative_zero)
    return index | (signed.astype(np.int64) << fmt.magnitude_width)


def replace_by_special(
    fmt: "Format", codes: np.ndarray, where: np.ndarray, negative: np.ndarray
) -> np.ndarray:
    """Codes with infinity at some places, or NaN in formats that have none."""
    infinity = fmt.magnitude_codes.infinity
    if infinity is not None:
        codes = np.where(where, join(fmt, negative, np.full(codes.shape, infinity)), codes)
    elif fmt.nan_code is not None:
        codes = np.where(where, fmt.nan_code, codes)
    return codes
