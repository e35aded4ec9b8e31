"""Powers of two from a table, as logic or as block memories of two ports."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.memory import Memory

from ffp8.golden.power_table import OCTAVES, PowerTable

from .corrected_power import corrected_fraction
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
        memory = Memory(
            shape=unsigned(width),
            depth=len(entries),
            init=list(entries),
            attrs={"rom_style": "block"},
        )
        registers.m.submodules[f"{name}_{start // PORTS}"] = memory
        for place in places[start : start + PORTS]:
            port = memory.read_port()
            registers.m.d.comb += [port.addr.eq(place), port.en.eq(registers.advance)]
            found.append(port.data)
    return found


@dataclass(frozen=True)
class PowerLookup:
    """2^(x + 1) of each lane, for x below zero.

    A register is behind the power; with `memory`, one is the memory's and one behind that,
    because memories are slow. Powers that are corrected have two in the way, too.

    Parameters
    ----------
    m, registers
        Where the logic, memories and registers go.
    table
        What the powers are.
    memory
        Whether the table is in block memories.
    """

    m: Module
    registers: Registers
    table: PowerTable
    memory: bool

    def outputs(self, numbers: Sequence[Value], gone: Sequence[Value]) -> list[Value]:
        """The powers.

        Parameters
        ----------
        numbers
            The last bits of x in two's complement, those of 16 octaves and of the fraction.
        gone
            Whether a power is zero, as it is if x is not within 16 octaves below zero.
        """
        registers, table = self.registers, self.table
        size = table.index_bits
        places = [number[:size] for number in numbers]
        # Octaves -1 to -16 end with bits whose complements count how far below zero they are.
        groups = [~number[size:] for number in numbers]
        if self.memory or table.corrected:
            entries = self.slow_entries(places)
            groups = [registers.late(one, 2, f"power_group_{k}") for k, one in enumerate(groups)]
            gone = [registers.late(one, 2, f"power_gone_{k}") for k, one in enumerate(gone)]
        else:
            entries = [
                lookup(self.m, place, table.entry_bits, table.entries.__getitem__, f"power_{lane}")
                for lane, place in enumerate(places)
            ]
        found = [
            self.moved(entry, group, out, lane)
            for lane, (entry, group, out) in enumerate(zip(entries, groups, gone, strict=True))
        ]
        return registers.all(found, "power_register")

    def slow_entries(self, places: Sequence[Value]) -> list[Value]:
        """Entries 2 cycles later."""
        registers, table = self.registers, self.table
        if not table.corrected:
            entries = memory_table(registers, table.entries, places, "power_table")
            return registers.all(entries, "power_entry")
        found = []
        for lane, place in enumerate(places):
            part = corrected_fraction(self.m, place, registers.data, f"corrected_{lane}")
            found.append(Cat(Const(0, table.fraction - len(part)), part, Const(1, 1)))
        return found

    def moved(self, entry: Value, group: Value, gone: Value, lane: int) -> Value:
        """An entry, moved right by groups of octaves, with the bit for what is cut off."""
        table = self.table
        power = entry
        for level in range(len(group)):
            power = Mux(group[level], power >> (table.octaves << level), power)
        power = power[: table.entry_bits]
        if table.moved:
            assert table.octaves << len(group) == OCTAVES
            power = Cat(Const(1, 1), power)
        held = Signal(len(power), name=f"power_moved_{lane}")
        self.m.d.comb += held.eq(Mux(gone, 0, power))
        return held
