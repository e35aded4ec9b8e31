"""Powers below a running top from a table, and their sums."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.power_table import OCTAVES
from ffp8.golden.table_softmax import BASE_STEP, TableSoftmaxConfig

from .power_lookup import PowerLookup
from .registers import Registers
from .softmax_powers import Amount, Beat
from .softmax_scores import Arguments

#: Bits that count the octaves of a step of the base.
STEP_BITS = (BASE_STEP - 1).bit_length()

__all__ = ["RowSum", "TablePowers", "moved_by_steps"]


@dataclass(frozen=True)
class RowSum:
    """The sum of a row up to a beat; `last` is whether that is all of it.

    `fall` is -1 - base.
    """

    total: Value
    fall: Value
    valid: Value
    last: Value


@dataclass(frozen=True)
class TablePowers:
    """Powers of each beat, and the sum of its row, `stages.added` + 2 cycles later.

    Tops are given as `fall`, their complements -1 - top: so no sum needs a bit inverted.
    """

    m: Module
    registers: Registers
    config: TableSoftmaxConfig

    def outputs(self, given: Arguments) -> tuple[Beat, RowSum]:
        """The powers of each beat, whose `top` is a `fall`, and the sum of its row."""
        registers, config = self.registers, self.config
        arguments, masked, valid, last = given.numbers, given.masked, given.valid, given.last
        size, stages = config.fraction_bits, config.stages
        wholes = [number[size:].as_signed() for number in arguments]
        if masked is not None:
            # The least number cannot change a maximum.
            lowest = Const(-(2 ** (config.whole_bits - 1)), signed(config.whole_bits))
            wholes = [
                Mux(out, lowest, whole).as_signed()
                for out, whole in zip(masked, wholes, strict=True)
            ]
        local = self.complement_of_largest(wholes)
        levels = stages.levels
        valid = registers.late_flag(valid, levels, "compared_valid")
        last = registers.late(last, levels, "compared_last")
        fall, moves = self.running(local, valid, last)
        valid, last = registers.flag(valid, "top_valid"), registers.data(last, "top_last")

        numbers, gone = [], []
        for lane, argument in enumerate(arguments):
            number = registers.late(argument, levels + 1, f"compared_{lane}")
            octave, far = self.octaves_below(number[size:], fall, lane)
            if masked is not None:
                far = far | registers.late(masked[lane], levels + 1, f"compared_masked_{lane}")
            numbers.append(registers.data(Cat(number[:size], octave), f"below_{lane}"))
            gone.append(registers.data(far, f"far_{lane}"))
        lookup = PowerLookup(self.m, registers, config.powers, config.memory)
        late = 1 + stages.power
        beat = Beat(
            powers=lookup.outputs(numbers, gone),
            top=registers.late(fall, late, "power_fall").as_signed(),
            valid=registers.late_flag(valid, late, "power_valid"),
            last=registers.late(last, late, "power_last"),
        )
        late += stages.added + 1
        moves = [registers.late(chosen, late, f"move_{k}") for k, chosen in enumerate(moves)]
        return beat, self.row(beat, moves)

    def complement_of_largest(self, wholes: Sequence[Value]) -> Value:
        """-1 - the largest number, from a register but for a single lane."""
        if len(wholes) == 1:
            return (~wholes[0]).as_signed()
        largest = self.tree(wholes, larger, "largest")
        return self.registers.data(~largest, "beat_fall").as_signed()

    def running(self, local: Value, valid: Value, last: Value) -> tuple[Value, list[Value]]:
        """The top's complement with each beat, and how far the sum before it is moved.

        That is 0, 1, 2 or 3 steps of the base; none of these where nothing is left of it.
        """
        m, registers = self.m, self.registers
        begins = registers.state(1, "begins", init=1)
        registers.load(begins, last, when=valid)
        fall = Signal(signed(len(local)), name="fall", reset_less=True)
        grows = Signal(name="grows")
        m.d.comb += grows.eq(fall > local)
        registers.load(fall, local, when=valid & (begins | grows))
        steps = Signal(len(local), name="steps")
        low = STEP_BITS
        m.d.comb += steps.eq((fall >> low) - (local >> low))
        chosen = [
            ~begins & (steps == count if count else ~grows | (steps == 0))
            for count in range(OCTAVES // BASE_STEP)
        ]
        chosen[1:] = [choice & grows for choice in chosen[1:]]
        return fall, [registers.data(choice, f"moved_{k}") for k, choice in enumerate(chosen)]

    def octaves_below(self, whole: Value, fall: Value, lane: int) -> tuple[Value, Value]:
        """The last 4 bits of whole - top - 1, and whether that is less than -16."""
        bits = (OCTAVES - 1).bit_length()
        total = Signal(signed(max(len(whole), bits) + 1), name=f"octave_{lane}")
        self.m.d.comb += total.eq(whole.as_signed() + fall)
        return total.as_unsigned()[:bits], ~total.as_unsigned()[bits:].all()

    def row(self, beat: Beat, moves: list[Value]) -> RowSum:
        """The sum of a row, with each beat."""
        registers, config, stages = self.registers, self.config, self.config.stages
        added = registers.data(self.tree(beat.powers, plus, "added"), "beat_sum")
        late = stages.added
        fall = registers.late(beat.top, late, "added_fall").as_signed()
        # In place: the complement's last bits are how far the base is above the top.
        dropped = config.powers.exact_fraction + BASE_STEP - 1 - config.total_bits
        placed = added << BASE_STEP - 1
        for place in range(STEP_BITS):
            placed = Mux(fall[place], placed >> (1 << place), placed)
        placed = registers.data(placed[: len(added) + BASE_STEP - 1], "placed")
        # To nearest, ties up: the bit behind the last one is carried into the row's sum.
        up = placed[dropped - 1] if dropped else Const(0, 1)
        total = Signal(config.width, name="total", reset_less=True)
        moved: Value = Const(0, len(total))
        for count, chosen in enumerate(moves):
            moved = moved | ((total >> count * BASE_STEP) & chosen.replicate(len(total)))
        sum_of_row = Signal(config.width + 1, name="total_with_carry")
        self.m.d.comb += sum_of_row.eq(Cat(Const(1, 1), moved) + Cat(up, placed[dropped:]))
        valid = registers.late_flag(beat.valid, late + 1, "added_valid")
        last = registers.late(beat.last, late + 1, "added_last")
        registers.load(total, sum_of_row[1:], when=valid)
        base = Cat(Const(0, STEP_BITS), fall[STEP_BITS:])
        return RowSum(
            total=total,
            fall=registers.late(base, 2, "row_fall").as_signed(),
            valid=registers.flag(valid, "row_valid"),
            last=registers.data(last, "row_last"),
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


def moved_by_steps(number: Value, amount: Amount) -> Value:
    """A number moved to the right; the bits that leave it are cut off."""
    for place, bit in reversed(list(enumerate(amount.bits))):
        number = Mux(bit, number >> (1 << place), number)
    return Mux(amount.gone, 0, number)
