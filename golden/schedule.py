"""The cycle view: which inputs a block takes, and what its outputs show, in each clock cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Schedule", "fixed_latency"]


@dataclass(frozen=True)
class Schedule:
    """When a block takes its inputs, and when it shows the outputs that belong to them.

    A golden model takes the operands of the cycles `taken` and gives rows of outputs.

    Attributes
    ----------
    taken
        Cycles whose operands golden is given, in their order; nothing of other cycles counts.
    row
        For each cycle, the row of golden's outputs that shows just before the clock edge that
        ends it.
    shown
        For each cycle, whether there is such a row. Outputs that are data are not defined in
        the others.
    origin
        For each row, the place in `taken` of operands that it depends on.
    advance
        For each cycle, whether it is no stall.
    fresh
        For each cycle, whether a block that is new in it goes on as this one does.
    starts
        Places in `taken` from which golden begins anew: it is given the operands up to the next
        one alone.
    control
        What outputs that control the flow are in each cycle, by port.
    """

    taken: np.ndarray
    row: np.ndarray
    shown: np.ndarray
    origin: np.ndarray
    advance: np.ndarray
    fresh: np.ndarray
    starts: Sequence[int] = (0,)
    control: dict[str, np.ndarray] = field(default_factory=dict)

    def show(self, results: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What each output port is in each cycle, given golden's rows for what was taken."""
        cycles = len(self.row)
        found = dict(self.control)
        for name, rows in results.items():
            # There may be no row at all.
            blank = np.zeros((cycles, *rows.shape[1:]), rows.dtype)
            if self.shown.any():
                blank[self.shown] = rows[self.row[self.shown]]
            found[name] = blank
        return found

    def source(self, cycle: int) -> int:
        """The cycle whose operands the outputs of one belong to."""
        return int(self.taken[self.origin[self.row[cycle]]])

    def beginning(self, cycle: int) -> int:
        """The last cycle, from the given one back, in which a block can be new."""
        return int(np.flatnonzero(self.fresh[: max(cycle, 0) + 1]).max(initial=0))


def fixed_latency(latency: int, advance: np.ndarray, first: np.ndarray) -> Schedule:
    """The cycle view of a block that gives a row for each set of operands, so many cycles later.

    Parameters
    ----------
    advance
        Whether a cycle is no stall. In a stall no register changes.
    first
        Where inputs do not depend on earlier ones: everywhere, if the block has no state.
    """
    advance = np.asarray(advance).astype(bool)
    taken = np.flatnonzero(advance)
    # Only inputs of cycles that advance enter the pipeline, so outputs are numbered in those.
    row = np.cumsum(advance) - advance - latency
    return Schedule(
        taken=taken,
        row=np.maximum(row, 0),
        shown=row >= 0,
        origin=np.arange(len(taken)),
        advance=advance,
        fresh=advance & np.asarray(first).astype(bool),
    )
