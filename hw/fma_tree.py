"""Fused multiply-add tree: exact products in fixed point, a tree of adders, one rounding."""

from dataclasses import dataclass, fields, is_dataclass, replace
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring

from ffp8.golden.fma_tree import FmaTreeConfig, Range, exact_range, product_range, value_range
from ffp8.golden.formats import Format
from ffp8.golden.raw import RawFormat

from .encoder import Encoder, Status
from .logic import jam, multiply_signed, resize, rows
from .pipeline import Pipeline
from .ports import members
from .rounder import Neighbour, align_complement, align_fixed, align_float, encode
from .table import lookup
from .unpacked import Unpacked, unpack

__all__ = ["FmaTree"]

Bundle = TypeVar("Bundle")

#: Up to this many exponent bits, the distance from the least exponent is a table.
TABLE_EXPONENT = 5


@dataclass(frozen=True)
class Term:
    """A signed number, and what it is known to be within; or one to be moved left first.

    Attributes
    ----------
    number
        Signed, in the range's unit once it is moved left by `shift`.
    shift
        Unsigned; None for no shift.
    """

    number: Value
    shift: Value | None
    range: Range


@dataclass(frozen=True)
class Specials:
    """What is known of all terms besides their numbers.

    Attributes
    ----------
    nan, made_nan
        Whether the sum is NaN, and whether it came of operands that were not.
    infinity, negative_infinity
        Whether the sum is infinity, if it is not NaN, and whether that is the negative one.
    negative
        Whether all terms have a negative sign.
    """

    nan: Value
    made_nan: Value
    infinity: Value
    negative_infinity: Value
    negative: Value

    @classmethod
    def of_terms(cls, operands: list[Unpacked], terms: list[Status]) -> "Specials":
        """What is known of terms, and of the operands that they came of."""
        operand = any_of(x.nan for x in operands)
        infinite = [term.infinity & ~term.nan for term in terms]
        pairs = list(zip(infinite, terms, strict=True))
        plus = any_of(infinity & ~term.sign for infinity, term in pairs)
        minus = any_of(infinity & term.sign for infinity, term in pairs)
        nan = any_of(term.nan for term in terms) | (plus & minus)
        return cls(
            nan=nan,
            made_nan=nan & ~operand,
            infinity=plus | minus,
            negative_infinity=minus,
            negative=Cat(term.sign for term in terms).all(),
        )


