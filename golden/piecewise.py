"""Functions in segments of lines: tables of 2^f and of 1/t, and how far they are from these.

The interval of the argument is cut into segments of one length, in each of which a line stands for
the function. The lines are found in decimal arithmetic of many digits, and only then rounded.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import cache
from math import ceil

import numpy as np

__all__ = ["MAX_SEGMENTS", "Curve", "Fit", "Line", "Piecewise", "lines", "piecewise"]

#: Digits of the arithmetic that lines are found in; tables have at most 24 bits, or 8 digits.
DIGITS = 60

#: Most segments of a table.
MAX_SEGMENTS = 64


class Curve(StrEnum):
    """What a table stands for, as a function of the part f of its interval, from 0 to 1."""

    #: 2^f, which goes from 1 to 2.
    POWER = "power"
    #: 1 / (1 + f), which goes from 1 to 1/2.
    RECIPROCAL = "reciprocal"

    def at(self, part: Decimal) -> Decimal:
        """The function's value."""
        return Decimal(2) ** part if self is Curve.POWER else 1 / (1 + part)

    def middle(self, start: Decimal, slope: Decimal) -> Decimal:
        """Where the function has the slope of a chord: the deviation from it is greatest there."""
        if self is Curve.POWER:
            return (slope / Decimal(2).ln()).ln() / Decimal(2).ln()
        # The slope is -1 / (1 + f)^2.
        return (-1 / slope).sqrt() - 1


class Fit(StrEnum):
    """Which line stands for the function in a segment."""

    #: That through the function's values at both ends.
    CHORD = "chord"
    #: That of the least maximum error, which is half of the chord's.
    MINIMAX = "minimax"


@dataclass(frozen=True)
class Line:
    """A line over a segment: its value at the start, its slope, and its greatest error."""

    low: Decimal
    slope: Decimal
    error: Decimal


@cache
def lines(curve: Curve, segments: int, fit: Fit) -> tuple[Line, ...]:
    """The lines of a function in segments of equal length, before anything is rounded.

    Both functions are convex: the chord is above the function, and the line of least error is
    the chord, lowered by half of its greatest deviation.
    """
    found = []
    with localcontext() as context:
        context.prec = DIGITS
        for place in range(segments):
            start, end = Decimal(place) / segments, Decimal(place + 1) / segments
            low, high = curve.at(start), curve.at(end)
            slope = (high - low) * segments
            middle = curve.middle(start, slope)
            deviation = low + slope * (middle - start) - curve.at(middle)
            if fit is Fit.CHORD:
                found.append(Line(low, slope, deviation))
            else:
                found.append(Line(low - deviation / 2, slope, deviation / 2))
    return tuple(found)


@dataclass(frozen=True)
class Piecewise:
    """A table of lines, rounded to integers: what hardware computes.

    For an argument of `argument_bits` bits, the first ones are the segment k and the others are
    the distance g from its start. The value is `lows[k]` / 2^fraction
    + `slopes[k]` / 2^slope_fraction * g / 2^argument_bits, in units of 2^-exact_fraction.

    Attributes
    ----------
    lows, slopes
        Integers, one a segment. All slopes are zero where there is no distance.
    error
        A bound for the difference from the function, rounding of the table included.
    """

    curve: Curve
    argument_bits: int
    fraction: int
    slope_fraction: int
    lows: tuple[int, ...]
    slopes: tuple[int, ...]
    error: float

    @property
    def distance_bits(self) -> int:
        """Bits of an argument's distance from the start of its segment."""
        return self.argument_bits - (len(self.lows) - 1).bit_length()

    @property
    def exact_fraction(self) -> int:
        """Fraction bits of a value: all that a product of slope and distance has."""
        if not self.distance_bits:
            return self.fraction
        return max(self.fraction, self.slope_fraction + self.argument_bits)

    def value(self, argument: np.ndarray) -> np.ndarray:
        """The exact values of the lines at integer arguments, times 2^exact_fraction."""
        argument = np.asarray(argument).astype(np.int64)
        segment = argument >> self.distance_bits
        distance = argument - (segment << self.distance_bits)
        scale = self.exact_fraction
        low = np.array(self.lows, np.int64)[segment] << (scale - self.fraction)
        if not self.distance_bits:
            return low
        step = scale - self.slope_fraction - self.argument_bits
        return low + (np.array(self.slopes, np.int64)[segment] * distance << step)


@cache
def piecewise(
    curve: Curve, segments: int, fit: Fit, *, argument_bits: int, fraction: int, slope_fraction: int
) -> Piecewise:
    """The table of a function.

    Parameters
    ----------
    segments
        A power of two, or 0 for the value 1 everywhere: a power of two alone. Segments shorter
        than a step of the argument are left out, and what has no room for a line is exact.
    argument_bits
        Bits of the argument f, an integer from 0 to 2^argument_bits - 1.
    fraction, slope_fraction
        Fraction bits of the values at the starts of segments, and of slopes.

    Raises
    ------
    ValueError
        If the number of segments is no power of two, or too large.
    """
    if segments and (segments & segments - 1 or segments > MAX_SEGMENTS):
        raise ValueError(
            f"Segments must be 0 or a power of two up to {MAX_SEGMENTS}, not {segments}"
        )
    if not segments:
        worst = abs(float(curve.at(Decimal(1))) - 1)
        return Piecewise(curve, argument_bits, fraction, 0, (2**fraction,), (0,), worst)
    segments = min(segments, 2**argument_bits)
    exact = segments == 2**argument_bits
    # At the start of a segment the chord is the function.
    found = lines(curve, segments, Fit.CHORD if exact else fit)
    half = Decimal(1) / 2
    with localcontext() as context:
        context.prec = DIGITS
        lows = tuple(nearest(line.low * 2**fraction) for line in found)
        slopes = tuple(0 if exact else nearest(line.slope * 2**slope_fraction) for line in found)
        rounding = half / 2**fraction
        if not exact:
            rounding += half / 2**slope_fraction / segments
        error = rounding + (0 if exact else max(line.error for line in found))
    return Piecewise(curve, argument_bits, fraction, slope_fraction, lows, slopes, float(error))


def nearest(value: Decimal) -> int:
    """The nearest integer; no value that comes here is a tie, but for integers."""
    return ceil(value - Decimal(1) / 2)
