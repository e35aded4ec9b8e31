"""Eq. 2 of Keller et al. against Python integers, and the derived widths against all cases."""

import itertools
import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ffp8.golden.formats import Format, integer
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Rounding
from ffp8.golden.scaled_mac import ScaledMac

CHIP_INT4 = ScaledMac()
CHIP_INT8 = ScaledMac(a=integer(8), b=integer(8), ways=32)


def rounded(product: int, dropped: int, bits: int, rounding: Rounding) -> int:
    """The product of two scales, cut by some bits."""
    whole, way = divmod(product, 2**dropped)
    half = Fraction(way, 2**dropped) - Fraction(1, 2)
    up = {
        Rounding.TOWARD_ZERO: False,
        Rounding.HALF_AWAY: half >= 0,
        Rounding.NEAREST_EVEN: half > 0 or (half == 0 and whole % 2 == 1),
        Rounding.TO_ODD: way > 0 and whole % 2 == 0,
    }[rounding]
    return min(whole + up, 2**bits - 1)


def equation(config: ScaledMac, a: Any, b: Any, scale_a: Any, scale_b: Any) -> tuple[int, bool]:
    """Eq. 2 in Python integers, step by step."""
    limit = 2 ** (config.accumulator - 1)
    dropped = config.scale_a + config.scale_b - config.factor_bits
    total, saturated = 0, False
    for x, y, s, t in zip(a.tolist(), b.tolist(), scale_a.tolist(), scale_b.tolist(), strict=True):
        dot = sum(p * q for p, q in zip(x, y, strict=True))
        wanted = total + dot * rounded(s * t, dropped, config.factor_bits, config.rounding)
        total = max(-limit, min(limit - 1, wanted))
        saturated |= total != wanted
    return total, saturated


def codes(fmt: Format, values: np.ndarray) -> np.ndarray:
    return values & (2**fmt.width - 1)


@pytest.mark.parametrize("rounding", [r for r in Rounding if not r.stochastic])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"a": integer(8), "b": integer(8), "ways": 32},
        {"a": integer(4), "b": integer(8, sign=False), "ways": 5, "scale_a": 6, "scale_b": 10},
        {"ways": 16, "scale_a": 4, "scale_b": 4, "factor_bits": 4, "accumulator": 12},
        {"ways": 16, "scale_a": 6, "scale_b": 6, "factor_bits": 4, "accumulator": 20},
        {"factor_bits": 16, "accumulator": 30},
    ],
)
def test_steps_are_those_of_the_equation(options: dict[str, Any], rounding: Rounding) -> None:
    config = ScaledMac(rounding=rounding, **options)
    rng = np.random.default_rng(7)
    steps, lanes = 12, 24
    operands = []
    for fmt in (config.a, config.b):
        low, high = (-(2 ** (fmt.width - 1)) if fmt.sign else 0), int(fmt.max.to_floats())
        values = rng.integers(low, high + 1, (steps, lanes, config.ways))
        # Worst cases in some lanes: all the least, all the largest, or one of each.
        values[:, 0:2], values[:, 2:4] = low, high
        values[:, 4] = low if fmt is config.a else high
        operands.append(values)
    scales = [rng.integers(0, 2**n, (steps, lanes)) for n in (config.scale_a, config.scale_b)]
    for scale, bits in zip(scales, (config.scale_a, config.scale_b), strict=True):
        scale[:, :5], scale[:, 5] = 2**bits - 1, 0
    a, b = (codes(f, v) for f, v in zip((config.a, config.b), operands, strict=True))
    got = config.accumulate(a, b, *scales)
    for lane in range(lanes):
        parts = [part[:, lane] for part in (*operands, *scales)]
        want = equation(config, *parts)
        assert (int(got.total[lane]), bool(got.saturated[lane])) == want
    assert got.total[5] == 0


