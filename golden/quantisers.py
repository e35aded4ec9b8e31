"""Quantisers of a whole tensor, as they are used in training: PACT, SAWB and LSQ give integers
for an integer multiply-accumulate; S2FP8 gives 8-bit floats.

Each is a function to the parameters of the quantiser; these are learned or found from a
tensor. Only the forward pass is here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .formats import Format, integer
from .ratio import ratio, reduced
from .rounding import Rounding

__all__ = ["S2fp8", "Uniform", "lsq", "lsq_step", "pact", "s2fp8", "sawb", "sawb_clip"]


@dataclass(frozen=True, kw_only=True)
class Uniform:
    """Integers q for values q * clip / levels.

    A value x becomes x * levels / clip, an exact quotient, rounded once to the integers of the
    format and saturated.

    Parameters
    ----------
    format
        Format of the integers.
    clip
        The value of the largest integer in use, or another value that `levels` stands for.
    levels
        The integer that stands for `clip`.
    symmetric
        Whether the least code of two's complement is left out.

    Raises
    ------
    ValueError
        If the clip is not a finite value above zero.
    """

    format: Format
    clip: float
    levels: int
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.clip) and self.clip > 0):
            raise ValueError(f"Clip must be finite and above zero, not {self.clip}")

    def quantise(self, exact: Exact, rounding: Rounding = Rounding.NEAREST_EVEN) -> np.ndarray:
        """The codes of exact values."""
        scaled = reduced(exact) * Exact.from_integers(np.array(self.levels))
        clip = Exact.from_floats(self.clip)
        codes, _ = self.format.round(ratio(scaled, clip, self.format.significand_width), rounding)
        least = 2 ** (self.format.width - 1)
        if self.symmetric:
            codes = codes + (codes == least).astype(codes.dtype)
        return codes

    def encode(self, values: ArrayLike) -> np.ndarray:
        """The codes of floats or integers."""
        return self.quantise(Exact.from_floats(values))

    def decode(self, codes: ArrayLike) -> np.ndarray:
        """The values of codes, as float64, rounded."""
        return self.format.decode(codes) * self.clip / self.levels


def pact(alpha: float, bits: int) -> Uniform:
    """PACT: activations clipped to 0 to alpha, which is learned.

    Choi et al. 2018, PACT: Parameterized Clipping Activation for Quantized Neural Networks,
    arXiv 1805.06085, Eq. 1 and 2: y = clip(x, 0, alpha), and
    y_q = round(y (2^k - 1) / alpha) alpha / (2^k - 1).
    """
    return Uniform(format=integer(bits, sign=False), clip=alpha, levels=2**bits - 1)


def lsq(step: float, bits: int, *, sign: bool = True) -> Uniform:
    """LSQ: a learned step, and all codes of the integer format.

    Esser et al. 2020, Learned Step Size Quantization, ICLR, arXiv 1902.08153, Eq. 1 and 2:
    q = round(clip(v / s, -Q_N, Q_P)), with Q_N = 2^(b-1) and Q_P = 2^(b-1) - 1 if signed, and
    0 and 2^b - 1 if not.
    """
    return Uniform(format=integer(bits, sign=sign), clip=step, levels=1)


def lsq_step(values: ArrayLike, bits: int, *, sign: bool = True) -> float:
    """The step that LSQ starts from: 2 <|v|> / sqrt(Q_P) (section 2.1)."""
    largest = 2 ** (bits - sign) - 1
    return float(2 * np.abs(np.asarray(values, np.float64)).mean() / math.sqrt(largest))


#: c1 and c2 of SAWB's clip c1 sqrt(E[w^2]) + c2 E[|w|], by the bits of weights without the
#: least code: integers -2^(k-1) + 1 to 2^(k-1) - 1. The values are those that the authors' group
#: publishes in its fms-model-optimizer (codes 103, 403 and 803).
SAWB = {2: (2.6, -1.71), 4: (12.035, -12.03), 8: (31.76, -35.04)}


def sawb(clip: float, bits: int) -> Uniform:
    """SAWB: weights clipped to -clip to clip, symmetric about zero.

    Choi et al. 2019, Accurate and Efficient 2-bit Quantized Neural Networks, SysML (and arXiv
    1807.06964).
    """
    levels = 2 ** (bits - 1) - 1
    return Uniform(format=integer(bits), clip=clip, levels=levels, symmetric=True)


def sawb_clip(values: ArrayLike, bits: int) -> float:
    """SAWB's clip, from the first two moments of the weights.

    Raises
    ------
    ValueError
        If there are no coefficients for so many bits.
    """
    if bits not in SAWB:
        raise ValueError(f"SAWB bits must be one of {', '.join(map(str, SAWB))}, not {bits}")
    first, second = SAWB[bits]
    weights = np.asarray(values, np.float64)
    return float(first * math.sqrt((weights**2).mean()) + second * np.abs(weights).mean())


@dataclass(frozen=True)
class S2fp8:
    """Shifted and squeezed FP8: x stands as the element 2^beta |x|^alpha with the sign of x.

    Powers are those of numpy in float64, so elements beside a midpoint may differ between
    machines: this is no specification of hardware.
    """

    element: Format
    alpha: float
    beta: float

    def encode(self, values: ArrayLike) -> np.ndarray:
        """The codes of values."""
        array = np.asarray(values, np.float64)
        magnitude = 2.0**self.beta * np.abs(array) ** self.alpha
        return self.element.encode(np.copysign(magnitude, array))

    def decode(self, codes: ArrayLike) -> np.ndarray:
        """The values of codes: (2^-beta |element|)^(1/alpha)."""
        elements = self.element.decode(codes)
        magnitude = (2.0**-self.beta * np.abs(elements)) ** (1 / self.alpha)
        return np.copysign(magnitude, elements)


def s2fp8(values: ArrayLike, element: Format | None = None) -> S2fp8:
    """The parameters for a tensor.

    Cambier et al. 2020, Shifted and Squeezed 8-bit Floating Point Format for Low-Precision
    Training of Deep Neural Networks, ICLR, arXiv 2001.05674: with mu and m the mean and the
    largest log2 |x| of the values other than zero, alpha = 15 / (m - mu) and beta = -alpha mu.
    So elements have a mean log2 of 0 and a largest one of 15, the largest exponent of E5M2.

    Raises
    ------
    ValueError
        If the values other than zero are not of two magnitudes or more.
    """
    array = np.abs(np.asarray(values, np.float64))
    logs = np.log2(array[array > 0])
    if not logs.size or logs.max() == logs.min():
        raise ValueError("Values must have two magnitudes other than zero, or more")
    alpha = float(15 / (logs.max() - logs.mean()))
    fmt = Format.parse("e5m2") if element is None else element
    return S2fp8(fmt, alpha, float(-alpha * logs.mean()))
