"""The whole way: from a configuration to a verified unit, its cost, and a bitstream."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ffp8.golden.block import BlockConfig
from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.errors import Mismatched, MissingTool
from ffp8.synth.folder import complete_folder
from ffp8.synth.generate import write_design
from ffp8.synth.report import REPORT_FILE, Report, unit
from ffp8.synth.report_html import write_report
from ffp8.synth.synthesis import synthesise
from ffp8.synth.testbench import SIMULATORS, run_testbench
from ffp8.synth.tools import Toolchain
from ffp8.synth.verify import Verification, verify, verify_gates, verify_verilog

from .board import Board
from .build import STEPS as BITSTREAM_STEPS
from .build import build_bitstream

__all__ = ["STEPS", "build"]

#: How many steps `on_step` is told of.
STEPS = 4 + len(BITSTREAM_STEPS) + 1


def build(
    config: BlockConfig,
    board: Board,
    folder: Path,
    *,
    tools: Toolchain | None = None,
    seeds: Sequence[int] = (1, 2, 3),
    seed: int = 0,
    dsp: bool = False,
    command: Sequence[str] = (),
    on_step: Callable[[str], None] = lambda name: None,
    on_note: Callable[[str], None] = lambda text: None,
) -> Report:
    """Generate, verify and measure a unit, and build its self-test for a board.

    The folder then holds the unit with its testbench, the folder ``bitstream``, and the report
    as JSON and as a page. It appears when all is done.

    Parameters
    ----------
    seeds
        Of place and route, for the unit's speed.
    seed
        Of random test cases.
    dsp
        Whether multiplier blocks may be used; gates are compared without them.
    command
        The words that people type to do the same again; the report shows them.
    on_step, on_note
        Are told when a step begins, and what came out of it.

    Raises
    ------
    ValueError
        If the folder cannot be used.
    MissingTool
        If a tool is not there; nothing was begun then.
    ToolFailed
        If a tool fails.
    Mismatched
        If the unit is not what golden says.
    """
    tools = Toolchain.open() if tools is None else tools
    tools.check(tools.programs(board.family, pack=True))
    with complete_folder(folder, REPORT_FILE) as work:
        on_step(f"generate {config.identifier}")
        device = find_device(board.device)
        write_design(config, work, device=device, seed=seed)
        design = elaborate(config, device)

        on_step("verify design, Verilog and gates against golden")
        records = verify_all(config, board, tools, seed, on_note)

        on_step("run the testbench")
        run_testbenches(work, on_note)

        on_step(f"measure area and speed on {board.device}")
        cost = synthesise(
            design, board.device, frequency=board.clock_mhz, seeds=seeds, dsp=dsp, tools=tools
        )
        bitstream = build_bitstream(
            board, config, work / "bitstream", tools=tools, dsp=dsp,
            on_step=lambda name: on_step(f"bitstream for {board.title}: {name}"),
        )  # fmt: skip

        on_step("report")
        report = Report(
            title=f"{config.identifier} on {board.title}",
            unit=unit(config, design),
            verification=[record.to_json() for record in records],
            synthesis=[cost.to_json()],
            bitstreams=[bitstream.to_json()],
            command=command,
        )
        write_report(report, work)
    return report


def verify_all(
    config: BlockConfig,
    board: Board,
    tools: Toolchain,
    seed: int,
    on_note: Callable[[str], None],
) -> list[Verification]:
    """Compare the design, its Verilog and its gates with golden."""
    device = find_device(board.device)
    records = []
    for what, compare in (
        ("design", lambda: verify(config, device=device, seed=seed)),
        ("Verilog", lambda: verify_verilog(config, device=device, tools=tools, seed=seed)),
        (f"gates {device.name}", lambda: verify_gates(config, device, tools=tools, seed=seed)),
    ):
        try:
            record = compare()
        except MissingTool:
            # The design itself runs in Amaranth's simulator, which is always there.
            on_note(f"{what}: not compared, since no engine for it is here; see ffp8 doctor")
            continue
        on_note(f"{what}: {record.summary}")
        if not record.passed:
            raise Mismatched(record.first[0])
        records.append(record)
    return records


def run_testbenches(folder: Path, on_note: Callable[[str], None]) -> None:
    """Run the generated Verilog in the simulators that are here."""
    for simulator in SIMULATORS:
        try:
            verdict = run_testbench(folder, simulator)
        except MissingTool:
            on_note(f"{simulator}: not on this machine, so not run")
            continue
        if not verdict.passed:
            raise Mismatched(f"testbench in {verdict.simulator}: {verdict.log.strip()}")
        on_note(f"{verdict.simulator}: testbench passed")
