"""The row buffer of a softmax: powers wait until the reciprocal of their row is known."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Value

from .ring import Ring
from .softmax_powers import Beat
from .softmax_reciprocal import Factor

__all__ = ["RowBuffer"]


@dataclass(frozen=True)
class RowBuffer(Ring):
    """Rings of beats and of the factors of their rows, written and read one beat in each cycle.

    A beat is read as soon as the factor of its row is written, in the order of the beats. It is
    there three cycles later, together with that factor, of which each row has one.

    Parameters
    ----------
    m, registers
        Where the logic, memories and registers go.
    depth
        Beats that the ring holds; one place is never used.
    """

    def outputs(self, beat: Beat, factor: Factor) -> tuple[Beat, Factor]:
        """Beats that are read, with their rows' factors."""
        registers = self.registers
        complete = factor.valid & factor.last
        places = self.rows(beat.valid, factor.valid, complete)
        # What is read of a place while it is written does not count: nothing waits there then.
        word = Cat(*beat.powers, beat.top, beat.last)
        found = self.memory("beats", word, places.written, beat.valid, places.read)
        widths = [*(len(power) for power in beat.powers), len(beat.top), 1]
        *powers, top, last = split(found, widths)
        valid = registers.flag(places.reading, "read_valid")

        row_written = self.counter("row_written", complete)
        row = self.counter("row_read", valid & last)
        word = Cat(factor.factor, factor.top)
        found = self.memory("rows", word, row_written, complete, row)
        number, row_top = split(found, [len(factor.factor), len(factor.top)])

        # One register while the row is read, and one more because memories are slow.
        taken = Beat(
            powers=[registers.late(power, 2, f"read_{k}") for k, power in enumerate(powers)],
            top=registers.late(top, 2, "read_top").as_signed(),
            valid=registers.late_flag(valid, 2, "beat_valid"),
            last=registers.late(last, 2, "read_last"),
        )
        return taken, replace(
            factor,
            factor=registers.data(number, "read_factor"),
            top=registers.data(row_top, "read_row_top").as_signed(),
            valid=taken.valid,
            last=taken.last,
        )


def split(word: Value, widths: list[int]) -> list[Value]:
    """The fields of a word, from the least significant bit on."""
    found, place = [], 0
    for width in widths:
        found.append(word[place : place + width])
        place += width
    return found
