"""Windowed sums: magnitudes moved right to the largest exponent, cut, and added with signs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import xor
from typing import TypeVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.windowed_ranges import TermRange, WindowedRanges
from ffp8.golden.windowed_sum import Cut, Reference

from .logic import any_of, hold, multiply, resize
from .pipeline import Pipeline
from .specials import Specials
from .tree_lanes import Lanes, Operand
from .tree_products import sum_of
from .tree_sum import Term
from .unpacked import leading_one_first
from .windowed_cut import MagnitudeAt, Part, add_parts, complete, cut_floor, cut_magnitude

__all__ = ["WindowedSum", "WindowedTotal"]

ZERO = Const(0, 1)

Bundle = TypeVar("Bundle")


@dataclass(frozen=True)
class WindowedTotal:
    """A sum, and what is known besides.

    Attributes
    ----------
    term
        The number, in the unit that it has where E is least.
    exponent
        E, counted from the least one.
    flip
        Whether the number has the wrong sign.
    """

    term: Term
    exponent: Value
    flip: Value
    specials: Specials


@dataclass(frozen=True)
class Lane:
    """A term before it is cut.

    Attributes
    ----------
    exponent
        Its reference exponent, counted from the least one of its kind; 0 where it is zero.
    known
        Whether it is not zero.
    """

    magnitude: Value
    sign: Value
    exponent: Value
    known: Value


@dataclass(frozen=True)
class Largest:
    """The largest exponent of some terms, and whether any of them is not zero."""

    exponent: Value
    known: Value


@dataclass(frozen=True)
class Side:
    """What goes along with the terms."""

    specials: Specials
    exponent: Value
    flip: Value


@dataclass(frozen=True)
class WindowedSum:
    """Makes the sum of a tree's terms.

    Parameters
    ----------
    m, pipeline
        Where the logic and its registers go.
    ranges
        What its numbers are within.
    keep_sign
        Whether the number must have its own sign. A number of either sign is cheaper: with the
        sign of the first lane reversed in all, as many lanes are negated as there are adders.
    """

    m: Module
    pipeline: Pipeline
    ranges: WindowedRanges
    keep_sign: bool

    def of(self, lanes: Lanes) -> WindowedTotal:
        """The sum, in the places from `product` to `addend`."""
        ranges = self.ranges
        terms = [
            self.lane((a, b), ranges.products, f"product_{lane}")
            for lane, (a, b) in enumerate(zip(lanes.a, lanes.b, strict=True))
        ]
        if lanes.skip is not None:
            terms = [without(lane, skip) for lane, skip in zip(terms, lanes.skip, strict=True)]
        if lanes.c is not None and ranges.addend is not None:
            terms.append(self.lane((lanes.c,), ranges.addend, "addend"))
        # A sum of zero is positive, whatever the signs of its terms.
        side = Side(replace(lanes.specials, negative=ZERO), ZERO, ZERO)
        terms, side = self.passed("product", terms), self.along("product", side)
        largest, terms, side = self.search(terms, side)
        side = replace(side, exponent=self.exponent(largest, terms))
        terms, side = self.passed("largest", terms), self.along("largest", side)
        far = self.passed("distance", self.distances(side.exponent, terms))
        side = self.along("distance", side)
        side = replace(side, flip=far[0].sign if self.flips else ZERO)
        parts = [self.part(at, term, side.flip) for at, term in enumerate(far)]
        parts, side = self.passed("shift", parts), self.along("shift", side)
        return self.summed(parts, side)

    @property
    def flips(self) -> bool:
        window, products = self.ranges.window, self.ranges.products
        return products.negative and not self.keep_sign and window.cut is not Cut.FLOOR

    def passed(self, place: str, bundles: Sequence[Bundle]) -> list[Bundle]:
        """Bundles after the registers of a place."""
        return [self.pipeline.bundle(place, bundle) for bundle in bundles]

    def along(self, place: str, side: "Side") -> "Side":
        specials = self.pipeline.bundle(place, side.specials)
        return replace(self.pipeline.bundle(place, side), specials=specials)

    def lane(self, operands: tuple[Operand, ...], known: TermRange, name: str) -> Lane:
        """The term that is the product of operands, or a single one."""
        m = self.m
        magnitude = operands[0].parts.significand
        if len(operands) == 2:
            magnitude = multiply(m, magnitude, operands[1].parts.significand, name)
        exponent = sum_of(m, tuple(operand.distance for operand in operands), f"{name}_shift")
        exponent = ZERO if exponent is None else exponent
        if self.ranges.window.reference is Reference.MAGNITUDES:
            magnitude, zeros = leading_one_first(m, magnitude, name)
            exponent = exponent - zeros + (len(magnitude) + known.unit - known.least)
        nonzero = ~any_of(operand.parts.zero for operand in operands)
        width = max((known.most - known.least).bit_length(), 1)
        lane = Lane(
            magnitude=magnitude,
            sign=reduce(xor, (x.parts.sign for x in operands)) if known.negative else ZERO,
            exponent=resize(Cat(exponent), width)[:width] & nonzero.replicate(width),
            known=nonzero,
        )
        return hold(m, lane, name)

    def search(self, terms: list[Lane], side: "Side") -> tuple[Largest, list[Lane], "Side"]:
        """The largest exponent of the products, a level of comparisons in each place."""
        lanes = terms[: self.ranges.ways]
        found = [Largest(lane.exponent, lane.known) for lane in lanes]
        level = 0
        while len(found) > 1:
            level += 1
            pairs = [found[at : at + 2] for at in range(0, len(found), 2)]
            found = [reduce(self.larger, pair) for pair in pairs]
            place = f"largest_{level}"
            found, terms = self.passed(place, found), self.passed(place, terms)
            side = self.along(place, side)
        return found[0], terms, side

    def larger(self, one: Largest, two: Largest) -> Largest:
        exponent = Signal(max(len(one.exponent), len(two.exponent)), name="larger")
        self.m.d.comb += exponent.eq(Mux(one.exponent > two.exponent, one.exponent, two.exponent))
        return Largest(exponent, one.known | two.known)

    def exponent(self, products: Largest, terms: list[Lane]) -> Value:
        """E, counted from the least one."""
        m, ranges = self.m, self.ranges
        base = min(term.least for term in ranges.terms)
        found = self.counted(products, ranges.products, base)
        if ranges.addend is not None:
            addend = Largest(terms[-1].exponent, terms[-1].known)
            other = self.counted(addend, ranges.addend, base)
            if ranges.align_addend:
                found = self.larger(found, other)
            else:
                found = Largest(Mux(products.known, found.exponent, other.exponent), products.known)
        lift = ranges.least_exponent - base
        exponent = Signal(max(ranges.exponents.bit_length(), 1), name="reference")
        raised = Mux(found.exponent > lift, found.exponent - lift, 0) if lift else found.exponent
        m.d.comb += exponent.eq(raised)
        return exponent

    def counted(self, largest: Largest, known: TermRange, base: int) -> Largest:
        """An exponent counted from a lower one; still 0 where there is none."""
        offset = known.least - base
        if not offset:
            return largest
        exponent = Signal((known.most - base).bit_length(), name="counted")
        self.m.d.comb += exponent.eq(Mux(largest.known, largest.exponent + offset, 0))
        return Largest(exponent, largest.known)

    def distances(self, exponent: Value, terms: list[Lane]) -> list[MagnitudeAt]:
        """The terms with how far each is to move right."""
        m, ranges = self.m, self.ranges
        found = []
        for at, lane in enumerate(terms):
            known, above = self.kind(at)
            offset = ranges.least_exponent - known.least + above
            most = ranges.most_exponent - known.least + above
            shift = Signal(max(most.bit_length(), 1), name=f"distance_{at}")
            m.d.comb += shift.eq(exponent + offset - lane.exponent)
            found.append(MagnitudeAt(lane.magnitude, lane.sign, shift))
        return found

    def kind(self, at: int) -> tuple[TermRange, int]:
        """The range of a term, and how far it may be above E."""
        ranges = self.ranges
        if at < ranges.ways:
            return ranges.products, 0
        assert ranges.addend is not None
        return ranges.addend, ranges.above

    def part(self, at: int, term: MagnitudeAt, flip: Value) -> Part:
        """A term on the grid, with its sign but for `flip`."""
        window = self.ranges.window
        known, above = self.kind(at)
        cut = known.cut(window, self.ranges.least_exponent, above)
        fraction = known.fraction
        if window.reference is Reference.MAGNITUDES:
            fraction = len(term.magnitude)
        place = window.bits + window.extra + above - fraction
        if window.cut is Cut.FLOOR:
            return cut_floor(self.m, term, place, cut)
        if self.flips:
            term = replace(term, sign=ZERO if at == 0 else term.sign ^ flip)
            cut = replace(cut, low=0 if at == 0 else -cut.high)
        return cut_magnitude(self.m, term, place, cut, window.cut)

    def summed(self, parts: list[Part], side: "Side") -> WindowedTotal:
        """The sum of all parts, the addend last, because it is often the widest."""
        m, ways = self.m, self.ranges.ways
        tree, rest = parts[:ways], parts[ways:]
        level = 0
        while len(tree) > 1:
            level += 1
            pairs = [tree[at : at + 2] for at in range(0, len(tree), 2)]
            tree = [reduce(lambda one, two: add_parts(m, one, two), pair) for pair in pairs]
            place = f"sum_{level}"
            tree, rest = self.passed(place, tree), self.passed(place, rest)
            side = self.along(place, side)
        (total,) = tree
        for part in rest:
            total = self.pipeline.bundle("addend", add_parts(m, total, part))
            side = self.along("addend", side)
        total = complete(m, total)
        return WindowedTotal(
            Term(total.number, None, total.range), side.exponent, side.flip, side.specials
        )


def without(lane: Lane, skip: Value) -> Lane:
    """A lane that is zero where it is skipped."""
    magnitude = lane.magnitude & ~skip.replicate(len(lane.magnitude))
    exponent = lane.exponent & ~skip.replicate(len(lane.exponent))
    return Lane(magnitude, lane.sign, exponent, lane.known & ~skip)
