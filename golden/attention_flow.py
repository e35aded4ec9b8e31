"""When a block shows results that come of whole rows, which go through a flow of their own."""

from collections import deque

from .stream import Flow

__all__ = ["ReducedFlow"]


class ReducedFlow(Flow):
    """Rows go through a flow that gives them back, and each of them becomes one result.

    Parameters
    ----------
    rows
        What the rows go through. It takes a beat in each tick.
    before, behind
        Ticks from a beat that is taken to that in which `rows` takes it; and from the last beat
        of a row that `rows` shows to its result.
    """

    def __init__(self, rows: Flow, before: int, behind: int):
        self.inner, self.before, self.behind = rows, before, behind
        self.time = self.results = self.shown = 0
        self.clear()

    def clear(self) -> None:
        self.way = deque([(False, False)] * self.before)
        # Numbers of the last beats of rows within `rows`; then of results, and when they are due.
        self.ends: deque[int] = deque()
        self.waiting: deque[int] = deque()
        self.due: deque[tuple[int, int]] = deque()

    @property
    def row(self) -> int | None:
        return self.due[0][1] if self.due and self.due[0][0] == self.time else None

    @property
    def empty(self) -> bool:
        return not self.waiting and not self.due

    def tick(self, *, taken: bool, last: bool) -> int:
        if self.row is not None:
            self.due.popleft()
        complete = int(taken and last)
        if complete:
            self.waiting.append(self.results)
            self.results += 1
        if self.ends and self.inner.row == self.ends[0]:
            self.ends.popleft()
            self.due.append((self.time + self.behind, self.waiting.popleft()))
        self.way.append((taken, last))
        taken, last = self.way.popleft()
        count = self.inner.tick(taken=taken, last=last)
        if count:
            self.shown += count
            self.ends.append(self.shown - 1)
        self.time += 1
        return complete

    def reset(self) -> None:
        self.inner.reset()
        self.clear()
