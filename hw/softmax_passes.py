"""The two passes of a softmax as components of their own."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.golden.softmax_passes import SoftmaxNormaliserConfig, SoftmaxPowersConfig

from .registers import Registers
from .softmax_powers import PowersPass
from .softmax_reciprocal import ReciprocalUnit
from .softmax_results import Results
from .softmax_scores import Scores
from .stream import StreamComponent

__all__ = ["SoftmaxNormaliser", "SoftmaxPowers"]


class SoftmaxPowers(StreamComponent[SoftmaxPowersConfig]):
    """Powers of two of each beat, below the top of the row so far, and their sum.

    A beat is taken in each tick, and comes out `config.latency` ticks later.

    Parameters
    ----------
    config : :class:`SoftmaxPowersConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of scores: ``a``, ``last``, and ``mask`` with that option.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of powers: ``power``, ``top``, ``total`` and ``out_last``.
    """

    kind = SoftmaxPowersConfig
    title = "Softmax powers"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config, stages = self.config, self.config.stages
        registers = Registers(m, advance)
        arguments = Scores(m, registers, config).outputs(valid, operands)
        powers = PowersPass(m, registers, config.online, config.total.width, stages, config.blocks)
        beat, row = powers.outputs(arguments)
        width = config.power.width
        words = [
            # No power is above 1.
            Cat(registers.late(power, stages.total, f"late_power_{lane}"), Const(0, width))[:width]
            for lane, power in enumerate(beat.powers)
        ]
        return row.valid, {
            "power": Cat(words),
            "top": row.top,
            "total": row.total,
            "out_last": row.last,
        }


class SoftmaxNormaliser(StreamComponent[SoftmaxNormaliserConfig]):
    """Powers times the reciprocal of their row's sum.

    A beat is taken in each tick, and comes out `config.latency` ticks later.

    Parameters
    ----------
    config : :class:`SoftmaxNormaliserConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of powers: ``power`` and ``top``, ``row_top`` and ``total`` of the row, ``last``.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of results: ``out`` and ``out_last``.
    """

    kind = SoftmaxNormaliserConfig
    title = "Softmax normaliser"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config, stages = self.config, self.config.stages
        registers = Registers(m, advance)
        units = config.normaliser
        unit = ReciprocalUnit(m, registers, units, config.blocks)
        results = Results(m, registers, config, unit.exponent)
        top, row_top = (operands[name].as_signed() for name in ("top", "row_top"))
        # A negative growth is a large one if it is taken as a number without a sign.
        grown = Signal(config.top.width + 1, name="row_growth")
        m.d.comb += grown.eq(row_top - top)
        total = operands["total"]
        width = config.power.width
        powers = [operands["power"][lane * width :][:width] for lane in range(config.lanes)]
        moved = results.moved(powers, grown, ~total[units.floor_bits :].any())
        moved = [
            registers.late(power, stages.reciprocal - 2, f"late_power_{lane}")
            for lane, power in enumerate(moved)
        ]
        late = stages.normalised
        return registers.late_flag(valid, late, "result_valid"), {
            "out": Cat(results.codes(moved, unit.factor(total))),
            "out_last": registers.late(operands["last"], late, "result_last"),
        }
