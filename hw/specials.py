"""What is known of a sum's terms besides their numbers: NaN, infinity, signs."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Value

from .encoder import Status
from .logic import any_of

__all__ = ["Specials"]


@dataclass(frozen=True)
class Specials:
    """What is known of all terms besides their numbers.

    Attributes
    ----------
    nan, made_nan
        Whether the sum is NaN, and whether it came of operands that were not.
    infinity, negative_infinity
        Whether the sum is infinity, if it is not NaN, and whether that is the negative one.
    negative
        Whether all terms have a negative sign.
    exponent
        The power of two that the sum is to be multiplied by, signed; None for none.
    """

    nan: Value
    made_nan: Value
    infinity: Value
    negative_infinity: Value
    negative: Value
    exponent: Value | None = None

    @classmethod
    def of_terms(cls, terms: list[Status]) -> "Specials":
        """What is known of terms."""
        operand = any_of(term.nan & ~term.made_nan for term in terms)
        infinite = [term.infinity & ~term.nan for term in terms]
        pairs = list(zip(infinite, terms, strict=True))
        plus = any_of(infinity & ~term.sign for infinity, term in pairs)
        minus = any_of(infinity & term.sign for infinity, term in pairs)
        nan = any_of(term.nan for term in terms) | (plus & minus)
        return cls(
            nan=nan,
            made_nan=nan & ~operand,
            infinity=plus | minus,
            negative_infinity=minus,
            negative=Cat(term.sign for term in terms).all(),
        )

    def with_terms(self, terms: list[Status]) -> "Specials":
        """The same of other terms."""
        return replace(Specials.of_terms(terms), exponent=self.exponent)
