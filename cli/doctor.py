"""Tell which tools are here, and how to get those that are missing."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version

from ffp8.synth.engines import available
from ffp8.synth.programs import PROGRAMS, TOOL_SETS

from .output import print_json, show, table
from .parser import Parser


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    engines = available()
    tools = [
        {
            "set": name,
            "program": program.name,
            "version": None if tool is None else tool.version,
            "prepared": tool is not None and not tool.unprepared,
            "get": None if tool is not None else how_to_get(program),
        }
        for name, (find, how_to_get) in TOOL_SETS.items()
        for program in PROGRAMS.values()
        for tool in [find(program)]
    ]
    if args.json:
        print_json(
            {
                "ffp8": version("ffp8"),
                "engines": [vars(engine) for engine in engines],
                "tools": tools,
            }
        )
        return 0
    simulation = table(f"ffp8 {version('ffp8')}: simulation engines", "engine", "version or way")
    for engine in engines:
        simulation.add_row(engine.name, engine.version or f"missing: {engine.problem}")
    synthesis = table("Synthesis tools", "set", "program", "version or way")
    for tool in tools:
        first = "" if tool["prepared"] else " (compiles at its first call)"
        state = f"missing: {tool['get']}" if tool["get"] else f"{tool['version']}{first}"
        synthesis.add_row(str(tool["set"]), str(tool["program"]), state)
    show(simulation, synthesis)
    show("The default set is yowasp; engines are tried in this order.")
    return 0
