"""A second definition of block formats, slow and plain, for the tests of the first.

One block at a time, in exact rationals. Elements and scales are found by a search among the
values of all codes, which come from the second definition of scalar formats.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from format_oracle import Oracle

__all__ = ["BlockOracle", "floor_log2"]

Number = Fraction | float


def floor_log2(value: Fraction) -> int:
    """floor(log2 value) of a positive rational."""
    power = value.numerator.bit_length() - value.denominator.bit_length()
    return power if Fraction(2) ** power <= value else power - 1


def is_nan(value: Number) -> bool:
    return isinstance(value, float) and math.isnan(value)


def divided(dividend: Number, divisor: Number) -> Number:
    """NaN of NaN only; infinity by anything is infinity; by zero or infinity it is zero."""
    if is_nan(dividend) or is_nan(divisor):
        return math.nan
    if isinstance(dividend, float):
        return -dividend if divisor < 0 else dividend
    if isinstance(divisor, float) or divisor == 0:
        return Fraction(0)
    return dividend / divisor


class Codes:
    """The codes of a format, in the order of their magnitudes."""

    def __init__(self, fmt: Any) -> None:
        self.oracle = Oracle.of(fmt)
        self.positive, self.negative = (self.grid(sign) for sign in (False, True))
        self.max = self.positive[0][-1]

    def grid(self, negative: bool) -> tuple[list[Fraction], list[int]]:
        found: list[tuple[Fraction, int]] = []
        for code, value in enumerate(self.oracle.values):
            zero = value.magnitude == 0
            if isinstance(value.magnitude, Fraction) and (value.negative == negative or zero):
                found.append((value.magnitude, code))
        # Of two zeros, that with the sign.
        best: dict[Fraction, int] = {}
        for magnitude, code in found:
            if magnitude not in best or self.oracle.values[code].negative == negative:
                best[magnitude] = code
        return sorted(best), [best[magnitude] for magnitude in sorted(best)]

    def value(self, code: int) -> Number:
        value = self.oracle.values[code]
        return -value.magnitude if value.negative else value.magnitude

    def nan(self) -> int:
        return 0 if self.oracle.nan_code is None else self.oracle.nan_code

    def nearest(self, value: Number, negative: bool, away: bool = False) -> tuple[int, bool]:
        """The code, saturated, and whether it was beyond the last one."""
        if is_nan(value):
            return self.nan(), False
        values, codes = self.negative if negative else self.positive
        magnitude = abs(value)
        if isinstance(magnitude, float):
            return codes[-1], True
        place = bisect.bisect_right(values, magnitude) - 1
        if place < 0:
            return codes[0], False
        beyond = self.beyond(values) if place == len(values) - 1 else values[place + 1]
        middle = (values[place] + beyond) / 2
        odd = place % 2 == 1
        if magnitude > middle or (magnitude == middle and (odd or away)):
            place += 1
        return codes[min(place, len(codes) - 1)], place >= len(codes)

    def beyond(self, values: list[Fraction]) -> Fraction:
        """What would be the next magnitude if exponents went on."""
        last = values[-1]
        if self.oracle.exponent == 0:
            return last + self.oracle.least_step
        quantum = Fraction(2) ** (floor_log2(last) - self.oracle.fraction)
        return last + quantum


@dataclass
class BlockOracle:
    """A block format by the fields that it states."""

    block: Any

    @cached_property
    def element(self) -> Codes:
        return Codes(self.block.element)

    @cached_property
    def scale(self) -> Codes:
        return Codes(self.block.scale)

    def quantise(
        self,
        values: Sequence[float],
        tensor: Fraction = Fraction(1),
        *,
        special: bool = False,
        unrounded: bool = False,
        away: bool = False,
    ) -> tuple[int, list[int]]:
        """The codes of a block: scale and elements."""
        numbers = [Fraction(v) if math.isfinite(v) else v for v in values]
        amax: Number = max((abs(n) for n in numbers if not is_nan(n)), default=Fraction(0))
        nan = any(is_nan(n) for n in numbers) and self.scale.oracle.nan_code is not None
        code = self.scale_code(amax, abs(tensor), special)
        if nan:
            code = self.scale.nan()
        scale = self.scale.value(code)
        divisor: Number = math.nan if is_nan(scale) else Fraction(scale) * tensor
        if unrounded and not nan:
            divisor = amax / self.element.max
        elements = []
        for number, value in zip(numbers, values, strict=True):
            negative = (math.copysign(1, value) < 0) != (tensor < 0)
            code_of, _ = self.element.nearest(divided(number, divisor), negative, away)
            least = 2 ** (self.block.element.width - 1)
            elements.append(code_of + (self.block.symmetric and code_of == least))
        return code, elements

    def scale_code(self, amax: Number, tensor: Fraction, special: bool) -> int:
        inner = divided(amax, tensor)
        wanted: Number = inner
        if isinstance(inner, Fraction) and inner:
            wanted = self.wanted(inner)
        code, over = self.scale.nearest(wanted, False)
        has_infinity = any(v.magnitude == math.inf for v in self.scale.oracle.values)
        assert not has_infinity
        if over and special and self.scale.oracle.nan_code is not None:
            return self.scale.nan()
        return code

    def wanted(self, inner: Fraction) -> Fraction:
        top = self.element.max
        power = floor_log2(inner) - floor_log2(top)
        two = Fraction(2)
        match str(self.block.rule):
            case "quotient":
                return inner / top
            case "floor":
                return two**power
            case "ceil":
                return next(two**p for p in range(power - 2, power + 3) if inner <= top * two**p)
            case "fit":
                fits = (
                    two**p
                    for p in range(power - 2, power + 3)
                    if not self.element.nearest(inner / two**p, False)[1]
                )
                return next(fits)
        raise AssertionError(self.block.rule)

    def decode(self, scale: int, elements: Sequence[int], tensor: Fraction = Fraction(1)) -> Any:
        """The values of a block of codes."""
        factor = self.scale.value(scale)
        values: list[Number] = []
        for code in elements:
            value = self.element.value(code)
            if is_nan(factor) or is_nan(value):
                values.append(math.nan)
            elif isinstance(value, float):
                values.append(value * (1 if factor > 0 else math.nan))
            else:
                values.append(value * Fraction(factor) * tensor)
        return values
