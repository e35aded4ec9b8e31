"""A published rule for the width of exact sums, to be compared with what ranges give.

The rule is that of Shedding the Bits (FPL 2024), for sums of n products of
integers or of floats without special codes. It counts bits. What this package builds,
`ffp8.golden.ranges.Range.width`, is the least width that holds the largest sum, so it is never
wider, and it is one bit or more narrower where

* the largest product of two floats times n does not need the bits that its factors have
  together: E2M3, E3M2 and E3M3 at n = 4608 take 25, 31 and 33 bits, not 26, 32 and 34;
* codes are infinities or NaN, so that the largest value is less than the exponent field allows;
* operands are integers, because the largest product of two's complement numbers of ra and rb
  bits has ra + rb - 1 bits: one bit, and another where n is no power of two.

Both agree where the bits of the largest factors, and those of n, are all needed: E2M3 and E3M2
at n = 1 and 2. The rule has no addend; with one, the width is that of both ranges together.
"""

from .formats import Format

__all__ = ["rule_of_floats", "rule_of_integers"]


def rule_of_integers(a: int, b: int, terms: int) -> int:
    """Bits for so many products of integers of a and b bits."""
    return a + b + ceil_log2(terms) + 1


def rule_of_floats(a: Format, b: Format, terms: int) -> int:
    """Bits for so many products of floats; all their codes are taken as finite."""
    fields = sum(2**fmt.exponent + fmt.fraction for fmt in (a, b))
    return fields + ceil_log2(terms) - 1


def ceil_log2(number: int) -> int:
    return (number - 1).bit_length()
