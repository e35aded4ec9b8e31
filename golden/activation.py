"""Activation functions between an exact sum and its rounding: themselves exact."""

from enum import StrEnum

import numpy as np

__all__ = ["Activation", "activate"]


class Activation(StrEnum):
    """What becomes of a number y."""

    #: y.
    NONE = "none"
    #: max(y, 0).
    RELU = "relu"
    #: min(max(y, 0), clip): PACT, Choi et al. 2018, arXiv 1805.06085, Eq. 1, with alpha as clip.
    CLIPPED_RELU = "clipped-relu"
    #: y, and y * 2^-slope where it is below zero.
    LEAKY_RELU = "leaky-relu"


def activate(
    activation: Activation, numbers: np.ndarray, *, slope: int = 0, clip: np.ndarray | None = None
) -> np.ndarray:
    """Numbers after an activation, exact.

    Parameters
    ----------
    numbers
        Integers in any unit.
    slope
        Of the leaky one. Its results are in the unit of the numbers times 2^-slope, so that none
        is rounded; all others are in that of the numbers.
    clip
        Of the clipped one: integers in the unit of the numbers, broadcast with them.
    """
    match activation:
        case Activation.RELU:
            return np.maximum(numbers, 0)
        case Activation.CLIPPED_RELU:
            assert clip is not None
            return np.minimum(np.maximum(numbers, 0), clip)
        case Activation.LEAKY_RELU:
            return np.where(numbers < 0, numbers, numbers * 2**slope)
    return numbers
