import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from block_product import block_product

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.synth.design import Design, elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.engines.cxxrtl import single_pass, translate
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
    schedule = config.schedule(operands)
    wanted, defined = schedule.show(multiply(config, **operands)), schedule.shown
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
    # Else they would take several evaluations a cycle, and minutes to compile if they are many.
    assert single_pass(design, translate([design])[0])
    assert mismatches(SMALL, design) == 0
    # A flip-flop may hold what no result depends on, but not three of them.
    assert any(mismatches(SMALL, wrong) > 0 for wrong in islice(with_an_inverter(design), 3))


def with_an_inverter(design: Design) -> Iterator[Design]:
    """The same with an inverter before one of its flip-flops: the least that can be wrong."""
    for found in re.finditer(
        r"  cell \$s?dff \S+\n(?:    .*\n)*?    connect \\D (.*)\n", design.rtlil
    ):
        cell, data = found[0], found[1]
        assert "parameter \\WIDTH 1\n" in cell
        inverter = (
            f"  wire \\wrong\n  cell $not \\inverter\n    parameter \\A_SIGNED 0\n"
            f"    parameter \\A_WIDTH 1\n    parameter \\Y_WIDTH 1\n"
            f"    connect \\A {data}\n    connect \\Y \\wrong\n  end\n"
        )
        wrong = cell.replace(f"connect \\D {data}\n", "connect \\D \\wrong\n")
        yield replace(design, rtlil=design.rtlil.replace(cell, inverter + wrong))


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
    with pytest.raises(ToolFailed, match=r"(?s)^Yosys made no gates .*MULT18X18D") as caught:
        gates(block_product(), "ecp5", dsp=True)
    assert "ERROR" in caught.value.log.read_text()


def test_missing_yosys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingTool, match="yosys"):
        gates(elaborate(SMALL), "ecp5", tools=Toolchain.open("native"))
