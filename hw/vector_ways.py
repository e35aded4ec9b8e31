"""The ways from a vector's largest magnitude to its scale and elements.

A way says in which tick a vector's values are needed again, and has the scale for them.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.ranges import Range
from ffp8.golden.vector_quantizer import VectorQuantizerConfig

from . import signed_magnitude
from .compared_element import ComparedElements, Limits
from .multiplied_element import Factor, MultipliedElements
from .pipeline import Pipeline
from .power_scale import PowerScale, power_scale
from .quotient_scale import (
    Divisor,
    Outer,
    bounds,
    divisor_of,
    largest_element,
    quotient_scale,
)
from .reciprocal import Reciprocal, reciprocal
from .scaled_element import ScaledElements
from .target import Target
from .unpacked import Normal, Unpacked
from .vector_ticks import VectorTicks

__all__ = ["ByComparisons", "ByPowers", "ByProducts", "Found", "Way"]


@dataclass(frozen=True)
class Found:
    """What is known of a vector when its largest magnitude is.

    Attributes
    ----------
    tick
        From which tick on that is, counted from that of the vector's last beat.
    largest
        The largest magnitude.
    nan
        Whether there is a NaN.
    outer
        The tensor scale, of quotients.
    """

    tick: int
    largest: Normal
    nan: Value
    outer: Outer | None


class Way(Protocol):
    """How elements are made.

    Attributes
    ----------
    read
        The tick in which the first values of a vector are needed.
    place
        Where there may be registers between `operand` and `element`.
    scale
        The scale's code, behind these registers.
    """

    read: int
    place: str
    scale: Value

    def operand(self, m: Module, word: Value) -> Normal | Unpacked: ...

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value: ...


class ByPowers:
    """Scales that are powers of two."""

    place = "scale"

    def __init__(
        self, m: Module, pipeline: Pipeline, config: VectorQuantizerConfig, found: Found
    ) -> None:
        scale = power_scale(m, config.to, config.overflow, found.largest, found.nan)
        self.read = found.tick
        self.power: PowerScale = pipeline.bundle(self.place, scale)
        self.scale = self.power.code
        self.elements = ScaledElements(config.a, config.to, config.rounding)

    def operand(self, m: Module, word: Value) -> Normal | Unpacked:
        return self.elements.operand(m, word)

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value:
        return self.elements.element(m, pipeline, x, self.power, random)


class ByQuotients:
    """Scales that are quotients: what all ways to elements by them have in common."""

    def __init__(
        self,
        m: Module,
        pipeline: Pipeline,
        ticks: VectorTicks,
        config: VectorQuantizerConfig,
        found: Found,
    ) -> None:
        assert found.outer is not None
        self.pipeline, self.ticks, self.config = pipeline, ticks, config
        self.found, self.outer = found, found.outer

    def rounded(self, m: Module) -> tuple[Value, int]:
        """The scale's code, and the tick from which on it is there."""
        scale, tick = quotient_scale(
            m,
            self.ticks,
            self.config.to,
            overflow=self.config.overflow,
            largest=self.found.largest,
            nan=self.found.nan,
            outer=self.outer,
            digits=self.config.scale_digits,
            since=self.found.tick,
            cuts=self.pipeline.cuts,
        )
        return self.ticks.loaded(scale, tick, "scale"), tick + 1

    def divisor(self, m: Module, scale: Value, tick: int) -> tuple[Divisor, int]:
        """The divisor by a rounded scale that is there from a tick on, and from which one on
        that is."""
        outer = self.ticks.all_carried(self.outer.normal, self.found.tick, tick, "tensor")
        divisor = divisor_of(m, self.pipeline, self.config.to.scale, scale, outer)
        cuts = self.pipeline.cuts
        return divisor, tick + cuts.count("factors") + cuts.count("divisor")

    def operand(self, m: Module, word: Value) -> Normal:
        """A value, normalised, with as many bits as are wanted."""
        x = signed_magnitude.normalise(m, self.config.a, word, "element")
        if self.config.value_bits is None:
            return x
        excess = max(len(x.fraction) + 1 - self.config.value_bits, 0)
        return replace(x, fraction=x.fraction[excess:])


