"""Elements of vectors by the reciprocal of their divisor: one product each, rounded once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Overflow, Rounding

from .encoder import Encoder, Status
from .logic import multiply
from .normal_rounding import align_normal
from .pipeline import Pipeline
from .quotient_scale import bounds
from .rounder import encode
from .scaled_element import without_least
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

    def element(
        self,
        m: Module,
        pipeline: Pipeline,
        x: Normal,
        factor: Factor,
        random: Value | None = None,
    ) -> Value:
        """The element's code, with registers at the places `operand` and `neighbour`.

        Parameters
        ----------
        random
            The random bits of a stochastic rounding, that come with the value.
        """
        product = multiply(m, Cat(x.fraction, Const(1, 1)), factor.significand, "scaled")
        one, two = bounds(x.exponent), bounds(factor.exponent)
        constant = x.offset
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
        exponent = pipeline.bits("operand", exponent, "scaled_exponent").as_signed()
        status = pipeline.bundle("operand", status)
        if random is not None:
            random = pipeline.bits("operand", random, "random")
        encoder = Encoder(self.block.element, self.rounding, Overflow.SATURATE, random)
        carry = product[-1]
        normal = Signal(len(product), name="scaled_normal")
        power = Signal(signed(ends.width), name="scaled_power")
        m.d.comb += [
            normal.eq(Mux(carry, product, Cat(Const(0, 1), product[:-1]))),
            power.eq(exponent + carry),
        ]
        near = align_normal(m, encoder, normal, power)
        near = pipeline.bundle("neighbour", near)
        code = encode(m, encoder, near, pipeline.bundle("neighbour", status))["out"]
        return without_least(self.block.element, code) if self.block.symmetric else code
