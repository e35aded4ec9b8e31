"""Floats rounded to floats of few fraction bits, of which the least need no normalised operand."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format

from .encoder import Encoder
from .logic import above, goes_up, jam, resize
from .pipeline import Pipeline
from .table import lookup
from .unpacked import Unpacked

__all__ = ["ShortConversion"]

#: Most fraction bits of the result; tables of results below the normal ones double with each.
MAX_FRACTION = 3


@dataclass(frozen=True)
class Ranges:
    """Which results an operand can have.

    Attributes
    ----------
    normal
        The total, unless it is beyond the largest one.
    gradual
        The table's, if not that.
    upper
        Whether the total tells if it is beyond, and its first bit is one if it is not.
    beyond
        Whether it is beyond in any case.
    nan, infinity
        Special operands. Those above all finite magnitudes need not be told from numbers that
        are not beyond.
    """

    normal: Value
    gradual: Value
    upper: Value
    beyond: Value
    nan: Value
    infinity: Value
    sign: Value


@dataclass(frozen=True)
class Candidates:
    """The magnitude of a normal result, and that of one below them."""

    total: Value
    below: Value


@dataclass(frozen=True)
class ShortConversion:
    """A float with its exponent counted anew, its fraction cut and rounded.

    The magnitude of a normal result is that of the operand as an integer, cut to the fraction, less
    the difference of the biases, plus the bit by which it is rounded: one adder. Which range an
    operand is in is a comparison of its magnitude with a constant.
    """

    a: Format
    encoder: Encoder

    @property
    def out(self) -> Format:
        return self.encoder.out

    @cached_property
    def fits(self) -> bool:
        """Whether the formats are like that, and the result is right in all cases."""
        a, out = self.a, self.out
        if not all(fmt.exponent and fmt.zero and fmt.step == 1 for fmt in (a, out)):
            return False
        if out.fraction > MAX_FRACTION or out.max_index < 2**out.fraction:
            return False
        if self.encoder.rounding.stochastic:
            return False
        # All that is smaller must become zero, subnormal operands among them.
        one = 2**a.fraction
        return (not a.subnormals or self.least >= one) and not self.rounded(self.least - 1)

    @cached_property
    def least(self) -> int:
        """The magnitude of the operand from which on the total or the table counts."""
        out, one = self.out, 2**self.a.fraction
        if not out.subnormals:
            return self.first(2**out.fraction)
        return max(self.distance + 1 - self.gradual * 2**self.places, 1) * one

    @property
    def gradual(self) -> bool:
        """Whether a result can be subnormal."""
        return self.out.subnormals and self.distance >= 1

    @property
    def distance(self) -> int:
        """What an exponent field of the operand is more than one of the result."""
        return self.out.min_exponent - self.a.min_exponent

    # Results as golden has them, of magnitudes of the operand.

    def rounded(self, magnitude: int) -> int:
        """The magnitude that one of the operand's is rounded to; one more if it is beyond."""
        exact = self.a.unpack(np.array([magnitude]))
        codes, flags = self.out.round(exact, self.encoder.rounding)
        return int(codes[0]) + int(flags.overflow[0])

    def first(self, least: int) -> int:
        """The first magnitude of the operand that is rounded to a given one, or a greater one."""
        low, high = 0, self.a.max_index + 1
        while low < high:
            middle = (low + high) // 2
            if self.rounded(middle) >= least:
                high = middle
            else:
                low = middle + 1
        return low

    @cached_property
    def first_beyond(self) -> int:
        """The first magnitude of the operand that overflows."""
        return self.first(self.out.max_index + 1)

    @property
    def overflows(self) -> bool:
        return self.first_beyond <= self.a.max_index

    @property
    def late(self) -> bool:
        """Whether the total is asked if it is beyond the largest magnitude.

        Then all else has time, and synthesis finds smaller logic for it. Where only the total's
        first bit counts, there is less time, and a comparison of the operand is smaller.
        """
        return self.out.max_index < 2**self.out.magnitude_width - 1

    def below(self, coarse: int, exponent: int) -> int:
        """The code of 1.coarse in a binade below the normal numbers; 0 is the highest."""
        size = self.out.fraction + 1
        exact = Exact.from_integers(np.array([2**size + coarse]))
        exact = exact.scaled(self.out.min_exponent - 1 - exponent - size)
        return int(self.out.round(exact, self.encoder.rounding)[0][0])

    # The hardware.

    def converted(
        self, m: Module, pipeline: Pipeline, code: Value, x: Unpacked
    ) -> dict[str, Value]:
        """The result, of the operand's code and of what is known of it besides.

        It is the code `out`, and whether the operand was NaN, or made no finite result.
        """
        short = Signal(self.a.exponent + self.out.fraction + 2, name="short")
        fraction = jam(code[: self.a.fraction], self.out.fraction + 2)
        m.d.comb += short.eq(Cat(fraction, code[self.a.fraction : self.a.magnitude_width]))
        short = pipeline.bits("operand", short, "short")
        x = pipeline.bundle("operand", x)
        ranges = pipeline.bundle("neighbour", self.ranges(short, x))
        found = Candidates(self.total(m, short), self.tiny(m, short))
        return self.chosen(m, ranges, pipeline.bundle("neighbour", found))

    def reaches(self, short: Value, magnitude: int, given: int = 0) -> Value:
        """Whether a shortened magnitude is one of the operand's or more, if it is a given one.

        The last bit, for what was cut off, is what tells magnitudes on both sides of a limit apart.
        """
        limit, given = self.shortened(magnitude), self.shortened(given)
        width = len(short)
        while given >> width - 1:
            # All from there on have its leading ones.
            width -= 1
            limit, given = limit % 2**width, given % 2**width
        return above(short[:width], limit - 1)

    def shortened(self, magnitude: int) -> int:
        """A magnitude of the operand, cut to the result's fraction and two bits."""
        cut = self.a.fraction - (self.out.fraction + 2)
        if cut <= 0:
            return magnitude << -cut
        return magnitude >> cut | (magnitude % 2**cut > 0)

    def ranges(self, short: Value, x: Unpacked) -> Ranges:
        """Where an operand's magnitude lies."""
        a, out = self.a, self.out
        one = 2**a.fraction
        normal = gradual = self.reaches(short, self.least)
        if self.gradual:
            normal = self.reaches(short, (self.distance + 1) * one)
        upper = beyond = Const(0, 1)
        nan, infinity = x.nan, x.infinity
        if self.overflows:
            beyond = self.reaches(short, self.first_beyond)
            if self.late:
                last = self.distance + (out.max_index >> out.fraction)
                beyond = self.reaches(short, (last + 1) * one)
                # The limit that is compared with most cheaply.
                half = range(self.distance + 2 ** (out.exponent - 1), last + 1)
                upper = self.reaches(short, max(half, key=lambda field: field & -field) * one)
            special = a.magnitude_codes
            if special.infinity is not None:
                infinity = self.reaches(short, special.infinity, self.first_beyond)
            if special.nan is not None:
                nan = self.reaches(short, special.nan[0], self.first_beyond)
        return Ranges(normal, gradual, upper, beyond, nan, infinity, x.sign)

    @property
    def places(self) -> int:
        """Bits of the exponent that tell the binades apart in which a result is subnormal."""
        return self.out.fraction.bit_length()

    def total(self, m: Module, short: Value) -> Value:
        """The magnitude of a normal result."""
        a, out = self.a, self.out
        size = out.magnitude_width
        number = resize(short[2:], size)
        constant = (-self.distance << out.fraction) % 2**size
        total = Signal(size, name="total")
        if a.fraction <= out.fraction:
            m.d.comb += total.eq(number + constant)
            return total
        up = goes_up(self.encoder.rounding, short[2] ^ (constant & 1), short[1], short[0])
        if constant in (0, 2 ** (size - 1)):
            m.d.comb += total.eq(number + up)
            return total ^ constant
        with_up = Signal(size + 1, name="with_up")
        m.d.comb += with_up.eq(Cat(Const(1, 1), number) + Cat(up, Const(constant, size)))
        return with_up[1:]

    def tiny(self, m: Module, short: Value) -> Value:
        """The magnitude of a subnormal result."""
        out = self.out
        size = out.fraction + 1
        if not self.gradual:
            return Const(0, 1)
        fraction, field = short[: out.fraction + 2], short[out.fraction + 2 :]
        index = Cat(jam(fraction, size), resize(field, self.places))

        def code(index: int) -> int:
            exponent = (self.distance - (index >> size)) % 2**self.places
            return self.below(index % 2**size, exponent)

        return lookup(m, index, size, code, "below")

    def chosen(self, m: Module, ranges: Ranges, found: Candidates) -> dict[str, Value]:
        """The outputs."""
        out = self.out
        size = out.magnitude_width
        nan, infinity = ranges.nan, ranges.infinity
        forced = nan | infinity
        if self.overflows:
            over = ranges.beyond
            if self.late:
                total = found.total
                over = over | (ranges.upper & (~total[-1] | above(total, out.max_index)))
            forced = Signal(name="forced")
            special = self.a.magnitude_codes
            if special.nan is not None:
                m.d.comb += forced.eq(over)
                nan = nan & forced
            elif special.infinity is not None:
                m.d.comb += forced.eq(over | nan)
            else:
                m.d.comb += forced.eq(over | nan | infinity)
            if special.infinity is not None:
                infinity = infinity & forced
        normal, gradual = ranges.normal, ranges.gradual
        if self.a.sign and not out.sign:
            positive = nan | ~ranges.sign
            forced, normal, gradual = (x & positive for x in (forced, normal, gradual))
        (finite, kept), (infinite, infinite_kept) = self.encoder.overflow_codes
        nan_code = self.encoder.nan_code or 0
        below = resize(found.below & gradual.replicate(len(found.below)), size)
        magnitude = Signal(size, name="magnitude")
        for place in range(size):
            bits = [code >> place & 1 for code in (nan_code, infinite, finite)]
            other = Mux(normal, found.total[place], below[place])
            m.d.comb += magnitude[place].eq(Mux(forced, first_of((nan, infinity), bits), other))
        seen = {"overflow_seen": forced & ~nan, "nan_seen": nan}
        if not out.sign:
            return {"out": magnitude, **seen}
        sign = ranges.sign
        if not out.has_negative_zero:
            # What is forced is above the least normal one, or NaN.
            sign = sign & (normal | below.any())
        # All codes whose sign is not the operand's are NaN, or zero in its place.
        fixed = nan
        if not infinite_kept:
            fixed = fixed | infinity
        if not kept:
            fixed = fixed | forced
        return {
            "out": Cat(magnitude, Mux(fixed, nan_code >> size, sign)),
            **seen,
        }


def first_of(conditions: tuple[Value, Value], bits: list[int]) -> Value:
    """The bit of the first condition that is true, or the last bit."""
    found: Value = Const(bits[-1], 1)
    for place in reversed(range(len(conditions))):
        if any(bit != bits[place] for bit in bits[place + 1 :]):
            when = conditions[place]
            found = when | found if bits[place] else ~when & found
    return found
