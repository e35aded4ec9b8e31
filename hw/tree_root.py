"""The root of a tree: the sum as it is, or normalised and rounded once."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.golden.formats import Specials as SpecialCodes
from ffp8.golden.posit import Posit
from ffp8.golden.ranges import Range
from ffp8.golden.raw import RawFormat

from .encoder import Encoder, Status
from .logic import hold, jam, resize
from .pipeline import Pipeline
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
from .specials import Specials
from .tree_sum import Term

__all__ = ["Root", "RunTime"]


@dataclass(frozen=True)
class RunTime:
    """What only run time knows of a number.

    Attributes
    ----------
    exponent
        How far the number's unit is above the least that it can have.
    most
        The largest of these.
    flip
        Whether the number has the wrong sign.
    """

    exponent: Value
    most: int
    flip: Value


#: Of numbers that are what they seem.
CONSTANT = RunTime(Const(0, 1), 0, Const(0, 1))


@dataclass(frozen=True)
class Root:
    """Makes a tree's outputs of its sum.

    Parameters
    ----------
    m, pipeline
        Where the logic and its registers go.
    config
        The tree's configuration.
    """

    m: Module
    pipeline: Pipeline
    config: FmaTreeConfig

    def outputs(
        self, total: Term, specials: Specials, known: RunTime = CONSTANT
    ) -> dict[str, Value]:
        """The ports: the sum as it is, or rounded."""
        m, pipeline, out = self.m, self.pipeline, self.config.out
        number = total.number
        if out is None:
            return {"out": self.raw(number, specials, known)}
        minus = number[-1] | specials.negative
        if not isinstance(known.flip, Const):
            minus = (number[-1] ^ known.flip) & number.any()
        status = Status(
            sign=Mux(specials.infinity, specials.negative_infinity, minus),
            nan=specials.nan,
            infinity=specials.infinity,
            zero=~number.any(),
            made_nan=specials.made_nan,
        )
        status = hold(m, status, "sum")
        if isinstance(out, Format) and out.complement and known is CONSTANT:
            encoder = self.encoder(out)
            return self.encoded(
                encoder, align_complement(m, encoder, number, total.range.unit), status
            )
        magnitude = number
        if total.range.low < 0:
            magnitude = Signal(len(number), name="magnitude")
            m.d.comb += magnitude.eq(Mux(number[-1], -number, number))
        if isinstance(out, Format) and not out.exponent:
            encoder = self.encoder(out)
            exponent = Const(0, 0) if known is CONSTANT else known.exponent
            near = align_fixed(m, encoder, magnitude, exponent, total.range.unit)
            return self.encoded(encoder, near, status)
        magnitude = pipeline.bits("magnitude", magnitude, "number")
        status = pipeline.bundle("magnitude", status)
        found = Magnitude(magnitude, total.range, pipeline.bundle("magnitude", known), status)
        match out:
            case Posit():
                return self.rounded_posit(out, found)
            case Format():
                return self.rounded_float(out, found)
        raise TypeError(f"Tree result must be a Format or a Posit, not {out!r}")

    def encoder(self, out: Format) -> Encoder:
        return Encoder(out, self.config.rounding, self.config.overflow, self.config.nan_code)

    def encoded(self, encoder: Encoder, near: Neighbour, status: Status) -> dict[str, Value]:
        near = self.pipeline.bundle("neighbour", near)
        status = self.pipeline.bundle("neighbour", status)
        return encode(self.m, encoder, near, status)

    def raw(self, number: Value, specials: Specials, known: RunTime) -> Value:
        """The code of the exact sum."""
        raw = self.config.result
        assert isinstance(raw, RawFormat)
        bits = number.as_unsigned()[: raw.significand]
        exponent = resize(known.exponent, raw.exponent)
        if raw.nan:
            ordinary = ~specials.nan & ~specials.infinity
            bits = bits & ordinary.replicate(raw.significand)
            exponent = exponent & ordinary.replicate(raw.exponent)
        infinity = specials.infinity & ~specials.nan
        if raw.infinity and raw.complement:
            bits = Cat(bits[:-1], bits[-1] | (infinity & specials.negative_infinity))
        parts = {
            "significand": bits,
            "exponent": exponent,
            "infinity": infinity,
            "nan": specials.nan,
        }
        return Cat(parts[name] for name in raw.fields)

    def rounded_float(self, out: Format, found: "Magnitude") -> dict[str, Value]:
        """Magnitudes rounded to a format with exponents."""
        encoder = self.encoder(out)
        # What the exponent of the least bit is, seen from the least normal result.
        offset = found.range.unit - out.min_exponent
        if out.step == 2:
            normal = self.normalised(found, RADIX_4_BITS, offset)
            near = align_power_of_4(self.m, encoder, normal.significand, normal.scale)
            return self.encoded(encoder, near, normal.status)
        gradual = out.subnormals and offset < 0
        biased = int(out.zero and not gradual)
        narrow, dropped = self.narrowed(out)
        normal = self.normalised(found, narrow.out.fraction + 3, offset + biased)
        near = align_float(
            self.m, narrow, normal.significand, normal.scale, gradual=gradual, biased=biased
        )
        # Rounding can take the largest sum to the next binade, but not beyond it.
        most = (length(found.range) - 1 + offset + found.known.most + 2) * 2**out.fraction
        return self.encoded(encoder, replace(near, most=most, dropped=dropped), normal.status)

    def narrowed(self, out: Format) -> tuple[Encoder, int]:
        """The encoder of results with fewer fraction bits, and how many there are less."""
        keep = self.config.keep
        if keep is None or keep == out.fraction:
            return self.encoder(out), 0
        narrow = out.replace(fraction=keep, specials=SpecialCodes.NONE)
        return replace(self.encoder(out), out=narrow, nan=None), out.fraction - keep

    def rounded_posit(self, out: Posit, found: "Magnitude") -> dict[str, Value]:
        """Magnitudes rounded to a posit."""
        normal = self.normalised(found, out.fraction + 3, found.range.unit)
        near = align_posit(self.m, out, self.config.rounding, normal.significand, normal.scale)
        near = self.pipeline.bundle("neighbour", near)
        status = self.pipeline.bundle("neighbour", normal.status)
        return encode_posit(self.m, out, self.config.overflow, near, status)

    def normalised(self, found: "Magnitude", wanted: int, offset: int) -> "Normalised":
        """Magnitudes moved left until the first bit is one, and cut to the bits that are wanted.

        The scale of the least magnitude, 1 with the least exponent, is `offset`.
        """
        m, pipeline = self.m, self.pipeline
        size = length(found.range)
        number, status, known = found.number[:size], found.status, found.known
        zeros: list[Value] = []
        steps = [1 << level for level in reversed(range(max((size - 1).bit_length(), 1)))]
        for step in steps:
            if step == steps[len(steps) // 2]:
                number = pipeline.bits("coarse", number, "number")
                zeros = [pipeline.bits("coarse", bit, "zeros") for bit in zeros]
                status, known = pipeline.bundle("coarse", status), pipeline.bundle("coarse", known)
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
        top = size - 1 + offset
        low, high = top - 2 ** len(count) + 1, top + known.most
        scale = Signal(signed(Range(low, high, 0).width), name="scale")
        m.d.comb += scale.eq(known.exponent + top - count)
        significand = pipeline.bits("normal", jam(number, wanted), "number")
        scale = pipeline.bits("normal", scale, "scale").as_signed()
        return Normalised(significand, scale, pipeline.bundle("normal", status))


@dataclass(frozen=True)
class Magnitude:
    """A magnitude to be rounded, and what it is known to be within."""

    number: Value
    range: Range
    known: RunTime
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
