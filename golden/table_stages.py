"""Where a softmax by tables has its registers, and what follows: latency and buffer depth."""

from dataclasses import dataclass

__all__ = ["TableStages"]


@dataclass(frozen=True)
class TableStages:
    """Registers on the way from a score to the result, by what is in them.

    Attributes
    ----------
    argument
        The score, converted; one behind the port for a score that is an argument already.
    lanes
        How many elements a beat has: comparisons and adders are trees over them, each level of
        which has a register behind it.
    term, power
        What tables give: one more where they are memories.
    product, result
        The product, and the result that it is rounded to.
    """

    argument: int
    lanes: int
    term: int
    power: int
    product: int
    result: int

    @property
    def levels(self) -> int:
        """Levels of a tree over the lanes."""
        return (self.lanes - 1).bit_length()

    @property
    def added(self) -> int:
        """Registers from terms to their sum."""
        return max(self.levels, 1)

    @property
    def below(self) -> int:
        """Registers from arguments to their distances from the top, of which each has one."""
        return self.levels + 2

    @property
    def total(self) -> int:
        """Registers from arguments to the sum of their row."""
        return self.below + self.term + self.added + 1

    @property
    def wait(self) -> int:
        """Cycles from the one in which the last beat of a row is written to the first read.

        Two are for the leading one of the sum, one for its reciprocal, and one for the row's end.
        """
        return self.total + 4

    @property
    def read(self) -> int:
        """Registers from a read to the power's argument: memory, one behind it, difference."""
        return 3

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a row to its first result."""
        return self.argument + self.wait + self.read + self.power + self.product + self.result
