"""The pass that normalises: one reciprocal a row, one product an element."""

from dataclasses import dataclass

import numpy as np

from .exact import Exact, bit_length
from .online_softmax import Online
from .piecewise import Piecewise

__all__ = ["Normaliser", "least_total", "normalised", "reciprocals"]


@dataclass(frozen=True)
class Normaliser:
    """The fixed-point units of the pass.

    Attributes
    ----------
    power_fraction, total_fraction
        Fraction bits of powers, and of their sum.
    total_bits
        Width of the sum.
    least
        The least sum of a row that is not all masked, in units of its last bit.
    table
        Lines for 1 / (1 + f), for f with a bit less than the sum has.
    reciprocal_fraction
        Fraction bits of a reciprocal of 1 to 2.
    """

    power_fraction: int
    total_fraction: int
    total_bits: int
    least: int
    table: Piecewise
    reciprocal_fraction: int

    @property
    def floor_bits(self) -> int:
        """Bits below the leading one of the least sum: no sum of a row is below 2^floor_bits."""
        return max(self.least.bit_length() - 1, 0)


def reciprocals(units: Normaliser, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers r and p for each sum, with 1 / sum about r * 2^(p - reciprocal_fraction).

    The sum is 2^-p times a number t from 1 to 2, and r stands for 1 / t: the line's value to
    nearest, ties up. Where the sum is zero, or less than that of any row, r is zero.
    """
    length = bit_length(totals)
    # The sum with its leading one first, and that one left out.
    part = (totals << (units.total_bits - length)) - 2 ** (units.total_bits - 1)
    known = totals >= 2**units.floor_bits
    value = units.table.value(np.where(known, part, 0))
    cut = units.table.exact_fraction - units.reciprocal_fraction
    rounded = (value + 2 ** (cut - 1)) >> cut if cut > 0 else value << -cut
    return np.where(known, rounded, 0), units.total_fraction + 1 - length


def normalised(
    units: Normaliser,
    powers: np.ndarray,
    tops: np.ndarray,
    row_tops: np.ndarray,
    row_totals: np.ndarray,
) -> Exact:
    """The exact products that results are rounded from, once.

    A power is first moved right by what the maximum has grown since, and bits below its last
    one are cut off. It is then what it would be had the row's maximum been known before. Below
    a row's maximum that is less than its own, which no row has, it is zero.

    Parameters
    ----------
    powers
        A row of lanes for each beat.
    tops, row_tops, row_totals
        The maximum at the beat; that of the whole row, and the row's sum. One each beat.
    """
    grown = np.minimum(row_tops - tops, 63)
    moved = np.where(grown[:, np.newaxis] < 0, 0, powers >> np.maximum(grown, 0)[:, np.newaxis])
    factor, exponent = reciprocals(units, row_totals)
    exponent = exponent - units.reciprocal_fraction - units.power_fraction
    nothing = np.zeros(powers.shape, bool)
    return Exact(
        negative=nothing,
        significand=moved * factor[:, np.newaxis],
        exponent=np.broadcast_to(exponent[:, np.newaxis], powers.shape),
        infinite=nothing,
        nan=nothing,
    )


def least_total(units: Online) -> int:
    """The least sum of a row that is not all masked, in units of its last bit.

    A beat with the row's largest argument has a power above 1/2 or so, rounded alone.
    """
    size = 2**units.argument_fraction
    cut = units.table.exact_fraction - units.power_fraction
    values = units.table.value(np.arange(size)) >> cut
    # Whole arguments are at the top, others below it by less than one.
    least = min([int(values[0]), *(int(value) >> 1 for value in values[1:])])
    dropped = units.power_fraction - units.total_fraction
    return (least + 2 ** (dropped - 1)) >> dropped if dropped > 0 else least << -dropped
