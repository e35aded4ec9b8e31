"""Posits: formats whose fraction is the longer the nearer a magnitude is to one.

The values and their rounding are those of the Standard for Posit Arithmetic (2022), which has
es = 2 for all widths; es is a parameter in Gustafson and Yonemoto 2017, Beating Floating Point
at its Own Game (Supercomputing Frontiers and Innovations 4(2)), from which posit(8,0) is.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .exact import INT64_BITS, Exact, bit_length
from .rounding import Flags, Overflow, RandomBits, Rounding
from .scalar_format import MAX_WIDTH, ScalarFormat

__all__ = ["Posit"]

#: Narrowest posit: one bit is left besides the sign and the first of the regime.
MIN_WIDTH = 3

MAX_ES = 5


@dataclass(frozen=True, kw_only=True)
class Posit(ScalarFormat):
    """A posit of `n` bits with up to `es` exponent bits.

    Code 0 is zero and code 2^(n-1) is NaR, the only special one, which is this package's NaN.
    The code of -x is the two's complement of that of x. The n - 1 bits below the sign of a
    positive code are

    * the regime, a run of R equal bits, up to the first bit that differs, which belongs to it:
      r = R - 1 for ones, -R for zeros;
    * up to `es` exponent bits e; those that do not fit are zero;
    * the fraction f, of which any number of bits may be left.

    The value is 2^(r 2^es + e) (1 + f).

    Rounding: the bits of a magnitude as those of a code without end, cut to n bits. So the
    middle between two codes is the code of n + 1 bits between them, which is not the mean of
    their values where exponent bits are cut. A tie of `nearest-even` goes to the even code.

    * A magnitude above the largest becomes the largest, with `overflow`, and one below the
      least becomes the least, with `underflow`, whatever the rounding: no value becomes zero,
      and no finite one NaR. That a magnitude beyond is not the largest is `inexact`.
    * Infinity becomes the largest value, too, if overflow saturates, and NaR otherwise (which
      is the standard's conversion).

    Raises
    ------
    TypeError, ValueError
        If a number of bits is none or out of range.
    """

    kind: ClassVar[str] = "a posit"

    n: int
    es: int
    sign: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        for name, low, high in (("n", MIN_WIDTH, MAX_WIDTH), ("es", 0, MAX_ES)):
            bits = getattr(self, name)
            if not isinstance(bits, int) or isinstance(bits, bool):
                raise TypeError(f"Posit {name} must be a number of bits, not {bits!r}")
            if not low <= bits <= high:
                raise ValueError(f"Posit {name} must be {low} to {high} bits, not {bits}")

    @property
    def width(self) -> int:
        return self.n

    @property
    def fraction(self) -> int:
        """Most bits of a fraction: those that the shortest regime leaves."""
        return max(self.n - 3 - self.es, 0)

    @property
    def max_exponent(self) -> int:
        """Exponent of the largest value, and that of the least one with another sign."""
        return (self.n - 2) << self.es

    @property
    def has_infinity(self) -> bool:
        return False

    @property
    def nan_code(self) -> int:
        """NaR."""
        return 2 ** (self.n - 1)

    @property
    def has_negative_zero(self) -> bool:
        return False

    @property
    def max_code(self) -> int:
        """The code of the largest value."""
        return self.nan_code - 1

    @property
    def max(self) -> Exact:
        return self.unpack(np.array(self.max_code))

    @property
    def min_positive(self) -> Exact:
        return self.unpack(np.array(1))

    @property
    def quantum_exponent(self) -> int:
        """As in `ScalarFormat`: exponent of the least value.

        A regime longer by a bit is a factor of 2^(2^es), and leaves a bit less of the fraction.
        """
        return -self.max_exponent

    @property
    def significand_width(self) -> int:
        return self.fraction + 1

    @property
    def max_significand(self) -> int:
        return 2**self.significand_width - 1

    @property
    def max_exponent_field(self) -> int:
        return 2 * self.max_exponent

    @property
    def exponent_offset(self) -> int:
        """As in `ScalarFormat`: an exponent field counts from the least value."""
        return -self.max_exponent - self.fraction

    @property
    def spelling(self) -> str:
        """Width and es: ``posit8_2``, which `ScalarFormat.parse` reads."""
        return f"posit{self.n}_{self.es}"

    @property
    def corners(self) -> set[int]:
        one = 2 ** (self.n - 2)
        near = {place + step for place in (0, one, self.nan_code) for step in (-2, -1, 0, 1, 2)}
        return {code % 2**self.n for code in near | {-code for code in near}}

    def _unpack(self, code: np.ndarray) -> Exact:
        n = self.n
        negative = code >> (n - 1) == 1
        nan = code == self.nan_code
        body = np.where(negative, -code, code) & (2 ** (n - 1) - 1)
        known = body > 0
        ones = body >> (n - 2) == 1
        run = n - 1 - bit_length(np.where(ones, body ^ (2 ** (n - 1) - 1), body))
        regime = np.where(ones, run - 1, -run)
        left = np.maximum(n - 2 - run, 0)  # Bits behind the regime.
        size = self.es + self.fraction
        tail = (body & ((np.int64(1) << left) - 1)) << (size - left)
        exponent = (regime << self.es) + (tail >> self.fraction) - self.fraction
        significand = (tail & (2**self.fraction - 1)) + 2**self.fraction
        return Exact(
            negative=negative & ~nan,
            significand=np.where(known, significand, 0),
            exponent=np.where(known, exponent, self.exponent_offset),
            infinite=np.zeros(code.shape, bool),
            nan=nan,
        )

    def unpack_fields(self, codes: ArrayLike) -> Exact:
        """As in `ScalarFormat`; both fields of zero and NaR are zero."""
        return self.unpack(codes)

    def _round(
        self, exact: Exact, rounding: Rounding, overflow: Overflow, random: RandomBits | None
    ) -> tuple[np.ndarray, Flags]:
        known = exact.finite & ~exact.zero
        significand = np.where(known, exact.significand, 1)
        log2 = np.where(known, exact.magnitude_log2, 0)
        largest = self.max_exponent
        index, lost = self._cut(significand, np.clip(log2, -largest, largest), rounding, random)
        small = known & (log2 < -largest)
        over = exact.infinite | (known & ((log2 > largest) | ((log2 == largest) & lost)))
        index = np.where(small, 1, np.where(over, self.max_code, index))
        index = np.where(exact.zero, 0, index)
        codes = np.where(exact.negative, -index, index) & (2**self.n - 1)
        nar = exact.nan | (exact.infinite & (overflow is Overflow.SPECIAL))
        flags = Flags(
            overflow=over,
            underflow=small,
            inexact=(known & lost) | small | over,
            invalid=np.zeros(codes.shape, bool),
        )
        return np.where(nar, self.nan_code, codes), flags

    def _cut(
        self,
        significand: np.ndarray,
        log2: np.ndarray,
        rounding: Rounding,
        random: RandomBits | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Codes of magnitudes within the range, and whether something was cut off.

        The leading one of a significand has the exponent `log2`.
        """
        regime, exponent = log2 >> self.es, log2 & (2**self.es - 1)
        ones = np.maximum(regime + 1, 0)
        run = np.where(regime >= 0, ones, -regime)
        head = np.where(regime >= 0, (np.int64(1) << (ones + 1)) - 2, 1)
        head = (head << self.es) | exponent
        size = bit_length(significand) - 1  # Bits of the fraction.
        drop = run + 1 + self.es + size - (self.n - 1)
        room = 4 if random is None else random.bits + 2
        if int((run + self.es + size + np.abs(drop)).max(initial=0)) + room > INT64_BITS:
            head, significand, size, drop = (
                x.astype(object) for x in (head, significand, size, drop)
            )
        one = size * 0 + 1
        bits = (head << size) | (significand - (one << size))
        right = np.maximum(drop, 0)
        below = bits >> right
        rest = bits - (below << right)
        lost = np.asarray(rest > 0, bool)
        index = (below << np.maximum(-drop, 0)).astype(np.int64)
        return index + (lost & rounding.goes_up(index, rest, one << right, random)), lost
