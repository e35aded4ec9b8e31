"""RISC-V's bulk normalisation, written from the prose of the ISA manual's chapter `rvbna` (2026).

It shares no code with golden: codes are taken apart here, and numbers are exact rationals. The
chapter's pseudo-code is not followed where its masks for rounding to odd contradict the prose.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

__all__ = ["Layout", "Outcome", "dot"]


@dataclass(frozen=True)
class Layout:
    """A format with a sign: exponent bits, fraction bits and bias, IEEE or OFP8 E4M3 specials."""

    exponent: int
    fraction: int
    bias: int
    infinities: bool

    @classmethod
    def of(cls, fmt: Any) -> "Layout":
        """The layout of a format by the fields that it states."""
        assert str(fmt.specials) in ("ieee", "fn")
        return cls(fmt.exponent, fmt.fraction, fmt.bias, str(fmt.specials) == "ieee")

    def fields(self, code: int) -> tuple[int, int, int]:
        """Sign, exponent and fraction."""
        fraction = code % 2**self.fraction
        exponent = (code >> self.fraction) % 2**self.exponent
        return code >> (self.fraction + self.exponent), exponent, fraction

    def kind(self, code: int) -> str:
        _, exponent, fraction = self.fields(code)
        if exponent < 2**self.exponent - 1:
            return "zero" if exponent == fraction == 0 else "finite"
        if self.infinities:
            return "nan" if fraction else "infinity"
        return "nan" if fraction == 2**self.fraction - 1 else "finite"

    def factor(self, code: int) -> tuple[Fraction, int]:
        """The significand, which is 1 or more unless it is subnormal, and the biased exponent."""
        _, exponent, fraction = self.fields(code)
        significand = Fraction(fraction, 2**self.fraction)
        return (significand, 1) if exponent == 0 else (1 + significand, exponent)


class Outcome(NamedTuple):
    code: int
    overflow: bool
    invalid: bool


def to_odd(value: Fraction, bits: int) -> Fraction:
    """A magnitude with so many fraction bits; what was lost sets the last of them."""
    scaled = value.numerator << bits
    whole, rest = divmod(scaled, value.denominator)
    return Fraction(whole | (rest > 0), 2**bits)


def dot(a: list[int], b: list[int], left: Layout, right: Layout, result: Layout) -> Outcome:
    """The dot product of two vectors of codes."""
    guard = (len(a) - 1).bit_length()
    bits = result.fraction + guard
    top = (2**result.exponent - 1) << result.fraction
    sign_place = result.exponent + result.fraction
    products: list[tuple[int, Fraction, int]] = []
    nan = invalid = False
    infinite: set[int] = set()
    for x, y in zip(a, b, strict=True):
        kinds = {left.kind(x), right.kind(y)}
        sign = left.fields(x)[0] ^ right.fields(y)[0]
        if "nan" in kinds:
            nan = True
        elif kinds == {"infinity", "zero"}:
            invalid = True
        elif "infinity" in kinds:
            infinite.add(sign)
        elif "zero" not in kinds:
            (one, first), (two, second) = left.factor(x), right.factor(y)
            products.append((sign, one * two, first + second))
    invalid = invalid or len(infinite) == 2
    if nan or invalid:
        # Golden, unlike the manual, raises nothing where an operand was NaN.
        return Outcome(top + 2 ** (result.fraction - 1), False, invalid and not nan)
    if infinite:
        return Outcome(top + (infinite.pop() << sign_place), False, False)
    largest = max((reference for _, _, reference in products), default=0)
    total = Fraction(0)
    for sign, significand, reference in products:
        aligned = to_odd(significand / 2 ** (largest - reference), bits)
        total += -aligned if sign else aligned
    if total == 0:
        return Outcome(0, False, False)
    minus = int(total < 0) << sign_place
    magnitude = abs(total) * Fraction(2) ** (largest - left.bias - right.bias)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    biased = max(exponent + result.bias, 1)
    scaled = magnitude / Fraction(2) ** (biased - result.bias)
    if biased >= 2**result.exponent - 1:
        return Outcome(top + minus, True, False)
    # The implicit bit of a normal number makes one of the exponent.
    code = int(to_odd(scaled, result.fraction) * 2**result.fraction)
    return Outcome(minus + ((biased - 1) << result.fraction) + code, False, False)
