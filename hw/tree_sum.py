"""Sums of terms in fixed point: each moved to its place, then added in pairs."""

from dataclasses import dataclass
from functools import reduce

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.ranges import Range

from .logic import resize
from .pipeline import Pipeline
from .specials import Specials

__all__ = ["Term", "exact_sum", "move", "plus"]


@dataclass(frozen=True)
class Term:
    """A signed number, and what it is known to be within; or one to be moved left first.

    Attributes
    ----------
    number
        Signed, in the range's unit once it is moved left by `shift`.
    shift
        Unsigned; None for no shift.
    """

    number: Value
    shift: Value | None
    range: Range


def exact_sum(
    m: Module, pipeline: Pipeline, products: list[Term], addend: Term | None, specials: Specials
) -> tuple[Term, Specials]:
    """The sum of all terms, as wide as its range needs, and what else is known of them.

    The addend comes last, because it is often the widest.
    """

    def pass_place(place: str, terms: list[Term]) -> list[Term]:
        return [pipeline.bundle(place, term) for term in terms]

    terms = products if addend is None else [*products, addend]
    terms = pass_place("product", terms)
    specials = pipeline.bundle("product", specials)
    terms = pass_place("shift", [move(m, term) for term in terms])
    specials = pipeline.bundle("shift", specials)
    tree, rest = terms[: len(products)], terms[len(products) :]
    level = 0
    while len(tree) > 1:
        level += 1
        pairs = [tree[at : at + 2] for at in range(0, len(tree), 2)]
        tree = [reduce(lambda one, two: plus(m, one, two), pair) for pair in pairs]
        tree = pass_place(f"sum_{level}", tree)
        rest = pass_place(f"sum_{level}", rest)
        specials = pipeline.bundle(f"sum_{level}", specials)
    (total,) = tree
    for term in rest:
        total = pipeline.bundle("addend", plus(m, total, term))
        specials = pipeline.bundle("addend", specials)
    return total, specials


def move(m: Module, term: Term) -> Term:
    """A term moved left, the shortest steps first, as long as it may get and no longer."""
    number = term.number
    width = term.range.width
    if term.shift is not None:
        for level, bit in enumerate(term.shift):
            step = 1 << level
            size = min(len(number) + step, width)
            moved = Signal(signed(size), name=f"moved_{step}")
            m.d.comb += moved.eq(Mux(bit, Cat(Const(0, step), number)[:size], resize(number, size)))
            number = moved
    return Term(resize(number, width).as_signed(), None, term.range)


def plus(m: Module, one: Term, two: Term) -> Term:
    """The sum of two terms, as wide as its range needs."""
    total = one.range + two.range
    if one.range.unit > two.range.unit:
        one, two = two, one
    # What is below the greater unit passes unchanged.
    below = two.range.unit - one.range.unit
    upper = one.number[below:].as_signed()
    result = Signal(signed(total.width - below), name="sum")
    m.d.comb += result.eq(upper + two.number)
    return Term(Cat(one.number[:below], result).as_signed(), None, total)
