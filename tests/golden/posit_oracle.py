"""A second definition of posits, slow and plain, for the tests of the first.

It is written from the Standard for Posit Arithmetic (2022) with es as a parameter, and shares
no code with `ffp8.golden.posit`: a code is decoded by the standard's formula, which knows no
two's complement, and a value is rounded by the standard's rule, among the values of all codes
and those of the posits with one more bit.
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from format_oracle import reaches_one

__all__ = ["PositOracle", "goes_up"]

TWO = Fraction(2)


@dataclass
class PositOracle:
    """A posit of `n` bits."""

    n: int
    es: int

    def decode(self, code: int) -> Fraction | None:
        """The value of a code; None for NaR. Section 3.3.2 of the standard."""
        bits = f"{code:0{self.n}b}"
        sign, rest = int(bits[0]), bits[1:]
        if "1" not in rest:
            return None if sign else Fraction(0)
        run = len(rest) - len(rest.lstrip(rest[0]))
        regime = run - 1 if rest[0] == "1" else -run
        behind = rest[run + 1 :]  # The regime ends with a bit that differs, or with the code.
        exponent = int((behind[: self.es] + "0" * self.es)[: self.es] or "0", 2)
        fraction = behind[self.es :]
        f = Fraction(int(fraction or "0", 2), 2 ** len(fraction))
        scale = (1 - 2 * sign) * (2**self.es * regime + exponent + sign)
        return ((1 - 3 * sign) + f) * TWO**scale

    @cached_property
    def positive(self) -> list[Fraction]:
        """The values of codes 1, 2 and so on, in ascending order."""
        values = [self.decode(code) for code in range(1, 2 ** (self.n - 1))]
        return [value for value in values if value is not None]

    def middle(self, code: int) -> Fraction:
        """Where rounding to nearest changes from a positive code to the next one.

        It is the posit with one more bit, a one.
        """
        value = PositOracle(self.n + 1, self.es).decode(2 * code + 1)
        assert value is not None
        return value

    @cached_property
    def middles(self) -> list[Fraction]:
        return [self.middle(code) for code in range(1, 2 ** (self.n - 1) - 1)]

    def encode(
        self, value: Fraction, rounding: str, random: tuple[int, int] = (0, 0)
    ) -> tuple[int, bool, bool, bool]:
        """The code of a value, and whether it was above, below the range, or inexact."""
        magnitude, values = abs(value), self.positive
        if not magnitude:
            return 0, False, False, False
        above, below = magnitude > values[-1], magnitude < values[0]
        code = min(max(bisect.bisect_right(values, magnitude), 1), len(values))
        inexact = values[code - 1] != magnitude
        if inexact and not above and not below:
            if rounding.startswith("stochastic"):
                code += reaches_one(rounding, self.way(code, magnitude), *random)
            else:
                code += goes_up(code, magnitude, self.middles[code - 1], rounding)
        if value < 0:
            code = 2**self.n - code
        return code, above, below, inexact

    def way(self, code: int, magnitude: Fraction) -> Fraction:
        """How far a magnitude is on the way from a posit to the next, seen from their codes.

        A posit of any width between them divides the way as its code divides the codes.
        """
        bits, low, high = 40, code << 40, (code + 1) << 40
        longer = PositOracle(self.n + bits, self.es)
        while high - low > 1:
            middle = (low + high) // 2
            value = longer.decode(middle)
            assert value is not None
            low, high = (middle, high) if value <= magnitude else (low, middle)
        value = longer.decode(low)
        # What is below the longer posits makes no tie, and no step of fewer bits.
        return Fraction(2 * (low % 2**bits) + (value != magnitude), 2 ** (bits + 1))

    def probes(self, epsilon: Fraction) -> Iterator[Fraction]:
        """Values at which an encoder may go wrong, of both signs.

        All values and middles, and their neighbours at `epsilon` of them; values beyond the
        largest and below the least.
        """
        values = self.positive
        least, largest = values[0], values[-1]
        beyond = [largest * factor for factor in (Fraction(5, 4), 2, 3, 4, 2**40, 2**200)]
        beyond += [least / factor for factor in (Fraction(5, 4), 2, 3, 4, 2**40, 2**200)]
        yield Fraction(0)
        for magnitude in (*values, *self.middles, *beyond):
            if magnitude.denominator & (magnitude.denominator - 1):
                continue  # Thirds and fifths are no binary numbers.
            for factor in (1 - epsilon, Fraction(1), 1 + epsilon):
                yield magnitude * factor
                yield -magnitude * factor


def goes_up(code: int, magnitude: Fraction, middle: Fraction, rounding: str) -> bool:
    """Whether a magnitude between two posits goes to the greater; `code` is that of the other."""
    match rounding:
        case "toward-zero":
            return False
        case "to-odd":
            return code % 2 == 0
        case "half-away":
            return magnitude >= middle
        case "nearest-even":
            return magnitude > middle or (magnitude == middle and code % 2 == 1)
    raise ValueError(f"Rounding must be a known one, not {rounding}")
