"""A second definition of scalar formats, slow and plain, for the tests of the first.

It is written from the docstrings of `ffp8.golden.formats` and the documents that they cite,
with exact rationals, and shares no code with it: a code is decoded by the formula, and a value
is encoded by a search among the values of all codes.
"""

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from math import floor, inf, isnan, nan
from typing import Any, NamedTuple

__all__ = ["Flags", "Oracle", "Value", "product", "reaches_one", "valid_fields"]

TWO = Fraction(2)


@dataclass(frozen=True)
class Value:
    """A sign and a magnitude: a rational, infinity or NaN."""

    negative: bool
    magnitude: Fraction | float

    @property
    def is_nan(self) -> bool:
        return is_nan(self.magnitude)


def product(a: Value, b: Value) -> Value:
    """The product as IEEE 754 has it."""
    negative = a.negative != b.negative
    x, y = a.magnitude, b.magnitude
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return Value(negative, x * y)
    if a.is_nan or b.is_nan or x == 0 or y == 0:
        return Value(negative, nan)
    return Value(negative, inf)


class Flags(NamedTuple):
    overflow: bool = False
    underflow: bool = False
    inexact: bool = False
    invalid: bool = False


NOTHING = Flags()
INVALID = Flags(invalid=True)


@dataclass
class Oracle:
    """A format by its fields; see `ffp8.golden.formats.Format` for what they are.

    Attributes
    ----------
    denominator
        Values to be encoded are integers over this power of two, because Python compares
        integers faster than fractions; they go from 2^-75 of the least value upwards.
    """

    sign: bool
    exponent: int
    fraction: int
    bias: int
    subnormals: bool = True
    specials: str = "none"
    complement: bool = False
    zero: bool = True
    step: int = 1

    @classmethod
    def of(cls, fmt: Any) -> "Oracle":
        """The oracle of a format by the fields that it states."""
        names = (field.name for field in fields(cls))
        return cls(**{name: getattr(fmt, name) for name in names})

    def __post_init__(self) -> None:
        self.width = self.sign + self.exponent + self.fraction
        self.unsigned_codes = 2 ** (self.exponent + self.fraction)
        self.denominator = 2 ** max(self.step * self.bias + self.fraction + 75, 0)

    @property
    def radix(self) -> Fraction:
        """What one more in the exponent field multiplies by: 2 or 4."""
        return TWO**self.step

    @cached_property
    def values(self) -> list[Value]:
        return [self.decode(code) for code in range(2**self.width)]

    @cached_property
    def numerators(self) -> list[int | float]:
        """Magnitudes of all codes."""
        magnitudes = [value.magnitude for value in self.values]
        return [self.numerator(m) if isinstance(m, Fraction) else m for m in magnitudes]

    @cached_property
    def min_normal(self) -> int:
        """The least magnitude with an implicit bit; 0 without an exponent field."""
        least = self.radix ** ((1 if self.zero else 0) - self.bias)
        return self.numerator(least) if self.exponent else 0

    @cached_property
    def grids(self) -> list["Grid"]:
        """The positive magnitudes, and the negative ones where there is a sign."""
        return [self.grid(negative) for negative in (False, True)[: 1 + self.sign]]

    def numerator(self, magnitude: Fraction) -> int:
        scaled = magnitude * self.denominator
        if scaled.denominator != 1:
            raise ValueError(f"Magnitude must be a multiple of 1/{self.denominator}")
        return scaled.numerator

    # Codes to values.

    def decode(self, code: int) -> Value:
        """The value of a code."""
        if self.complement:
            value = code if code < self.unsigned_codes else code - 2 * self.unsigned_codes
            return Value(value < 0, abs(value) * self.least_step)
        negative, magnitude = code >= self.unsigned_codes, code % self.unsigned_codes
        match self.special(negative, magnitude):
            case "nan":
                return Value(negative, nan)
            case "infinity":
                return Value(negative, inf)
        return Value(negative, self.finite(magnitude))

    @property
    def least_step(self) -> Fraction:
        return TWO ** (1 - self.bias - self.fraction)

    def finite(self, magnitude: int) -> Fraction:
        """The formula. It takes magnitudes beyond the largest code, as if E had more bits."""
        e, f = divmod(magnitude, 2**self.fraction)
        if self.exponent and (e > 0 or not self.zero):
            return self.radix ** (e - self.bias) * (1 + Fraction(f, 2**self.fraction))
        if not self.exponent:
            f = magnitude
        return f * self.least_step if self.subnormals else Fraction(0)

    def special(self, negative: bool, magnitude: int) -> str:
        """What a code is: "nan", "infinity" or "finite"."""
        e, f = divmod(magnitude, 2**self.fraction)
        top, top_exponent = self.unsigned_codes - 1, e == 2**self.exponent - 1
        negative_zero = negative and magnitude == 0
        is_nan = {
            "none": False,
            "ieee": top_exponent and f > 0,
            "fn": magnitude == top,
            "fnuz": negative_zero,
            "extended": negative_zero if self.sign else magnitude == top,
        }
        is_infinity = {
            "ieee": top_exponent and f == 0,
            "extended": magnitude == (top if self.sign else top - 1),
        }
        if is_nan[self.specials]:
            return "nan"
        return "infinity" if is_infinity.get(self.specials) else "finite"

    @cached_property
    def nan_code(self) -> int | None:
        """The NaN of results; of several (IEEE) the positive one with only the top bit of F."""
        codes = [code for code, value in enumerate(self.values) if is_nan(value.magnitude)]
        if self.specials == "ieee" and codes:
            infinity = (2**self.exponent - 1) * 2**self.fraction
            return infinity + 2 ** (self.fraction - 1)
        return min(codes, default=None)

    # Values to codes.

    def grid(self, negative: bool) -> "Grid":
        """The magnitudes of one sign."""
        if self.complement:
            count = self.unsigned_codes + negative
            codes = [(2 * self.unsigned_codes - i) if negative and i else i for i in range(count)]
            step = self.numerator(self.least_step)
            steps = [i * step for i in range(count + 1)]
            return Grid(steps, codes, infinity=None, indices=list(range(count + 1)))
        finite, infinity = [], None
        for magnitude in range(self.unsigned_codes):
            kind = self.special(False, magnitude)
            if kind == "infinity":
                infinity = magnitude
            elif kind == "finite":
                finite.append(magnitude)
        offset = self.unsigned_codes if negative else 0
        codes = [offset + magnitude for magnitude in finite]
        if self.special(True, 0) == "nan":
            codes[0] = 0
        beyond = finite[-1] + 1
        return Grid(
            [self.numerator(self.candidate(magnitude)) for magnitude in [*finite, beyond]],
            codes,
            infinity=None if infinity is None else offset + infinity,
            indices=[*finite, beyond],
        )

    def candidate(self, magnitude: int) -> Fraction:
        """The value of a magnitude, before results below the least normal are flushed."""
        e, f = divmod(magnitude, 2**self.fraction)
        if self.exponent and not self.subnormals:
            return self.radix ** (e - self.bias) * (1 + Fraction(f, 2**self.fraction))
        return self.finite(magnitude)

    def encode(
        self,
        negative: bool,
        magnitude: int | float,
        rounding: str,
        overflow: str,
        random: tuple[int, int] = (0, 0),
    ) -> tuple[int, Flags]:
        """The code of a value, and the exceptions.

        The magnitude is a numerator over `denominator`, infinity or NaN. Random bits are a word
        and their number.
        """
        if isinstance(magnitude, float) and isnan(magnitude):
            return (0, INVALID) if self.nan_code is None else (self.nan_code, NOTHING)
        if negative and not self.sign and magnitude > 0:
            return 0, Flags(inexact=True, invalid=True)
        grid = self.grids[negative and self.sign]
        if isinstance(magnitude, float):
            code, kept = self.overflowed(grid, overflow)
            return code, NOTHING if kept else Flags(overflow=True, inexact=True)
        if magnitude == 0 and self.zero:
            return grid.codes[0], NOTHING
        place = grid.place(magnitude, rounding, random)
        tiny = magnitude < self.min_normal
        if place >= len(grid.codes):
            # Toward zero, a finite value never becomes infinity.
            to = "saturate" if rounding == "toward-zero" else overflow
            # Where all finite values are subnormal, a value may be beyond them and yet tiny.
            return self.overflowed(grid, to)[0], Flags(True, tiny, True)
        code = grid.codes[max(place, 0)]
        if (
            self.zero
            and not self.subnormals
            and place >= 0
            and grid.values[place] < self.min_normal
        ):
            code = grid.codes[0]
        inexact = self.numerators[code] != magnitude
        return code, Flags(inexact=inexact, underflow=inexact and tiny)

    def overflowed(self, grid: "Grid", overflow: str) -> tuple[int, bool]:
        """The code of what is beyond the largest finite value, and whether it is infinity."""
        if overflow == "special":
            if grid.infinity is not None:
                return grid.infinity, True
            if self.nan_code is not None:
                return self.nan_code, False
        return grid.codes[-1], False

    # What to try.

    def probes(self, epsilon_bits: int) -> Iterator[tuple[bool, int | float]]:
        """Values at which an encoder may go wrong, as `encode` takes them.

        All values, all midpoints between neighbours, both with their neighbours at
        2^-epsilon_bits of the distance; values below the least, beyond the largest, and far
        from both.
        """
        for negative in (False, True):
            grid = self.grids[negative and self.sign]
            for low, high in itertools.pairwise(grid.values):
                middle, little = (low + high) // 2, (high - low) >> epsilon_bits
                for magnitude in (low, low + little, middle - little, middle, middle + little):
                    yield negative, magnitude
                yield negative, high - little
            least = next(value for value in grid.values if value)
            half, little = least // 2, least >> epsilon_bits
            below = (least >> 40, half // 2, half - little, half, half + little, least - little)
            top = grid.values[-1]
            above = (
                top,
                top + (top >> epsilon_bits),
                top * 5 // 4,
                top << 1,
                top << 40,
                top << 200,
            )
            for magnitude in (0, *below, half * 3 // 2, *above, inf, nan):
                yield negative, magnitude


@dataclass(frozen=True)
class Grid:
    """Magnitudes in ascending order, the last of them beyond the largest finite one.

    Attributes
    ----------
    values
        Numerators of magnitudes; one more than there are codes.
    codes
        The code of each.
    infinity
        The code of infinity, if any.
    indices
        What decides a tie: the magnitude's code as an integer.
    """

    values: list[int]
    codes: list[int]
    infinity: int | None
    indices: list[int]

    def place(self, magnitude: int, rounding: str, random: tuple[int, int] = (0, 0)) -> int:
        """Where a magnitude is rounded to; -1 is below the first value."""
        at = bisect.bisect_right(self.values, magnitude) - 1
        if at < 0 or at == len(self.values) - 1 or self.values[at] == magnitude:
            return at
        below, above = magnitude - self.values[at], self.values[at + 1] - magnitude
        match rounding:
            case "toward-zero":
                up = False
            case "half-away":
                up = above <= below
            case "nearest-even":
                up = above < below or (above == below and self.indices[at + 1] % 2 == 0)
            case "to-odd":
                up = self.indices[at + 1] % 2 == 1
            case _:
                up = reaches_one(rounding, Fraction(below, below + above), *random)
        return at + up


def reaches_one(rounding: str, way: Fraction, word: int, bits: int) -> bool:
    """Whether P3109's stochastic rounding takes the greater neighbour.

    The value is that far on the way to it, from 0 to 1.
    """
    match rounding:
        case "stochastic-a":
            return floor(way * 2**bits) + word >= 2**bits
        case "stochastic-b":
            return floor(way * 2 ** (bits + 1)) + (2 * word + 1) >= 2 ** (bits + 1)
        case "stochastic-c":
            # Python rounds a tie of fractions to the even integer.
            return round(way * 2**bits) + word >= 2**bits
    raise ValueError(f"Rounding must be a known one, not {rounding}")


def valid_fields(max_width: int, biases: range | list[int]) -> Iterator[dict[str, Any]]:
    """The fields of every format of 2 bits to `max_width`, with each of the biases.

    Those of radix 4 have no fraction and a zero.

    A format must have a finite value other than zero, and the codes of its specials must
    exist and differ from one another.
    """
    shapes = [
        (sign, exponent, width - sign - exponent)
        for width in range(2, max_width + 1)
        for sign in (False, True)
        for exponent in range(width - sign + 1)
    ]
    for sign, exponent, fraction in shapes:
        for specials in ("none", "ieee", "fn", "fnuz", "extended"):
            for subnormals in (True, False):
                if not is_possible(sign, exponent, fraction, specials, subnormals):
                    continue
                for bias in biases:
                    fields = {
                        "sign": sign,
                        "exponent": exponent,
                        "fraction": fraction,
                        "bias": bias,
                        "subnormals": subnormals,
                        "specials": specials,
                    }
                    yield fields
                    if exponent and not fraction:
                        yield fields | {"step": 2}
        for bias in biases:
            base = {"sign": sign, "exponent": exponent, "fraction": fraction, "bias": bias}
            if sign and not exponent:
                yield base | {"complement": True}
            if not sign and not fraction:
                for specials in ("none", "ieee", "fn", "extended"):
                    yield base | {"zero": False, "subnormals": False, "specials": specials}


def is_possible(sign: bool, exponent: int, fraction: int, specials: str, subnormals: bool) -> bool:
    if specials == "fnuz" and not sign:
        return False  # Its NaN is the code of negative zero.
    if not exponent and (specials == "ieee" or not subnormals):
        return False  # There would be no exponent of ones, or nothing but zero.
    magnitudes = 2 ** (exponent + fraction)
    taken = {"none": 0, "fnuz": 0, "fn": 1, "ieee": 2**fraction}
    taken["extended"] = 1 if sign else 2
    least = 1 if subnormals else 2**fraction  # Index of the least value above zero.
    return magnitudes - taken[specials] > least


def is_nan(magnitude: Fraction | float) -> bool:
    return isinstance(magnitude, float) and isnan(magnitude)
