"""The row buffer of a softmax by tables: powers wait until their row's reciprocal is known."""

from dataclasses import dataclass

from amaranth.hdl import Cat

from .ring import Ring
from .softmax_powers import Beat
from .table_reciprocal import RowFactor

__all__ = ["TableBuffer"]


@dataclass(frozen=True)
class TableBuffer(Ring):
    """Rings of beats and of the factors of their rows, written and read one beat in each cycle.

    A beat is read as soon as the factor of its row is written, in the order of the beats. It is
    there two cycles later. A factor has the place of its row's first beat, so that one place is
    read in both rings.

    Parameters
    ----------
    m, registers
        Where the logic, memories and registers go.
    depth
        Beats that the ring holds; one place is never used.
    """

    def outputs(self, beat: Beat, factor: RowFactor) -> tuple[Beat, RowFactor]:
        """Beats that are read, with their rows' factors."""
        registers = self.registers
        complete = factor.valid & factor.last
        places = self.rows(beat.valid, factor.valid, complete)

        word = Cat(*beat.powers, beat.top, beat.last)
        found = self.memory("beats", word, places.written, beat.valid, places.read)
        fields = Cat(factor.reciprocal, factor.fall)
        # That place is the one where the next row begins.
        row = self.memory("rows", fields, places.readable, complete, places.read)

        valid = registers.flag(places.reading, "read_valid")
        begins = registers.state(1, "read_begins", init=1)
        registers.load(begins, found[-1], when=valid)
        held = registers.data(row, "row_factor", when=valid & begins)
        found = registers.data(found, "read_beat")
        valid = registers.flag(valid, "beat_valid")
        size = len(beat.powers[0])
        taken = Beat(
            powers=[found[k * size : (k + 1) * size] for k in range(len(beat.powers))],
            top=found[-1 - len(beat.top) : -1].as_signed(),
            valid=valid,
            last=found[-1],
        )
        bits = len(factor.reciprocal)
        return taken, RowFactor(held[:bits], held[bits:].as_signed(), valid, taken.last)
