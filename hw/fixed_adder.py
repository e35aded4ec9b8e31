"""One rounded addition in fixed point: an integer of the result's format and a term of any."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range, value_range

from .encoder import Encoder, Status
from .logic import jam, shift_right_jam
from .operand import normalise
from .rounder import Neighbour, align_complement, align_fixed
from .tree_operand import operand
from .tree_products import negate, signed_number
from .tree_sum import Term, move, plus

__all__ = ["FixedAddend", "FixedAdder"]

#: A term whose range has this many bits more than the result is cut to what matters.
SPARE_BITS = 8


@dataclass(frozen=True)
class FixedAddend:
    """A signed number, and what else a value may be; the number is zero then."""

    number: Value
    range: Range
    sign: Value
    infinity: Value
    nan: Value


@dataclass(frozen=True)
class FixedAdder:
    """Adds values to integers, or to other numbers in fixed point, with one rounding.

    Parameters
    ----------
    encoder
        Of the result's format, which is in two's complement or has no sign.
    term_format
        The format of the terms.
    """

    m: Module
    encoder: Encoder
    term_format: AnyFormat

    @property
    def out(self) -> Format:
        return self.encoder.out

    def term(self, code: Value, name: str) -> FixedAddend:
        """A code of the terms' format."""
        m, known = self.m, value_range(self.term_format)
        if known.width > self.out.width + SPARE_BITS:
            return self.cut(code, name)
        given = operand(m, self.term_format, code, name)
        parts = given.parts
        number = signed_number(m, given, f"{name}_signed")
        special = parts.nan | parts.infinity
        finite = Signal(number.shape(), name=f"{name}_finite")
        m.d.comb += finite.eq(Mux(special, 0, number))
        moved = move(m, Term(finite, given.distance, known))
        return FixedAddend(moved.number, known, parts.sign, parts.infinity, parts.nan)

    def cut(self, code: Value, name: str) -> FixedAddend:
        """A term without what makes no difference.

        Its magnitude is no larger than what takes any sum out of range, and what is below the
        bits to round by is one bit.
        """
        m, out, below = self.m, self.out, self.encoder.decision.bits
        term = normalise(m, self.term_format, code, name)
        top = out.width
        offset = term.offset - out.quantum_exponent
        low, high = term.low + offset, term.high + offset
        size = max(abs(top - low), abs(top - high)).bit_length() + 1
        under = Signal(signed(size), name=f"{name}_under")
        m.d.comb += under.eq(top - offset - term.exponent)
        amount = under[:-1] & ~under[-1].replicate(size - 1)
        nothing = term.zero | term.infinity | term.nan
        magnitude = jam(Cat(term.fraction, Const(1, 1)), top + 1 + below)
        magnitude = magnitude & ~nothing.replicate(len(magnitude))
        magnitude = shift_right_jam(m, magnitude, amount, f"{name}_cut")
        number = negate(m, magnitude, term.sign, f"{name}_signed")
        limit = 2 ** len(magnitude) - 1
        known = Range(-limit, limit, out.quantum_exponent - below)
        return FixedAddend(number, known, term.sign, term.infinity, term.nan)

    def add(self, code: Value, nothing: Value, two: FixedAddend) -> tuple[Neighbour, Status]:
        """The neighbour of the exact sum of a code and a term, and what else is known of it.

        With `nothing`, it is the term alone.
        """
        m, encoder = self.m, self.encoder
        code = code & ~nothing.replicate(len(code))
        number = code if self.out.complement else Cat(code, Const(0, 1))
        one = Term(number.as_signed(), None, value_range(self.out))
        total = plus(m, one, Term(two.number, None, two.range))
        number = total.number
        known = Status(
            sign=Mux(two.infinity, two.sign, number[-1]),
            nan=two.nan,
            infinity=two.infinity,
            zero=~number.any() & ~two.infinity,
            made_nan=Const(0, 1),
        )
        if self.out.complement:
            return align_complement(m, encoder, number, total.range.unit), known
        magnitude = number[:-1]
        return align_fixed(m, encoder, magnitude, Const(0, 0), total.range.unit), known
