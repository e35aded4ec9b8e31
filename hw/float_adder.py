"""One rounded addition: a float of the result's own format and a term of any."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .encoder import Encoder, Status
from .logic import above, hold, jam, shift_right_jam
from .operand import normalise
from .rounder import Neighbour, significand_bits
from .unpacked import unpack

__all__ = ["Addend", "FloatAdder"]


@dataclass(frozen=True)
class Addend:
    """A value (-1)^sign * significand / 2^(len - 1) * 2^(place - 1 + min_exponent of the result).

    The significand's first bit is one, unless the place is the least one there is.
    """

    sign: Value
    place: Value
    significand: Value
    zero: Value
    infinity: Value
    nan: Value


@dataclass(frozen=True)
class FloatAdder:
    """Adds values to such of a format, with one rounding.

    A subnormal result needs no second shifter, because all numbers are on its grid: terms are
    brought there first, where what is below is kept as one bit.

    Parameters
    ----------
    encoder
        Of the result's format, which the first operand is of, too.
    term_format
        The format of the terms.
    """

    m: Module
    encoder: Encoder
    term_format: AnyFormat

    @property
    def out(self) -> Format:
        return self.encoder.out

    @property
    def floor(self) -> int:
        """The least place. Without subnormals, values a binade below the least may be rounded."""
        return 1 if self.out.subnormals else 0

    @property
    def bits(self) -> int:
        """Bits of both significands: cancelling numbers, not one place apart, lose none."""
        kept, fmt = self.out.fraction + 1, self.term_format
        term = fmt.significand if isinstance(fmt, RawFormat) else significand_width(fmt)
        # The first bit of those to round by may move up.
        return max(term + 1, kept + 1 + self.encoder.decision.bits)

    def own(self, code: Value, name: str) -> Addend:
        """A code of the result's format."""
        out = self.out
        parts = unpack(out, code)
        significand, place = parts.significand, parts.exponent
        if not out.exponent:
            significand, place = Cat(significand, Const(0, 1)), Const(1, 1)
        elif not out.subnormals:
            place = code[out.fraction : out.magnitude_width]
        below = Const(0, self.bits - len(significand))
        return hold(
            self.m,
            Addend(
                sign=parts.sign,
                place=place,
                significand=Cat(below, significand),
                zero=parts.zero,
                infinity=parts.infinity,
                nan=parts.nan,
            ),
            name,
        )

    def term(self, code: Value, name: str) -> Addend:
        """A code of the terms' format, as a number at or above the least place."""
        m, floor, fmt = self.m, self.floor, self.term_format
        if fmt == self.out:
            return self.own(code, name)
        term = normalise(m, fmt, code, name)
        offset = term.offset - self.out.min_exponent + 1
        low, high = min(term.low + offset, floor), max(term.high + offset, floor)
        significand: Value = jam(Cat(term.fraction, ~term.zero), self.bits)
        size = max(high.bit_length(), (~low).bit_length()) + 1
        place = Signal(signed(size), name=f"{name}_place")
        m.d.comb += place.eq(Mux(term.zero, floor, term.exponent + offset))
        if low < floor:
            under = Signal(signed(size + 1), name=f"{name}_under")
            m.d.comb += under.eq(floor - place)
            tiny = ~under[-1] & under.any()
            amount = under[:-1] & tiny.replicate(size)
            significand = shift_right_jam(m, significand, amount, f"{name}_on_grid")
            place = Mux(tiny, floor, place)
        held = place.as_unsigned()[: max(high.bit_length(), 1)]
        return hold(
            m,
            Addend(term.sign, held, significand, term.zero, term.infinity, term.nan),
            name,
        )

    def add(self, code: Value, nothing: Value, two: Addend) -> tuple[Neighbour, Status]:
        """The neighbour of the exact sum of a code and a term, and what else is known of it.

        With `nothing`, it is the term alone.
        """
        m, floor = self.m, self.floor
        one = self.own(code & ~nothing.replicate(len(code)), "own")
        # No zero changes -0.
        one = replace(one, sign=one.sign | nothing)
        size = max(len(one.place), len(two.place))
        swap = Signal()
        m.d.comb += swap.eq(Cat(two.significand, two.place) > Cat(one.significand, one.place))
        distances = [Signal(size, name=f"distance_{index}") for index in range(2)]
        m.d.comb += distances[0].eq(one.place - two.place)
        m.d.comb += distances[1].eq(two.place - one.place)
        place = Signal(size)
        big, small = Signal(self.bits), Signal(self.bits)
        m.d.comb += place.eq(Mux(swap, two.place, one.place))
        m.d.comb += big.eq(Mux(swap, two.significand, one.significand))
        m.d.comb += small.eq(Mux(swap, one.significand, two.significand))
        distance = Signal(size)
        m.d.comb += distance.eq(Mux(swap, distances[1], distances[0]))
        moved = self.shift_right(small, distance)
        minus = one.sign ^ two.sign
        total = Signal(self.bits + 1)
        inverted = moved ^ minus.replicate(self.bits)
        with_carry = Signal(self.bits + 2)
        m.d.comb += with_carry.eq(Cat(Const(1, 1), big) + Cat(minus, inverted))
        m.d.comb += total.eq(Cat(with_carry[1:-1], with_carry[-1] & ~minus))

        # How far the first bit may go down: a mark stands where it is at the least place.
        limits = [place == limit + floor - 1 for limit in range(1, self.bits + 1)]
        marks = Signal(self.bits + 1, name="marks")
        m.d.comb += marks.eq(Cat(Const(0, 1), *limits))
        number, zeros, real = self.normalise(total, marks)
        field = Signal(signed(max(size, len(zeros)) + 2), name="field")
        m.d.comb += field.eq(place + 1 - zeros)
        known = status(one, two, Mux(swap, two.sign, one.sign), ~total.any())
        return self.neighbour(number, field, real), hold(m, known, "sum")

    def shift_right(self, number: Value, distance: Value) -> Value:
        """As `shift_right_jam`, with what is lost collected beside the shifter and not in it."""
        m = self.m
        size = len(number)
        steps = min((size - 1).bit_length(), len(distance))
        reached = min(size, 2 ** len(distance) - 1)
        lost = [number[place] & above(distance, place) for place in range(reached)]
        far = distance[steps:].any()
        moved = number
        for level in range(steps):
            moved = Mux(distance[level], moved[1 << level :], moved)
        aligned = Signal(size, name="aligned")
        m.d.comb += aligned.eq(Mux(far, 0, moved))
        jammed = Signal(size, name="jammed")
        m.d.comb += jammed.eq(Cat(aligned[0] | Cat(lost).any(), aligned[1:]))
        return jammed

    def normalise(self, total: Value, marks: Value) -> tuple[Value, Value, Value]:
        """A sum moved left until its first bit is one, or where the mark is.

        `marks` has its first mark in its last bit. The results are the number, how far it was
        moved, and whether the first bit is one.
        """
        m = self.m
        size = len(total)
        mark = Cat(*reversed(list(marks)))
        guide: Value = Signal(size, name="guide")
        m.d.comb += guide.eq(total | mark)
        # Bits that are not below the mark.
        above = Cat(*reversed([~marks[:index].any() for index in range(size)]))
        real = Signal()
        m.d.comb += real.eq((total & above).any())
        zeros = Signal(range(size), name="zeros")
        m.d.comb += zeros.eq(leading_zeros(guide)[: len(zeros)])
        number = Signal(size, name="normal")
        m.d.comb += number.eq((total << zeros)[:size])
        return number, zeros, real

    def neighbour(self, number: Value, field: Value, real: Value) -> Neighbour:
        """What a normalised sum is rounded from.

        `field` is the exponent field if the first bit is one, which `real` says. The neighbour
        tells itself whether rounding ends beyond the largest index, because finding that out of
        the rounded one takes longer.
        """
        m, out = self.m, self.out
        never = Const(0, 1)
        decision = self.encoder.decision
        kept = jam(number, significand_bits(out, decision))
        rest, fraction = kept[: decision.bits], kept[decision.bits : -1]
        lost = rest.any()
        if not out.exponent:
            index = Cat(fraction, never).as_signed()
            up = decision.goes_up(m, index[0], rest)
            return Neighbour(index, never, up, lost, never, far=real)
        # A field of a subnormal is 1 so far.
        exponent = Cat(field[0] & real, field[1:]) if out.subnormals else field
        index = Signal(signed(out.fraction + len(field)), name="index")
        m.d.comb += index.eq(Cat(fraction, exponent).as_signed())
        up = Signal(name="up")
        goes = decision.goes_up(m, index[0], rest)
        # Without subnormals, what is below the grid is flushed, and not rounded up to it.
        m.d.comb += up.eq(goes if out.subnormals else goes & real)
        tiny = ~real if out.subnormals else ~above(field, 0)
        last = out.max_index
        far = above(index, last) | (up & above(index, last - 1))
        return Neighbour(index, never, up, lost, tiny, far=far, most=last)


