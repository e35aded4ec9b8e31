"""Elements of few magnitudes, by comparisons with multiples of their divisor.

A quotient rounds to a magnitude or a greater one from some breakpoint on: in nearest roundings the
midpoint below the magnitude. So nothing is divided. Breakpoints with the same odd part are the same
multiple of the divisor but for a power of two, and share one comparison of significands.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Rounding

from .logic import jam, times_constant
from .pipeline import Pipeline
from .quotient_scale import Divisor, bounds
from .table import lookup
from .unpacked import Normal

__all__ = ["ComparedElements", "Limits"]


@dataclass(frozen=True)
class Breakpoint:
    """Where quotients begin to round to a magnitude: (odd part in [1, 2)) * 2^exponent.

    Attributes
    ----------
    code
        The magnitude's code.
    beyond
        Whether a quotient must be more than that.
    """

    code: int
    odd: Fraction
    exponent: int
    beyond: bool


@dataclass(frozen=True)
class Limits:
    """What the significands of values are compared with, and what their exponents are.

    Attributes
    ----------
    fractions
        For each multiple, the least fraction of a value that reaches it; one bit more than a
        fraction has, as none may.
    carries
        For each multiple, whether it has an exponent more than the divisor.
    """

    fractions: tuple[Value, ...]
    carries: tuple[Value, ...]
    exponent: Value
    negative: Value
    zero: Value
    nan: Value

    def through(self, pipeline: Pipeline, place: str) -> "Limits":
        """The same behind the registers of a place."""
        fractions, carries = (
            tuple(
                pipeline.bits(place, value, f"{name}_{number}")
                for number, value in enumerate(values)
            )
            for name, values in (("limit", self.fractions), ("carry", self.carries))
        )
        rest = Limits((), (), self.exponent, self.negative, self.zero, self.nan)
        rest = pipeline.bundle(place, rest)
        return Limits(fractions, carries, rest.exponent, rest.negative, rest.zero, rest.nan)


@dataclass(frozen=True)
class ComparedElements:
    """Makes elements of values, given their divisor."""

    block: BlockFormat
    rounding: Rounding

    @property
    def out(self) -> Format:
        return self.block.element

    @cached_property
    def breakpoints(self) -> list[Breakpoint]:
        """The breakpoints of all magnitudes but zero, in ascending order."""
        out = self.out
        # In two's complement the least value has a magnitude of its own.
        last = out.max_index + (out.complement and not self.block.symmetric)
        codes = np.arange(out.max_index + 1)
        values = [Fraction(value) for value in out.unpack(codes).to_fractions()]
        step = Fraction(2) ** out.quantum_exponent
        if not out.subnormals:
            # Rounded as if there were more exponents, and then flushed to zero.
            values[out.min_index - 1] = values[out.min_index] - step / 2
        values += [values[-1] + step] * (last - out.max_index)
        found = []
        for code in range(out.min_index, last + 1):
            place, beyond = self.begins(values[code - 1], values[code], code)
            exponent = place.numerator.bit_length() - place.denominator.bit_length()
            exponent -= place < Fraction(2) ** exponent
            found.append(Breakpoint(code, place / Fraction(2) ** exponent, exponent, beyond))
        return found

    def begins(self, low: Fraction, high: Fraction, code: int) -> tuple[Fraction, bool]:
        """From where on quotients round to a code, and whether they must be beyond that."""
        odd = code % 2 == 1
        match self.rounding:
            case Rounding.NEAREST_EVEN:
                return (low + high) / 2, odd
            case Rounding.HALF_AWAY:
                return (low + high) / 2, False
            case Rounding.TOWARD_ZERO:
                return high, False
        raise ValueError(f"Rounding must have breakpoints above zero, not {self.rounding}")

    @cached_property
    def multiples(self) -> list[tuple[Fraction, bool]]:
        """The odd parts, each with whether values must be beyond it."""
        return sorted({(point.odd, point.beyond) for point in self.breakpoints})

    def limits(self, m: Module, pipeline: Pipeline, divisor: Divisor, fraction: int) -> Limits:
        """What values with so many fraction bits are compared with, with registers at the place
        `multiples`."""
        fractions, carries = [], []
        products: list[Value] = []
        for number, (odd, _) in enumerate(self.multiples):
            times = int(odd * odd.denominator)
            name = f"multiple_{number}"
            product = times_constant(m, divisor.significand, times, name)
            products.append(pipeline.bits("multiples", product, name))
        rest = replace(divisor, significand=Const(0, 0))
        divisor = pipeline.bundle("multiples", rest)
        for number, ((_, beyond), product) in enumerate(zip(self.multiples, products, strict=True)):
            # From 1 to 8: the first bits that count, and one for all that is behind them.
            cut = jam(product, fraction + 4)
            four, two = cut[-1], cut[-2]
            below_four = Mux(two, Cat(Const(0, 1), cut[:-1]), Cat(Const(0, 2), cut[:-2]))
            normal = Signal(len(cut), name=f"multiple_{number}_normal")
            m.d.comb += normal.eq(Mux(four, cut, below_four))
            up = Const(1, 1) if beyond else normal[:3].any()
            limit = Signal(fraction + 1, name=f"limit_{number}")
            m.d.comb += limit.eq(normal[3:-1] + up)
            fractions.append(limit)
            carries.append(Mux(divisor.carry, four, two))
        low, high = bounds(divisor.exponent)
        exponent = Signal(signed(Range(low, high + 1, 0).width), name="limits_exponent")
        m.d.comb += exponent.eq(divisor.exponent + divisor.carry)
        return Limits(
            tuple(fractions), tuple(carries), exponent, divisor.negative, divisor.zero, divisor.nan
        )

    def element(self, m: Module, pipeline: Pipeline, x: Normal, limits: Limits) -> Value:
        """The element's code, with registers at the places `operand` and `neighbour`."""
        points = self.breakpoints
        lowest = min(point.exponent for point in points)
        # From two above the last exponent on, all breakpoints are reached.
        most = max(point.exponent for point in points) + 2 - lowest
        bits = most.bit_length()
        one, two = bounds(x.exponent), bounds(limits.exponent)
        constant = x.offset - lowest
        ends = Range(one[0] - two[1] + constant, one[1] - two[0] + constant, 0)
        exponent = Signal(signed(ends.width), name="quotient_power")
        m.d.comb += exponent.eq(x.exponent - limits.exponent + constant)
        below = exponent[-1] | x.zero | limits.zero
        far = (~exponent[-1] & exponent[bits:].any() & ~x.zero & ~limits.zero) | x.infinity
        less = [x.fraction < limit for limit in limits.fractions]
        nan = x.nan | limits.nan
        sign = x.sign ^ limits.negative
        place = pipeline.bits("operand", exponent[:bits], "power")
        below, far, nan, sign = (
            pipeline.bits("operand", value, name)
            for value, name in ((below, "below"), (far, "far"), (nan, "nan"), (sign, "sign"))
        )
        less = [pipeline.bits("operand", bit, f"less_{n}") for n, bit in enumerate(less)]
        limits = limits.through(pipeline, "operand")
        reached = []
        for point in points:
            group = self.multiples.index((point.odd, point.beyond))
            wanted = point.exponent - lowest

            def enough(index: int, wanted: int = wanted) -> int:
                power, carry, late = index >> 2, index >> 1 & 1, index & 1
                return int(power >= wanted + carry + late)

            index = Cat(less[group], limits.carries[group], place)
            reached.append(lookup(m, index, 1, enough, f"reaches_{point.code}"))
        return self.coded(m, pipeline, reached, below=below & ~far, far=far, nan=nan, sign=sign)

    def coded(
        self,
        m: Module,
        pipeline: Pipeline,
        reached: list[Value],
        *,
        below: Value,
        far: Value,
        nan: Value,
        sign: Value,
    ) -> Value:
        """The code, of which breakpoints are reached."""
        out = self.out
        codes = [point.code for point in self.breakpoints]
        nan_code = out.nan_code or 0
        size = out.width if out.complement else out.magnitude_width
        magnitude = Signal(size, name="compared")
        for place in range(size):
            before, bit = 0, Const(0, 1)
            for code, there in zip(codes, reached, strict=True):
                now = code >> place & 1
                if now != before:
                    bit = bit ^ there
                before = now
            last = codes[-1] >> place & 1
            chosen = (bit & ~below) | far if last else bit & ~below & ~far
            m.d.comb += magnitude[place].eq(chosen)
        magnitude, nan, sign = (
            pipeline.bits("neighbour", value, name)
            for value, name in ((magnitude, "compared"), (nan, "nan"), (sign, "sign"))
        )
        if out.complement:
            least = 2 ** (out.width - 1)
            positive = Mux(magnitude == least, out.max_index, magnitude)
            value = Mux(sign, -magnitude, positive)[:size]
            return value & (~nan).replicate(size)
        if not out.sign:
            return Mux(nan, nan_code, magnitude & (~sign).replicate(size))
        if not out.has_negative_zero:
            sign = sign & magnitude.any()
        return Mux(nan, nan_code, Cat(magnitude, sign))
