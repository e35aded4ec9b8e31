"""The root of a tree: the sum as it is, or normalised and rounded once."""

from dataclasses import dataclass, replace
from typing import Protocol

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.formats import Specials as SpecialCodes
from ffp8.golden.posit import Posit
from ffp8.golden.ranges import Range
from ffp8.golden.raw import RawFormat
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.scalar_format import ScalarFormat

from .carry import add
from .encoder import Encoder, Status
from .gate import Gate
from .logic import hold, jam, resize
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
from .specials import Specials
from .target import PORTABLE, Target
from .tree_sum import Term

__all__ = ["Magnitude", "Result", "Root", "RunTimeExponent"]


class Result(Protocol):
    """What a configuration says of a result."""

    @property
    def out(self) -> ScalarFormat | None: ...
    @property
    def rounding(self) -> Rounding: ...
    @property
    def overflow(self) -> Overflow: ...
    @property
    def result(self) -> AnyFormat: ...


@dataclass(frozen=True)
class RunTimeExponent:
    """A power of two that a number is multiplied by, from `low` to `high`."""

    value: Value
    low: int
    high: int

    @classmethod
    def of(cls, value: Value) -> "RunTimeExponent":
        """A signed value of which nothing else is known."""
        half = 2 ** (len(value) - 1)
        return cls(value, -half, half - 1)

    def plus(self, m: Module, other: "RunTimeExponent") -> "RunTimeExponent":
        low, high = self.low + other.low, self.high + other.high
        total = Signal(signed(Range(low, high, 0).width), name="run_time_exponent")
        m.d.comb += total.eq(self.value + other.value)
        return RunTimeExponent(total, low, high)


