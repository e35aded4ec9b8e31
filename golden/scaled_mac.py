"""The multiply-accumulate of integers with a scale per vector.

Keller et al. 2023, A 95.6-TOPS/W Deep Learning Inference Accelerator With Per-Vector Scaled
4-bit Quantization in 5 nm, IEEE JSSC 58(4), Eq. 2:

    S' = C(S + (sum of a_i b_i) * R(s_a s_b))

The chip has 64 lanes of INT4 with 8-bit scales (or 32 of INT8 without), rounds the product of
the scales from 16 to 8 bits and accumulates in 24 bits with saturation. Which 8 of the 16 bits
these are, and how they are rounded, is not said; here it is the upper ones, and `rounding` says
how.
"""

from dataclasses import dataclass

import numpy as np

from .exact import Exact
from .formats import Format, fixed_point, integer
from .ranges import Range, value_range
from .rounding import Rounding, choice

__all__ = ["ScaledMac", "Step"]

INT4 = integer(4)

#: Widest accumulator, so that int64 holds its sums.
MAX_ACCUMULATOR = 60


@dataclass(frozen=True)
class Step:
    """What a step leaves: the accumulators, and which of them it saturated."""

    total: np.ndarray
    saturated: np.ndarray


@dataclass(frozen=True, kw_only=True)
class ScaledMac:
    """The parameters of Eq. 2.

    The product of the scales is rounded to `factor_bits`, of which the last stands for
    2^(`scale_a` + `scale_b` - `factor_bits`); the accumulator counts in this unit. A product
    that rounding carries beyond the largest factor is that one.

    Parameters
    ----------
    a, b
        Formats of the operands: integers, or fixed point.
    ways
        Products in a dot product: the length of a vector.
    symmetric
        Whether the operands leave out the least code of two's complement.
    scale_a, scale_b
        Bits of the scales, which are unsigned.
    factor_bits
        Bits of the rounded product of the scales: all, if it is the sum of theirs.
    rounding
        Rounding of that product.
    accumulator
        Bits of the accumulator, in two's complement.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    a: Format = INT4
    b: Format = INT4
    ways: int = 64
    symmetric: bool = False
    scale_a: int = 8
    scale_b: int = 8
    factor_bits: int = 8
    rounding: Rounding = Rounding.HALF_AWAY
    accumulator: int = 24

    def __post_init__(self) -> None:
        rounding = choice(Rounding, self.rounding, "Rounding")
        if rounding.stochastic:
            raise ValueError(f"Rounding of scales must not be stochastic, not {rounding}")
        object.__setattr__(self, "rounding", rounding)
        for name in ("a", "b"):
            fmt = getattr(self, name)
            if fmt.exponent or fmt.has_nan or fmt.has_infinity:
                raise ValueError(f"Operand {name} must be an integer or fixed point, not {fmt}")
        if self.ways < 1:
            raise ValueError(f"Ways must be 1 or more, not {self.ways}")
        for name in ("scale_a", "scale_b"):
            if not 2 <= getattr(self, name) <= 16:
                raise ValueError(f"{name} must be 2 to 16 bits, not {getattr(self, name)}")
        if not 2 <= self.factor_bits <= self.scale_a + self.scale_b:
            raise ValueError(
                f"factor_bits must be 2 to {self.scale_a + self.scale_b}, not {self.factor_bits}"
            )
        if not 2 <= self.accumulator <= MAX_ACCUMULATOR:
            raise ValueError(
                f"Accumulator must be 2 to {MAX_ACCUMULATOR} bits, not {self.accumulator}"
            )
        if self.scaled.width > MAX_ACCUMULATOR:
            raise ValueError(
                f"Scaled dot product must be at most {MAX_ACCUMULATOR} bits, not "
                f"{self.scaled.width}"
            )

    # Ranges, from which the widths come.

    def operand(self, fmt: Format) -> Range:
        """The integers that an operand can be."""
        found = value_range(fmt)
        return Range(max(found.low, -found.high), found.high, 0) if self.symmetric else found

    @property
    def dot(self) -> Range:
        """The dot products."""
        one = self.operand(self.a) * self.operand(self.b)
        return Range(one.low * self.ways, one.high * self.ways, one.unit)

    @property
    def factor_format(self) -> Format:
        """The format of the rounded product of the scales."""
        dropped = self.scale_a + self.scale_b - self.factor_bits
        return fixed_point(self.scale_a + self.scale_b, -dropped, sign=False)

    @property
    def factor(self) -> Range:
        """The rounded products of the scales, in the unit of the factor."""
        top = (2**self.scale_a - 1) * (2**self.scale_b - 1)
        codes, _ = self.factor_format.round(Exact.from_integers(np.array(top)), self.rounding)
        return Range(0, int(codes), 0)

    @property
    def scaled(self) -> Range:
        """The dot products times factors: what is added to the accumulator."""
        return self.dot * self.factor

    # Arithmetic.

    def round_scales(self, scale_a: np.ndarray, scale_b: np.ndarray) -> np.ndarray:
        """The rounded products of scales, as integers."""
        product = np.asarray(scale_a).astype(np.int64) * np.asarray(scale_b).astype(np.int64)
        codes, _ = self.factor_format.round(Exact.from_integers(product), self.rounding)
        return codes.astype(np.int64)

    def step(
        self,
        total: np.ndarray,
        a: np.ndarray,
        b: np.ndarray,
        scale_a: np.ndarray,
        scale_b: np.ndarray,
    ) -> Step:
        """One step: codes of operands (the last axis is a vector) and scales, to accumulators."""
        products = integers(self.a, a) * integers(self.b, b)
        added = products.sum(axis=-1) * self.round_scales(scale_a, scale_b)
        wanted = np.asarray(total).astype(np.int64) + added
        limit = 2 ** (self.accumulator - 1)
        kept = np.clip(wanted, -limit, limit - 1)
        return Step(kept, np.asarray(kept != wanted))

    def accumulate(
        self, a: np.ndarray, b: np.ndarray, scale_a: np.ndarray, scale_b: np.ndarray
    ) -> Step:
        """Many steps from zero, along the first axis; `saturated` where any step did so."""
        scales = np.broadcast_arrays(scale_a, scale_b)
        state = Step(np.zeros(scales[0].shape[1:], np.int64), np.zeros(scales[0].shape[1:], bool))
        for operands in zip(a, b, *scales, strict=True):
            done = self.step(state.total, *operands)
            state = Step(done.total, state.saturated | done.saturated)
        return state


def integers(fmt: Format, codes: np.ndarray) -> np.ndarray:
    """Codes as integers, in the format's least step."""
    exact = fmt.unpack(codes)
    return np.where(exact.negative, -exact.significand, exact.significand)
