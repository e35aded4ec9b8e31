"""Options of blocks that take rows of scores: how they come, and what is made of them first."""

from dataclasses import dataclass

import numpy as np

from .any_format import AnyFormat
from .block import option
from .formats import Format, fixed_point
from .ports import Direction, Port, Role
from .raw import RawFormat
from .scalar_format import ScalarFormat
from .stream import StreamConfig

__all__ = ["ARGUMENT", "RowOptions", "ScoreOptions", "last_port"]

#: The format of arguments in Table I of the Softermax paper (Stevens et al., DAC 2021).
ARGUMENT = fixed_point(6, 2)


@dataclass(frozen=True, kw_only=True)
class RowOptions(StreamConfig):
    """Rows of any length, some elements a cycle, as arguments of fixed point."""

    lanes: int = option("elements a cycle", default=4, minimum=1, maximum=64)
    length: int = option("most elements of a row", default=512, minimum=1, maximum=2**16)
    argument: Format = option("format that scores are rounded to", default=ARGUMENT)

    @property
    def longest(self) -> int:
        return -(-self.length // self.lanes)

    @property
    def beats(self) -> None:
        return None


@dataclass(frozen=True, kw_only=True)
class ScoreOptions(RowOptions):
    """Scores, and the way to arguments."""

    a: AnyFormat = option("format of the scores", default=ARGUMENT)
    mask: bool = option("a port that leaves elements out of their row", default=False)
    log2e_bits: int = option(
        "fraction bits of a factor log2(e) for the scores; 0 for none, base 2",
        default=0,
        minimum=0,
        maximum=16,
    )

    @property
    def log2e(self) -> int:
        """The factor for scores, times 2^log2e_bits; 1 for base 2."""
        return round(np.log2(np.e) * 2**self.log2e_bits) if self.log2e_bits else 1

    @property
    def infinite(self) -> bool:
        """Whether a score can be minus infinity."""
        if isinstance(self.a, RawFormat):
            return self.a.infinity
        return isinstance(self.a, ScalarFormat) and self.a.sign and self.a.has_infinity

    @property
    def argument_stages(self) -> int:
        """Registers from a score to its argument, with the one behind it."""
        scaled = bool(self.log2e_bits)
        converted = scaled or self.a != self.argument
        return scaled + 2 * converted + 1

    @property
    def score_ports(self) -> list[Port]:
        """The beats that go in."""
        scores = Port(
            name="a",
            direction=Direction.INPUT,
            format=self.a,
            elements=self.lanes,
            meaning="scores",
        )
        mask = Port(
            name="mask",
            direction=Direction.INPUT,
            elements=self.lanes,
            meaning="whether an element is left out of its row",
        )
        return [scores, *([mask] if self.mask else []), last_port("last", Direction.INPUT)]


def last_port(name: str, direction: Direction) -> Port:
    """The port that ends a row."""
    return Port(name=name, direction=direction, role=Role.LAST, meaning="end of the row")
