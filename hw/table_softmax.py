"""Softmax by tables: sums of short powers, a row buffer of arguments, and a second look-up."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.golden.converter import ConverterConfig
from ffp8.golden.raw import RawFormat
from ffp8.golden.table_softmax import TableSoftmaxConfig

from .converter import Converter
from .power_lookup import PowerLookup
from .registers import Registers
from .softmax_scores import Scores
from .stream import StreamComponent
from .table_buffer import ArgumentBuffer, BufferedBeat
from .table_normaliser import TableNormaliser
from .table_sums import RowSums, octaves_below

__all__ = ["TableSoftmax"]


class TableSoftmax(StreamComponent[TableSoftmaxConfig]):
    """Softmax of rows by tables, `lanes` elements a cycle, rows back to back.

    The first beat of a row comes `config.latency` clock cycles after its last one was taken, or
    when the row before is through; one beat follows in each cycle. While a row comes out, the
    next ones go in.

    Parameters
    ----------
    config : :class:`TableSoftmaxConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of scores: ``a``, ``last``, and ``mask`` with that option.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of results: ``out`` and ``out_last``.
    """

    kind = TableSoftmaxConfig
    title = "TableSoftmax"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config = self.config
        registers = Registers(m, advance)
        scores = Scores(m, registers, config)
        arguments, masked = scores.outputs(operands["a"], operands.get("mask"))
        taken = config.stages.argument
        valid = registers.late_flag(valid, taken, "argument_valid")
        last = registers.late(operands["last"], taken, "argument_last")

        row = RowSums(m, registers, config).outputs(arguments, masked, valid, last)
        factor = TableNormaliser(m, registers, config).outputs(row)
        masks = [] if masked is None else [Cat(masked)]
        word = Cat(*arguments, *masks)
        buffer = ArgumentBuffer(m, registers, depth(config.depth))
        beat = buffer.outputs(word, valid, last, factor)
        return self.results(m, registers, beat)

    def results(
        self, m: Module, registers: Registers, beat: BufferedBeat
    ) -> tuple[Value, dict[str, Value]]:
        """Powers below the row's sum, and results."""
        config = self.config
        size, width = config.fraction_bits, config.argument.width
        factor = beat.factor
        low = config.powers.argument_fraction - size
        numbers, gone = [], []
        for lane in range(config.lanes):
            argument = beat.word[lane * width : (lane + 1) * width]
            # Only with a logarithm do fractions change.
            kept = 0 if config.logarithm_bits else size
            total, far = octaves_below(
                m, argument[kept:], factor.fall[low:], size - kept, f"power_below_{lane}"
            )
            if config.masks:
                far = far | beat.word[config.lanes * width + lane]
            number = Cat(factor.fall[:low], argument[:kept], total)
            numbers.append(registers.data(number, f"power_below_register_{lane}"))
            gone.append(registers.data(far, f"power_far_{lane}"))
        lookup = PowerLookup(m, registers, config.powers, config.power_memory, "power")
        powers = lookup.outputs(numbers, gone)
        late = 1 + config.stages.power
        if not config.logarithm_bits:
            factors = registers.late(factor.reciprocal, late, "reciprocal")
            powers = [
                self.product(m, registers, power, factors, lane)
                for lane, power in enumerate(powers)
            ]
        results = [self.result(m, registers, power, lane) for lane, power in enumerate(powers)]
        late += config.stages.product + config.stages.result
        valid = registers.late_flag(factor.valid, late, "result_valid")
        last = registers.late(factor.last, late, "result_last")
        return valid, {"out": Cat(results), "out_last": last}

    def product(
        self, m: Module, registers: Registers, power: Value, factor: Value, lane: int
    ) -> Value:
        """A power times its row's reciprocal, one cycle later; it is below 2."""
        config = self.config
        if config.half:
            power = Cat(factor[-1], Const(1, 1), power)
        factor = factor[: config.reciprocal_bits]
        product = Signal(len(power) + len(factor), name=f"product_{lane}")
        m.d.comb += product.eq(power * factor)
        used = product[: config.exact_fraction + 1]
        if config.cut:
            used = used[config.exact_fraction - config.power_bits :]
        return registers.data(used, f"product_{lane}_register")

    def result(self, m: Module, registers: Registers, value: Value, lane: int) -> Value:
        """What a result is rounded from, in the result's format, `stages.result` cycles later."""
        config = self.config
        if config.cut:
            return value
        fmt = RawFormat(
            significand=len(value),
            exponent=0,
            bias=config.exact_fraction,
            sign=False,
            infinity=False,
            nan=False,
        )
        converter = Converter(
            ConverterConfig(
                a=fmt,
                out=config.out,
                rounding=config.rounding,
                stages=config.stages.result,
                enable=True,
            )
        )
        m.submodules[f"result_{lane}"] = converter
        m.d.comb += [
            Value.cast(converter.a).eq(value),
            converter.enable.eq(registers.advance),
        ]
        return Value.cast(converter.out)


def depth(beats: int) -> int:
    """Words of a memory for so many beats: a block of memory has that many anyway."""
    return 1 << (beats - 1).bit_length() if beats <= 512 else beats
