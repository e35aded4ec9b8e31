# amaranth: UnusedElaboratable=no

"""The vector quantizer's hardware is what golden says, in every cycle."""

from typing import Any

import pytest
from amaranth.hdl import Module, Value
from full_vector_quantizers import microscaling, mismatches, quotients, rounded, vs
from stream_checker import check_stream
from vector_cases import quantizer

from ffp8.golden.vector_quantizer import VectorQuantizerConfig
from ffp8.hw import power_scale, signed_magnitude, vector_ways
from ffp8.hw.compared_element import ComparedElements
from ffp8.hw.unpacked import Normal
from ffp8.hw.vector_quantizer import VectorQuantizer
from ffp8.hw.vector_ticks import VectorTicks
from ffp8.hw.vector_ways import ByQuotients
from ffp8.synth.verify import verify

#: Powers of two: each way to elements, whole vectors and streamed ones.
POWERS = (
    quantizer("bfloat16", "mxfp8_e4m3_x4", 4, stages=1),
    quantizer("bfloat16", "mxfp8_e4m3_x6", 2, stages=4, overflow="special"),
    quantizer("float16", "mxfp6_e3m2_x8", 4, stages=6),
    quantizer("float32", "mxint8_x4", 2, stages=3),
    quantizer("int24", "mxfp4_x4", 1, stages=5, maximum=True),
    quantizer("int12", "mxint8_x8", 4, stages=8),
    quantizer("bfloat16", "s1e4m3b7_x6_s0e6m0b20_nozero_fit", 3, maximum=True, stages=2),
    quantizer("bfloat16", "q2.6_x4_e8m0fnu_ceil_symmetric", 2, rounding="half-away", stages=7),
    quantizer("bfloat16", "mxfp8_e5m2_x4", 2, rounding="stochastic-b", random_bits=4),
    quantizer("e4m3fn", "mxfp4_x4", 2, rounding="to-odd"),
)

#: Quotients: comparisons and both kinds of reciprocals.
QUOTIENTS = (
    quantizer("bfloat16", "nvfp4_x4", 4, stages=12, maximum=True),
    quantizer("bfloat16", "nvfp4_x8", 2, stages=4, overflow="special"),
    quantizer("int16", vs(4, 8, 4), 2, stages=5, rounding="toward-zero"),
    quantizer("float16", "int4_x4_uint4_quotient_by_float16", 1, stages=2),
    quantizer("bfloat16", "e2m1fn_nosub_x4_e4m3fn_quotient", 2, stages=3),
    quantizer("bfloat16", vs(8, 8, 6), 2, stages=13, reciprocal_bits=9),
    quantizer("int16", vs(8, 8, 8), 4, stages=6, reciprocal_bits=5, unrounded=True, maximum=True),
    quantizer("int16", vs(4, 8, 4), 2, stages=10, reciprocal_bits=7, unrounded=True, value_bits=6),
    quantizer(
        "bfloat16", "e3m2fn_x4_e5m2fnuz_quotient", 4, reciprocal_bits=7, rounding="stochastic-c"
    ),
)


@pytest.mark.parametrize("config", POWERS + QUOTIENTS, ids=lambda config: config.identifier)
def test_equal_to_golden_in_every_cycle(config: VectorQuantizerConfig) -> None:
    assert not any(mismatches(config, 8, engine="amaranth").values())


@pytest.mark.parametrize("config", [POWERS[1], QUOTIENTS[0]], ids=lambda config: config.identifier)
def test_random_beats_and_rules_of_streams(config: VectorQuantizerConfig) -> None:
    record = verify(config, engine="amaranth", count=400)
    assert record.passed, record.first
    check_stream(config, count=400, engine="amaranth")


def test_sweep_covers_what_it_says() -> None:
    configs = [*microscaling(), *rounded(), *quotients()]
    assert len(set(configs)) == len(configs) > 100
    powers = [config for config in configs if not config.quotient]
    assert {config.stages for config in powers} == set(range(1, 9))
    assert {config.lanes for config in configs} >= {1, 2, 4, 8, 16, 32}
    assert {config.beats for config in configs} >= {1, 2, 4, 8, 16, 32}


def whole(way: ByQuotients, m: Module, word: Value) -> Normal:
    """A value with all of its bits, where it should be cut."""
    return signed_magnitude.normalise(m, way.config.a, word, "element")


@pytest.mark.parametrize(
    ("where", "name", "bug", "config"),
    [
        (power_scale, "first_raised", lambda block, fraction: 2**fraction * 3 // 4, POWERS[6]),
        (ComparedElements, "begins", lambda elements, low, high, code: (high, False), QUOTIENTS[0]),
        (VectorTicks, "carried", lambda ticks, value, since, until, name: value, QUOTIENTS[1]),
        (ByQuotients, "operand", whole, QUOTIENTS[7]),
        (vector_ways, "factor_exponent", lambda m, divisor, constant: divisor, QUOTIENTS[5]),
    ],
)
def test_deliberate_bugs_are_found(
    where: Any,
    name: str,
    bug: Any,
    config: VectorQuantizerConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(where, name, bug)
    assert any(mismatches(config, 6, engine="amaranth").values())


def test_config_must_be_one() -> None:
    with pytest.raises(TypeError, match=r"^Vector quantizer config must be of type .*, not 'mx'$"):
        VectorQuantizer("mx")  # pyright: ignore[reportArgumentType]
