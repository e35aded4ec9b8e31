"""The pass before normalisation: powers of two, and their sum below a running maximum.

All numbers are integers in the units of their formats. A *beat* is what comes in one cycle: one
element for each lane, all of one row.
"""

from dataclasses import dataclass

import numpy as np

from .piecewise import Piecewise

__all__ = ["Online", "Powers", "beat_tops", "online", "powers", "segmented_maximum"]


@dataclass(frozen=True)
class Online:
    """The fixed-point units of the pass.

    Attributes
    ----------
    argument_fraction
        Fraction bits of the arguments.
    lowest
        The running maximum before the first element: the least argument, as an integer.
    table
        Lines for 2^f, for f with as many bits as the arguments' fraction.
    power_fraction, total_fraction
        Fraction bits of powers, and of the running sum.
    """

    argument_fraction: int
    lowest: int
    table: Piecewise
    power_fraction: int
    total_fraction: int


@dataclass(frozen=True)
class Powers:
    """What the pass gives for each beat.

    Attributes
    ----------
    powers
        2^(argument - top), one column a lane; zero for an element that is masked.
    tops
        The running maximum: the least integer that no argument of the row so far exceeds.
    totals
        The sum of the row's powers so far, below that maximum.
    """

    powers: np.ndarray
    tops: np.ndarray
    totals: np.ndarray


def online(units: Online, arguments: np.ndarray, mask: np.ndarray, first: np.ndarray) -> Powers:
    """Run the pass over beats in order.

    Parameters
    ----------
    arguments
        Integers, a row of elements for each beat.
    mask
        Whether an element is left out, of the same shape.
    first
        Whether a beat begins a row.
    """
    # The lowest argument changes no maximum.
    arguments = np.where(mask, units.lowest * 2**units.argument_fraction, arguments)
    tops = segmented_maximum(beat_tops(units, arguments), first)
    found = powers(units, arguments, tops)
    found = np.where(mask, 0, found)
    dropped = units.power_fraction - units.total_fraction
    beat_sums = found.sum(axis=1)
    # To nearest, ties up: what is lost below the last bit has hardly any bias.
    half = 2**dropped >> 1 if dropped > 0 else 0
    beat_sums = (beat_sums + half) * 2 ** max(-dropped, 0) >> max(dropped, 0)
    return Powers(found, tops, running_totals(beat_sums, tops, first))


def beat_tops(units: Online, arguments: np.ndarray) -> np.ndarray:
    """The least integer that no argument of a beat exceeds."""
    return -(-arguments.max(axis=1) // 2**units.argument_fraction)


def segmented_maximum(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The maximum of the values so far, anew from each first one on."""
    # A row is lifted above all values of those before.
    span = int(values.max(initial=0)) - int(values.min(initial=0)) + 1
    lift = np.cumsum(first) * span
    return np.maximum.accumulate(values + lift) - lift


def powers(units: Online, arguments: np.ndarray, tops: np.ndarray) -> np.ndarray:
    """2^(argument - top) for each lane, with the bits below the last one cut off."""
    size = 2**units.argument_fraction
    whole = arguments // size
    value = units.table.value(arguments - whole * size)
    cut = units.table.exact_fraction - units.power_fraction
    shift = tops[:, np.newaxis] - whole + cut
    # numpy's shifts have no meaning from 64 on.
    return value >> np.minimum(shift, 63)


def running_totals(
    beat_sums: np.ndarray, tops: np.ndarray, first: np.ndarray, *, reach: int = 64
) -> np.ndarray:
    """Sums of a row so far; those before are moved right where the maximum grows.

    Where it grows by `reach` or more, nothing is left of them. One beat of all rows at a time,
    because a shift cuts bits and so the order counts.
    """
    starts = np.flatnonzero(first)
    lengths = np.diff(np.append(starts, len(first)))
    totals = np.zeros_like(beat_sums)
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], lengths[order]
    total = np.zeros(len(starts), np.int64)
    for place in range(int(lengths.max(initial=0))):
        going = np.searchsorted(-lengths, -place)
        at = starts[:going] + place
        grown = tops[at] - tops[at - 1] if place else np.zeros(going, np.int64)
        total = np.where(grown < reach, total[:going] >> np.minimum(grown, 63), 0)
        total += beat_sums[at]
        totals[at] = total
    return totals
