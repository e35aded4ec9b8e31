"""Rings: words in a memory, in places that come one after the other, round and round."""

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from .registers import Registers

__all__ = ["Places", "Ring"]


@dataclass(frozen=True)
class Places:
    """Where rows of beats are written and read.

    Attributes
    ----------
    written
        Where the next beat is written.
    readable
        The place behind the last row that may be read.
    read
        Where a beat is read, if `reading` is high.
    """

    written: Signal
    readable: Signal
    read: Signal
    reading: Signal


@dataclass(frozen=True)
class Ring:
    """Counters of places, and memories of words, in a datapath that advances as a whole.

    Parameters
    ----------
    m, registers
        Where memories and counters go.
    depth
        How many places there are.
    """

    m: Module
    registers: Registers
    depth: int

    def counter(self, name: str, when: Value) -> Signal:
        """A place, moved on with each cycle in which `when` is high."""
        place = self.registers.state(range(self.depth), name)
        self.registers.load(place, self.after(place), when=when)
        return place

    def rows(self, taken: Value, known: Value, complete: Value) -> Places:
        """Places of rows that wait until they are complete, and are then read beat by beat.

        Parameters
        ----------
        taken
            Whether a beat is written.
        known
            Whether a beat comes by once more, later, in the same order.
        complete
            Whether it is then the last one of its row.
        """
        registers = self.registers
        written = self.counter("written", taken)
        # How far the rows go whose beats have come by.
        passed = self.counter("passed", known)
        readable = registers.state(range(self.depth), "readable")
        registers.load(readable, self.after(passed), when=complete)
        reading = Signal(name="reading")
        place = registers.state(range(self.depth), "read")
        self.m.d.comb += reading.eq(place != readable)
        registers.load(place, self.after(place), when=reading)
        return Places(written, readable, place, reading)

    def after(self, place: Signal) -> Value:
        """The place that follows one."""
        if self.depth & self.depth - 1 == 0:
            return (place + 1)[: len(place)]
        return Mux(place == self.depth - 1, 0, place + 1)

    def memory(self, name: str, word: Value, place: Value, when: Value, read_place: Value) -> Value:
        """What was written to a place, in the cycle after that in which the place is given.

        What is read of a place while it is written means nothing.
        """
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
