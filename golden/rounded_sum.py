"""Sums that are rounded after each term: a recurrence, so one term comes after the other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from .exact import Exact
from .formats import Format
from .ports import FLAGS
from .rounding import Overflow, RandomBits, Rounding

__all__ = ["Draw", "Numbers", "RoundedSum", "finest"]

#: What a number can be: finite, an infinity, or NaN.
FINITE, PLUS, MINUS, NAN = range(4)

OVERFLOW, UNDERFLOW, INEXACT, INVALID = (1 << place for place in range(len(FLAGS)))


@dataclass(frozen=True)
class Numbers:
    """Exact values, one after the other, as integers in a common unit.

    Attributes
    ----------
    values
        Integers, 0 for a zero or a special.
    negative
        Whether there is a minus sign, for zeros too.
    kinds
        FINITE, PLUS, MINUS or NAN.
    flags
        The exceptions of the roundings that a value came of, one bit each.
    """

    values: list[int]
    negative: list[bool]
    kinds: list[int]
    flags: list[int]

    @classmethod
    def of_exact(cls, exact: Exact, unit: int) -> "Numbers":
        """Exact values, in a unit that they all are multiples of."""
        known = exact.finite & ~exact.zero
        shift = np.where(known, exact.exponent - unit, 0)
        significand = np.where(known, exact.significand, 0).astype(object)
        # A unit above the last place of a significand leaves zeros there.
        size = (significand << np.maximum(shift, 0)) >> np.maximum(-shift, 0)
        infinite = np.where(exact.negative, MINUS, PLUS)
        return cls(
            values=np.where(exact.negative, -size, size).tolist(),
            negative=exact.negative.tolist(),
            kinds=np.where(exact.nan, NAN, np.where(exact.infinite, infinite, FINITE)).tolist(),
            flags=[0] * len(size),
        )


def finest(fmt: Format) -> int:
    """The exponent of the last place that roundings to a format look at.

    Without subnormals, a value of the binade below the least normal one may be rounded up.
    """
    return fmt.quantum_exponent - (not fmt.subnormals)


@dataclass(frozen=True)
class Draw:
    """A rounding, and the bits of the random words that it takes; 0 for none."""

    rounding: Rounding
    bits: int = 0


class Rounded(NamedTuple):
    """A rounded value: its code, what it is from now on, and the exceptions."""

    code: int
    value: int
    negative: bool
    kind: int
    flags: int


@dataclass
class RoundedSum:
    """A sum in a format, which each term is added to with one rounding.

    Parameters
    ----------
    unit
        Exponent of the unit of all numbers: that of the terms' last place, or `finest` of the
        format if that is less.
    """

    fmt: Format
    draw: Draw
    overflow: Overflow
    unit: int
    beyond: list[Rounded] = field(init=False)
    edges: dict[int, Rounded] = field(init=False)

    def __post_init__(self) -> None:
        assert self.unit <= finest(self.fmt)
        self.beyond = self.edge(infinite=False)[:2]
        self.edges = dict(zip((PLUS, MINUS, NAN), self.edge(infinite=True), strict=True))

    def edge(self, *, infinite: bool) -> list[Rounded]:
        """What becomes of a positive and a negative value beyond all others, and of NaN."""
        fmt = self.fmt
        huge = Exact(
            negative=np.array([False, True, False]),
            significand=np.ones(3, np.int64),
            exponent=np.full(3, int(fmt.max.magnitude_log2) + 2),
            infinite=np.array([infinite, infinite, False]),
            nan=np.array([False, False, infinite]),
        )
        # Whatever the words are.
        random = RandomBits(np.zeros(3, np.int64), self.draw.bits) if self.draw.bits else None
        codes, flags = fmt.round(huge, self.draw.rounding, self.overflow, random)
        numbers = Numbers.of_exact(fmt.unpack(codes), self.unit)
        columns = np.stack([getattr(flags, name) for name in FLAGS])
        raised = (columns << np.arange(len(FLAGS))[:, np.newaxis]).sum(axis=0).tolist()
        rows = zip(
            codes.tolist(), numbers.values, numbers.negative, numbers.kinds, raised, strict=True
        )
        return [Rounded(*row) for row in rows]

    def run(
        self,
        terms: Numbers,
        restart: Sequence[bool],
        keep: Sequence[bool],
        words: Sequence[int],
    ) -> tuple[Numbers, list[int]]:
        """The sums after each term, and their codes.

        Parameters
        ----------
        restart
            Whether the sum is the term alone, rounded.
        keep
            Whether the next term is added to this sum; else to what this term was added to.
        words
            Random words; any numbers where the rounding takes none.
        """
        sums = Numbers([], [], [], [])
        codes = []
        value, negative, kind, flags = 0, True, FINITE, 0
        parts = terms.values, terms.negative, terms.kinds, terms.flags
        rows = zip(*parts, restart, keep, words, strict=True)
        for term, minus, special, before, begins, kept, word in rows:
            if begins:
                # Nothing is the zero that no zero changes: -0.
                value, negative, kind, flags = 0, True, FINITE, 0
            if special or kind:
                total = self.special(kind, special)
            else:
                total = self.finite(value + term, negative and minus, word)
            raised = before | flags | total.flags
            codes.append(total.code)
            sums.values.append(total.value)
            sums.negative.append(total.negative)
            sums.kinds.append(total.kind)
            sums.flags.append(raised)
            if kept:
                _, value, negative, kind, _ = total
                flags = raised
        return sums, codes

    def special(self, one: int, two: int) -> Rounded:
        """The sum of two values, not both finite."""
        if NAN in (one, two):
            found = self.edges[NAN]
        elif FINITE in (one, two) or one == two:
            found = self.edges[one or two]
        else:
            found = self.edges[NAN]
            found = found._replace(flags=found.flags | INVALID)
        return found

    def finite(self, total: int, negative: bool, word: int) -> Rounded:
        """A finite sum, rounded; `negative` is the sign of a zero."""
        fmt = self.fmt
        if total:
            negative = total < 0
        size = abs(total)
        if negative and size and not fmt.sign:
            return Rounded(0, 0, False, FINITE, INEXACT | INVALID)
        floor = finest(fmt) - self.unit
        drop = floor if not fmt.exponent else max(size.bit_length() - fmt.fraction - 1, floor)
        kept = size >> drop
        rest = size - (kept << drop)
        binade = drop - floor - (not fmt.subnormals)
        index = kept + (binade << fmt.fraction)
        flags = 0
        if rest:
            flags = INEXACT
            if goes_up(self.draw, index, rest, drop, word):
                kept, index = kept + 1, index + 1
            if fmt.exponent and size < 1 << fmt.min_exponent - self.unit:
                flags |= UNDERFLOW
        value = kept << drop
        if index > fmt.max_index + (negative and fmt.complement):
            return self.beyond[negative]
        if index < fmt.min_index:
            if size and not fmt.subnormals:
                flags = INEXACT | UNDERFLOW
            index = value = 0
        if not index and not fmt.has_negative_zero:
            negative = False
        code = index | negative << fmt.magnitude_width
        if fmt.complement:
            code = (-index if negative else index) & (1 << fmt.width) - 1
        return Rounded(code, -value if negative else value, negative, FINITE, flags)


def goes_up(draw: Draw, index: int, rest: int, drop: int, word: int) -> bool:
    """Whether an inexact magnitude goes up to the next index; see `Rounding.goes_up`.

    `rest` is what is above the lesser neighbour, of 2^drop to the next one.
    """
    unit, bits = 1 << drop, draw.bits
    match draw.rounding:
        case Rounding.TOWARD_ZERO:
            up = False
        case Rounding.HALF_AWAY:
            up = 2 * rest >= unit
        case Rounding.NEAREST_EVEN:
            up = 2 * rest > unit or (2 * rest == unit and index % 2 == 1)
        case Rounding.TO_ODD:
            up = index % 2 == 0
        case Rounding.STOCHASTIC_A:
            up = (rest << bits >> drop) + word >= 1 << bits
        case Rounding.STOCHASTIC_B:
            up = (rest << bits + 1 >> drop) + 2 * word + 1 >= 2 << bits
        case Rounding.STOCHASTIC_C:
            whole, left = divmod(rest << bits, unit)
            whole += 2 * left > unit or (2 * left == unit and whole % 2 == 1)
            up = whole + word >= 1 << bits
    return up
