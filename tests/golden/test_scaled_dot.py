"""Scaled dot products against Python integers, exact rationals, gfloat and ml_dtypes."""

import itertools
import math
import re
from fractions import Fraction
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from block_oracle import BlockOracle
from format_oracle import Oracle

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format, integer
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Rounding
from ffp8.golden.scaled_dot import ScaledDotConfig, scaled_dot
from ffp8.golden.scaled_ranges import dot_range, factor_range, number_range, scaled_range

parse = BlockFormat.parse
FLOAT32 = Format.parse("float32")
CHIP_INT4 = ScaledDotConfig.preset("keller-int4", flags=True)
CHIP_INT8 = ScaledDotConfig.preset("keller-int8")


def made(a: str, b: str, **options: Any) -> ScaledDotConfig:
    return ScaledDotConfig.from_json({"a": a, "b": b, **options})


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


# Block formats.


def random_blocks(config: ScaledDotConfig, count: int, seed: int = 5) -> dict[str, np.ndarray]:
    """Codes of blocks, most of them without special ones, which else hide what is finite."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for name, block in (("a", config.a), ("b", config.b)):
        codes = rng.integers(0, 2**block.element.width, (count, block.length))
        plain = rng.integers(0, 2 ** (block.element.width - 2), codes.shape)
        found[name] = np.where(np.arange(count)[:, None] % 3 > 0, plain, codes)
        found[f"{name}_scale"] = rng.integers(0, 2**block.scale.width, count)
    return found


def products(config: ScaledDotConfig, operands: dict[str, np.ndarray]) -> list[Fraction | float]:
    """The formula, with the rules of IEEE 754 for NaN and infinity."""
    oracles = [BlockOracle(block) for block in (config.a, config.b)]
    found: list[Fraction | float] = []
    for row in range(len(operands["a_scale"])):
        one, two = (
            [oracle.element.value(int(code)) for code in operands[name][row]]
            for name, oracle in zip("ab", oracles, strict=True)
        )
        terms = [multiplied(x, y) for x, y in zip(one, two, strict=True)]
        floats = [term for term in terms if isinstance(term, float)]
        total: Fraction | float = sum(floats) if floats else sum(terms, Fraction(0))
        for name, oracle in zip("ab", oracles, strict=True):
            total = multiplied(total, oracle.scale.value(int(operands[f"{name}_scale"][row])))
        found.append(total)
    return found


def multiplied(x: Fraction | float, y: Fraction | float) -> Fraction | float:
    if isinstance(x, float) or isinstance(y, float):
        return float(x) * float(y)
    return x * y


PAIRS = [
    ("mxfp8_e4m3_x8", "mxfp8_e5m2_x8"),
    ("mxfp6_e2m3_x4", "mxfp4_x4"),
    ("mxint8_x8", "mxfp6_e3m2_x8"),
    ("nvfp4", "nvfp4"),
    ("nvfp4_x3", "s1e3m2b4_x3_s0e5m3b20_ceil"),
    ("mxfp4_x1", "e2m1fn_x1_e5m2_quotient"),
]


@pytest.mark.parametrize("out", ["s1e5m4b15", "e5m2", "q6.2"])
@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_results_are_rounded_once(a: str, b: str, out: str) -> None:
    config = made(a, b, out=out, overflow="special", flags=True)
    assert config.out is not None
    operands = random_blocks(config, 300)
    flat = dict(operands)
    if config.ways == 1:
        flat |= {name: operands[name][:, 0] for name in "ab"}
    got = scaled_dot(config, **flat)
    oracle = Oracle.of(config.out)
    oracle.denominator = 2**400
    finite = 0
    for row, value in enumerate(products(config, operands)):
        if isinstance(value, float):
            number = abs(value)
        else:
            finite += 1
            number = oracle.numerator(Fraction(abs(value)))
        code, flags = oracle.encode(value < 0, number, "nearest-even", "special")
        found = int(got["out"][row])
        # The sign of a zero is the subject of another test.
        zero = number == 0 and config.out.has_negative_zero
        assert (found & 2 ** (config.out.width - 1) - 1 if zero else found) == code
        assert bool(got["overflow"][row]) == flags.overflow
        assert bool(got["inexact"][row]) == flags.inexact
        assert bool(got["underflow"][row]) == flags.underflow
    assert finite > 100


def test_nvfp4_in_float32_needs_no_rounding() -> None:
    config = made("nvfp4", "nvfp4", out="float32", flags=True)
    operands = random_blocks(config, 400)
    got = scaled_dot(config, **operands)
    values = FLOAT32.unpack(got["out"]).to_fractions()
    numbers = 0
    for want, found in zip(products(config, operands), values, strict=True):
        if isinstance(want, Fraction):
            numbers += 1
            assert found == want
        else:
            assert math.isnan(float(found))
    assert numbers > 390
    assert not got["inexact"].any()
    # The largest: 16 * 36 * 448 * 448 needs 20 bits, and so the sum of any blocks.
    assert number_range(config) == Range(-2304 * 225, 2304 * 225, -20)
    most = scaled_dot(
        config,
        a=np.full((1, 16), 7),
        b=np.full((1, 16), 15),
        a_scale=np.array([126]),
        b_scale=np.array([126]),
    )
    assert FLOAT32.decode(most["out"]) == -16 * 36 * 448 * 448


ML_DTYPES = {
    "mxfp8_e4m3": ml_dtypes.float8_e4m3fn,
    "mxfp6_e2m3": ml_dtypes.float6_e2m3fn,
    "mxfp6_e3m2": ml_dtypes.float6_e3m2fn,
    "mxfp4": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("a", list(ML_DTYPES))
@pytest.mark.parametrize("b", ["mxfp8_e4m3", "mxfp4"])
def test_microscaling_is_that_of_ml_dtypes_values(a: str, b: str) -> None:
    config = made(a, b, out="float32", overflow="special")
    rng = np.random.default_rng(3)
    operands = random_blocks(config, 300)
    for name in "ab":
        operands[f"{name}_scale"] = rng.integers(40, 210, 300)
    got = scaled_dot(config, **operands)["out"].astype(np.uint32).view(np.float32)
    sides = []
    for name, which in (("a", a), ("b", b)):
        elements = operands[name].astype(np.uint8).view(ML_DTYPES[which]).astype(np.float64)
        scale = operands[f"{name}_scale"].astype(np.uint8).view(ml_dtypes.float8_e8m0fnu)
        sides.append((elements, scale.astype(np.float64)))
    # Sums of up to 42 bits are exact in float64, and scales do not change that.
    total = (sides[0][0] * sides[1][0]).sum(axis=-1) * sides[0][1] * sides[1][1]
    with np.errstate(over="ignore", under="ignore"):
        want = total.astype(np.float32)
    assert np.array_equal(got, want, equal_nan=True)
    assert np.isfinite(want).sum() > 150
    assert (np.abs(want[np.isfinite(want) & (want != 0)]) < 2.0**-126).any()


GFLOAT = {
    "mxfp8_e4m3": gfloat.formats.format_info_ocp_e4m3,
    "mxfp8_e5m2": gfloat.formats.format_info_ocp_e5m2,
    "mxint8": gfloat.formats.format_info_ocp_int8,
    "nvfp4": gfloat.formats.format_info_ocp_e2m1,
}


@pytest.mark.parametrize("name", list(GFLOAT))
def test_exact_results_are_those_of_gfloat_values(name: str) -> None:
    config = made(f"{name}_x8", f"{name}_x8")
    operands = random_blocks(config, 150)
    got = config.result.unpack(scaled_dot(config, **operands)["out"]).to_fractions()
    scale = gfloat.formats.format_info_ocp_e8m0
    if name == "nvfp4":
        scale = gfloat.formats.format_info_ocp_e4m3
    checked = 0
    for row, value in enumerate(got):
        one, two = (
            [gfloat.decode_float(GFLOAT[name], int(code)).fval for code in operands[side][row]]
            for side in "ab"
        )
        factors = [
            gfloat.decode_float(scale, int(operands[f"{side}_scale"][row])).fval for side in "ab"
        ]
        if not np.isfinite([*one, *two, *factors]).all():
            assert isinstance(value, float)
            continue
        checked += 1
        dot = sum((Fraction(x) * Fraction(y) for x, y in zip(one, two, strict=True)), Fraction(0))
        assert value == dot * Fraction(factors[0]) * Fraction(factors[1])
    assert checked > 90


def test_signs_of_scales_count_in_the_width() -> None:
    block = "uint4_x2_e4m3fn_quotient"
    config = made(block, "uint4_x2_uint4")
    elements, scale = np.full((1, 2), 15), np.array([0xFE])
    operands = {"a": elements, "b": elements, "a_scale": scale, "b_scale": np.array([15])}
    assert config.result.decode(scaled_dot(config, **operands)["out"]) == -448 * 15 * 2 * 225
    assert number_range(config) == Range(-15 * 15 * 450, 15 * 15 * 450, -9)


def test_exact_results_are_zero_besides_what_is_special() -> None:
    config = made("mxfp8_e5m2_x1", "mxfp8_e5m2_x1")
    raw = config.term
    assert raw.name == "raw_m65e9b286_cin"
    code = scaled_dot(
        config,
        a=np.array([0x3C, 0x3C, 0x7C, 0xFC, 0x7C]),
        b=np.array([0x3C, 0x3C, 0x3C, 0x3C, 0x00]),
        a_scale=np.array([200, 255, 200, 200, 200]),
        b_scale=np.array([100, 3, 3, 3, 3]),
    )["out"]
    fields = {name: list(part) for name, part in raw.split(code).items()}
    assert fields["significand"] == [2**32, 0, 0, 2**64, 0]
    assert fields["exponent"] == [300, 0, 0, 0, 0]
    assert fields["infinity"] == [0, 0, 1, 1, 0]
    assert fields["nan"] == [0, 1, 0, 0, 1]


def test_signs_of_zeros_and_special_codes() -> None:
    config = made("e2m1fn_x2_e5m2_quotient", "e2m1fn_x2_e5m2_quotient", out="float32", flags=True)
    one, zero, minus, infinity, nan = 0x3C, 0x00, 0x80, 0x7C, 0x7F
    cases = [
        # elements a, elements b, scales, result, invalid
        ([0, 8], [2, 10], (one, one), 0.0, 0),
        ([8, 8], [2, 2], (one, one), -0.0, 0),
        ([8, 8], [2, 2], (one | minus, one), 0.0, 0),
        ([2, 10], [2, 2], (one | minus, one), -0.0, 0),
        ([2, 2], [2, 2], (minus, one), -0.0, 0),
        ([2, 2], [2, 2], (minus, one | minus), 0.0, 0),
        ([2, 2], [10, 10], (one, infinity), -math.inf, 0),
        ([2, 10], [2, 2], (one, infinity), math.nan, 1),
        ([2, 2], [2, 2], (zero, infinity), math.nan, 1),
        ([2, 2], [2, 2], (nan, infinity), math.nan, 0),
        ([0, 0], [2, 2], (nan, one), math.nan, 0),
    ]
    got = scaled_dot(
        config,
        a=np.array([case[0] for case in cases]),
        b=np.array([case[1] for case in cases]),
        a_scale=np.array([case[2][0] for case in cases]),
        b_scale=np.array([case[2][1] for case in cases]),
    )
    largest = float(FLOAT32.max.to_floats())
    for (_, _, _, want, invalid), code, flag in zip(cases, got["out"], got["invalid"], strict=True):
        found = float(FLOAT32.decode(code))
        expected = math.copysign(largest, want) if math.isinf(want) else want
        assert found == expected or (math.isnan(found) and math.isnan(expected))
        assert math.copysign(1, found) == math.copysign(1, expected) or math.isnan(expected)
        assert flag == invalid


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


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"b": "mxfp4_x8"}, "Blocks must be of one length, not 16 and 8"),
    (
        {"b": "e2m1fn_x16_int8_quotient"},
        "Scale of b must not be in two's complement, not int8",
    ),
    (
        {"b": "e2m1fn_x16_float32_quotient"},
        "Scale of b must be at most 16 bits wide, not float32",
    ),
    (
        {"factor_bits": 8},
        "Option factor_bits must be absent for scales that are no unsigned integers or fixed "
        "point, as e4m3fn",
    ),
    (
        {"a": "int4_x4_uint4", "b": "int4_x4_uint3", "factor_bits": 8},
        "Option factor_bits must be 2 to 7, not 8",
    ),
    (
        {"factor_rounding": "stochastic-a"},
        "Option factor_rounding must not be stochastic, not stochastic-a",
    ),
    ({"flags": True}, "Option flags must be off for the exact result, which is not rounded"),
    (
        {"rounding": "stochastic-a"},
        "Option rounding must not be stochastic-a for the exact result, which is not rounded",
    ),
    ({"accumulate": "running"}, "Option out must be given for running sums"),
    ({"accumulate": "exact"}, "Option terms must be given for exact sums"),
    ({"terms": 8}, "Option terms must be absent where sums are not exact"),
    ({"stages": 32}, "Option stages must be 0 to 11 here, not 32"),
    ({"stages": 0, "accumulate": "running", "out": "float32"}, "Option stages must be 1 to "),
    ({"stages": 0, "enable": True}, "Option enable must be off with 0 stages, which hold nothing"),
    ({"a": "mxfp4_x129", "b": "mxfp4_x129"}, "Option ways must be 1 to 128, not 129"),
    (
        {
            "a": "s1e8m1b127_x4_e8m0fnu", "b": "s1e8m1b127_x4_e8m0fnu", "accumulate": "exact",
            "terms": 16,
        },
        "Exact sum must be at most 1024 bits wide",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        ScaledDotConfig.from_json({"a": "nvfp4", "b": "nvfp4"} | options)


def test_elements_must_be_as_many_as_a_block_has() -> None:
    rows = np.zeros((2, 8), int)
    with pytest.raises(ValueError, match=r"^Codes must be in rows of 16, not of shape \(2, 8\)$"):
        scaled_dot(
            made("nvfp4", "nvfp4"),
            a=rows,
            b=rows,
            a_scale=np.zeros(2, int),
            b_scale=np.zeros(2, int),
        )
