"""The generated testbench: passes for the unit, fails for mutants and for lost vectors."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.design import Design, elaborate
from ffp8.synth.engines import available
from ffp8.synth.errors import MissingTool
from ffp8.synth.stimuli import cases, cycles
from ffp8.synth.testbench import SIMULATORS, run_testbench, write_testbench

MISSING = {status.name: status.problem for status in available() if status.problem}

E4M3, FLOAT32 = Format.parse("e4m3fn"), Format.parse("float32")

STALLED = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3, stages=2, flags=True, enable=True)

COMBINATIONAL = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3, stages=0)

WIDE = MultiplierConfig(a=FLOAT32, b=FLOAT32)


@pytest.fixture(params=SIMULATORS)
def simulator(request: pytest.FixtureRequest) -> str:
    if reason := MISSING.get(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture
def icarus() -> str:
    if reason := MISSING.get("icarus"):
        pytest.skip(reason)
    return "icarus"


def write(
    folder: Path,
    config: MultiplierConfig,
    change: Callable[[Design], Design] = lambda design: design,
) -> Path:
    folder.mkdir(exist_ok=True)
    design = elaborate(config)
    (folder / "design.v").write_text(change(design).verilog)
    write_testbench(folder, config, design, cycles(config, cases(config, 0, 500), 0))
    return folder


def wrong_cell(design: Design) -> Design:
    assert " $and " in design.rtlil
    rtlil = design.rtlil.replace(" $and ", " $or ", 1)
    return Design(design.top, design.ports, design.clock, rtlil)


def test_passes_for_the_unit(simulator: str, tmp_path: Path) -> None:
    folder = write(tmp_path, STALLED)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    verdict = run_testbench(folder, simulator)
    assert verdict.passed
    assert verdict.summary.startswith("PASS ")
    assert verdict.simulator.lower().startswith(simulator)
    lines = (folder / "vectors.hex").read_text().splitlines()
    assert verdict.summary == f"PASS {sum(line.endswith('_1') for line in lines)} cycles"
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_fails_for_a_mutant(simulator: str, tmp_path: Path) -> None:
    verdict = run_testbench(write(tmp_path, STALLED, wrong_cell), simulator)
    assert not verdict.passed
    assert verdict.summary.startswith("FAIL ")
    assert " must be " in verdict.log


@pytest.mark.parametrize("config", [COMBINATIONAL, WIDE], ids=["combinational", "wide"])
def test_other_units(icarus: str, tmp_path: Path, config: MultiplierConfig) -> None:
    assert run_testbench(write(tmp_path / "good", config), icarus).passed
    assert not run_testbench(write(tmp_path / "bad", config, wrong_cell), icarus).passed


def test_stalls_are_applied(icarus: str, tmp_path: Path) -> None:
    folder = write(tmp_path, STALLED)
    lines = (folder / "vectors.hex").read_text().splitlines()
    names = lines[0].split()[1:]
    enables = {line.split("_")[names.index("enable")] for line in lines[1:]}
    assert enables == {"0", "1"}
    text = (folder / "design.v").read_text()
    assert "if (enable)" in text
    (folder / "design.v").write_text(text.replace("if (enable)", "if (1'b1)"))
    assert not run_testbench(folder, icarus).passed


@pytest.mark.parametrize("lost", [1, 400])
def test_lost_vectors_are_no_success(icarus: str, tmp_path: Path, lost: int) -> None:
    folder = write(tmp_path, COMBINATIONAL)
    lines = (folder / "vectors.hex").read_text().splitlines(keepends=True)
    (folder / "vectors.hex").write_text("".join(lines[:-lost]))
    assert not run_testbench(folder, icarus).passed


def test_a_design_that_does_not_compile_is_no_success(icarus: str, tmp_path: Path) -> None:
    folder = write(tmp_path, COMBINATIONAL)
    (folder / "design.v").write_text("module nothing; endmodule\n")
    verdict = run_testbench(folder, icarus)
    assert not verdict.passed
    assert verdict.summary == "FAIL without a verdict"


def test_the_same_unit_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, STALLED) for name in ("first", "second"))
    for name in ("testbench.v", "vectors.hex", "design.v"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_the_text_is_plain(tmp_path: Path) -> None:
    text = (write(tmp_path, STALLED) / "testbench.v").read_text()
    assert text.isascii()
    assert max(len(line) for line in text.splitlines()) <= 120
    assert all(line == line.rstrip() for line in text.splitlines())


def test_an_unknown_simulator_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Simulator must be icarus or verilator, not 'vcs'$"):
        run_testbench(tmp_path, "vcs")


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_missing_simulator(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"ffp8.synth.engines.{name}.shutil.which", lambda command: None)
    with pytest.raises(MissingTool, match=r"was not found; install it \(Debian: apt install"):
        run_testbench(tmp_path, name)
