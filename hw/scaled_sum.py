"""A number times an unsigned factor, plus an addend: all in fixed point, all exact."""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from ffp8.golden.ranges import Range

from .pipeline import Pipeline
from .row_product import RowProduct
from .target import Target
from .tree_sum import Sum, Term

__all__ = ["ScaledSum"]


@dataclass(frozen=True)
class ScaledSum:
    """Makes number * factor + addend.

    Registers go to the places `rows`, within the product, `product` and `sum`.

    Parameters
    ----------
    m, pipeline, target
        Where the logic and its registers go, and what they are for.
    number, factor, addend
        Ranges of the operands. The factor is not negative.
    blocks
        Whether to multiply in one piece.
    """

    m: Module
    pipeline: Pipeline
    target: Target
    number: Range
    factor: Range
    addend: Range
    blocks: bool

    def of(self, number: Value, factor: Value, addend: Value) -> Value:
        """The sum, in two's complement of the width of its range.

        The number and the addend are signed, or unsigned where their ranges are.
        """
        rows = RowProduct(
            self.m, self.pipeline, self.target, self.number, self.factor, blocks=self.blocks
        )
        product = self.pipeline.bundle("product", rows.of(number, factor))
        rest = Term(addend, None, self.addend)
        for place in ("rows", "product"):
            rest = self.pipeline.bundle(place, rest)
        adder = Sum(self.m, self.pipeline, self.target)
        total = adder.plain(adder.plus(product, rest))
        assert total.range == self.number * self.factor + self.addend
        return self.pipeline.bits("sum", total.number, "sum").as_signed()
