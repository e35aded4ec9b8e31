"""The vector quantizer against a second definition in rationals, and casts of ml_dtypes."""

import math
import re
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from block_oracle import BlockOracle, floor_log2
from vector_cases import quantizer, vectors

from ffp8.golden.formats import Format
from ffp8.golden.vector_quantizer import VectorQuantizerConfig, quantise_vectors

CONFIGS = (
    quantizer("bfloat16", "mxfp8_e4m3_x4", 2, maximum=True),
    quantizer("float16", "mxfp4_x6", 1, maximum=True, stages=1),
    quantizer("int12", "mxint8_x4", 4, maximum=True),
    quantizer("bfloat16", "s1e4m3b7_x4_s0e6m0b20_nozero_fit", 2, overflow="special"),
    quantizer("bfloat16", "nvfp4_x4", 2, overflow="special"),
    quantizer("int12", "int4_x4_uint4_quotient_symmetric_by_float32", 2),
)


def values_of(fmt: Format, codes: np.ndarray) -> list[list[float]]:
    return fmt.decode(codes).tolist()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.identifier)
def test_beats_are_vectors_of_the_second_definition(config: VectorQuantizerConfig) -> None:
    block = config.to
    operands = vectors(config, 6)
    results = quantise_vectors(config, **operands)
    beats, length = config.beats, block.length
    assert all(len(codes) == len(operands["a"]) for codes in results.values())
    assert results["out"].shape == operands["a"].shape
    assert results["last"].tolist() == ([0] * (beats - 1) + [1]) * (len(results["last"]) // beats)
    rows = values_of(config.a, operands["a"].reshape(-1, length))
    elements = results["out"].reshape(-1, length)
    scales = results["scale"].reshape(-1, beats)
    assert (scales == scales[:, :1]).all()
    oracle = BlockOracle(block)
    special = config.overflow == "special"
    for number, row in enumerate(rows):
        outer = Fraction(1)
        if block.tensor is not None:
            tensor = float(block.tensor.decode(operands["tensor"][number * beats + beats - 1]))
            if not math.isfinite(tensor) or (tensor == 0 and math.copysign(1, tensor) < 0):
                continue
            outer = Fraction(tensor)
        want = oracle.quantise(row, outer, special=special)
        assert (int(scales[number, 0]), elements[number].tolist()) == want, row
    if config.maximum:
        magnitudes = np.abs(np.array(rows))
        magnitudes[np.isnan(magnitudes)] = 0
        port = next(port for port in config.ports if port.name == "maximum")
        assert port.format is not None
        got = port.format.decode(results["maximum"].reshape(-1, beats))
        assert (got == magnitudes.max(axis=-1)[:, None]).all()


def cut(value: Fraction, bits: int | None) -> Fraction:
    """A magnitude with its first bits alone."""
    if bits is None or not value:
        return value
    unit = Fraction(2) ** (floor_log2(value) - bits + 1)
    return value // unit * unit


@pytest.mark.parametrize("unrounded", [False, True])
@pytest.mark.parametrize(("bits", "value_bits"), [(1, None), (6, 4), (11, None), (11, 2)])
def test_reciprocals_are_those_of_rationals(
    bits: int, value_bits: int | None, unrounded: bool
) -> None:
    config = quantizer(
        "bfloat16", "int8_x4_uint6_quotient_symmetric_by_float32", 2,
        reciprocal_bits=bits, value_bits=value_bits, unrounded=unrounded,
    )  # fmt: skip
    block, element = config.to, BlockOracle(config.to).element
    operands = vectors(config, 12)
    results = quantise_vectors(config, **operands)
    rows = values_of(config.a, operands["a"].reshape(-1, 4))
    checked = 0
    for number, row in enumerate(rows):
        assert block.tensor is not None
        tensor = float(block.tensor.decode(operands["tensor"][2 * number + 1]))
        amax = max(abs(value) for value in row)
        if not (math.isfinite(tensor) and tensor and np.isfinite(row).all() and amax):
            continue
        divisor = Fraction(int(results["scale"][2 * number])) * Fraction(tensor)
        if unrounded:
            divisor = Fraction(amax) / 127
        if not divisor:
            continue
        power = Fraction(2) ** floor_log2(abs(divisor))
        code = math.floor(2**bits * power / abs(divisor) + Fraction(1, 2))
        factor = Fraction(code, 2**bits) / power
        assert abs(factor * abs(divisor) - 1) < Fraction(1, 2**bits)
        for value, code in zip(row, results["out"].reshape(-1, 4)[number].tolist(), strict=True):
            negative = (math.copysign(1, value) < 0) != (tensor < 0)
            exact = abs(Fraction(value))
            short = cut(exact, value_bits)
            assert exact == short or 1 - short / exact < Fraction(2, 2 ** (value_bits or 0))
            want, _ = element.nearest(short * factor, negative)
            assert code == want + (want == 128), (row, tensor)
            checked += 1
    assert checked > 100


def test_nvfp4_is_that_of_casts_in_ml_dtypes() -> None:
    config = quantizer("bfloat16", "nvfp4", 4)
    operands = vectors(config, 40, seed=3)
    rows = config.a.decode(operands["a"].reshape(-1, 16))
    assert config.to.tensor is not None
    tensor = config.to.tensor.decode(operands["tensor"].reshape(-1, 4)[:, -1])
    usual = np.isfinite(rows).all(axis=-1) & np.isfinite(tensor) & (tensor > 0)
    rows, tensor = rows[usual], tensor[usual, None]
    results = quantise_vectors(config, **operands)
    wanted = np.abs(rows).max(axis=-1, keepdims=True) / (6 * tensor)
    scale = wanted.clip(0, 448).astype(ml_dtypes.float8_e4m3fn)
    codes = results["scale"].reshape(-1, 4)[usual, :1]
    sure = ~near_a_tie(wanted.clip(0, 448), np.arange(0x7F).astype(np.uint8), "float8_e4m3fn")
    assert sure.mean() > 0.9
    assert (codes == scale.view(np.uint8))[sure].all()
    divisor = config.to.scale.decode(codes) * tensor
    quotient = np.divide(rows, divisor, out=np.zeros_like(rows), where=divisor > 0).clip(-6, 6)
    elements = np.copysign(quotient, rows).astype(ml_dtypes.float4_e2m1fn).view(np.uint8) & 15
    sure = ~near_a_tie(np.abs(quotient), np.arange(8).astype(np.uint8), "float4_e2m1fn")
    assert sure.mean() > 0.7
    assert (results["out"].reshape(-1, 16)[usual] == elements)[sure].all()


def near_a_tie(values: np.ndarray, codes: np.ndarray, dtype: str) -> np.ndarray:
    """Whether a quotient in float64 may be on the wrong side of the middle between two codes."""
    magnitudes = codes.view(getattr(ml_dtypes, dtype)).astype(np.float64)
    middles = (magnitudes[1:] + magnitudes[:-1]) / 2
    near = np.abs(values[..., None] - middles) < middles * 1e-9
    return np.asarray(near.any(axis=-1))


@pytest.mark.parametrize(
    ("options", "latency", "beats"),
    [
        ({"to": "mxfp8_e4m3", "lanes": 8, "stages": 3}, 3, 4),
        ({"to": "nvfp4", "lanes": 16}, 4 + 6, 1),
        ({"to": "nvfp4", "lanes": 2, "reciprocal_bits": 9}, 4 + 6 + 11, 8),
        (
            {
                "to": "int8_x64_uint8_quotient_symmetric_by_float32",
                "lanes": 4,
                "reciprocal_bits": 9,
                "unrounded": True,
            },
            4 + 11,
            16,
        ),
    ],
)
def test_times(options: dict[str, Any], latency: int, beats: int) -> None:
    config = quantizer("bfloat16", **options)
    assert (config.latency, config.beats, config.results) == (latency, beats, beats)


VS = "int4_x16_uint4_quotient_symmetric_by_float32"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lanes": 3}, "Option lanes must divide the 32 elements of a block, not 3"),
        ({"lanes": 0}, "Option lanes must be 1 or more, not 0"),
        ({"to": "mxfp4_x2", "lanes": 1}, "Block length must be 4 to 128, not 2"),
        ({"to": "mxfp4_x256"}, "Block length must be 4 to 128, not 256"),
        ({"stages": 9}, "Option stages must be 1 to 8 for such vectors, not 9"),
        ({"to": "nvfp4", "stages": 1}, "Option stages must be 2 to 12 for such vectors, not 1"),
        (
            {"to": VS, "reciprocal_bits": 8, "stages": 2},
            "Option stages must be 3 to 13 for such vectors, not 2",
        ),
        (
            {"to": VS, "reciprocal_bits": 8, "unrounded": True, "stages": 11},
            "Option stages must be 2 to 10 for such vectors, not 11",
        ),
        ({"to": "nvfp4", "value_bits": 8}, "Option value_bits must be absent without reciprocals"),
        ({"unrounded": True}, "Option unrounded must be absent with the rule floor"),
        ({"reciprocal_bits": 8}, "Option reciprocal_bits must be absent with the rule floor"),
        (
            {"to": VS, "unrounded": True},
            "Option reciprocal_bits must be given with unrounded",
        ),
        (
            {"to": "nvfp4", "rounding": "to-odd"},
            "Option reciprocal_bits must be given with rounding to-odd",
        ),
        (
            {"to": "int8_x16_uint4_quotient"},
            "Option reciprocal_bits must be given with elements of more than 16 magnitudes",
        ),
        ({"a": "e8m0fnu"}, "Format of a must have a zero and radix 2, not e8m0fnu"),
        (
            {"to": "fp4_radix4_x16_e8m0fnu_floor"},
            "Format of element must have a zero and radix 2, not fp4_radix4",
        ),
        (
            {"to": "e2m1fn_x16_e4m3fn_floor"},
            "Blocks by the rule floor must have scales without zero, as E8M0, and no tensor "
            "scale, not those of e2m1fn_x16_e4m3fn_floor",
        ),
        (
            {"to": "e2m1fn_x16_e5m2_quotient", "overflow": "special"},
            "Format of scale must have no infinity with overflow special, not e5m2",
        ),
    ],
)
def test_refusals(options: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"a": "bfloat16", "to": "mxfp8_e4m3", "lanes": 4}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        quantizer(**(given | options))


def test_vectors_must_be_whole() -> None:
    config = quantizer("bfloat16", "mxfp4_x8", 2)
    with pytest.raises(ValueError, match=r"^Beats must be whole vectors of 4, not 6$"):
        quantise_vectors(config, a=np.zeros((6, 2), np.uint16))
    none = quantise_vectors(config, a=np.zeros((0, 2), np.uint16))
    assert none["out"].shape == (0, 2)
