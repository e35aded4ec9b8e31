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
from .logic import times_constant
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


class ByComparisons:
    """Scales that are quotients, and elements by comparisons with multiples of their divisor."""

    place = "limits"

    def __init__(
        self,
        m: Module,
        pipeline: Pipeline,
        ticks: VectorTicks,
        config: VectorQuantizerConfig,
        found: Found,
    ) -> None:
        self.fmt = config.a
        scale, tick = rounded_scale(m, ticks, config, found)
        divisor = divisor_of_vector(m, ticks, config, found, scale=scale, tick=tick)
        divisor = pipeline.bundle("divisor", divisor)
        self.read = tick + pipeline.cuts.count("divisor")
        scale = pipeline.bits("divisor", scale, "scale")
        self.scale = pipeline.bits(self.place, scale, "scale")
        self.elements = ComparedElements(config.to, config.rounding)
        limits = self.elements.limits(m, divisor, len(found.largest.fraction))
        self.limits: Limits = limits.through(pipeline, self.place)

    def operand(self, m: Module, word: Value) -> Normal:
        return signed_magnitude.normalise(m, self.fmt, word, "element")

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value:
        assert isinstance(x, Normal)
        assert random is None
        return self.elements.element(m, pipeline, x, self.limits)


class ByProducts:
    """Scales that are quotients, and elements by the reciprocal of their divisor."""

    place = "factor"

    def __init__(
        self,
        m: Module,
        pipeline: Pipeline,
        ticks: VectorTicks,
        config: VectorQuantizerConfig,
        found: Found,
    ) -> None:
        self.fmt = config.a
        assert config.reciprocal_bits is not None
        scale, scaled = rounded_scale(m, ticks, config, found)
        if config.unrounded:
            divisor, begins = largest_divisor(m, config, found), found.tick
        else:
            divisor = divisor_of_vector(m, ticks, config, found, scale=scale, tick=scaled)
            divisor = pipeline.bundle("divisor", divisor)
            begins = scaled + pipeline.cuts.count("divisor")
        ends = begins + config.reciprocal_digits
        product = divisor.significand
        normal = product[:-1]
        if not isinstance(divisor.carry, Const):
            normal = Mux(divisor.carry, product, Cat(Const(0, 1), normal))
        inverse = reciprocal(m, ticks, normal, bits=config.reciprocal_bits, since=begins)
        rest = replace(divisor, significand=Const(0, 0))
        rest = ticks.all_carried(rest, begins, ends, "divisor")
        factor = factor_of(m, config, inverse, rest)
        factor = ticks.all_loaded(factor, ends, "factor")
        self.read = max(ends, scaled - 1)
        self.factor: Factor = ticks.all_carried(factor, ends + 1, self.read + 1, "factor")
        self.scale = ticks.carried(scale, scaled, self.read + 1, "scale")
        self.elements = MultipliedElements(config.to, config.rounding)

    def operand(self, m: Module, word: Value) -> Normal:
        return signed_magnitude.normalise(m, self.fmt, word, "element")

    def element(
        self, m: Module, pipeline: Pipeline, x: Normal | Unpacked, random: Value | None
    ) -> Value:
        assert isinstance(x, Normal)
        return self.elements.element(m, pipeline, x, self.factor, random)


def rounded_scale(
    m: Module, ticks: VectorTicks, config: VectorQuantizerConfig, found: Found
) -> tuple[Value, int]:
    """The code of a scale that is a quotient, and the tick from which on it is there."""
    ends = found.tick + config.scale_digits
    assert found.outer is not None
    scale = quotient_scale(
        m,
        ticks,
        config.to,
        overflow=config.overflow,
        largest=found.largest,
        nan=found.nan,
        outer=found.outer,
        digits=config.scale_digits,
        since=found.tick,
    )
    return ticks.loaded(scale, ends, "scale"), ends + 1


def divisor_of_vector(
    m: Module,
    ticks: VectorTicks,
    config: VectorQuantizerConfig,
    found: Found,
    *,
    scale: Value,
    tick: int,
) -> Divisor:
    """The divisor by a rounded scale, from the tick on in which that is there."""
    assert found.outer is not None
    tensor = ticks.all_carried(found.outer.normal, found.tick, tick, "tensor")
    return divisor_of(m, config.to.scale, scale, tensor)


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


def factor_of(
    m: Module, config: VectorQuantizerConfig, inverse: Reciprocal, divisor: Divisor
) -> Factor:
    """The reciprocal of a divisor; times the largest element if that is of unrounded scales."""
    odd, power = largest_element(config.to) if config.unrounded else (1, 0)
    size = odd.bit_length()
    product = times_constant(m, inverse.significand, odd, "factor_product")
    carry = product[-1]
    significand = Signal(len(product), name="factor_significand")
    m.d.comb += significand.eq(Mux(carry, product, Cat(Const(0, 1), product[:-1])))
    constant = -power - (size - 1)
    low, high = (bound + constant for bound in bounds(divisor.exponent))
    exponent = Signal(signed(Range(low - 1, high + 2, 0).width), name="factor_exponent")
    m.d.comb += exponent.eq(divisor.exponent + constant + divisor.carry + inverse.half - carry)
    return Factor(significand, exponent, divisor.negative, divisor.zero, divisor.nan)
