"""Accumulator: running sums of terms, rounded after each one, in chunks, or exact."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, wiring

from ffp8.golden.accumulator import AccumulatorConfig, Kind

from .exact_accumulator import ExactSum
from .pipeline import Pipeline
from .ports import members
from .rounded_accumulator import RoundedSum

__all__ = ["Accumulator"]


class Accumulator(wiring.Component):
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

    a: data.View
    first: Signal
    random: Signal
    out: data.View
    enable: Signal

    def __init__(self, config: AccumulatorConfig):
        if not isinstance(config, AccumulatorConfig):
            raise TypeError(f"Accumulator config must be an AccumulatorConfig, not {config!r}")
        self.config = config
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        pipeline = Pipeline(m, config.cuts, self.enable if config.enable else None)
        kind = ExactSum if config.kind is Kind.EXACT else RoundedSum
        random = self.random if config.random_bits else None
        outputs = kind(m, pipeline, config).outputs(Value.cast(self.a), self.first, random)
        for port in config.outputs:
            m.d.comb += Value.cast(getattr(self, port.name)).eq(outputs[port.name])
        return m
