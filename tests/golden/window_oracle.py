"""A second definition of windowed sums, with exact rationals, for the tests of the first.

It is written from the docstrings of `ffp8.golden.windowed_sum` and shares no code with it.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from any_oracle import oracle_of
from format_oracle import Oracle, Value, reaches_one

from ffp8.golden.posit import Posit

__all__ = ["Term", "cut", "field_exponent", "log2", "power", "rounded_to_bits", "window"]


@dataclass(frozen=True)
class Term:
    """A finite term with its reference exponent by fields, or one that is not finite."""

    value: Value
    exponent: int

    @property
    def signed(self) -> Fraction:
        assert isinstance(self.value.magnitude, Fraction)
        return -self.value.magnitude if self.value.negative else self.value.magnitude


def power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def log2(magnitude: Fraction) -> int:
    """floor(log2 of a magnitude)."""
    guess = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    return guess if power(guess) <= magnitude else guess - 1


def field_exponent(fmt: Any, code: int) -> int:
    """The exponent of the place where the code's significand has its first bit."""
    if isinstance(fmt, Posit):
        # With the most fraction bits that a posit of its kind has, down to the least value.
        magnitude = oracle_of(fmt).decode(code).magnitude
        size, least = max(fmt.n - 3 - fmt.es, 0), -(fmt.n - 2) * 2**fmt.es
        return max(log2(magnitude), least + size) if 0 < magnitude < math.inf else 0
    if fmt.exponent == 0:
        return log2(Oracle.of(fmt).least_step) + fmt.fraction - (0 if fmt.complement else 1)
    field = (code >> fmt.fraction) % 2**fmt.exponent
    least = 1 if fmt.zero else 0
    return fmt.step * (max(field, least) - fmt.bias)


def cut(value: Fraction, grid: Fraction, how: str) -> Fraction:
    """A value as a multiple of the grid, or of half of it."""
    steps = abs(value) / grid
    whole = math.floor(steps)
    exact = whole == steps
    match how:
        case "toward-zero":
            found = Fraction(whole)
        case "floor":
            return math.floor(value / grid) * grid
        case "nearest":
            found = Fraction(round(steps))  # Python's own round goes to even.
        case "odd":
            found = Fraction(whole if exact or whole % 2 else whole + 1)
        case "sticky":
            found = Fraction(whole) if exact else whole + Fraction(1, 2)
        case _:
            raise ValueError(how)
    return -found * grid if value < 0 else found * grid


def window(
    terms: list[Term],
    *,
    bits: int,
    how: str,
    reference: str = "fields",
    leading: int | None = None,
    least: int | None = None,
) -> tuple[Fraction, int | None]:
    """The sum of cut finite terms, and E; None where all terms are zero."""

    def largest(some: list[Term]) -> int | None:
        found = [
            term.exponent if reference == "fields" else log2(abs(term.signed)) + 1
            for term in some
            if term.signed
        ]
        return max(found, default=None)

    exponent = largest(terms[:leading])
    if exponent is None:
        exponent = largest(terms)
    if exponent is None:
        return Fraction(0), None
    if least is not None:
        exponent = max(exponent, least)
    grid = power(exponent - bits)
    return sum((cut(term.signed, grid, how) for term in terms), Fraction(0)), exponent


def rounded_to_bits(
    magnitude: Fraction,
    keep: int,
    least_exponent: int,
    rounding: str,
    random: tuple[int, int] = (0, 0),
) -> Fraction:
    """A magnitude with so many fraction bits, its exponent at least the given one."""
    if not magnitude:
        return magnitude
    exponent = max(log2(magnitude), least_exponent)
    step = power(exponent - keep)
    whole = math.floor(magnitude / step)
    rest = magnitude / step - whole
    # With a fraction, the last bit decides what is even; without, that of the exponent.
    odd = whole % 2 if keep else (exponent - least_exponent + whole) % 2
    match rounding:
        case "toward-zero":
            up = False
        case "half-away":
            up = rest >= Fraction(1, 2)
        case "nearest-even":
            up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and bool(odd))
        case "to-odd":
            up = rest > 0 and not odd
        case _:
            up = reaches_one(rounding, rest, *random)
    return (whole + up) * step
