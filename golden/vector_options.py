"""Options of blocks whose results are quantised in vectors."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from .block import option
from .block_format import BlockFormat
from .formats import Format
from .quantizer_options import (
    SCALE_OVERFLOW,
    maximum_option,
    reciprocal_bits_option,
    unrounded_option,
    value_bits_option,
)
from .rounding import Overflow, Rounding
from .scalar_format import ScalarFormat
from .stream import StreamConfig
from .vector_quantizer import VectorQuantizerConfig

__all__ = ["VectorOptions"]


@dataclass(frozen=True, kw_only=True)
class VectorOptions(StreamConfig):
    """The block format of results, and how it is made; see `VectorQuantizerConfig`.

    A block says by `beat` what is quantised; without `to` that is its result.
    """

    #: Options that mean nothing without `to`, and what they are called in the quantizer.
    quantizer_options: ClassVar[dict[str, str]] = {
        "element_rounding": "rounding",
        "overflow": "overflow",
        "unrounded": "unrounded",
        "reciprocal_bits": "reciprocal_bits",
        "value_bits": "value_bits",
        "maximum": "maximum",
        "quantizer_stages": "stages",
    }

    to: BlockFormat | None = option(
        "block format of the results; values are not quantised if absent", default=None
    )
    element_rounding: Rounding = option("rounding of elements", default=Rounding.NEAREST_EVEN)
    overflow: Overflow = option(SCALE_OVERFLOW, default=Overflow.SATURATE)
    unrounded: bool = unrounded_option()
    reciprocal_bits: int | None = reciprocal_bits_option()
    value_bits: int | None = value_bits_option()
    maximum: bool = maximum_option()
    quantizer_stages: int | None = option(
        "pipeline registers of the quantizer besides those of divisions; its default if absent",
        default=None,
        minimum=1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # What the quantizer refuses is refused here.
        if self.quantizer is not None:
            return
        defaults = {opt.name: opt.default for opt in self.options()}
        for name in self.quantizer_options:
            if getattr(self, name) != defaults[name]:
                raise ValueError(
                    f"Option {name} must be left out without to, not {getattr(self, name)}"
                )

    @property
    def beat(self) -> tuple[ScalarFormat, int]:
        """The format of the values that are quantised, and how many come in a beat."""
        raise NotImplementedError

    @cached_property
    def quantizer(self) -> VectorQuantizerConfig | None:
        """The configuration of the quantizer of the values; None without one."""
        if self.to is None:
            return None
        given = {theirs: getattr(self, ours) for ours, theirs in self.quantizer_options.items()}
        if given["stages"] is None:
            del given["stages"]
        fmt, lanes = self.beat
        if not isinstance(fmt, Format):
            raise ValueError(f"Values must be floats or in fixed point with to, not {fmt}")
        return VectorQuantizerConfig(a=fmt, to=self.to, lanes=lanes, **given)
