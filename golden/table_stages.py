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
    power
        What the table gives: two more where it is a memory.
    reciprocal
        What a table gives, or lines: their start and slope, the product, and their value.
    result
        The product and the result that it is rounded to.
    """

    argument: int
    lanes: int
    power: int
    reciprocal: int
    result: int

    @property
    def levels(self) -> int:
        """Levels of a tree over the lanes."""
        return (self.lanes - 1).bit_length()

    @property
    def below(self) -> int:
        """Registers from arguments to their distances from the top, of which each has one."""
        return self.levels + 2

    @property
    def added(self) -> int:
        """Registers from powers to their sum."""
        return max(self.levels, 1)

    @property
    def wait(self) -> int:
        """Cycles from the one in which the last power of a row is there to the first read.

        After the sum of the beat, in its place, comes that of the row, two for its leading one,
        those of the reciprocal, and one for the place of the row's end.
        """
        return self.added + 2 + 2 + self.reciprocal + 1

    @property
    def scaled(self) -> int:
        """Registers from a read to the factor: memory, one behind it, distance, and shift."""
        return 4

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a row to its first result."""
        powers = self.argument + self.below + self.power
        return powers + self.wait + self.scaled + self.result
