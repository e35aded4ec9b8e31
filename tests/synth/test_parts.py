from pathlib import Path

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal
from amaranth.lib.memory import Memory

from ffp8.golden.accumulator import AccumulatorConfig
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.block import BlockConfig
from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.ports import Direction, Port
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.synth.convert import to_rtlil
from ffp8.synth.design import Design
from ffp8.synth.engines import open_engine, parts
from ffp8.synth.verify import verify

E2M1, E4M3 = ScalarFormat.parse("e2m1fn"), ScalarFormat.parse("e4m3fn")

CONFIGS = {
    "combinational": FmaTreeConfig(a=E2M1, b=E2M1, out=E4M3, ways=1, stages=0, flags=True),
    "clocked": FmaTreeConfig(a=E2M1, b=E2M1, out=E4M3, ways=2, stages=3, enable=True),
    "memories": FmaTreeConfig(a=E2M1, b=E2M1, ways=2, blocks=True, stages=2, enable=True),
    "state": AccumulatorConfig(
        a=AnyFormat.parse("e2m1fn"), out=ScalarFormat.parse("int8"), flags=True, enable=True
    ),
}

#: An evaluation as CXXRTL writes it.
TEXT = """\
struct p_unit : public module {
	value<1> p_clk;
	wire<4> p_q;
};

bool p_unit::eval(performer *performer) {
	bool converged = true;
	bool posedge_p_clk = this->posedge_p_clk();
	value<4> p_all;
	value<4> p_one;
	value<4> p_none;
	// cells
	p_all = not_u<4>(p_q.curr);
	p_one = p_all;
	auto tmp_0 = memory_index(p_one, 0, 4);
	CXXRTL_ASSERT(tmp_0.valid && "out of bounds read");
	if (tmp_0.valid) {
		p_y = p_m[tmp_0.index];
	} else {
		p_y = value<4> {};
	}
	if (posedge_p_clk) {
		p_q.next = p_all;
	}
	if (posedge_p_clk) {
		p_r.next = p_all;
	}
	return converged;
}
"""


@pytest.fixture
def smallest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A part for each statement, and a cache with nothing else."""
    monkeypatch.setenv("FFP8_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(parts, "PART", 1)


@pytest.mark.parametrize("kind", CONFIGS)
def test_designs_in_the_smallest_parts_equal_golden(smallest: None, kind: str) -> None:
    config: BlockConfig = CONFIGS[kind]
    record = verify(config, engine="cxxrtl", count=2000)
    assert record.passed, record.first


def test_memories_that_are_read_at_once(smallest: None) -> None:
    module, address, data = Module(), Signal(3), Signal(8)
    module.submodules.memory = memory = Memory(shape=8, depth=6, init=[9, 8, 7, 6, 5, 4])
    port = memory.read_port(domain="comb")
    module.d.comb += [port.addr.eq(address + 1), data.eq(port.data ^ address)]
    ports = (
        Port(name="address", direction=Direction.INPUT, bits=3, meaning="place"),
        Port(name="data", direction=Direction.OUTPUT, bits=8, meaning="what is there"),
    )
    named = {"address": (address, None), "data": (data, None)}
    rtlil = to_rtlil(Fragment.get(module, None), named, "unit")
    simulation = open_engine(Design("unit", ports, None, rtlil), "cxxrtl")
    shown = simulation.run({"address": np.array([0, 4, 2])})
    assert shown["data"].tolist() == [8 ^ 0, 4 ^ 4, 6 ^ 2]


def test_statements_stay_in_order_and_wires_that_parts_share_are_members(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "PART", 1)
    head, *functions = parts.in_parts(TEXT).split("void p_unit::")
    assert "value<4> p_all;" in head
    assert "value<4> p_one;" in head
    assert "p_none" not in head
    bodies = [function.split("{", 1)[1] for function in functions]
    assert [body.count("\tp_") for body in bodies] == [1, 1, 2, 1, 1]
    assert "tmp_0 =" in bodies[2]
    assert "p_y = value<4> {};" in bodies[2]
    calls = [line.strip() for line in bodies[4].splitlines() if "converged);" in line]
    assert calls == [f"eval_{index}(converged);" for index in range(5)]


def test_a_wire_of_one_part_is_local_to_it_and_an_edge_is_one_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parts, "PART", len(TEXT) // 2)
    text = parts.in_parts(TEXT)
    head, rest = text.split("void p_unit::eval_0", 1)
    assert "p_one" not in head
    assert "\tvalue<4> p_one;\n" in rest
    assert text.count("if (posedge_p_clk)") == 1
    assert "\tif (posedge_p_clk) {\n\t\tp_q.next = p_all;\n\t\tp_r.next = p_all;\n\t}\n" in text


def test_short_evaluations_stay_as_they_are() -> None:
    assert parts.in_parts(TEXT) == TEXT
