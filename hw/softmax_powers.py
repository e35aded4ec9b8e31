"""The pass of a softmax before normalisation: powers of two, and their sum below a running top."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.online_softmax import Online
from ffp8.golden.softmax_stages import ADDER_LEVELS, SoftmaxStages

from .logic import multiply
from .registers import Registers
from .softmax_scores import Arguments
from .table import lookup

__all__ = ["Amount", "Beat", "PowersPass", "Row", "moved_right"]


@dataclass(frozen=True)
class Amount:
    """How far a number is moved to the right, or that nothing of it is left."""

    bits: Value
    gone: Value

    @classmethod
    def of(cls, distance: Value, width: int) -> "Amount":
        """The amount for numbers of a width, given a distance that is not negative."""
        used = (width - 1).bit_length()
        return cls(distance.as_unsigned()[:used], distance.as_unsigned()[used:].any())


def moved_right(number: Value, amount: Amount) -> Value:
    """A number moved to the right; the bits that leave it are cut off."""
    return (number >> amount.bits) & ~amount.gone.replicate(len(number))


@dataclass(frozen=True)
class Beat:
    """The powers of a beat, below a top; `valid` is whether there is one."""

    powers: list[Value]
    top: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class Row:
    """The sum of a row up to a beat; `last` is whether that is all of it."""

    total: Value
    top: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class PowersPass:
    """The pass alone: from arguments to powers, and to the sum of the row.

    The powers of a beat are there `stages.power - stages.argument` cycles after its arguments,
    and the sum `stages.total` cycles later.

    Parameters
    ----------
    m, registers
        Where the logic and its registers go.
    units
        What the numbers mean.
    total_bits
        Width of the sum.
    stages
        How many registers there are.
    blocks
        Whether products may be those of multiplier blocks.
    """

    m: Module
    registers: Registers
    units: Online
    total_bits: int
    stages: SoftmaxStages
    blocks: bool = True

    def outputs(self, given: Arguments) -> tuple[Beat, Row]:
        """The powers of each beat, and the sum of its row."""
        m, registers, units = self.m, self.registers, self.units
        arguments, masked, valid, last = given.numbers, given.masked, given.valid, given.last
        size = units.argument_fraction
        if masked is not None:
            # The least argument cannot change a maximum.
            compared = [
                Mux(out, units.lowest << size, number).as_signed()
                for number, out in zip(arguments, masked, strict=True)
            ]
        else:
            compared = arguments
        stages = self.stages.compared
        largest = self.tree(compared, larger, "largest", levels=1)
        if len(arguments) > 1:
            largest = registers.data(largest, "largest").as_signed()
        # The maximum is made an integer once, instead of each argument.
        local = Signal(signed(len(largest) - size + 1), name="beat_top")
        m.d.comb += local.eq((largest >> size) + largest.as_unsigned()[:size].any())
        local = registers.data(local, "beat_top_register")
        arguments = [
            registers.late(number, stages, f"argument_{lane}").as_signed()
            for lane, number in enumerate(arguments)
        ]
        if masked is not None:
            masked = [
                registers.late(out, stages, f"masked_{lane}") for lane, out in enumerate(masked)
            ]
        valid = registers.late_flag(valid, stages, "compared_valid")
        last = registers.late(last, stages, "compared_last")

        top, grown = self.running_top(local, valid, last)
        valid, last = registers.flag(valid, "top_valid"), registers.data(last, "top_last")
        arguments = [number.as_signed() for number in registers.all(arguments, "below_top")]
        if masked is not None:
            masked = registers.all(masked, "masked_below_top")

        width = units.power_fraction + 1
        amounts = []
        for lane, number in enumerate(arguments):
            distance = Signal(len(top) + 1, name=f"distance_{lane}")
            # Never negative, but for a lane that is masked.
            m.d.comb += distance.eq(top - (number >> size))
            amount = Amount.of(distance, width)
            gone = amount.gone if masked is None else amount.gone | masked[lane]
            amounts.append(Amount(amount.bits, gone))
        amounts = [
            Amount(
                registers.data(amount.bits, f"amount_{lane}"),
                registers.data(amount.gone, f"gone_{lane}"),
            )
            for lane, amount in enumerate(amounts)
        ]
        parts = registers.all([number.as_unsigned()[:size] for number in arguments], "part")
        values, delay = self.values(parts)
        amounts = [
            Amount(
                registers.late(amount.bits, delay, f"line_amount_{lane}"),
                registers.late(amount.gone, delay, f"line_gone_{lane}"),
            )
            for lane, amount in enumerate(amounts)
        ]
        powers = [
            moved_right(value, amount)[:width]
            for value, amount in zip(values, amounts, strict=True)
        ]
        beat = Beat(
            powers=registers.all(powers, "power"),
            top=registers.late(top, delay + 2, "power_top"),
            valid=registers.late_flag(valid, delay + 2, "power_valid"),
            last=registers.late(last, delay + 2, "power_last"),
        )
        late = delay + 2 + self.stages.added
        grown = Amount(
            registers.late(grown.bits, late, "grown"),
            registers.late(grown.gone, late, "grown_gone"),
        )
        return beat, self.row(beat, grown)

    def running_top(self, local: Value, valid: Value, last: Value) -> tuple[Value, Amount]:
        """The top with each beat, and how far the sum before it is moved."""
        m, registers = self.m, self.registers
        begins = registers.state(1, "begins", init=1)
        registers.load(begins, last, when=valid)
        top = Signal(local.shape(), name="top", reset_less=True)
        difference = Signal(signed(len(top) + 1), name="growth")
        m.d.comb += difference.eq(local - top)
        grows = ~difference[-1]
        registers.load(top, local, when=valid & (begins | grows))
        amount = Amount.of(difference[:-1], self.total_bits)
        bits = amount.bits & grows.replicate(len(amount.bits))
        # A row begins with a sum of zero.
        gone = begins | (grows & amount.gone)
        return top, Amount(registers.data(bits, "growth_bits"), registers.data(gone, "growth_gone"))

    def values(self, parts: list[Value]) -> tuple[list[Value], int]:
        """2^f of each lane's fraction, and how many cycles later."""
        m, registers, table = self.m, self.registers, self.units.table
        size = self.units.argument_fraction
        cut = table.exact_fraction - self.units.power_fraction
        width = int(table.value(np.arange(2**size)).max() >> cut).bit_length()
        if not any(table.slopes):

            def value(code: int) -> int:
                return int(table.value(np.array(code))) >> cut

            return [
                lookup(m, part, width, value, f"value_{lane}") if size else Const(value(0), width)
                for lane, part in enumerate(parts)
            ], 0
        found = []
        slope_bits = max(table.slopes).bit_length()
        low_bits = max(table.lows).bit_length()
        dropped = table.slope_fraction + table.argument_bits - self.units.power_fraction
        for lane, part in enumerate(parts):
            distance, segment = part[: table.distance_bits], part[table.distance_bits :]
            slope = entry(m, segment, slope_bits, table.slopes, f"slope_{lane}")
            low = entry(m, segment, low_bits, table.lows, f"low_{lane}")
            product = registers.data(
                multiply(m, slope, distance, f"line_{lane}", blocks=self.blocks),
                f"line_product_{lane}",
            )
            low = registers.data(low, f"line_low_{lane}")
            # Starts of lines have no bits below the last one of a power.
            step = product[dropped:] if dropped >= 0 else product << -dropped
            total = Signal(width, name=f"line_value_{lane}")
            m.d.comb += total.eq(low + step)
            found.append(registers.data(total, f"value_{lane}"))
        return found, 2

    def row(self, beat: Beat, grown: Amount) -> Row:
        """The sum of a row, with each beat."""
        m, registers, units = self.m, self.registers, self.units
        stages = self.stages.added
        dropped = units.power_fraction - units.total_fraction
        added = self.tree(beat.powers, plus, "beat_sum", levels=ADDER_LEVELS)
        added = registers.data(added, "beat_total")
        up: Value = Const(0, 1)
        if dropped > 0:
            # To nearest, ties up: the bit behind the last one is carried into the row's sum.
            up, added = added[dropped - 1], added[dropped:]
        else:
            added = added << -dropped
        valid = registers.late_flag(beat.valid, stages, "added_valid")
        last = registers.late(beat.last, stages, "added_last")
        top = registers.late(beat.top, stages, "added_top")
        total = Signal(self.total_bits, name="total", reset_less=True)
        sum_of_row = Signal(self.total_bits + 1, name="total_with_carry")
        moved = moved_right(total, grown)
        m.d.comb += sum_of_row.eq(Cat(Const(1, 1), moved) + Cat(up, added))
        registers.load(total, sum_of_row[1:], when=valid)
        return Row(
            total=total,
            top=registers.data(top, "row_top"),
            valid=registers.flag(valid, "row_valid"),
            last=registers.data(last, "row_last"),
        )

    def tree(
        self, values: list[Value], join: Callable[[Value, Value], Value], name: str, *, levels: int
    ) -> Value:
        """One value of all lanes, with registers between so many levels, but none at the end."""
        m, registers = self.m, self.registers
        for level in range((len(values) - 1).bit_length()):
            if level and level % levels == 0:
                shapes = [value.shape().signed for value in values]
                values = [
                    register.as_signed() if is_signed else register
                    for register, is_signed in zip(
                        registers.all(values, f"{name}_{level}"), shapes, strict=True
                    )
                ]
            joined = []
            for place in range(0, len(values) - 1, 2):
                found = join(values[place], values[place + 1])
                held = Signal(found.shape(), name=f"{name}_{level}_{place}")
                m.d.comb += held.eq(found)
                joined.append(held)
            values = joined + values[len(values) & ~1 :]
        return values[0]


def larger(one: Value, other: Value) -> Value:
    """The larger one of two signed numbers."""
    chosen = Mux(one > other, one, other)
    return chosen.as_signed()


def plus(one: Value, other: Value) -> Value:
    """The sum of two numbers."""
    return one + other


def entry(m: Module, index: Value, width: int, entries: tuple[int, ...], name: str) -> Value:
    """An entry of a table; the only one if there is no index."""
    if not len(index):
        return Const(entries[0], width)
    return lookup(m, index, width, lambda code: entries[code], name)
