"""Scaled dot product: a tree, a multiplication by the scales, and one rounding or a sum."""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data

from ffp8.golden.ranges import Range
from ffp8.golden.raw import RawFormat
from ffp8.golden.scaled_dot import Accumulation, ScaledDotConfig
from ffp8.golden.scaled_places import BEHIND_SUM, factors, front_places
from ffp8.golden.scaled_ranges import (
    dot_range,
    exponent_bits,
    number_range,
    scaled_range,
    significands,
)

from .block import BlockComponent
from .carry import add
from .encoder import Status
from .exact_accumulator import ExactSum
from .gate import Gate
from .logic import hold, resize
from .pipeline import Pipeline
from .rounded_accumulator import RoundedSum
from .scales import ScalesBesideTree, Scaling, times
from .specials import Specials
from .target import Target
from .tree_lanes import decode
from .tree_products import Products
from .tree_root import Magnitude, Root, RunTimeExponent
from .tree_sum import Sum, Term

__all__ = ["ScaledDot"]


class ScaledDot(BlockComponent[ScaledDotConfig]):
    """The dot product of two blocks times their scales, perhaps accumulated.

    The latency is `config.latency` clock cycles, and the throughput is a pair of blocks a cycle.
    With sums, outputs mean nothing until the first blocks with a high `first` have come through:
    no register has a reset.

    Parameters
    ----------
    config : :class:`ScaledDotConfig`

    Members
    -------
    a, b : ``In(ArrayLayout(FormatLayout, ways))``
        Elements; a single ``FormatLayout`` where a block has one.
    a_scale, b_scale : ``In(FormatLayout)``
        Scales.
    first : ``In(1)``
        The blocks begin a new sum, with ``accumulate``.
    out : ``Out(FormatLayout)`` or ``Out(RawLayout)``
        Result.
    random : ``In(random_bits)``
        Random bits of a stochastic rounding, applied with the operands.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    kind = ScaledDotConfig
    title = "Scaled dot"

    b: data.View
    a_scale: data.View
    b_scale: data.View
    first: Signal

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config, target = self.config, Target.of(platform)
        front = front_places(config)
        pipeline = Pipeline(m, tuple(cut for cut in config.cuts if cut in front), self.stall)
        ports = {port.name: Value.cast(getattr(self, port.name)) for port in config.operands}
        adder = Sum(m, pipeline, target)
        lanes = decode(m, config.tree, ports)
        groups, _, specials = Products(m, pipeline, target, config.tree).terms(lanes)
        total, specials = adder.of_products(groups, None, specials, clear=False)
        beside = ScalesBesideTree(m, pipeline, adder, config).of(ports)
        known = dot_range(config)
        dot = hold(m, Term(total.number[: known.width].as_signed(), None, known), "sum")
        dot, beside = self.with_sign(m, target, dot, specials, beside)
        if config.negates:
            dot, beside = pipeline.bundle("dot", dot), pipeline.bundle("dot", beside)
        for index, most in enumerate(factors(config)):
            dot, beside = times(pipeline, adder, dot, beside, most=most, prefix=f"factor_{index}")
        dot = replace(dot, range=replace(dot.range, unit=number_range(config).unit))
        self.drive(m, self.outputs(m, pipeline, target, dot, beside))
        return m

    def with_sign(
        self, m: Module, target: Target, dot: Term, specials: Specials, beside: Scaling
    ) -> tuple[Term, Scaling]:
        """The dot product as it goes on, and what is known of its product with the scales.

        It is a magnitude, or a signed number with the sign that the scales make it have.
        """
        number, known = dot.number, dot.range
        minus = number[-1] | specials.negative
        zero = (~number.any() & ~specials.nan & ~specials.infinity) | beside.zero
        infinity = specials.infinity | beside.infinity
        nan = specials.nan | beside.nan | (infinity & zero)
        operand_nan = (specials.nan & ~specials.made_nan) | beside.nan
        merged = replace(
            beside,
            sign=Mux(specials.infinity, specials.negative_infinity, minus) ^ beside.sign,
            nan=nan,
            infinity=infinity,
            made_nan=nan & ~operand_nan,
        )
        merged = hold(m, merged, "scaled")
        if not self.config.negates:
            number = number if known.low < 0 else number[:-1]
            return Term(number, None, known), merged
        most = max(-known.low, known.high)
        if self.config.complement:
            turned = Range(-most, most, known.unit)
            absolute = negated(m, target, resize(number, turned.width), beside.sign)
            return Term(absolute.as_signed(), None, turned), merged
        absolute = negated(m, target, number, number[-1])[: most.bit_length()]
        return Term(absolute, None, Range(0, most, known.unit)), merged

    def outputs(
        self, m: Module, pipeline: Pipeline, target: Target, dot: Term, beside: Scaling
    ) -> dict[str, Value]:
        """The ports, of the number that the exponent has yet to move."""
        config = self.config
        if config.fixed and exponent_bits(config):
            mover = Sum(m, pipeline, target)
            moved = Term(dot.number, beside.exponent, scaled_range(config))
            dot = pipeline.bundle("fixed", hold(m, mover.plain(mover.move(moved)), "fixed"))
            beside = pipeline.bundle("fixed", beside)
        if config.accumulate is not Accumulation.NONE:
            # Names of places are those of the part that they are in.
            own = (cut for cut in config.cuts if cut not in front_places(config))
            after = Pipeline(m, tuple(cut.removeprefix(BEHIND_SUM) for cut in own), self.stall)
            kind = ExactSum if config.fixed else RoundedSum
            random = beside.random if config.random_bits else None
            code = Signal(config.term.width, name="term")
            m.d.comb += code.eq(raw_code(config.term, dot.number, beside))
            return kind(m, after, config.summing).outputs(code, beside.first, random)
        if config.out is None:
            return {"out": raw_code(config.term, dot.number, beside, cleared=True)}
        random = None
        if config.random_bits:
            random = beside.random
            for place in ("coarse", "normal"):
                random = pipeline.bits(place, random, "random")
        root = Root(m, pipeline, config, random, target=target)
        exponent = None
        if exponent_bits(config):
            most = sum(significands(block.scale).distance for block in (config.a, config.b))
            exponent = RunTimeExponent(beside.exponent, 0, most)
        if config.complement:
            specials = Specials(
                nan=beside.nan,
                made_nan=beside.made_nan,
                infinity=beside.infinity & ~beside.nan,
                negative_infinity=beside.sign,
                negative=Const(0, 1),
            )
            return root.outputs(dot, specials, exponent)
        status = Status(
            sign=beside.sign,
            nan=beside.nan,
            infinity=beside.infinity & ~beside.nan,
            zero=~dot.number.any() & ~beside.infinity,
            made_nan=beside.made_nan,
        )
        return root.of_magnitude(Magnitude(dot.number, dot.range, exponent, hold(m, status, "is")))


def negated(m: Module, target: Target, number: Value, minus: Value) -> Value:
    """A number in two's complement with its sign changed on demand."""
    if target.carry_cells:
        # Their tables take the inversion in.
        inverted = [bit ^ minus for bit in Gate.bits(number)]
        nothing = [Gate.bit(0)] * len(number)
        return add(m, target, inverted, nothing, "dot", carry=minus)
    found = Signal(len(number), name="dot")
    m.d.comb += found.eq(Mux(minus, -number, number))
    return found


def raw_code(raw: RawFormat, number: Value, beside: Scaling, *, cleared: bool = False) -> Value:
    """The code of a scaled dot product.

    Parameters
    ----------
    cleared
        Whether the number and the exponent are zero besides NaN and infinity.
    """
    bits = resize(number, raw.significand)
    exponent = beside.exponent
    infinity = beside.infinity & ~beside.nan
    if cleared and raw.nan:
        ordinary = ~beside.nan & ~beside.infinity
        bits = bits & ordinary.replicate(len(bits))
        exponent = exponent & ordinary.replicate(len(exponent))
    if raw.infinity and raw.complement:
        bits = Cat(bits[:-1], Mux(infinity, beside.sign, bits[-1]))
    parts = {
        "significand": bits,
        "exponent": exponent,
        "sign": beside.sign,
        "infinity": infinity,
        "nan": beside.nan,
    }
    return Cat(parts[name] for name in raw.fields)
