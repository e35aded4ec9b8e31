"""Accumulator: running sums of terms, rounded after each one, in chunks, or exact."""

from typing import Any

from amaranth.hdl import Module, Signal, Value

from ffp8.golden.accumulator import AccumulatorConfig, Kind

from .block import BlockComponent
from .exact_accumulator import ExactSum
from .pipeline import Pipeline
from .rounded_accumulator import RoundedSum

__all__ = ["Accumulator"]


class Accumulator(BlockComponent[AccumulatorConfig]):
    """Running sums of terms: rounded after each one, in chunks, or exact.

    The latency is `config.latency` clock cycles, and a term is taken in each cycle. Outputs mean
    nothing until the first term with a high `first` has come through: no register has a reset.

    Parameters
    ----------
    config : :class:`AccumulatorConfig`

    Members
    -------
    a : ``In(FormatLayout)`` or ``In(RawLayout)``
        Term.
    first : ``In(1)``
        The term begins a new sum.
    random : ``In(random_bits)``
        Random bits of a stochastic rounding, twice as many for chunks.
    out : ``Out(FormatLayout)`` or ``Out(RawLayout)``
        Sum of the terms from the first one on.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    kind = AccumulatorConfig
    title = "Accumulator"

    first: Signal

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        pipeline = Pipeline(m, config.cuts, self.stall)
        kind = ExactSum if config.kind is Kind.EXACT else RoundedSum
        random = self.random if config.random_bits else None
        outputs = kind(m, pipeline, config).outputs(Value.cast(self.a), self.first, random)
        self.drive(m, outputs)
        return m
