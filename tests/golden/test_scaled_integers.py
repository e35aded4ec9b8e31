"""Scaled dot products of integers: Eq. 2 of Keller et al. in Python integers, and all widths."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scaled_cases import made

from ffp8.golden.formats import Format, integer
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Rounding
from ffp8.golden.scaled_dot import ScaledDotConfig, scaled_dot
from ffp8.golden.scaled_ranges import dot_range, factor_range, scaled_range

CHIP_INT4 = ScaledDotConfig.preset("keller-int4", flags=True)
CHIP_INT8 = ScaledDotConfig.preset("keller-int8")


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


def keller(a: Format, b: Format, ways: int, bits: dict[str, int], rounding: Any) -> ScaledDotConfig:
    """Eq. 2 with an accumulator that counts in the last place of the rounded scale product."""
    one, two = (bits.get(f"scale_{name}", 8) for name in "ab")
    factor = bits.get("factor", 8)
    return made(
        f"{a}_x{ways}_uint{one}",
        f"{b}_x{ways}_uint{two}",
        factor_bits=factor,
        factor_rounding=rounding,
        accumulate="running",
        out=f"q{bits.get('accumulator', 24) + one + two - factor}.{factor - one - two}",
        flags=True,
    )


def equation(config: ScaledDotConfig, bits: int, operands: dict[str, Any]) -> list[tuple[int, int]]:
    """Eq. 2 in Python integers, step by step: accumulators, and whether any was saturated."""
    limit = 2 ** (bits - 1)
    dropped = config.a.scale.width + config.b.scale.width - (config.factor_bits or 0)
    found, total, saturated = [], 0, 0
    for x, y, s, t, first in zip(*operands.values(), strict=True):
        total, saturated = (0, 0) if first else (total, saturated)
        dot = sum(p * q for p, q in zip(x.tolist(), y.tolist(), strict=True))
        factor = rounded(int(s) * int(t), dropped, config.factor_bits or 0, config.factor_rounding)
        wanted = total + dot * factor
        total = max(-limit, min(limit - 1, wanted))
        saturated |= int(total != wanted)
        found.append((total, saturated))
    return found


@pytest.mark.parametrize("rounding", [str(r) for r in Rounding if not r.stochastic])
@pytest.mark.parametrize(
    ("a", "b", "ways", "bits"),
    [
        (integer(4), integer(4), 64, {}),
        (integer(8), integer(8), 32, {}),
        (integer(4), integer(4), 128, {"accumulator": 26}),
        (integer(4), integer(8, sign=False), 5, {"scale_a": 6, "scale_b": 10}),
        (integer(4), integer(4), 16, {"scale_a": 4, "scale_b": 4, "factor": 4, "accumulator": 12}),
        (integer(4), integer(4), 16, {"scale_a": 6, "scale_b": 6, "factor": 4, "accumulator": 20}),
        (integer(4), integer(4), 64, {"factor": 16, "accumulator": 30}),
    ],
)
def test_steps_are_those_of_the_equation(
    a: Format, b: Format, ways: int, bits: dict[str, int], rounding: str
) -> None:
    config = keller(a, b, ways, bits, rounding)
    rng = np.random.default_rng(7)
    count = 250
    values: dict[str, Any] = {}
    for name, fmt in (("a", a), ("b", b)):
        low, high = (-(2 ** (fmt.width - 1)) if fmt.sign else 0), int(fmt.max.to_floats())
        numbers = rng.integers(low, high + 1, (count, ways))
        # Worst cases for some sums: all the least, all the largest, or one of each.
        numbers[:20], numbers[20:40] = low, high
        numbers[40:60] = low if name == "a" else high
        values[name] = numbers
    for name in "ab":
        width = bits.get(f"scale_{name}", 8)
        scale = rng.integers(0, 2**width, count)
        scale[:60], scale[60:70] = 2**width - 1, 0
        values[f"{name}_scale"] = scale
    values["first"] = rng.random(count) < 0.05
    values["first"][[0, 20, 40, 60]] = True
    codes = values | {name: values[name] & 2**fmt.width - 1 for name, fmt in (("a", a), ("b", b))}
    got = scaled_dot(config, **codes)
    assert config.out is not None
    width = bits.get("accumulator", 24)
    assert config.out.width == width
    signed = got["out"].astype(np.int64)
    signed = np.where(signed >> width - 1 > 0, signed - 2**width, signed)
    pairs = list(zip(signed.tolist(), got["overflow"].tolist(), strict=True))
    assert pairs == equation(config, width, values)
    assert signed[60] == 0


def test_the_accumulator_saturates_at_both_ends_and_comes_back() -> None:
    least = np.full((130, 64), 8)
    largest = np.full((130, 64), 7)
    for b, limit in ((least, 2**23 - 1), (largest, -(2**23))):
        # 64 * -8 * -8 * 254 is 1,040,384: the ninth of these is too much for 24 bits.
        scale = np.full(130, 255)
        first = np.arange(130) == 0
        got = scaled_dot(CHIP_INT4, a=least, b=b, a_scale=scale, b_scale=scale, first=first)
        assert CHIP_INT4.out is not None
        values = CHIP_INT4.out.decode(got["out"]) / 2**8
        steps = int(np.flatnonzero(got["overflow"])[0])
        each = 64 * 64 * 254 if limit > 0 else -56 * 64 * 254
        assert values[:steps].tolist() == [each * (step + 1) for step in range(steps)]
        assert (values[steps:] == limit).all()
        assert got["overflow"][steps:].all()
        assert steps == (8 if limit > 0 else 9)
    # A step back from the limit is one from the limit, and the flag stays until the next sum.
    other = np.where(np.arange(12) == 10, 7, 8)[:, None].repeat(64, 1)
    scale, first = np.full(12, 255), np.isin(np.arange(12), (0, 11))
    got = scaled_dot(
        CHIP_INT4, a=other, b=np.full((12, 64), 8), a_scale=scale, b_scale=scale, first=first
    )
    values = CHIP_INT4.out.decode(got["out"]) / 2**8
    assert values[10] == 2**23 - 1 - 56 * 64 * 254
    assert got["overflow"][8:].tolist() == [1, 1, 1, 0]


def test_widths_of_the_chip() -> None:
    assert dot_range(CHIP_INT4).width == 14
    assert dot_range(CHIP_INT8).width == 21
    symmetric = {"a": "int4_x64_uint8_symmetric", "b": "int4_x64_uint8_symmetric"}
    assert dot_range(ScaledDotConfig.preset("keller-int4", **symmetric)).width == 13
    symmetric = {"a": "int8_x32_uint8_symmetric", "b": "int8_x32_uint8_symmetric"}
    assert dot_range(ScaledDotConfig.preset("keller-int8", **symmetric)).width == 20
    # A product of any 14 and 8 bits has 22, but those that occur have 21: 64 * 64 * 254 < 2^20.
    assert (Range(-(2**13), 2**13 - 1, 0) * Range(0, 255, 0)).width == 22
    assert factor_range(CHIP_INT4) == Range(0, 254, 8)
    assert scaled_range(CHIP_INT4) == Range(-56 * 64 * 254, 64 * 64 * 254, 8)
    assert CHIP_INT4.term.significand == scaled_range(CHIP_INT4).width == 21
    assert CHIP_INT4.out is not None
    assert CHIP_INT4.out.width == 24


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("signs", list(itertools.product([False, True], repeat=2)))
def test_ranges_are_reached_and_not_left(symmetric: bool, signs: tuple[bool, bool]) -> None:
    """Brute force: all operands of two lanes, all scales."""
    formats = [integer(3, sign=sign) for sign in signs]
    ends = ["_symmetric" if symmetric and sign else "" for sign in signs]
    for rounding, factor_bits in itertools.product(("half-away", "toward-zero"), (2, 3, 6)):
        config = made(
            *(f"{fmt}_x2_uint3_quotient{end}" for fmt, end in zip(formats, ends, strict=True)),
            factor_bits=factor_bits,
            factor_rounding=rounding,
        )
        values = []
        for fmt in formats:
            found = fmt.decode(fmt.codes).astype(int)
            values.append(found[np.abs(found) <= found.max()] if symmetric else found)
        one = np.unique(np.multiply.outer(*values))
        dot = np.unique(np.add.outer(one, one))
        factors = {
            rounded(s * t, 6 - factor_bits, factor_bits, Rounding(rounding))
            for s, t in itertools.product(range(8), repeat=2)
        }
        scaled = np.multiply.outer(dot, np.array(sorted(factors)))
        for derived, found in (
            (dot_range(config), dot),
            (factor_range(config), np.array(sorted(factors))),
            (scaled_range(config), scaled),
        ):
            assert (derived.low, derived.high) == (min(found.min(), 0), found.max())
            # No narrower two's complement holds both ends.
            limit = 2 ** (derived.width - 2)
            assert found.max() >= limit or found.min() < -limit


def test_symmetric_blocks_wrap_where_their_least_code_comes() -> None:
    block = "int4_x64_uint8_quotient_symmetric"
    config = made(block, block)
    ones = np.ones(2, int)
    elements = np.full((2, 64), 8)
    elements[1, 1:] = 7
    got = config.result.decode(
        scaled_dot(config, a=elements, b=elements, a_scale=ones, b_scale=ones)["out"]
    )
    assert got.tolist() == [64 * 64 - 2**13, 64 + 63 * 49]
    # Without that code, nothing wraps.
    largest = np.full((1, 64), 7)
    got = scaled_dot(
        config, a=largest, b=largest, a_scale=np.array([255]), b_scale=np.array([255])
    )["out"]
    assert config.result.decode(got) == 64 * 49 * 255 * 255
