"""Vector quantizer: blocks of values streamed in, their scales and elements streamed out."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .block import option, random_bits_option
from .block_format import BlockFormat, ScaleRule
from .formats import Format, fixed_point
from .ports import Direction, Port, Role
from .quantizer_options import (
    SCALE_OVERFLOW,
    maximum_option,
    reciprocal_bits_option,
    unrounded_option,
    value_bits_option,
)
from .ratio import largest_magnitude
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .stream import StreamConfig, stream_ports

__all__ = ["MAX_COMPARED", "VectorQuantizerConfig", "magnitude_format", "quantise_vectors"]

#: Most magnitudes of an element, zero among them, that are found by comparisons.
MAX_COMPARED = 16


@dataclass(frozen=True, kw_only=True)
class VectorQuantizerConfig(StreamConfig):
    """Vectors of values in a block format: a scale each, and narrow elements.

    What is found is `BlockFormat.quantise` of the values, to the bit.

    * A vector comes in beats of `lanes` values, first values first, and leaves in as many beats
      of elements. All of these have the vector's scale, and the last one has `last`.
    * Where the block format has a tensor scale, that of a vector's last beat counts.
    * With `maximum` there is a port for the largest magnitude of the vector's values: NaN does
      not count, and infinity is one.
    * A power of two as a scale needs no division. With the rule `quotient`, elements of up to
      16 magnitudes are found by comparisons and are exact. Others need `reciprocal_bits`: values
      are multiplied by the reciprocal of their divisor, whose significand is rounded to so many
      bits behind the point. Their quotients are off by less than 2^-reciprocal_bits of themselves.
      With `value_bits`, values are cut to so many significant bits before they are multiplied, so
      that products are short. It takes less than 2^(1 - value_bits) of a quotient away.
    * The latency is `stages` ticks, and those of the divisions: one for each digit.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options contradict each other.
    """

    block: ClassVar[str] = "vector-quantizer"

    a: Format = option("format of the values")
    to: BlockFormat = option("block format of the results")
    lanes: int = option("values that come in a beat; divides the length of a block", minimum=1)
    rounding: Rounding = option("rounding of the elements", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    overflow: Overflow = option(SCALE_OVERFLOW, default=Overflow.SATURATE)
    unrounded: bool = unrounded_option()
    reciprocal_bits: int | None = reciprocal_bits_option()
    value_bits: int | None = value_bits_option()
    maximum: bool = maximum_option()
    stages: int = option("pipeline registers besides those of divisions", default=4, minimum=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        bits = block_random_bits(self.rounding, self.random_bits, None)
        object.__setattr__(self, "random_bits", bits)
        self._check_formats()
        if not 4 <= self.to.length <= 128:
            raise ValueError(f"Block length must be 4 to 128, not {self.to.length}")
        if self.to.length % self.lanes:
            raise ValueError(
                f"Option lanes must divide the {self.to.length} elements of a block, "
                f"not {self.lanes}"
            )
        if self.quotient:
            self._check_quotient()
        elif self.unrounded or self.reciprocal_bits is not None:
            name = "unrounded" if self.unrounded else "reciprocal_bits"
            raise ValueError(f"Option {name} must be absent with the rule {self.to.rule}")
        if self.value_bits is not None and self.reciprocal_bits is None:
            raise ValueError("Option value_bits must be absent without reciprocals")
        least, most = self.registers
        if not least <= self.stages <= most:
            raise ValueError(
                f"Option stages must be {least} to {most} for such vectors, not {self.stages}"
            )

    def _check_formats(self) -> None:
        used = {"a": self.a, "element": self.to.element, "tensor scale": self.to.tensor}
        for name, fmt in used.items():
            if fmt is not None and not (fmt.zero and fmt.step == 1):
                raise ValueError(f"Format of {name} must have a zero and radix 2, not {fmt}")
        scale = self.to.scale
        if scale.has_infinity and self.overflow is Overflow.SPECIAL:
            raise ValueError(
                f"Format of scale must have no infinity with overflow special, not {scale}"
            )
        if self.quotient:
            if scale.step != 1:
                raise ValueError(f"Format of scale must have radix 2, not {scale}")
        elif scale.zero or self.to.tensor is not None:
            raise ValueError(
                f"Blocks by the rule {self.to.rule} must have scales without zero, as E8M0, and no "
                f"tensor scale, not those of {self.to}"
            )

    def _check_quotient(self) -> None:
        if self.reciprocal_bits is None:
            many = self.to.element.max_index >= MAX_COMPARED
            odd = self.rounding.stochastic or self.rounding is Rounding.TO_ODD
            if many or self.unrounded or odd:
                why = (
                    f"elements of more than {MAX_COMPARED} magnitudes"
                    if many
                    else "unrounded"
                    if self.unrounded
                    else f"rounding {self.rounding}"
                )
                raise ValueError(f"Option reciprocal_bits must be given with {why}")

    @property
    def quotient(self) -> bool:
        """Whether scales are quotients instead of powers of two."""
        return self.to.rule is ScaleRule.QUOTIENT

    @property
    def registers(self) -> tuple[int, int]:
        """The least and the largest number of pipeline registers."""
        if not self.quotient:
            return 1, 8
        if self.reciprocal_bits is None:
            return 2, 12
        return (2, 10) if self.unrounded else (3, 13)

    @property
    def scale_digits(self) -> int:
        """Digits of the quotient that a scale is rounded from: one may be a zero in front, and
        one is for rounding."""
        return self.to.scale.significand_width + 2 if self.quotient else 0

    @property
    def reciprocal_digits(self) -> int:
        """Digits of a reciprocal: one before the point, and one for rounding."""
        return 0 if self.reciprocal_bits is None else self.reciprocal_bits + 2

    @property
    def latency(self) -> int:
        # Reciprocals wait for the scale if that is what is divided by.
        divisions = self.scale_digits, self.reciprocal_digits
        return self.stages + (max(divisions) if self.unrounded else sum(divisions))

    @property
    def beats(self) -> int:
        return self.to.length // self.lanes

    @property
    def results(self) -> int:
        return self.beats

    @property
    def ports(self) -> tuple[Port, ...]:
        inputs = [
            Port(
                name="a",
                direction=Direction.INPUT,
                format=self.a,
                elements=self.lanes,
                meaning="values of the vector",
            )
        ]
        if self.to.tensor is not None:
            meaning = "scale that many vectors share; that of a vector's last beat counts"
            inputs.append(
                Port(
                    name="tensor",
                    direction=Direction.INPUT,
                    format=self.to.tensor,
                    meaning=meaning,
                )
            )
        if self.random_bits:
            inputs.append(
                Port(
                    name="random",
                    direction=Direction.INPUT,
                    role=Role.RANDOM,
                    bits=self.random_bits,
                    elements=self.lanes,
                    meaning="random bits for the rounding of each element",
                )
            )
        outputs = [
            Port(
                name="out",
                direction=Direction.OUTPUT,
                format=self.to.element,
                elements=self.lanes,
                meaning="elements of the vector",
            ),
            Port(
                name="scale",
                direction=Direction.OUTPUT,
                format=self.to.scale,
                meaning="scale of the vector",
            ),
        ]
        if self.maximum:
            outputs.append(
                Port(
                    name="maximum",
                    direction=Direction.OUTPUT,
                    format=magnitude_format(self.a),
                    meaning="largest magnitude of the vector's values",
                )
            )
        outputs.append(
            Port(
                name="last",
                direction=Direction.OUTPUT,
                role=Role.LAST,
                meaning="the beat is the last one of its vector",
            )
        )
        return stream_ports(inputs, outputs)


def magnitude_format(fmt: Format) -> Format:
    """A format that has all magnitudes of a format's values: itself, but for two's complement."""
    if not fmt.complement:
        return fmt
    fraction = -fmt.quantum_exponent
    return fixed_point(fmt.width - fraction, fraction, sign=False)


def quantise_vectors(
    config: VectorQuantizerConfig, **operands: np.ndarray
) -> dict[str, np.ndarray]:
    """Quantise whole vectors, a beat an item.

    Parameters
    ----------
    operands
        Codes of `a` (beat, lane); with a tensor scale its codes `tensor` (beat), and with a
        stochastic rounding the words `random` (beat, lane). One lane has no axis of its own.

    Returns
    -------
    Codes of `out` (beat, lane), `scale` (beat), `maximum` where asked for (beat), and `last`.

    Raises
    ------
    ValueError
        If the beats are no whole number of vectors.
    """
    count = len(operands["a"])
    if count % config.beats:
        raise ValueError(f"Beats must be whole vectors of {config.beats}, not {count}")
    vectors = count // config.beats, config.to.length
    exact = config.a.unpack(operands["a"].reshape(vectors))
    tensor = random = None
    if config.to.tensor is not None:
        tensor = operands["tensor"][config.beats - 1 :: config.beats]
    if config.random_bits:
        random = RandomBits(operands["random"].reshape(vectors), config.random_bits)
    scale, elements = config.to.quantise(
        exact,
        tensor,
        rounding=config.rounding,
        overflow=config.overflow,
        random=random,
        unrounded=config.unrounded,
        reciprocal_bits=config.reciprocal_bits,
        value_bits=config.value_bits,
    )
    found = {
        "out": elements.reshape(operands["a"].shape),
        "scale": np.repeat(scale, config.beats),
    }
    if config.maximum:
        top = largest_magnitude(exact)
        codes, _ = magnitude_format(config.a).round(top, overflow=Overflow.SPECIAL)
        found["maximum"] = np.repeat(codes, config.beats)
    last = np.arange(count) % config.beats == config.beats - 1
    return found | {"last": last.astype(np.uint8)}
