"""Block formats back to values, and blocks with specials, against gfloat and casts of ml_dtypes."""

import math

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from block_cases import blocks

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.exact import Exact

MX = {
    "mxfp8_e4m3": (gfloat.formats.format_info_mxfp8_e4m3, ml_dtypes.float8_e4m3fn),
    "mxfp8_e5m2": (gfloat.formats.format_info_mxfp8_e5m2, ml_dtypes.float8_e5m2),
    "mxfp6_e2m3": (gfloat.formats.format_info_mxfp6_e2m3, ml_dtypes.float6_e2m3fn),
    "mxfp6_e3m2": (gfloat.formats.format_info_mxfp6_e3m2, ml_dtypes.float6_e3m2fn),
    "mxfp4": (gfloat.formats.format_info_mxfp4_e2m1, ml_dtypes.float4_e2m1fn),
    "mxint8": (gfloat.formats.format_info_mxint8, None),
}
#: Beside these all of a block is near or at zero.
SPECIALS = [math.inf, -math.inf, 0.0, -0.0, 2.0**-149, -(2.0**-140), 1.0, -3e38]


@pytest.mark.parametrize("name", MX)
def test_all_codes_mean_what_gfloat_says(name: str) -> None:
    block, info = BlockFormat.parse(name), MX[name][0]
    rng = np.random.default_rng(4)
    count = max(2**block.element.width // block.length, 1)
    # All elements, and all scales, NaN among them.
    elements = np.concatenate(
        [
            np.resize(np.arange(2**block.element.width), (count, block.length)),
            rng.integers(0, 2**block.element.width, (256, block.length)),
        ]
    )
    scales = np.concatenate([np.full(count, 127), np.arange(256)])
    for scale, codes, got in zip(scales, elements, block.decode(scales, elements), strict=True):
        want = [float(value) for value in gfloat.decode_block(info, [int(scale), *codes.tolist()])]
        np.testing.assert_array_equal(got, want)


def test_codes_of_nvfp4_mean_what_ml_dtypes_says() -> None:
    block = BlockFormat.parse("nvfp4")
    rng = np.random.default_rng(5)
    elements = rng.integers(0, 16, (256, 16)).astype(np.uint8)
    scales = np.arange(256).astype(np.uint8)
    for outer in (1.0, 2.0**-140, 0.3, -1e30, 0.0):
        tensor = np.float32(outer)
        factor = scales.view(ml_dtypes.float8_e4m3fn).astype(np.float64) * float(tensor)
        want = elements.view(ml_dtypes.float4_e2m1fn).astype(np.float64) * factor[:, None]
        np.testing.assert_array_equal(block.decode(scales, elements, tensor.view(np.uint32)), want)


@pytest.mark.parametrize("name", MX)
def test_infinities_take_the_largest_scale_and_element(name: str) -> None:
    block, dtype = BlockFormat.parse(name), MX[name][1]
    values = np.random.default_rng(6).choice(np.array(SPECIALS), (200, block.length))
    values[:, 0] = math.inf
    scales, elements = block.encode(values.astype(np.float32))
    assert (scales == 254).all()
    limit = float(block.element.max.to_floats())
    # In two's complement there is one more below zero.
    low = -limit if dtype else -2.0
    scaled = (values.astype(np.float32) * np.float64(2.0**-127)).clip(low, limit)
    if dtype is None:
        want = np.round(scaled * 64).astype(np.int8).view(np.uint8)
    else:
        tiny = np.abs(scaled) < 2.0**-100
        scaled = np.where(tiny, np.copysign(0.0, scaled), scaled)
        want = scaled.astype(np.float32).astype(dtype).view(np.uint8)
    np.testing.assert_array_equal(elements.astype(np.uint8), want)


@pytest.mark.parametrize("name", MX)
def test_a_nan_is_the_blocks(name: str) -> None:
    block = BlockFormat.parse(name)
    values = blocks(block, 4, seed=8)
    values[:, 3] = math.nan
    scales, elements = block.encode(values)
    assert (scales == 255).all()
    assert np.isnan(block.decode(scales, elements)).all()


def test_integers_of_mxint8_are_rounded_quotients() -> None:
    block = BlockFormat.parse("mxint8")
    values = blocks(block, 100, seed=9)
    scales, elements = block.quantise(Exact.from_floats(values))
    amax = np.abs(values).max(axis=-1)
    power = np.where(amax > 0, np.frexp(amax)[1] - 1, -127).clip(-127, 127)
    np.testing.assert_array_equal(scales, (power + 127).astype(np.uint8))
    quotients = np.round(np.ldexp(values.astype(np.float64), 6 - power[:, None]))
    want = quotients.clip(-127 if block.symmetric else -128, 127).astype(np.int8)
    np.testing.assert_array_equal(elements.astype(np.uint8), want.view(np.uint8))
    np.testing.assert_array_equal(
        block.decode(scales, elements), np.ldexp(want.astype(np.float64), power[:, None] - 6)
    )
