"""Write Verilog, its manifest, and a self-checking testbench for a unit."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.synth.devices import find_device
from ffp8.synth.generate import generate

from .output import print_json, show
from .parser import Parser, UsageError, add_block, config_of


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    add_block(parser, arguments)
    parser.add_argument("-o", "--output", type=Path, help="folder (default: the unit's name)")
    parser.add_argument("--device", help="use cells of this device's family (default: of none)")
    parser.add_argument("--seed", type=int, default=0, help="of random test cases (default: 0)")
    parser.add_argument("--cases", type=int, help="number of random test cases")


def run(args: argparse.Namespace) -> int:
    config = config_of(args)
    device = find_device(args.device) if args.device else None
    folder = args.output or Path(config.identifier)
    try:
        made = generate(config, folder, device=device, seed=args.seed, count=args.cases)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if args.json:
        print_json(made)
        return 0
    show(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    show(f"module {made['top']}, latency {made['latency']}")
    show("check it with: iverilog -g2012 -o tb testbench.v design.v && vvp tb")
    return 0
