"""Scaled dot product: the exact dot product of two blocks, times their scales, perhaps summed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

from .accumulator import AccumulatorConfig, Kind, accumulate
from .any_format import AnyFormat
from .block import BlockConfig, option, random_bits_option
from .block_format import BlockFormat
from .exact_sum import exact_sum
from .fma_tree import FmaTreeConfig
from .formats import Format
from .ports import FLAGS, Direction, Port, Role, enable_port, flag_ports, random_ports
from .preset import Preset
from .ratio import reduced
from .raw import RawFormat
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .scalar_format import ScalarFormat
from .scaled_places import places
from .scaled_presets import SCALED_PRESETS
from .scaled_ranges import (
    dot_range,
    exponent_bits,
    fixed_term,
    number_range,
    raw_term,
)
from .scaled_values import factor, join, modulo

__all__ = ["MAX_SCALE_BITS", "Accumulation", "ScaledDotConfig", "scaled_dot"]

#: Widest scale.
MAX_SCALE_BITS = 16


class Accumulation(StrEnum):
    """How scaled dot products of many blocks are added up."""

    #: Not at all: a result for each pair of blocks.
    NONE = "none"
    #: In the format of the result, rounded after each block. An integer format saturates.
    RUNNING = "running"
    #: With all bits, in fixed point (Kulisch).
    EXACT = "exact"


@dataclass(frozen=True, kw_only=True)
class ScaledDotConfig(BlockConfig):
    """The dot product of two blocks of elements times their scales, perhaps accumulated.

    out = (a[0] * b[0] + ... + a[n - 1] * b[n - 1]) * a_scale * b_scale

    * No bit is lost before the one rounding, to `out`. Tensor scales, where formats have them,
      are left for the end of many blocks.
    * With `factor_bits`, the product of the scales, which are unsigned integers or fixed point
      then, is rounded first: to so many of its upper bits, by `factor_rounding`; one that
      rounding carries beyond them is the largest. So this is Eq. 2 of Keller et al. 2023 (IEEE
      JSSC 58(4)), S' = sat(S + dot * round(sA * sB)), if `out` is an integer.
    * NaN in any element or scale gives NaN. So do, raising `invalid`: infinity times zero,
      scales included, and infinities of both signs among the products.
    * A dot product of zero is -0 if all products are -0, and +0 else; its sign and those of the
      scales are those of a zero result.
    * Blocks that are symmetric do not use the least code of their elements, and have a shorter
      dot product. Where that code comes all the same, the dot product is modulo 2^width.
    * Without `out`, the result is a `RawFormat`: the dot product times the significands of the
      scales, in two's complement if it can be negative, and the sum of their exponents, which
      counts from the least. All is zero besides NaN and infinity, but for infinity's sign.
    * With `accumulate`, a high `first` says that a block begins a new sum. The result is that of
      all blocks from that one on, as `accumulator` makes it of the exact scaled dot products
      (`AccumulatorConfig`): `running` rounds once after each block; `exact` holds `terms`
      blocks of any value without loss. A zero term is +0 where terms are in fixed point: in exact
      sums, and in those of two's complement. Flags stay until the next `first`.
    * Latency is `stages` cycles, with a pair of blocks a cycle. Where the registers go is said by
      `places` and `ScaledDotConfig.cuts`; that of a sum is there in any case.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "scaled-dot"
    presets: ClassVar[Mapping[str, Preset]] = SCALED_PRESETS

    a: BlockFormat = option("block format of a: elements, their number, and their scale")
    b: BlockFormat = option("block format of b, of as many elements")
    out: ScalarFormat | None = option("format of the result; the exact one if absent", default=None)
    accumulate: Accumulation = option(
        "how the products of many blocks are added up", default=Accumulation.NONE
    )
    terms: int | None = option(
        "number of blocks that an exact sum holds, whatever they are",
        default=None,
        minimum=1,
        maximum=2**48,
    )
    factor_bits: int | None = option(
        "bits that the product of unsigned scales is rounded to; all if absent",
        default=None,
        minimum=2,
        maximum=2 * MAX_SCALE_BITS,
    )
    factor_rounding: Rounding = option(
        "rounding of the product of the scales", default=Rounding.HALF_AWAY
    )
    rounding: Rounding = option("rounding of the result", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    stages: int = option(
        "pipeline registers, that of a sum included", default=1, minimum=0, maximum=32
    )
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    enable: bool = option("a port that stalls the pipeline when low", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_blocks()
        self._check_factor()
        unrounded = "the exact result" if self.out is None else None
        bits = block_random_bits(self.rounding, self.random_bits, unrounded)
        object.__setattr__(self, "random_bits", bits)
        if self.out is None and self.flags:
            raise ValueError("Option flags must be off for the exact result, which is not rounded")
        # These two check what concerns the parts.
        _ = self.tree
        _ = None if self.accumulate is Accumulation.NONE else self.summing
        if self.terms is not None and not self.fixed:
            raise ValueError("Option terms must be absent where sums are not exact")
        least = int(self.accumulate is not Accumulation.NONE)
        most = least + len(places(self))
        if not least <= self.stages <= most:
            raise ValueError(f"Option stages must be {least} to {most} here, not {self.stages}")
        if self.enable and not self.stages:
            raise ValueError("Option enable must be off with 0 stages, which hold nothing")

    def _check_blocks(self) -> None:
        if self.a.length != self.b.length:
            raise ValueError(
                f"Blocks must be of one length, not {self.a.length} and {self.b.length}"
            )
        for name, block in (("a", self.a), ("b", self.b)):
            if block.scale.complement:
                raise ValueError(
                    f"Scale of {name} must not be in two's complement, not {block.scale}"
                )
            if block.scale.width > MAX_SCALE_BITS:
                raise ValueError(
                    f"Scale of {name} must be at most {MAX_SCALE_BITS} bits wide, not {block.scale}"
                )

    def _check_factor(self) -> None:
        if self.factor_rounding.stochastic:
            raise ValueError(
                f"Option factor_rounding must not be stochastic, not {self.factor_rounding}"
            )
        if self.factor_bits is None:
            return
        scales = (self.a.scale, self.b.scale)
        for scale in scales:
            if scale.exponent or scale.sign or scale.has_nan:
                raise ValueError(
                    f"Option factor_bits must be absent for scales that are no unsigned integers "
                    f"or fixed point, as {scale}"
                )
        most = sum(scale.width for scale in scales)
        if self.factor_bits > most:
            raise ValueError(f"Option factor_bits must be 2 to {most}, not {self.factor_bits}")

    @property
    def ways(self) -> int:
        """Elements of a block."""
        return self.a.length

    @property
    def latency(self) -> int:
        return self.stages

    @property
    def cuts(self) -> tuple[str, ...]:
        """The places that get registers: evenly spread, as many as the stages but that of a sum."""
        offered = places(self)
        count = self.stages - int(self.accumulate is not Accumulation.NONE)
        chosen = [(step + 1) * (len(offered) + 1) // (count + 1) - 1 for step in range(count)]
        return tuple(offered[index] for index in chosen)

    @property
    def tree(self) -> FmaTreeConfig:
        """The tree that adds up the products of the elements."""
        return FmaTreeConfig(a=self.a.element, b=self.b.element, ways=self.ways, stages=0)

    @property
    def summing(self) -> AccumulatorConfig:
        """The accumulator of the scaled dot products."""
        return AccumulatorConfig(
            a=self.term,
            kind=Kind(str(self.accumulate)),
            out=self.out,
            terms=self.terms,
            rounding=self.rounding,
            random_bits=self.random_bits,
            overflow=self.overflow,
            flags=self.flags,
        )

    @property
    def fixed(self) -> bool:
        """Whether scaled dot products come to fixed point before they are added up."""
        return self.accumulate is Accumulation.EXACT

    @property
    def complement(self) -> bool:
        """Whether scaled dot products are in two's complement on their way, or have a sign."""
        whole = isinstance(self.out, Format) and self.out.complement
        return self.out is None or self.fixed or whole

    @property
    def negates(self) -> bool:
        """Whether dot products change their sign: to become magnitudes, or with the scales'."""
        signs = self.a.scale.sign or self.b.scale.sign
        return signs if self.complement else dot_range(self).low < 0

    @property
    def term(self) -> RawFormat:
        """The format of scaled dot products before they are rounded or added up."""
        if self.fixed:
            return fixed_term(self)
        return raw_term(self, number_range(self), exponent_bits(self), signs=not self.complement)

    @property
    def result(self) -> AnyFormat:
        """The format of port `out`."""
        if self.out is not None:
            return self.out
        return self.term if self.accumulate is Accumulation.NONE else self.summing.result

    @property
    def ports(self) -> tuple[Port, ...]:
        blocks = {"a": self.a, "b": self.b}
        ports = [
            Port(
                name=name,
                direction=Direction.INPUT,
                format=block.element,
                elements=block.length,
                meaning=f"elements of block {name}",
            )
            for name, block in blocks.items()
        ]
        ports += [
            Port(
                name=f"{name}_scale",
                direction=Direction.INPUT,
                format=block.scale,
                field=name,
                meaning=f"scale of block {name}",
            )
            for name, block in blocks.items()
        ]
        meaning = "dot product of the blocks, scaled"
        if self.accumulate is not Accumulation.NONE:
            first = "the blocks begin a new sum"
            ports.append(
                Port(name="first", direction=Direction.INPUT, role=Role.FIRST, meaning=first)
            )
            meaning = "sum of the scaled dot products from the first one on"
        ports += random_ports(self.random_bits, "result")
        if self.enable:
            ports.append(enable_port())
        ports.append(
            Port(name="out", direction=Direction.OUTPUT, format=self.result, meaning=meaning)
        )
        if self.flags:
            ports += flag_ports("result")
        return tuple(ports)


def scaled_dot(config: ScaledDotConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Scaled dot products of arrays of codes, or their sums in the order of time.

    Parameters
    ----------
    operands
        Codes of `a` and `b`, whose last axis is that of the elements if these are more than one.
        Without that axis: codes of `a_scale` and `b_scale`, `first` where blocks are accumulated,
        and the words `random` of a stochastic rounding.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`.

    Raises
    ------
    ValueError
        If blocks are accumulated, and the first of them is not first.
    """
    elements = [
        block.element.unpack(vector(config, operands[name]))
        for name, block in (("a", config.a), ("b", config.b))
    ]
    scales = [
        block.scale.unpack(operands[f"{name}_scale"])
        for name, block in (("a", config.a), ("b", config.b))
    ]
    dot = exact_sum(reduced(elements[0]) * reduced(elements[1]))
    if config.a.symmetric or config.b.symmetric:
        dot = modulo(dot, dot_range(config))
    total = dot * factor(config, *scales)
    if config.accumulate is not Accumulation.NONE:
        others = {name: operands[name] for name in ("first", "random") if name in operands}
        return accumulate(config.summing, a=join(config, total, scales), **others)
    if config.out is None:
        return {"out": join(config, total, scales)}
    random = RandomBits(operands["random"], config.random_bits) if config.random_bits else None
    codes, flags = config.out.round(total, config.rounding, config.overflow, random)
    if not config.flags:
        return {"out": codes}
    operand_nan = elements[0].nan.any(axis=-1) | elements[1].nan.any(axis=-1)
    operand_nan = operand_nan | scales[0].nan | scales[1].nan
    found = {**vars(flags), "invalid": flags.invalid | (total.nan & ~operand_nan)}
    return {"out": codes} | {name: found[name].astype(np.uint8) for name in FLAGS}


def vector(config: ScaledDotConfig, codes: np.ndarray) -> np.ndarray:
    """Codes with a last axis of as many as a block has."""
    array = np.asarray(codes)
    if config.ways == 1:
        array = array[..., np.newaxis]
    if array.shape[-1:] != (config.ways,):
        raise ValueError(f"Codes must be in rows of {config.ways}, not of shape {array.shape}")
    return array
