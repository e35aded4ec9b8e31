"""The scales of two blocks: taken apart, and their product made while a tree adds up."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from ffp8.golden import tree_places
from ffp8.golden.ranges import Range
from ffp8.golden.scaled_dot import ScaledDotConfig
from ffp8.golden.scaled_ranges import exponent_bits, factor_range, significands

from .logic import hold, jam
from .pipeline import Pipeline
from .rounding import Decision
from .tree_operand import operand
from .tree_products import sum_of
from .tree_sum import Sum, Term

__all__ = ["ScalesBesideTree", "Scaling", "times"]


@dataclass(frozen=True)
class Scaling:
    """What is known besides a dot product: of the product of the scales, or of both.

    Attributes
    ----------
    one, two
        What a dot product is to be multiplied by, unsigned; None for nothing.
    exponent
        The power of two besides, from the least one on.
    sign, nan, infinity, made_nan
        Of the product. Infinity means nothing where it is NaN, and neither does the sign.
    zero
        Whether a scale is zero.
    first, random
        What comes with the blocks.
    """

    one: Value | None
    two: Value | None
    exponent: Value
    sign: Value
    nan: Value
    infinity: Value
    made_nan: Value
    zero: Value
    first: Value
    random: Value


@dataclass(frozen=True)
class ScalesBesideTree:
    """Makes what a dot product is multiplied by, behind as many registers as the tree has.

    Parameters
    ----------
    m, pipeline, adder
        Where the logic and its registers go, and what adds.
    """

    m: Module
    pipeline: Pipeline
    adder: Sum
    config: ScaledDotConfig

    def of(self, ports: Mapping[str, Value]) -> Scaling:
        """What is known behind the tree."""
        config, pipeline = self.config, self.pipeline
        beside = self.taken_apart(ports)
        rows: list[Term] = []
        if config.factor_bits is not None:
            assert beside.one is not None
            assert beside.two is not None
            known = Range(0, significands(config.a.scale).most, 0)
            rows = self.adder.pairs(rows_of(Term(beside.one, None, known), beside.two))
            beside = replace(beside, one=None, two=None)
        for place in tree_places.places(config.tree):
            beside = pipeline.bundle(place, beside)
            rows = [pipeline.bundle(place, row) for row in rows]
            if len(rows) > 1:
                rows = self.adder.pairs(rows)
            elif rows:
                beside, rows = replace(beside, one=self.rounded(rows[0].number)), []
        while len(rows) > 1:
            rows = self.adder.pairs(rows)
        return replace(beside, one=self.rounded(rows[0].number)) if rows else beside

    def taken_apart(self, ports: Mapping[str, Value]) -> Scaling:
        """What is known of the codes."""
        m, config = self.m, self.config
        formats = (config.a.scale, config.b.scale)
        given = [
            operand(m, fmt, ports[f"{name}_scale"], f"{name}_scale")
            for name, fmt in zip("ab", formats, strict=True)
        ]
        parts = [scale.parts for scale in given]
        numbers: list[Value | None] = []
        for fmt, known in zip(formats, parts, strict=True):
            most = significands(fmt).most
            numbers.append(known.significand[: most.bit_length()] if most > 1 else None)
        exponent = sum_of(m, tuple(scale.distance for scale in given), "scales_exponent")
        found = Scaling(
            *numbers,
            exponent=Const(0, 0) if exponent is None else exponent[: exponent_bits(config)],
            sign=parts[0].sign ^ parts[1].sign,
            nan=parts[0].nan | parts[1].nan,
            infinity=parts[0].infinity | parts[1].infinity,
            made_nan=Const(0, 1),
            zero=parts[0].zero | parts[1].zero,
            first=ports.get("first", Const(0, 0)),
            random=ports.get("random", Const(0, 0)),
        )
        return hold(m, found, "scales")

    def rounded(self, product: Value) -> Value:
        """The upper bits of the product of two scales."""
        m, config = self.m, self.config
        assert config.factor_bits is not None
        dropped = config.a.scale.width + config.b.scale.width - config.factor_bits
        size = factor_range(config).high.bit_length()
        if not dropped:
            return product[:size]
        kept, rest = product[dropped:], jam(product[:dropped], 2)
        up = Decision(config.factor_rounding).goes_up(m, kept[0], rest)
        total = Signal(len(kept) + 1, name="factor_rounded")
        m.d.comb += total.eq(kept + up)
        factor = Signal(size, name="factor")
        beyond = total[config.factor_bits :].any()
        m.d.comb += factor.eq(Mux(beyond, 2**size - 1, total))
        return factor


def rows_of(term: Term, factor: Value) -> list[Term]:
    """The rows of a number times an unsigned one: the number, moved, for each bit that is set."""
    known = term.range
    return [
        Term(
            term.number,
            None,
            Range(min(known.low, 0), known.high, known.unit + place),
            gate=factor[place],
        )
        for place in range(len(factor))
    ]


def times(
    pipeline: Pipeline, adder: Sum, term: Term, beside: Scaling, *, most: int, prefix: str
) -> tuple[Term, Scaling]:
    """A number times the next factor, which is `most` at most, and what comes with it.

    Registers are behind each level of adders, at places with a prefix.
    """
    m = pipeline.m
    factor = beside.two if beside.one is None else beside.one
    assert factor is not None
    beside = replace(beside, one=None, two=None if beside.one is None else beside.two)
    rows = rows_of(term, factor)
    level = 0
    while len(rows) > 1:
        level += 1
        rows = adder.pairs(rows)
        rows = [pipeline.bundle(f"{prefix}_{level}", row) for row in rows]
        beside = pipeline.bundle(f"{prefix}_{level}", beside)
    known = Range(term.range.low * most, term.range.high * most, term.range.unit)
    width = known.width - (known.low >= 0)
    product = Signal(signed(width) if known.low < 0 else width, name=f"{prefix}_product")
    m.d.comb += product.eq(rows[0].number if level else adder.plain(rows[0]).number)
    return Term(product, None, known), beside
