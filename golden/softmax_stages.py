"""Where a streaming softmax has its registers, and what follows: latency and buffer depth."""

from dataclasses import dataclass

__all__ = ["ADDER_LEVELS", "SoftmaxStages"]

#: Levels of a tree of adders between two registers. A level of comparisons has one behind it.
ADDER_LEVELS = 2


@dataclass(frozen=True)
class SoftmaxStages:
    """Registers on the way from a score to the result, by what is in them.

    Attributes
    ----------
    argument
        The score, converted; none are counted for a score that is an argument already, but the
        one behind the port.
    lanes
        How many elements a beat has: comparisons and adders are trees over them.
    line
        The product of slope and distance, and the line's value; none for a table alone.
    result
        The product on its way into the result's format.
    """

    argument: int
    lanes: int
    line: int
    result: int

    @property
    def levels(self) -> int:
        """Levels of a tree over the lanes."""
        return (self.lanes - 1).bit_length()

    @property
    def compared(self) -> int:
        """Registers from arguments to the top of their beat."""
        return self.levels + 1

    @property
    def added(self) -> int:
        """Registers from powers to their sum."""
        return max(-(-self.levels // ADDER_LEVELS), 1)

    @property
    def power(self) -> int:
        """Registers up to a power: those of the row's top, the shift's amount and the shift."""
        return self.argument + self.compared + 2 + self.line + 1

    @property
    def total(self) -> int:
        """Registers from a power to the sum of its row."""
        return self.added + 1

    @property
    def reciprocal(self) -> int:
        """Registers from the sum to its reciprocal.

        Two for the leading one, and those of the line, its product, its value and the factor.
        """
        return 6

    @property
    def wait(self) -> int:
        """Cycles from the one in which the last power of a row is there to the first read."""
        return self.total + self.reciprocal + 1

    @property
    def normalised(self) -> int:
        """Registers from a power with its row's sum to the result: reciprocal, and product."""
        return self.reciprocal + 1 + self.result

    @property
    def scaled(self) -> int:
        """Registers from a read to the product: the read, the row's two, growth, shift, product."""
        return 6

    @property
    def latency(self) -> int:
        """Cycles from the last beat of a row to its first result."""
        return self.power + self.wait + self.scaled + self.result
