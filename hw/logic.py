"""Small pieces of logic, written so that synthesis needs no carry chain for them."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import reduce
from operator import or_
from typing import TypeVar

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed

from ffp8.golden.rounding import Rounding

from .table import lookup

__all__ = [
    "above",
    "add",
    "any_of",
    "goes_up",
    "hold",
    "jam",
    "multiply",
    "plus_constant",
    "resize",
    "shift_right_jam",
    "times_constant",
]

Bundle = TypeVar("Bundle")

#: Up to this many bits, a table of one result bit is cheaper than its share of an adder.
TABLE_BITS = 5

#: Most bits of the shorter factor for a product to be made of rows.
MAX_ROWS = 8


def hold(m: Module, values: Bundle, name: str) -> Bundle:
    """A dataclass with its values as signals, so that what they are made of is there once."""
    assert is_dataclass(values)
    assert not isinstance(values, type)
    held = {}
    for field in fields(values):
        value = getattr(values, field.name)
        if not isinstance(value, Value) or isinstance(value, Const) or not len(value):
            continue
        held[field.name] = Signal(value.shape(), name=f"{name}_{field.name}")
        m.d.comb += held[field.name].eq(value)
    return replace(values, **held)


def any_of(bits: Iterable[Value]) -> Value:
    """Whether any bit is set; constants that are not cost nothing."""
    return reduce(or_, (bit for bit in bits if not isinstance(bit, Const)), Const(0, 1))


def above(number: Value, limit: int) -> Value:
    """Whether a number is greater than a constant: a chain of ANDs and ORs."""
    width = len(number)
    signed = number.shape().signed
    low = -(2 ** (width - 1)) if signed else 0
    if limit < low:
        return Const(1, 1)
    if limit >= low + 2**width - 1:
        return Const(0, 1)
    bits = list(number.as_unsigned())
    if signed:
        # Offset by the lowest number, all are in the order of their bits.
        bits[-1] = ~bits[-1]
    greater: Value = Const(0, 1)
    for place, bit in enumerate(bits):
        greater = bit & greater if (limit - low) >> place & 1 else bit | greater
    return greater


def plus_constant(m: Module, number: Value, constant: int, width: int, name: str) -> Value:
    """The sum of a number and a constant, modulo 2^width and as signed.

    Bits below the constant's last one pass unchanged, and few bits above them are a table.
    """
    number = resize(number, width)
    constant %= 2**width
    if not constant:
        return number.as_signed()
    place = (constant & -constant).bit_length() - 1
    upper = number[place:]
    if len(upper) <= TABLE_BITS:
        size = 2 ** len(upper)
        total = lookup(
            m, upper, len(upper), lambda x: (x + (constant >> place)) % size, f"{name}_upper"
        )
    else:
        total = (upper + (constant >> place))[: len(upper)]
    return Cat(number[:place], total).as_signed()


def resize(number: Value, width: int) -> Value:
    """A number's two's complement of a width, which must be enough."""
    missing = width - len(number)
    if missing <= 0:
        return number[:width]
    extension = number[-1] if number.shape().signed and len(number) else Const(0, 1)
    return Cat(number, extension.replicate(missing))


def shift_right_jam(
    m: Module, number: Value, amount: Value, name: str, fill: Value | None = None
) -> Value:
    """A number moved right; its last bit is also set if a one was moved out.

    Copies of the bit `fill`, or zeros, come in; with `fill` the amount must be less than the
    width. The width stays. An amount beyond it leaves the last bit alone, so that the upper bits of
    the amount need no shifter of their own.
    """
    width = len(number)
    steps = max((width - 1).bit_length(), 1)
    for level in range(min(steps, len(amount))):
        step = 1 << level
        moved = Signal(width, name=f"{name}_{step}")
        jammed = Cat(number[: step + 1].any(), number[step + 1 :])[:width]
        if fill is not None:
            jammed = Cat(jammed, fill.replicate(width - len(jammed)))
        m.d.comb += moved.eq(Mux(amount[level], jammed, number))
        number = moved
    if len(amount) > steps:
        far = amount[steps:].any()
        number = Cat(Mux(far, number.any(), number[0]), Mux(far, 0, number[1:]))
    return number


def goes_up(
    rounding: Rounding, last: Value, guard: Value, sticky: Value, lost: Value | None = None
) -> Value:
    """Whether rounding takes the next neighbour, without random bits.

    Parameters
    ----------
    last, guard, sticky
        The last bit kept, the one behind it, and whether any other behind is set.
    lost
        Whether anything is behind the last bit, where guard and sticky do not say so.
    """
    match rounding:
        case Rounding.TOWARD_ZERO:
            return Const(0, 1)
        case Rounding.HALF_AWAY:
            return guard
        case Rounding.NEAREST_EVEN:
            return guard & (sticky | last)
        case Rounding.TO_ODD:
            return (guard | sticky if lost is None else lost) & ~last
    raise ValueError(f"Rounding must be one without random bits here, not {rounding}")


def times_constant(m: Module, number: Value, constant: int, name: str) -> Signal:
    """A number times a positive constant, of the width of both.

    As few shifted copies as can be are added or subtracted: 7 times is 8 times less once.
    """
    is_signed = number.shape().signed
    total = Signal(Shape(len(number) + constant.bit_length(), is_signed), name=name)
    terms: Value = Const(0, 1)
    place = 0
    while constant:
        if constant & 1:
            shifted: Value = Cat(Const(0, place), number)
            shifted = shifted.as_signed() if is_signed else shifted
            if constant & 3 == 3:
                terms, constant = terms - shifted, constant + 1
            else:
                terms = shifted if place == 0 else shifted + terms
        constant >>= 1
        place += 1
    m.d.comb += total.eq(terms)
    return total


def normalise_product(product: Value, width: int) -> Value:
    """A product of two numbers from 1 to 2, as `jam`, with its leading one as the first bit.

    The product's first bit says whether it is 2 or more.
    """
    cut = jam(product, width + 1)
    return Mux(product[-1], jam(cut, width), cut[:-1])


def jam(number: Value, width: int) -> Value:
    """A number of another width, its first bit in place; the last bit shows what was lost."""
    excess = len(number) - width
    if excess <= 0:
        return Cat(Const(0, -excess), number)
    return Cat(number[: excess + 1].any(), number[excess + 1 :])


def add(m: Module, a: Value, b: Value, carry: Value, name: str) -> Value:
    """a + b + carry, signed, as one adder: the carry goes in through a bit below the others."""
    width = max(len(a) + (not a.shape().signed), len(b) + (not b.shape().signed)) + 1
    total = Signal(signed(width + 1), name=f"{name}_with_carry")
    m.d.comb += total.eq(Cat(Const(1, 1), resize(a, width)) + Cat(carry, resize(b, width)))
    return total[1:].as_signed()


def multiply(m: Module, a: Value, b: Value, name: str, *, blocks: bool = True) -> Value:
    """The product of two unsigned numbers.

    Up to 8 bits it is a tree of adders of rows, because synthesis makes much more logic of
    a multiplication that it has no block for. Wider ones are left to it and its blocks, if it is
    to use any.
    """
    if len(a) < len(b):
        a, b = b, a
    if blocks and len(b) > MAX_ROWS:
        product = Signal(len(a) + len(b), name=name)
        m.d.comb += product.eq(a * b)
        return product
    return rows(m, a, b, name)


def multiply_signed(m: Module, a: Value, b: Value, name: str) -> Value:
    """The product of two signed numbers; the row of the sign of one is subtracted."""
    if len(a) < len(b):
        a, b = b, a
    last = len(b) - 1
    if last > MAX_ROWS:
        product = Signal(signed(len(a) + len(b)), name=name)
        m.d.comb += product.eq(a * b)
        return product
    low = rows(m, a, b[:last], name)
    top = Signal(signed(len(a) + 1), name=f"{name}_top")
    m.d.comb += top.eq(low[last:].as_signed() - row(a, b[last]))
    return Cat(low[:last], top).as_signed()


def rows(m: Module, a: Value, b: Value, name: str) -> Value:
    """The rows of a product, one for each bit of the unsigned `b`, added in pairs."""
    width = len(a) + len(b)
    if len(b) <= 1:
        return resize(row(a, b), width)
    half = (len(b) + 1) // 2
    low = rows(m, a, b[:half], f"{name}_low")
    high = rows(m, a, b[half:], f"{name}_high")
    upper = low[half:]
    if a.shape().signed:
        upper, high = upper.as_signed(), high.as_signed()
    total = Signal(width - half, name=f"{name}_sum")
    m.d.comb += total.eq(upper + high)
    return Cat(low[:half], total)


def row(number: Value, bit: Value) -> Value:
    """A number times a bit."""
    product = number.as_unsigned() & bit.replicate(len(number))
    return product.as_signed() if number.shape().signed else product
