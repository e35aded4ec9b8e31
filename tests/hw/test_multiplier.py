# amaranth: UnusedElaboratable=no

"""The multiplier's hardware is what golden says, in every cycle."""

from functools import cache
from typing import Any

import pytest
from multiplier_records import all_pairs_are_goldens, many_pairs_are_goldens, records_of

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.hw.multiplier import Multiplier
from ffp8.synth.design import elaborate
from ffp8.synth.verify import Verification, verify


def multiplier(a: str, b: str, out: str | None, **options: Any) -> MultiplierConfig:
    return MultiplierConfig(
        a=Format.parse(a),
        b=Format.parse(b),
        out=None if out is None else Format.parse(out),
        **options,
    )


#: All pairs of 8-bit codes: the short product, the aligning rounder, fixed point, exact results.
EXHAUSTIVE = (
    multiplier("e4m3fn", "e4m3fn", "e4m3fn", stages=0),
    multiplier("e4m3fn", "e4m3fn", "e4m3fn", overflow="special", stages=3, enable=True),
    multiplier("e5m2", "e5m2", "e5m2", overflow="special", stages=1, flags=True),
    multiplier("e4m3fn_nosub", "e4m3fn_nosub", "e4m3fn_nosub", rounding="half-away", stages=2),
    multiplier("s0e3m5b12", "s1e4m3b7", "s1e4m3b7", stages=0),
    multiplier("e4m3fnuz", "s1e5m2b40", "binary8p4se", rounding="toward-zero", stages=0),
    multiplier("s1e5m2b15", "s1e3m4b3_fn", "s1e5m2b15", stages=3),
    multiplier("int8", "e4m3fn", "s1e4m3b1_ieee", stages=1, enable=True),
    multiplier("int8", "q4.4", "q6.2", stages=0, flags=True),
    multiplier("uint8", "int8", "q12.-4", rounding="half-away", stages=1),
    multiplier("s1e7m0", "e5m2", "uq1.7", overflow="special", stages=2, flags=True),
    multiplier("e8m0fnu", "binary8p1uf", "e8m0fnu", stages=0, flags=True),
    multiplier("e5m2", "s1e0m7_fn", None, stages=3, enable=True),
    multiplier("e4m3fn", "e4m3fn", "float16", rounding="half-away", stages=0),
    multiplier("e4m3fn", "e4m3fn", "e4m3fn", rounding="to-odd", overflow="special", stages=2),
    multiplier("e4m3fn", "e5m2", "e4m3fn", rounding="to-odd", stages=0, flags=True),
    multiplier("e5m2", "e5m2", "e5m2_nosub", rounding="to-odd", overflow="special", stages=1),
    multiplier("int8", "int8", "q6.2", rounding="to-odd", stages=0, flags=True),
    multiplier("s1e7m0", "e5m2", "binary8p1se", rounding="to-odd", stages=1),
    multiplier("e5m2", "binary8p1uf", "e8m0fnu", rounding="to-odd", stages=0, flags=True),
    multiplier("e4m3fn", "e4m3fn", "e4m3fn", stages=3, enable=True, flags=True),
    multiplier("e4m3fn_nosub", "e4m3fn_nosub", "e4m3fn_nosub", stages=2, flags=True),
    multiplier("e3m4", "e4m3fn", "s1e4m2b9", rounding="to-odd", stages=3, flags=True),
)

#: Corners and random codes of wider ones.
SAMPLED = (
    multiplier("float16", "bfloat16", "float32", overflow="special", stages=2, flags=True),
    multiplier("float16", "float16", "float16", stages=3, enable=True),
    multiplier("e4m3fn", "float16", "float16", stages=2, flags=True),
    multiplier("int16", "float16", "int8", stages=1, flags=True),
    multiplier("e5m2", "e4m3fn", "e4m3fn", bias_bits=6, stages=0, flags=True),
    multiplier("int8", "s0e3m5", "q4.4", bias_bits=4, stages=2, enable=True),
)


@cache
def records() -> dict[MultiplierConfig, Verification]:
    return records_of((*EXHAUSTIVE, *SAMPLED))


@pytest.mark.parametrize("config", EXHAUSTIVE, ids=lambda config: config.identifier)
def test_all_pairs_are_goldens(config: MultiplierConfig) -> None:
    all_pairs_are_goldens(records()[config], config)


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_corners_and_random_codes_are_goldens(config: MultiplierConfig) -> None:
    many_pairs_are_goldens(records()[config])


def test_stalls_are_part_of_the_comparison() -> None:
    stalled = [record for config, record in records().items() if config.enable]
    assert len(stalled) == 6
    assert all(record.stalls > record.cycles // 10 for record in stalled)


@pytest.mark.parametrize("stages", range(4))
def test_latency_is_the_number_of_stages(stages: int) -> None:
    # Cycles in which an output is undefined would hide a pipeline that is too short.
    config = multiplier("e2m1fn", "e2m1fn", "e2m1fn", stages=stages)
    assert config.latency == stages
    assert verify(config, engine="amaranth").passed
    registers = elaborate(config).rtlil.count("cell $dff")
    assert (registers > 0) == (stages > 0)


def test_config_must_be_one() -> None:
    with pytest.raises(
        TypeError, match=r"^Multiplier config must be of type MultiplierConfig, not 'e4m3fn'$"
    ):
        Multiplier("e4m3fn")  # pyright: ignore[reportArgumentType]
