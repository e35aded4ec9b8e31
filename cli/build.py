"""Do it all: Verilog, proof, area and timing report, and a bitstream.

Without options this is an OCP E4M3 multiplier with an E4M3 result for the iCEBreaker: E4M3 is
the 8-bit format that most people mean by FP8, and the result in the same format shows all that
such a unit has to do: round, saturate, and keep subnormals and NaN.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.boards.board import find_board
from ffp8.boards.flow import STEPS, build
from ffp8.hw.blocks import BLOCKS
from ffp8.synth.report_html import PAGE_FILE
from ffp8.synth.report_tables import report_tables
from ffp8.synth.tools import Toolchain

from .output import Steps, print_json, show
from .parser import Parser, add_block, add_tool_options, config_of, seeds_of


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    add_block(parser, arguments, default=next(iter(BLOCKS)))
    add_tool_options(parser)
    parser.add_argument(
        "--board", default="icebreaker", help="see ffp8 boards (default: %(default)s)"
    )
    parser.add_argument(
        "--seeds", default="1,2,3", help="of place and route (default: %(default)s)"
    )
    parser.add_argument("--dsp", action="store_true", help="allow multiplier blocks")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("build"), help="folder (default: %(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    config = config_of(args)
    board = find_board(args.board)
    steps = Steps(STEPS)
    report = build(
        config,
        board,
        args.output,
        tools=Toolchain.open(args.tools),
        seeds=seeds_of(args.seeds),
        dsp=args.dsp,
        command=["ffp8", "build", config.block, *config.arguments, "--board", board.name,
                 "--seeds", args.seeds, *(["--dsp"] if args.dsp else [])],
        on_step=steps,
        on_note=steps.note,
    )  # fmt: skip
    if args.json:
        print_json(report.to_json())
        return 0
    show(*report_tables([report]))
    program = report.bitstreams[0]["program"]
    show(f"{args.output / PAGE_FILE} has it all; in {args.output / 'bitstream'}: {program}")
    return 0
