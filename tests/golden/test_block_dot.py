"""Dot products of blocks against exact rationals."""

import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from block_oracle import BlockOracle

from ffp8.golden.block_dot import block_dot
from ffp8.golden.block_format import BlockFormat

parse = BlockFormat.parse
PAIRS = [
    ("mxfp8_e4m3", "mxfp8_e5m2"),
    ("mxfp6_e2m3_x4", "mxfp4_x4"),
    ("mxint8_x8", "mxfp8_e4m3_x8"),
    ("nvfp4", "nvfp4"),
    ("nvfp4_x3", "int4_x3_uint4_quotient"),
]


def wanted(one: list[Any], two: list[Any], scales: list[Any]) -> Fraction | float:
    """The formula, with the rules of IEEE 754 for NaN and infinity."""
    products: list[Fraction | float] = []
    for x, y in zip(one, two, strict=True):
        special = isinstance(x, float) or isinstance(y, float)
        products.append(float(x) * float(y) if special else x * y)
    floats = [p for p in products if isinstance(p, float)]
    total: Fraction | float = sum(floats) if floats else sum(products, Fraction(0))
    for scale in scales:
        special = isinstance(total, float) or isinstance(scale, float)
        total = float(total) * float(scale) if special else total * scale
    return total


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_dot_products_are_exact(a: str, b: str) -> None:
    one, two = parse(a), parse(b)
    rng = np.random.default_rng(5)
    count = 150
    elements, scales = [], []
    for block in (one, two):
        codes = rng.integers(0, 2**block.element.width, (count, block.length))
        # Most blocks without special codes, which else hide what is finite.
        plain = rng.integers(0, 2 ** (block.element.width - 2), codes.shape)
        elements.append(np.where(np.arange(count)[:, None] % 3 > 0, plain, codes))
        scales.append(rng.integers(0, 2**block.scale.width, count))
    got = block_dot(one, two, (scales[0], elements[0]), (scales[1], elements[1])).to_fractions()
    oracles = [BlockOracle(one), BlockOracle(two)]
    finite = 0
    for row, value in enumerate(got):
        sides = [
            [o.element.value(c) for c in e[row]] for o, e in zip(oracles, elements, strict=True)
        ]
        factors = [o.scale.value(int(s[row])) for o, s in zip(oracles, scales, strict=True)]
        want = wanted(sides[0], sides[1], factors)
        if isinstance(want, Fraction):
            finite += 1
            assert value == want
        else:
            assert value == want or (math.isnan(float(value)) and math.isnan(want))
    assert finite > count // 2


def test_scales_are_broadcast() -> None:
    block = parse("mxfp4_x2")
    elements = np.array([[2, 4], [3, 8 + 3]])  # (1, 2) and (1.5, -1.5)
    got = block_dot(block, block, (np.array([127, 128]), elements), (126, [2, 2]))
    assert got.to_floats().tolist() == [1.5, 0.0]
    # A sum that cancels is +0; of products of -0 it is -0.
    assert not got.negative.any()
    zero = block_dot(block, block, (127, [8, 8]), (127, [2, 2]))
    assert zero.zero
    assert zero.negative


def test_refusals() -> None:
    nothing = np.zeros(4, int)
    with pytest.raises(ValueError, match=r"^Blocks must be of one length, not 4 and 8$"):
        block_dot(parse("mxfp4_x4"), parse("mxfp4_x8"), (0, nothing), (0, nothing))
    message = "Elements must have 8 to a block on the last axis, not the shape (4,)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        block_dot(parse("mxfp4_x8"), parse("mxfp4_x8"), (0, nothing), (0, nothing))
