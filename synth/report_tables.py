"""A report as tables for the terminal."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .figures import area_rows, timing_rows
from .report import Report

__all__ = ["report_tables"]


def report_tables(reports: Sequence[Report]) -> list[RenderableType]:
    """Tables of one report, or of several to compare.

    Raises
    ------
    ValueError
        If results were made with different tools.
    """
    made: list[RenderableType] = []
    if any(report.verification for report in reports):
        made.append(verification_table(reports))
    if any(report.synthesis for report in reports):
        made += [area_table(reports), timing_table(reports)]
    if any(report.bitstreams for report in reports):
        made.append(bitstream_table(reports))
    return made


def new_table(title: str, *columns: str, right: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def verification_table(reports: Sequence[Report]) -> Table:
    table = new_table(
        "Compared with golden", "what", "engine", "cases", "coverage", "cycles", "result",
        right=("cases", "cycles"),
    )  # fmt: skip
    for report in reports:
        for record in report.verification:
            passed = record["passed"]
            count = record["mismatches"]
            table.add_row(
                record["what"] if len(reports) == 1 else f"{report.title}, {record['what']}",
                record["engine"],
                f"{record['cases']:,}",
                "all" if record["exhaustive"] else f"random, seed {record['seed']}",
                f"{record['cycles']:,}",
                Text("equal", "green") if passed else Text(f"{count:,} mismatches", "bold red"),
            )
    return table


def area_table(reports: Sequence[Report]) -> Table:
    names = ("LUT", "carry", "FF", "DSP", "BRAM", "LUT4-eq")
    table = new_table("Area of the unit alone", "device", *names, right=names)
    for row in area_rows(reports):
        counts = ("n/a" if count is None else f"{count:,}" for count in row.counts.values())
        table.add_row(row.label, *counts)
    return table


def timing_table(reports: Sequence[Report]) -> Table:
    figures = ("Fmax MHz", "range", "target", "logic ns", "routing ns", "steps")
    table = new_table(
        "Speed after place and route", "device", *figures, "critical path", right=figures
    )
    for row in timing_rows(reports):
        if row.median is None:
            table.add_row(row.label, *("n/a",) * len(figures), row.note)
            continue
        path = f"{row.start} to {row.end}"
        table.add_row(
            row.label,
            f"{row.median:.1f}",
            f"{row.lowest:.1f} to {row.highest:.1f}",
            f"{row.target:g}",
            f"{row.logic:.1f}",
            f"{row.routing:.1f}",
            str(row.steps),
            f"{path} ({row.note})" if row.note else path,
        )
    return table


def bitstream_table(reports: Sequence[Report]) -> Table:
    right = ("bytes", "Fmax MHz", "clock MHz")
    table = new_table("Bitstreams", "board", "file", *right, "program with", right=right)
    for report in reports:
        for record in report.bitstreams:
            fast = record["fmax_mhz"] >= record["clock_mhz"]
            table.add_row(
                record["board"],
                record["file"],
                f"{record['size']:,}",
                Text(f"{record['fmax_mhz']:.1f}", "green" if fast else "bold red"),
                f"{record['clock_mhz']:g}",
                record["program"],
            )
    return table
