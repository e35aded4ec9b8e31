import re
from dataclasses import replace

import numpy as np
import pytest

from ffp8.golden.block import delayed
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.synth.design import Design, elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.errors import MissingTool, ToolFailed
from ffp8.synth.netlist import gates, resolve
from ffp8.synth.tools import Toolchain

E4M3 = MultiplierConfig(
    a=Format.parse("e4m3fn"), b=Format.parse("e4m3fn"), out=Format.parse("e4m3fn")
)
SMALL = MultiplierConfig(
    a=Format.parse("s0e2m2"), b=Format.parse("s1e2m1"), out=Format.parse("s1e3m2")
)


def mismatches(config: MultiplierConfig, design: Design) -> int:
    """Operand pairs, of all there are, whose product is not golden's."""
    a, b = (
        grid.ravel().astype(np.uint8)
        for grid in np.meshgrid(*(np.arange(2**fmt.width) for fmt in (config.a, config.b)))
    )
    # The last results are still in the pipeline when the inputs end.
    operands = {name: np.pad(x, (0, config.latency)) for name, x in {"a": a, "b": b}.items()}
    wanted, defined = delayed(config, multiply(config, **operands))
    got = open_engine(design).run(operands)["out"]
    assert defined.sum() == len(a)
    return int((got != wanted["out"])[defined].sum())


@pytest.mark.parametrize("family", ["ice40", "ecp5"])
def test_gates_of_the_default_unit_equal_golden_on_all_pairs(family: str) -> None:
    design = gates(elaborate(E4M3), family)
    assert mismatches(E4M3, design) == 0


@pytest.mark.parametrize("family", ["ice40", "ecp5", "gowin", "xc7"])
def test_changed_gates_are_caught(family: str) -> None:
    design = gates(elaborate(SMALL), family)
    assert mismatches(SMALL, design) == 0
    # One gate more or less than an inverter somewhere is the least that can be wrong.
    changed = swap_one_multiplexer(design)
    assert mismatches(SMALL, changed) > 0


def swap_one_multiplexer(design: Design) -> Design:
    """The same with the inputs of its first multiplexer, part of some LUT, exchanged."""
    start = design.rtlil.index("cell $mux ")
    end = design.rtlil.index("  end\n", start)
    cell = design.rtlil[start:end]
    names = {r"\A": r"\B", r"\B": r"\A"}
    swapped = re.sub(r"(?<=connect )\\[AB](?= )", lambda found: names[found[0]], cell)
    assert swapped != cell
    return replace(design, rtlil=design.rtlil[:start] + swapped + design.rtlil[end:])


def test_gates_have_the_ports_of_the_unit_and_only_what_simulators_know() -> None:
    unit = elaborate(SMALL)
    design = gates(unit, "ecp5-25k")
    assert (design.top, design.ports, design.clock) == (unit.top, unit.ports, unit.clock)
    assert design.hash != unit.hash
    types = re.findall(r"^ *cell (\S+) ", design.rtlil, re.MULTILINE)
    assert types
    assert all(kind.startswith("$") for kind in types)
    assert len(re.findall(r"^module ", design.rtlil, re.MULTILINE)) == 1


def test_a_family_stands_for_its_first_device() -> None:
    assert resolve("ice40").name == "ice40-up5k"
    assert resolve("ecp5").name == "ecp5-25k"
    assert resolve("ecp5-85k").name == "ecp5-85k"


def test_unknown_device() -> None:
    with pytest.raises(ValueError, match=r"^Device must be one of .*, not 'ecp6'"):
        gates(elaborate(SMALL), "ecp6")


def test_a_cell_without_a_model_is_an_error() -> None:
    wide = replace(E4M3, out=None, stages=0)
    with pytest.raises(ToolFailed, match=r"(?s)^Yosys made no gates .*MULT18X18D") as caught:
        gates(elaborate(wide), "ecp5", dsp=True)
    assert "ERROR" in caught.value.log.read_text()


def test_missing_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool, match="yosys"):
        gates(elaborate(SMALL), "ecp5", tools=Toolchain.open("native"))