@dataclass(frozen=True)
class Root:
    """Makes a tree's outputs of its sum.

    Parameters
    ----------
    m, pipeline
        Where the logic and its registers go.
    config
        The tree's configuration.
    random
        The random bits of a stochastic rounding, after the registers before the rounding.
    keep
        The fraction bits that results have; those of their format if None.
    nan_code
        The code of NaN results; the format's own if None.
    target
        What the logic is for.
    """

    m: Module
    pipeline: Pipeline
    config: Result
    random: Value | None = None
    keep: int | None = None
    nan_code: int | None = None
    target: Target = PORTABLE

    def outputs(
        self,
        total: Term,
        specials: Specials,
        exponent: RunTimeExponent | None = None,
        flip: Value | None = None,
    ) -> dict[str, Value]:
        """The ports: the sum as it is, or rounded.

        Parameters
        ----------
        exponent
            What the sum is to be multiplied by, besides what the specials say.
        flip
            Whether the sum has the wrong sign; a zero is positive then.
        """
        m, out = self.m, self.config.out
        number = total.number
        if out is None:
            return {"out": self.raw(total, specials, exponent)}
        minus = number[-1] | specials.negative
        if flip is not None:
            minus = (number[-1] ^ flip) & number.any()
        status = Status(
            sign=Mux(specials.infinity, specials.negative_infinity, minus),
            nan=specials.nan,
            infinity=specials.infinity,
            zero=~number.any() & ~specials.infinity,
            made_nan=specials.made_nan,
        )
        status = hold(m, status, "sum")
        if specials.exponent is not None:
            bias = RunTimeExponent.of(specials.exponent)
            exponent = bias if exponent is None else exponent.plus(m, bias)
        if isinstance(out, Format) and out.complement and exponent is None:
            encoder = self.encoder(out)
            return self.encoded(
                encoder, align_complement(m, encoder, number, total.range.unit), status
            )
        magnitude = number
        if total.range.low < 0:
            magnitude = Signal(len(number), name="magnitude")
            if self.target.carry_cells:
                # Their tables take the inversion in.
                inverted = [bit ^ number[-1] for bit in Gate.bits(number)]
                nothing = [Gate.bit(0)] * len(number)
                absolute = add(m, self.target, inverted, nothing, "absolute", carry=number[-1])
                m.d.comb += magnitude.eq(absolute)
            else:
                m.d.comb += magnitude.eq(Mux(number[-1], -number, number))
        return self.of_magnitude(Magnitude(magnitude, total.range, exponent, status))

    def of_magnitude(self, total: "Magnitude") -> dict[str, Value]:
        """The ports, where the sum is rounded, and its magnitude and its sign are known."""
        m, pipeline, out = self.m, self.pipeline, self.config.out
        exponent = total.exponent
        if isinstance(out, Format) and not out.exponent:
            encoder = self.encoder(out)
            moved = Const(0, 0) if exponent is None else exponent.value
            near = align_fixed(m, encoder, total.number, moved, total.range.unit)
            return self.encoded(encoder, near, total.status)
        if exponent is not None:
            exponent = pipeline.bundle("magnitude", exponent)
        number = pipeline.bits("magnitude", total.number, "number")
        status = pipeline.bundle("magnitude", total.status)
        total = Magnitude(number, total.range, exponent, status)
        match out:
            case Posit():
                return self.rounded_posit(out, total)
            case Format():
                return self.rounded_float(out, total)
        raise TypeError(f"Tree result must be a Format or a Posit, not {out!r}")

    def encoder(self, out: Format) -> Encoder:
        config = self.config
        return Encoder(out, config.rounding, config.overflow, self.random, self.nan_code)

    def encoded(self, encoder: Encoder, near: Neighbour, status: Status) -> dict[str, Value]:
        near = self.pipeline.bundle("neighbour", near)
        status = self.pipeline.bundle("neighbour", status)
        return encode(self.m, encoder, near, status)

    def raw(self, total: Term, specials: Specials, exponent: RunTimeExponent | None) -> Value:
        """The code of the sum as it is."""
        raw = self.config.result
        assert isinstance(raw, RawFormat)
        bits = total.number.as_unsigned()[: raw.significand]
        field = Const(0, 0) if exponent is None else resize(exponent.value, raw.exponent)
        if raw.nan and not total.cleared:
            ordinary = ~specials.nan & ~specials.infinity
            bits = bits & ordinary.replicate(raw.significand)
            field = field & ordinary.replicate(raw.exponent)
        infinity = specials.infinity & ~specials.nan
        if raw.infinity and raw.complement:
            bits = Cat(bits[:-1], bits[-1] | (infinity & specials.negative_infinity))
        parts = {"significand": bits, "exponent": field, "infinity": infinity, "nan": specials.nan}
        return Cat(parts[name] for name in raw.fields)

    def rounded_float(self, out: Format, total: "Magnitude") -> dict[str, Value]:
        """Magnitudes rounded to a format with exponents."""
        encoder, known = self.encoder(out), total.range
        narrow, dropped = self.narrowed(out)
        wanted = significand_bits(narrow.out, encoder.decision)
        # What the exponent of the least bit is, seen from the least normal result.
        offset = known.unit - out.min_exponent
        if out.step == 2:
            found = self.normalised(total, wanted, offset)
            near = align_power_of_4(self.m, encoder, found.significand, found.scale)
            return self.encoded(encoder, near, found.status)
        low, high = (0, 0) if total.exponent is None else (total.exponent.low, total.exponent.high)
        gradual = out.subnormals and offset + low < 0
        biased = int(out.zero and not gradual)
        # Without a run-time exponent, subnormal results stop at their place on the way to the left.
        placed = gradual and total.exponent is None
        limit = max(length(known) - 1 + offset, 0) if placed else None
        found = self.normalised(total, wanted, offset + biased, limit)
        near = align_float(
            self.m, narrow, found.significand, found.scale,
            gradual=gradual, biased=biased, placed=placed,
        )  # fmt: skip
        # Rounding can take the largest sum to the next binade, but not beyond it.
        most = (length(known) - 1 + offset + high + 2) * 2**out.fraction
        return self.encoded(encoder, replace(near, most=most, dropped=dropped), found.status)

    def narrowed(self, out: Format) -> tuple[Encoder, int]:
        """The encoder of results with fewer fraction bits, and how many there are less."""
        keep = self.keep
        if keep is None or keep == out.fraction:
            return self.encoder(out), 0
        narrow = out.replace(fraction=keep, specials=SpecialCodes.NONE)
        return replace(self.encoder(out), out=narrow, nan=None), out.fraction - keep

    def rounded_posit(self, out: Posit, total: "Magnitude") -> dict[str, Value]:
        """Magnitudes rounded to a posit."""
        decision = Decision(self.config.rounding, self.random)
        wanted = significand_bits(out, decision)
        found = self.normalised(total, wanted, total.range.unit)
        near = align_posit(self.m, out, decision, found.significand, found.scale)
        near = self.pipeline.bundle("neighbour", near)
        status = self.pipeline.bundle("neighbour", found.status)
        return encode_posit(self.m, out, self.config.overflow, near, status)

    def normalised(
        self, total: "Magnitude", wanted: int, offset: int, limit: int | None = None
    ) -> "Normalised":
        """Magnitudes moved left until the first bit is one, and cut to the bits that are wanted.

        The scale of the least magnitude, 1, is `offset`, and the run-time exponent more. With a
        limit, which scale 0 is at, none is moved further than that.
        """
        m, pipeline = self.m, self.pipeline
        size, status = length(total.range), total.status
        if limit is not None:
            size = limit - offset + 1
        number = resize(total.number.as_unsigned()[: length(total.range)], size)
        top: Value | int = size - 1 + offset
        low = high = top
        if total.exponent is not None:
            low, high = low + total.exponent.low, high + total.exponent.high
            top = Signal(signed(Range(low, high, 0).width), name="top")
            m.d.comb += top.eq(total.exponent.value + (size - 1 + offset))
            top = pipeline.bits("coarse", top, "top").as_signed()
        zeros: list[Value] = []
        # Whether the steps so far are all that the limit has of them.
        spent: Value = Const(limit is not None, 1)
        steps = [1 << level for level in reversed(range(max((size - 1).bit_length(), 1)))]
        for step in steps:
            if step == steps[len(steps) // 2]:
                number = pipeline.bits("coarse", number, "number")
                zeros = [pipeline.bits("coarse", bit, "zeros") for bit in zeros]
                spent = pipeline.bits("coarse", spent, "spent")
                status = pipeline.bundle("coarse", status)
            if len(number) <= step:
                # Its first bit stays the first, so the count of zeros is the same.
                number = Cat(Const(0, step + 1 - len(number)), number)
            empty = Signal(name=f"empty_{step}")
            if limit is None or limit & step:
                m.d.comb += empty.eq(~number[len(number) - step :].any())
                spent = spent & empty
            else:
                m.d.comb += empty.eq(~number[len(number) - step :].any() & ~spent)
            # Further steps move by less than this one, so no bit below these is wanted.
            cut = min(len(number), wanted + step - 1)
            moved = Signal(cut, name=f"moved_{step}")
            m.d.comb += moved.eq(
                Mux(empty, jam(Cat(Const(0, step), number[:-step]), cut), jam(number, cut))
            )
            number = moved
            zeros.append(empty)
        count = Cat(*reversed(zeros))
        most = 2 ** len(count) - 1
        low -= most if limit is None else min(most, limit)
        scale = Signal(signed(Range(low, high, 0).width), name="scale")
        m.d.comb += scale.eq(top - count)
        significand = pipeline.bits("normal", jam(number, wanted), "number")
        scale = pipeline.bits("normal", scale, "scale").as_signed()
        return Normalised(significand, scale, pipeline.bundle("normal", status))


@dataclass(frozen=True)
class Magnitude:
    """A sum's magnitude, an integer in the range's unit, times 2^exponent if there is one."""

    number: Value
    range: Range
    exponent: RunTimeExponent | None
    status: Status


@dataclass(frozen=True)
class Normalised:
    """A magnitude significand / 2^(len - 1) * 2^scale; the first bit is one unless it is zero."""

    significand: Value
    scale: Value
    status: Status


def length(known: Range) -> int:
    """Bits of the largest magnitude."""
    return max(abs(known.low), known.high).bit_length()
