"""Measure what a unit costs on a device: area, and speed after place and route.

Area is of the unit alone. Speed is measured between registers, which a harness adds; pins do
not limit it, and the harness is counted apart.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.folder import complete_folder
from ffp8.synth.synthesis import synthesise

from .output import Steps, print_json, show
from .parser import Parser, UsageError, add_block, config_of


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    add_block(parser, arguments)
    add_tool_options(parser)
    parser.add_argument(
        "--device", default="ecp5-25k", help="see ffp8 devices (default: %(default)s)"
    )
    parser.add_argument(
        "--frequency", type=float, default=100.0, metavar="MHZ",
        help="what place and route aims at, in MHz (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", default="1,2,3", help="of place and route (default: %(default)s)"
    )
    parser.add_argument("--dsp", action="store_true", help="allow multiplier blocks")
    parser.add_argument("-o", "--output", type=Path, help="folder for report.json and report.html")
