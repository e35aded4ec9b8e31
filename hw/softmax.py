"""Softmax: powers of two below a running top, a row buffer, and products with a reciprocal."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.converter import ConverterConfig
from ffp8.golden.raw import RawFormat
from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.softmax_normaliser import least_total

from .converter import Converter
from .registers import Registers
from .softmax_buffer import RowBuffer
from .softmax_powers import Amount, Beat, PowersPass, moved_right
from .softmax_reciprocal import Factor, ReciprocalUnit
from .softmax_scores import Scores
from .stream import StreamComponent

__all__ = ["Softmax"]


class Softmax(StreamComponent[SoftmaxConfig]):
    """Softmax of rows, `lanes` elements a cycle, rows back to back.

    The first beat of a row comes `config.latency` clock cycles after its last one was taken, or
    when the row before is through; one beat follows in each cycle. While a row comes out, the
    next ones go in.

    Parameters
    ----------
    config : :class:`SoftmaxConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of scores: ``a``, ``last``, and ``mask`` with that option.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of results: ``out`` and ``out_last``.
    """

    kind = SoftmaxConfig
    title = "Softmax"

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

        powers = PowersPass(m, registers, config.online, config.total.width, config.stages)
        beat, row = powers.outputs(arguments, masked, valid, last)
        unit = ReciprocalUnit(m, registers, config.normaliser, least_total(config.online))
        factor = unit.outputs(row)
        buffer = RowBuffer(m, registers, depth(config.depth))
        beat, factor = buffer.outputs(beat, factor)
        return self.results(m, registers, beat, factor, unit.exponent)

    def results(
        self, m: Module, registers: Registers, beat: Beat, factor: Factor, exponent: int
    ) -> tuple[Value, dict[str, Value]]:
        """The second pass: powers below the row's top, products, and results."""
        config = self.config
        width = config.online.power_fraction + 1
        grown = Signal(len(beat.top), name="row_growth")
        m.d.comb += grown.eq(factor.top - beat.top)
        amount = Amount.of(grown, width)
        amount = Amount(
            registers.data(amount.bits, "row_grown"), registers.data(amount.gone, "row_gone")
        )
        powers = registers.all(beat.powers, "row_power")
        multiplier = registers.late(factor.factor, 2, "multiplier")
        moved = registers.all([moved_right(power, amount) for power in powers], "moved_power")
        unit = exponent - config.online.power_fraction
        # Below 4, because no power is more than twice its row's sum.
        size = min(width + len(multiplier), 2 - unit)
        product_format = RawFormat(
            significand=size, exponent=0, bias=-unit, sign=False, infinity=False, nan=False
        )
        results = []
        for lane, power in enumerate(moved):
            product = Signal(width + len(multiplier), name=f"product_{lane}")
            m.d.comb += product.eq(power * multiplier)
            held = registers.data(product[:size], f"product_{lane}_register")
            results.append(self.result(m, registers, held, product_format, lane))
        late = 3 + config.stages.result
        valid = registers.late_flag(beat.valid, late, "result_valid")
        last = registers.late(beat.last, late, "result_last")
        return valid, {"out": Cat(results), "out_last": last}

    def result(
        self, m: Module, registers: Registers, product: Value, fmt: AnyFormat, lane: int
    ) -> Value:
        """A product in the result's format, `stages.result` cycles later."""
        config = self.config
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
            Value.cast(converter.a).eq(product),
            converter.enable.eq(registers.advance),
        ]
        return Value.cast(converter.out)


def depth(beats: int) -> int:
    """Words of a memory for so many beats: a block of memory has that many anyway."""
    return 1 << (beats - 1).bit_length() if beats <= 512 else beats
