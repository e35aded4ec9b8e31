# amaranth: UnusedElaboratable=no

"""Posits and radix 4 in the multiplier's hardware are what golden says."""

from functools import cache
from typing import Any

import pytest
from multiplier_records import all_pairs_are_goldens, many_pairs_are_goldens, records_of

from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.hw import operand
from ffp8.hw.formats import FormatLayout
from ffp8.synth.verify import Verification


def multiplier(a: str, b: str, out: str | None, **options: Any) -> MultiplierConfig:
    parse = ScalarFormat.parse
    return MultiplierConfig(
        a=parse(a), b=parse(b), out=None if out is None else parse(out), **options
    )


#: All pairs of codes.
EXHAUSTIVE = (
    multiplier("posit8_0", "posit8_0", None, stages=0),
    multiplier("posit8_1", "posit8_1", None, stages=3, enable=True),
    multiplier("posit8_2", "posit8_2", None, stages=1),
    multiplier("posit8_1", "e4m3fn", "e4m3fn", stages=1),
    multiplier("posit8_0", "posit8_0", "posit8_0", stages=0, flags=True),
    multiplier("posit8_1", "posit8_1", "posit8_1", rounding="half-away", stages=3, flags=True),
    multiplier("posit8_2", "posit8_2", "posit8_2", rounding="toward-zero", flags=True),
    multiplier("posit8_2", "posit8_1", "e5m2", overflow="special", flags=True),
    multiplier("e5m2", "e5m2", "posit8_0", overflow="special", flags=True),
    multiplier("e5m2", "e4m3fn", "posit6_4", flags=True),
    multiplier("int8", "uint8", "posit16_1", stages=0, flags=True),
    multiplier("posit8_1", "int8", "int8", stages=2, flags=True),
    multiplier("posit3_0", "posit5_4", "posit4_2", stages=0, flags=True),
    multiplier("posit10_0", "posit10_1", "posit9_0", stages=0, flags=True),
    multiplier("fp4_radix4", "int4", None, stages=0),
    multiplier("fp4_radix4", "int4", "float16", stages=1),
    multiplier("int4", "fp4_radix4", "fp4_radix4", stages=3, enable=True, flags=True),
    multiplier("e4m3fn", "posit8_1", "fp4_radix4", flags=True),
    multiplier("e5m2", "e4m3fn", "s1e4m0r4_ieee", rounding="half-away", overflow="special"),
    multiplier("e5m2", "e5m2", "s1e4m0b8r4_nosub", stages=2, flags=True),
    multiplier("fp4_radix4", "e4m3fn", "s0e3m0b-2r4", rounding="toward-zero", flags=True),
    multiplier("posit8_1", "posit8_1", "posit8_1", rounding="to-odd", stages=0, flags=True),
    multiplier("e5m2", "posit8_1", "posit6_2", rounding="to-odd", stages=2, flags=True),
    multiplier("e5m2", "e4m3fn", "fp4_radix4", rounding="to-odd", stages=1, flags=True),
    multiplier("e5m2", "e5m2", "s1e4m0b8r4_nosub", rounding="to-odd", stages=0, flags=True),
)

#: Corners and random codes.
SAMPLED = (
    multiplier("posit16_2", "posit16_1", "posit16_2", stages=1, flags=True),
    multiplier("posit32_2", "float32", "posit32_2", stages=2),
    multiplier("e5m2", "fp4_radix4", "s1e3m0b3r4_fn", bias_bits=6, stages=0, flags=True),
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


@pytest.mark.parametrize("take", [operand.unpack, operand.normalise])
def test_operand_of_no_known_format_is_refused(take: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^Operand format must be a Format, a Posit or a RawFormat, not 8$"
    ):
        take(None, 8, None, "a")


def test_layout_tells_its_format() -> None:
    assert repr(FormatLayout(ScalarFormat.parse("posit8_1"))) == "FormatLayout(posit8_1)"
