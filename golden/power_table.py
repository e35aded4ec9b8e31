"""Tables that a softmax by tables looks up: powers of two, and reciprocals or logarithms of sums."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

import numpy as np

__all__ = ["OCTAVES", "PowerTable", "logarithms", "reciprocals"]

#: Powers so many octaves or more below the largest possible one are zero.
OCTAVES = 16

#: Digits of the arithmetic that entries are found in; they have at most 24 bits, or 8 digits.
DIGITS = 40


@dataclass(frozen=True)
class PowerTable:
    """2^x for negative x, as integers in units of 2^-`exact_fraction`.

    The table has the powers of `octaves` octaves, those next to zero. A power of others is that of
    an x in these, moved right. Where there are no others, entries are the nearest integers. Else
    they are cut off, as what is moved is, and one more bit, a one, stands for the middle of what
    may have been cut off. From 16 octaves below zero on, a power is zero.

    Attributes
    ----------
    argument_fraction
        Fraction bits of x.
    octaves
        Those in the table: 1, 4 or 16, or any other power of two up to that.
    fraction
        Fraction bits of an entry.
    scale
        What powers are multiplied with, as a power of two of so many steps of x.
    """

    argument_fraction: int
    octaves: int
    fraction: int
    scale: int

    @property
    def moved(self) -> bool:
        """Whether there are powers that are moved right."""
        return self.octaves < OCTAVES

    @property
    def exact_fraction(self) -> int:
        """Fraction bits of a power."""
        return self.fraction + self.moved

    @property
    def octave_bits(self) -> int:
        """Bits of x before the point that the table is indexed by."""
        return (self.octaves - 1).bit_length()

    @property
    def index_bits(self) -> int:
        return self.octave_bits + self.argument_fraction

    @property
    def entries(self) -> tuple[int, ...]:
        """The table: for the last `index_bits` bits of x in two's complement."""
        return power_entries(self)

    @property
    def width(self) -> int:
        """Bits of an entry."""
        return max(self.entries).bit_length()

    def value(self, argument: np.ndarray) -> np.ndarray:
        """The powers for integers in steps of 2^-`argument_fraction`, all below zero."""
        argument = np.asarray(argument).astype(np.int64)
        octave = -1 - (argument >> self.argument_fraction)
        entry = np.array(self.entries, np.int64)[argument & 2**self.index_bits - 1]
        # numpy's shifts have no meaning from 64 on.
        found = entry >> np.minimum(octave // self.octaves * self.octaves, 63)
        return np.where(octave < OCTAVES, 2 * found + 1 if self.moved else found, 0)


@cache
def power_entries(table: PowerTable) -> tuple[int, ...]:
    size = 2**table.index_bits
    rounding = ROUND_FLOOR if table.moved else ROUND_HALF_EVEN
    with localcontext() as context:
        context.prec = DIGITS
        step = Decimal(2) ** -table.argument_fraction
        values = (
            Decimal(2) ** ((place - size + table.scale) * step + table.fraction)
            for place in range(size)
        )
        return tuple(int(value.to_integral_value(rounding)) for value in values)


@cache
def reciprocals(index_bits: int, fraction: int) -> tuple[int, ...]:
    """1 / t for t from 1 to 2, as integers in units of 2^-`fraction`.

    An entry is the nearest number to 1 / t in the middle of its step, of which there are
    2^`index_bits`: that has the least maximum error, relative to 1 / t.
    """
    steps = 2**index_bits
    # 1 / (1 + (2 k + 1) / (2 steps)) = 2 steps / (2 steps + 2 k + 1), to nearest.
    return tuple(
        (2 ** (fraction + 1) * 2 * steps + middle) // (2 * middle)
        for middle in range(2 * steps + 1, 4 * steps, 2)
    )


@cache
def logarithms(index_bits: int, fraction: int) -> tuple[int, ...]:
    """log2(t) for t from 1 to 2, in the middle of each of 2^`index_bits` steps, below 1."""
    steps = 2**index_bits
    with localcontext() as context:
        context.prec = DIGITS
        ln2 = Decimal(2).ln()
        found = []
        for middle in range(2 * steps + 1, 4 * steps, 2):
            value = (Decimal(middle) / (2 * steps)).ln() / ln2 * 2**fraction
            found.append(min(int(value.to_integral_value(ROUND_HALF_EVEN)), 2**fraction - 1))
        return tuple(found)
