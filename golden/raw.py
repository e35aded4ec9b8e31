"""Exact results before rounding, as bits: the operand form between the parts of a block."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from .any_format import AnyFormat
from .exact import Exact
from .scalar_format import code_dtype

__all__ = ["RawFormat"]

FIELDS = ("significand", "exponent", "sign", "infinity", "nan")

NAME = re.compile(r"raw_m(\d+)e(\d+)b(-?\d+)(?:_(s|c)?(i)?(n)?)?")


@dataclass(frozen=True, kw_only=True)
class RawFormat(AnyFormat):
    """An unpacked, not normalised float: value (-1)^sign * significand * 2^(exponent - bias).

    A code holds, from the least significant bit: significand, exponent (unsigned), and one
    bit each for the sign, infinity and NaN, where those can occur. A value may have several
    codes, so blocks state which of them they give. Where the infinity or NaN bit is set, the
    significand and exponent are those of the operands' fields taken as finite numbers, unless
    the block states something else.

    With `complement`, the significand is in two's complement and there is no sign bit besides:
    the significand's first bit is the sign, of infinity too.
    """

    kind: ClassVar[str] = "one of raw fields"

    significand: int
    exponent: int
    bias: int
    sign: bool
    infinity: bool
    nan: bool
    complement: bool = False

    def __post_init__(self) -> None:
        if self.significand < 1:
            raise ValueError(f"Raw significand must be 1 bit or more, not {self.significand}")
        if self.exponent < 0:
            raise ValueError(f"Raw exponent must be 0 bits or more, not {self.exponent}")
        if self.complement and self.sign:
            raise ValueError("Raw sign must be off in two's complement, which holds it")

    @property
    def fields(self) -> dict[str, int]:
        """Bits of each field, from the least significant; those of no bits are left out."""
        bits = {name: int(getattr(self, name)) for name in FIELDS}
        return {name: count for name, count in bits.items() if count}

    @property
    def width(self) -> int:
        return sum(self.fields.values())

    @property
    def name(self) -> str:
        """The fields as text: ``raw_m8e5b20_sn`` has a sign and NaN, but no infinity.

        A ``c`` in place of the ``s`` stands for two's complement.
        """
        flags = "s" * self.sign + "c" * self.complement + "i" * self.infinity + "n" * self.nan
        return f"raw_m{self.significand}e{self.exponent}b{self.bias}" + (flags and "_" + flags)

    @classmethod
    def of_name(cls, text: str) -> "RawFormat | None":
        """The format of a name, or None if it is no name of one."""
        match = NAME.fullmatch(text)
        if match is None or text.endswith("_"):
            return None
        significand, exponent, bias, sign, infinity, nan = match.groups()
        return cls(
            significand=int(significand),
            exponent=int(exponent),
            bias=int(bias),
            sign=sign == "s",
            complement=sign == "c",
            infinity=bool(infinity),
            nan=bool(nan),
        )

    def join(self, **fields: ArrayLike) -> np.ndarray:
        """Codes with the given fields."""
        dtype = np.dtype(np.uint64) if self.width <= 64 else np.dtype(object)
        code = np.zeros((), dtype)
        offset = 0
        for name, bits in self.fields.items():
            code = code | (np.asarray(fields[name]).astype(dtype) << dtype.type(offset))
            offset += bits
        return code.astype(code_dtype(self.width))

    def split(self, codes: ArrayLike) -> dict[str, np.ndarray]:
        """The fields of an array of codes; zeros for those of no bits."""
        array = np.asarray(codes)
        rest = array.astype(object) if self.width > 62 else array.astype(np.int64)
        absent = np.zeros_like(rest)
        fields: dict[str, np.ndarray] = dict.fromkeys(FIELDS, absent)
        for name, bits in self.fields.items():
            fields[name], rest = rest & (2**bits - 1), rest >> bits
        return fields

    def unpack(self, codes: ArrayLike) -> Exact:
        """The exact values of an array of codes."""
        fields = self.split(codes)
        negative, significand = fields["sign"].astype(bool), fields["significand"]
        if self.complement:
            negative = (significand >> self.significand - 1).astype(bool)
            significand = np.where(negative, 2**self.significand - significand, significand)
        return Exact(
            negative=negative,
            significand=significand,
            exponent=fields["exponent"].astype(np.int64) - self.bias,
            infinite=fields["infinity"].astype(bool),
            nan=fields["nan"].astype(bool),
        )
