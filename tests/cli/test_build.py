"""One command, from nothing to a bitstream."""

import json
from pathlib import Path

import pytest

from ffp8.cli.main import main


def test_default_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", "--seeds", "1"]) == 0
    said = capsys.readouterr()
    steps = [line for line in said.err.splitlines() if line.startswith("[")]
    assert [step.partition("]")[0] for step in steps] == [f"[{n}/9" for n in range(1, 10)]
    assert [path.name for path in tmp_path.iterdir()] == ["build"]
    made = {str(path.relative_to("build")) for path in Path("build").rglob("*")}
    assert {
        "design.v", "design.json", "testbench.v", "vectors.hex", "report.json", "report.html",
        "bitstream/icebreaker.bin",
    } <= made  # fmt: skip
    assert not any(name.startswith(".") for name in made)

    report = json.loads(Path("build/report.json").read_text())
    assert report["unit"]["configuration"]["a"] == "e4m3fn"
    for proof in report["verification"]:
        assert (proof["cases"], proof["exhaustive"], proof["passed"]) == (65536, True, True)
    assert report["verification"][0]["what"] == "design"
    (cost,) = report["synthesis"]
    assert cost["device"]["name"] == "ice40-up5k"
    (bitstream,) = report["bitstreams"]
    assert bitstream["size"] == Path("build/bitstream/icebreaker.bin").stat().st_size > 50_000
    assert bitstream["meets_clock"] is True
    assert "icebreaker.bin" in said.out

    # A second build takes the place of the first.
    Path("build/stale").touch()
    assert main(["build", "--seeds", "1", "--dsp", "--a", "e2m1fn", "--b", "e2m1fn"]) == 0
    assert not Path("build/stale").exists()
    report = json.loads(Path("build/report.json").read_text())
    assert report["verification"][0]["cases"] == 256
    assert report["synthesis"][0]["dsp_allowed"] is True
    assert report["command"][-1] == "--dsp"
