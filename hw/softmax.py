"""Softmax: powers of two below a running top, a row buffer, and products with a reciprocal."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from ffp8.golden.softmax import SoftmaxConfig

from .registers import Registers
from .softmax_buffer import RowBuffer
from .softmax_powers import PowersPass
from .softmax_reciprocal import ReciprocalUnit
from .softmax_results import Results
from .softmax_scores import Scores
from .stream import StreamComponent
from .vector_quantizer import quantised_vectors

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
        Beats of results: ``out`` and ``out_last``; of vectors ``scale``, ``vector_last``, and
        ``maximum`` if asked for.
    """

    kind = SoftmaxConfig
    title = "Softmax"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config = self.config
        registers = Registers(m, advance)
        arguments = Scores(m, registers, config).outputs(valid, operands)
        powers = PowersPass(
            m, registers, config.online, config.total.width, config.stages, config.blocks
        )
        beat, row = powers.outputs(arguments)
        unit = ReciprocalUnit(m, registers, config.normaliser, config.blocks)
        factor = unit.outputs(row)
        buffer = RowBuffer(m, registers, depth(config.depth))
        beat, factor = buffer.outputs(beat, factor)
        results = Results(m, registers, config, unit.exponent, below=2)
        grown = Signal(len(beat.top), name="row_growth")
        m.d.comb += grown.eq(factor.top - beat.top)
        moved = results.moved(beat.powers, grown)
        multiplier = registers.late(factor.factor, 2, "multiplier")
        late = 3 + config.stages.result
        valid = registers.late_flag(beat.valid, late, "result_valid")
        last = registers.late(beat.last, late, "result_last")
        values = Cat(results.codes(moved, multiplier))
        if config.quantizer is None:
            return valid, {"out": values, "out_last": last}
        valid, outputs = quantised_vectors(m, config.quantizer, advance, valid, {"a": values})
        outputs["vector_last"] = outputs.pop("last")
        # The beats of a row come without a gap, and so do those of its vectors.
        return valid, outputs | {
            "out_last": registers.late(last, config.vector_latency, "vectors_last")
        }


def depth(beats: int) -> int:
    """Words of a memory for so many beats: a block of memory has that many anyway."""
    return 1 << (beats - 1).bit_length() if beats <= 512 else beats
