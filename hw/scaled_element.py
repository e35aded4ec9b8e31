"""Elements of blocks whose scales are powers of two: exponents subtracted, then rounded once."""

from dataclasses import dataclass
from functools import cached_property

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.vector_quantizer import magnitude_format

from .encoder import Encoder, Status
from .logic import jam, shift_right_jam
from .pipeline import Pipeline
from .power_scale import PowerScale
from .rounder import Neighbour, align_float, encode, significand_bits
from .rounding import Decision
from .short_conversion import ShortConversion
from .signed_magnitude import normalise, unpack
from .unpacked import Normal, Unpacked

__all__ = ["ScaledElements", "without_least"]


@dataclass(frozen=True)
class ScaledElements:
    """Makes elements of values, given a scale.

    First comes the `operand`, which does not wait for the scale, then the `element`. In between
    the caller may put registers.

    Parameters
    ----------
    a
        Format of the values.
    """

    a: Format
    block: BlockFormat
    rounding: Rounding

    @property
    def out(self) -> Format:
        return self.block.element

    @cached_property
    def top(self) -> int:
        """The exponent of the largest element."""
        return int(self.out.max.magnitude_log2)

    @cached_property
    def bottom(self) -> int:
        """The exponent below which every quotient becomes zero, in nearest roundings."""
        return int(self.out.min_positive.magnitude_log2) - 1

    @cached_property
    def largest(self) -> int:
        """The exponent of the largest value."""
        return int(magnitude_format(self.a).max.magnitude_log2)

    @cached_property
    def exceeds(self) -> bool:
        """Whether a quotient can be 2^(top + 1) or more, because there is no larger scale."""
        return self.largest - int(self.block.scale.max.magnitude_log2) > self.top

    @property
    def subnormal(self) -> int:
        """The largest exponent of the implicit bit, which is not set, of a subnormal's quotient."""
        least = self.block.scale.min_exponent
        return self.a.min_exponent - max(least, self.a.quantum_exponent - self.top)

    @cached_property
    def short(self) -> ShortConversion:
        """How a quotient is rounded whose exponent field is 1 at the bottom."""
        fields = self.top - self.bottom + 1
        quotient = Format(
            sign=self.a.sign,
            exponent=fields.bit_length(),
            fraction=self.fraction,
            bias=1 - self.bottom,
            subnormals=False,
        )
        return ShortConversion(quotient, Encoder(self.out, self.rounding, Overflow.SATURATE))

    @property
    def fraction(self) -> int:
        """Fraction bits that are kept of a normalised value."""
        fmt = magnitude_format(self.a)
        if not fmt.exponent:
            return fmt.fraction - 1
        if self.rounding.stochastic:
            return fmt.fraction
        return min(fmt.fraction, self.out.fraction + Decision(self.rounding).bits)

    @property
    def fits(self) -> bool:
        """Whether rounding is a short conversion: what is below the bottom must become zero."""
        if self.rounding is Rounding.TO_ODD:
            return False
        return bool(self.out.exponent) and self.short.fits

    def operand(self, m: Module, word: Value) -> Normal | Unpacked:
        """A value, as a `signed_magnitude`, taken apart."""
        if self.out.exponent:
            return normalise(m, self.a, word, "element", self.fraction)
        return unpack(self.a, word)

    def element(
        self,
        m: Module,
        pipeline: Pipeline,
        x: Normal | Unpacked,
        scale: PowerScale,
        random: Value | None = None,
    ) -> Value:
        """The element's code, with registers at the places `operand` and `neighbour`.

        Parameters
        ----------
        random
            The random bits of a stochastic rounding, that come with the operand.
        """
        nan = scale.nan if self.block.scale.has_nan else x.nan
        if random is not None:
            random = pipeline.bits("operand", random, "random")
        encoder = Encoder(self.out, self.rounding, Overflow.SATURATE, random)
        if isinstance(x, Unpacked):
            near, beyond = self.fixed(m, pipeline, encoder, x, scale)
        elif self.fits:
            return self.shortened(m, pipeline, x, scale, nan)
        else:
            near, beyond = self.aligned(m, pipeline, encoder, x, scale), Const(0, 1)
        status = Status(x.sign, nan, x.infinity | beyond, x.zero, made_nan=Const(0, 1))
        status = pipeline.bundle("neighbour", pipeline.bundle("operand", status))
        code = encode(m, encoder, pipeline.bundle("neighbour", near), status)["out"]
        return without_least(self.out, code) if self.block.symmetric else code

    def moved(
        self, m: Module, exponent: Value, scale: PowerScale, constant: int, name: str
    ) -> Value:
        """exponent + constant, less that of the scale; signed."""
        codes = Range(0, self.block.scale.max_index, 0)
        by = Range(constant - codes.high, constant - codes.low, 0)
        shift = Signal(signed(by.width), name=f"{name}_shift")
        m.d.comb += shift.eq(constant - scale.exponent)
        low = -(2 ** (len(exponent) - 1)) if exponent.shape().signed else 0
        total = by + Range(low, low + 2 ** len(exponent) - 1, 0)
        moved = Signal(signed(total.width), name=name)
        m.d.comb += moved.eq(exponent + shift)
        return moved

    def shortened(
        self, m: Module, pipeline: Pipeline, x: Normal, scale: PowerScale, nan: Value
    ) -> Value:
        """By a short conversion, in which NaN and infinities are what the flags say."""
        short = self.short
        constant = x.offset - self.block.scale.min_exponent + short.a.bias
        exponent = self.moved(m, x.exponent, scale, constant, "quotient_exponent")
        there = ~exponent[-1]
        if x.zero_exponent + constant > 0:
            there = there & ~x.zero
        size = short.a.exponent
        infinity = x.infinity
        if self.exceeds:
            infinity = infinity | (there & exponent[size:].any())
        field = exponent[:size] & there.replicate(size)
        unpacked = Unpacked(x.sign, field, x.fraction, x.zero, infinity, nan)
        code = Cat(x.fraction, field, x.sign)
        return short.converted(m, pipeline, code, unpacked)["out"]

    def aligned(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, x: Normal, scale: PowerScale
    ) -> Neighbour:
        """To an element with an exponent."""
        gradual = self.out.subnormals
        biased = int(not gradual)
        constant = x.offset - self.block.scale.min_exponent - self.out.min_exponent + biased
        exponent = self.moved(m, x.exponent, scale, constant, "quotient_exponent")
        wanted = significand_bits(self.out, encoder.decision)
        significand = jam(Cat(x.fraction, Const(1, 1)), wanted)
        significand = pipeline.bits("operand", significand, "significand")
        exponent = pipeline.bits("operand", exponent, "exponent").as_signed()
        return align_float(m, encoder, significand, exponent, gradual=gradual, biased=biased)

    def fixed(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, x: Unpacked, scale: PowerScale
    ) -> tuple[Neighbour, Value]:
        """To an element without exponents; also whether the quotient is far beyond the largest."""
        quantum, below = self.out.quantum_exponent, encoder.decision.bits
        # Where the significand is if it is not moved to the right: that of the largest quotient.
        left = self.top - quantum
        if self.a.exponent:
            left = max(self.top, self.subnormal) - quantum - self.a.fraction
        constant = self.a.exponent_offset - quantum - self.block.scale.min_exponent - left
        right = -self.moved(m, x.exponent, scale, constant, "quotient_exponent")
        number = x.significand
        if left + below >= 0:
            number = Cat(Const(0, left + below), number)
        else:
            number = jam(number, len(number) + left + below)
        number = pipeline.bits("operand", number, "number")
        amount = Signal(signed(len(right)), name="right")
        m.d.comb += amount.eq(right)
        amount = pipeline.bits("operand", amount, "right")
        moved = shift_right_jam(m, number, amount[:-1], "moved")
        size = max(len(moved) - below + 1, 2)
        index = Signal(signed(size), name="index")
        m.d.comb += index.eq(moved[below:])
        rest = moved[:below]
        up = encoder.decision.goes_up(m, index[0], rest)
        never = Const(0, 1)
        near = Neighbour(index, never, up, rest.any(), never, never)
        return near, right[-1] & ~x.zero if self.exceeds else never


def without_least(out: Format, code: Value) -> Value:
    """A code in two's complement, the least one replaced by the one above it."""
    least = code == 2 ** (out.width - 1)
    return Cat(code[0] | least, code[1:])
