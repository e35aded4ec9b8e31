"""Number formats: what each code means, and which code an exact value becomes.

A `Format` is one frozen value object, shared by golden models, hardware, file names, cache
keys and manifests. It holds the fields as stored; all else is derived from them.
"""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .rounder import round_exact
from .rounding import Flags, Overflow, Rounding, choice

__all__ = ["Format", "Scalar", "Specials", "code_dtype", "fixed_point", "integer", "p3109"]

#: Widest format: float32 and 32-bit integers.
MAX_WIDTH = 32

#: The bias that the other fields give.
DERIVED: Any = None


class Specials(StrEnum):
    """Which codes are infinities and NaN instead of finite values."""

    #: All codes are finite (FFP8, OCP FP6 and FP4, integers).
    NONE = "none"
    #: Exponent all ones: infinity where the fraction is 0, NaN elsewhere (IEEE 754-2019).
    IEEE = "ieee"
    #: Magnitude all ones is NaN; no infinity (OCP E4M3; P3109 unsigned finite).
    FN = "fn"
    #: The code of negative zero is NaN; no infinity and no negative zero (P3109 signed finite).
    FNUZ = "fnuz"
    #: P3109 extended. Signed: negative zero is NaN, magnitude all ones is infinity.
    #: Unsigned: all ones is NaN, and the code below it is infinity.
    EXTENDED = "extended"


class MagnitudeCodes(NamedTuple):
    """Codes of a format's special magnitudes, without the sign bit."""

    max_finite: int
    infinity: int | None
    #: NaN are the magnitudes from the first to the last of these, both included.
    nan: tuple[int, int] | None


