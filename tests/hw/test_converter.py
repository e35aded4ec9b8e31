# amaranth: UnusedElaboratable=no

"""The converter's hardware is what golden says, in every cycle."""

from functools import cache

import pytest
from full_converters import SMALL, converter, small, stochastic, wide

from ffp8.golden.converter import ConverterConfig
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.hw.converter import Converter
from ffp8.hw.encoder import Encoder
from ffp8.hw.short_conversion import ShortConversion
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import Verification, verify

#: All codes: the short way in each of its forms, and each kind of source and result.
EXHAUSTIVE = (
    converter("bfloat16", "e4m3fn", stages=0),
    converter("bfloat16", "e5m2", stages=1, overflow="special", rounding="toward-zero"),
    converter("float16", "e5m2_nosub", stages=1, rounding="to-odd"),
    converter("bfloat16", "float16", stages=2, flags=True, enable=True),
    converter("bfloat16", "int8", stages=0, flags=True),
    converter("posit16_2", "e5m2", stages=0, flags=True),
)

#: The same of fewer codes, without a compiler.
SHORTER = (
    converter("s1e6m4b31_ieee", "e4m3fn", stages=2, overflow="special", enable=True),
    converter("s1e6m5b20_ieee", "e4m3fnuz", stages=0, rounding="half-away"),
    converter("s1e6m3b31_ieee", "s0e4m3b9_ieee", stages=0, overflow="special"),
    converter("s1e6m4", "hfp8_1_4_3", stages=2),
    converter("s1e6m3b31_ieee", "e2m1fn", stages=0),
    converter("s1e6m3_extended", "binary8p4se", stages=1, overflow="special"),
    converter("s1e4m6b7_ieee", "s1e4m3b7_ieee", stages=1, flags=True),
    converter("s1e4m5b7_nosub", "s1e6m6", stages=2),
    converter("q7.4", "e4m3fn", stages=1, rounding="half-away"),
    converter("int10", "q4.4", stages=2, enable=True),
    converter("s1e5m4b15_ieee", "posit8_2", stages=1, flags=True),
    converter("e5m2", "s1e4m1b7", stages=0, rounding="stochastic-a", random_bits=3, flags=True),
    converter("int8", "e2m3fn", stages=2, rounding="stochastic-c", random_bits=4, enable=True),
    converter("s1e5m4b15_ieee", "e5m2", stages=1, rounding="stochastic-b", random_bits=2),
    converter("e4m3fn", "int4", stages=1, rounding="stochastic-c", random_bits=3),
    converter("posit8_1", "fp4_radix4", stages=1, rounding="stochastic-b", random_bits=3),
    converter("raw_m10e0b5_cn", "e4m3fn", stages=1),
    converter("raw_m5e3b6_sn", "q4.3", stages=0, flags=True),
    converter("raw_m12e0b3_c", "int5", stages=1, flags=True),
    converter("raw_m12e0b6_c", "uint4", stages=2, flags=True, rounding="half-away"),
    converter("raw_m12e0b-2", "int6", stages=0, flags=True, overflow="special"),
    converter("int12", "q2.2", stages=1, flags=True, rounding="stochastic-b", random_bits=2),
    converter("uint12", "s1e0m5b0", stages=1, flags=True),
    converter("q2.10", "s0e0m4b-1_fn", stages=0, flags=True, rounding="toward-zero"),
    converter("q5.5", "fp4_radix4", stages=1),
    converter("s1e6m3b31_ieee", "s0e5m0b15_fn_nozero", stages=0, flags=True, overflow="special"),
)

#: Corners, edges and random codes of wider ones.
SAMPLED = (
    converter("float32", "e4m3fn", stages=0),
    converter("float32", "bfloat16", stages=0, overflow="special", flags=True),
    converter("int32", "float32", stages=1),
)

#: Sequences of numbers for units with state.
STATE = (
    converter("bfloat16", "e4m3fn", sticky=True, enable=True),
    converter("float16", "uint8", sticky=True, stages=2, flags=True),
    converter("float16", "posit8_2", sticky=True, stages=2, enable=True),
    converter("bfloat16", "e5m2", lfsr=12345, rounding="stochastic-b", stages=2, enable=True),
    converter("bfloat16", "e4m3fn", lfsr=1, rounding="stochastic-a", random_bits=16, sticky=True),
)

