"""The blocks: each verb knows those listed here, and nothing else of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.lib.wiring import Component

from ffp8.golden import (
    accumulator,
    attention,
    converter,
    fma_tree,
    multiplier,
    post_processor,
    scaled_dot,
    softmax,
    softmax_passes,
    table_softmax,
    vector_quantizer,
)
from ffp8.golden.activation import Activation
from ffp8.golden.block import BlockConfig
from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format

from .accumulator import Accumulator
from .attention import Attention
from .converter import Converter
from .fma_tree import FmaTree
from .multiplier import Multiplier
from .post_processor import PostProcessor
from .scaled_dot import ScaledDot
from .softmax import Softmax
from .softmax_passes import SoftmaxNormaliser, SoftmaxPowers
from .table_softmax import TableSoftmax
from .vector_quantizer import VectorQuantizer

__all__ = ["BLOCKS", "Block"]


@dataclass(frozen=True)
class Block:
    """What a block is made of.

    Attributes
    ----------
    config
        Its configuration's class.
    golden
        Its bit-exact model: a configuration and arrays of codes by port, to arrays by port.
    component
        Its hardware, made from a configuration.
    example
        A configuration to show, and to build when no option is given.
    """

    config: type[BlockConfig]
    golden: Callable[..., dict[str, np.ndarray]]
    component: Callable[[Any], Component]
    example: BlockConfig

    @property
    def name(self) -> str:
        return self.config.block

    @property
    def summary(self) -> str:
        """The first line of the configuration's docstring."""
        return (self.config.__doc__ or "").strip().splitlines()[0]


E4M3 = Format.parse("e4m3fn")

BLOCKS: dict[str, Block] = {
    block.name: block
    for block in (
        Block(
            multiplier.MultiplierConfig,
            multiplier.multiply,
            Multiplier,
            multiplier.MultiplierConfig(a=E4M3, b=E4M3, out=E4M3),
        ),
        Block(
            fma_tree.FmaTreeConfig,
            fma_tree.fma_tree,
            FmaTree,
            fma_tree.FmaTreeConfig(a=E4M3, b=E4M3, out=Format.parse("bfloat16"), stages=4),
        ),
        Block(
            accumulator.AccumulatorConfig,
            accumulator.accumulate,
            Accumulator,
            accumulator.AccumulatorConfig(
                a=Format.parse("bfloat16"), out=Format.parse("float32"), stages=2
            ),
        ),
        Block(
            converter.ConverterConfig,
            converter.convert,
            Converter,
            converter.ConverterConfig(a=Format.parse("bfloat16"), out=E4M3),
        ),
        Block(
            scaled_dot.ScaledDotConfig,
            scaled_dot.scaled_dot,
            ScaledDot,
            scaled_dot.ScaledDotConfig.preset("keller-int4", stages=6),
        ),
        Block(
            vector_quantizer.VectorQuantizerConfig,
            vector_quantizer.quantise_vectors,
            VectorQuantizer,
            vector_quantizer.VectorQuantizerConfig(
                a=Format.parse("bfloat16"), to=BlockFormat.parse("mxfp8_e4m3"), lanes=8
            ),
        ),
        Block(
            post_processor.PostProcessorConfig,
            post_processor.post_process,
            PostProcessor,
            post_processor.PostProcessorConfig(
                values=Format.parse("int11"),
                to=BlockFormat.parse("int4_x16_uint8_quotient_symmetric"),
                lanes=2,
                activation=Activation.RELU,
            ),
        ),
        Block(
            softmax.SoftmaxConfig,
            softmax.softmax,
            Softmax,
            softmax.SoftmaxConfig(),
        ),
        Block(
            softmax_passes.SoftmaxPowersConfig,
            softmax_passes.softmax_powers,
            SoftmaxPowers,
            softmax_passes.SoftmaxPowersConfig(),
        ),
        Block(
            softmax_passes.SoftmaxNormaliserConfig,
            softmax_passes.softmax_normaliser,
            SoftmaxNormaliser,
            softmax_passes.SoftmaxNormaliserConfig(),
        ),
        Block(
            table_softmax.TableSoftmaxConfig,
            table_softmax.table_softmax,
            TableSoftmax,
            table_softmax.TableSoftmaxConfig(),
        ),
        Block(
            attention.AttentionConfig,
            attention.attention,
            Attention,
            attention.AttentionConfig(head_size=8, value_size=8, lanes=2),
        ),
    )
}
