"""What the terms of a windowed sum are within, from which its widths are derived."""

from dataclasses import dataclass

import numpy as np

from .exact import Exact
from .ranges import Range, value_range
from .scalar_format import ScalarFormat
from .windowed_sum import Cut, Reference, Window, windowed_sum

__all__ = ["TermRange", "WindowedRanges", "reference_exponents"]


@dataclass(frozen=True)
class TermRange:
    """Terms of one kind: the products, or the addend.

    Attributes
    ----------
    least, most
        Reference exponents of those that are not zero.
    unit
        Exponent of the greatest power of two that all terms are multiples of.
    fraction
        How far the reference exponent by fields is above the exponent of a significand's last bit.
    significand
        The largest significand.
    negative
        Whether there are negative terms.
    """

    least: int
    most: int
    unit: int
    fraction: int
    significand: int
    negative: bool

    @classmethod
    def of_product(cls, window: Window, formats: tuple[ScalarFormat, ...]) -> "TermRange":
        """The products of one operand of each format; of a single one, that operand."""
        known = [value_range(fmt) for fmt in formats]
        small = [fmt.min_positive for fmt in formats]
        fraction = sum(fmt.significand_width - 1 for fmt in formats)
        significand = least_number = most_number = 1
        for fmt, ends, tiny in zip(formats, known, small, strict=True):
            significand *= fmt.max_significand
            most_number *= max(-ends.low, ends.high)
            least_number *= int(tiny.significand)
        if window.reference is Reference.MAGNITUDES:
            least = least_number.bit_length() + sum(int(tiny.exponent) for tiny in small)
            most = most_number.bit_length() + sum(ends.unit for ends in known)
        else:
            least = sum(int(reference_exponents(fmt, fmt.min_positive)) for fmt in formats)
            most = sum(int(reference_exponents(fmt, fmt.max)) for fmt in formats)
        return cls(
            least=least,
            most=most,
            unit=sum(ends.unit for ends in known),
            fraction=fraction,
            significand=significand,
            negative=any(ends.low < 0 for ends in known),
        )

    def cut(self, window: Window, exponent: int, above: int = 0) -> Range:
        """What terms are cut to.

        Parameters
        ----------
        exponent
            E.
        above
            How far a reference exponent may be above E.
        """
        number, fraction = self.significand, self.fraction
        if window.reference is Reference.MAGNITUDES:
            # Of the numbers that start with a one, those of ones alone are the largest.
            fraction = number.bit_length()
            number = (1 << fraction) - 1
        shift = window.bits + above - fraction
        kept = number << max(shift, 0) >> max(-shift, 0)
        rest = (number << max(shift, 0)) - (kept << max(-shift, 0))
        lost = rest > 0
        high = low = kept
        match window.cut:
            case Cut.TOWARD_ZERO:
                pass
            case Cut.FLOOR:
                low = kept + lost
            case Cut.NEAREST:
                high = low = kept + (2 * rest + kept % 2 > 1 << max(-shift, 0))
            case Cut.ODD:
                high = low = kept | lost
            case Cut.STICKY:
                high = low = 2 * kept + lost
        return Range(-low if self.negative else 0, high, exponent - window.bits - window.extra)


@dataclass(frozen=True)
class WindowedRanges:
    """What the numbers of a windowed sum are within, where E is least; its unit grows with E.

    Attributes
    ----------
    products, addend
        Its terms; no addend if None.
    align_addend
        Whether the addend counts in E.
    """

    window: Window
    ways: int
    products: TermRange
    addend: TermRange | None
    align_addend: bool

    @property
    def terms(self) -> list[TermRange]:
        return [self.products] + ([] if self.addend is None else [self.addend])

    @property
    def least_exponent(self) -> int:
        """The least E, which is also that of zeros alone."""
        least = min(term.least for term in self.terms)
        floor = self.window.least_exponent
        return least if floor is None else max(least, floor)

    @property
    def most_exponent(self) -> int:
        return max(*(term.most for term in self.terms), self.least_exponent)

    @property
    def exponents(self) -> int:
        """The most that E can be above the least one."""
        return self.most_exponent - self.least_exponent

    @property
    def above(self) -> int:
        """How far the addend's reference exponent may be above E."""
        if self.addend is None or self.align_addend:
            return 0
        return max(self.addend.most - max(self.products.least, self.least_exponent), 0)

    @property
    def product(self) -> Range:
        """The cut products."""
        return self.products.cut(self.window, self.least_exponent)

    @property
    def total(self) -> Range:
        """The sums."""
        lane = self.product
        total = Range(lane.low * self.ways, lane.high * self.ways, lane.unit)
        if self.addend is None:
            return total
        return total + self.addend.cut(self.window, self.least_exponent, self.above)

    def sum(self, terms: Exact, exponents: np.ndarray) -> tuple[Exact, np.ndarray]:
        """The sums of rows of terms, the addend last, and E counted from the least one.

        Parameters
        ----------
        exponents
            Reference exponents by fields.
        """
        leading = exponents.shape[-1] if self.align_addend else self.ways
        total, exponent = windowed_sum(
            self.window, terms, exponents, leading=leading, lowest=self.least_exponent
        )
        return total, exponent - self.least_exponent


def reference_exponents(fmt: ScalarFormat, exact: Exact) -> np.ndarray:
    """The exponents of values by their fields: those of their significands' first bits.

    A posit's significand has none below the least step, as if it were a subnormal there.
    """
    return np.maximum(exact.exponent, fmt.quantum_exponent) + (fmt.significand_width - 1)
