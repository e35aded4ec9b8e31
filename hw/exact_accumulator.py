"""Exact sums of any number of terms, in a register that holds all their bits (Kulisch)."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed

from ffp8.golden.accumulator import AccumulatorConfig, held_range
from ffp8.golden.ranges import value_range
from ffp8.golden.raw import RawFormat

from .logic import hold
from .pipeline import Pipeline
from .specials import Specials
from .tree_operand import operand
from .tree_products import signed_number
from .tree_root import Root
from .tree_sum import Term, move
from .unpacked import Unpacked

__all__ = ["ExactSum"]

#: The places behind the sum, in the order of the data's way.
BEHIND = ("magnitude", "coarse", "normal", "neighbour")


@dataclass(frozen=True)
class Seen:
    """What was seen since the first term, besides numbers.

    Attributes
    ----------
    nan, plus, minus
        NaN, and infinities of each sign, or sums that left the width on their side.
    left
        A sum that left the width.
    negative
        Nothing but terms with a minus sign.
    """

    nan: Value
    plus: Value
    minus: Value
    left: Value
    negative: Value


@dataclass(frozen=True)
class ExactSum:
    """Makes the outputs of an exact accumulator.

    The register has a bit more than the width that is promised. A sum that leaves the width is
    still there with its true sign, so that this is seen behind the register and not before it.

    Parameters
    ----------
    m, pipeline
        Where the logic and its registers go.
    """

    m: Module
    pipeline: Pipeline
    config: AccumulatorConfig

    def outputs(self, code: Value, first: Value, random: Value | None) -> dict[str, Value]:
        """The ports: the sum as it is, or rounded."""
        m, pipeline, config = self.m, self.pipeline, self.config
        held = held_range(config)
        given = operand(m, config.a, code, "a")
        parts = given.parts
        number = signed_number(m, given, "a_signed")
        special = parts.nan | parts.infinity
        kept = Signal(number.shape(), name="a_finite")
        m.d.comb += kept.eq(Mux(special, 0, number))
        term = pipeline.bundle("term", Term(kept, given.distance, value_range(config.a)))
        parts, first = pipeline.bundle("term", parts), pipeline.bits("term", first, "first")
        term = pipeline.bundle("shift", move(m, term))
        parts, first = pipeline.bundle("shift", parts), pipeline.bits("shift", first, "first")

        size = held.width + (held.low < 0)
        total = pipeline.register(signed(size), "sum")
        before = Mux(first, 0, total)
        pipeline.load(total, (before + term.number)[:size].as_signed())
        left = total[-1] ^ total[-2] if held.low < 0 else total[-1]
        seen = self.specials(parts, first, left, total[-1])
        number = total[:-1].as_signed() if held.low < 0 else total
        if config.out is None:
            return {"out": self.raw(number, seen)}
        nan = seen.nan | (seen.plus & seen.minus)
        specials = Specials(
            nan=nan,
            made_nan=nan & ~seen.nan,
            infinity=seen.plus | seen.minus,
            negative_infinity=seen.minus,
            negative=seen.negative,
        )
        root = Root(m, pipeline, config, self.late(random))
        outputs = root.outputs(Term(number, None, held), hold(m, specials, "sum_is"))
        overflowed = seen.left
        for place in BEHIND:
            overflowed = pipeline.bits(place, overflowed, "overflowed")
        wrong = {name: outputs[name] | overflowed for name in ("overflow", "inexact")}
        return outputs | wrong

    def late(self, random: Value | None) -> Value | None:
        """The random bits at the time of rounding."""
        if random is None:
            return None
        pipeline = self.pipeline
        random = pipeline.bits("shift", pipeline.bits("term", random, "random"), "random")
        beside = pipeline.register(len(random), "sum_random")
        pipeline.load(beside, random)
        found: Value = beside
        for place in BEHIND[:-1]:
            found = pipeline.bits(place, found, "random")
        return found

    def specials(self, parts: Unpacked, first: Value, left: Value, negative: Value) -> Seen:
        """What was seen up to the sum that is in the register, in registers beside it.

        `left` and `negative` say whether that sum is beyond the width, and its sign.
        """
        m, pipeline = self.m, self.pipeline
        names = ("nan", "plus", "minus", "left", "negative")
        kept = {name: pipeline.register(1, f"seen_{name}") for name in names}
        leaves = left & ~(kept["nan"] | kept["plus"] | kept["minus"])
        seen = Seen(
            nan=kept["nan"],
            plus=kept["plus"] | (leaves & ~negative),
            minus=kept["minus"] | (leaves & negative),
            left=kept["left"] | leaves,
            negative=kept["negative"],
        )
        seen = hold(m, seen, "seen_now")
        follows = ~first
        taken = {
            "nan": parts.nan | (follows & seen.nan),
            "plus": (parts.infinity & ~parts.sign) | (follows & seen.plus),
            "minus": (parts.infinity & parts.sign) | (follows & seen.minus),
            "left": follows & seen.left,
            "negative": parts.sign & (first | seen.negative),
        }
        for name, value in taken.items():
            pipeline.load(kept[name], value)
        return seen

    def raw(self, number: Value, seen: Seen) -> Value:
        """The code of the exact sum."""
        raw = self.config.result
        assert isinstance(raw, RawFormat)
        nan = seen.nan | (seen.plus & seen.minus)
        infinity = (seen.plus | seen.minus) & ~nan
        bits = number.as_unsigned()[: raw.significand]
        if raw.complement:
            bits = Cat(bits[:-1], Mux(infinity, seen.minus, bits[-1]))
        parts = {"significand": bits, "infinity": infinity, "nan": nan}
        return Cat(parts[name] for name in raw.fields)
