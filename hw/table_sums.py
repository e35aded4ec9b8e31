"""Sums of powers below a running top, for a softmax by tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Array, Cat, Module, Mux, Signal, Value, signed

from ffp8.golden.power_table import OCTAVES
from ffp8.golden.table_softmax import TableSoftmaxConfig

from .power_lookup import PowerLookup
from .registers import Registers
from .softmax_powers import Amount

__all__ = ["RowSum", "RowSums", "octaves_below"]


@dataclass(frozen=True)
class RowSum:
    """The sum of a row up to a beat; `last` is whether that is all of it.

    `fall` is the complement of the top, -1 - top.
    """

    total: Value
    fall: Value
    valid: Value
    last: Value


def octaves_below(
    m: Module, number: Value, fall: Value, fraction: int, name: str
) -> tuple[Value, Value]:
    """number + fall, cut to 4 bits before its `fraction`, and whether it is not from -16 to -1."""
    width = max(len(number), len(fall), fraction + 4) + 1
    total = Signal(signed(width), name=name)
    m.d.comb += total.eq(number.as_signed() + fall.as_signed())
    low = total.as_unsigned()[: fraction + 4]
    return low, ~total.as_unsigned()[fraction + 4 :].all()


@dataclass(frozen=True)
class RowSums:
    """The sum of each row, `stages.total` cycles after its last arguments."""

    m: Module
    registers: Registers
    config: TableSoftmaxConfig

    def outputs(
        self, arguments: Sequence[Value], masked: Sequence[Value] | None, valid: Value, last: Value
    ) -> RowSum:
        """The sum up to each beat.

        Parameters
        ----------
        arguments
            Signed numbers, one a lane.
        masked
            Which of them are left out; None if none ever is.
        """
        m, registers, config = self.m, self.registers, self.config
        size, stages = config.fraction_bits, config.stages
        wholes = [number[size:].as_signed() for number in arguments]
        if masked is not None:
            # The least number cannot change a maximum.
            lowest = -(2 ** (config.whole_bits - 1))
            wholes = [
                Mux(out, lowest, whole)[: config.whole_bits].as_signed()
                for out, whole in zip(masked, wholes, strict=True)
            ]
        local = self.complement_of_largest(wholes)
        levels = stages.levels
        valid = registers.late_flag(valid, levels, "compared_valid")
        last = registers.late(last, levels, "compared_last")
        fall, growth = self.running(local, valid, last)
        valid, last = registers.flag(valid, "top_valid"), registers.data(last, "top_last")

        numbers, gone = [], []
        for lane, argument in enumerate(arguments):
            number = registers.late(argument, levels + 1, f"compared_{lane}").as_signed()
            octave, far = octaves_below(m, number[size:], fall, 0, f"below_{lane}")
            if masked is not None:
                far = far | registers.late(masked[lane], levels + 1, f"compared_masked_{lane}")
            numbers.append(registers.data(Cat(number[:size], octave), f"below_register_{lane}"))
            gone.append(registers.data(far, f"far_{lane}"))
        lookup = PowerLookup(m, registers, config.terms, config.term_memory, "term")
        terms = lookup.outputs(numbers, gone)
        added = registers.data(self.tree(terms, plus, "added"), "beat_sum")

        late = 1 + stages.term + stages.added
        valid = registers.late_flag(valid, late, "added_valid")
        last = registers.late(last, late, "added_last")
        growth = Amount(
            registers.late(growth.bits, late, "growth"),
            registers.late(growth.gone, late, "growth_gone"),
        )
        total = Signal(config.total_bits, name="total", reset_less=True)
        registers.load(total, (moved(total, growth) + added)[: len(total)], when=valid)
        return RowSum(
            total=total,
            fall=registers.late(fall, late + 1, "row_fall").as_signed(),
            valid=registers.flag(valid, "row_valid"),
            last=registers.data(last, "row_last"),
        )

    def complement_of_largest(self, wholes: Sequence[Value]) -> Value:
        """-1 - the largest number, from a register but for a single lane."""
        if len(wholes) == 1:
            return ~wholes[0]
        largest = self.tree(wholes, larger, "largest")
        return self.registers.data(~largest, "beat_fall").as_signed()

    def running(self, local: Value, valid: Value, last: Value) -> tuple[Value, Amount]:
        """The top's complement with each beat, and how far the sum before it is moved."""
        m, registers = self.m, self.registers
        begins = registers.state(1, "begins", init=1)
        registers.load(begins, last, when=valid)
        fall = Signal(signed(len(local)), name="fall", reset_less=True)
        difference = Signal(signed(len(local) + 1), name="top_growth")
        m.d.comb += difference.eq(fall - local.as_signed())
        grows = ~difference[-1]
        registers.load(fall, local, when=valid & (begins | grows))
        amount = Amount.of(difference[:-1], OCTAVES)
        bits = amount.bits & grows.replicate(len(amount.bits))
        # A row begins with a sum of zero.
        gone = begins | (grows & amount.gone)
        return fall, Amount(
            registers.data(bits, "growth_bits"), registers.data(gone, "growth_gone")
        )

    def tree(
        self, values: Sequence[Value], join: Callable[[Value, Value], Value], name: str
    ) -> Value:
        """One value of all lanes, with a register between any two levels, but none at the end."""
        while len(values) > 1:
            pairs = [
                join(values[place], values[place + 1]) for place in range(0, len(values) - 1, 2)
            ]
            values = [*pairs, *values[len(values) & ~1 :]]
            if len(values) > 1:
                kept = self.registers.all(values, f"{name}_{len(values)}")
                values = [
                    register.as_signed() if value.shape().signed else register
                    for register, value in zip(kept, values, strict=True)
                ]
        return values[0]


def larger(one: Value, other: Value) -> Value:
    """The larger one of two signed numbers."""
    return Mux(one > other, one, other).as_signed()


def plus(one: Value, other: Value) -> Value:
    """The sum of two numbers."""
    return one + other


def moved(number: Value, amount: Amount) -> Value:
    """A number moved to the right: multiplexers of two bits of the amount each."""
    bits = amount.bits
    for place in reversed(range(0, len(bits), 2)):
        pair = bits[place : place + 2]
        number = Array([number >> (step << place) for step in range(2 ** len(pair))])[pair]
    return Mux(amount.gone, 0, number)
