"""Sums of terms in fixed point: each moved to its place, then added in pairs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.ranges import Range

from .carry import Inject, add
from .gate import Gate
from .logic import resize
from .pipeline import Pipeline
from .specials import Specials
from .target import PORTABLE, Target

__all__ = ["Sum", "Term", "exclusive", "move", "plus"]

#: Up to this many places, tables in front of an adder are cheaper than a carry between its bits.
FEW_PLACES = 2


@dataclass(frozen=True)
class Term:
    """A number that is to be moved left, perhaps dropped, perhaps negated.

    Attributes
    ----------
    number
        Signed or unsigned, in the range's unit once it is moved left by `shift` times `step`, less
        `excess`. Bits that `excess` takes away are zeros.
    range
        What it is within then, before a change of sign.
    shift
        Unsigned; None for no shift.
    gate
        The term is zero where this is not set; None for no such thing.
    minus
        Where the number is to change its sign; None for nowhere.
    inverted
        Where all bits of the number are inverted, and one is to be added: a change of sign that is
        half done; None for nowhere.
    cleared
        Whether the number is 0 where the sum is NaN or infinite.
    """

    number: Value
    shift: Value | None
    range: Range
    step: int = 1
    excess: int = 0
    gate: Value | None = None
    minus: Value | None = None
    inverted: Value | None = None
    cleared: bool = False

    def bits(self, unit: int, width: int, *, drop_low: bool = False) -> list[Gate]:
        """The term's two's complement in a unit, but for `minus`; the shift is one bit at most.

        With `drop_low`, bits below those of a term that is moved are 0 even where inverted.
        """
        number = Gate.bits(self.number)
        fill = Gate.bit(0 if self.inverted is None else self.inverted)
        beyond = number[-1] if self.number.shape().signed else fill
        offset = self.range.unit - unit - self.excess

        def at(place: int) -> Gate:
            if place < 0:
                return fill
            return number[place] if place < len(number) else beyond

        found = []
        for place in range(-offset, width - offset):
            bit = at(place)
            if self.shift is not None:
                moved = Gate.bit(0) if drop_low and place < self.step else at(place - self.step)
                bit = Gate.bit(self.shift).choose(bit, moved)
            found.append(bit if self.gate is None else bit & self.gate)
        return found


@dataclass(frozen=True)
class Sum:
    """Adds terms.

    Parameters
    ----------
    m, pipeline, target
        Where the logic and its registers go, and what they are for.
    """

    m: Module
    pipeline: Pipeline
    target: Target

    def of_products(
        self,
        groups: Sequence[list[Term]],
        addend: Term | None,
        specials: Specials,
        *,
        clear: bool,
    ) -> tuple[Term, Specials]:
        """The sum of all terms, as wide as its range needs, and what else is known of them.

        The terms of each group are added first, and the addend comes last, because it is often
        the widest. With `clear`, the sum is 0 where it is NaN or infinite.
        """
        terms = [[self.move(term) for term in group] for group in groups]
        rest = None if addend is None else self.move(addend)
        terms, rest, specials = self.place("shift", terms, rest, specials)
        level = 0
        while len(terms) > 1 or len(terms[0]) > 1:
            level += 1
            if max(map(len, terms)) > 1:
                terms = [self.pairs(group) for group in terms]
            else:
                terms = [[term] for term in self.pairs([group[0] for group in terms])]
            last = len(terms) == len(terms[0]) == 1 and addend is None
            if last and clear:
                terms = [[self.cleared(terms[0][0], specials)]]
            terms, rest, specials = self.place(f"sum_{level}", terms, rest, specials)
        ((total,),) = terms
        if rest is not None or not level:
            # A single term without an addend has its shift to do, too.
            total = self.plain(total) if rest is None else self.plus(total, rest)
            if clear:
                total = self.cleared(total, specials)
            total = self.pipeline.bundle("addend", total)
            specials = self.pipeline.bundle("addend", specials)
        return self.plain(total), specials

    def place(
        self, name: str, groups: list[list[Term]], rest: Term | None, specials: Specials
    ) -> tuple[list[list[Term]], Term | None, Specials]:
        """All that goes on, behind the registers of a place."""
        return (
            [[self.pipeline.bundle(name, term) for term in group] for group in groups],
            None if rest is None else self.pipeline.bundle(name, rest),
            self.pipeline.bundle(name, specials),
        )

    def pairs(self, terms: list[Term]) -> list[Term]:
        return [
            self.plus(*terms[at : at + 2]) if at + 1 < len(terms) else terms[at]
            for at in range(0, len(terms), 2)
        ]

    def cleared(self, term: Term, specials: Specials) -> Term:
        """The sum, or 0 where it is no number."""
        special = specials.nan | specials.infinity
        term = self.plain(term)
        number = Signal(signed(len(term.number)), name="cleared")
        self.m.d.comb += number.eq(Mux(special, 0, term.number))
        return replace(term, number=number, cleared=True)

    def move(self, term: Term) -> Term:
        """A term moved left by all of its shift but the last bit, the shortest steps first.

        The adder behind takes that bit in.
        """
        number = term.number
        m = self.m
        amount = term.shift
        if amount is not None and len(amount) > 1:
            shape = number.shape()
            width = term.range.width + term.excess - (not shape.signed)
            for level, bit in enumerate(amount[:-1]):
                step = term.step << level
                size = min(len(number) + step, width)
                moved = Signal(signed(size) if shape.signed else size, name=f"moved_{step}")
                low = Cat(Const(0, step), number)[:size]
                m.d.comb += moved.eq(Mux(bit, low, resize(number, size)))
                number = moved
            term = replace(term, number=number, shift=amount[-1], step=term.step << len(amount) - 1)
        if term.inverted is None:
            return term
        inverted = Signal(number.shape(), name="inverted")
        m.d.comb += inverted.eq(number ^ term.inverted.replicate(len(number)))
        return replace(term, number=inverted)

    def plain(self, term: Term) -> Term:
        """The term as a signed number of its range's width, and nothing else to do."""
        width = term.range.width
        if term.minus is not None or term.inverted is not None:
            return self.plain(
                self.plus(Term(Const(0, 1), None, Range(0, 0, term.range.unit)), term)
            )
        bits = term.bits(term.range.unit, width)
        return Term(
            Cat(bit.value for bit in bits).as_signed(), None, term.range, cleared=term.cleared
        )

    def plus(self, one: Term, two: Term) -> Term:
        """The sum of two terms, as wide as its range needs; its sign may have yet to change."""
        if two.inverted is None:
            # The second is the one that changes its sign, if only one does. If both do, it is the
            # one of the greater unit, so that bits below pass.
            later = (
                two.minus is None
                if one.minus is None or two.minus is None
                else (one.range.unit > two.range.unit)
            )
            one, two = (two, one) if later else (one, two)
        flip = None if two.inverted is not None else exclusive(one.minus, two.minus)
        carry = flip if two.inverted is None else two.inverted
        total = one.range + negated(two.range, carry)
        width = total.width - (total.low >= 0)
        unit = total.unit
        start = abs(one.range.unit - two.range.unit)
        if carry is not None and two.range.unit < one.range.unit:
            start = 0
        inject: dict[int, Inject] = {}
        if two.inverted is not None and two.shift is not None and self.target.carry_cells:
            # What is below the least place of a moved number need not be inverted then.
            place = two.range.unit - unit + two.step - two.excess - start
            if FEW_PLACES < place < width - start:
                inject[place] = Inject(two.inverted, two.shift)
                carry = two.inverted & ~two.shift
        x, y = one.bits(unit, width), two.bits(unit, width, drop_low=bool(inject))
        if flip is not None:
            y = [bit ^ flip for bit in y]
        low = x[:start] if one.range.unit < two.range.unit else y[:start]
        upper = add(
            self.m, self.target, x[start:], y[start:], "sum",
            carry=Const(0, 1) if carry is None else carry, inject=inject,
        )  # fmt: skip
        number = Cat(*(gate.value for gate in low), upper)
        return Term(number.as_signed() if total.low < 0 else number, None, total, minus=one.minus)


def exclusive(one: Value | None, two: Value | None) -> Value | None:
    """Exclusive or, where None is the same as a constant of 0."""
    if one is None or two is None:
        return two if one is None else one
    if isinstance(one, Const) and isinstance(two, Const):
        return None if one.value == two.value else Const(1, 1)
    return one ^ two


def negated(known: Range, minus: Value | None) -> Range:
    """A range, with its sign changed where that can be."""
    if minus is None:
        return known
    low = -known.high
    high = -known.low
    if isinstance(minus, Const):
        return Range(low, high, known.unit) if minus.value else known
    return Range(min(low, known.low), max(high, known.high), known.unit)


def move(m: Module, term: Term) -> Term:
    """A term moved all the way, as plain logic."""
    portable = Sum(m, Pipeline(m, ()), PORTABLE)
    return portable.plain(portable.move(term))


def plus(m: Module, one: Term, two: Term) -> Term:
    """The sum of two terms, as plain logic."""
    portable = Sum(m, Pipeline(m, ()), PORTABLE)
    return portable.plain(portable.plus(one, two))
