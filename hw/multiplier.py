"""Multiplier: decode both operands, multiply exactly, round once."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from ffp8.golden.multiplier import MultiplierConfig, raw_exponent_offset
from ffp8.golden.raw import RawFormat

from .ports import members
from .rounder import Rounder
from .unpacked import Unpacked, unpack

__all__ = ["Multiplier"]


class Multiplier(wiring.Component):
    """The product of two formats, exact or rounded once.

    The latency is `config.latency` clock cycles, and the throughput is one product a cycle.

    Parameters
    ----------
    config : :class:`MultiplierConfig`

    Members
    -------
    a, b : ``In(FormatLayout)``
        Operands.
    out : ``Out(FormatLayout)`` or ``Out(RawLayout)``
        Product.
    a_bias, b_bias, out_bias : ``In(FormatLayout)``
        Exponent biases, with ``bias_bits``.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    def __init__(self, config: MultiplierConfig):
        if not isinstance(config, MultiplierConfig):
            raise TypeError(f"Multiplier config must be a MultiplierConfig, not {config!r}")
        self.config = config
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        a, b = (
            unpack(fmt, Value.cast(port))
            for fmt, port in ((config.a, self.a), (config.b, self.b))
        )
        infinity = a.infinity | b.infinity
        nan = a.nan | b.nan | (a.infinity & b.zero) | (b.infinity & a.zero)
        product = Unpacked(
            sign=a.sign ^ b.sign,
            exponent=a.exponent + b.exponent,
            significand=a.significand * b.significand,
            zero=(a.zero | b.zero) & ~nan,
            infinity=infinity & ~nan,
            nan=nan,
        )
        if config.out is None:
            return self.delay(m, {"out": self.join_raw(m, product)})
        shift = None
        if config.bias_bits:
            shift = Const(0, signed(config.bias_bits))
            for name, fmt, sign in (("a", config.a, -1), ("b", config.b, -1), ("out", config.out, 1)):
                port = Value.cast(getattr(self, f"{name}_bias")).as_signed()
                shift = shift + sign * (port - fmt.bias)
        offset = raw_exponent_offset(config.a) + raw_exponent_offset(config.b)
        rounded = Rounder(config.out, config.rounding, config.overflow)(m, product, offset, shift)
        outputs = {"out": rounded.code}
        if config.flags:
            outputs |= {
                "overflow": rounded.overflow,
                "underflow": rounded.underflow,
                "inexact": rounded.inexact,
                "invalid": rounded.invalid | (nan & ~a.nan & ~b.nan),
            }
        return self.delay(m, outputs)

    def join_raw(self, m: Module, product: Unpacked) -> Value:
        raw = self.config.result
        assert isinstance(raw, RawFormat)
        parts = []
        for name, bits in raw.fields.items():
            part = Signal(unsigned(bits), name=name)
            m.d.comb += part.eq(getattr(product, name))
            parts.append(part)
        return Cat(*parts)

    def delay(self, m: Module, outputs: dict[str, Value]) -> Module:
        for name, value in outputs.items():
            for stage in range(self.config.stages):
                register = Signal(len(value), name=f"{name}_{stage + 1}", reset_less=True)
                if self.config.enable:
                    with m.If(self.enable):
                        m.d.sync += register.eq(value)
                else:
                    m.d.sync += register.eq(value)
                value = register
            m.d.comb += Value.cast(getattr(self, name)).eq(value)
        return m
