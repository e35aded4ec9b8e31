"""VS-Quant: integers with a scale per vector, which itself is an integer times a scale per
channel (Dai et al. 2021, VS-Quant: Per-vector Scaled Quantization for Accurate Low-Precision
Neural Network Inference, MLSys, arXiv 2102.04503).

Eq. 7 for signed N-bit elements x_q and unsigned M-bit scales s_q, vector i of channel k:

    s(k, i) = max |x| / (2^(N-1) - 1)        x_q = round(x / s)
    gamma(k) = max_i s(k, i) / (2^M - 1)     s_q = round(s / gamma)      x ~ x_q s_q gamma

This is a `BlockFormat` whose tensor scale is gamma, one for each channel. Unsigned elements go
to 2^N - 1. The paper divides the elements by s before it is rounded; to divide them by s_q gamma
is as reasonable. Both are there: `unrounded=True` is the paper's.

Roundings here are to nearest, ties to even, and gamma is rounded to float32; the paper says
neither.
"""

from dataclasses import dataclass

import numpy as np

from .block_format import BlockFormat, ScaleRule
from .exact import Exact
from .formats import Format, integer

__all__ = ["VectorCodes", "quantise_channels", "vs_quant"]


@dataclass(frozen=True)
class VectorCodes:
    """Channels in VS-Quant: codes of elements (channel, vector, element), of their scales
    (channel, vector) and of the channels' scales."""

    block: BlockFormat
    elements: np.ndarray
    scales: np.ndarray
    channel: np.ndarray

    def decode(self) -> np.ndarray:
        """The values (channel, element), as float64."""
        values = self.block.decode(self.scales, self.elements, self.channel[:, None])
        return values.reshape(len(values), -1)


def vs_quant(
    bits: int = 4, length: int = 16, scale_bits: int = 4, *, sign: bool = True
) -> BlockFormat:
    """The block format: N-bit elements, vectors of a length, M-bit scales, float32 channels.

    Signed elements are symmetric: -2^(N-1) is not used.
    """
    return BlockFormat(
        element=integer(bits, sign=sign),
        length=length,
        scale=integer(scale_bits, sign=False),
        rule=ScaleRule.QUOTIENT,
        tensor=Format.parse("float32"),
        symmetric=sign,
    )


def quantise_channels(
    block: BlockFormat,
    channels: Exact,
    *,
    unrounded: bool = True,
    reciprocal_bits: int | None = None,
) -> VectorCodes:
    """Quantise channels (channel, element), whose length must be a multiple of the vector's.

    Raises
    ------
    ValueError
        If the values are not of two axes, or a channel is no whole number of vectors.
    """
    shape = channels.significand.shape
    if len(shape) != 2 or shape[1] % block.length:
        raise ValueError(
            f"Channels must have two axes and whole vectors of {block.length}, not the shape "
            f"{shape}"
        )
    gamma = block.tensor_scale(channels)
    vectors = Exact(*(part.reshape(shape[0], -1, block.length) for part in vars(channels).values()))
    scales, elements = block.quantise(
        vectors, gamma[:, None], unrounded=unrounded, reciprocal_bits=reciprocal_bits
    )
    return VectorCodes(block, elements, scales, gamma)
