"""Products rounded to a short fraction, with what is below the normal numbers in a table."""

from dataclasses import dataclass, replace
from functools import cached_property

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.golden.formats import Format
from ffp8.golden.rounding import Rounding

from .encoder import Body, Case, Encoder, Status
from .logic import above, add, goes_up, multiply, normalise_product, plus_constant, resize
from .pipeline import Pipeline
from .rounder import flags
from .table import lookup
from .unpacked import Normal

__all__ = ["ShortProduct"]

#: Most fraction bits of the result; tables of results below the normal ones double with each.
MAX_FRACTION = 3

#: Most fraction bits of both operands together for the product to be a table.
TABLE_BITS = 6

#: Inputs of the look-up tables that hardware has.
LUT_INPUTS = 4


NOT = Const(0, 1)


@dataclass(frozen=True)
class Parts:
    """A product of 1.a and 1.b in three parts.

    Attributes
    ----------
    top
        Whether it is 2 or more, once rounded as a normal number.
    fraction
        Its fraction, rounded so.
    coarse
        Its fraction cut off and not rounded, and a last bit that shows what was cut. It is
        that of 2 where rounding got there.
    lost
        Whether the rounded product is not the exact one.
    carried
        Whether rounding made 2 of less.
    """

    top: Value
    fraction: Value
    coarse: Value
    lost: Value
    carried: Value


@dataclass(frozen=True)
class Scaled:
    """Parts of a product, and the exponent with `top`, less that of the least normal value."""

    scale: Value
    fraction: Value
    coarse: Value
    lost: Value
    carried: Value


@dataclass(frozen=True)
class Inexact:
    """What the exceptions of a product depend on; as `rounder.flags` takes it."""

    beyond: Value
    lost: Value
    tiny: Value
    small: Value


