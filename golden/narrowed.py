"""Rounding to fewer fraction bits than the result's format has."""

from dataclasses import replace

import numpy as np

from .exact import Exact
from .formats import Format, Specials
from .rounding import Flags, Overflow, RandomBits, Rounding
from .scalar_format import ScalarFormat

__all__ = ["round_narrowed"]


def round_narrowed(
    fmt: ScalarFormat,
    exact: Exact,
    keep: int | None,
    rounding: Rounding,
    overflow: Overflow,
    *,
    random: RandomBits | None = None,
) -> tuple[np.ndarray, Flags]:
    """Codes whose last fraction bits are zeros, all but the first `keep`; see `Format.round`.

    The magnitude is rounded as if the fraction had no more than these bits. What it is then
    has a code, or is beyond the largest finite value, which keeps all of its bits.
    """
    if keep is None or not isinstance(fmt, Format) or keep == fmt.fraction:
        return fmt.round(exact, rounding, overflow, random)
    # One exponent bit more, so that what is beyond the format stays so.
    narrow = fmt.replace(
        sign=True, exponent=fmt.exponent + 1, fraction=keep, specials=Specials.NONE
    )
    finite = replace(exact, infinite=np.zeros_like(exact.nan), nan=np.zeros_like(exact.nan))
    codes, first = narrow.round(finite, rounding, random=random)
    kept = replace(narrow.unpack(codes), infinite=exact.infinite, nan=exact.nan)
    kept = replace(kept, negative=exact.negative)
    codes, second = fmt.round(kept, rounding, overflow, random)
    return codes, Flags(
        overflow=second.overflow,
        underflow=second.underflow | (first.underflow & exact.finite),
        inexact=second.inexact | (first.inexact & exact.finite),
        invalid=second.invalid,
    )
