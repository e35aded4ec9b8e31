"""The post-processor's golden model against exact rationals, one sum at a time."""

import math
import re
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from block_oracle import BlockOracle
from format_oracle import Oracle
from processor_cases import processor, sums

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.post_processor import PostProcessorConfig, column_values, post_process
from ffp8.golden.ranges import Range, value_range

WIDE = {"a": "int32", "factor": "uq0.32", "bias": "q8.24"}

COLUMNS = (
    processor("int4"),
    processor("int4", activation="relu", rounding="toward-zero"),
    processor("uint4", activation="clipped-relu", rounding="half-away"),
    processor("q3.1", activation="clipped-relu", rounding="to-odd"),
    processor("q2.3", activation="leaky-relu", slope=3),
    processor("uq2.2", activation="leaky-relu", slope=1, rounding="half-away"),
    processor("e4m3fn", activation="leaky-relu", slope=2, lanes=1),
    processor("float16", activation="relu", a="uint7", bias="uq3.2"),
    processor("s1e0m6b0", factor="uq3.1", lanes=3),
    processor("int16", **WIDE, activation="leaky-relu", slope=16),
    processor("q20.12", **WIDE, activation="clipped-relu"),
    processor("int8", a="int24", factor="uq0.16", bias="int24", activation="relu"),
)


def value(fmt: Format, code: int) -> Fraction:
    """A code in fixed point."""
    if fmt.sign and code >= 2 ** (fmt.width - 1):
        code -= 2**fmt.width
    return code * Fraction(2) ** fmt.quantum_exponent


def activated(config: PostProcessorConfig, y: Fraction, clip: Fraction) -> Fraction:
    match str(config.activation):
        case "relu":
            return max(y, Fraction(0))
        case "clipped-relu":
            return min(max(y, Fraction(0)), clip)
        case "leaky-relu":
            assert config.slope is not None
            return y if y >= 0 else y / 2**config.slope
    return y


@cache
def oracle_of(fmt: Format) -> Oracle:
    return Oracle.of(fmt)


def rounded(fmt: Format, rounding: str, y: Fraction) -> int:
    oracle = oracle_of(fmt)
    # Wide formats are rounded by their definition, because there are too many values to search.
    if fmt.width <= 8 or fmt.exponent:
        scaled = abs(y) * oracle.denominator
        assert scaled.denominator == 1
        return oracle.encode(y < 0, scaled.numerator, rounding, "saturate")[0]
    assert rounding == "nearest-even"
    top = 2 ** (fmt.width - 1)
    index = round(y / Fraction(2) ** fmt.quantum_exponent)
    return max(-top, min(top - 1, index)) % 2**fmt.width


@pytest.mark.parametrize("config", COLUMNS, ids=lambda config: config.identifier)
def test_values_are_those_of_rationals(config: PostProcessorConfig) -> None:
    operands = sums(config, 150)
    got = post_process(config, **operands)["out"]
    assert got.shape == operands["a"].shape
    lanes = {name: operands[name].reshape(-1, config.lanes).tolist() for name in COLUMN_PORTS}
    clips = operands.get("clip", np.zeros(len(got), int)).tolist()
    rows = zip(*lanes.values(), clips, got.reshape(-1, config.lanes).tolist(), strict=True)
    limits = set()
    for a, factor, bias, clip, out in rows:
        for x, scale, added, code in zip(a, factor, bias, out, strict=True):
            y = value(config.a, x) * value(config.factor, scale) + value(config.bias, added)
            y = activated(config, y, value(config.values, clip))
            assert code == rounded(config.values, str(config.rounding), y)
            limits.add(code)
    assert len(limits) > 5


COLUMN_PORTS = ("a", "factor", "bias")


VECTORS = (
    processor("int11", "int4_x8_uint8_quotient_symmetric", rounding="toward-zero"),
    processor("int8", "int4_x4_uint4_quotient_symmetric", element_rounding="half-away"),
    processor("bfloat16", "mxfp4_x6", activation="relu", overflow="special"),
    processor("int12", "mxint8_x4", activation="clipped-relu", lanes=1),
    processor("int10", "nvfp4_x8", lanes=8),
)


@pytest.mark.parametrize("config", VECTORS, ids=lambda config: config.identifier)
def test_vectors_are_quantised(config: PostProcessorConfig) -> None:
    assert config.to is not None
    operands = sums(config, 60)
    values = column_values(config, **operands)
    got = post_process(config, **operands)
    oracle = BlockOracle(config.to)
    numbers = config.values.decode(values).reshape(-1, config.to.length)
    elements = got["out"].reshape(numbers.shape).tolist()
    scales = got["scale"].reshape(len(numbers), -1)
    assert (scales == scales[:, :1]).all()
    assert (got["last"].reshape(scales.shape) == [0] * (config.beats - 1) + [1]).all()
    tensors = np.ones(len(numbers))
    if config.to.tensor is not None:
        tensors = config.to.tensor.decode(operands["tensor"][config.beats - 1 :: config.beats])
    compared = 0
    for row, tensor, scale, codes in zip(numbers, tensors, scales[:, 0], elements, strict=True):
        if not math.isfinite(tensor) or not tensor:
            continue
        want = oracle.quantise(
            row.tolist(),
            Fraction(tensor),
            special=config.overflow == "special",
            unrounded=config.unrounded,
            away=config.element_rounding == "half-away",
        )
        assert (scale, codes) == want
        compared += 1
    assert compared > 40


