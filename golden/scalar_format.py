"""What all formats of numbers have in common, whatever their codes are made of."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .any_format import AnyFormat
from .exact import Exact
from .rounding import Flags, Overflow, RandomBits, Rounding, choice

__all__ = ["MAX_WIDTH", "ScalarFormat", "code_dtype"]

#: Widest format: float32 and 32-bit integers.
MAX_WIDTH = 32


class ScalarFormat(AnyFormat):
    """A format of numbers of 2 to 32 bits: a frozen value object.

    Codes are unsigned integers. Each is a finite value, an infinity or NaN, and has finite
    fields from which its value comes: a significand and an exponent field, both not negative,
    with value = significand * 2^(exponent field + `exponent_offset`). Exact products are made
    of those fields.

    Attributes
    ----------
    sign
        Whether there are negative values.
    """

    kind: ClassVar[str] = "a format of numbers"

    sign: bool

    @property
    @abstractmethod
    def has_infinity(self) -> bool: ...

    @property
    @abstractmethod
    def nan_code(self) -> int | None:
        """The NaN that results carry; None without NaN."""

    @property
    @abstractmethod
    def has_negative_zero(self) -> bool:
        """Whether a result may be a negative zero."""

    @property
    @abstractmethod
    def max(self) -> Exact:
        """The largest finite value."""

    @property
    @abstractmethod
    def min_positive(self) -> Exact:
        """The least value above zero."""

    @property
    @abstractmethod
    def quantum_exponent(self) -> int:
        """Exponent of the greatest power of two that all finite values are multiples of."""

    @property
    @abstractmethod
    def significand_width(self) -> int:
        """Bits of the widest significand, the implicit bit included."""

    @property
    @abstractmethod
    def max_significand(self) -> int:
        """The largest significand as an integer, codes of specials taken as finite numbers."""

    @property
    @abstractmethod
    def max_exponent_field(self) -> int:
        """The largest exponent field, with that of special codes."""

    @property
    @abstractmethod
    def exponent_offset(self) -> int:
        """Exponent of a significand's last bit, less the exponent field."""

    @property
    @abstractmethod
    def spelling(self) -> str:
        """The format as text, from what defines it."""

    @property
    @abstractmethod
    def corners(self) -> set[int]:
        """Codes where faults hide: limits, the least values, one, specials; neighbours too."""

    @abstractmethod
    def _unpack(self, code: np.ndarray) -> Exact:
        """The exact values of int64 codes, all in range."""

    @abstractmethod
    def _round(
        self, exact: Exact, rounding: Rounding, overflow: Overflow, random: RandomBits | None
    ) -> tuple[np.ndarray, Flags]:
        """Round exact values once, with random words of the same shape where they are needed."""

    @abstractmethod
    def unpack_fields(self, codes: ArrayLike) -> Exact:
        """The exact values of codes whose finite fields count even if they are special."""

    @property
    def has_nan(self) -> bool:
        return self.nan_code is not None

    @property
    def codes(self) -> np.ndarray:
        """All codes, in ascending order."""
        return np.arange(2**self.width, dtype=code_dtype(self.width))

    # Names.

    @property
    def name(self) -> str:
        """The name people use, from the catalogue; the `spelling` where there is none."""
        from .catalogue import name_of  # The catalogue is made of formats.

        return name_of(self)

    # Codes to values.

    def unpack(self, codes: ArrayLike) -> Exact:
        """The exact values of an array of codes.

        Raises
        ------
        TypeError, ValueError
            If the codes are no integers, or one is out of range.
        """
        array = np.asarray(codes)
        if array.dtype.kind not in "ui":
            raise TypeError(f"Codes must be integers, not {array.dtype}")
        for code in (array.min(), array.max()) if array.size else ():
            if not 0 <= int(code) < 2**self.width:
                raise ValueError(f"Codes of {self} must be 0 to {2**self.width - 1}, not {code}")
        return self._unpack(array.astype(np.int64))

    # Values to codes.

    def encode(
        self,
        values: ArrayLike,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
        random: RandomBits | None = None,
    ) -> np.ndarray:
        """The codes of an array of floats or integers, each rounded once; see `round`."""
        return self.round(Exact.from_floats(values), rounding, overflow, random)[0]

    def round(
        self,
        exact: Exact,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
        random: RandomBits | None = None,
    ) -> tuple[np.ndarray, Flags]:
        """Round exact values once: the codes, and the exceptions raised.

        What becomes of values beyond the largest, below the least and of specials is said in
        the class of the format.

        Parameters
        ----------
        random
            The random words of a stochastic rounding, of any shape that is broadcast with that
            of the values: the results have the shape of both.

        Raises
        ------
        ValueError
            If a stochastic rounding has no random words, or another one has any.
        """
        mode, policy = (
            choice(Rounding, rounding, "Rounding"),
            choice(Overflow, overflow, "Overflow"),
        )
        mode.check_random(random)
        if random is not None:
            shape = np.broadcast_shapes(exact.negative.shape, random.words.shape)
            exact = Exact(*(np.broadcast_to(part, shape) for part in vars(exact).values()))
            random = RandomBits(np.broadcast_to(random.words, shape), random.bits)
        codes, flags = self._round(exact, mode, policy, random)
        return codes.astype(code_dtype(self.width)), flags


def code_dtype(width: int) -> np.dtype:
    """The narrowest dtype for codes of a width: an unsigned integer, object above 64 bits."""
    for bits in (8, 16, 32, 64):
        if width <= bits:
            return np.dtype(f"uint{bits}")
    return np.dtype(object)
