"""How an exact value becomes a representable one: roundings, overflow policies and flags.

Magnitudes of a format are ordered like their codes, so rounding is a choice between two
neighbouring *indices* (see `Format.round`). The functions here make that choice.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np

__all__ = [
    "DEFAULT_RANDOM_BITS",
    "MAX_RANDOM_BITS",
    "Flags",
    "Overflow",
    "RandomBits",
    "Rounding",
    "block_random_bits",
    "choice",
]

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


#: Most bits of a random word.
MAX_RANDOM_BITS = 32

#: Bits of a random word where a block's configuration does not say how many.
DEFAULT_RANDOM_BITS = 8


@dataclass(frozen=True)
class RandomBits:
    """The random words of stochastic roundings.

    Parameters
    ----------
    words
        Unsigned integers below 2^bits; one a value, or of any shape that is broadcast with that
        of the values, as all words against a column of values.
    bits
        How many bits a word has: 1 to 32.

    Raises
    ------
    TypeError, ValueError
        If the words are no integers, or one is out of range, or the bits are.
    """

    words: np.ndarray
    bits: int

    def __post_init__(self) -> None:
        if not isinstance(self.bits, int) or isinstance(self.bits, bool):
            raise TypeError(f"Random bits must be a number of bits, not {self.bits!r}")
        if not 1 <= self.bits <= MAX_RANDOM_BITS:
            raise ValueError(f"Random bits must be 1 to {MAX_RANDOM_BITS}, not {self.bits}")
        words = np.asarray(self.words)
        if words.dtype.kind not in "ui":
            raise TypeError(f"Random words must be integers, not {words.dtype}")
        for word in (words.min(), words.max()) if words.size else ():
            if not 0 <= int(word) < 2**self.bits:
                raise ValueError(f"Random words must be 0 to {2**self.bits - 1}, not {word}")
        object.__setattr__(self, "words", words.astype(np.int64))


def block_random_bits(rounding: "Rounding", bits: int, what: str | None) -> int:
    """The bits of a block's port `random`, from its options `rounding` and `random_bits`.

    Parameters
    ----------
    bits
        The option; 0 stands for `DEFAULT_RANDOM_BITS` with a stochastic rounding.
    what
        What is not rounded; None if the block rounds.

    Raises
    ------
    ValueError
        If the options contradict each other, or a stochastic rounding has nothing to round.
    """
    if not rounding.stochastic:
        if bits:
            raise ValueError(f"Option random_bits must be 0 with rounding {rounding}, not {bits}")
        return 0
    if what is not None:
        raise ValueError(f"Option rounding must not be {rounding} for {what}, which is not rounded")
    return bits or DEFAULT_RANDOM_BITS


class Rounding(StrEnum):
    """Which of the two neighbours an exact value goes to.

    The first three are of IEEE 754-2019 section 4.3, all of IEEE P3109 (interim report v4.0).

    The stochastic ones take N random bits R with each value. Let v be how far the magnitude is on
    the way from the lesser neighbour to the greater one, from 0 to 1. The greater one is taken
    if a number of N bits that stands for v, and R, are 2^N or more together. So it is taken for
    as many of the 2^N words as that number says.
    """

    #: The nearer one; a tie goes to the even code.
    NEAREST_EVEN = "nearest-even"
    #: The one of lesser magnitude.
    TOWARD_ZERO = "toward-zero"
    #: The nearer one; a tie goes to the greater magnitude.
    HALF_AWAY = "half-away"
    #: The one whose code is odd (P3109 ToOdd; the sticky rounding of RISC-V's dot products).
    #: Rounded again, to nearest and two bits shorter or more, it is as if rounded once.
    TO_ODD = "to-odd"
    #: v cut to N bits: floor(v 2^N) + R >= 2^N. Cheapest; too low by half a step of N bits.
    STOCHASTIC_A = "stochastic-a"
    #: v rounded to N bits, a tie upwards: floor(v 2^(N+1)) + 2R + 1 >= 2^(N+1).
    STOCHASTIC_B = "stochastic-b"
    #: v rounded to N bits, a tie to even: the mean of all words is that of all v.
    STOCHASTIC_C = "stochastic-c"

    @property
    def stochastic(self) -> bool:
        """Whether the rounding takes random bits."""
        return self in (Rounding.STOCHASTIC_A, Rounding.STOCHASTIC_B, Rounding.STOCHASTIC_C)

    def check_random(self, random: RandomBits | None) -> None:
        """Raise `ValueError` unless there are random bits if and only if they are needed."""
        if self.stochastic and random is None:
            raise ValueError(f"Rounding {self} must be given random bits")
        if random is not None and not self.stochastic:
            raise ValueError(f"Rounding {self} must be given no random bits, which it cannot use")

    def goes_up(
        self,
        index: np.ndarray,
        rest: np.ndarray,
        unit: np.ndarray,
        random: RandomBits | None = None,
    ) -> np.ndarray:
        """Whether an inexact magnitude goes up to the next index.

        Parameters
        ----------
        index
            Index of the neighbour of lesser magnitude.
        rest
            What the exact magnitude has above that neighbour.
        unit
            The distance between the neighbours, in the unit of the rest. Integers must have room
            for both, times 2^(N+1) with N random bits, and times 2 without.
        random
            The words of stochastic roundings, broadcast with the others.
        """
        self.check_random(random)
        match self:
            case Rounding.TOWARD_ZERO:
                up = np.zeros(index.shape, bool)
            case Rounding.HALF_AWAY:
                up = 2 * rest >= unit
            case Rounding.NEAREST_EVEN:
                up = (2 * rest > unit) | ((2 * rest == unit) & (index % 2 == 1))
            case Rounding.TO_ODD:
                up = index % 2 == 0
            case Rounding.STOCHASTIC_A | Rounding.STOCHASTIC_B | Rounding.STOCHASTIC_C:
                assert random is not None
                up = self._reaches_one(rest, unit, random.words, random.bits)
        return np.asarray(up, bool)

    def _reaches_one(
        self, rest: np.ndarray, unit: np.ndarray, words: np.ndarray, bits: int
    ) -> np.ndarray:
        """Whether rest / unit, as the rounding takes it, and a random word make 1 or more."""
        if self is Rounding.STOCHASTIC_B:
            return (rest << bits + 1) // unit + 2 * words + 1 >= 2 ** (bits + 1)
        whole = (rest << bits) // unit
        if self is Rounding.STOCHASTIC_C:
            left = (rest << bits) - whole * unit
            whole = whole + ((2 * left > unit) | ((2 * left == unit) & (whole % 2 == 1)))
        return whole + words >= 2**bits


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
