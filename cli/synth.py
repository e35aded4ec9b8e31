"""Measure what a unit costs on a device: area, and speed after place and route.

Area is of the unit alone. Speed is measured between registers, which a harness adds; pins do
not limit it, and the harness is counted apart.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.report import Report, unit
from ffp8.synth.report_html import save_report
from ffp8.synth.report_tables import report_tables
from ffp8.synth.synthesis import synthesise
from ffp8.synth.tools import Toolchain

from .output import Steps, print_json, show
from .parser import Parser, UsageError, add_block, add_tool_options, config_of, seeds_of


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    add_block(parser, arguments)
    add_tool_options(parser)
    parser.add_argument(
        "--device", default="ecp5-25k",
        help="a device, or several separated by commas; see ffp8 devices (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--frequency", type=megahertz, default=100.0, metavar="MHZ",
        help="what place and route aims at, in MHz (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", default="1,2,3", help="of place and route (default: %(default)s)"
    )
    parser.add_argument("--dsp", action="store_true", help="allow multiplier blocks")
    parser.add_argument("-o", "--output", type=Path, help="folder for report.json and report.html")


def run(args: argparse.Namespace) -> int:
    config = config_of(args)
    devices = [find_device(name) for name in args.device.split(",")]
    seeds = seeds_of(args.seeds)
    tools = Toolchain.open(args.tools)
    steps = Steps(len(devices))
    costs = []
    for device in devices:
        steps(f"{config.identifier} on {device.name}")
        costs.append(
            synthesise(
                elaborate(config, device),
                device,
                frequency=args.frequency,
                seeds=seeds,
                dsp=args.dsp,
                tools=tools,
                progress=lambda text: steps.note(f"      {text}"),
            )
        )
    report = Report(
        title=config.identifier,
        unit=unit(config, elaborate(config)),
        synthesis=[cost.to_json() for cost in costs],
        command=["ffp8", "synth", config.block, *config.arguments, "--device", args.device,
                 "--frequency", f"{args.frequency:g}", "--seeds", args.seeds,
                 *(["--dsp"] if args.dsp else [])],
    )  # fmt: skip
    if args.output:
        save_report(report, args.output)
    if args.json:
        print_json(report.to_json())
        return 0
    show(*report_tables([report]))
    return 0


def megahertz(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not value > 0:
        raise UsageError(f"Frequency must be above 0 MHz, not {text}")
    return value
