"""The row buffer of a softmax by tables: arguments wait until the sum of their row is known."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from .registers import Registers
from .table_normaliser import RowFactor

__all__ = ["ArgumentBuffer", "BufferedBeat"]


@dataclass(frozen=True)
class BufferedBeat:
    """A beat that was read, with the factor of its row."""

    word: Value
    factor: RowFactor


@dataclass(frozen=True)
class ArgumentBuffer:
    """Rings of beats and of the factors of their rows, written and read one beat in each cycle.

    A beat is read as soon as the factor of its row is written, in the order of the beats. It is
    there two cycles later. A factor has the place of its row's first beat.

    Parameters
    ----------
    m, registers
        Where the logic, memories and registers go.
    depth
        Beats that the ring holds; one place is never used.
    """

    m: Module
    registers: Registers
    depth: int

    def outputs(self, word: Value, valid: Value, last: Value, factor: RowFactor) -> BufferedBeat:
        """Beats that are read, with their rows' factors."""
        m, registers = self.m, self.registers
        complete = factor.valid & factor.last
        written = self.counter("written", valid)
        # How far the rows go whose sums are known. Their beats come by in order once more.
        passed = self.counter("passed", factor.valid)
        # The place behind the last row that is complete, which is that where the next begins.
        readable = registers.state(range(self.depth), "readable")
        registers.load(readable, self.after(passed), when=complete)
        reading = Signal(name="reading")
        place = registers.state(range(self.depth), "read")
        m.d.comb += reading.eq(place != readable)
        registers.load(place, self.after(place), when=reading)

        found = self.memory("beats", Cat(word, last), written, valid, place)
        fields = Cat(factor.fall, factor.reciprocal)
        row = self.memory("rows", fields, readable, complete, place)

        valid = registers.flag(reading, "read_valid")
        begins = registers.state(1, "read_begins", init=1)
        registers.load(begins, found[-1], when=valid)
        held = registers.data(row, "row_factor", when=valid & begins)
        found = registers.data(found, "read_beat")
        return BufferedBeat(
            word=found[:-1],
            factor=RowFactor(
                fall=held[: len(factor.fall)],
                reciprocal=held[len(factor.fall) :],
                valid=registers.flag(valid, "beat_valid"),
                last=found[-1],
            ),
        )

    def counter(self, name: str, when: Value) -> Signal:
        """A place in the ring, moved on with each cycle in which `when` is high."""
        place = self.registers.state(range(self.depth), name)
        self.registers.load(place, self.after(place), when=when)
        return place

    def after(self, place: Signal) -> Value:
        """The place that follows one."""
        if self.depth & self.depth - 1 == 0:
            return (place + 1)[: len(place)]
        return Mux(place == self.depth - 1, 0, place + 1)

    def memory(self, name: str, word: Value, place: Value, when: Value, read_place: Value) -> Value:
        """What was written to a place, in the cycle after that in which the place is given."""
        # What is read of a place while it is written does not count: nothing waits there then.
        attributes = {"no_rw_check": "1"}
        memory = Memory(shape=unsigned(len(word)), depth=self.depth, init=[], attrs=attributes)
        self.m.submodules[name] = memory
        write, read = memory.write_port(), memory.read_port()
        advance = self.registers.advance
        self.m.d.comb += [
            write.addr.eq(place),
            write.data.eq(word),
            write.en.eq(advance & when),
            read.addr.eq(read_place),
            read.en.eq(advance),
        ]
        return read.data
