"""2^x for negative x from a table."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from functools import cache

import numpy as np

from .softmax_rivals import FRACTION, corrected_fraction

__all__ = ["OCTAVES", "PowerTable"]

#: Powers so many octaves or more below the largest possible one are zero.
OCTAVES = 16

#: Digits of the arithmetic that entries are found in; they have at most 24 bits, or 8 digits.
DIGITS = 40


@dataclass(frozen=True)
class PowerTable:
    """2^(x + 1) for negative x, as integers in units of 2^-`exact_fraction`.

    The table has the powers of `octaves` octaves, those next to zero. A power of others is that of
    an x in these, moved right. Where there are no others, entries are the nearest integers. Else
    they are cut off, as what is moved is, and one more bit, a one, stands for the middle of what
    may have been cut off. From 16 octaves below zero on, a power is zero.

    Attributes
    ----------
    argument_fraction
        Fraction bits of x.
    octaves
        Those in the table: 1, 4 or 16.
    fraction
        Fraction bits of an entry.
    corrected
        Entries are 1 + f for 2^f, with f corrected as by SoftEx, which has 7 bits.
    """

    argument_fraction: int
    octaves: int
    fraction: int
    corrected: bool = False

    @property
    def moved(self) -> bool:
        """Whether there are powers that are moved right."""
        return self.octaves < OCTAVES

    @property
    def exact_fraction(self) -> int:
        """Fraction bits of a power."""
        return self.fraction + self.moved

    @property
    def index_bits(self) -> int:
        """Bits of x, the last ones of its two's complement, that the table is indexed by."""
        return (self.octaves - 1).bit_length() + self.argument_fraction

    @property
    def entries(self) -> tuple[int, ...]:
        """The table."""
        return power_entries(self)

    @property
    def entry_bits(self) -> int:
        return max(self.entries).bit_length()

    @property
    def largest(self) -> int:
        """The largest power."""
        return 2 * max(self.entries) + 1 if self.moved else max(self.entries)

    def value(self, argument: np.ndarray) -> np.ndarray:
        """The powers for integers in steps of 2^-`argument_fraction`, all below zero."""
        argument = np.asarray(argument).astype(np.int64)
        octave = -1 - (argument >> self.argument_fraction)
        entry = np.array(self.entries, np.int64)[argument % 2**self.index_bits]
        # numpy's shifts have no meaning from 64 on.
        found = entry >> np.minimum(octave // self.octaves * self.octaves, 63)
        return np.where(octave < OCTAVES, 2 * found + 1 if self.moved else found, 0)


@cache
def power_entries(table: PowerTable) -> tuple[int, ...]:
    size = 2**table.index_bits
    if table.corrected:
        found = 2**FRACTION + corrected_fraction(np.arange(size))
        return tuple(int(entry) << table.fraction - FRACTION for entry in found)
    rounding = ROUND_FLOOR if table.moved else ROUND_HALF_EVEN
    with localcontext() as context:
        context.prec = DIGITS
        step = Decimal(2) ** -table.argument_fraction
        values = (
            Decimal(2) ** ((place - size) * step + 1 + table.fraction) for place in range(size)
        )
        return tuple(int(value.to_integral_value(rounding)) for value in values)