def leading_zeros(number: Value) -> Value:
    """How many zeros are before the first one; that of a number without any means nothing."""
    size = 1 << max(len(number) - 1, 1).bit_length()
    bits = Cat(Const(0, size - len(number)), number)

    def count(part: Value) -> tuple[Value, Value]:
        """Whether there is a one, and the zeros before it."""
        if len(part) == 1:
            return part[0], Const(0, 0)
        half = len(part) // 2
        (low_any, low), (high_any, high) = count(part[:half]), count(part[half:])
        return low_any | high_any, Cat(Mux(high_any, high, low), ~high_any)

    return count(bits)[1]


def significand_width(fmt: AnyFormat) -> int:
    assert isinstance(fmt, ScalarFormat)
    return fmt.significand_width


def status(one: Addend, two: Addend, sign: Value, zero: Value) -> Status:
    """What is known of a sum, given the sign of a finite one, and whether that is zero."""
    operand = one.nan | two.nan
    both = one.infinity & two.infinity & (one.sign ^ two.sign)
    infinity = one.infinity | two.infinity
    infinite = Mux(one.infinity, one.sign, two.sign)
    finite = Mux(zero, one.sign & two.sign, sign)
    return Status(
        sign=Mux(infinity, infinite, finite),
        nan=operand | both,
        infinity=infinity,
        zero=zero & ~infinity,
        made_nan=both & ~operand,
    )
