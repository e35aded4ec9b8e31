"""Elements of vectors by the reciprocal of their divisor: one product each, rounded once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Overflow, Rounding

from .encoder import Encoder, Status
from .normal_rounding import align_normal
from .pipeline import Pipeline
from .quotient_scale import bounds
from .rounder import encode
from .row_product import RowProduct
from .scaled_element import without_least
from .target import Target
from .tree_sum import Sum
from .unpacked import Normal

__all__ = ["Factor", "MultipliedElements"]


@dataclass(frozen=True)
class Factor:
    """What values are multiplied by: significand / 2^(len - 1) * 2^-exponent.

    Attributes
    ----------
    significand
        Its first bit is one.
    exponent
        Signed.
    zero
        Whether it is zero: all finite values become zero.
    """

    significand: Value
    exponent: Value
    negative: Value
    zero: Value
    nan: Value


@dataclass(frozen=True)
class MultipliedElements:
    """Makes elements of values, given a factor."""

    block: BlockFormat
    rounding: Rounding
    target: Target

    def element(
        self,
        m: Module,
        pipeline: Pipeline,
        x: Normal,
        factor: Factor,
        random: Value | None = None,
    ) -> Value:
        """The element's code, with registers at the places `rows`, `operand` and `neighbour`.

        Parameters
        ----------
        random
            The random bits of a stochastic rounding, that come with the value.
        """
        significand = Cat(x.fraction, Const(1, 1))
        product = self.product(m, pipeline, significand, factor.significand)
        one, two = bounds(x.exponent), bounds(factor.exponent)
        # The product is below 2 or not. That matters for results with exponents only.
        normalised = bool(self.block.element.exponent)
        constant = x.offset + (not normalised)
        ends = Range(one[0] - two[1] + constant, one[1] - two[0] + constant + 1, 0)
        exponent = Signal(signed(ends.width), name="scaled_exponent")
        m.d.comb += exponent.eq(x.exponent - factor.exponent + constant)
        status = Status(
            sign=x.sign ^ factor.negative,
            nan=x.nan | factor.nan,
            infinity=x.infinity,
            zero=(x.zero | factor.zero) & ~x.infinity,
            made_nan=Const(0, 1),
        )
        product = pipeline.bits("operand", product, "scaled")
        for place in ("rows", "operand"):
            exponent = pipeline.bits(place, exponent, "scaled_exponent")
            status = pipeline.bundle(place, status)
            if random is not None:
                random = pipeline.bits(place, random, "random")
        encoder = Encoder(self.block.element, self.rounding, Overflow.SATURATE, random)
        power = exponent.as_signed()
        if normalised:
            carry, exact = product[-1], product
            product = Signal(len(exact), name="scaled_normal")
            power = Signal(signed(ends.width), name="scaled_power")
            m.d.comb += [
                product.eq(Mux(carry, exact, Cat(Const(0, 1), exact[:-1]))),
                power.eq(exponent.as_signed() + carry),
            ]
        near = align_normal(m, encoder, product, power, half=not normalised)
        near = pipeline.bundle("neighbour", near)
        code = encode(m, encoder, near, pipeline.bundle("neighbour", status))["out"]
        return without_least(self.block.element, code) if self.block.symmetric else code

    def product(self, m: Module, pipeline: Pipeline, one: Value, two: Value) -> Value:
        """The product of two unsigned numbers, of the width of both."""
        number, factor = (one, two) if len(one) > len(two) else (two, one)
        above, below = (Range(0, 2 ** len(value) - 1, 0) for value in (number, factor))
        rows = RowProduct(m, pipeline, self.target, number=above, factor=below)
        found = Sum(m, pipeline, self.target).plain(rows.of(number, factor))
        product = Signal(len(one) + len(two), name="scaled")
        m.d.comb += product.eq(found.number)
        return product
