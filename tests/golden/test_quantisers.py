"""Quantisers of tensors against their formulas in float64."""

import math
import re

import numpy as np
import pytest

from ffp8.golden.formats import Format
from ffp8.golden.quantisers import Uniform, lsq, lsq_step, pact, s2fp8, sawb, sawb_clip

RNG = np.random.default_rng(8)
VALUES = RNG.standard_normal(4000)


def sure(quotient: np.ndarray) -> np.ndarray:
    """Where float64 can say to which side of a midpoint a quotient lies."""
    return np.abs(np.abs(quotient) % 1 - 0.5) > 1e-9


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_pact(bits: int) -> None:
    alpha = 1.7
    quantiser = pact(alpha, bits)
    clipped = 0.5 * (np.abs(VALUES) - np.abs(VALUES - alpha) + alpha)
    quotient = clipped * (2**bits - 1) / alpha
    codes = quantiser.encode(VALUES)
    mask = sure(quotient)
    np.testing.assert_array_equal(codes[mask], np.round(quotient)[mask])
    np.testing.assert_allclose(
        quantiser.decode(codes[mask]), np.round(quotient)[mask] * alpha / (2**bits - 1)
    )
    assert set(codes.tolist()) == set(range(2**bits)) if bits < 8 else codes.max() == 255


@pytest.mark.parametrize("sign", [False, True])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_lsq(bits: int, sign: bool) -> None:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign else (0, 2**bits - 1)
    step = lsq_step(VALUES, bits, sign=sign)
    assert step == pytest.approx(2 * np.abs(VALUES).mean() / math.sqrt(high))
    step /= 2  # So that both ends clip.
    quantiser = lsq(step, bits, sign=sign)
    codes = quantiser.encode(VALUES)
    clipped = np.clip(VALUES / step, low, high)
    mask = sure(clipped)
    got = quantiser.format.decode(codes)
    np.testing.assert_array_equal(got[mask], np.round(clipped)[mask])
    np.testing.assert_allclose(quantiser.decode(codes), got * step)
    if bits < 8:
        assert (got.min(), got.max()) == (low, high)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_sawb(bits: int) -> None:
    clip = sawb_clip(VALUES, bits)
    levels = 2 ** (bits - 1) - 1
    quantiser = sawb(clip, bits)
    scaled = np.clip(VALUES / clip, -1, 1) * levels
    mask = sure(scaled)
    codes = quantiser.encode(VALUES)
    got = quantiser.format.decode(codes)
    np.testing.assert_array_equal(got[mask], np.round(scaled)[mask])
    assert np.abs(got).max() <= levels
    np.testing.assert_allclose(quantiser.decode(codes), got * clip / levels)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_the_clip_of_sawb_is_near_the_best_one(bits: int) -> None:
    """The coefficients are fits to several distributions: near the best for a Gaussian."""

    def error(clip: float) -> float:
        quantiser = sawb(clip, bits)
        return float(np.mean((quantiser.decode(quantiser.encode(VALUES)) - VALUES) ** 2))

    found = error(sawb_clip(VALUES, bits))
    best = min(error(clip) for clip in np.linspace(0.3, 5, 48).tolist())
    assert found < 1.25 * best


def test_s2fp8() -> None:
    values = np.concatenate([2.0 ** RNG.normal(-40, 4, 3000) * RNG.choice([-1, 1], 3000), [0.0]])
    quantiser = s2fp8(values)
    logs = np.log2(np.abs(values[:-1]))
    assert quantiser.alpha == pytest.approx(15 / (logs.max() - logs.mean()))
    assert quantiser.beta == pytest.approx(-quantiser.alpha * logs.mean())
    codes = quantiser.encode(values)
    stored = quantiser.element.decode(codes)
    transformed = np.log2(np.abs(2.0**quantiser.beta * np.abs(values[:-1]) ** quantiser.alpha))
    assert transformed.max() == pytest.approx(15)
    assert transformed.mean() == pytest.approx(0, abs=1e-9)
    assert np.abs(stored).max() == 2.0**15
    back = quantiser.decode(codes)
    assert back[-1] == 0
    kept = stored[:-1] != 0
    assert kept.mean() > 0.999
    # Three significant bits of a number that is squeezed by alpha.
    normal = np.abs(stored[:-1]) >= 2.0**-14
    error = np.abs(np.log2(np.abs(back[:-1][normal])) - logs[normal])
    assert error.max() <= math.log2(1 / (1 - 2**-3)) / quantiser.alpha + 1e-9
    assert (np.sign(back[:-1])[kept] == np.sign(values[:-1])[kept]).all()
    # E5M2 alone flushes all of them.
    fmt = Format.parse("e5m2")
    assert not fmt.decode(fmt.encode(values * 2.0**-20)).any()
    assert s2fp8(values * 2.0**-20).decode(s2fp8(values * 2.0**-20).encode(values * 2.0**-20))[0]


def test_refusals() -> None:
    with pytest.raises(ValueError, match=r"^Clip must be finite and above zero, not -1.0$"):
        Uniform(format=Format.parse("int4"), clip=-1.0, levels=7)
    message = "SAWB bits must be one of 2, 4, 8, not 5"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sawb_clip(VALUES, 5)
    for values in ([], [0.0, 3.0, -3.0]):
        with pytest.raises(ValueError, match=r"^Values must have two magnitudes other than zero"):
            s2fp8(values)
