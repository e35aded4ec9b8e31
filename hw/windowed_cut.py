"""Terms of a windowed sum: moved to the grid, cut, and given their signs on the way."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.ranges import Range
from ffp8.golden.windowed_sum import Cut

from .logic import add, jam, resize, shift_right_jam

__all__ = ["MagnitudeAt", "Part", "add_parts", "complete", "cut_floor", "cut_magnitude"]


@dataclass(frozen=True)
class MagnitudeAt:
    """A magnitude, its sign, and how far it is to move right; any shift will do for a zero."""

    magnitude: Value
    sign: Value
    shift: Value


@dataclass(frozen=True)
class Part:
    """A signed number that is less by `carry` than the value which it stands for.

    A negated number lacks one, because only its bits were inverted, and so does one that is to
    be rounded up: the adder that takes it adds that besides.

    Attributes
    ----------
    range
        Of the value.
    """

    number: Value
    carry: Value
    range: Range


def cut_magnitude(m: Module, term: MagnitudeAt, place: int, known: Range, cut: Cut) -> Part:
    """A term on the grid, cut in its magnitude.

    Parameters
    ----------
    place
        The place of the magnitude's last bit above that of the range's unit, where it is moved
        right by 0.
    known
        What the cut term is within.
    """
    number, up = magnitude_on_grid(m, term, place, cut)
    width = max(known.high, -known.low).bit_length()
    number = resize(number, width)[:width]
    if isinstance(term.sign, Const):
        return Part(Cat(number, Const(0, 1)).as_signed(), up, known)
    inverted = Signal(signed(width + 1), name="signed")
    m.d.comb += inverted.eq(Cat(number ^ term.sign.replicate(width), term.sign).as_signed())
    carry = term.sign if isinstance(up, Const) else term.sign ^ up
    return Part(inverted, carry, known)


def magnitude_on_grid(m: Module, term: MagnitudeAt, place: int, cut: Cut) -> tuple[Value, Value]:
    """The magnitude in units of the grid, and whether one is to be added."""
    if cut is Cut.TOWARD_ZERO:
        number = shift_right(m, moved(term.magnitude, place), term.shift, Const(0, 1))
        return number, Const(0, 1)
    below = 2 if cut is Cut.NEAREST else 0
    width = max(len(term.magnitude) + place + below, 1)
    padded = Cat(Const(0, max(place + below, 0)), term.magnitude)
    number = shift_right_jam(m, jam(padded, width), term.shift, "cut")
    if cut is not Cut.NEAREST:
        return number, Const(0, 1)
    kept, guard, sticky = number[2:], number[1:2], number[:1]
    up = Signal(name="up")
    m.d.comb += up.eq(guard & (sticky | kept[:1]))
    return kept, up


def cut_floor(m: Module, term: MagnitudeAt, place: int, known: Range) -> Part:
    """A term on the grid, cut in two's complement; see `cut_magnitude`."""
    number = Cat(term.magnitude, Const(0, 1)).as_signed()
    if not isinstance(term.sign, Const):
        value = Signal(signed(len(number)), name="value")
        m.d.comb += value.eq(Mux(term.sign, -number, number))
        number = value
    found = shift_right(m, moved(number, place), term.shift, number[-1])
    found = resize(found.as_signed(), known.width)[: known.width]
    return Part(found.as_signed(), Const(0, 1), known)


def moved(number: Value, place: int) -> Value:
    """A number moved left, or right without the bits that are lost; at least its first bit."""
    if place >= 0:
        return Cat(Const(0, place), number)
    if len(number) > -place:
        return number[-place:]
    return number[-1:] if number.shape().signed else Const(0, 1)


def shift_right(m: Module, number: Value, amount: Value, fill: Value) -> Value:
    """A number moved right, with copies of a bit coming in."""
    width = len(number)
    steps = max((width - 1).bit_length(), 1)
    for level in range(min(steps, len(amount))):
        step = min(1 << level, width)
        shifted = Signal(width, name=f"cut_{step}")
        m.d.comb += shifted.eq(Mux(amount[level], Cat(number[step:], fill.replicate(step)), number))
        number = shifted
    if len(amount) > steps:
        number = Mux(amount[steps:].any(), fill.replicate(width), number)
    return number


def add_parts(m: Module, one: Part, two: Part) -> Part:
    """The sum of two parts: what the second lacks is added, what the first lacks is not."""
    total = one.range + two.range
    width = Range(total.low - (not isinstance(one.carry, Const)), total.high, 0).width
    result = Signal(signed(width), name="sum")
    if isinstance(two.carry, Const):
        m.d.comb += result.eq(one.number + two.number)
    else:
        m.d.comb += result.eq(add(m, one.number, two.number, two.carry, "sum"))
    return Part(result, one.carry, total)


def complete(m: Module, part: Part) -> Part:
    """A part that lacks nothing."""
    if isinstance(part.carry, Const):
        return part
    result = Signal(signed(part.range.width), name="complete")
    m.d.comb += result.eq(part.number + part.carry)
    return Part(result, Const(0, 1), part.range)
