"""Results of a softmax: powers below the top of their row, times the reciprocal of its sum."""

from dataclasses import dataclass

from amaranth.hdl import Module, Value

from ffp8.golden.converter import ConverterConfig
from ffp8.golden.raw import RawFormat
from ffp8.golden.softmax_options import ResultOptions

from .converter import Converter
from .logic import multiply
from .registers import Registers
from .softmax_powers import Amount, moved_right

__all__ = ["Results"]


@dataclass(frozen=True)
class Results:
    """Makes results of powers and the factor of their row.

    Parameters
    ----------
    m, registers
        Where the logic goes.
    config
        Options of the results.
    exponent
        Exponent of the factor's unit.
    below
        Products are less than 2^below; None where any power may meet any factor.
    """

    m: Module
    registers: Registers
    config: ResultOptions
    exponent: int
    below: int | None = None

    def moved(self, powers: list[Value], grown: Value, nothing: Value | None = None) -> list[Value]:
        """Powers below the row's top, 2 cycles later.

        Parameters
        ----------
        grown
            What the top has grown since their beat.
        nothing
            Whether nothing is left of them.
        """
        registers = self.registers
        amount = Amount.of(grown, len(powers[0]))
        gone = amount.gone if nothing is None else amount.gone | nothing
        amount = Amount(registers.data(amount.bits, "row_grown"), registers.data(gone, "row_gone"))
        powers = registers.all(powers, "row_power")
        return registers.all([moved_right(power, amount) for power in powers], "moved_power")

    def codes(self, moved: list[Value], factor: Value) -> list[Value]:
        """The results of powers and a factor, a cycle and `stages.result` later."""
        unit = self.exponent - self.config.normaliser.power_fraction
        width = len(moved[0]) + len(factor)
        size = width if self.below is None else min(width, self.below - unit)
        fmt = RawFormat(
            significand=size, exponent=0, bias=-unit, sign=False, infinity=False, nan=False
        )
        found = []
        for lane, power in enumerate(moved):
            product = multiply(self.m, power, factor, f"product_{lane}", blocks=self.config.blocks)
            held = self.registers.data(product[:size], f"product_{lane}_register")
            found.append(self.code(held, fmt, lane))
        return found

    def code(self, product: Value, fmt: RawFormat, lane: int) -> Value:
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
        self.m.submodules[f"result_{lane}"] = converter
        self.m.d.comb += [
            Value.cast(converter.a).eq(product),
            converter.enable.eq(self.registers.advance),
        ]
        return Value.cast(converter.out)
