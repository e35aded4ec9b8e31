"""Number formats: what each code means, and which code an exact value becomes.

A `Format` is one frozen value object, shared by golden models, hardware, file names, cache
keys and manifests. It holds the fields as stored; all else is derived from them. Formats of
other kinds share the base class `ScalarFormat` with it.
"""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .rounder import round_exact
from .rounding import Flags, Overflow, RandomBits, Rounding, choice
from .scalar_format import MAX_WIDTH, ScalarFormat, code_dtype

__all__ = [
    "Format",
    "Scalar",
    "Specials",
    "code_dtype",
    "fixed_point",
    "integer",
    "is_fixed_point",
    "p3109",
]

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
class Format(ScalarFormat):
    """A scalar number format of 2 to 32 bits.

    A code holds, from the most significant bit: the sign (where present), the exponent field
    E and the fraction field F. With m = `fraction` and b = `bias`:

    * E > 0: (-1)^S 2^(E-b) (1 + F/2^m)
    * E = 0, or no exponent field: (-1)^S 2^(1-b) F/2^m. With `subnormals` off this is zero;
      with `zero` off, E = 0 is an exponent like any other.

    With `complement`, the code is a two's complement integer times 2^(1-b-m).

    With `step` = 2 the radix is 4: E > 0 is (-1)^S 4^(E-b), and E = 0 is zero.

    Rounding: codes of magnitudes are in the order of the magnitudes, so a value lies between
    the magnitudes of two successive codes (called indices here), and it takes one of them. A
    tie of `nearest-even` goes to the even code, as in P3109; with a fraction field that is IEEE
    754's rule.

    * NaN becomes NaN, and zero with `invalid` in a format without NaN.
    * Infinity overflows. An index above the largest finite one does so, too; rounding toward
      zero never gets there from a finite value.
    * A negative value into a format without a sign becomes zero, with `invalid`.
    * A zero keeps its sign where the format has a negative zero. A format without zero gets
      its least value, with `underflow`.

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
    step
        What an exponent field counts, as a power of two: 1, or 2 for radix 4, which has no
        fraction.

    Raises
    ------
    TypeError, ValueError
        If a field is of the wrong kind or out of range, or the fields contradict each other.
    """

    kind: ClassVar[str] = "one of exponent and fraction fields"

    sign: bool = True
    exponent: int
    fraction: int
    bias: int = DERIVED
    subnormals: bool = True
    specials: Specials = Specials.NONE
    complement: bool = False
    zero: bool = True
    step: int = 1

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
        if isinstance(self.step, bool) or self.step not in (1, 2):
            raise ValueError(f"Format step must be 1, or 2 for radix 4, not {self.step!r}")
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
        if self.step == 2 and (self.fraction or not self.exponent or not self.zero):
            raise ValueError("Format of radix 4 must have a zero, an exponent and no fraction")
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
    def min_exponent(self) -> int:
        """Exponent of the least normal value; of the implicit bit's place without exponents."""
        return self.step * ((1 if self.zero else 0) - self.bias)

    @property
    def quantum_exponent(self) -> int:
        """As in `ScalarFormat`: exponent of the distance between the least values."""
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

    @property
    def max_significand(self) -> int:
        if self.complement:
            return 2**self.fraction
        return 2 ** (self.fraction + 1) - 1 if self.exponent else 2**self.fraction - 1

    @property
    def max_exponent_field(self) -> int:
        return self.step * (2**self.exponent - 1) if self.exponent else 0

    @property
    def exponent_offset(self) -> int:
        """As in `ScalarFormat`, for the exponent field times `step`, which is at least 1."""
        return self.quantum_exponent - (self.step if self.exponent and self.zero else 0)

    @property
    def corners(self) -> set[int]:
        unit = 2**self.fraction
        places = [0, self.max_index, unit, self.magnitude_codes.infinity, self.nan_code]
        places += [((2 ** (self.exponent - 1) - 1) if self.exponent else 0) * unit]
        near = {place + step for place in places if place is not None for step in (-1, 0, 1)}
        signs = (0, 2**self.magnitude_width) if self.sign else (0,)
        return {code + sign for code in near for sign in signs}

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
        if self.step == 2:
            text += "r4"
        if self.specials is not Specials.NONE:
            text += f"_{self.specials}"
        if not self.zero:
            text += "_nozero"
        elif not self.subnormals:
            text += "_nosub"
        return text

    def replace(self, **fields: object) -> "Format":
        """A format with some fields changed."""
        return dataclasses.replace(self, **fields)  # type: ignore[arg-type]

    # Codes to values.

    def _unpack(self, code: np.ndarray) -> Exact:
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
            exponent = exponent + self.step * (np.maximum(field, 1) - 1)
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

    def unpack_fields(self, codes: ArrayLike) -> Exact:
        return self.replace(specials=Specials.NONE).unpack(codes)

    def _round(
        self, exact: Exact, rounding: Rounding, overflow: Overflow, random: RandomBits | None
    ) -> tuple[np.ndarray, Flags]:
        return round_exact(self, exact, rounding, overflow, random)


@dataclass(frozen=True)
class Scalar:
    """A code with its format: a value that keeps -0 and which NaN it is."""

    fmt: ScalarFormat
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


def is_fixed_point(fmt: Format) -> bool:
    """Whether all codes are integers times a power of two: in two's complement, or unsigned."""
    plain = fmt.exponent == 0 and fmt.specials is Specials.NONE
    return plain and (fmt.complement or not fmt.sign)


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
FIELDS = re.compile(r"s([01])e(\d+)m(\d+)(?:b(-?\d+))?(r4)?")
