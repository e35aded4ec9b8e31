"""A second definition of accumulators, slow and plain, for the tests of the first.

It is written from the docstring of `ffp8.golden.accumulator`, on exact rationals, and rounds with
the oracle of formats.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import inf, isnan, nan

import numpy as np
from format_oracle import Flags, Oracle, Value

from ffp8.golden.accumulator import AccumulatorConfig, Kind
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

__all__ = ["Rounder", "exact_steps", "merged", "steps", "values_of"]

Step = tuple[int, Flags]

NOTHING = Flags()


def values_of(fmt: AnyFormat, codes: np.ndarray) -> list[Value]:
    """The values of codes."""
    if isinstance(fmt, Format):
        oracle = Oracle.of(fmt)
        return [oracle.decode(int(code)) for code in codes]
    if isinstance(fmt, RawFormat):
        return [raw_value(fmt, int(code)) for code in codes]
    return [Value(value < 0, abs(value)) for value in fmt.unpack(codes).to_fractions()]


def raw_value(fmt: RawFormat, code: int) -> Value:
    """The value of raw fields, by the words of `RawFormat`."""
    fields = {}
    for name, bits in fmt.fields.items():
        fields[name], code = code % 2**bits, code >> bits
    number, negative = fields["significand"], bool(fields.get("sign", 0))
    if fmt.complement and number >= 2 ** (fmt.significand - 1):
        number, negative = 2**fmt.significand - number, True
    if fields.get("nan"):
        return Value(negative, nan)
    if fields.get("infinity"):
        return Value(negative, inf)
    return Value(negative, number * Fraction(2) ** (fields.get("exponent", 0) - fmt.bias))


def add(one: Value, two: Value) -> tuple[Value, bool]:
    """The exact sum, and whether it is NaN of values that were not."""
    infinities = {value.negative for value in (one, two) if value.magnitude == inf}
    if any(isinstance(v.magnitude, float) and isnan(v.magnitude) for v in (one, two)):
        return Value(False, nan), False
    if infinities:
        return (
            (Value(False, nan), True)
            if len(infinities) > 1
            else (
                Value(infinities.pop(), inf),
                False,
            )
        )
    total = sum((-v.magnitude if v.negative else v.magnitude) for v in (one, two))
    if total == 0:
        return Value(one.negative and two.negative, Fraction(0)), False
    return Value(total < 0, Fraction(abs(total))), False


def merged(*flags: Flags) -> Flags:
    return Flags(*(any(column) for column in zip(*flags, strict=True)))


class Rounder:
    """Rounds values to a format."""

    def __init__(self, fmt: ScalarFormat, config: AccumulatorConfig):
        self.oracle = Oracle.of(fmt)
        self.oracle.denominator = 2**400
        self.modes = str(config.rounding), str(config.overflow)
        self.bits = config.random_bits

    def __call__(self, value: Value, word: int = 0) -> tuple[int, Value, Flags]:
        magnitude = value.magnitude
        if isinstance(magnitude, Fraction):
            magnitude = self.oracle.numerator(magnitude)
        code, flags = self.oracle.encode(value.negative, magnitude, *self.modes, (word, self.bits))
        return code, self.oracle.decode(code), flags


NONE = Value(True, Fraction(0))  # Minus zero changes nothing, not even zero's sign.


def running(
    config: AccumulatorConfig, terms: list[Value], first: np.ndarray, words: list[int]
) -> Iterator[Step]:
    """Codes and exceptions of a running sum."""
    assert config.out is not None
    rounder = Rounder(config.out, config)
    total, raised = NONE, NOTHING
    for term, begins, word in zip(terms, first, words, strict=True):
        if begins:
            total, raised = NONE, NOTHING
        exact, invalid = add(total, term)
        code, total, flags = rounder(exact, word)
        raised = merged(raised, flags, Flags(invalid=invalid))
        yield code, raised


def chunked(
    config: AccumulatorConfig, terms: list[Value], first: np.ndarray, words: list[int]
) -> Iterator[Step]:
    """The same of two levels."""
    assert config.out is not None
    outer_rounder = Rounder(config.out, config)
    inner_rounder = Rounder(config.inner_format, config)
    outer, outer_raised, inner, inner_raised, count = NONE, NOTHING, NONE, NOTHING, 0
    for term, begins, word in zip(terms, first, words, strict=True):
        if begins:
            outer, outer_raised = NONE, NOTHING
        if begins or count == config.chunk:
            inner, inner_raised, count = NONE, NOTHING, 0
        count += 1
        exact, invalid = add(inner, term)
        _, inner, flags = inner_rounder(exact, word % 2**config.random_bits)
        inner_raised = merged(inner_raised, flags, Flags(invalid=invalid))
        exact, invalid = add(outer, inner)
        code, total, flags = outer_rounder(exact, word >> config.random_bits)
        raised = merged(outer_raised, inner_raised, flags, Flags(invalid=invalid))
        if count == config.chunk:
            outer, outer_raised = total, raised
        yield code, raised


def exact_steps(
    terms: list[Value], first: np.ndarray, low: Fraction, high: Fraction
) -> Iterator[tuple[Value, Fraction, bool, bool]]:
    """The values of exact sums, their finite parts, and whether they overflowed or are invalid."""
    finite, value, overflowed, invalid = Fraction(0), NONE, False, False
    for term, begins in zip(terms, first, strict=True):
        if begins:
            finite, value, overflowed, invalid = Fraction(0), NONE, False, False
        if isinstance(term.magnitude, Fraction):
            finite += -term.magnitude if term.negative else term.magnitude
        value, made_nan = add(value, term)
        invalid |= made_nan
        if isinstance(value.magnitude, Fraction) and not low <= finite <= high:
            value, overflowed = Value(finite < 0, inf), True
        yield value, finite, overflowed, invalid


def steps(
    config: AccumulatorConfig,
    terms: list[Value],
    first: np.ndarray,
    words: np.ndarray | None = None,
) -> list[Step]:
    """Codes and exceptions of sums that are rounded after each term."""
    model = running if config.kind is Kind.RUNNING else chunked
    numbers = [0] * len(terms) if words is None else words.tolist()
    return list(model(config, terms, first, numbers))
