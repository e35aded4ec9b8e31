"""Sums that are rounded after each term: of all of them, or of chunks and of those."""

from dataclasses import dataclass
from typing import Any, Protocol

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.accumulator import AccumulatorConfig, Kind
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.formats import Specials as SpecialCodes
from ffp8.golden.ports import FLAGS

from .encoder import Encoder, Status
from .fixed_adder import FixedAdder
from .float_adder import FloatAdder
from .pipeline import Pipeline
from .rounder import Neighbour, encode

__all__ = ["RoundedSum"]


@dataclass(frozen=True)
class Sum:
    """A sum's code in a register, and the exceptions of all roundings that it came of."""

    code: Value
    flags: Value


class Adder(Protocol):
    """What adds terms to codes of a format; it makes of a term what it likes to add."""

    @property
    def encoder(self) -> Encoder: ...
    def term(self, code: Value, name: str) -> Any: ...
    def add(self, code: Value, nothing: Value, two: Any) -> tuple[Neighbour, Status]: ...


@dataclass(frozen=True)
class Step:
    """What comes with a term.

    Attributes
    ----------
    begins
        Whether the sum is the term alone.
    keeps
        Whether the next term is added to this sum; None for always. Else it is added to
        what this term was added to.
    raised
        The exceptions that the term came of.
    """

    begins: Value
    keeps: Value | None
    raised: Value


@dataclass(frozen=True)
class RoundedSum:
    """Makes the outputs of an accumulator that rounds after each term.

    Parameters
    ----------
    m, pipeline
        Where the logic and its registers go.
    """

    m: Module
    pipeline: Pipeline
    config: AccumulatorConfig

    def outputs(self, code: Value, first: Value, random: Value | None) -> dict[str, Value]:
        """The ports."""
        config, pipeline = self.config, self.pipeline
        if random is not None:
            random = pipeline.bits("term", pipeline.bits("operand", random, "random"), "random")
        out, none = config.outer_format, Const(0, len(FLAGS))
        code = pipeline.bits("operand", code, "a")
        first = pipeline.bits("operand", first, "first")
        first = pipeline.bits("term", first, "first")
        if config.kind is Kind.RUNNING:
            adder = self.adder(out, config.a, random)
            term = pipeline.bundle("term", adder.term(code, "a"))
            return self.ports(self.total(adder, term, Step(first, None, none), "sum"))
        bits = config.random_bits
        adder = self.adder(config.inner_format, config.a, None if random is None else random[:bits])
        term = pipeline.bundle("term", adder.term(code, "a"))
        begins, ends = self.chunks(first)
        inner = self.total(adder, term, Step(begins, None, none), "inner")
        beside = {name: pipeline.register(1, f"inner_{name}") for name in ("first", "ends")}
        pipeline.load(beside["first"], first)
        pipeline.load(beside["ends"], ends)
        if random is not None:
            late = pipeline.register(bits, "inner_random")
            pipeline.load(late, random[bits:])
            random = pipeline.bits("partial", late, "random")
        adder = self.adder(out, config.inner_format, random)
        part = pipeline.bundle("partial", adder.term(inner.code, "partial"))
        step = Step(beside["first"], beside["ends"], inner.flags)
        return self.ports(self.total(adder, part, pipeline.bundle("partial", step), "sum"))

    def ports(self, total: Sum) -> dict[str, Value]:
        return {"out": total.code} | dict(zip(FLAGS, total.flags, strict=True))

    def adder(self, out: Format, term: AnyFormat, random: Value | None) -> Adder:
        """What adds terms to sums of a format."""
        encoder = Encoder(out, self.config.rounding, self.config.overflow, random)
        plain = not out.exponent and out.specials is SpecialCodes.NONE
        if plain and (out.complement or not out.sign):
            return FixedAdder(self.m, encoder, term)
        return FloatAdder(self.m, encoder, term)

    def chunks(self, first: Value) -> tuple[Value, Value]:
        """Whether a term begins a chunk, and whether it ends one."""
        m, pipeline, length = self.m, self.pipeline, self.config.chunk
        assert length is not None
        count = pipeline.register(range(length), "count")
        place = Signal(range(length), name="place")
        m.d.comb += place.eq(Mux(first, 0, count))
        ends = place == length - 1
        pipeline.load(count, Mux(ends, 0, place + 1))
        return place == 0, ends

    def total(self, adder: Adder, term: Any, step: Step, name: str) -> Sum:
        """The sum with a term, in registers."""
        m, pipeline, out = self.m, self.pipeline, adder.encoder.out
        code = pipeline.register(out.width, name)
        flags = pipeline.register(len(FLAGS), f"{name}_flags")
        base, base_flags, nothing = code, flags, step.begins
        if step.keeps is not None:
            base = pipeline.register(out.width, f"{name}_base")
            base_flags = pipeline.register(len(FLAGS), f"{name}_base_flags")
            none = pipeline.register(1, f"{name}_none")
            nothing = step.begins | none
            pipeline.load(none, nothing & ~step.keeps)
        follows = ~nothing
        near, status = adder.add(base, nothing, term)
        found = encode(m, adder.encoder, near, status)
        new = Signal(len(FLAGS), name=f"{name}_raised")
        old = base_flags & follows.replicate(len(FLAGS))
        m.d.comb += new.eq(Cat(found[flag] for flag in FLAGS) | step.raised | old)
        pipeline.load(code, found["out"])
        pipeline.load(flags, new)
        if step.keeps is not None:
            pipeline.load(base, Mux(step.keeps, found["out"], base))
            pipeline.load(base_flags, Mux(step.keeps, new, base_flags))
        return Sum(code, flags)
