"""Vectors that come in beats: where they begin and end, and beats held until these can be used."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.memory import Memory

__all__ = ["Beat", "Held", "delayed", "follow", "held"]

#: Most ticks for which vectors of one beat are held in registers.
MAX_REGISTERS = 4


@dataclass(frozen=True)
class Beat:
    """Whether there is a beat, and whether it is the first or the last of its vector."""

    valid: Value
    first: Value
    last: Value


@dataclass(frozen=True)
class Held:
    """A beat of a vector all of which has been taken."""

    valid: Value
    last: Value
    word: Value


def follow(m: Module, advance: Value, valid: Value, beats: int) -> Beat:
    """Count the beats of vectors."""
    if beats == 1:
        return Beat(valid, Const(1, 1), Const(1, 1))
    count = Signal(range(beats), name="beat")
    last = Signal(name="beat_last")
    m.d.comb += last.eq(count == beats - 1)
    with m.If(advance & valid):
        m.d.sync += count.eq(Mux(last, 0, count + 1))
    return Beat(valid, count == 0, last)


def delayed(m: Module, advance: Value, bit: Value, ticks: int, name: str) -> Value:
    """A control bit, so many ticks later; low after a reset."""
    for tick in range(ticks):
        register = Signal(name=f"{name}_{tick + 1}")
        with m.If(advance):
            m.d.sync += register.eq(bit)
        bit = register
    return bit


def held(
    m: Module, advance: Value, beat: Beat, word: Value, *, beats: int, delay: int, name: str
) -> Held:
    """Hold the beats of vectors of `beats` each.

    A vector's first word shows `delay` ticks after its last beat is taken, one or more, and the
    others in the ticks that follow. There may be gaps between the beats that come in.
    """
    assert delay >= 1
    complete = Signal(name=f"{name}_complete")
    m.d.comb += complete.eq(beat.valid & beat.last)
    if beats == 1 and delay <= MAX_REGISTERS:
        for tick in range(delay):
            register = Signal(len(word), name=f"{name}_{tick + 1}", reset_less=True)
            with m.If(advance):
                m.d.sync += register.eq(word)
            word = register
        valid = delayed(m, advance, complete, delay, f"{name}_valid")
        return Held(valid, Const(1, 1), word)
    # Words are asked for a tick before they show; two if there is time for a register behind the
    # memory, because the ports of large ones are slow.
    late = int(delay > MAX_REGISTERS)
    delay -= late
    start = delayed(m, advance, complete, delay - 1, f"{name}_start")
    asked, last = start, Const(1, 1)
    if beats > 1:
        left = Signal(range(beats), name=f"{name}_left")
        with m.If(advance):
            m.d.sync += left.eq(Mux(start, beats - 1, Mux(left.any(), left - 1, 0)))
        asked, last = start | left.any(), (left == 1) & ~start
    # From the tick in which a word is written to that in which it is asked for, both included.
    depth = 2 ** (beats + delay - 2).bit_length()
    memory = Memory(shape=len(word), depth=depth, init=[])
    m.submodules[name] = memory
    write, read = memory.write_port(), memory.read_port()
    m.d.comb += [
        write.data.eq(word),
        write.en.eq(advance & beat.valid),
        read.en.eq(advance),
    ]
    with m.If(advance & beat.valid):
        m.d.sync += write.addr.eq(write.addr + 1)
    address = Signal(len(read.addr), name=f"{name}_read")
    m.d.comb += read.addr.eq(address)
    with m.If(advance & asked):
        m.d.sync += address.eq(address + 1)
    shows = delayed(m, advance, asked, 1 + late, f"{name}_shows")
    ends = delayed(m, advance, last, 1 + late, f"{name}_ends") if beats > 1 else last
    word = read.data
    if late:
        word = Signal(len(word), name=f"{name}_word", reset_less=True)
        with m.If(advance):
            m.d.sync += word.eq(read.data)
    return Held(shows, ends, word)
