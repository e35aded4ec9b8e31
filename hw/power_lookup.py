"""Powers of two from tables, as logic or as block memories of two ports."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ffp8.golden.power_table import OCTAVES, PowerTable

from .registers import Registers
from .table import lookup

__all__ = ["PowerLookup", "memory_table"]

#: Read ports of a block memory.
PORTS = 2


def memory_table(
    registers: Registers, entries: Sequence[int], places: Sequence[Value], name: str
) -> list[Value]:
    """Entries of a table in block memories, one cycle later, one memory for each two places."""
    width = max(entries).bit_length()
    found = []
    for start in range(0, len(places), PORTS):
        attributes = {"rom_style": "block"}
        memory = Memory(
            shape=unsigned(width), depth=len(entries), init=list(entries), attrs=attributes
        )
        registers.m.submodules[f"{name}_{start // PORTS}"] = memory
        for place in places[start : start + PORTS]:
            port = memory.read_port()
            registers.m.d.comb += [port.addr.eq(place), port.en.eq(registers.advance)]
            found.append(port.data)
    return found


@dataclass(frozen=True)
class PowerLookup:
    """2^x of each lane, for x below zero.

    A register is behind the power; with `memory`, another one is the memory's.

    Parameters
    ----------
    m, registers
        Where the logic, memories and registers go.
    table
        What the powers are.
    memory
        Whether the table is in block memories.
    name
        What powers are called.
    """

    m: Module
    registers: Registers
    table: PowerTable
    memory: bool
    name: str

    def outputs(self, numbers: Sequence[Value], gone: Sequence[Value]) -> list[Value]:
        """The powers.

        Parameters
        ----------
        numbers
            The last bits of x in two's complement, enough to count 16 octaves.
        gone
            Whether a power is zero: it is, too, if there is no x within 16 octaves below zero.
        """
        registers, table = self.registers, self.table
        size = table.index_bits
        places = [number[:size] for number in numbers]
        # Of octaves -1 to -16 as two's complement, the upper bits say how far a power is moved.
        groups = [~number[size : table.argument_fraction + 4] for number in numbers]
        if self.memory:
            entries = memory_table(registers, table.entries, places, f"{self.name}_table")
            groups = registers.all(groups, f"{self.name}_group")
            gone = registers.all(gone, f"{self.name}_gone")
        else:
            entries = [
                lookup(self.m, place, table.width, table.entries.__getitem__, f"{self.name}_{lane}")
                for lane, place in enumerate(places)
            ]
        found = [
            self.moved(entry, group, out, lane)
            for lane, (entry, group, out) in enumerate(zip(entries, groups, gone, strict=True))
        ]
        return registers.all(found, f"{self.name}_register")

    def moved(self, entry: Value, group: Value, gone: Value, lane: int) -> Value:
        """An entry, moved right by groups of octaves, with the bit for what is cut off."""
        table = self.table
        power = entry
        for level in range(len(group)):
            power = Mux(group[level], power >> (table.octaves << level), power)
        power = power[: table.width]
        if table.moved:
            assert table.octaves << len(group) == OCTAVES
            power = Cat(Const(1, 1), power)
        held = Signal(len(power), name=f"{self.name}_moved_{lane}")
        self.m.d.comb += held.eq(Mux(gone, 0, power))
        return held
