"""FFP8 whose exponent bias is shared by the elements of a vector.

The idea is that of the FP8-SEB format of Park, Lee and Jeon (A Neural Network Training Processor
With 8-Bit Shared Exponent Bias Floating Point and Multiple-Way Fused Multiply-Add Trees, IEEE
JSSC 57(3), 2022), which shares a bias in a tensor; Block Minifloat (Fox et al., ICLR 2021) has
one for a block. How a bias is chosen is ours: the largest one with which the largest magnitude
does not overflow after it was rounded, as in `choose.fit_bias`.

A bias b in place of the format's own bias b0 multiplies each value by 2^(b0 - b). So this is a
`BlockFormat` whose scale is a power of two.
"""

import numpy as np
from numpy.typing import ArrayLike

from .block_format import BlockFormat, ScaleRule
from .formats import Format

__all__ = ["biases", "scale_codes", "shared_bias"]


def shared_bias(element: Format, length: int, bits: int = 8) -> BlockFormat:
    """A block format whose scale stands for a bias in two's complement of so many bits.

    The least scale is the largest bias, 2^(bits-1) - 1, which is that of zero vectors too.
    Biases beyond the least and the largest are these: then elements saturate, or lose what is
    below their least value.
    """
    largest = 2 ** (bits - 1) - 1
    scale = Format(
        sign=False,
        exponent=bits,
        fraction=0,
        bias=largest - element.bias,
        subnormals=False,
        zero=False,
    )
    return BlockFormat(element=element, length=length, scale=scale, rule=ScaleRule.FIT)


def biases(block: BlockFormat, scales: ArrayLike) -> np.ndarray:
    """The biases of codes of scales: `element.replace(bias=...)` gives the elements' values."""
    return block.element.bias + block.scale.bias - np.asarray(scales).astype(np.int64)


def scale_codes(block: BlockFormat, shared: ArrayLike) -> np.ndarray:
    """The codes of scales that stand for biases."""
    codes = block.element.bias + block.scale.bias - np.asarray(shared).astype(np.int64)
    return codes.astype(block.scale.codes.dtype)
