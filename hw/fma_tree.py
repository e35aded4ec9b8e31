"""Fused multiply-add tree: exact products in fixed point, a tree of adders, one rounding."""

from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import data

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.tree_places import places
from ffp8.golden.tree_ranges import windowed_ranges

from .block import BlockComponent
from .pipeline import Pipeline
from .target import Target
from .tree_bypass import bypassed
from .tree_lanes import decode
from .tree_products import Products
from .tree_root import Root, RunTimeExponent
from .tree_sum import Sum
from .windowed_sum import WindowedSum

__all__ = ["FmaTree"]


class FmaTree(BlockComponent[FmaTreeConfig]):
    """The sum of many products, with an addend if wanted: exact, or rounded once.

    The latency is `config.latency` clock cycles, and the throughput is one sum a cycle.

    Parameters
    ----------
    config : :class:`FmaTreeConfig`

    Members
    -------
    a, b : ``In(ArrayLayout(FormatLayout, ways))``
        Operands; a single ``FormatLayout`` with one way.
    c : ``In(FormatLayout)``
        Addend, where it has a format.
    a_mode, b_mode : ``In(1)``
        Whether operands have their second format, where they have one.
    a_bias, b_bias, out_bias : ``In(FormatLayout)``
        Exponent biases, with ``bias_bits``.
    out : ``Out(FormatLayout)`` or ``Out(RawLayout)``
        Sum.
    random : ``In(random_bits)``
        Random bits of a stochastic rounding, applied with the operands.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    kind = FmaTreeConfig
    title = "Tree"

    b: data.View
    c: data.View

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        enable = self.stall
        pipeline = Pipeline(m, config.cuts, enable)
        ports = {port.name: Value.cast(getattr(self, port.name)) for port in config.operands}
        if config.bypass:
            lanes = bypassed(m, config, pipeline, ports, enable)
        else:
            lanes = decode(m, config, ports)
        ranges = windowed_ranges(config)
        random = self.random_bits(pipeline)
        target = Target.of(platform)
        root = Root(m, pipeline, config, random, config.keep, config.nan_code, target)
        if ranges is None:
            groups, addend, specials = Products(m, pipeline, target, config).terms(lanes)
            total, specials = Sum(m, pipeline, target).of_products(
                groups, addend, specials, clear=config.out is None
            )
            outputs = root.outputs(total, specials)
        else:
            total = WindowedSum(m, pipeline, ranges, keep_sign=config.out is None).of(lanes)
            exponent = RunTimeExponent(total.exponent, 0, ranges.exponents)
            outputs = root.outputs(total.term, total.specials, exponent, total.flip)
        self.drive(m, outputs)
        return m

    def random_bits(self, pipeline: Pipeline) -> Value | None:
        """The random bits at the time of rounding; None for a rounding without any."""
        if not self.config.random_bits:
            return None
        bits: Value = self.random
        for place in places(self.config)[:-1]:
            bits = pipeline.bits(place, bits, "random")
        return bits
