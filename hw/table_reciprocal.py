"""The reciprocal of a row's sum, for a softmax by tables."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.piecewise import Piecewise
from ffp8.golden.table_softmax import TableSoftmaxConfig

from .power_lookup import memory_table
from .registers import Registers
from .softmax_powers import entry
from .table import lookup
from .table_sums import RowSum

__all__ = ["RowFactor", "TableReciprocal"]


@dataclass(frozen=True)
class RowFactor:
    """The reciprocal of a row's sum: a number from 1/2 to 1, and its place.

    `fall` is -1 - base - e for a sum of 2^e to 2^(e+1) below the base.
    """

    reciprocal: Value
    fall: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class TableReciprocal:
    """The reciprocal of each sum, one a cycle, 2 and `stages.reciprocal` cycles later."""

    m: Module
    registers: Registers
    config: TableSoftmaxConfig

    def outputs(self, row: RowSum) -> RowFactor:
        """The reciprocal of each sum."""
        m, registers, config = self.m, self.registers, self.config
        highest = config.width - 1 - config.total_bits
        # Rows that are left out have a sum of zero, and no use for its reciprocal.
        most = config.width - config.least.bit_length()
        part, zeros = self.normalised(row.total, most)
        # From less than a step of the base below 1 upward.
        lowest = highest - most
        bits = max(highest, -lowest).bit_length() + 1
        exponent = lookup(
            m, zeros, bits, lambda count: max(highest - count, lowest) % 2**bits, "exponent"
        ).as_signed()
        before = registers.late(row.fall, 2, "exponent_fall").as_signed()
        fall = Signal(signed(max(len(before), len(exponent)) + 1), name="factor_fall")
        m.d.comb += fall.eq(before - exponent)
        late = config.stages.reciprocal
        return RowFactor(
            reciprocal=self.value(part),
            fall=registers.late(fall, late, "factor_fall_register").as_signed(),
            valid=registers.late_flag(row.valid, 2 + late, "factor_valid"),
            last=registers.late(row.last, 2 + late, "factor_last"),
        )

    def value(self, part: Value) -> Value:
        """The reciprocal, given what is behind a sum's leading one."""
        config = self.config
        if config.lines is not None:
            return self.line(config.lines, part)
        (found,) = memory_table(self.registers, config.reciprocals, [part], "reciprocal")
        return found

    def line(self, lines: Piecewise, part: Value) -> Value:
        """The value of a line, to nearest, ties up: its start less the product."""
        registers = self.registers
        argument = Cat(Const(1, 1), part)
        distance = registers.data(argument[: lines.distance_bits], "line_distance")
        segment = argument[lines.distance_bits :]
        slopes = tuple(-slope for slope in lines.slopes)
        slope = entry(self.m, segment, max(slopes).bit_length(), slopes, "slope")
        low = entry(self.m, segment, max(lines.lows).bit_length(), lines.lows, "low")
        slope = registers.data(slope, "slope_register")
        product = Signal(len(slope) + len(distance), name="line")
        self.m.d.comb += product.eq(slope * distance)
        product = registers.data(product, "line_register")
        low = registers.late(low, 2, "low_register")
        step = lines.exact_fraction - lines.slope_fraction - lines.argument_bits
        cut = lines.exact_fraction - lines.fraction
        # floor((2^(cut-1) - x) / 2^cut) is -floor((x + 2^(cut-1) - 1) / 2^cut).
        rounding = (1 << cut >> 1) - (cut > 0)
        scaled = Cat(Const(0, step), product)
        width = max(self.config.reciprocals).bit_length()
        value = Signal(width, name="line_value")
        self.m.d.comb += value.eq(low - ((scaled + rounding) >> cut))
        return registers.data(value, "line_value_register")

    def normalised(self, total: Value, most: int) -> tuple[Value, Value]:
        """What is behind a sum's leading one, and how many zeros are before it, 2 cycles later."""
        registers, wanted = self.registers, self.config.index_bits
        levels = most.bit_length()
        number = first_bits(total, wanted + 2**levels)
        zeros: list[Value] = []
        middle = levels // 2
        for level in reversed(range(levels)):
            step = 1 << level
            empty = Signal(name=f"total_empty_{step}")
            kept = wanted + step
            moved = Signal(kept, name=f"total_moved_{step}")
            self.m.d.comb += [
                empty.eq(~number[len(number) - step :].any()),
                moved.eq(Mux(empty, number[:kept], number[step:])),
            ]
            number, zeros = moved, [empty, *zeros]
            if level == middle:
                number = registers.data(number, "total_coarse")
                zeros = registers.all(zeros, "zeros_coarse")
        return registers.data(number[:-1], "part"), registers.data(Cat(zeros), "zeros")


def first_bits(number: Value, width: int) -> Value:
    """The first bits of a number, with zeros behind it if it has fewer."""
    missing = width - len(number)
    return Cat(Const(0, missing), number) if missing > 0 else number[-missing:]
