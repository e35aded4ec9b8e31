"""Scaled dot products against exact rationals, gfloat and ml_dtypes."""

import math
import re
from fractions import Fraction
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from format_oracle import Oracle
from scaled_cases import PAIRS, made, products, random_blocks

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.scaled_dot import ScaledDotConfig, scaled_dot
from ffp8.golden.scaled_ranges import number_range

parse = BlockFormat.parse
FLOAT32 = Format.parse("float32")


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
