"""What the commands that reproduce figures measure."""

from dataclasses import dataclass

__all__ = ["Row", "Study"]


@dataclass(frozen=True)
class Row:
    """A figure of ours, and the known one if there is one."""

    what: str
    ours: str
    known: str = ""


@dataclass(frozen=True)
class Study:
    """A table of figures."""

    title: str
    rows: list[Row]
