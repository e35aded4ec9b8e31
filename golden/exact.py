"""Arrays of exact binary values: what codes mean before anything is rounded."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Exact", "bit_length"]

#: Significands of at most this many bits are held in int64, wider ones as Python integers.
INT64_BITS = 62


def bit_length(values: np.ndarray) -> np.ndarray:
    """Bit length of each non-negative integer."""
    if values.dtype == object:
        return np.asarray(np.frompyfunc(int.bit_length, 1, 1)(values)).astype(np.int64)
    # float64 holds 31-bit halves exactly, so that frexp's exponent is their bit length.
    high, low = values >> 31, values & 0x7FFFFFFF
    return np.where(high > 0, 31 + np.frexp(high)[1], np.frexp(low)[1]).astype(np.int64)


@dataclass(frozen=True)
class Exact:
    """Values (-1)^negative * significand * 2^exponent, or infinities, or NaN.

    All members are arrays of one shape. Where `nan` or `infinite` is set, `significand` and
    `exponent` mean nothing.
    """

    negative: np.ndarray
    significand: np.ndarray
    exponent: np.ndarray
    infinite: np.ndarray
    nan: np.ndarray

    @classmethod
    def from_floats(cls, values: ArrayLike) -> Self:
        """The exact values of an array of floats of up to 64 bits, or of integers.

        Raises
        ------
        TypeError
            If the values are of another kind, whose conversion would not be exact.
        """
        array = np.asarray(values)
        if array.dtype.kind in "ui":
            return cls.from_integers(array)
        if array.dtype.kind in "cOSUMm" or array.dtype.itemsize > 8:
            raise TypeError(f"Values must be integers or floats of 64 bits, not {array.dtype}")
        with np.errstate(invalid="ignore"):  # A signalling NaN is as good as any.
            floats = array.astype(np.float64)
        finite = np.isfinite(floats)
        fraction, exponent = np.frexp(np.where(finite, np.abs(floats), 0.0))
        return cls(
            negative=np.signbit(floats),
            significand=np.ldexp(fraction, 53).astype(np.int64),
            exponent=exponent.astype(np.int64) - 53,
            infinite=np.isinf(floats),
            nan=np.isnan(floats),
        )

    @classmethod
    def from_integers(cls, values: np.ndarray) -> Self:
        """The exact values of an array of integers."""
        negative = values < 0
        # The least int64 has no negative in int64.
        wide = values.astype(object if values.dtype.itemsize == 8 else np.int64)
        magnitude = np.asarray(np.where(negative, -wide, wide))
        if int(bit_length(magnitude).max(initial=0)) <= INT64_BITS:
            magnitude = magnitude.astype(np.int64)
        nothing = np.zeros(values.shape, bool)
        return cls(negative, magnitude, np.zeros(values.shape, np.int64), nothing, nothing)

    @property
    def zero(self) -> np.ndarray:
        return (self.significand == 0) & ~self.infinite & ~self.nan

    @property
    def finite(self) -> np.ndarray:
        return ~self.infinite & ~self.nan

    @property
    def magnitude_log2(self) -> np.ndarray:
        """floor(log2 |value|); means nothing for a zero."""
        return bit_length(self.significand) - 1 + self.exponent

    def __mul__(self, other: "Exact") -> "Exact":
        """Exact products; NaN for infinity times zero."""
        left, right = self.significand, other.significand
        bits = [int(bit_length(s).max(initial=0)) for s in (left, right)]
        if sum(bits) > INT64_BITS:
            left, right = left.astype(object), right.astype(object)
        infinite = self.infinite | other.infinite
        nan = self.nan | other.nan | (infinite & (self.zero | other.zero))
        return Exact(
            negative=self.negative ^ other.negative,
            significand=left * right,
            exponent=self.exponent + other.exponent,
            infinite=infinite & ~nan,
            nan=nan,
        )

    def scaled(self, power: np.ndarray | int) -> "Exact":
        """The values times 2^power."""
        return Exact(
            self.negative, self.significand, self.exponent + power, self.infinite, self.nan
        )

    def to_floats(self) -> np.ndarray:
        """The values as float64.

        Raises
        ------
        ValueError
            If a value has no exact float64.
        """
        known = self.finite & ~self.zero
        significand = np.where(known, self.significand, 0)
        # Without trailing zeros, so that the exponent tells whether a float64 goes as low.
        zeros = np.maximum(bit_length(significand & -significand) - 1, 0)
        significand = significand >> zeros
        exponent = np.where(known, self.exponent + zeros, 0)
        width = bit_length(significand)
        if not ((width <= 53) & (width + exponent <= 1024) & (exponent >= -1074)).all():
            raise ValueError("Values must each be a float64 to be converted, not beyond its range")
        # Two steps, because 2^exponent alone may be no float64.
        half = exponent // 2
        magnitude = np.ldexp(np.ldexp(significand.astype(np.float64), half), exponent - half)
        magnitude = np.where(self.infinite, np.inf, magnitude)
        return np.where(self.nan, np.nan, np.where(self.negative, -magnitude, magnitude))

    def to_fractions(self) -> list[Fraction | float]:
        """The values of a flat array as exact rationals; infinities and NaN as floats."""
        values: list[Fraction | float] = []
        for negative, significand, exponent, infinite, nan in zip(
            self.negative, self.significand, self.exponent, self.infinite, self.nan, strict=True
        ):
            sign = -1 if negative else 1
            if nan or infinite:
                values.append(float("nan") if nan else sign * float("inf"))
            else:
                values.append(sign * int(significand) * Fraction(2) ** int(exponent))
        return values

    def to_texts(self) -> list[str]:
        """The values for people: decimals where these are exact and short, else powers of two."""
        flat = Exact(*(np.atleast_1d(part) for part in vars(self).values()))
        values = zip(flat.to_fractions(), flat.negative, strict=True)
        return ["-0" if value == 0 and negative else to_text(value) for value, negative in values]


def to_text(value: Fraction | float) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if value == 0 or 2**-1000 < abs(value) < 2**1000:
        shown = f"{float(value):.10g}"
        if Fraction(shown) == value:
            return shown
    if value.denominator > 1:
        odd, power = value.numerator, 1 - value.denominator.bit_length()
    else:
        power = (value.numerator & -value.numerator).bit_length() - 1
        odd = value.numerator >> power
    return f"{'-' if odd < 0 else ''}2^{power}" if abs(odd) == 1 else f"{odd}*2^{power}"
