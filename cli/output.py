"""What goes to the terminal: results to stdout, progress and errors to stderr."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

__all__ = ["Steps", "print_json", "show", "table"]


def show(*what: Any) -> None:
    """Print results, styled where stdout is a terminal."""
    # A pipe has no width; tables must not be cut to a guess.
    width = None if sys.stdout.isatty() else 200
    # Texts are no markup: "ffp8[gowin]" has nothing to do with styles.
    console = Console(highlight=False, markup=False, width=width)
    for item in what:
        console.print(item)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def table(title: str, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """An empty table, some of whose columns are aligned to the right."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


class Steps:
    """Numbered progress lines on stderr."""

    def __init__(self, total: int, *, quiet: bool = False):
        self.total = total
        self.done = 0
        self.quiet = quiet

    def __call__(self, what: str) -> None:
        """Say that the next step begins."""
        self.done += 1
        self.note(f"[{self.done}/{self.total}] {what}")

    def note(self, text: str) -> None:
        if not self.quiet:
            print(text, file=sys.stderr, flush=True)
