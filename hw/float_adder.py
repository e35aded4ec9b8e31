"""One rounded addition: a float of the result's own format and a term of any."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .encoder import Encoder, Status
from .logic import goes_up, hold, jam, shift_right_jam
from .operand import normalise
from .rounder import Neighbour
from .unpacked import unpack

__all__ = ["Addend", "FloatAdder"]

#: Bits behind a result's last one: two to round by, the first of which may move up, and one for
#: all that was below.
BELOW = 3


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
        return max(term + 1, kept + BELOW)

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
        moved = shift_right_jam(m, small, Mux(swap, distances[1], distances[0]), "aligned")
        minus = one.sign ^ two.sign
        total = Signal(self.bits + 1)
        inverted = moved ^ minus.replicate(self.bits)
        with_carry = Signal(self.bits + 2)
        m.d.comb += with_carry.eq(Cat(Const(1, 1), big) + Cat(minus, inverted))
        m.d.comb += total.eq(Cat(with_carry[1:-1], with_carry[-1] & ~minus))

        # How far the first bit may go down: a mark stands where it is at the least place.
        limits = [place == limit + floor - 1 for limit in range(1, self.bits + 1)]
        number, zeros, real = self.normalise(total, Cat(Const(0, 1), *limits))
        scale = Signal(signed(max(size, len(zeros)) + 2), name="scale")
        m.d.comb += scale.eq(place - zeros)
        known = status(one, two, Mux(swap, two.sign, one.sign), ~total.any())
        return self.neighbour(number, scale, real), hold(m, known, "sum")

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
        number, zeros = total, []
        step = 1 << max((size - 1).bit_length() - 1, 0)
        while step:
            empty = Signal(name=f"empty_{step}")
            m.d.comb += empty.eq(~guide[max(len(guide) - step, 0) :].any())
            moved = Signal(size, name=f"normal_{step}")
            m.d.comb += moved.eq(Mux(empty, Cat(Const(0, step), number)[:size], number))
            # Further steps look at less than this one, in sum.
            keep = min(step - 1, len(guide))
            seen = Signal(keep, name=f"guide_{step}")
            wide = Cat(Const(0, 2 * step), guide)
            top = len(wide)
            here, there = wide[top - keep :], wide[top - step - keep : top - step]
            m.d.comb += seen.eq(Mux(empty, there, here))
            number, guide = moved, seen
            zeros.append(empty)
            step //= 2
        return number, Cat(*reversed(zeros)), real

    def neighbour(self, number: Value, scale: Value, real: Value) -> Neighbour:
        """What a normalised sum is rounded from; `real` says whether its first bit is one."""
        m, out = self.m, self.out
        never = Const(0, 1)
        kept = jam(number, out.fraction + 3)
        sticky, guard, fraction = kept[0], kept[1], kept[2:-1]
        lost = guard | sticky
        if not out.exponent:
            index = Cat(fraction, never).as_signed()
            up = goes_up(self.encoder.rounding, index[0], guard, sticky)
            return Neighbour(index, never, up, lost, never, far=real)
        index = Signal(signed(out.fraction + len(scale)), name="index")
        m.d.comb += index.eq(Cat(fraction, scale).as_signed())
        last = index[0] if out.fraction else index[0] ^ real
        up = goes_up(self.encoder.rounding, last, guard, sticky)
        tiny = ~real if out.subnormals else scale[-1]
        return Neighbour(index, real, up, lost, tiny, far=never)


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
