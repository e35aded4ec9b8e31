"""Softmax by tables: powers of two, a row buffer, and products with one factor a beat."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value, signed

from ffp8.golden.converter import ConverterConfig
from ffp8.golden.power_table import OCTAVES
from ffp8.golden.raw import RawFormat
from ffp8.golden.table_softmax import FACTOR_GUARD, PRODUCT_GUARD, TableSoftmaxConfig

from .converter import Converter
from .registers import Registers
from .softmax import depth
from .softmax_powers import Amount, Beat
from .softmax_scores import Scores
from .stream import StreamComponent
from .table_buffer import TableBuffer
from .table_reciprocal import RowFactor, TableReciprocal
from .table_sums import TablePowers, moved_by_steps

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
        arguments = Scores(m, registers, config).outputs(valid, operands)
        beat, row = TablePowers(m, registers, config).outputs(arguments)
        factor = TableReciprocal(m, registers, config).outputs(row)
        beat, factor = TableBuffer(m, registers, depth(config.depth)).outputs(beat, factor)
        return self.results(m, registers, beat, factor)

    def results(
        self, m: Module, registers: Registers, beat: Beat, factor: RowFactor
    ) -> tuple[Value, dict[str, Value]]:
        """The powers times the factor of their beat."""
        config = self.config
        multiplier = self.factor(m, registers, beat.top, factor)
        results = []
        for lane, power in enumerate(beat.powers):
            late = registers.late(power, 2, f"power_{lane}")
            product = Signal(len(power) + len(multiplier), name=f"product_{lane}")
            m.d.comb += product.eq(late * multiplier)
            results.append(self.result(m, registers, product, lane))
        cycles = 2 + config.stages.result
        valid = registers.late_flag(beat.valid, cycles, "result_valid")
        last = registers.late(beat.last, cycles, "result_last")
        return valid, {"out": Cat(results), "out_last": last}

    def factor(self, m: Module, registers: Registers, fall: Value, row: RowFactor) -> Value:
        """The factor of a beat, 2 cycles later: the reciprocal, in its place and to odd."""
        distance = Signal(signed(max(len(fall), len(row.fall)) + 1), name="places")
        # Never negative: the row's top is no less than the beat's.
        m.d.comb += distance.eq(fall - row.fall)
        amount = Amount.of(distance[:-1], OCTAVES)
        amount = Amount(
            registers.data(amount.bits, "factor_places"), registers.data(amount.gone, "factor_gone")
        )
        reciprocal = registers.data(row.reciprocal, "row_reciprocal")
        moved = Signal(len(reciprocal) + FACTOR_GUARD, name="moved_reciprocal")
        m.d.comb += moved.eq(moved_by_steps(reciprocal << FACTOR_GUARD, amount))
        return registers.data(to_odd(moved, FACTOR_GUARD), "factor")

    def result(self, m: Module, registers: Registers, product: Value, lane: int) -> Value:
        """A product in the result's format, `stages.result` cycles later."""
        config = self.config
        # It is below 2, because no power is more than twice its row's sum.
        exact = config.powers.exact_fraction + config.factor_bits
        product = product[exact - config.product_bits : exact + 1]
        if config.plain:
            return registers.data(to_odd(product, PRODUCT_GUARD), f"result_{lane}")
        product = registers.data(product, f"product_{lane}_register")
        fmt = RawFormat(
            significand=len(product),
            exponent=0,
            bias=config.product_bits,
            sign=False,
            infinity=False,
            nan=False,
        )
        converter = Converter(
            ConverterConfig(
                a=fmt,
                out=config.out,
                rounding=config.rounding,
                stages=config.stages.result - 1,
                enable=True,
            )
        )
        m.submodules[f"result_{lane}"] = converter
        m.d.comb += [
            Value.cast(converter.a).eq(product),
            converter.enable.eq(registers.advance),
        ]
        return Value.cast(converter.out)


def to_odd(number: Value, guard: int) -> Value:
    """A number without its last bits; what is then the last one is set if one of these is."""
    return Cat(number[guard] | number[:guard].any(), number[guard + 1 :])
