"""A user's mistake: one line that says what to do, the right exit code, nothing half-written."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ffp8.cli.main import main

E4M3 = ["--a", "e4m3fn", "--b", "e4m3fn"]

USAGE = {
    "unknown command": (["synthesize"], "must be build or generate .*; did you mean synth"),
    "unknown block": (["generate", "multiplyer"], "Block must be .*; did you mean multiplier"),
    "no block": (["generate"], "Block must be given: multiplier"),
    "unknown format": (
        ["generate", "multiplier", "--a", "e4m3fm", "--b", "int8"],
        "did you mean e4m3fn",
    ),
    "unknown format shown": (["formats", "nonsense"], "Format must be like s1e4m3b7"),
    "impossible width": (["formats", "s1e9m30"], "Format width must be 2 to 32 bits, not 40"),
    "no bits": (["formats", "s1e0m0"], "Format width must be 2 to 32 bits, not 1"),
    "contradicting fields": (["formats", "s0e4m4_fnuz"], "must have a sign"),
    "missing option": (["generate", "multiplier", "--a", "int8"], "Option b of multiplier must"),
    "option out of range": (["generate", "multiplier", "--stages", "9"], "stages must be 0 to 3"),
    "option not a number": (["generate", "multiplier", "--stages", "x"], "must be an integer"),
    "unknown choice": (["generate", "multiplier", "--rounding", "up"], "invalid choice: .up."),
    "unknown option": (["generate", "multiplier", "--ways", "4"], "--ways"),
    "contradicting options": (
        ["generate", "multiplier", *E4M3, "--flags"],
        "Option flags must be off for the exact raw product",
    ),
    "unknown board": (["build", "--board", "icebraker"], "did you mean icebreaker"),
    "unknown device": (["synth", "multiplier", "--device", "ecp5-85"], "did you mean ecp5-85k"),
    "unknown engine": (["verify", "multiplier", "--engine", "spice"], "Engine must be one of"),
    "bad seeds": (["synth", "multiplier", "--seeds", "1,one"], "Seeds must be numbers"),
    "bad frequency": (["synth", "multiplier", "--frequency", "-5"], "Frequency must be above 0"),
    "unknown tools": (["synth", "multiplier", "--tools", "vendor"], "Tools must be"),
    "no such report": (["report", "nowhere"], "Report must be readable"),
    "codes of nothing": (["formats", "--codes"], "must come with a format's name"),
}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", USAGE)
def test_usage(case: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments, message = USAGE[case]
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("ffp8: ")
    assert re.search(message, said.err), said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("verb", ["generate", "build"])
def test_unwritable_folder(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    block = ["multiplier"] if verb == "generate" else []
    assert main([verb, *block, "-o", "/proc/ffp8/out"]) == 2
    said = capsys.readouterr().err
    assert "Output /proc/ffp8/out must be writable" in said
    assert "choose another folder with -o" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("verb", ["generate", "build"])
def test_somebodys_folder(verb: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    block = ["multiplier"] if verb == "generate" else []
    assert main([verb, *block, "-o", "mine"]) == 2
    assert "must be empty or hold an earlier result" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("arguments", [["synth", "multiplier"], ["build"]])
def test_missing_tool(
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main([*arguments, "--tools", "native"]) == 3
    said = capsys.readouterr().err.splitlines()[-1]
    assert "yosys" in said
    assert "nextpnr" in said
    assert "--tools yowasp" in said
    assert list(tmp_path.iterdir()) == []


def test_missing_engine(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["verify", "multiplier", "--engine", "icarus"]) == 3
    assert "iverilog" in capsys.readouterr().err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Programs inherit it where the tests' own shell ignores interrupts, as it does with `&`."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_build(sent: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "report.json").write_text("{}")
    with subprocess.Popen(
        [sys.executable, "-m", "ffp8.cli.main", "build"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        while not said.endswith("synthesise\n"):
            line = process.stderr.readline()
            assert line, said
            said += line
        time.sleep(0.5)
        process.send_signal(sent)
        rest = process.stderr.read()
    assert process.returncode == 1
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].startswith("ffp8: interrupted; nothing was written")
    # The earlier result is untouched, and nothing else is there.
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    assert (tmp_path / "build" / "report.json").read_text() == "{}"