class FmaTree(wiring.Component):
    """The sum of many products, with an addend if wanted: exact, or rounded once.

    The latency is `config.latency` clock cycles, and the throughput is one sum a cycle. The
    products' significands carry their sign from the start, so that the shifters and adders
    work in two's complement, each as wide as its range of values needs.

    Parameters
    ----------
    config : :class:`FmaTreeConfig`

    Members
    -------
    a, b : ``In(ArrayLayout(FormatLayout, ways))``
        Operands; a single ``FormatLayout`` with one way.
    c : ``In(FormatLayout)``
        Addend, where it has a format.
    out : ``Out(FormatLayout)`` or ``Out(RawLayout)``
        Sum.
    enable : ``In(1)``
        Stall when low, with ``enable``.
    overflow, underflow, inexact, invalid : ``Out(1)``
        Exceptions, with ``flags``.
    """

    a: data.View
    b: data.View
    c: data.View
    out: data.View
    enable: Signal

    def __init__(self, config: FmaTreeConfig):
        if not isinstance(config, FmaTreeConfig):
            raise TypeError(f"Tree config must be an FmaTreeConfig, not {config!r}")
        self.config = config
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        enable = self.enable if config.enable else None
        pipeline = Pipeline(m, config.cuts, enable)
        products, addend, specials = self.terms(m)
        found = {"specials": specials}

        def pass_place(place: str, terms: list[Term]) -> list[Term]:
            found["specials"] = pipeline.bundle(place, found["specials"])
            return [pipeline.bundle(place, term) for term in terms]

        *products, addend = pass_place("product", [*products, addend])
        *products, addend = pass_place("shift", [move(m, term) for term in (*products, addend)])
        level = 0
        while len(products) > 1:
            level += 1
            pairs = [products[at : at + 2] for at in range(0, len(products), 2)]
            sums = [reduce(lambda one, two: plus(m, one, two), pair) for pair in pairs]
            *products, addend = pass_place(f"sum_{level}", [*sums, addend])
        (total,) = products
        if config.c is not None:
            (total,) = pass_place("addend", [plus(m, total, addend)])
        outputs = self.outputs(m, pipeline, total, found["specials"])
        for port in config.outputs:
            m.d.comb += Value.cast(getattr(self, port.name)).eq(outputs[port.name])
        return m

    def terms(self, m: Module) -> tuple[list[Term], Term, Specials]:
        """The products and the addend, which is nothing where there is none."""
        config = self.config
        a, b = (
            [
                hold(m, unpack(fmt, code), f"{name}_{lane}")
                for lane, code in enumerate(lanes(port, config.ways))
            ]
            for name, fmt, port in (("a", config.a, self.a), ("b", config.b, self.b))
        )
        codes = zip(lanes(self.a, config.ways), lanes(self.b, config.ways), strict=True)
        statuses = [
            hold(m, Status.of_product(x, y), f"product_{lane}")
            for lane, (x, y) in enumerate(zip(a, b, strict=True))
        ]
        products = []
        for lane, (x, y, code) in enumerate(zip(a, b, codes, strict=True)):
            number = self.product(m, (x, y), code, f"product_{lane}")
            shift = distance(m, config.a, x, f"a_{lane}"), distance(m, config.b, y, f"b_{lane}")
            products.append(Term(number, sum_of(m, shift, f"shift_{lane}"), product_range(config)))
        operands = [*a, *b]
        addend = Term(Const(0, signed(1)), None, Range(0, 0, 0))
        if config.c is not None:
            code = Value.cast(self.c)
            c = hold(m, unpack(config.c, code), "c")
            number = (
                code.as_signed() if config.c.complement else negate(m, c.significand, c.sign, "c")
            )
            addend = Term(number, distance(m, config.c, c, "c"), value_range(config.c))
            operands.append(c)
            statuses.append(Status(c.sign, c.nan, c.infinity, c.zero, Const(0, 1)))
        return products, addend, hold(m, Specials.of_terms(operands, statuses), "terms")

    def product(
        self, m: Module, pair: tuple[Unpacked, Unpacked], codes: tuple[Value, Value], name: str
    ) -> Value:
        """The signed product of two significands."""
        formats = self.config.a, self.config.b
        if any(fmt.complement for fmt in formats):
            left, right = (
                code.as_signed()
                if fmt.complement
                else negate(m, operand.significand, operand.sign, f"{name}_{side}")
                for code, fmt, operand, side in zip(codes, formats, pair, "ab", strict=True)
            )
            return multiply_signed(m, left, right, name)
        one, two = sorted((operand.significand for operand in pair), key=len)
        sign = pair[0].sign ^ pair[1].sign if any(fmt.sign for fmt in formats) else Const(0, 1)
        return rows(m, negate(m, one, sign, f"{name}_factor"), two, name).as_signed()

    def outputs(
        self, m: Module, pipeline: Pipeline, total: Term, specials: Specials
    ) -> dict[str, Value]:
        """The ports: the sum as it is, or rounded."""
        out = self.config.out
        number = total.number
        if out is None:
            return {"out": self.raw(number, specials)}
        status = Status(
            sign=Mux(specials.infinity, specials.negative_infinity, number[-1] | specials.negative),
            nan=specials.nan,
            infinity=specials.infinity,
            zero=~number.any(),
            made_nan=specials.made_nan,
        )
        status = hold(m, status, "sum")
        encoder = Encoder(out, self.config.rounding, self.config.overflow)
        if out.complement:
            near = align_complement(m, encoder, number, total.range.unit)
        else:
            magnitude = number
            if total.range.low < 0:
                magnitude = Signal(len(number), name="magnitude")
                m.d.comb += magnitude.eq(Mux(number[-1], -number, number))
            if out.exponent:
                magnitude = pipeline.bits("magnitude", magnitude, "number")
                status = pipeline.bundle("magnitude", status)
                return self.rounded_float(m, pipeline, encoder, magnitude, status)
            near = align_fixed(m, encoder, magnitude, Const(0, 0), total.range.unit)
        return self.encoded(m, pipeline, encoder, near, status)

    def encoded(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, near: Neighbour, status: Status
    ) -> dict[str, Value]:
        near = pipeline.bundle("neighbour", near)
        status = pipeline.bundle("neighbour", status)
        return encode(m, encoder, near, status)

    def raw(self, number: Value, specials: Specials) -> Value:
        """The code of the exact sum."""
        raw = self.config.result
        assert isinstance(raw, RawFormat)
        bits = number.as_unsigned()[: raw.significand]
        if raw.nan:
            ordinary = ~specials.nan & ~specials.infinity
            bits = bits & ordinary.replicate(raw.significand)
        infinity = specials.infinity & ~specials.nan
        if raw.infinity and raw.complement:
            bits = Cat(bits[:-1], bits[-1] | (infinity & specials.negative_infinity))
        parts = {"significand": bits, "infinity": infinity, "nan": specials.nan}
        return Cat(parts[name] for name in raw.fields)

    def rounded_float(
        self, m: Module, pipeline: Pipeline, encoder: Encoder, magnitude: Value, status: Status
    ) -> dict[str, Value]:
        """Magnitudes rounded to a format with exponents: moved left until the first bit is one."""
        out, known = encoder.out, exact_range(self.config)
        size = max(abs(known.low), known.high).bit_length()
        number = magnitude[:size]
        wanted = out.fraction + 3
        # What the exponent of the least bit is, seen from the least normal result.
        offset = known.unit - out.min_exponent
        gradual = out.subnormals and offset < 0
        biased = int(out.zero and not gradual)
        zeros: list[Value] = []
        steps = [1 << level for level in reversed(range(max((size - 1).bit_length(), 1)))]
        for step in steps:
            if step == steps[len(steps) // 2]:
                number = pipeline.bits("coarse", number, "number")
                zeros = [pipeline.bits("coarse", bit, "zeros") for bit in zeros]
                status = pipeline.bundle("coarse", status)
            if len(number) <= step:
                # Its first bit stays the first, so the count of zeros is the same.
                number = Cat(Const(0, step + 1 - len(number)), number)
            empty = Signal(name=f"empty_{step}")
            m.d.comb += empty.eq(~number[len(number) - step :].any())
            # Further steps move by less than this one, so no bit below these is wanted.
            cut = min(len(number), wanted + step - 1)
            moved = Signal(cut, name=f"moved_{step}")
            m.d.comb += moved.eq(
                Mux(empty, jam(Cat(Const(0, step), number[:-step]), cut), jam(number, cut))
            )
            number = moved
            zeros.append(empty)
        count = Cat(*reversed(zeros))
        top = size - 1 + offset + biased
        low, high = top - 2 ** len(count) + 1, top
        scale = Signal(signed(Range(low, high, 0).width), name="scale")
        m.d.comb += scale.eq(top - count)
        significand = pipeline.bits("normal", jam(number, wanted), "number")
        scale = pipeline.bits("normal", scale, "scale")
        status = pipeline.bundle("normal", status)
        near = align_float(m, encoder, significand, scale, gradual=gradual, biased=biased)
        # Rounding can take the largest sum to the next binade, but not beyond it.
        most = (size - 1 + offset + 2) * 2**out.fraction
        return self.encoded(m, pipeline, encoder, replace(near, most=most), status)


def hold(m: Module, values: Bundle, name: str) -> Bundle:
    """A dataclass with its values as signals, so that what they are made of is there once."""
    assert is_dataclass(values)
    assert not isinstance(values, type)
    held = {}
    for field in fields(values):
        value = getattr(values, field.name)
        if isinstance(value, Const) or not len(value):
            continue
        held[field.name] = Signal(value.shape(), name=f"{name}_{field.name}")
        m.d.comb += held[field.name].eq(value)
    return replace(values, **held)


def any_of(bits: Any) -> Value:
    """Whether any bit is set; constants that are not cost nothing."""
    return reduce(or_, (bit for bit in bits if not isinstance(bit, Const)), Const(0, 1))


def lanes(port: data.View, ways: int) -> list[Value]:
    """The codes of a port, one a lane."""
    bits = Value.cast(port)
    width = len(bits) // ways
    return [bits[lane * width : (lane + 1) * width] for lane in range(ways)]


def negate(m: Module, number: Value, minus: Value, name: str) -> Value:
    """An unsigned number as a signed one, with its sign changed on demand."""
    if isinstance(minus, Const):
        return Cat(number, Const(0, 1)).as_signed()
    bits = []
    # Behind the last one, all bits are inverted.
    below: Value = Const(0, 1)
    for place in range(len(number)):
        bits.append(number[place] ^ (minus & below))
        below = number[: place + 1].any()
    negated = Signal(signed(len(number) + 1), name=name)
    m.d.comb += negated.eq(Cat(*bits, minus & below))
    return negated


def distance(m: Module, fmt: Format, operand: Unpacked, name: str) -> Value | None:
    """How far the operand's exponent is above the least one; None for formats without any."""
    if not fmt.exponent:
        return None
    exponent = operand.exponent
    if not fmt.zero:
        return exponent
    if fmt.exponent <= TABLE_EXPONENT:
        return lookup(m, exponent, fmt.exponent, lambda e: max(e - 1, 0), f"{name}_distance")
    return (exponent - 1)[: fmt.exponent]


def sum_of(m: Module, amounts: tuple[Value | None, ...], name: str) -> Value | None:
    """The sum of the amounts that there are."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < 2:
        return known[0] if known else None
    total = Signal(max(len(amount) for amount in known) + 1, name=name)
    m.d.comb += total.eq(known[0] + known[1])
    return total


def move(m: Module, term: Term) -> Term:
    """A term moved left, the shortest steps first, as long as it may get and no longer."""
    number = term.number
    width = term.range.width
    if term.shift is not None:
        for level, bit in enumerate(term.shift):
            step = 1 << level
            size = min(len(number) + step, width)
            moved = Signal(signed(size), name=f"moved_{step}")
            m.d.comb += moved.eq(Mux(bit, Cat(Const(0, step), number)[:size], resize(number, size)))
            number = moved
    return Term(resize(number, width).as_signed(), None, term.range)


def plus(m: Module, one: Term, two: Term) -> Term:
    """The sum of two terms, as wide as its range needs."""
    total = one.range + two.range
    if one.range.unit > two.range.unit:
        one, two = two, one
    # What is below the greater unit passes unchanged.
    below = two.range.unit - one.range.unit
    upper = one.number[below:].as_signed()
    result = Signal(signed(total.width - below), name="sum")
    m.d.comb += result.eq(upper + two.number)
    return Term(Cat(one.number[:below], result).as_signed(), None, total)
