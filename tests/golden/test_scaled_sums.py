"""Sums of many scaled dot products against numpy and exact rationals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scaled_cases import PAIRS, made, products, random_blocks

from ffp8.golden.formats import Format
from ffp8.golden.scaled_dot import scaled_dot


def test_running_sums_are_float32_additions() -> None:
    """NVFP4 terms are exact in float32, so that numpy adds and rounds as we do."""
    config = made("nvfp4", "nvfp4", out="float32", accumulate="running")
    operands = random_blocks(config, 600)
    operands |= {name: operands[name] % 127 for name in ("a_scale", "b_scale")}
    single = scaled_dot(made("nvfp4", "nvfp4", out="float32"), **operands)["out"]
    terms = single.astype(np.uint32).view(np.float32)
    first = np.arange(600) % 50 == 0
    got = scaled_dot(config, first=first, **operands)["out"].astype(np.uint32).view(np.float32)
    want, total = [], np.float32(0)
    for term, begins in zip(terms, first, strict=True):
        total = term if begins else total + term
        want.append(total)
    assert np.array_equal(got, np.array(want))
    # Some of these lose bits: a fused sum and a sum of rounded blocks would differ.
    exact = scaled_dot(
        made("nvfp4", "nvfp4", out="float32", accumulate="exact", terms=50),
        first=first, **operands,
    )["out"].astype(np.uint32).view(np.float32)  # fmt: skip
    assert (exact != got).any()


def test_running_sums_of_long_blocks_round_once_a_block() -> None:
    config = made("mxfp8_e5m2_x2", "mxfp8_e5m2_x2", out="bfloat16", accumulate="running")
    # 1 + (2^-8 + 2^-30): the block is more than half a step of bfloat16 above 1, but would not be
    # if it were rounded to bfloat16 before.
    one = {"a": [0x3C, 0], "b": [0x3C, 0]}
    two = {"a": [0x2C, 0x01], "b": [0x2C, 0x04]}
    a, b = ([one[name], two[name]] for name in "ab")
    scale = np.full(2, 127)
    got = scaled_dot(
        config, a=np.array(a), b=np.array(b), a_scale=scale, b_scale=scale, first=np.array([1, 0])
    )
    assert Format.parse("bfloat16").decode(got["out"]).tolist() == [1.0, 1.0 + 2**-7]


@pytest.mark.parametrize(("a", "b"), PAIRS[:5])
def test_exact_sums_are_those_of_rationals(a: str, b: str) -> None:
    config = made(a, b, accumulate="exact", terms=16)
    operands = random_blocks(config, 200)
    first = np.arange(200) % 16 == 0
    got = config.result.unpack(scaled_dot(config, first=first, **operands)["out"]).to_fractions()
    total: Fraction | float = Fraction(0)
    numbers = 0
    for value, term, begins in zip(got, products(config, operands), first, strict=True):
        total = term if begins else added(total, term)
        if isinstance(total, Fraction):
            numbers += 1
            assert value == total
        else:
            assert value == total or (math.isnan(float(value)) and math.isnan(total))
    assert numbers > 20


def added(x: Fraction | float, y: Fraction | float) -> Fraction | float:
    if isinstance(x, float) or isinstance(y, float):
        numbers = [value if isinstance(value, float) else 0.0 for value in (x, y)]
        return numbers[0] + numbers[1]
    return x + y
