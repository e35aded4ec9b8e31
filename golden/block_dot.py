"""The dot product of two blocks: an exact sum of products, times the scales, once."""

import numpy as np
from numpy.typing import ArrayLike

from .block_format import BlockFormat
from .exact import Exact
from .exact_sum import exact_sum
from .ratio import reduced

__all__ = ["block_dot"]

#: Codes of scales and of elements, as `BlockFormat.quantise` gives them.
Codes = tuple[ArrayLike, ArrayLike]


def block_dot(a: BlockFormat, b: BlockFormat, a_codes: Codes, b_codes: Codes) -> Exact:
    """The exact dot products of blocks of codes: (sum of a_i b_i) * scale_a * scale_b.

    Elements and scales may be of different formats; lengths must be the same. The shapes of the
    scales are broadcast; elements have one axis more, the last. Tensor scales are left out:
    they are applied once to a sum of many blocks.

    * A NaN scale gives NaN. So do, among the elements, NaN, infinity times zero, and infinities
      of both signs; and so does a sum that is infinite times a scale of zero.
    * A sum of zero is -0 if all products are -0, and +0 else; scales with a sign change it.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    if a.length != b.length:
        raise ValueError(f"Blocks must be of one length, not {a.length} and {b.length}")
    for block, (_, elements) in ((a, a_codes), (b, b_codes)):
        if np.shape(elements)[-1:] != (block.length,):
            raise ValueError(
                f"Elements must have {block.length} to a block on the last axis, not the shape "
                f"{np.shape(elements)}"
            )
    products = reduced(a.element.unpack(a_codes[1])) * reduced(b.element.unpack(b_codes[1]))
    return exact_sum(products) * a.scale.unpack(a_codes[0]) * b.scale.unpack(b_codes[0])
