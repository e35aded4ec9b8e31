"""Each command does its job, in JSON and in tables."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffp8.boards.board import BOARDS
from ffp8.cli import verify as verify_command
from ffp8.cli.main import VERBS, main
from ffp8.cli.parser import Parser, add_block, config_of
from ffp8.golden.block import BlockConfig
from ffp8.hw.blocks import BLOCKS
from ffp8.synth.devices import DEVICES
from ffp8.synth.stimuli import cases, cycles
from ffp8.synth.testbench import run_testbench
from ffp8.synth.verify import verify

SMALL = ["multiplier", "--a", "e2m1fn", "--b", "s0e2m2b1"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def config_of_words(words: list[str]) -> BlockConfig:
    parser = Parser()
    add_block(parser, words)
    return config_of(parser.parse_args(words))


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(run(capsys, *arguments, "--json"))


def test_preset_stands_for_plain_options() -> None:
    made = config_of_words(["fma-tree", "--preset", "riscv-rvbna", "--ways", "2", "--b", "e5m2"])
    assert "--preset" not in made.arguments
    assert {"window": 24, "b": "e5m2", "cut": "odd"}.items() <= made.to_json().items()
    assert config_of_words(["fma-tree", *made.arguments]) == made
    hopper = ["fma-tree", "--preset", "nvidia-hopper-fp8", "--no-align-addend"]
    made = config_of_words([*hopper, "--nan-code", "0x7fc00000"])
    assert {"align_addend": False, "nan_code": 0x7FC00000}.items() <= made.to_json().items()
    assert config_of_words(["fma-tree", *made.arguments]) == made


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "riscv-rvbna" in run(capsys, "blocks", "fma-tree")
    (block,) = run_json(capsys, "blocks", "fma-tree")
    assert list(block["presets"]) == ["riscv-rvbna", "nvidia-hopper-fp8"]
    assert "--preset" not in run(capsys, "blocks", "multiplier")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "--help")
    assert all(f"  {name} " in shown for name in VERBS)
    for name in VERBS:
        with pytest.raises(SystemExit) as stopped:
            main([name, "--help"])
        assert stopped.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: ffp8 {name}")


def test_block_help_has_each_option(capsys: pytest.CaptureFixture[str]) -> None:
    for name, block in BLOCKS.items():
        with pytest.raises(SystemExit):
            main(["generate", name, "--help"])
        shown = capsys.readouterr().out
        assert all(opt.flag in shown for opt in block.config.options())


@pytest.mark.parametrize(
    ("verb", "known"), [("blocks", BLOCKS), ("boards", BOARDS), ("devices", DEVICES)]
)
def test_lists(verb: str, known: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, verb)
    assert all(name in shown for name in known)
    assert [entry["name"] for entry in run_json(capsys, verb)] == list(known)


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "doctor")
    told = run_json(capsys, "doctor")
    for tool in told["tools"]:
        assert (tool["get"] or tool["version"]) in shown
    assert {"cxxrtl", "amaranth", "icarus", "verilator"} <= {e["name"] for e in told["engines"]}
    for tool in told["tools"]:
        assert (tool["version"] is None) == (tool["get"] is not None)


def test_generate(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", *SMALL, "--out", "e2m1fn", "--stages", "2", "--enable", "--flags"]
    made = run_json(capsys, *arguments, "-o", "one")
    assert sorted(path.name for path in Path("one").iterdir()) == [
        "design.json", "design.v", "testbench.v", "vectors.hex"
    ]  # fmt: skip
    assert made == json.loads(Path("one/design.json").read_text())
    assert (made["latency"], made["interval"], made["clock"]) == (2, 1, "clk")
    roles = {port["name"]: (port["role"], port["direction"]) for port in made["ports"]}
    assert roles == {
        "clk": ("clock", "input"),
        "a": ("data", "input"),
        "b": ("data", "input"),
        "enable": ("enable", "input"),
        "out": ("data", "output"),
        **dict.fromkeys(("overflow", "underflow", "inexact", "invalid"), ("flag", "output")),
    }
    # The manifest's command, typed again, gives the same bytes.
    assert made["command"][0] == "ffp8"
    run(capsys, *made["command"][1:], "-o", "two")
    for path in Path("one").iterdir():
        assert path.read_bytes() == (Path("two") / path.name).read_bytes()


def test_generated_verilog_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    if not shutil.which("iverilog"):
        pytest.skip("Icarus Verilog is not on this machine")
    shown = run(capsys, "generate", *SMALL, "-o", "unit")
    command = shown.split("check it with: ")[1].strip()
    done = subprocess.run(
        command, shell=True, cwd="unit", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "PASS" in done.stdout


def test_verify(capsys: pytest.CaptureFixture[str]) -> None:
    assert "PASS" in run(capsys, "verify", *SMALL, "--engine", "amaranth")
    (record,) = run_json(capsys, "verify", *SMALL, "--engine", "amaranth")
    assert (record["cases"], record["exhaustive"], record["passed"]) == (256, True, True)
    again = run_json(capsys, *record["command"][1:])
    assert again == [record]


def test_verify_gates(capsys: pytest.CaptureFixture[str]) -> None:
    records = run_json(capsys, "verify", *SMALL, "--verilog", "--gates", "ice40-up5k,ecp5-25k")
    wanted = ["design", "Verilog", "gates ice40-up5k", "gates ecp5-25k"]
    assert [record["what"] for record in records] == wanted
    assert all(record["passed"] for record in records)
    assert len({record["design_sha256"] for record in records}) == len(records)
    again = run_json(capsys, *records[-1]["command"][1:])
    assert again == [records[0], records[-1]]


def test_mismatch_is_explained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = BLOCKS["multiplier"]

    def wrong(config: Any, **operands: Any) -> Any:
        results = block.golden(config, **operands)
        # -1 times 0.25, in the codes of the two formats.
        hit = (operands["a"] == 0b1010) & (operands["b"] == 0b0001)
        results["out"] = results["out"] ^ hit.astype(results["out"].dtype)
        return results

    changed = type(block)(block.config, wrong, block.component, block.example)
    monkeypatch.setitem(BLOCKS, "multiplier", changed)
    arguments = ["verify", *SMALL, "--stages", "0", "--engine", "amaranth"]
    assert main(arguments) == 1
    shown = capsys.readouterr().out
    assert "FAIL" in shown
    assert "a = 0xa (-1), b = 0x1 (0.25): out must be" in shown
    assert f"again, with waveforms: ffp8 {' '.join(arguments)} --seed 0" in shown
    assert main([*arguments, "--vcd", "wrong.vcd"]) == 1
    capsys.readouterr()
    # Values of the formats, the failing case among them.
    waves = Path("wrong.vcd").read_text()
    assert "s-1 " in waves
    assert "s0.25 " in waves
    assert main([*arguments, "--json"]) == 1
    (record,) = json.loads(capsys.readouterr().out)
    assert record["mismatches"] == 1
    assert verify_command.__doc__


SUM = ["accumulator", "--a", "e2m1fn", "--kind", "exact", "--terms", "9", "--enable"]


def test_unit_with_state(capsys: pytest.CaptureFixture[str]) -> None:
    records = run_json(capsys, "verify", *SUM, "--cases", "3000", "--gates", "ecp5-25k")
    assert [record["passed"] for record in records] == [True, True]
    assert not records[0]["exhaustive"]
    assert records[0]["stalls"] > 500
    run(capsys, "generate", *SUM, "-o", "sum")
    roles = {
        port["name"]: port["role"]
        for port in json.loads(Path("sum/design.json").read_text())["ports"]
    }
    assert (roles["first"], roles["enable"]) == ("first", "enable")
    if shutil.which("iverilog"):
        assert run_testbench(Path("sum"), "icarus").passed


def test_waveforms_of_a_sum_start_with_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    block = BLOCKS["accumulator"]

    def wrong(config: Any, **operands: Any) -> Any:
        results = block.golden(config, **operands)
        starts = np.flatnonzero(operands["first"])
        late = starts[np.argmax(np.diff(starts) > 60)] + 50
        results["out"][late] ^= 1
        return results

    changed = type(block)(block.config, wrong, block.component, block.example)
    monkeypatch.setitem(BLOCKS, "accumulator", changed)
    arguments = ["verify", *SUM, "--cases", "3000", "--engine", "amaranth"]
    assert main([*arguments, "--vcd", "wrong.vcd"]) == 1
    assert "first = 0x0" in capsys.readouterr().out
    config = config_of_words(SUM)
    stimuli = cycles(config, cases(config, 0, 3000), 0)
    got = verify(config, engine="amaranth", count=3000).first[0].cycle
    schedule = config.schedule(stimuli.inputs)
    start = schedule.beginning(min(got - 16, schedule.source(got)))
    assert stimuli.inputs["first"][start] == stimuli.inputs["enable"][start] == 1
    assert got - start > 40


def test_synth_and_report(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["synth", *SMALL, "--device", "ice40-hx8k,xc7", "--seeds", "1", "-o", "out"]
    told = run_json(capsys, *arguments)
    ice40, xc7 = told["synthesis"]
    assert ice40["area"]["lut"] > 0
    assert ice40["timing"]["fmax_mhz"]["median"] > 0
    assert xc7["area"]["lut"] > 0
    assert xc7["timing"] == "n/a: technology only"
    assert sorted(path.name for path in Path("out").iterdir()) == ["report.html", "report.json"]
    assert json.loads(Path("out/report.json").read_text()) == told
    page = Path("out/report.html").read_text()
    assert "<script src" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    shown = run(capsys, "report", "out", "--html", "again.html")
    assert "ice40-hx8k" in shown
    assert Path("again.html").read_text() == page
