"""Show the blocks and their options."""

import argparse
from collections.abc import Sequence

from ffp8.hw.blocks import BLOCKS

from .output import print_json, show, table
from .parser import Parser, choose, describe


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    parser.add_argument("name", nargs="?", help="show this block's options")


def run(args: argparse.Namespace) -> int:
    names = list(BLOCKS) if args.name is None else [choose("Block", args.name, BLOCKS)]
    if args.json:
        print_json(
            [
                {
                    "name": name,
                    "summary": BLOCKS[name].summary,
                    "options": {opt.name: describe(opt) for opt in BLOCKS[name].config.options()},
                    "presets": {
                        preset: known.meaning
                        for preset, known in BLOCKS[name].config.presets.items()
                    },
                }
                for name in names
            ]
        )
        return 0
    for name in names:
        block = BLOCKS[name]
        listed = table(f"{name}: {block.summary}", "option", "values", "meaning")
        for opt in block.config.options():
            values = " | ".join(opt.choices) if opt.choices else opt.kind.__name__.lower()
            listed.add_row(opt.flag, values, describe(opt))
        show(listed)
        if block.config.presets:
            listed = table(f"{name}: values of --preset", "preset", "meaning")
            for preset, known in block.config.presets.items():
                listed.add_row(preset, known.meaning)
            show(listed)
    return 0
