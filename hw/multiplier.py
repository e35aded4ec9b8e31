"""Multiplier: decode both operands, multiply exactly, round once."""

from dataclasses import dataclass, replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.posit import Posit
from ffp8.golden.raw import RawFormat

from .block import BlockComponent
from .encoder import Encoder, Status
from .logic import add, multiply, multiply_signed, normalise_product, resize
from .operand import fold_offset, is_integer, normalise, signed_integer, unpack
from .pipeline import Pipeline
from .posit import align_posit, encode_posit
from .rounder import (
    align_complement,
    align_fixed,
    align_float,
    align_power_of_4,
    encode,
    significand_bits,
)
from .rounding import Decision
from .run_time_bias import bias_shift
from .short_product import ShortProduct
from .table import lookup

__all__ = ["Multiplier"]

#: The places that get registers, by their number: the cuts that leave the least delay.
CUTS = {0: (), 1: ("product",), 2: ("operand", "product"), 3: ("operand", "product", "neighbour")}

#: Up to this many fraction bits of both operands, the product is a table.
TABLE_BITS = 6


@dataclass(frozen=True)
class Product:
    """An exact product; what its exponent is relative to is said where it is made."""

    significand: Value
    exponent: Value
    status: Status


class Multiplier(BlockComponent[MultiplierConfig]):
    """The product of two formats, exact or rounded once.

    The latency is `config.latency` clock cycles, and the throughput is one product a cycle.
    The registers are inside, where they leave the least delay between them: behind the
    operands' decoders, the product and the alignment, so that inputs and outputs have some
    logic before the first and behind the last register.

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
    random : ``In(random_bits)``
        Random bits of a stochastic rounding, applied with the operands.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    kind = MultiplierConfig
    title = "Multiplier"

    b: data.View

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        pipeline = Pipeline(m, CUTS[config.stages], self.stall)
        if config.out is None:
            outputs = {"out": self.exact(m, pipeline)}
        elif isinstance(config.out, Posit):
            outputs = self.rounded_posit(m, pipeline, config.out)
        else:
            assert isinstance(config.out, Format)
            rounded = self.rounded_float if config.out.exponent else self.rounded_fixed
            outputs = rounded(m, pipeline, config.out)
        self.drive(m, outputs)
        return m

    def exact(self, m: Module, pipeline: Pipeline) -> Value:
        """The raw product: significands multiplied, exponent fields added."""
        config = self.config
        raw = config.result
        assert isinstance(raw, RawFormat)
        a, b = (
            pipeline.bundle("operand", unpack(m, fmt, Value.cast(port), name))
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        status = Status.of_product(a, b)
        exponent = Signal(raw.exponent, name="exponent")
        significand = multiply(m, a.significand, b.significand, "significand")
        significand = resize(significand, raw.significand)
        m.d.comb += exponent.eq(a.exponent + b.exponent)
        product = pipeline.bundle("product", Product(significand, exponent, status))
        status = pipeline.bundle("product", status)
        fields = {
            "significand": product.significand,
            "exponent": product.exponent,
            "sign": status.sign,
            "infinity": status.infinity & ~status.nan,
            "nan": status.nan,
        }
        code = Cat(fields[name] for name in raw.fields)
        return pipeline.bits("neighbour", code, "code")

    def rounded_fixed(self, m: Module, pipeline: Pipeline, out: Format) -> dict[str, Value]:
        """Products rounded to a format without exponents: shifted to its point."""
        config = self.config
        if (
            not config.bias_bits
            and out.complement
            and is_integer(config.a)
            and is_integer(config.b)
        ):
            return self.rounded_complement(m, pipeline, out)
        a, b = (
            pipeline.bundle("operand", unpack(m, fmt, Value.cast(port), name))
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        shift = self.bias_shift(pipeline)
        status = pipeline.bundle("product", Status.of_product(a, b))
        significand = multiply(m, a.significand, b.significand, "significand")
        significand = pipeline.bits("product", significand, "significand")
        exponent = a.exponent + b.exponent if shift is None else a.exponent + b.exponent + shift
        exponent = pipeline.bits("product", exponent, "exponent")
        offset = config.a.exponent_offset + config.b.exponent_offset
        encoder = self.encoder(pipeline, out)
        near = align_fixed(m, encoder, significand, exponent, offset)
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status)
        return encode(m, encoder, near, status)

    def rounded_complement(self, m: Module, pipeline: Pipeline, out: Format) -> dict[str, Value]:
        """Products of integers to two's complement: without the way over magnitudes."""
        config = self.config
        a, b = (
            pipeline.bundle("operand", unpack(m, fmt, Value.cast(port), name))
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        left, right = (
            pipeline.bits("operand", signed_integer(fmt, Value.cast(port)), name).as_signed()
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        status = pipeline.bundle("product", Status.of_product(a, b))
        product = multiply_signed(m, left, right, "number")
        product = pipeline.bits("product", product, "number").as_signed()
        offset = config.a.exponent_offset + config.b.exponent_offset
        encoder = self.encoder(pipeline, out)
        near = align_complement(m, encoder, product, offset)
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status)
        return encode(m, encoder, near, status)

    def rounded_float(self, m: Module, pipeline: Pipeline, out: Format) -> dict[str, Value]:
        """Products rounded to a format with exponents: of normalised operands."""
        config = self.config
        a, b = (
            normalise(m, fmt, Value.cast(port), name)
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        shift = self.bias_shift(pipeline)
        offset = a.offset + b.offset - out.min_exponent
        if len(a.exponent) > len(b.exponent):
            a, b = b, a
        short = ShortProduct(
            len(a.fraction), len(b.fraction), out, config.rounding, flags=config.flags
        )
        biased, gradual, most = 0, out.subnormals, None
        fits = short.fits and shift is None
        if shift is None:
            gradual = gradual and a.low + b.low + offset < 0
            biased = int(out.zero and not gradual and not fits and out.step == 1)
            # Rounding can take the largest product to the next binade, but not beyond it.
            most = (a.high + b.high + offset + 3) * 2**out.fraction
            a, offset = fold_offset(m, a, offset + biased), 0
        if fits:
            return short.rounded(m, pipeline, self.encoder(pipeline, out), a, b)
        a, b = (pipeline.bundle("operand", x) for x in (a, b))
        status = pipeline.bundle("product", Status.of_product(a, b))
        full, top = product_of_ones(m, a.fraction, b.fraction)
        scale = add(m, a.exponent, b.exponent, top, "scale")
        if shift is not None:
            scale = scale + (shift + offset)
        encoder = self.encoder(pipeline, out)
        significand = Signal(significand_bits(out, encoder.decision), name="significand")
        m.d.comb += significand.eq(normalise_product(full, len(significand)))
        scale = pipeline.bits("product", scale, "scale")
        significand = pipeline.bits("product", significand, "significand")
        if out.step == 2:
            near = align_power_of_4(m, encoder, significand, scale.as_signed())
        else:
            near = align_float(m, encoder, significand, scale, gradual=gradual, biased=biased)
        near = pipeline.bundle("neighbour", replace(near, most=most))
        status = pipeline.bundle("neighbour", status)
        return encode(m, encoder, near, status)

    def rounded_posit(self, m: Module, pipeline: Pipeline, out: Posit) -> dict[str, Value]:
        """Products rounded to a posit: of normalised operands."""
        config = self.config
        a, b = (
            normalise(m, fmt, Value.cast(port), name)
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        if len(a.exponent) > len(b.exponent):
            a, b = b, a
        a = fold_offset(m, a, a.offset + b.offset)
        a, b = (pipeline.bundle("operand", x) for x in (a, b))
        status = pipeline.bundle("product", Status.of_product(a, b))
        full, top = product_of_ones(m, a.fraction, b.fraction)
        scale = add(m, a.exponent, b.exponent, top, "scale")
        decision = Decision(config.rounding, self.random_bits(pipeline))
        significand = Signal(significand_bits(out, decision), name="significand")
        m.d.comb += significand.eq(normalise_product(full, len(significand)))
        scale = pipeline.bits("product", scale, "scale").as_signed()
        significand = pipeline.bits("product", significand, "significand")
        near = align_posit(m, out, decision, significand, scale)
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status)
        return encode_posit(m, out, config.overflow, near, status)

    def encoder(self, pipeline: Pipeline, out: Format) -> Encoder:
        config = self.config
        return Encoder(out, config.rounding, config.overflow, self.random_bits(pipeline))

    def random_bits(self, pipeline: Pipeline) -> Value | None:
        """The random bits at the time of rounding; None for a rounding without any."""
        if not self.config.random_bits:
            return None
        bits = pipeline.bits("operand", self.random, "random")
        return pipeline.bits("product", bits, "random")

    def bias_shift(self, pipeline: Pipeline) -> Value | None:
        """The power of two by which run-time biases move the product, seen from the result."""
        config = self.config
        if not config.bias_bits or config.out is None:
            return None
        formats = {"a": [config.a], "b": [config.b], "out": [config.out]}
        ports = {f"{name}_bias": Value.cast(getattr(self, f"{name}_bias")) for name in formats}
        return pipeline.bits("operand", bias_shift(ports, formats), "shift")


def product_of_ones(m: Module, a: Value, b: Value) -> tuple[Value, Value]:
    """The product of 1.a and 1.b, and whether it is 2 or more."""
    size = len(a) + len(b)
    if size <= TABLE_BITS:
        ones = 1 << len(a), 1 << len(b)

        def product(index: int) -> int:
            return (index % ones[0] + ones[0]) * ((index >> len(a)) + ones[1])

        full = lookup(m, Cat(a, b), size + 2, product, "full")
    else:
        full = multiply(m, Cat(a, Const(1, 1)), Cat(b, Const(1, 1)), "full")
    return full, full[-1]
