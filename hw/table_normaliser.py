"""What a row's powers are moved and multiplied by, for a softmax by tables."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.table_softmax import TableSoftmaxConfig

from .power_lookup import memory_table
from .registers import Registers
from .table import lookup
from .table_sums import RowSum

__all__ = ["RowFactor", "TableNormaliser"]


@dataclass(frozen=True)
class RowFactor:
    """What arguments and powers of a row are combined with.

    Attributes
    ----------
    fall
        -1 - top - e, to be added to arguments; with a logarithm, its fraction and that of the
        argument are as long, and it is less by the logarithm.
    reciprocal
        What powers are multiplied with, and above it a bit for 3/4 instead of 1/2 with `half`; no
        bits with a logarithm.
    valid, last
        Whether there is a sum, and whether it is a whole row's.
    """

    fall: Value
    reciprocal: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class TableNormaliser:
    """The factor of each sum, one a cycle, 3 cycles later."""

    m: Module
    registers: Registers
    config: TableSoftmaxConfig

    def outputs(self, row: RowSum) -> RowFactor:
        """The factor of each sum."""
        m, registers, config = self.m, self.registers, self.config
        # The sum of a row is 1 or more, because a term is; but for rows that are left out.
        most = config.total_bits - 1 - config.terms.exact_fraction
        part, zeros = self.normalised(row.total, most)
        exponent = lookup(
            m, zeros, most.bit_length(), lambda count: max(most - count, 0), "exponent"
        )
        before = registers.late(row.fall, 2, "factor_fall").as_signed()
        bits = max(config.whole_bits, most.bit_length()) + 1
        fall = Signal(signed(bits), name="row_whole_fall")
        m.d.comb += fall.eq(before - exponent)
        fall = registers.data(fall, "row_fall_register")
        entries = self.entries
        if config.index_memory:
            (found,) = memory_table(registers, entries, [part], "normaliser")
        else:
            width = max(entries).bit_length()
            found = registers.data(
                lookup(m, part, width, entries.__getitem__, "normaliser"), "normaliser_register"
            )
        found = found[: max(entries).bit_length()]
        nothing = Const(0, 0)
        return RowFactor(
            fall=Cat(found, fall) if config.logarithm_bits else fall,
            reciprocal=nothing if config.logarithm_bits else found,
            valid=registers.late_flag(row.valid, 3, "factor_valid"),
            last=registers.late(row.last, 3, "factor_last"),
        )

    @property
    def entries(self) -> tuple[int, ...]:
        """Complements of logarithms, or reciprocals and what is added before them."""
        config = self.config
        if config.logarithm_bits:
            return tuple(2**config.logarithm_bits - 1 - entry for entry in config.normalisers)
        if not config.half:
            return config.normalisers
        return tuple(
            entry + ((int(config.half_of(entry)) & 1) << config.reciprocal_bits)
            for entry in config.normalisers
        )

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
