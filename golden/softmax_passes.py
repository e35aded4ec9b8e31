"""The two passes of a softmax, each alone: powers of beats, and results of whole rows."""

from typing import TYPE_CHECKING

import numpy as np

from .exact import Exact
from .online_softmax import Powers, online
from .rounding import Overflow, Rounding
from .softmax_normaliser import normalised

if TYPE_CHECKING:
    from .softmax import SoftmaxConfig

__all__ = ["arguments", "normalise", "unnormalised"]


def arguments(
    config: "SoftmaxConfig", codes: np.ndarray, mask: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Scores as integers in the unit of the format `argument`, and what is left out."""
    exact = config.a.unpack(codes)
    left_out = exact.infinite & exact.negative & ~exact.nan
    if mask is not None:
        left_out = left_out | np.asarray(mask).astype(bool)
    if config.log2e_bits:
        exact = exact * Exact.from_integers(np.array(config.log2e)).scaled(-config.log2e_bits)
    rounded, _ = config.argument.round(exact, Rounding.NEAREST_EVEN, Overflow.SATURATE)
    half = 2 ** (config.argument.width - 1)
    return (rounded.astype(np.int64) ^ half) - half, left_out


def unnormalised(
    config: "SoftmaxConfig", codes: np.ndarray, mask: np.ndarray | None, last: np.ndarray
) -> Powers:
    """The first pass alone: powers, tops and sums of beats.

    Parameters
    ----------
    codes, mask
        Scores, a row of lanes for each beat, and which of them are left out.
    last
        Whether a beat ends a row; the first one begins one.
    """
    first = np.roll(np.asarray(last).astype(bool), 1)
    first[:1] = True
    return online(config.online, *arguments(config, codes, mask), first)


def normalise(config: "SoftmaxConfig", found: Powers, last: np.ndarray) -> np.ndarray:
    """The second pass alone: codes of the results of whole rows."""
    ends = np.flatnonzero(last)
    row_end = ends[np.searchsorted(ends, np.arange(len(last)))]
    exact = normalised(
        config.normaliser,
        found.powers,
        found.tops,
        found.tops[row_end],
        found.totals[row_end],
    )
    return config.out.round(exact, config.rounding, Overflow.SATURATE)[0]