@dataclass(frozen=True)
class ShortProduct:
    """The product of 1.a and 1.b, rounded to a format of few fraction bits.

    The carry of rounding goes into the sum of exponents, so nothing is added behind that sum.
    A result below the normal ones is a function of few bits: the product cut off to a normal
    fraction, one bit for what was cut, and the last bits of the exponent.

    Parameters
    ----------
    a, b
        Fraction bits of the operands.
    flags
        Whether the exceptions are wanted.
    """

    a: int
    b: int
    out: Format
    rounding: Rounding
    flags: bool = False

    @property
    def size(self) -> int:
        return self.a + self.b

    @property
    def one(self) -> int:
        """A one with the result's fraction behind it."""
        return 2**self.out.fraction

    @property
    def gradual(self) -> bool:
        return self.out.subnormals

    @cached_property
    def fits(self) -> bool:
        """Whether the result is as short as that, and right in all cases."""
        if not 1 <= self.out.fraction <= MAX_FRACTION or self.out.max_index < self.one:
            return False
        # The random bits would double the tables, each of them.
        if self.rounding.stochastic:
            return False
        # No product must become 4, which would need one more carry.
        if self.normal(2**self.size - 1) >= 2 * self.one:
            return False
        # A product rounded up to 2 that is halved is below a half, but seems to be a half.
        return not self.gradual or self.rounding is not Rounding.HALF_AWAY

    # The product as functions of both fractions, the first in the least significant bits.

    def exact(self, fractions: int) -> int:
        """The product, times 2^size."""
        return (2**self.a + fractions % 2**self.a) * (2**self.b + (fractions >> self.a))

    def normal(self, fractions: int) -> int:
        """The rounded product as a code: fraction, and one bit for whether it is 2 or more."""
        product = self.exact(fractions)
        if product < 2 ** (self.size + 1):
            return divide(product * self.one, self.size, self.rounding) - self.one
        return divide(product * self.one, self.size + 1, self.rounding)

    def coarse(self, fractions: int) -> int:
        """The fraction cut off, and a bit for the rest."""
        exponent = self.size + self.normal(fractions) // self.one
        product = max(self.exact(fractions), 2**exponent)
        kept, rest = divmod(product * self.one, 2**exponent)
        return kept % self.one << 1 | (rest > 0)

    def is_lost(self, fractions: int) -> bool:
        """Whether the rounded product is not the exact one."""
        exponent = self.size + self.normal(fractions) // self.one
        return self.normal(fractions) % self.one + self.one << exponent != (
            self.exact(fractions) * self.one
        )

    def is_carried(self, fractions: int) -> bool:
        """Whether rounding made 2 of less."""
        return self.normal(fractions) == self.one and self.exact(fractions) < 2 ** (self.size + 1)

    def tiny(self, coarse: int, below: int) -> int:
        """The code of a product in a binade below the normal ones, 0 being the highest."""
        return divide(2 * self.one + coarse, below + 2, self.rounding)

    # The hardware.

    def factors(self, m: Module, a: Value, b: Value) -> Value:
        """What `parts` takes: both fractions for tables, and the product of longer ones."""
        if self.size <= TABLE_BITS:
            return Cat(a, b)
        return multiply(m, Cat(a, Const(1, 1)), Cat(b, Const(1, 1)), "product")

    def parts(self, m: Module, factors: Value) -> Parts:
        """Multiply 1.a and 1.b, and round."""
        if self.size > TABLE_BITS:
            return self.multiplied(m, factors)
        size = self.out.fraction
        coarse: Value = Const(0, 1)
        if self.gradual:
            coarse = lookup(m, factors, size + 1, self.coarse, "coarse")
        if not self.gradual or self.size <= LUT_INPUTS:
            normal = lookup(m, factors, size + 1, self.normal, "normal")
            lost = carried = Const(0, 1)
            if self.flags:
                lost = lookup(m, factors, 1, lambda x: int(self.is_lost(x)), "lost")
                carried = lookup(m, factors, 1, lambda x: int(self.is_carried(x)), "carried")
            return Parts(normal[-1], normal[:-1], coarse, lost, carried)

        # A wide table costs more than adding the bit by which it differs from another.
        def up(fractions: int) -> int:
            return int(self.normal(fractions) % self.one != self.coarse(fractions) >> 1)

        fraction, _ = increment(coarse[1:], lookup(m, factors, 1, up, "up"))
        top = lookup(m, factors, 1, lambda fractions: self.normal(fractions) // self.one, "top")
        # A product of 2 or more that is rounded to 2 leaves something, so the last bit is set.
        carried = top & ~fraction.any() & ~coarse[0]
        return Parts(top, fraction, coarse, coarse[0] | carried, carried)

    def multiplied(self, m: Module, product: Value) -> Parts:
        """The same of a product too long for tables."""
        size = self.out.fraction
        number = Signal(size + 3, name="normalised")
        m.d.comb += number.eq(normalise_product(product, size + 3))
        cut = number[2:-1]
        up = goes_up(self.rounding, cut[0], number[1], number[0])
        fraction, carry = increment(cut, up)
        lost = number[:2].any()
        coarse = Cat(lost & ~carry, cut & ~carry.replicate(size))
        return Parts(product[-1] | carry, fraction, coarse, lost, carry)

    def rounded(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, a: Normal, b: Normal
    ) -> dict[str, Value]:
        """The code of the rounded product of two operands, and the exceptions."""
        a, b = (pipeline.bundle("operand", x) for x in (a, b))
        factors = self.factors(m, a.fraction, b.fraction)
        status = Status.of_product(a, b)
        a, b = (replace(x, fraction=Const(0, 0)) for x in (a, b))
        summed = "product"
        if self.size > TABLE_BITS:
            # Multiplying takes as long as all tables do, so the sum goes to the next place.
            factors = pipeline.bits("product", factors, "factors")
            a, b = (pipeline.bundle("product", x) for x in (a, b))
            status = pipeline.bundle("product", status)
            summed = "neighbour"
        parts = self.parts(m, factors)
        scale = add(m, a.exponent, b.exponent, parts.top, "scale")
        lost, carried = (parts.lost, parts.carried) if self.flags else (NOT, NOT)
        scaled = Scaled(scale, parts.fraction, parts.coarse, lost, carried)
        scaled = pipeline.bundle(summed, scaled)
        status = pipeline.bundle(summed, status)
        body, cases, inexact = self.choices(m, encoder, scaled, status, (a, b))
        if summed == "product":
            cases = [
                replace(case, when=pipeline.bits("neighbour", case.when, f"case_{place}"))
                for place, case in enumerate(cases)
            ]
            body = pipeline.bundle("neighbour", body)
            status = pipeline.bundle("neighbour", status)
            if self.flags:
                inexact = pipeline.bundle("neighbour", inexact)
        code = encoder.code(m, status, cases, body)
        finite = ~status.nan & ~status.infinity
        return {"out": code} | flags(
            encoder,
            status,
            beyond=inexact.beyond & finite,
            lost=inexact.lost,
            tiny=inexact.tiny,
            small=inexact.small,
        )

    def choices(
        self,
        m: Module,
        encoder: Encoder,
        scaled: Scaled,
        status: Status,
        operands: tuple[Normal, Normal],
    ) -> tuple[Body, list[Case], Inexact]:
        """The ordinary code, what else it may be, and what the exceptions depend on."""
        out, scale, (a, b) = self.out, scaled.scale, operands
        negative = scale[-1]
        exponent = plus_constant(m, resize(scale, out.exponent), 1, out.exponent, "exponent")
        body = Body(Cat(scaled.fraction, exponent))
        zero = small = negative
        # A result of a lower scale than this is zero after rounding, or the least one to odd.
        least = 0
        if self.gradual and a.low + b.low < 0:
            places = out.fraction.bit_length()
            least = -(2**places)
            body = Body(body.number, resize(self.below(m, scaled), out.magnitude_width), negative)
            zero = small = negative & ~scale[places:-1].all()
        given_zero = status.zero
        raised = self.gradual and self.rounding is Rounding.TO_ODD
        if raised:
            zero = NOT
        elif max(a.zero_exponent + b.high, b.zero_exponent + a.high) + 1 < least:
            given_zero = NOT
        limit = out.max_index - self.one
        beyond = above(Cat(scaled.fraction, scale).as_signed(), limit) & ~given_zero
        cases = encoder.cases(status, beyond, zero | given_zero)
        if raised:
            cases.append(Case(small, 1, signed=True))
        if not self.flags:
            return body, cases, Inexact(beyond, NOT, NOT, small)
        return body, cases, self.inexact(m, scaled, beyond, small)

    def inexact(self, m: Module, scaled: Scaled, beyond: Value, small: Value) -> Inexact:
        """What the exceptions depend on.

        Parameters
        ----------
        small
            Whether the magnitude is too small for the codes that it could have otherwise.
        """
        scale = scaled.scale
        negative = scale[-1]
        # Rounding can have made the least normal value of less.
        tiny = negative | (~scale.any() & scaled.carried)
        lost = scaled.lost
        if self.gradual:
            size = self.out.fraction + 1
            places = self.out.fraction.bit_length()

            def cut(index: int) -> int:
                below = ~(index >> size) % 2**places
                return int((2 * self.one + index % 2**size) % 2 ** (below + 2) > 0)

            index = Cat(scaled.coarse, scale[:places])
            lost = lost | (negative & lookup(m, index, 1, cut, "cut"))
        return Inexact(beyond, lost, tiny, small)

    def below(self, m: Module, scaled: Scaled) -> Value:
        """The code of a result below the normal ones."""
        size = self.out.fraction + 1
        places = self.out.fraction.bit_length()
        index = Cat(scaled.coarse, scaled.scale[:places])

        def code(index: int) -> int:
            # The highest of these binades has the scale -1.
            return self.tiny(index % 2**size, ~(index >> size) % 2**places)

        return lookup(m, index, size, code, "below")


def increment(number: Value, up: Value) -> tuple[Value, Value]:
    """A short number plus a bit, as logic: the sum and its carry."""
    bits = []
    for bit in number:
        bits.append(bit ^ up)
        up = bit & up
    return Cat(bits), up


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
        case Rounding.TO_ODD:
            return quotient + (rest > 0 and quotient % 2 == 0)
    raise ValueError(f"Rounding must be one without random bits here, not {rounding}")
