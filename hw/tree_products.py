"""The terms of an exact sum: signed products, and how far each is to move left."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ffp8.golden.fma_tree import FmaTreeConfig, product_range
from ffp8.golden.ranges import value_range

from .logic import multiply_signed, rows
from .tree_lanes import Lanes, Operand
from .tree_sum import Term

__all__ = ["exact_terms", "negate", "signed_number"]


def exact_terms(m: Module, config: FmaTreeConfig, lanes: Lanes) -> tuple[list[Term], Term | None]:
    """The products, and the addend if there is one."""
    products = []
    for lane, (a, b) in enumerate(zip(lanes.a, lanes.b, strict=True)):
        number = product(m, config, a, b, f"product_{lane}")
        if lanes.skip is not None:
            keep = ~lanes.skip[lane].replicate(len(number))
            number = (number.as_unsigned() & keep).as_signed()
        shift = sum_of(m, (a.distance, b.distance), f"shift_{lane}")
        products.append(Term(number, shift, product_range(config)))
    addend = None
    if config.c is not None and lanes.c is not None:
        number = signed_number(m, lanes.c, "c")
        addend = Term(number, lanes.c.distance, value_range(config.c))
    return products, addend


def product(m: Module, config: FmaTreeConfig, a: Operand, b: Operand, name: str) -> Value:
    """The signed product of two significands."""
    if a.signed is not None or b.signed is not None:
        left = signed_number(m, a, f"{name}_a")
        right = signed_number(m, b, f"{name}_b")
        return multiply_signed(m, left, right, name)
    one, two = sorted((operand.parts.significand for operand in (a, b)), key=len)
    sign = a.parts.sign ^ b.parts.sign if config.a.sign or config.b.sign else Const(0, 1)
    return rows(m, negate(m, one, sign, f"{name}_factor"), two, name).as_signed()


def signed_number(m: Module, operand: Operand, name: str) -> Value:
    """An operand's significand with its sign."""
    if operand.signed is not None:
        return operand.signed
    return negate(m, operand.parts.significand, operand.parts.sign, name)


def negate(m: Module, number: Value, minus: Value, name: str) -> Value:
    """An unsigned number as a signed one, with its sign changed on demand."""
    if isinstance(minus, Const):
        return Cat(number, Const(0, 1)).as_signed()
    bits = []
    # Behind the last one, all bits are inverted.
    below: Value = Const(0, 1)
    for place in range(len(number)):
        bits.append(number[place] ^ (minus & below))
        below = number[: place + 1].any()
    negated = Signal(signed(len(number) + 1), name=name)
    m.d.comb += negated.eq(Cat(*bits, minus & below))
    return negated


def sum_of(m: Module, amounts: tuple[Value | None, ...], name: str) -> Value | None:
    """The sum of the amounts that there are."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < 2:
        return known[0] if known else None
    total = Signal(max(len(amount) for amount in known) + 1, name=name)
    m.d.comb += total.eq(known[0] + known[1])
    return total