@dataclass(frozen=True, kw_only=True)
class Format:
    """A scalar number format of 2 to 32 bits.

    A code holds, from the most significant bit: the sign (where present), the exponent field
    E and the fraction field F. With m = `fraction` and b = `bias`:

    * E > 0: (-1)^S 2^(E-b) (1 + F/2^m)
    * E = 0, or no exponent field: (-1)^S 2^(1-b) F/2^m. With `subnormals` off this is zero;
      with `zero` off, E = 0 is an exponent like any other.

    With `complement`, the code is a two's complement integer times 2^(1-b-m).

    Parameters
    ----------
    sign
        Whether there is a sign bit.
    exponent
        Exponent bits; 0 for fixed point.
    fraction
        Fraction bits as stored (the implicit bit does not count).
    bias
        Any integer. Default: 2^(exponent-1) - 1, and 0 without an exponent field.
    subnormals
        Off: codes with E = 0 are zero, and results below the least normal are flushed to zero
        after they were rounded.
    specials
        Which codes are infinities and NaN.
    complement
        Negative values in two's complement (integers and fixed point).
    zero
        Off: there is no zero (OCP E8M0).

    Raises
    ------
    TypeError, ValueError
        If a field is of the wrong kind or out of range, or the fields contradict each other.
    """

    sign: bool = True
    exponent: int
    fraction: int
    bias: int = DERIVED
    subnormals: bool = True
    specials: Specials = Specials.NONE
    complement: bool = False
    zero: bool = True

    def __post_init__(self) -> None:
        for field in ("sign", "subnormals", "complement", "zero"):
            if not isinstance(getattr(self, field), bool):
                raise TypeError(f"Format {field} must be a bool, not {getattr(self, field)!r}")
        for field in ("exponent", "fraction"):
            bits = getattr(self, field)
            if not isinstance(bits, int) or isinstance(bits, bool):
                raise TypeError(f"Format {field} must be a number of bits, not {bits!r}")
            if bits < 0:
                raise ValueError(f"Format {field} must be 0 bits or more, not {bits}")
        if self.bias is None:
            bias = 2 ** (self.exponent - 1) - 1 if self.exponent else 0
            object.__setattr__(self, "bias", bias)
        if not isinstance(self.bias, int) or isinstance(self.bias, bool):
            raise TypeError(f"Format bias must be an integer, not {self.bias!r}")
        object.__setattr__(self, "specials", choice(Specials, self.specials, "Format specials"))
        if not 2 <= self.width <= MAX_WIDTH:
            raise ValueError(f"Format width must be 2 to {MAX_WIDTH} bits, not {self.width}")
        if self.magnitude_width == 0:
            raise ValueError("Format must have an exponent or a fraction, not a sign alone")
        if self.exponent > 16:
            raise ValueError(f"Format exponent must be at most 16 bits, not {self.exponent}")
        self._check_combination()

    def _check_combination(self) -> None:
        if self.exponent == 0:
            if not self.subnormals or not self.zero:
                raise ValueError(
                    "Format without an exponent field must have subnormals and a zero, "
                    "because it has nothing else"
                )
            if self.specials is Specials.IEEE:
                raise ValueError("Format with IEEE specials must have an exponent field")
        if self.complement and not (
            self.sign and self.exponent == 0 and self.specials is Specials.NONE
        ):
            raise ValueError(
                "Format in two's complement must have a sign, no exponent and no specials"
            )
        if self.specials is Specials.FNUZ and not self.sign:
            raise ValueError("Format with fnuz specials must have a sign, where its NaN is")
        if not self.zero and (self.sign or self.fraction or self.subnormals):
            raise ValueError("Format without zero must have no sign, no fraction and no subnormals")
        if self.max_index < self.min_index:
            raise ValueError(f"Format {self.spelling} must have a finite value other than zero")

    # Derived properties.

    @property
    def width(self) -> int:
        """Bits of a code."""
        return self.sign + self.exponent + self.fraction

    @property
    def magnitude_width(self) -> int:
        """Bits of a code without its sign."""
        return self.exponent + self.fraction

    @property
    def codes(self) -> np.ndarray:
        """All codes, in ascending order."""
        return np.arange(2**self.width, dtype=code_dtype(self.width))

    @property
    def min_exponent(self) -> int:
        """Exponent of the least normal value; of the implicit bit's place without exponents."""
        return 1 - self.bias if self.zero else -self.bias

    @property
    def quantum_exponent(self) -> int:
        """Exponent of the distance between the least values."""
        return self.min_exponent - self.fraction

    @property
    def significand_width(self) -> int:
        """Bits of the widest significand, the implicit bit and that of -2^m included."""
        return self.fraction + (1 if self.exponent or self.complement else 0)

    @cached_property
    def magnitude_codes(self) -> MagnitudeCodes:
        top = 2**self.magnitude_width - 1
        match self.specials:
            case Specials.NONE | Specials.FNUZ:
                return MagnitudeCodes(top, None, None)
            case Specials.FN:
                return MagnitudeCodes(top - 1, None, (top, top))
            case Specials.IEEE:
                infinity = (2**self.exponent - 1) << self.fraction
                nan = (infinity + 1, top) if self.fraction else None
                return MagnitudeCodes(infinity - 1, infinity, nan)
            case Specials.EXTENDED:
                if self.sign:
                    return MagnitudeCodes(top - 1, top, None)
                return MagnitudeCodes(top - 2, top - 1, (top, top))

    @property
    def has_infinity(self) -> bool:
        return self.magnitude_codes.infinity is not None

    @property
    def nan_code(self) -> int | None:
        """The NaN that results carry (IEEE: the quiet one without sign); None without NaN."""
        if self.sign and self.specials in (Specials.FNUZ, Specials.EXTENDED):
            return 2 ** (self.width - 1)
        if self.magnitude_codes.nan is None:
            return None
        if self.specials is Specials.IEEE:
            assert self.magnitude_codes.infinity is not None
            return self.magnitude_codes.infinity | 1 << (self.fraction - 1)
        return self.magnitude_codes.nan[0]

    @property
    def has_nan(self) -> bool:
        return self.nan_code is not None

    @property
    def has_negative_zero(self) -> bool:
        """Whether a result may be a negative zero."""
        return (
            self.sign
            and not self.complement
            and self.specials not in (Specials.FNUZ, Specials.EXTENDED)
        )

    @property
    def max_index(self) -> int:
        """Magnitude code of the largest finite value (of the positive ones, in complement)."""
        return self.magnitude_codes.max_finite

    @property
    def min_index(self) -> int:
        """Magnitude code of the least value other than zero."""
        if not self.zero:
            return 0
        return 1 if self.subnormals else 2**self.fraction

    @property
    def max(self) -> Exact:
        """The largest finite value."""
        return self.unpack(np.array(self.max_index))

    @property
    def min_normal(self) -> Exact | None:
        """The least normal value, or None without an exponent field."""
        if not self.exponent:
            return None
        index = 2**self.fraction if self.zero else 0
        return self.unpack(np.array(index)) if index <= self.max_index else None

    @property
    def min_positive(self) -> Exact:
        """The least value above zero."""
        return self.unpack(np.array(self.min_index))

    # Names.

    @property
    def spelling(self) -> str:
        """The fields as text, which `Format.parse` reads: ``s1e4m3b7``, ``s1e4m3b7_fn_nosub``.

        Two's complement is spelled as fixed point: ``q6.2`` has 6 integer bits, the sign
        among them, and 2 fraction bits.
        """
        if self.complement:
            fraction = -self.quantum_exponent
            return f"q{self.width - fraction}.{fraction}"
        text = f"s{self.sign:d}e{self.exponent}m{self.fraction}b{self.bias}"
        if self.specials is not Specials.NONE:
            text += f"_{self.specials}"
        if not self.zero:
            text += "_nozero"
        elif not self.subnormals:
            text += "_nosub"
        return text

    @property
    def name(self) -> str:
        """The name people use, from the catalogue; the `spelling` where there is none."""
        from .catalogue import name_of  # The catalogue is made of formats.

        return name_of(self)

    @property
    def identifier(self) -> str:
        """The name, as a part of a Verilog identifier or a file name."""
        return self.name.replace("-", "n").replace(".", "p")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, text: str) -> "Format":
        """Make the format that a text names.

        Parameters
        ----------
        text
            A name of the catalogue (``e4m3fn``, ``float16``, ``int8``), fields
            (``s1e4m3b7``, ``s0e3m5``), fixed point (``q6.2``, ``uq1.15``) or a P3109 name
            (``binary8p4se``); fields and names may be followed by ``_ieee``, ``_fn``,
            ``_fnuz``, ``_extended`` and ``_nosub``.

        Raises
        ------
        ValueError
            If no format has this name; the message holds the nearest known name.
        """
        from .catalogue import parse  # The catalogue is made of formats.

        return parse(text)

    def replace(self, **fields: object) -> "Format":
        """A format with some fields changed."""
        return dataclasses.replace(self, **fields)  # type: ignore[arg-type]

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
        code = array.astype(np.int64)
        magnitude = code & (2**self.magnitude_width - 1)
        negative = (code >> self.magnitude_width == 1) if self.sign else np.zeros(code.shape, bool)
        field = magnitude >> self.fraction
        significand = magnitude & (2**self.fraction - 1)
        exponent = np.full(code.shape, self.quantum_exponent, np.int64)
        if self.complement:
            significand = np.where(negative, 2**self.magnitude_width - magnitude, magnitude)
        elif not self.zero:
            significand, exponent = significand + 1, exponent + field
        elif self.exponent:
            normal = field > 0
            hidden = np.where(normal, significand + 2**self.fraction, significand)
            significand = hidden if self.subnormals else np.where(normal, hidden, 0)
            exponent = exponent + np.maximum(field, 1) - 1
        nan, infinite = self._special(code, magnitude)
        return Exact(negative, significand, exponent, infinite, nan)

    def _special(self, code: np.ndarray, magnitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        special = self.magnitude_codes
        nan = np.zeros(code.shape, bool)
        if special.nan is not None:
            nan = (magnitude >= special.nan[0]) & (magnitude <= special.nan[1])
        elif self.nan_code is not None:
            nan = code == self.nan_code
        infinite = np.zeros(code.shape, bool)
        if special.infinity is not None:
            infinite = magnitude == special.infinity
        return nan, infinite

    def decode(self, codes: ArrayLike) -> np.ndarray:
        """The values of an array of codes, as float64.

        Raises
        ------
        ValueError
            If a value is no float64 (`unpack` takes formats of any range).
        """
        return self.unpack(codes).to_floats()

    # Values to codes.

    def encode(
        self,
        values: ArrayLike,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> np.ndarray:
        """The codes of an array of floats or integers, each rounded once."""
        return self.round(Exact.from_floats(values), rounding, overflow)[0]

    def round(
        self,
        exact: Exact,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
    ) -> tuple[np.ndarray, Flags]:
        """Round exact values once: the codes, and the exceptions raised.

        Codes of magnitudes are in the order of the magnitudes, so a value lies between the
        magnitudes of two successive codes (called indices here), and `rounding` takes one of
        them. A tie goes to the even code, as in P3109; with a fraction field that is IEEE
        754's rule.

        * NaN becomes NaN, and zero with `invalid` in a format without NaN.
        * Infinity overflows. An index above the largest finite one does so, too; rounding
          toward zero never gets there from a finite value.
        * A negative value into a format without a sign becomes zero, with `invalid`.
        * A zero keeps its sign where the format has a negative zero. A format without zero
          gets its least value, with `underflow`.
        """
        mode, policy = (
            choice(Rounding, rounding, "Rounding"),
            choice(Overflow, overflow, "Overflow"),
        )
        codes, flags = round_exact(self, exact, mode, policy)
        return codes.astype(code_dtype(self.width)), flags


@dataclass(frozen=True)
class Scalar:
    """A code with its format: a value that keeps -0 and which NaN it is."""

    fmt: Format
    code: int

    def __post_init__(self) -> None:
        if self.code not in range(2**self.fmt.width):
            raise ValueError(
                f"Code of {self.fmt} must be 0 to {2**self.fmt.width - 1}, not {self.code!r}"
            )

    def __float__(self) -> float:
        return float(self.fmt.decode(np.array(self.code)))

    def __repr__(self) -> str:
        digits = -(-self.fmt.width // 4)
        try:
            value = repr(float(self))
        except ValueError:  # Beyond float64.
            value = self.fmt.unpack(np.array([self.code])).to_texts()[0]
        return f"{self.fmt}({value}, 0x{self.code:0{digits}x})"


def code_dtype(width: int) -> np.dtype:
    """The narrowest dtype for codes of a width: an unsigned integer, object above 64 bits."""
    for bits in (8, 16, 32, 64):
        if width <= bits:
            return np.dtype(f"uint{bits}")
    return np.dtype(object)


def fixed_point(integer_bits: int, fraction_bits: int, *, sign: bool = True) -> Format:
    """Fixed point: two's complement with the sign among the integer bits, or unsigned."""
    width = integer_bits + fraction_bits
    if not 2 <= width <= MAX_WIDTH:
        raise ValueError(f"Fixed point width must be 2 to {MAX_WIDTH} bits, not {width}")
    stored = width - sign
    bias = 1 - stored + fraction_bits
    return Format(sign=sign, exponent=0, fraction=stored, bias=bias, complement=sign)


def integer(width: int, *, sign: bool = True) -> Format:
    """An integer: two's complement, or unsigned."""
    return fixed_point(width, 0, sign=sign)


def p3109(width: int, precision: int, *, sign: bool = True, extended: bool = True) -> Format:
    """A format of IEEE P3109 (interim report v4.0): Binary{K}p{P}{s|u}{e|f}.

    The precision counts the implicit bit. The bias is 2^(K-P-1) signed, 2^(K-P) unsigned.
    """
    if not 1 <= precision <= width - sign:
        raise ValueError(
            f"P3109 precision must be 1 to {width - sign} in {width} bits, not {precision}"
        )
    exponent = width - precision + (not sign)
    finite = Specials.FNUZ if sign else Specials.FN
    return Format(
        sign=sign,
        exponent=exponent,
        fraction=precision - 1,
        bias=2 ** (width - precision - sign),
        specials=Specials.EXTENDED if extended else finite,
    )


#: Fields as text; the suffixes are read by the catalogue's parser.
FIELDS = re.compile(r"s([01])e(\d+)m(\d+)(?:b(-?\d+))?")
