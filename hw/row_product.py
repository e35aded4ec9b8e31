"""A number times an unsigned factor, in fixed point: rows, one for each bit of the factor."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from ffp8.golden.ranges import Range

from .pipeline import Pipeline
from .target import Target
from .tree_sum import Sum, Term

__all__ = ["RowProduct"]

#: Rows of a product that are added before the first registers.
GROUP = 4


@dataclass(frozen=True)
class RowProduct:
    """Makes number * factor.

    A product is the sum of rows, one for each bit of the factor, or one multiplication, for the
    multiplier blocks of a device. Registers go to the place `rows`, behind sums of a few rows or
    before the multiplication.

    Parameters
    ----------
    m, pipeline, target
        Where the logic and its registers go, and what they are for.
    number, factor
        Ranges of the operands. The factor is not negative.
    blocks
        Whether to multiply in one piece.
    """

    m: Module
    pipeline: Pipeline
    target: Target
    number: Range
    factor: Range
    blocks: bool = False

    @property
    def adder(self) -> Sum:
        return Sum(self.m, self.pipeline, self.target)

    def of(self, number: Value, factor: Value) -> Term:
        """The exact product; the number is signed, or unsigned where its range is."""
        known = self.number * self.factor
        if self.blocks:
            number, factor = (
                self.pipeline.bits("rows", one, name)
                for one, name in ((number, "number"), (factor, "factor"))
            )
            product = Signal(signed(known.width) if known.low < 0 else known.width - 1)
            self.m.d.comb += product.eq(number * factor)
            return Term(product, None, known)
        groups = [
            self.rows(number, factor[place : place + GROUP], place)
            for place in range(0, len(factor), GROUP)
        ]
        groups = [self.pipeline.bundle("rows", group) for group in groups]
        (product,) = self.added(groups)
        assert product.range == known
        return product

    def added(self, terms: list[Term]) -> list[Term]:
        """The sum of terms, as a list of one."""
        while len(terms) > 1:
            terms = self.adder.pairs(terms)
        return terms

    def rows(self, number: Value, bits: Value, place: int) -> Term:
        """The number times some bits of the factor, from a place on."""
        unit = self.number.unit + self.factor.unit + place
        row = Range(min(self.number.low, 0), max(self.number.high, 0), unit)
        if self.target.carry_cells:
            shifted = (replace(row, unit=unit + at) for at in range(len(bits)))
            rows = zip(shifted, bits, strict=True)
            (found,) = self.added([Term(number, None, known, gate=bit) for known, bit in rows])
            return found
        total: Value = Mux(bits[0], number, 0)
        for at in range(1, len(bits)):
            known = row * Range(0, 2 ** (at + 1) - 1, 0)
            longer = Signal(signed(known.width) if known.low < 0 else known.width - 1)
            upper = total[at:].as_signed() if known.low < 0 else total[at:]
            # The choice behind an adder goes into its tables, one in front of it would not.
            self.m.d.comb += longer.eq(Cat(total[:at], Mux(bits[at], upper + number, upper)))
            total = longer
        return Term(total, None, row * Range(0, 2 ** len(bits) - 1, 0))