def vsq(**options: Any) -> PostProcessorConfig:
    """INT4 with an unsigned 8-bit scale for each vector of 16, of 11-bit values."""
    to = "int4_x16_uint8_quotient_symmetric"
    return processor("int11", to, lanes=4, reciprocal_bits=8, **options)


def test_zero_vector_has_scale_zero() -> None:
    config = vsq()
    nothing = {port.name: np.zeros((4, 4), port.dtype) for port in config.operands}
    got = post_process(config, **nothing)
    assert not got["scale"].any()
    assert not got["out"].any()


def test_largest_element_of_a_vector_is_the_largest_there_is() -> None:
    config = vsq(unrounded=True, a="int16", factor="uq0.8", bias="int12")
    operands = sums(config, 300)
    values = config.values.decode(column_values(config, **operands)).reshape(-1, 16)
    got = post_process(config, **operands)
    assert config.to is not None
    elements = config.to.element.decode(got["out"]).reshape(-1, 16)
    top = np.abs(values).argmax(axis=1)[:, np.newaxis]
    there = np.abs(values).max(axis=1) >= 4  # With less, the scale is rounded to zero.
    largest = np.take_along_axis(elements, top, 1)[there, 0]
    signs = np.sign(np.take_along_axis(values, top, 1)[there, 0])
    assert there.sum() > 150
    assert (largest == 7 * signs).all()
    assert np.abs(elements).max() == 7


@pytest.mark.parametrize("config", COLUMNS, ids=lambda config: config.identifier)
def test_widths_are_the_least(config: PostProcessorConfig) -> None:
    """The ends of the ranges are taken by extremes of the operands."""
    ends = [value_range(getattr(config, name)) for name in COLUMN_PORTS]
    values = [
        (x * scale, bias)
        for x in (ends[0].low, ends[0].high)
        for scale in (ends[1].low, ends[1].high)
        for bias in (ends[2].low, ends[2].high)
    ]
    unit = Fraction(2) ** (ends[0].unit + ends[1].unit)
    totals = [p * unit + b * Fraction(2) ** ends[2].unit for p, b in values]
    step = Fraction(2) ** config.total.unit
    assert config.total.low * step == min(totals)
    assert config.total.high * step == max(totals)
    acted = [activated(config, total, max(totals)) for total in totals]
    if config.slope is not None:
        fine = Fraction(2) ** config.activated.unit
        assert config.activated.low * fine == min(acted)
        assert config.activated.high * fine == max(acted)
    assert config.exact.width == config.activated.width


def test_keller_widths() -> None:
    config = PostProcessorConfig(values=Format.parse("int8"), lanes=16)
    assert config.factor.width + config.bias.width == 40
    assert config.product == Range(-(2**23) * (2**16 - 1), (2**23 - 1) * (2**16 - 1), -16)
    assert (config.product.width, config.total.width) == (40, 41)


def test_beats_must_be_whole_vectors() -> None:
    config = vsq()
    beats = {name: codes[:5] for name, codes in sums(config, 2).items()}
    with pytest.raises(ValueError, match=r"whole vectors of 4, not 5$"):
        post_process(config, **beats)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"a": "e4m3fn"}, "Format of a must be fixed point, not e4m3fn"),
        ({"factor": "int8"}, "Format of factor must be fixed point without a sign, not int8"),
        ({"bias": "bfloat16"}, "Format of bias must be fixed point, not bfloat16"),
        (
            {"rounding": "stochastic-a"},
            "Option rounding must be one without random bits, not stochastic-a",
        ),
        (
            {"values": "e4m3fn", "activation": "clipped-relu"},
            "Format of values must be fixed point with clipped-relu, not e4m3fn",
        ),
        ({"slope": 2}, "Option slope must be absent with activation none"),
        (
            {"activation": "leaky-relu"},
            "Option slope must be given with activation leaky-relu",
        ),
        ({"unrounded": True}, "Option unrounded must be left out without to, not True"),
        ({"quantizer_stages": 3}, "Option quantizer_stages must be left out without to, not 3"),
        ({"stages": 6}, "Option stages must be 1 to 5, not 6"),
        (
            {"to": "mxfp4", "lanes": 3},
            "Option lanes must divide the 32 elements of a block, not 3",
        ),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        processor(**{"values": "int4"} | options)


def test_json_and_arguments() -> None:
    config = processor(
        "int8", "mxint8_x8", activation="leaky-relu", slope=2, element_rounding="stochastic-a"
    )
    assert config.random_bits == 8
    assert PostProcessorConfig.from_json(config.to_json()) == config
    assert config.to_json()["to"] == BlockFormat.parse("mxint8_x8").name
    assert config.quantizer is not None
    assert config.latency == config.stages + config.quantizer.latency
    assert [port.name for port in config.operands] == ["a", "factor", "bias", "random"]
