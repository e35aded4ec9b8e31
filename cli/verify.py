"""Compare a unit with its golden model, in every cycle.

All combinations of operands are compared where they have 20 bits or less together; corners and
random cases otherwise. Exit code 1 tells a mismatch.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.golden.block import BlockConfig
from ffp8.synth.devices import find_device
from ffp8.synth.engines import available
from ffp8.synth.tools import Toolchain
from ffp8.synth.verify import (
    Verification,
    verify,
    verify_gates,
    verify_verilog,
    write_waveforms,
)

from .output import print_json, show, table
from .parser import Parser, add_block, add_tool_options, config_of


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    add_block(parser, arguments)
    add_tool_options(parser)
    parser.add_argument(
        "--engine",
        help="simulation engines, separated by commas, or all that are here (default: the fastest)",
    )
    parser.add_argument(
        "--device", help="the design as made for this device's family (default: for none)"
    )
    parser.add_argument(
        "--verilog", action="store_true", help="also compare the Verilog, as Yosys reads it"
    )
    parser.add_argument(
        "--gates",
        metavar="DEVICE",
        help="also compare the gates synthesised for devices, separated by commas",
    )
    parser.add_argument(
        "--vcd",
        type=Path,
        metavar="FILE",
        help="write waveforms around the first mismatch, or of the first cycles without one",
    )
    parser.add_argument("--seed", type=int, default=0, help="of random cases (default: 0)")
    parser.add_argument("--cases", type=int, help="random cases, instead of all combinations")


def run(args: argparse.Namespace) -> int:
    config = config_of(args)
    device = find_device(args.device) if args.device else None
    engines = engines_of(args.engine)
    chance = {"seed": args.seed, "count": args.cases}
    results = [verify(config, device=device, engine=engine, **chance) for engine in engines]
    if args.verilog or args.gates:
        tools = Toolchain.open(args.tools)
        # Amaranth's own simulator runs components, not texts and netlists.
        engine = engines[0] if engines[0] != "amaranth" else None
        if args.verilog:
            record = verify_verilog(config, device=device, tools=tools, engine=engine, **chance)
            results.append(record)
        results += [
            verify_gates(config, find_device(name), tools=tools, engine=engine, **chance)
            for name in (args.gates.split(",") if args.gates else ())
        ]
    if args.vcd:
        cycle = next((result.first[0].cycle for result in results if result.first), 0)
        write_waveforms(config, args.vcd, cycle=cycle, seed=args.seed, count=args.cases)
    if args.json:
        print_json([result.to_json() for result in results])
    else:
        show_results(config, results)
    return 0 if all(result.passed for result in results) else 1


def engines_of(text: str | None) -> list[str | None]:
    """The engines to use; None is the fastest one here."""
    if text == "all":
        return [status.name for status in available() if status.problem is None]
    return [*text.split(",")] if text else [None]


def show_results(config: BlockConfig, results: list[Verification]) -> None:
    listed = table(
        config.identifier, "compared", "engine", "cases", "cycles", "stalls", "mismatches",
        right=("cases", "cycles", "stalls", "mismatches"),
    )  # fmt: skip
    for result in results:
        covered = "all " if result.exhaustive else ""
        listed.add_row(
            result.what, result.engine, f"{covered}{result.cases:,}", f"{result.cycles:,}",
            f"{result.stalls:,}", f"{result.mismatches:,}",
        )  # fmt: skip
    show(listed)
    for result in results:
        if not result.passed:
            again = " ".join(result.arguments)
            show(*map(str, result.first), f"again, with waveforms: {again} --vcd wrong.vcd")
    show("PASS: equal to golden" if all(r.passed for r in results) else "FAIL")
