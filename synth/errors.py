"""What can go wrong outside of ffp8."""

from pathlib import Path

__all__ = ["Mismatched", "MissingTool", "ToolFailed"]

#: Lines of a log that an error shows.
SHOWN_LINES = 12


class MissingTool(Exception):
    """A tool that a job needs is not on this machine; the text says how to get it."""


class ToolFailed(Exception):
    """A tool did not do its work; the text ends with the last lines of its log.

    Attributes
    ----------
    log
        The file that holds all that the tool said.
    """

    def __init__(self, what: str, log: Path):
        self.log = log
        text = log.read_text(errors="replace") if log.exists() else ""
        lines = [line.rstrip() for line in text.splitlines() if line.strip()][-SHOWN_LINES:]
        end = "".join(f"\n  {line}" for line in lines) or "\n  (empty)"
        super().__init__(f"{what}; the end of {log}:{end}")


class Mismatched(Exception):
    """A unit is not what its golden model says; the text is the first difference."""
