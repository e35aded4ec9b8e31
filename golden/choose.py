"""An FFP8 format for a tensor, from its sign, its largest magnitude and its distribution.

The four choices are those of Huang et al. 2021, All-You-Can-Fit 8-bit Flexible Floating Point
(arXiv 2104.07329): exponent width, fraction width, exponent bias, and whether there is a sign.
The abstract says that they follow a tensor's maximum magnitude and its distribution; how they
do so here is our own:

* The sign bit is dropped where no value is negative.
* For each split of the other bits into exponent and fraction, the bias is the largest with
  which the maximum magnitude does not overflow: outliers are kept, and nothing is wasted above.
* Of the splits, the one with the least mean squared error is taken; of equals, that with the
  fewest exponent bits.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .formats import Format

__all__ = ["candidates", "choose_format", "fit_bias", "sqnr"]


def choose_format(tensor: ArrayLike, width: int = 8) -> Format:
    """The FFP8 format of a width that holds a tensor with the least error.

    Raises
    ------
    ValueError
        If the tensor is empty or not finite, or no format has the width.
    """
    values = finite(tensor)
    return min(candidates(values, width), key=lambda fmt: squared_error(values, fmt))


def candidates(tensor: ArrayLike, width: int = 8) -> list[Format]:
    """For each split into exponent and fraction, the format whose range fits a tensor."""
    values = finite(tensor)
    sign = bool((values < 0).any())
    maximum = float(np.abs(values).max())
    magnitude = width - sign
    return [
        fit_bias(Format(sign=sign, exponent=exponent, fraction=magnitude - exponent), maximum)
        for exponent in range(min(magnitude, 16) + 1)
    ]


def fit_bias(fmt: Format, maximum: float) -> Format:
    """A format with the largest bias with which a magnitude does not overflow.

    The magnitude may be above the largest finite value by what rounding to nearest takes off.
    A magnitude of zero leaves the bias as it is.
    """
    if not maximum:
        return fmt
    exact = Exact.from_floats([maximum])
    # With this bias the codes end just below a power of two; special codes take some of them.
    bias = 2**fmt.exponent - math.frexp(maximum)[1]
    while fmt.replace(bias=bias).round(exact)[1].overflow[0]:
        bias -= 1
    return fmt.replace(bias=bias)


def sqnr(tensor: ArrayLike, fmt: Format) -> float:
    """The signal to quantisation noise ratio of a tensor in a format, in dB.

    Infinite where each value has a code.
    """
    values = finite(tensor)
    error = squared_error(values, fmt)
    return 10 * math.log10(float(np.sum(values**2)) / error) if error else math.inf


def squared_error(values: np.ndarray, fmt: Format) -> float:
    return float(np.sum((values - fmt.decode(fmt.encode(values))) ** 2))


def finite(tensor: ArrayLike) -> np.ndarray:
    values = np.asarray(tensor, np.float64)
    if not values.size:
        raise ValueError("Tensor must have values, not none")
    if not np.isfinite(values).all():
        raise ValueError("Tensor must be finite, not with infinities or NaN")
    return values