#: Between small formats, every so many.
STEP = 61


@cache
def records() -> dict[ConverterConfig, Verification]:
    """One record a configuration; their simulations are compiled side by side."""
    configs = (*EXHAUSTIVE, *SAMPLED)
    open_engines([elaborate(config) for config in configs])
    return {
        config: verify(config, count=None if config in EXHAUSTIVE else 2**16) for config in configs
    }


@pytest.mark.parametrize("config", EXHAUSTIVE, ids=lambda config: config.identifier)
def test_all_codes_are_goldens(config: ConverterConfig) -> None:
    record = records()[config]
    assert record.exhaustive
    assert not record.first


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_corners_edges_and_random_codes_are_goldens(config: ConverterConfig) -> None:
    record = records()[config]
    assert record.cases > 2**16 + sum(len(codes) for codes in config.edges.values())
    assert not record.first


@pytest.mark.parametrize("config", STATE, ids=lambda config: config.identifier)
def test_state_is_goldens(config: ConverterConfig) -> None:
    record = verify(config, engine="amaranth", count=4096)
    assert record.cases == 4096
    assert not record.first


def test_sweep_covers_what_it_says() -> None:
    configs = list(small())
    assert len(configs) == 2 * len(SMALL) ** 2
    assert {config.a for config in configs} == {config.out for config in configs} == set(SMALL)
    assert {(config.rounding, config.overflow) for config in configs} == {
        (rounding, overflow) for rounding in Rounding for overflow in Overflow
    }
    eights = [fmt for fmt in SMALL if fmt.width == 8]
    assert {config.out for config in wide()} >= set(eights)
    words = {(config.rounding, config.random_bits) for config in stochastic()}
    assert len(words) == 3 * 6


@pytest.mark.parametrize(
    "config", [*SHORTER, *list(small())[::STEP]], ids=lambda config: config.identifier
)
def test_fewer_codes_are_goldens(config: ConverterConfig) -> None:
    record = verify(config, engine="amaranth")
    assert record.exhaustive
    assert not record.first


@pytest.mark.parametrize("stages", range(3))
@pytest.mark.parametrize("out", ["e2m1fn", "int4", "posit6_1"])
def test_latency_is_the_number_of_stages(stages: int, out: str) -> None:
    # Cycles in which an output is undefined would hide a pipeline that is too short.
    config = converter("e5m2", out, stages=stages)
    assert config.latency == stages
    assert verify(config, engine="amaranth").passed
    registers = elaborate(config).rtlil.count("cell $dff")
    assert (registers > 0) == (stages > 0)


@pytest.mark.parametrize(
    ("a", "out", "rounding", "fits"),
    [
        ("bfloat16", "e4m3fn", "nearest-even", True),
        ("float32", "e2m1fn", "toward-zero", True),
        # Its subnormals are numbers of the result.
        ("e4m3fn", "e5m2", "nearest-even", False),
        # The least magnitude becomes the least result.
        ("bfloat16", "e4m3fn", "to-odd", False),
        ("bfloat16", "e4m3fn_nosub", "to-odd", True),
        ("bfloat16", "float16", "nearest-even", False),
        ("int8", "e4m3fn", "nearest-even", False),
        ("bfloat16", "s1e0m7", "nearest-even", False),
    ],
)
def test_short_way_is_taken_where_it_is_right(a: str, out: str, rounding: str, fits: bool) -> None:
    source, target = Format.parse(a), Format.parse(out)
    encoder = Encoder(target, Rounding(rounding), Overflow.SATURATE)
    assert ShortConversion(source, encoder).fits == fits


def test_config_must_be_one() -> None:
    with pytest.raises(
        TypeError, match=r"^Converter config must be of type ConverterConfig, not 'e4m3fn'$"
    ):
        Converter("e4m3fn")  # pyright: ignore[reportArgumentType]
