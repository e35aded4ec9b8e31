"""From a board and a configuration to a bitstream, step by step."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ffp8.golden.block import BlockConfig
from ffp8.golden.signature import cases
from ffp8.synth.convert import without_values
from ffp8.synth.errors import ToolFailed
from ffp8.synth.folder import complete_folder
from ffp8.synth.tools import Toolchain

from .board import Board
from .dfu import with_dfu_suffix
from .exerciser import Exerciser
from .top import Top

__all__ = ["RESULT", "STEPS", "Bitstream", "Cells", "build_bitstream"]

#: What `on_step` is told, in order.
STEPS = ("elaborate", "synthesise", "place and route", "pack")

#: The file of a built folder that holds the figures.
RESULT = "board.json"

#: The kind of cell that a family's designs run out of first.
LOGIC_CELLS = {"ice40": "ICESTORM_LC", "ecp5": "TRELLIS_COMB", "gowin": "LUT4"}

PLACE_REPORT = "nextpnr.json"


@dataclass(frozen=True)
class Cells:
    """How much of a device is taken."""

    kind: str
    used: int
    available: int


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """A built bitstream and its figures.

    Attributes
    ----------
    file, size
        The bitstream's name in its folder, and its bytes.
    cells
        Logic cells after place and route; the self-test's among them.
    utilization
        All kinds of cells that are used.
    fmax_mhz, clock_mhz
        The clock frequency achieved after routing, and the board's.
    signature, cases
        What the self-test compares with, and how many cases it feeds.
    seed
        Of place and route.
    versions
        Of the tools.
    seconds
        Wall time of each step.
    program
        The command that programs the board.
    """

    board: str
    part: str
    block: str
    configuration: dict[str, Any]
    file: str
    size: int
    cells: Cells
    utilization: dict[str, Cells]
    fmax_mhz: float
    clock_mhz: float
    signature: str
    cases: int
    seed: int
    dsp: bool
    tools: str
    versions: dict[str, str]
    seconds: dict[str, float]
    program: str

    @property
    def meets_clock(self) -> bool:
        """Whether the design is fast enough for the board's clock."""
        return self.fmax_mhz >= self.clock_mhz

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"meets_clock": self.meets_clock}


def build_bitstream(
    board: Board,
    config: BlockConfig,
    destination: Path,
    *,
    exerciser: Exerciser | None = None,
    tools: Toolchain | None = None,
    seed: int = 1,
    dsp: bool = False,
    on_step: Callable[[str], None] = lambda name: None,
) -> Bitstream:
    """Build the self-test of a unit for a board.

    The folder holds the bitstream, its figures in `board.json`, the RTLIL, the constraints and
    the tools' logs. It appears when all is done.

    Parameters
    ----------
    destination
        A folder that is new, empty or of an earlier build.
    exerciser
        The configuration's own if absent; another one to see a board find a fault.
    dsp
        Whether multiplier blocks may be used.
    on_step
        Is told the name of each step of `STEPS` when it begins.

    Raises
    ------
    ValueError
        If the folder cannot be used, or the block cannot be exercised.
    MissingTool
        If a tool is not there.
    ToolFailed
        If a tool fails. A design that is too slow for the board's clock is built all the
        same; see `Bitstream.meets_clock`.
    """
    tools = Toolchain.open() if tools is None else tools
    programs = tools.programs(board.family, pack=True)
    tools.check(programs)
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        on_step(name)
        start = time.monotonic()
        yield
        seconds[name] = round(time.monotonic() - start, 2)

    with complete_folder(destination, RESULT) as work:
        with step("elaborate"):
            exerciser = Exerciser(config) if exerciser is None else exerciser
            plan = Plan.of(board, exerciser, dsp=dsp)
            for name, text in plan.files.items():
                (work / name).write_text(text)
        with step("synthesise"):
            tools.yosys(plan.script, work)
        with step("place and route"):
            options = ["--report", PLACE_REPORT, "--seed", str(seed), "--timing-allow-fail"]
            options += ["--freq", f"{board.clock_mhz:g}"]
            log = tools.place_and_route(board.family, [*plan.routing, *options], work).log
            utilization, fmax = read_report(work / PLACE_REPORT, log)
        with step("pack"):
            tools.pack(board.family, plan.packing, work)
            file = finish(board, work, plan)
        result = Bitstream(
            board=board.name,
            part=board.part,
            block=config.block,
            configuration=config.to_json(),
            file=file,
            size=(work / file).stat().st_size,
            cells=utilization[LOGIC_CELLS[board.family]],
            utilization=utilization,
            fmax_mhz=fmax,
            clock_mhz=board.clock_mhz,
            signature=f"0x{exerciser.expected:x}",
            cases=cases(config),
            seed=seed,
            dsp=dsp,
            tools=tools.name,
            versions=tools.versions(programs) | {"amaranth": version("amaranth")},
            seconds=seconds,
            program=board.program_command(file),
        )
        (work / RESULT).write_text(json.dumps(result.to_json(), indent=2) + "\n")
    return result


