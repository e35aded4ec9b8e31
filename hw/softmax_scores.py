"""Scores on their way into a softmax: times log2(e), in fixed point, masked."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Value

from ffp8.golden.converter import ConverterConfig
from ffp8.golden.score_options import ScoreOptions

from .converter import Converter
from .factor import times_factor
from .operand import unpack
from .registers import Registers

__all__ = ["Arguments", "Scores"]


@dataclass(frozen=True)
class Arguments:
    """A beat of arguments, and which of them are left out; None if none ever is."""

    numbers: list[Value]
    masked: list[Value] | None
    valid: Value
    last: Value


@dataclass(frozen=True)
class Scores:
    """Makes arguments of scores, `argument_stages` cycles later."""

    m: Module
    registers: Registers
    config: ScoreOptions

    def outputs(self, valid: Value, operands: dict[str, Value]) -> Arguments:
        """The arguments of a beat, given its ports `a`, `last` and, where there is one, `mask`."""
        registers, config = self.registers, self.config
        numbers, masked = self.arguments(operands["a"], operands.get("mask"))
        stages = config.argument_stages
        return Arguments(
            numbers=numbers,
            masked=masked,
            valid=registers.late_flag(valid, stages, "argument_valid"),
            last=registers.late(operands["last"], stages, "argument_last"),
        )

    def arguments(
        self, scores: Value, mask: Value | None
    ) -> tuple[list[Value], list[Value] | None]:
        registers, config = self.registers, self.config
        width = config.a.width
        codes = [scores[lane * width : (lane + 1) * width] for lane in range(config.lanes)]
        arguments = [self.argument(code, lane) for lane, code in enumerate(codes)]
        masked = None
        if mask is not None or config.infinite:
            masked = []
            for lane, code in enumerate(codes):
                out: Value = Const(0, 1) if mask is None else mask[lane]
                if config.infinite:
                    parts = unpack(self.m, config.a, code, f"score_{lane}")
                    out = out | (parts.infinity & parts.sign)
                masked.append(registers.late(out, config.argument_stages, f"mask_{lane}"))
        return arguments, masked

    def argument(self, code: Value, lane: int) -> Value:
        """The argument of a score, a signed number."""
        m, registers, config = self.m, self.registers, self.config
        fmt = config.a
        if config.log2e_bits:
            factor = config.log2e, config.log2e_bits
            fmt, code = times_factor(m, fmt, code, factor, f"scaled_score_{lane}")
            code = registers.data(code, f"scaled_{lane}")
        if fmt != config.argument:
            converter = Converter(
                ConverterConfig(a=fmt, out=config.argument, stages=2, enable=True)
            )
            m.submodules[f"argument_{lane}"] = converter
            m.d.comb += [
                Value.cast(converter.a).eq(code),
                converter.enable.eq(registers.advance),
            ]
            code = Value.cast(converter.out)
        return registers.data(code, f"argument_{lane}").as_signed()
