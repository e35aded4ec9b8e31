"""Show the boards, what their lights mean, and how to program them."""

import argparse
from collections.abc import Sequence

from ffp8.boards.board import BOARDS

from .output import print_json, show, table
from .parser import Parser


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    if args.json:
        print_json([board.to_json() for board in BOARDS.values()])
        return 0
    listed = table(
        "Boards", "name", "board", "clock MHz", "lights", "program with", right=("clock MHz",)
    )
    for board in BOARDS.values():
        lights = "\n".join(f"{light.label} {light.shows.meaning}" for light in board.lights)
        listed.add_row(board.name, board.title, f"{board.clock_mhz:g}", lights, board.program)
    show(listed)
    return 0