class ByComparisons(ByQuotients):
    """Elements by comparisons with multiples of their divisor."""

    place = "limits"

    def __init__(
        self,
        m: Module,
        pipeline: Pipeline,
        ticks: VectorTicks,
        config: VectorQuantizerConfig,
        found: Found,
    ) -> None:
        super().__init__(m, pipeline, ticks, config, found)
        scale, tick = self.rounded(m)
        divisor, divides = self.divisor(m, scale, tick)
        self.elements = ComparedElements(config.to, config.rounding)
        limits = self.elements.limits(m, pipeline, divisor, len(found.largest.fraction))
        self.limits: Limits = limits.through(pipeline, self.place)
        self.read = divides + pipeline.cuts.count("multiples")
        self.scale = scale
        for place in ("factors", "divisor", "multiples", self.place):
            self.scale = pipeline.bits(place, self.scale, "scale")

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value:
        assert isinstance(x, Normal)
        assert random is None
        return self.elements.element(m, pipeline, x, self.limits)


class ByProducts(ByQuotients):
    """Elements by the reciprocal of their divisor."""

    place = "factor"

    def __init__(
        self,
        m: Module,
        pipeline: Pipeline,
        ticks: VectorTicks,
        config: VectorQuantizerConfig,
        found: Found,
        *,
        target: Target,
    ) -> None:
        super().__init__(m, pipeline, ticks, config, found)
        assert config.reciprocal_bits is not None
        scale, scaled = self.rounded(m)
        if config.unrounded:
            divisor, begins = largest_divisor(m, config, found), found.tick
        else:
            divisor, begins = self.divisor(m, scale, scaled)
        ends = begins + config.reciprocal_digits
        product = divisor.significand
        normal = product[:-1]
        if not isinstance(divisor.carry, Const):
            normal = Mux(divisor.carry, product, Cat(Const(0, 1), normal))
        odd, power = largest_element(config.to) if config.unrounded else (1, 0)
        inverse = reciprocal(
            m, ticks, normal, bits=config.reciprocal_bits, since=begins, dividend=odd
        )
        rest = factor_exponent(m, divisor, 1 - power - (odd.bit_length() - 1))
        rest = ticks.all_carried(rest, begins, ends, "divisor")
        factor = ticks.all_loaded(factor_of(m, inverse, rest), ends, "factor")
        self.read = ends
        if config.unrounded:
            # The longer one of both divisions.
            waits = max(config.scale_digits - config.reciprocal_digits, 0)
            self.read += waits + sum(map(pipeline.cuts.count, ("quotient", "rounding")))
        self.factor: Factor = ticks.all_carried(factor, ends + 1, self.read + 1, "factor")
        self.scale = ticks.carried(scale, scaled, self.read + 1, "scale")
        self.elements = MultipliedElements(config.to, config.rounding, target)

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value:
        assert isinstance(x, Normal)
        return self.elements.element(m, pipeline, x, self.factor, random)


def largest_divisor(m: Module, config: VectorQuantizerConfig, found: Found) -> Divisor:
    """The largest magnitude as a divisor, of values times the largest element."""
    assert found.outer is not None
    x, tensor = found.largest, found.outer.normal
    nan = found.nan if config.to.scale.has_nan else Const(0, 1)
    low, high = (bound + x.offset for bound in bounds(x.exponent))
    exponent = Signal(signed(Range(low, high, 0).width), name="divisor_exponent")
    m.d.comb += exponent.eq(x.exponent + x.offset)
    significand = Cat(x.fraction, Const(1, 2))
    return Divisor(significand, exponent, Const(0, 1), tensor.sign, x.zero | x.infinity, nan)


def factor_exponent(m: Module, divisor: Divisor, constant: int) -> Divisor:
    """A divisor's exponent with its carry and a constant, and no significand."""
    low, high = (bound + constant for bound in bounds(divisor.exponent))
    exponent = Signal(signed(Range(low, high + 1, 0).width), name="factor_power")
    m.d.comb += exponent.eq(divisor.exponent + constant + divisor.carry)
    return replace(divisor, significand=Const(0, 0), carry=Const(0, 1), exponent=exponent)


def factor_of(m: Module, inverse: Reciprocal, divisor: Divisor) -> Factor:
    """A reciprocal, with what is known of its divisor."""
    low, high = bounds(divisor.exponent)
    exponent = Signal(signed(Range(low - 2, high, 0).width), name="factor_exponent")
    m.d.comb += exponent.eq(divisor.exponent - inverse.exponent)
    return Factor(inverse.significand, exponent, divisor.negative, divisor.zero, divisor.nan)
