"""Show reports again: one, or several beside each other."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ffp8.synth.report import load_report
from ffp8.synth.report_html import report_html
from ffp8.synth.report_tables import report_tables

from .output import print_json, show
from .parser import Parser


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    parser.add_argument("folder", type=Path, nargs="+", help="what build or synth wrote")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write them as one page")


def run(args: argparse.Namespace) -> int:
    reports = [load_report(folder) for folder in args.folder]
    tables = report_tables(reports)
    if args.html:
        args.html.write_text(report_html(reports))
    if args.json:
        print_json([report.to_json() for report in reports])
        return 0
    for report in reports:
        show(report.title)
    show(*tables)
    return 0
