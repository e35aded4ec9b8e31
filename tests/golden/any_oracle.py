"""The second definitions of all kinds of formats behind one interface, that of `Oracle`."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf, isnan, nan
from typing import Any

from format_oracle import Flags, Oracle, Value
from posit_oracle import PositOracle

from ffp8.golden.posit import Posit

__all__ = ["PositAsOracle", "oracle_of"]


@dataclass
class PositAsOracle:
    """A posit as `Oracle` shows a format: its magnitudes to encode are rationals."""

    n: int
    es: int
    denominator: int = 1

    @cached_property
    def posit(self) -> PositOracle:
        return PositOracle(self.n, self.es)

    @cached_property
    def values(self) -> list[Value]:
        return [self.decode(code) for code in range(2**self.n)]

    def decode(self, code: int) -> Value:
        value = self.posit.decode(code)
        return Value(False, nan) if value is None else Value(value < 0, abs(value))

    def numerator(self, magnitude: Fraction) -> Fraction:
        return magnitude

    def encode(
        self,
        negative: bool,
        magnitude: Fraction | float,
        rounding: str,
        overflow: str,
        random: tuple[int, int] = (0, 0),
    ) -> tuple[int, Flags]:
        nar = 2 ** (self.n - 1)
        if isinstance(magnitude, float):
            if isnan(magnitude) or overflow == "special":
                over = magnitude == inf
                return nar, Flags(overflow=over, inexact=over)
            largest = nar - 1
            return 2**self.n - largest if negative else largest, Flags(overflow=True, inexact=True)
        value = -magnitude if negative else magnitude
        code, above, below, inexact = self.posit.encode(Fraction(value), rounding, random)
        return code, Flags(overflow=above, underflow=below, inexact=inexact)


def oracle_of(fmt: Any) -> Any:
    """The second definition of a format: an `Oracle`, or what has its methods."""
    return PositAsOracle(fmt.n, fmt.es) if isinstance(fmt, Posit) else Oracle.of(fmt)
