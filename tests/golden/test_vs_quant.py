"""VS-Quant against its formulas in float64, and in exact rationals."""

import re
from fractions import Fraction

import numpy as np
import pytest
from block_oracle import BlockOracle

from ffp8.golden.exact import Exact
from ffp8.golden.vs_quant import quantise_channels, vs_quant

KINDS = [(4, 16, 4, True), (4, 64, 8, True), (8, 16, 6, True), (3, 4, 10, True), (4, 16, 4, False)]


def channels(count: int, length: int, seed: int) -> np.ndarray:
    """Gaussian channels of different magnitudes, with outliers and zero vectors."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((count, length)) * 2.0 ** rng.integers(-20, 20, (count, 1))
    values[:, : length // 4] = 0
    values *= np.where(rng.random(values.shape) < 0.01, 50, 1)
    return values.astype(np.float32)


@pytest.mark.parametrize(("bits", "length", "scale_bits", "sign"), KINDS)
def test_formulas_in_float64(bits: int, length: int, scale_bits: int, sign: bool) -> None:
    block = vs_quant(bits, length, scale_bits, sign=sign)
    values = channels(8, 8 * length, seed=bits)
    if not sign:
        values = np.abs(values)
    got = quantise_channels(block, Exact.from_floats(values))
    vectors = values.astype(np.float64).reshape(8, -1, length)
    limit = 2 ** (bits - 1) - 1 if sign else 2**bits - 1
    s = np.abs(vectors).max(axis=-1) / limit
    gamma = (s.max(axis=-1) / (2**scale_bits - 1)).astype(np.float32)
    codes = s / gamma.astype(np.float64)[:, None]
    elements = np.where(s[..., None] > 0, vectors / np.where(s > 0, s, 1)[..., None], 0)
    assert block.tensor is not None
    np.testing.assert_array_equal(block.tensor.decode(got.channel), gamma)
    agree(got.scales.astype(int), codes)
    agree(block.element.decode(got.elements), elements)
    # All of a channel's largest magnitude is kept, and zero vectors are zero.
    assert (got.scales.max(axis=-1) == 2**scale_bits - 1).all()
    assert not got.elements[s == 0].any()
    assert not got.scales[s == 0].any()
    top = np.abs(block.element.decode(got.elements)).max(axis=-1)
    assert (top[s > 0] == limit).all()
    want = block.element.decode(got.elements) * got.scales[..., None] * gamma[:, None, None]
    np.testing.assert_allclose(got.decode(), want.reshape(8, -1), rtol=1e-12)


def agree(codes: np.ndarray, quotients: np.ndarray) -> None:
    """Codes are the rounded quotients, but where float64 cannot say which way a midpoint goes."""
    sure = np.abs(np.abs(quotients) % 1 - 0.5) > 1e-9
    assert sure.mean() > 0.98
    np.testing.assert_array_equal(codes[sure], np.round(quotients[sure]))


@pytest.mark.parametrize("unrounded", [False, True])
def test_codes_are_those_of_the_second_definition(unrounded: bool) -> None:
    block = vs_quant(4, 8, 4)
    values = channels(6, 64, seed=9)
    got = quantise_channels(block, Exact.from_floats(values), unrounded=unrounded)
    oracle = BlockOracle(block)
    assert block.tensor is not None
    for row in range(6):
        gamma = Fraction(float(block.tensor.decode(got.channel)[row]))
        for vector in range(8):
            part = values[row, vector * 8 : vector * 8 + 8].tolist()
            want = oracle.quantise(part, gamma, unrounded=unrounded)
            assert (int(got.scales[row, vector]), got.elements[row, vector].tolist()) == want


def test_elements_by_the_rounded_scale_differ_and_saturate() -> None:
    block = vs_quant(4, 16, 4)
    values = np.random.default_rng(3).standard_normal((8, 256))
    values[:, ::64] *= 6  # Beside these, the scales of the others are small integers.
    exact = Exact.from_floats(values)
    paper = quantise_channels(block, exact)
    rounded = quantise_channels(block, exact, unrounded=False)
    assert (paper.scales == rounded.scales).all()
    assert 0 < (paper.elements != rounded.elements).mean() < 0.2
    # Where a scale was rounded down much, the largest elements saturate, and not to -8.
    assert (np.abs(values) > 7.5 / 7 * np.abs(rounded.decode())).any()
    for codes in (paper, rounded):
        assert (codes.elements != 8).all()


def test_overhead_of_the_paper() -> None:
    assert vs_quant(4, 16, 4).bits_per_element == 4.25


def test_refusal() -> None:
    message = "Channels must have two axes and whole vectors of 16, not the shape (2, 24)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        quantise_channels(vs_quant(), Exact.from_floats(np.ones((2, 24))))
