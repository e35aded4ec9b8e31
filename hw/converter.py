"""Converter: take a number apart, move it to its place in another format, round once."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.converter import SEEN, ConverterConfig
from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.ranges import value_range
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.signature import GENERATOR, WORD_BITS

from .block import BlockComponent
from .encoder import Encoder, Status
from .logic import jam
from .operand import fold_offset, is_integer, normalise, signed_integer, unpack
from .pipeline import Pipeline
from .posit import align_posit, encode_posit
from .rounder import (
    Neighbour,
    align_complement,
    align_fixed,
    align_float,
    align_power_of_4,
    encode,
    significand_bits,
)
from .rounding import Decision
from .short_conversion import ShortConversion
from .unpacked import Normal, Unpacked

__all__ = ["Converter"]

#: The places that get registers, by their number.
CUTS = {0: (), 1: ("neighbour",), 2: ("operand", "neighbour")}


class Converter(BlockComponent[ConverterConfig]):
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
    random : ``In(random_bits)``
        Random bits of a stochastic rounding, without ``lfsr``.
    restart : ``In(1)``
        Begin the random bits anew, with ``lfsr``.
    clear : ``In(1)``
        Forget what was seen, with ``sticky``.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    overflow_seen, nan_seen : ``Out(1)``
        Whether there was an overflow or a NaN since ``clear``, with ``sticky``.
    """

    kind = ConverterConfig
    title = "Converter"

    restart: Signal
    clear: Signal

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        pipeline = Pipeline(m, CUTS[config.stages], self.stall)
        random = self.random_bits(m, pipeline)
        match config.out:
            case Posit():
                outputs = self.to_posit(m, pipeline, config.out, Decision(config.rounding, random))
            case Format():
                encoder = Encoder(config.out, config.rounding, config.overflow, random)
                rounded = self.to_float if config.out.exponent else self.to_fixed
                outputs = rounded(m, pipeline, encoder)
            case _:
                raise TypeError(f"Result must be a Format or a Posit, not {config.out!r}")
        if config.sticky:
            self.hold(m, pipeline, outputs)
        self.drive(m, outputs)
        return m

    def random_bits(self, m: Module, pipeline: Pipeline) -> Value | None:
        """The random bits at the time of rounding; None for a rounding without any."""
        config = self.config
        if not config.random_bits:
            return None
        if config.lfsr is None:
            return pipeline.bits("operand", self.random, "random")
        register = pipeline.register(WORD_BITS, "random_register")
        contents = Signal(WORD_BITS, name="random_contents")
        m.d.comb += contents.eq(Mux(self.restart, config.lfsr, register))
        pipeline.load(register, shifted(m, contents, config.random_bits))
        return pipeline.bits("operand", contents[-config.random_bits :], "random")

    def to_fixed(self, m: Module, pipeline: Pipeline, encoder: Encoder) -> dict[str, Value]:
        """Numbers moved to the point of a format without exponents."""
        config, code, out = self.config, Value.cast(self.a), encoder.out
        x = pipeline.bundle("operand", unpack(m, config.a, code, "a"))
        status = status_of(x)
        offset = offset_of(config.a)
        if is_integer(config.a) and (out.complement or not out.sign):
            # Without the way over magnitudes. Unsigned results of negative numbers do not count.
            number = pipeline.bits("operand", signed_integer(config.a, code), "number").as_signed()
            if out.complement:
                near = align_complement(m, encoder, number, offset)
            else:
                near = align_fixed(m, encoder, number[:-1], Const(0, 0), offset)
        else:
            near = align_fixed(m, encoder, x.significand, x.exponent, offset)
        return self.encoded(m, pipeline, encoder, near, status)

    def to_float(self, m: Module, pipeline: Pipeline, encoder: Encoder) -> dict[str, Value]:
        """Numbers rounded to a format with exponents."""
        a, out, code = self.config.a, encoder.out, Value.cast(self.a)
        if isinstance(a, Format):
            short = ShortConversion(a, encoder)
            if short.fits and not self.config.flags:
                return short.converted(m, pipeline, code, unpack(m, a, code, "a"))
            if a.exponent and a.zero and a.step == out.step == 1 and out.zero and out.subnormals:
                distance = out.min_exponent - a.min_exponent
                if distance == 0 and a.subnormals:
                    return self.same_scale(m, pipeline, a, encoder)
        x = self.normalised(m, encoder)
        offset = x.offset - out.min_exponent
        gradual = out.subnormals and x.low + offset < 0
        biased = int(out.zero and not gradual and out.step == 1)
        x = pipeline.bundle("operand", fold_offset(m, x, offset + biased))
        wanted = significand_bits(out, encoder.decision)
        significand = jam(Cat(x.fraction, Const(1, 1)), wanted)
        if out.step == 2:
            near = align_power_of_4(m, encoder, significand, x.exponent)
        else:
            near = align_float(m, encoder, significand, x.exponent, gradual=gradual, biased=biased)
        if self.within(out):
            near = replace(near, most=out.max_index)
        return self.encoded(m, pipeline, encoder, near, status_of(x))

    def normalised(self, m: Module, encoder: Encoder) -> Normal:
        """The operand, normalised if its subnormals count for the result."""
        a, out, code = self.config.a, encoder.out, Value.cast(self.a)
        if isinstance(a, Format) and a.exponent and a.zero and a.step == 1:
            # All of a subnormal goes to the last bit, which shows that something was cut.
            least = out.min_exponent - a.min_exponent - out.fraction - encoder.decision.bits
            if a.subnormals and least > 0:
                x = unpack(m, a, code, "a")
                return Normal(
                    x.sign, code[a.fraction : a.magnitude_width], code[: a.fraction],
                    x.zero, x.infinity, x.nan,
                    low=0, high=a.max_exponent_field, zero_exponent=0, offset=a.min_exponent - 1,
                )  # fmt: skip
        return normalise(m, a, code, "a")

    def same_scale(
        self, m: Module, pipeline: Pipeline, a: Format, encoder: Encoder
    ) -> dict[str, Value]:
        """Numbers whose magnitude is that of the result, with another number of fraction bits."""
        out, code, below = encoder.out, Value.cast(self.a), encoder.decision.bits
        # A zero is a number like any other here.
        x = pipeline.bundle("operand", replace(unpack(m, a, code, "a"), zero=Const(0, 1)))
        number = jam(code[: a.magnitude_width], a.exponent + out.fraction + below)
        number = pipeline.bits("operand", number, "number")
        rest, kept = number[:below], number[below:]
        up: Value = Const(0, 1)
        if a.fraction > out.fraction:
            up = encoder.decision.goes_up(m, kept[0], rest)
        index = Cat(kept, Const(0, 1)).as_signed()
        tiny = ~kept[out.fraction :].any()
        near = Neighbour(index, Const(0, 1), up, rest.any(), tiny, Const(0, 1))
        if self.within(out):
            near = replace(near, most=out.max_index)
        return self.encoded(m, pipeline, encoder, near, status_of(x))

    def to_posit(
        self, m: Module, pipeline: Pipeline, out: Posit, decision: Decision
    ) -> dict[str, Value]:
        """Numbers rounded to a posit."""
        x = normalise(m, self.config.a, Value.cast(self.a), "a")
        x = pipeline.bundle("operand", fold_offset(m, x, x.offset))
        significand = jam(Cat(x.fraction, Const(1, 1)), significand_bits(out, decision))
        near = align_posit(m, out, decision, significand, x.exponent.as_signed())
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

    def within(self, out: Format) -> bool:
        """Whether no finite number is beyond the largest result."""
        known, held = value_range(self.config.a), value_range(out)
        largest = max(abs(known.low), known.high) * Fraction(2) ** (known.unit - held.unit)
        return largest <= held.high


def shifted(m: Module, word: Value, shifts: int) -> Value:
    """The contents of a shift register after so many shifts; see `golden.signature`."""
    for number in range(shifts):
        after = Signal(WORD_BITS, name=f"shifted_{number}")
        m.d.comb += after.eq(Cat(Const(0, 1), word[:-1]) ^ Mux(word[-1], GENERATOR, 0))
        word = after
    return word


def offset_of(fmt: AnyFormat) -> int:
    """Exponent of a significand's last bit, less the exponent field."""
    if isinstance(fmt, RawFormat):
        return -fmt.bias
    assert isinstance(fmt, ScalarFormat)
    return fmt.exponent_offset


def status_of(x: Normal | Unpacked) -> Status:
    """What is known of an operand besides its magnitude."""
    return Status(x.sign, x.nan, x.infinity, x.zero, made_nan=Const(0, 1))
