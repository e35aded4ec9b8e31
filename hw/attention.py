"""Attention: trees of queries and keys, a softmax, and trees of weights and values."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, Module, Value

from ffp8.golden.attention import AttentionConfig
from ffp8.golden.converter import ConverterConfig
from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.table_softmax import TableSoftmaxConfig

from .accumulator import Accumulator
from .converter import Converter
from .factor import times_factor
from .fma_tree import FmaTree
from .registers import Registers
from .ring import Ring
from .softmax import Softmax, depth
from .stream import StreamComponent
from .table_softmax import TableSoftmax

__all__ = ["Attention"]

#: The components of softmaxes, by their configurations.
SOFTMAXES = {SoftmaxConfig: Softmax, TableSoftmaxConfig: TableSoftmax}


@dataclass(frozen=True)
class Weighed:
    """Weights of a beat with their values; and whether the trees' sum is the first of a row."""

    weights: Value
    values: Value
    first: Value


class Attention(StreamComponent[AttentionConfig]):
    """Attention of queries to keys, `lanes` keys a cycle, rows back to back.

    A row's result comes `config.latency` clock cycles after its last beat was taken, and as many
    more as it has further beats. Meanwhile the next rows go in: a beat is taken in each cycle.

    Parameters
    ----------
    config : :class:`AttentionConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of keys: ``q``, ``k``, ``v``, ``last``, and ``mask`` with that option.
    o : ``Out(stream.Signature(StructLayout))``
        Results: ``out``.
    """

    kind = AttentionConfig
    title = "Attention"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config = self.config
        registers = Registers(m, advance)
        given: dict[str, Value] = {
            name: registers.late(operands[name], config.before, f"score_{name}")
            for name in ("mask", "last")
            if name in operands
        }
        given["a"] = Cat(
            self.argument(m, registers, operands, lane) for lane in range(config.lanes)
        )
        m.submodules.softmax = rows = SOFTMAXES[type(config.rows)](config.rows)
        rows.inside(advance)
        m.d.comb += rows.i.valid.eq(registers.late_flag(valid, config.before, "score_valid"))
        m.d.comb += [Value.cast(rows.i.payload[name]).eq(code) for name, code in given.items()]

        # Two cycles for the memory, which has a register behind it because it is slow.
        weights = registers.late(Value.cast(rows.o.payload["out"]), 2, "weights")
        values = self.waited(m, registers, valid, operands, rows.o.valid)
        last = Value.cast(rows.o.payload["out_last"])
        begins = registers.state(1, "begins", init=1)
        registers.load(begins, last, when=rows.o.valid)
        late = 2 + config.value_tree.latency
        beat = Weighed(weights, values, registers.late(begins, late, "begins"))
        results = Cat(
            self.result(m, registers, beat, column) for column in range(config.value_size)
        )
        shows = registers.late_flag(rows.o.valid & last, config.behind, "result_valid")
        return shows, {"out": registers.data(results, "result")}

    def argument(
        self, m: Module, registers: Registers, operands: dict[str, Value], lane: int
    ) -> Value:
        """A lane's argument of the softmax, `before` cycles after its query and key."""
        config = self.config
        size = config.head_size * config.k.width
        m.submodules[f"score_{lane}"] = tree = FmaTree(config.score_tree)
        m.d.comb += [
            Value.cast(tree.a).eq(operands["q"]),
            Value.cast(tree.b).eq(operands["k"][lane * size :][:size]),
            tree.enable.eq(registers.advance),
        ]
        scaled, code = times_factor(
            m, config.score, Value.cast(tree.out), config.factor, f"score_{lane}"
        )
        code = registers.data(code, f"scaled_{lane}")
        m.submodules[f"argument_{lane}"] = converter = Converter(
            ConverterConfig(a=scaled, out=config.rows.argument, stages=2, enable=True)
        )
        m.d.comb += [
            Value.cast(converter.a).eq(code),
            converter.enable.eq(registers.advance),
        ]
        return Value.cast(converter.out)

    def waited(
        self,
        m: Module,
        registers: Registers,
        valid: Value,
        operands: dict[str, Value],
        wanted: Value,
    ) -> Value:
        """The values of beats, two cycles after their weights are there."""
        config = self.config
        values = operands["v"]
        if "mask" in operands and (config.v.has_nan or config.v.has_infinity):
            size = config.value_size * config.v.width
            kept = Cat((~out).replicate(size) for out in operands["mask"])
            values = values & kept
        ring = Ring(m, registers, depth(config.depth))
        written, read = ring.counter("written", valid), ring.counter("read", wanted)
        found = ring.memory("values", values, written, valid, read)
        return registers.data(found, "values")

    def result(self, m: Module, registers: Registers, beat: Weighed, column: int) -> Value:
        """The sum of a column of values up to a beat, rounded."""
        config = self.config
        width = config.v.width
        m.submodules[f"weighted_{column}"] = tree = FmaTree(config.value_tree)
        lanes = [
            beat.values.word_select(lane * config.value_size + column, width)
            for lane in range(config.lanes)
        ]
        m.d.comb += [
            Value.cast(tree.a).eq(beat.weights),
            Value.cast(tree.b).eq(Cat(lanes)),
            tree.enable.eq(registers.advance),
        ]
        m.submodules[f"sum_{column}"] = accumulator = Accumulator(config.accumulator)
        m.d.comb += [
            Value.cast(accumulator.a).eq(Value.cast(tree.out)),
            accumulator.first.eq(beat.first),
            accumulator.enable.eq(registers.advance),
        ]
        return Value.cast(accumulator.out)
