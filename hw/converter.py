"""Converter: take a number apart, move it to its place in another format, round once."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.converter import SEEN, ConverterConfig
from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.ranges import value_range
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .encoder import Encoder, Status
from .logic import goes_up, jam
from .operand import fold_offset, is_integer, normalise, signed_integer, unpack
from .pipeline import Pipeline
from .ports import members
from .posit import align_posit, encode_posit
from .rounder import (
    RADIX_4_BITS,
    Neighbour,
    align_complement,
    align_fixed,
    align_float,
    align_power_of_4,
    encode,
)
from .short_conversion import ShortConversion
from .unpacked import Normal, Unpacked

__all__ = ["Converter"]

#: Bits below the last one kept: one to decide by, and one for all that is below it.
BELOW = 2

#: The places that get registers, by their number.
CUTS = {0: (), 1: ("neighbour",), 2: ("operand", "neighbour")}


class Converter(wiring.Component):
    """A number of one format in another, exact or rounded once.

    The latency is `config.latency` clock cycles, and the throughput is one number a cycle.

    Parameters
    ----------
    config : :class:`ConverterConfig`

    Members
    -------
    a : ``In(FormatLayout)``
        Operand.
    out : ``Out(FormatLayout)``
        Result.
    clear : ``In(1)``
        Forget what was seen, with ``sticky``.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    overflow_seen, nan_seen : ``Out(1)``
        Whether there was an overflow or a NaN since ``clear``, with ``sticky``.
    """

    a: data.View
    out: data.View
    clear: Signal
    enable: Signal

    def __init__(self, config: ConverterConfig):
        if not isinstance(config, ConverterConfig):
            raise TypeError(f"Converter config must be a ConverterConfig, not {config!r}")
        self.config = config
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        pipeline = Pipeline(m, CUTS[config.stages], self.enable if config.enable else None)
        match config.out:
            case Posit():
                outputs = self.to_posit(m, pipeline, config.out)
            case Format() if not config.out.exponent:
                outputs = self.to_fixed(m, pipeline, config.out)
            case Format():
                outputs = self.to_float(m, pipeline, config.out)
            case _:
                raise TypeError(f"Result must be a Format or a Posit, not {config.out!r}")
        if config.sticky:
            self.hold(m, pipeline, outputs)
        for port in config.outputs:
            m.d.comb += Value.cast(getattr(self, port.name)).eq(outputs[port.name])
        return m

    def to_fixed(self, m: Module, pipeline: Pipeline, out: Format) -> dict[str, Value]:
        """Numbers moved to the point of a format without exponents."""
        config, code = self.config, Value.cast(self.a)
        encoder = self.encoder(out)
        x = pipeline.bundle("operand", unpack(m, config.a, code, "a"))
        status = status_of(x)
        offset = offset_of(config.a)
        if out.complement and is_integer(config.a):
            # Without the way over magnitudes.
            number = pipeline.bits("operand", signed_integer(config.a, code), "number").as_signed()
            near = align_complement(m, encoder, number, offset)
        else:
            near = align_fixed(m, encoder, x.significand, x.exponent, offset)
        return self.encoded(m, pipeline, encoder, near, status)

    def to_float(self, m: Module, pipeline: Pipeline, out: Format) -> dict[str, Value]:
        """Numbers rounded to a format with exponents."""
        encoder, a, code = self.encoder(out), self.config.a, Value.cast(self.a)
        if isinstance(a, Format):
            short = ShortConversion(a, encoder)
            if short.fits and not self.config.flags:
                return short.converted(m, pipeline, code, unpack(m, a, code, "a"))
            if a.exponent and a.zero and a.step == out.step == 1 and out.zero and out.subnormals:
                distance = out.min_exponent - a.min_exponent
                if distance == 0 and a.subnormals:
                    return self.same_scale(m, pipeline, a, out)
        x = self.normalised(m, out)
        offset = x.offset - out.min_exponent
        gradual = out.subnormals and x.low + offset < 0
        biased = int(out.zero and not gradual and out.step == 1)
        x = pipeline.bundle("operand", fold_offset(m, x, offset + biased))
        if out.step == 2:
            significand = jam(Cat(x.fraction, Const(1, 1)), RADIX_4_BITS)
            near = align_power_of_4(m, encoder, significand, x.exponent)
        else:
            significand = jam(Cat(x.fraction, Const(1, 1)), out.fraction + 3)
            near = align_float(m, encoder, significand, x.exponent, gradual=gradual, biased=biased)
        if self.within(out):
            near = replace(near, most=out.max_index)
        return self.encoded(m, pipeline, encoder, near, status_of(x))

    def normalised(self, m: Module, out: Format) -> Normal:
        """The operand, normalised if its subnormals count for the result."""
        a, code = self.config.a, Value.cast(self.a)
        if isinstance(a, Format) and a.exponent and a.zero and a.step == 1:
            # All of a subnormal goes to the last bit, which shows that something was cut.
            least = out.min_exponent - a.min_exponent - out.fraction - BELOW
            if a.subnormals and least > 0:
                x = unpack(m, a, code, "a")
                return Normal(
                    x.sign, code[a.fraction : a.magnitude_width], code[: a.fraction],
                    x.zero, x.infinity, x.nan,
                    low=0, high=a.max_exponent_field, zero_exponent=0, offset=a.min_exponent - 1,
                )  # fmt: skip
        return normalise(m, a, code, "a")

    def same_scale(self, m: Module, pipeline: Pipeline, a: Format, out: Format) -> dict[str, Value]:
        """Numbers whose magnitude is that of the result, with another number of fraction bits."""
        encoder, code = self.encoder(out), Value.cast(self.a)
        # A zero is a number like any other here.
        x = pipeline.bundle("operand", replace(unpack(m, a, code, "a"), zero=Const(0, 1)))
        number = jam(code[: a.magnitude_width], a.exponent + out.fraction + BELOW)
        number = pipeline.bits("operand", number, "number")
        rest, kept = number[:BELOW], number[BELOW:]
        up = goes_up(encoder.rounding, kept[0], rest[1], rest[0])
        if a.fraction <= out.fraction:
            up = Const(0, 1)
        index = Cat(kept, Const(0, 1)).as_signed()
        tiny = ~kept[out.fraction :].any()
        near = Neighbour(index, Const(0, 1), up, rest.any(), tiny, Const(0, 1))
        if self.within(out):
            near = replace(near, most=out.max_index)
        return self.encoded(m, pipeline, encoder, near, status_of(x))

    def to_posit(self, m: Module, pipeline: Pipeline, out: Posit) -> dict[str, Value]:
        """Numbers rounded to a posit."""
        x = normalise(m, self.config.a, Value.cast(self.a), "a")
        x = pipeline.bundle("operand", fold_offset(m, x, x.offset))
        significand = jam(Cat(x.fraction, Const(1, 1)), out.fraction + 3)
        near = align_posit(m, out, self.config.rounding, significand, x.exponent.as_signed())
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status_of(x))
        outputs = encode_posit(m, out, self.config.overflow, near, status)
        return outputs | {"overflow_seen": outputs["overflow"], "nan_seen": status.nan}

    def encoded(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, near: Neighbour, status: Status
    ) -> dict[str, Value]:
        """The outputs of a number whose neighbour is found."""
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status)
        outputs = encode(m, encoder, near, status)
        infinite = status.infinity & ~status.nan & ~encoder.clamped(status)
        seen = {"overflow_seen": outputs["overflow"] | infinite, "nan_seen": status.nan}
        return outputs | seen

    def hold(self, m: Module, pipeline: Pipeline, outputs: dict[str, Value]) -> None:
        """Make of what is seen now what was seen since `clear`."""
        clear: Value = self.clear
        for place in ("operand", "neighbour"):
            clear = pipeline.bits(place, clear, "clear")
        for name in SEEN:
            before = pipeline.register(1, f"{name}_before")
            since = Signal(name=f"{name}_since")
            m.d.comb += since.eq(outputs[name] | (before & ~clear))
            pipeline.load(before, since)
            outputs[name] = since

    def encoder(self, out: Format) -> Encoder:
        return Encoder(out, self.config.rounding, self.config.overflow)

    def within(self, out: Format) -> bool:
        """Whether no finite number is beyond the largest result."""
        known, held = value_range(self.config.a), value_range(out)
        largest = max(abs(known.low), known.high) * Fraction(2) ** (known.unit - held.unit)
        return largest <= held.high


def offset_of(fmt: AnyFormat) -> int:
    """Exponent of a significand's last bit, less the exponent field."""
    if isinstance(fmt, RawFormat):
        return -fmt.bias
    assert isinstance(fmt, ScalarFormat)
    return fmt.exponent_offset


def status_of(x: Normal | Unpacked) -> Status:
    """What is known of an operand besides its magnitude."""
    return Status(x.sign, x.nan, x.infinity, x.zero, made_nan=Const(0, 1))
