# amaranth: UnusedElaboratable=no
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.sim import Simulator

from ffp8.boards.exerciser import Exerciser, expected_signature
from ffp8.golden import signature
from ffp8.golden.accumulator import AccumulatorConfig, Kind
from ffp8.golden.block import BlockConfig
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.rounding import Rounding
from ffp8.hw.multiplier import Multiplier
from ffp8.hw.ports import members

TINY = Format.parse("s1e2m1")
UNSIGNED = Format.parse("s0e2m2b3")
E4M3 = Format.parse("e4m3fn")
HALF = Format.parse("float16")
SINGLE = Format.parse("float32")

CONFIGS = {
    "combinational": MultiplierConfig(a=TINY, b=TINY, out=TINY, stages=0),
    "one stage": MultiplierConfig(a=TINY, b=TINY, out=TINY),
    "three stages": MultiplierConfig(a=TINY, b=TINY, out=TINY, stages=3),
    "two formats": MultiplierConfig(a=TINY, b=UNSIGNED, out=UNSIGNED),
    "exact": MultiplierConfig(a=TINY, b=UNSIGNED),
    "flags": MultiplierConfig(a=TINY, b=UNSIGNED, out=TINY, flags=True),
    "biases": MultiplierConfig(a=TINY, b=TINY, out=E4M3, bias_bits=3),
    "enable": MultiplierConfig(a=TINY, b=TINY, out=TINY, enable=True),
    "two signature registers": MultiplierConfig(a=SINGLE, b=TINY),
    "two operand registers": MultiplierConfig(a=HALF, b=HALF, out=E4M3, bias_bits=2),
}


class Faulty(wiring.Component):
    """A multiplier with something done to its operands or result."""

    a: Any
    b: Any
    out: Any

    def __init__(self, config: MultiplierConfig, fault: str):
        self.config = config
        self.fault = fault
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        inner: Any = Multiplier(self.config)
        m.submodules.inner = inner
        a, b = Value.cast(self.a), Value.cast(self.b)
        inner_a, inner_b = Value.cast(inner.a), Value.cast(inner.b)
        m.d.comb += inner_a.eq(b if self.fault == "swapped" else a)
        m.d.comb += inner_b.eq(a if self.fault == "swapped" else b)
        result = Value.cast(inner.out)
        match self.fault:
            case "stuck at 0":
                result = Cat(0, result[1:])
            case "stuck at 1":
                result = Cat(result[:-1], 1)
            case "late":
                late = Signal(len(result))
                m.d.sync += late.eq(result)
                result = late
            case "one pair":
                # Combinational, so that the result belongs to these operands.
                assert self.config.latency == 0
                result = result ^ ((a == 5) & (b == 9))
        m.d.comb += Value.cast(self.out).eq(result)
        return m


def run(exerciser: Exerciser, cycles: int) -> list[str]:
    """What the exerciser says in each cycle after reset."""
    said = []

    async def watch(ctx: Any) -> None:
        names = ("running", "match", "mismatch")
        for _ in range(cycles):
            high = [name for name in names if ctx.get(getattr(exerciser, name))]
            assert len(high) == 1
            said.extend(high)
            await ctx.tick()

    simulator = Simulator(exerciser)
    simulator.add_clock(1e-6)
    simulator.add_testbench(watch)
    simulator.run()
    return said


def verdict(exerciser: Exerciser) -> str:
    config = exerciser.config
    return run(exerciser, signature.cases(config) + config.latency + 3)[-1]


@pytest.fixture
def few_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "COUNTED_BITS", 9)


@pytest.mark.usefixtures("few_cases")
@pytest.mark.parametrize("name", CONFIGS)
def test_good_unit_matches_when_promised(name: str):
    config = CONFIGS[name]
    until = signature.cases(config) + config.latency + 2
    said = run(Exerciser(config), until + 20)
    assert said == ["running"] * until + ["match"] * 20


def test_fewer_cases_than_stages(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(signature, "COUNTED_BITS", 1)
    config = CONFIGS["three stages"]
    assert signature.cases(config) == 2
    assert run(Exerciser(config), 8) == ["running"] * 7 + ["match"]


def test_configurations_cover_what_their_names_say():
    def width(name: str) -> int:
        return sum(port.width for port in CONFIGS[name].outputs)

    assert width("two signature registers") > 32 >= width("exact")
    assert len(signature.seeds(CONFIGS["two operand registers"])) == 2


@pytest.mark.usefixtures("few_cases")
@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("bit", [0, 31])
def test_wrong_expectation_is_a_mismatch(name: str, bit: int):
    config = CONFIGS[name]
    wrong = expected_signature(config) ^ 1 << bit
    assert verdict(Exerciser(config, expected=wrong)) == "mismatch"


@pytest.mark.parametrize("fault", ["stuck at 0", "stuck at 1", "late", "swapped"])
def test_fault_is_a_mismatch(fault: str):
    config = CONFIGS["two formats"]
    assert verdict(Exerciser(config, unit=Faulty(config, "none"))) == "match"
    assert verdict(Exerciser(config, unit=Faulty(config, fault))) == "mismatch"


def test_one_wrong_pair_is_a_mismatch():
    config = CONFIGS["combinational"]
    assert verdict(Exerciser(config, unit=Faulty(config, "one pair"))) == "mismatch"


def test_unit_of_another_configuration_is_a_mismatch():
    config = CONFIGS["one stage"]
    other = MultiplierConfig(a=TINY, b=TINY, out=TINY, rounding=Rounding.TOWARD_ZERO)
    assert verdict(Exerciser(config, unit=Multiplier(other))) == "mismatch"


@pytest.mark.usefixtures("few_cases")
def test_unit_with_state_matches():
    config = AccumulatorConfig(a=TINY, kind=Kind.EXACT, terms=4, stages=3, enable=True)
    assert verdict(Exerciser(config)) == "match"
    wrong = expected_signature(config) ^ 1
    assert verdict(Exerciser(config, expected=wrong)) == "mismatch"


def test_expectation_is_goldens():
    config = CONFIGS["flags"]
    outputs = multiply(config, **signature.operands(config))
    assert expected_signature(config) == signature.signature(config, outputs)
    wrong = {name: codes ^ np.uint8(name == "invalid") for name, codes in outputs.items()}
    assert expected_signature(config) != signature.signature(config, wrong)


def test_block_must_take_operands_each_cycle():
    class Slow(MultiplierConfig):
        @property
        def interval(self) -> int:
            return 2

    config: BlockConfig = Slow(a=TINY, b=TINY, out=TINY)
    message = r"^Exerciser block must take operands in each cycle, not 'multiplier'$"
    with pytest.raises(ValueError, match=message):
        Exerciser(config)
