"""Products of few fraction bits: multiplied and rounded by tables."""

from dataclasses import dataclass, replace
from functools import cached_property

from amaranth.hdl import Cat, Const, Module, Signal, Value
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Rounding

from .encoder import Body, Encoder, Status
from .logic import above, plus_constant, resize
from .pipeline import Pipeline
from .table import lookup
from .unpacked import Normal

__all__ = ["ProductTable"]

#: Most fraction bits of both operands together, and of the result.
MAX_INDEX = 6
MAX_FRACTION = 3

#: Inputs of the look-up tables that hardware has.
LUT_INPUTS = 4


@dataclass(frozen=True)
class Middle:
    """What is known of a product when all but its lesser binades is settled.

    Attributes
    ----------
    scale
        The rounded product's exponent, less that of the least normal value.
    fraction
        The rounded product's fraction, if it is normal.
    coarse
        The product's fraction cut off, and a last bit that shows what was cut.
    status
    """

    scale: Value
    fraction: Value
    coarse: Value


@dataclass(frozen=True)
class ProductTable:
    """The product of 1.a and 1.b, rounded to a fraction, for operands of few fraction bits.

    Parameters
    ----------
    a, b
        Fraction bits of the operands.
    """

    a: int
    b: int
    out: Format
    rounding: Rounding

    @property
    def size(self) -> int:
        return self.a + self.b

    def exact(self, index: int) -> int:
        """The product of the operands whose fractions make an index, times 2^size."""
        return (2**self.a + index % 2**self.a) * (2**self.b + (index >> self.a))

    def normal(self, index: int) -> int:
        """The rounded product as code of a binade: fraction, and one bit for its exponent."""
        product, one = self.exact(index), 2**self.out.fraction
        if product < 2 ** (self.size + 1):
            return divide(product * one, self.size, self.rounding) - one
        return divide(product * one, self.size + 1, self.rounding)

    def coarse(self, index: int) -> int:
        """The product over the power of two in `normal`: fraction, and a bit for the rest."""
        product = self.exact(index)
        exponent = self.size + (self.normal(index) >> self.out.fraction)
        twice = max(product, 2**exponent) << (self.out.fraction + 1)
        kept = twice >> exponent
        return (kept | (kept << exponent != twice)) % 2 ** (self.out.fraction + 1)

    def tiny(self, coarse: int, below: int) -> int:
        """The code of a product in a binade below the normal ones, 0 being the highest."""
        return divide(2 ** (self.out.fraction + 1) + coarse, below + 2, self.rounding)

    @cached_property
    def fits(self) -> bool:
        """Whether the tables are small, and right in all cases."""
        out = self.out
        one = 2**out.fraction
        if self.size > MAX_INDEX or not out.fraction or out.max_index < one:
            return False
        indices = range(2**self.size)
        if any(self.normal(index) >= 2 * one for index in indices):
            return False
        if out.fraction > MAX_FRACTION:
            return False
        if not out.subnormals:
            return True
        # Where a product was rounded up to the next binade, `coarse` is not exact.
        return all(
            self.tiny(self.coarse(index), below)
            == divide(
                self.exact(index) * one,
                self.size + (self.normal(index) >> out.fraction) + 1 + below,
                self.rounding,
            )
            for index in indices
            for below in range(out.fraction + 2)
        )

    def rounded(
        self,
        m: Module,
        pipeline: Pipeline,
        encoder: Encoder,
        a: Normal,
        b: Normal,
        status: Status,
    ) -> dict[str, Value]:
        """The code of the rounded product."""
        out = self.out
        index = Cat(a.fraction, b.fraction)
        coarse = lookup(m, index, out.fraction + 1, self.coarse, "coarse")
        normal = self.normal_of(m, index, coarse)
        width = max(len(x.exponent) + (not x.exponent.shape().signed) for x in (a, b)) + 1
        sums = Signal(width + 1, name="scale_with_carry")
        m.d.comb += sums.eq(
            Cat(Const(1, 1), resize(a.exponent, width)) + Cat(normal[-1], resize(b.exponent, width))
        )
        middle = Middle(sums[1:].as_signed(), normal[:-1], coarse)
        middle = pipeline.bundle("product", middle)
        status = pipeline.bundle("product", status)
        scale = middle.scale
        least = scale[-1]
        explicit = status.zero
        lowest = a.low + b.low
        zeros = (a.zero_exponent + b.high, b.zero_exponent + a.high)
        places = out.fraction.bit_length()
        body = Body(Cat(middle.fraction, self.exponent(m, scale)))
        if out.subnormals and lowest < 0:
            if max(zeros) + 1 < -(2**places):
                explicit = Const(0, 1)
            zero = explicit | (least & ~scale[places:-1].all())
            below = resize(self.below(m, middle), out.magnitude_width)
            body = Body(body.number, below, least)
        else:
            if max(zeros) + 1 < 0:
                explicit = Const(0, 1)
            zero = explicit | least
        limit = out.max_index - 2**out.fraction
        beyond = above(Cat(middle.fraction, scale).as_signed(), limit) & ~explicit
        cases = [
            replace(case, when=pipeline.bits("neighbour", case.when, f"case_{place}"))
            for place, case in enumerate(encoder.cases(status, beyond, zero))
        ]
        body = pipeline.bundle("neighbour", body)
        status = pipeline.bundle("neighbour", status)
        return {"out": encoder.code(m, status, cases, body)}

    def normal_of(self, m: Module, index: Value, coarse: Value) -> Value:
        """The rounded product, from a table of its own or from the product cut off.

        A function of more than four bits costs more than an addition of the rounding's bit.
        """
        size = self.out.fraction
        if not self.out.subnormals or len(index) <= LUT_INPUTS:
            return lookup(m, index, size + 1, self.normal, "normal")
        top = lookup(m, index, 1, lambda x: self.normal(x) >> size, "top")
        up = lookup(m, index, 1, lambda x: int(self.normal(x) % 2**size != self.coarse(x) >> 1), "up")
        carry: Value = up
        bits = []
        for bit in coarse[1:]:
            bits.append(bit ^ carry)
            carry = bit & carry
        return Cat(bits, top)

    def exponent(self, m: Module, scale: Value) -> Value:
        """The exponent field of a normal result."""
        exponent = Signal(self.out.exponent, name="exponent")
        m.d.comb += exponent.eq(plus_constant(m, scale, 1, len(exponent), "exponent"))
        return exponent

    def below(self, m: Module, middle: Middle) -> Value:
        """The code of a result below the normal ones."""
        size = self.out.fraction + 1
        places = self.out.fraction.bit_length()
        index = Cat(middle.coarse, middle.scale[:places])

        def code(index: int) -> int:
            return self.tiny(index % 2**size, ~(index >> size) % 2**places)

        return lookup(m, index, size, code, "below")


def divide(number: int, places: int, rounding: Rounding) -> int:
    """number / 2^places, rounded."""
    if places <= 0:
        return number << -places
    quotient, rest = number >> places, number % 2**places
    half = 2 ** (places - 1)
    match rounding:
        case Rounding.TOWARD_ZERO:
            return quotient
        case Rounding.HALF_AWAY:
            return quotient + (rest >= half)
        case Rounding.NEAREST_EVEN:
            return quotient + (rest > half or (rest == half and quotient % 2 == 1))
