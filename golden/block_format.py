"""Block formats: vectors of narrow elements that share a scale.

Microscaling (MX), NVFP4, VS-Quant and FFP8 with a shared exponent bias are all of this kind,
and differ in the element, the length, the scale and the rule by which a scale is found.
"""

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .formats import Format
from .ratio import cut, largest_magnitude, ratio, reciprocal, reduced
from .rounding import Overflow, RandomBits, Rounding, choice

__all__ = ["BlockFormat", "ScaleRule"]


class ScaleRule(StrEnum):
    """How the scale of a block comes from its largest magnitude.

    With the largest magnitude `amax`, divided by that of the tensor scale where there is one,
    and the largest element `max`, whose exponent is `emax`:
    """

    #: 2^(floor(log2 amax) - emax), as OCP MX v1.0 converts. An amax above max * scale saturates.
    FLOOR = "floor"
    #: The least power of two with which amax does not overflow after it is rounded to nearest.
    FIT = "fit"
    #: The least power of two with which amax is not above max * scale.
    CEIL = "ceil"
    #: amax / max, rounded to nearest, ties to even (VS-Quant Eq. 7, NVFP4).
    QUOTIENT = "quotient"


@dataclass(frozen=True, kw_only=True)
class BlockFormat:
    """`length` elements that share a scale: value = element * scale, times the tensor scale.

    Quantising has two steps, each of which rounds once: the scale is found by `rule` from the
    largest magnitude and rounded to its format, and each value is divided by the scale (by the
    product with the tensor scale, which is not rounded) and rounded to the element's format.

    * A scale beyond its format's largest is that one. With `Overflow.SPECIAL` it is NaN or
      infinity, where the format has such. Elements always saturate.
    * A block of zeros has the least scale (2^-127 in E8M0; zero where the format has a zero).
      Where the scale is zero, all elements are zero, with the signs of the values.
    * A NaN among the values makes the scale NaN, and with it all values of the block. If the
      scale's format has no NaN, the NaN does not count for the scale and becomes NaN as an
      element, or zero if the element has no NaN either.
    * Infinity makes the scale the largest one, and saturates as an element. With
      `Overflow.SPECIAL` the scale is NaN, where there is one.

    Parameters
    ----------
    element
        Format of the elements.
    length
        Number of elements.
    scale
        Format of the scale, which is not negative, whether there is a sign bit or not. All rules
        but `QUOTIENT` give powers of two.
    rule
        How the scale is found.
    tensor
        Format of a scale that many blocks share; absent if there is none.
    symmetric
        Elements in two's complement do not use their least code, so that they are -max to max.

    Raises
    ------
    TypeError, ValueError
        If a field is of the wrong kind or out of range, or the fields contradict each other.
    """

    element: Format
    length: int
    scale: Format
    rule: ScaleRule = ScaleRule.FLOOR
    tensor: Format | None = None
    symmetric: bool = False

    def __post_init__(self) -> None:
        for name in ("element", "scale", "tensor"):
            fmt = getattr(self, name)
            if not isinstance(fmt, Format) and not (name == "tensor" and fmt is None):
                raise TypeError(f"Block {name} must be a Format, not {fmt!r}")
        if not isinstance(self.length, int) or isinstance(self.length, bool):
            raise TypeError(f"Block length must be a number of elements, not {self.length!r}")
        if self.length < 1:
            raise ValueError(f"Block length must be 1 or more, not {self.length}")
        object.__setattr__(self, "rule", choice(ScaleRule, self.rule, "Block rule"))
        if self.symmetric and not self.element.complement:
            raise ValueError("Block must be symmetric only with elements in two's complement")

    @property
    def bits(self) -> int:
        """Bits of a block: its elements and its scale."""
        return self.length * self.element.width + self.scale.width

    @property
    def bits_per_element(self) -> Fraction:
        return Fraction(self.bits, self.length)

    @property
    def name(self) -> str:
        """The name people use, from the catalogue; the `spelling` where there is none."""
        from .block_catalogue import name_of  # The catalogue is made of formats.

        return name_of(self)

    @property
    def spelling(self) -> str:
        """The fields as text, which `BlockFormat.parse` reads: ``e2m1fn_x32_e8m0fnu_floor``."""
        text = f"{self.element}_x{self.length}_{self.scale}_{self.rule}"
        if self.symmetric:
            text += "_symmetric"
        return text if self.tensor is None else f"{text}_by_{self.tensor}"

    @property
    def identifier(self) -> str:
        """The name, as a part of a Verilog identifier or a file name."""
        return self.name.replace("-", "n").replace(".", "p")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, text: str) -> "BlockFormat":
        """Make the block format that a text names: of the catalogue, or a `spelling`.

        A spelling without a rule has `FLOOR` where scales are powers of two, else `QUOTIENT`.

        Raises
        ------
        ValueError
            If no format has this name; the message has the nearest known one.
        """
        from .block_catalogue import parse  # The catalogue is made of formats.

        return parse(text)

    def replace(self, **fields: object) -> "BlockFormat":
        """A block format with some fields changed."""
        return dataclasses.replace(self, **fields)  # type: ignore[arg-type]

    # Values to codes.

    def tensor_scale(self, exact: Exact) -> np.ndarray:
        """Codes of tensor scales with which the largest block scale is just not exceeded.

        That is amax / (max element * max scale), over the last axis, rounded to nearest. It is
        one where all values are zero.

        Raises
        ------
        ValueError
            If the format has no tensor scale.
        """
        if self.tensor is None:
            raise ValueError(f"Block format must have a tensor scale, not {self}")
        amax, top = largest_magnitude(exact), reduced(self.element.max) * reduced(self.scale.max)
        codes, _ = self.tensor.round(ratio(amax, top, self.tensor.significand_width))
        one = self.tensor.encode(1.0)
        return np.where(self.tensor.unpack(codes).zero, one, codes)

    def encode(
        self, values: ArrayLike, tensor: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The codes of floats or integers, with the defaults of `quantise`."""
        return self.quantise(Exact.from_floats(values), tensor)

    def quantise(
        self,
        exact: Exact,
        tensor: ArrayLike | None = None,
        *,
        rounding: Rounding = Rounding.NEAREST_EVEN,
        overflow: Overflow = Overflow.SATURATE,
        random: RandomBits | None = None,
        unrounded: bool = False,
        reciprocal_bits: int | None = None,
        value_bits: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """The codes of blocks: scales, and elements.

        Parameters
        ----------
        exact
            Values; the last axis is a block.
        tensor
            Codes of tensor scales, where the format has one: broadcast to the blocks.
        rounding
            Rounding of the elements.
        overflow
            What becomes of scales beyond the largest; elements saturate.
        random
            The random words of a stochastic rounding, one an element.
        unrounded
            Elements are divided by the scale before it was rounded, amax / max: VS-Quant's
            Eq. 7. For the rule `QUOTIENT`.
        reciprocal_bits
            Elements are not divided, but multiplied by the `reciprocal` of their divisor with so
            many fraction bits. A quotient then is off by less than 2^-bits of itself before it is
            rounded.
        value_bits
            Values that are multiplied are cut to so many significant bits. A quotient is less
            by less than 2^(1 - bits) of itself then.

        Raises
        ------
        ValueError
            If the last axis has not the length of the block, a tensor scale is missing or too
            much, or `unrounded` is asked for a rule of powers of two.
        """
        if exact.significand.shape[-1:] != (self.length,):
            raise ValueError(
                f"Values must have {self.length} to a block on the last axis, not the shape "
                f"{exact.significand.shape}"
            )
        if unrounded and self.rule is not ScaleRule.QUOTIENT:
            raise ValueError(f"Scale must be rounded with the rule {self.rule}")
        outer = self._tensor(tensor)
        amax = largest_magnitude(exact)
        nan = exact.nan.any(axis=-1) & self.scale.has_nan
        amax = dataclasses.replace(amax, nan=nan)
        scale, _ = self.scale.round(self._scale(amax, outer), overflow=overflow)
        top, divisor = Exact.from_integers(np.array(1)), self.scale.unpack(scale) * outer
        if unrounded:
            top = reduced(self.element.max)
            divisor = dataclasses.replace(amax, negative=amax.negative | outer.negative)
        column = expanded(divisor)
        if reciprocal_bits is None:
            width = self.element.significand_width + (0 if random is None else random.bits)
            quotient = ratio(reduced(exact) * top, column, width)
        else:
            factor = reciprocal(column, reciprocal_bits, int(top.significand))
            value = exact if value_bits is None else cut(exact, value_bits)
            quotient = times(value, factor.scaled(top.exponent))
        elements, _ = self.element.round(quotient, rounding, random=random)
        if self.symmetric:
            elements = elements + (elements == 2 ** (self.element.width - 1)).astype(elements.dtype)
        return scale, elements

    def _scale(self, amax: Exact, outer: Exact) -> Exact:
        """The scales before they are rounded."""
        outer = dataclasses.replace(outer, negative=np.zeros(outer.negative.shape, bool))
        if self.rule is ScaleRule.QUOTIENT:
            top = reduced(self.element.max) * outer
            return ratio(amax, top, self.scale.significand_width)
        width = self.element.significand_width
        inner = ratio(amax, outer, width)
        power = inner.magnitude_log2 - int(self.element.max.magnitude_log2)
        rest = inner.scaled(-power)
        if self.rule is ScaleRule.CEIL:
            power = power + above(rest, self.element.max, width)
        elif self.rule is ScaleRule.FIT:
            power = power + self.element.round(rest)[1].overflow
        known = inner.finite & ~inner.zero
        return dataclasses.replace(
            inner,
            significand=np.where(known, 1, 0).astype(np.int64),
            exponent=np.where(known, power, 0),
        )

    def _tensor(self, tensor: ArrayLike | None) -> Exact:
        """The tensor scales as values; one where the format has none."""
        if (tensor is None) != (self.tensor is None):
            wanted = "no tensor scale" if self.tensor is None else "a tensor scale"
            raise ValueError(f"Blocks of {self} must be given {wanted}")
        if self.tensor is None or tensor is None:
            return Exact.from_integers(np.array(1))
        return reduced(self.tensor.unpack(tensor))

    # Codes to values.

    def unpack(
        self, scale: ArrayLike, elements: ArrayLike, tensor: ArrayLike | None = None
    ) -> Exact:
        """The exact values of blocks of codes."""
        factor = self.scale.unpack(scale) * self._tensor(tensor)
        return self.element.unpack(elements) * expanded(factor)

    def decode(
        self, scale: ArrayLike, elements: ArrayLike, tensor: ArrayLike | None = None
    ) -> np.ndarray:
        """The values of blocks of codes, as float64."""
        return self.unpack(scale, elements, tensor).to_floats()


def expanded(exact: Exact) -> Exact:
    """The values with a last axis of one element, so that they are broadcast over blocks."""
    return Exact(*(np.asarray(part)[..., None] for part in vars(exact).values()))


def times(exact: Exact, factor: Exact) -> Exact:
    """Products of values and finite factors, in which infinity times zero is infinity."""
    product = reduced(exact) * factor
    infinite = exact.infinite & ~factor.nan
    return dataclasses.replace(product, infinite=infinite, nan=product.nan & ~infinite)


def above(exact: Exact, limit: Exact, width: int) -> np.ndarray:
    """Whether finite values are above a limit that is above zero."""
    # A quotient above one is one with a rest at least, since that is never lost.
    quotient = reduced(ratio(exact, limit, width))
    log2 = np.where(quotient.finite & ~quotient.zero, quotient.magnitude_log2, -1)
    return (log2 > 0) | ((log2 == 0) & (quotient.significand > 1))
