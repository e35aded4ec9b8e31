"""The reciprocal of a sum, ready to multiply with: in fixed point, at its place."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.golden.softmax_normaliser import Normaliser

from .logic import multiply
from .registers import Registers
from .softmax_powers import Row, entry
from .unpacked import half_without_one

__all__ = ["Factor", "ReciprocalUnit"]


@dataclass(frozen=True)
class Factor:
    """What the powers of a row are multiplied with, and the row's top.

    `valid` is whether there is one, as `complete` whether the row ends with it.
    """

    factor: Value
    top: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class ReciprocalUnit:
    """Finds the reciprocal of each sum, one a cycle, `stages.reciprocal` cycles later.

    A reciprocal is a number of 1/2 to 1 times a power of two. It comes as an integer in units of
    2^`exponent`: the number, moved left. So a multiplication is all that an element needs, and
    the shift is made once a row instead of once an element.
    """

    m: Module
    registers: Registers
    units: Normaliser
    blocks: bool = True

    @property
    def shifts(self) -> int:
        """Most zeros before the leading one of a sum."""
        return self.units.total_bits - 1 - self.units.floor_bits

    @property
    def width(self) -> int:
        """Bits of the factor."""
        return self.units.reciprocal_fraction + 1 + self.shifts

    @property
    def exponent(self) -> int:
        """Exponent of the factor's unit."""
        units = self.units
        return units.total_fraction + 1 - units.total_bits - units.reciprocal_fraction

    def outputs(self, row: Row) -> Factor:
        """The factor of each row's sum."""
        registers = self.registers
        return Factor(
            factor=self.factor(row.total),
            top=registers.late(row.top, 6, "factor_top"),
            valid=registers.late_flag(row.valid, 6, "factor_valid"),
            last=registers.late(row.last, 6, "factor_last"),
        )

    def factor(self, total: Value) -> Value:
        """The factor of each sum; of one that is less than that of any row it means nothing."""
        m, registers, table = self.m, self.registers, self.units.table
        part, zeros = self.normalised(total)

        distance, segment = part[: table.distance_bits], part[table.distance_bits :]
        slopes = tuple(-slope for slope in table.slopes)
        low = registers.data(
            entry(m, segment, max(table.lows).bit_length(), table.lows, "low"), "low_register"
        )
        slope = registers.data(
            entry(m, segment, max(max(slopes).bit_length(), 1), slopes, "slope"), "slope_register"
        )
        distance = registers.data(distance, "line_distance")
        product = multiply(m, slope, distance, "line", blocks=self.blocks)
        product = registers.data(product, "line_product")
        low = registers.data(low, "line_low")
        value = registers.data(self.rounded(low, product), "reciprocal")
        zeros = registers.late(zeros, 3, "line_zeros")
        return registers.data((value << zeros)[: self.width], "factor")

    def normalised(self, total: Value) -> tuple[Value, Value]:
        """What is behind a sum's leading one, and how many zeros are before it, 2 cycles later."""
        m, registers = self.m, self.registers
        # A sum of zero, which may have more, is multiplied with nothing but zeros.
        levels = self.shifts.bit_length()
        number, zeros = total, []
        for level in reversed(range(levels)):
            if level == levels // 2 - 1:
                number = registers.data(number, "total_coarse")
                zeros = registers.all(zeros, "zeros_coarse")
            number, empty = half_without_one(m, number, 1 << level, "total")
            zeros.append(empty)
        part, count = number[:-1], Cat(*reversed(zeros))
        if levels < 2:
            part, count = (
                registers.data(part, "total_coarse"),
                registers.data(count, "zeros_coarse"),
            )
        return registers.data(part, "part"), registers.data(count, "zeros")

    def rounded(self, low: Value, product: Value) -> Value:
        """The line's value, to nearest, ties up: its start less the product."""
        units, table = self.units, self.units.table
        step = table.exact_fraction - table.slope_fraction - table.argument_bits
        cut = table.exact_fraction - units.reciprocal_fraction
        width = units.reciprocal_fraction + 1
        if not any(table.slopes):
            return low[:width]
        lowered = Signal(width, name="lowered")
        # floor((2^(cut-1) - x) / 2^cut) is -floor((x + 2^(cut-1) - 1) / 2^cut).
        scaled = product << step if step else product
        rounding = (1 << cut - 1) - 1 if cut else 0
        self.m.d.comb += lowered.eq(low - (scaled + Const(rounding, max(cut, 1)) >> cut))
        return lowered
