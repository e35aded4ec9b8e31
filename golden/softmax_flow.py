"""When a softmax shows its rows."""

from collections import deque

from .stream import Flow

__all__ = ["RowFlow"]


class RowFlow(Flow):
    """Rows of any length in, the same rows out, one beat in each tick.

    The first beat of a row shows `latency` ticks after its last one was taken, but not before the
    row that came before it is through.
    """

    def __init__(self, latency: int):
        self.latency = latency
        self.time = self.rows = self.count = 0
        self.due: deque[tuple[int, int]] = deque()

    @property
    def row(self) -> int | None:
        return self.due[0][1] if self.due and self.due[0][0] == self.time else None

    @property
    def empty(self) -> bool:
        return not self.due

    def tick(self, *, taken: bool, last: bool) -> int:
        complete = 0
        if taken:
            self.count += 1
            if last:
                through = self.due[-1][0] + 1 if self.due else 0
                start = max(self.time + self.latency, through)
                self.due.extend((start + k, self.rows + k) for k in range(self.count))
                self.rows += self.count
                complete, self.count = self.count, 0
        if self.due and self.due[0][0] == self.time:
            self.due.popleft()
        self.time += 1
        return complete

    def reset(self) -> None:
        self.due.clear()
        self.count = 0
