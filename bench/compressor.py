"""Sums of columns of bits by compressors, which have no carry chains."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.hw.pipeline import Pipeline

__all__ = ["Columns", "add_constant", "compressed"]

#: Bits of each weight, the least first.
Columns = list[list[Value]]


def compressed(m: Module, pipeline: Pipeline, columns: Columns) -> Value:
    """The sum of columns of bits, modulo 2^len(columns), by compressors of three bits or two.

    Each level brings the highest column down to the next of 2, 3, 4, 6, 9, 13, ..., with no more
    compressors than that takes (Dadda's scheme). Registers may stand behind each level.
    """
    heights = [2]
    while heights[-1] < max(map(len, columns)):
        heights.append(heights[-1] * 3 // 2)
    for level, height in enumerate(reversed(heights[:-1]), 1):
        columns = [list(column) for column in columns]
        below: list[list[Value]] = [[] for _ in range(len(columns) + 1)]
        for place, column in enumerate(columns):
            while len(column) + len(below[place]) > height:
                enough = len(column) + len(below[place]) == height + 1
                bits = [column.pop(0) for _ in range(2 if enough else 3)]
                name = f"level_{level}_{place}"
                one, carry = Signal(name=f"{name}_sum"), Signal(name=f"{name}_carry")
                x, y, *rest = bits
                # As a sum, synthesis would make carry chains of it.
                z = rest[0] if rest else Const(0, 1)
                m.d.comb += [one.eq(x ^ y ^ z), carry.eq((x & y) | (z & (x ^ y)))]
                below[place].append(one)
                below[place + 1].append(carry)
            below[place] += column
        columns = [
            [pipeline.bits(f"level_{level}", bit, f"{place}") for bit in column]
            for place, column in enumerate(below[: len(columns)])
        ]
    # Where all columns have one bit, there is nothing to add.
    first = next((place for place, column in enumerate(columns) if len(column) > 1), len(columns))
    low = [column[0] if column else Const(0, 1) for column in columns[:first]]
    one, two = (
        Cat(column[at] if at < len(column) else Const(0, 1) for column in columns[first:])
        for at in range(2)
    )
    total = Signal(len(columns), name="total")
    m.d.comb += total.eq(Cat(*low, (one + two)[: len(columns) - first]))
    return pipeline.bits("sum", total, "out")


def add_constant(columns: Columns, value: int) -> None:
    """Put the bits of a constant into columns, modulo 2^len(columns)."""
    for place, column in enumerate(columns):
        if value >> place & 1:
            column.append(Const(1, 1))
