"""How an exact value becomes a representable one: roundings, overflow policies and flags.

Magnitudes of a format are ordered like their codes, so rounding is a choice between two
neighbouring *indices* (see `Format.round`). The functions here make that choice.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

__all__ = ["Flags", "Overflow", "Rounding", "choice"]

Choice = TypeVar("Choice", bound=StrEnum)


def choice(kind: type[Choice], value: str, what: str) -> Choice:
    """The member of an enumeration that a text names.

    Raises
    ------
    ValueError
        If it names none; the message has all that there are.
    """
    if value not in list(kind):
        *others, last = kind
        raise ValueError(f"{what} must be {', '.join(others)} or {last}, not {value!r}")
    return kind(value)


class Rounding(StrEnum):
    """Which of the two neighbours an exact value goes to (IEEE 754-2019 section 4.3)."""

    #: The nearer one; a tie goes to the even code.
    NEAREST_EVEN = "nearest-even"
    #: The one of lesser magnitude.
    TOWARD_ZERO = "toward-zero"
    #: The nearer one; a tie goes to the greater magnitude.
    HALF_AWAY = "half-away"
    #: The one whose code is odd (P3109 ToOdd; the sticky rounding of RISC-V's dot products).
    #: Rounded again, to nearest and two bits shorter or more, it is as if rounded once.
    TO_ODD = "to-odd"

    def goes_up(self, index: np.ndarray, twice_rest: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Whether an inexact magnitude goes up to the next index.

        Parameters
        ----------
        index
            Index of the neighbour of lesser magnitude.
        twice_rest
            Twice what the exact magnitude has above that neighbour.
        unit
            The distance between the neighbours, in the unit of the rest.
        """
        match self:
            case Rounding.TOWARD_ZERO:
                return np.zeros(index.shape, bool)
            case Rounding.HALF_AWAY:
                return np.asarray(twice_rest >= unit, bool)
            case Rounding.NEAREST_EVEN:
                tie = np.asarray(twice_rest == unit, bool)
                return np.asarray(twice_rest > unit, bool) | (tie & (index % 2 == 1))
            case Rounding.TO_ODD:
                return np.asarray(index % 2 == 0, bool)


class Overflow(StrEnum):
    """What becomes of a magnitude above the largest finite one, infinity included."""

    #: The largest finite magnitude (OCP OFP8 v1.0 saturating mode, P3109 SatFinite).
    SATURATE = "saturate"
    #: Infinity, or NaN in a format without infinity (OCP OFP8 v1.0 non-saturating mode);
    #: a format with neither saturates.
    SPECIAL = "special"


@dataclass(frozen=True)
class Flags:
    """Exceptions raised by a rounding, one boolean array each."""

    #: The rounded magnitude was above the largest finite one, or infinity was not kept.
    overflow: np.ndarray
    #: The exact magnitude was below the least normal one, and the result is inexact
    #: (tininess before rounding, as IEEE 754-2019 section 7.5 allows).
    underflow: np.ndarray
    #: The result differs from the exact value.
    inexact: np.ndarray
    #: There is no such value: NaN from operands that were none, NaN into a format without
    #: NaN, or a negative value into a format without a sign.
    invalid: np.ndarray
