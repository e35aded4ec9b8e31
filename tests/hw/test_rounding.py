# amaranth: UnusedElaboratable=no

"""Stochastic roundings in hardware are golden's with all random words."""

from functools import cache
from typing import Any

import pytest
from amaranth.hdl import Const, Module

from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.ports import Role
from ffp8.golden.rounding import Rounding
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.hw.rounding import Decision
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import Verification, verify


def multiplier(a: str, b: str, out: str, rounding: str, bits: int, **options: Any) -> Any:
    formats = {name: ScalarFormat.parse(text) for name, text in zip("ab", (a, b), strict=True)}
    return MultiplierConfig(
        **formats,
        out=ScalarFormat.parse(out),
        rounding=Rounding(f"stochastic-{rounding}"),
        random_bits=bits,
        **options,
    )


#: All pairs of codes with all words.
EXHAUSTIVE = (
    multiplier("e4m3fn", "e4m3fn", "e4m3fn", "a", 2, stages=3, enable=True),
    multiplier("e5m2", "e5m2", "e5m2", "b", 2, stages=0, flags=True, overflow="special"),
    multiplier("e4m3fn", "e5m2", "e4m3fn", "c", 2, stages=1, flags=True),
    multiplier("e3m2fn", "e3m2fn", "e3m2fn", "c", 5, stages=2, enable=True),
    multiplier("s1e2m3", "e3m2fn", "s1e3m2_nosub", "b", 1, stages=0, flags=True),
    multiplier("s0e6m0", "e2m1fn", "e8m0fnu", "a", 5, stages=0, flags=True),
    multiplier("e3m2fn", "e2m1fn", "s1e6m0", "c", 2, stages=0, flags=True),
    multiplier("e2m1fn", "e2m1fn", "float16", "b", 6, stages=0, flags=True),
    # Fixed point, by magnitude and in two's complement.
    multiplier("int4", "e2m1fn", "q3.1", "b", 3, stages=0, flags=True),
    multiplier("int4", "uint4", "s1e0m4b-6", "c", 3, stages=1, flags=True),
    multiplier("int4", "int4", "q3.0", "a", 3, stages=0, flags=True),
    multiplier("q5.0", "int4", "q8.-4", "a", 2, stages=3, enable=True),
    multiplier("q5.0", "int4", "q8.-4", "b", 2, stages=0, flags=True),
    multiplier("q5.0", "int4", "q8.-4", "c", 1, stages=0, flags=True),
    multiplier("int4", "int4", "q12.-9", "c", 2, stages=0, flags=True),
    # Posits and radix 4.
    multiplier("posit6_0", "posit6_0", "posit6_0", "a", 4, stages=3, enable=True),
    multiplier("posit6_1", "posit6_2", "posit5_2", "b", 3, stages=0, flags=True),
    multiplier("posit6_1", "posit6_2", "posit3_1", "c", 3, stages=0, flags=True),
    multiplier("e3m2fn", "e3m2fn", "fp4_radix4", "a", 3, stages=1, flags=True),
    multiplier("e3m2fn", "e3m2fn", "fp4_radix4", "b", 3, stages=0, flags=True),
    multiplier("e3m2fn", "e3m2fn", "s1e3m0b5r4", "c", 3, stages=0, flags=True),
    multiplier("e3m2fn", "e2m1fn", "s1e4m0b8r4_nosub", "c", 4, stages=0, flags=True),
)


@cache
def records() -> dict[MultiplierConfig, Verification]:
    """One record a configuration; their simulations are compiled side by side."""
    open_engines([elaborate(config) for config in EXHAUSTIVE])
    return {config: verify(config) for config in EXHAUSTIVE}


@pytest.mark.parametrize("config", EXHAUSTIVE, ids=lambda config: config.identifier)
def test_all_codes_and_all_words_are_goldens(config: MultiplierConfig) -> None:
    record = records()[config]
    assert record.exhaustive
    assert record.cases == 2 ** (config.a.width + config.b.width + config.random_bits)
    assert not record.first


def test_the_random_port_is_plain_bits_and_an_operand() -> None:
    config = multiplier("e2m1fn", "e2m1fn", "e2m1fn", "a", 5)
    (port,) = (port for port in config.operands if port.role is Role.RANDOM)
    assert (port.name, port.width, port.format) == ("random", 5, None)


def test_a_decision_takes_as_many_bits_as_it_needs() -> None:
    bits = {
        rounding: Decision(rounding, Const(0, 6) if rounding.stochastic else None).bits
        for rounding in Rounding
    }
    assert set(bits.values()) == {2, 7, 8}
    assert bits[Rounding.STOCHASTIC_A] == 7
    assert bits[Rounding.NEAREST_EVEN] == bits[Rounding.TO_ODD] == 2


def test_a_stochastic_decision_must_have_random_bits() -> None:
    decision = Decision(Rounding.STOCHASTIC_B)
    with pytest.raises(ValueError, match=r"must be one without random bits here, not stoch"):
        decision.goes_up(Module(), Const(0, 1), Const(0, 2))