def test_the_accumulator_saturates_at_both_ends_and_comes_back() -> None:
    config = ScaledMac(ways=1, accumulator=8, scale_a=2, scale_b=2, factor_bits=4)
    a, b = np.full((4, 2, 1), 7), np.full((4, 2, 1), 7)
    a[:, 1] = 8
    scale = np.full((4, 2), 3)
    got = config.accumulate(a, b, scale, scale)
    assert got.total.tolist() == [127, -128]
    assert got.saturated.all()
    back = config.step(got.total, np.array([[15], [1]]), np.array([[1], [1]]), scale[0], scale[0])
    assert back.total.tolist() == [127 - 9, -128 + 9]
    assert not back.saturated.any()


def test_widths_of_the_chip() -> None:
    assert CHIP_INT4.dot.width == 14
    assert CHIP_INT8.dot.width == 21
    assert ScaledMac(symmetric=True).dot.width == 13
    assert ScaledMac(a=integer(8), b=integer(8), ways=32, symmetric=True).dot.width == 20
    # A product of any 14 and 8 bits has 22, but those that occur have 21: 64 * 64 * 254 < 2^20.
    assert (Range(-(2**13), 2**13 - 1, 0) * Range(0, 255, 0)).width == 22
    assert CHIP_INT4.factor == Range(0, 254, 0)
    assert CHIP_INT4.scaled == Range(-56 * 64 * 254, 64 * 64 * 254, 0)
    assert CHIP_INT4.scaled.width == 21
    assert CHIP_INT4.accumulator == 24


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("signs", list(itertools.product([False, True], repeat=2)))
def test_ranges_are_reached_and_not_left(symmetric: bool, signs: tuple[bool, bool]) -> None:
    """Brute force: all operands of two lanes, all scales."""
    formats = [integer(3, sign=sign) for sign in signs]
    for rounding, factor_bits in itertools.product(
        (Rounding.HALF_AWAY, Rounding.TOWARD_ZERO), (2, 3, 6)
    ):
        config = ScaledMac(
            a=formats[0],
            b=formats[1],
            ways=2,
            symmetric=symmetric,
            scale_a=3,
            scale_b=3,
            factor_bits=factor_bits,
            rounding=rounding,
        )
        values = []
        for fmt in formats:
            found = fmt.decode(fmt.codes).astype(int)
            values.append(found[np.abs(found) <= found.max()] if symmetric else found)
        one = np.unique(np.multiply.outer(*values))
        dot = np.unique(np.add.outer(one, one))
        factors = {
            rounded(s * t, 6 - factor_bits, factor_bits, rounding)
            for s, t in itertools.product(range(8), repeat=2)
        }
        scaled = np.multiply.outer(dot, np.array(sorted(factors)))
        for derived, found in (
            (config.dot, dot),
            (config.factor, np.array(sorted(factors))),
            (config.scaled, scaled),
        ):
            assert (derived.low, derived.high) == (min(found.min(), 0), found.max())
            # No narrower two's complement holds both ends.
            limit = 2 ** (derived.width - 2)
            assert found.max() >= limit or found.min() < -limit


def test_rounding_scales_of_the_chip() -> None:
    pairs = np.array([[255, 255], [0, 255], [16, 8], [1, 1], [16, 24]])
    got = CHIP_INT4.round_scales(pairs[:, 0], pairs[:, 1])
    assert got.tolist() == [254, 0, 1, 0, 2]
    even = ScaledMac(rounding=Rounding.NEAREST_EVEN).round_scales(pairs[:, 0], pairs[:, 1])
    assert even.tolist() == [254, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"a": Format.parse("e4m3fn")}, "Operand a must be an integer or fixed point, not e4m3fn"),
        ({"ways": 0}, "Ways must be 1 or more, not 0"),
        ({"scale_b": 17}, "scale_b must be 2 to 16 bits, not 17"),
        ({"factor_bits": 17}, "factor_bits must be 2 to 16, not 17"),
        (
            {"rounding": "stochastic-a"},
            "Rounding of scales must not be stochastic, not stochastic-a",
        ),
        ({"accumulator": 61}, "Accumulator must be 2 to 60 bits, not 61"),
        (
            {"a": integer(32), "b": integer(32)},
            "Scaled dot product must be at most 60 bits, not 77",
        ),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ScaledMac(**options)
