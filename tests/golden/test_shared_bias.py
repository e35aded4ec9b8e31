"""FFP8 with a bias per vector, against the formats with that bias."""

import math

import numpy as np
import pytest
from block_cases import blocks

from ffp8.golden.choose import fit_bias
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.shared_bias import biases, scale_codes, shared_bias

parse = Format.parse


@pytest.mark.parametrize("name", ["s1e4m3b7", "s0e3m5b3", "s1e5m2b15", "s1e0m7", "s1e4m3b7_fn"])
def test_a_vector_is_of_the_format_with_its_bias(name: str) -> None:
    element = parse(name)
    block = shared_bias(element, 5, bits=9)
    values = blocks(block, 8, seed=1)
    if not element.sign:
        values = np.abs(values)
    scales, elements = block.encode(values)
    shared = biases(block, scales)
    assert (scale_codes(block, shared) == scales).all()
    for row, bias, codes in zip(values, shared.tolist(), elements, strict=True):
        amax = float(np.abs(row).max())
        if amax == 0:
            assert bias == 255
            assert not (codes & 2 ** (element.width - 1) - 1).any()
            continue
        fmt = fit_bias(element, amax)
        assert bias == min(fmt.bias, 255)
        if fmt.bias <= 255:
            np.testing.assert_array_equal(codes, fmt.encode(row))
            decoded = block.decode(block.scale.codes[scale_codes(block, bias)], codes)
            np.testing.assert_array_equal(decoded, fmt.decode(codes))


def test_the_bias_goes_as_far_as_its_bits() -> None:
    block = shared_bias(parse("s1e4m3b7"), 2, bits=4)
    ends = biases(block, block.scale.codes)
    assert (ends.max(), ends.min()) == (7, -8)
    # 2^24 and its third need a bias of 15 - 24 or so.
    scales, elements = block.encode([[2.0**24, 2.0**22], [2.0**-30, 2.0**-9]])
    assert biases(block, scales).tolist() == [-8, 7]
    largest = parse("s1e4m3b-8").max.to_floats()
    assert block.decode(scales, elements)[0].tolist() == [largest, 2.0**22]
    assert block.decode(scales, elements)[1].tolist() == [0.0, 2.0**-9]


def test_nan_is_zero_and_does_not_count() -> None:
    block = shared_bias(parse("s1e4m3b7"), 3)
    scale, elements = block.encode([math.nan, 1.0, -2.0])
    want, _ = block.encode([0.0, 1.0, -2.0])
    assert scale == want
    assert block.decode(scale, elements).tolist() == [0.0, 1.0, -2.0]
    # Where the element has a NaN, it stays one, alone.
    block = shared_bias(parse("e4m3fn"), 3)
    decoded = block.decode(*block.quantise(Exact.from_floats([math.nan, 1.0, -2.0])))
    assert np.isnan(decoded).tolist() == [True, False, False]
