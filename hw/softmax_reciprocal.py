"""The reciprocal of a sum, ready to multiply with: in fixed point, at its place."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Signal, Value

from ffp8.golden.softmax_normaliser import Normaliser

from .logic import multiply
from .registers import Registers
from .softmax_powers import Row, entry
from .unpacked import leading_one_first

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
    least: int

    @property
    def shifts(self) -> int:
        """Most zeros before the leading one of a sum that is not zero."""
        return self.units.total_bits - self.least.bit_length()

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
        """The factor of each sum."""
        m, registers, table = self.m, self.registers, self.units.table
        number, zeros = leading_one_first(m, row.total, "total")
        # A sum of zero is multiplied with nothing but zeros.
        zeros = zeros[: max(self.shifts.bit_length(), 1)]
        part = registers.data(number[:-1], "part")
        zeros = registers.data(zeros, "zeros")

        distance, segment = part[: table.distance_bits], part[table.distance_bits :]
        slopes = tuple(-slope for slope in table.slopes)
        low = registers.data(
            entry(m, segment, max(table.lows).bit_length(), table.lows, "low"), "low_register"
        )
        slope = registers.data(
            entry(m, segment, max(max(slopes).bit_length(), 1), slopes, "slope"), "slope_register"
        )
        distance = registers.data(distance, "line_distance")
        product = registers.data(multiply(m, slope, distance, "line"), "line_product")
        low = registers.data(low, "line_low")
        value = registers.data(self.rounded(low, product), "reciprocal")
        zeros = registers.late(zeros, 3, "line_zeros")

        factor = registers.data((value << zeros)[: self.width], "factor")
        return Factor(
            factor=factor,
            top=registers.late(row.top, 5, "factor_top"),
            valid=registers.late_flag(row.valid, 5, "factor_valid"),
            last=registers.late(row.last, 5, "factor_last"),
        )

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