@dataclass(frozen=True)
class Plan:
    """What the board's platform tells the tools, in our tools' terms.

    Attributes
    ----------
    files
        The design and the constraints.
    script
        Yosys's script.
    routing, packing
        Arguments.
    """

    name: str
    files: dict[str, str]
    script: str
    routing: list[str]
    packing: list[str]

    @classmethod
    def of(cls, board: Board, exerciser: Exerciser, *, dsp: bool) -> "Plan":
        name = board.name.replace("-", "_")
        plan: Any = board.platform().build(
            Top(board, exerciser),
            name=name,
            do_build=False,
            # Source positions would put this machine's paths into the design.
            emit_src=False,
            synth_opts=board.synthesis_options(dsp=dsp),
        )
        design, *constraints = (f"{name}.{suffix}" for suffix in ("il", "pcf", "lpf", "cst"))
        files = {file: plan.files[file] for file in constraints if file in plan.files}
        commands = json.loads(plan.files[f"build_{name}.json"])["commands"]
        _, routing, packing, *_ = commands
        return cls(
            name=name,
            files=files | {design: without_values(plan.files[design])},
            script=plan.files[f"{name}.ys"],
            routing=routing_arguments(routing[1:]),
            packing=without_option(packing[1:], "--svf"),
        )


def routing_arguments(arguments: list[str]) -> list[str]:
    """The platform's arguments for nextpnr; those about the log are the adapter's."""
    kept = without_option([word for word in arguments if word != "--quiet"], "--log")
    # Amaranth knows the old Gowin router; in the one that we have these are options of options.
    for option in ("--family", "--cst"):
        if option in kept:
            index = kept.index(option)
            kept[index : index + 2] = ["--vopt", f"{option[2:]}={kept[index + 1]}"]
    return kept


def without_option(arguments: list[str], option: str) -> list[str]:
    """Arguments without an option and its value."""
    if option not in arguments:
        return arguments
    index = arguments.index(option)
    return arguments[:index] + arguments[index + 2 :]


def read_report(report: Path, log: Path) -> tuple[dict[str, Cells], float]:
    """The cells in use, and the slowest clock's frequency in MHz.

    Raises
    ------
    ToolFailed
        If a figure is missing.
    """
    found = json.loads(report.read_text()) if report.exists() else {}
    if not found.get("fmax") or not found.get("utilization"):
        raise ToolFailed("nextpnr gave no Fmax or no cell counts", log)
    utilization = {
        kind: Cells(kind, counts["used"], counts["available"])
        for kind, counts in sorted(found["utilization"].items())
        if counts["used"]
    }
    fmax = min(clock["achieved"] for clock in found["fmax"].values())
    return utilization, round(fmax, 2)


def finish(board: Board, work: Path, plan: Plan) -> str:
    """Leave what people want of a built folder; the bitstream's name."""
    for name in (".json", ".syn.json", ".pnr.json", ".asc", ".config"):
        (work / f"{plan.name}{name}").unlink(missing_ok=True)
    file = f"{plan.name}.{board.suffix}"
    if board.dfu is not None:
        packed = work / f"{plan.name}.bit"
        vendor, product = board.dfu
        (work / file).write_bytes(
            with_dfu_suffix(packed.read_bytes(), vendor=vendor, product=product)
        )
        packed.unlink()
    return file
