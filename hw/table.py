"""Functions of few bits, as decision diagrams.

Synthesis maps a table well if it comes as multiplexers that share what they have in common,
with the bits in a good order. From a case statement of all entries it makes twice the logic,
because it restructures that together with what is before it.
"""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

__all__ = ["lookup"]

#: The entries of a function for ascending indices.
Column = tuple[int, ...]


def lookup(
    m: Module, index: Value, width: int, function: Callable[[int], int], name: str
) -> Signal:
    """`function` of a small unsigned index, a number of `width` bits, as a table."""
    entries = [function(code) for code in range(2 ** len(index))]
    assert all(0 <= entry < 2**width for entry in entries)
    columns = [tuple(entry >> place & 1 for entry in entries) for place in range(width)]
    table = Signal(width, name=name)
    m.d.comb += table.eq(Cat(diagram(index, column) for column in columns))
    return table


def diagram(index: Value, column: Column) -> Value:
    """The function with the given entries, as multiplexers."""
    order = best_order(column, len(index))
    nodes: dict[Column, Value] = {}

    def visit(column: Column) -> Value:
        if len(column) == 1:
            return Const(column[0], 1)
        if column not in nodes:
            low, high = (visit(half) for half in halves(column))
            bit = index[order[len(order) - (len(column).bit_length() - 1)]]
            nodes[column] = choose(bit, low, high)
        return nodes[column]

    return visit(reorder(column, order))


def best_order(column: Column, bits: int) -> tuple[int, ...]:
    """An order of an index's bits, the first to decide first, of few multiplexers.

    From the most significant bit on, and then by moving single bits as long as that helps.
    """
    order = tuple(reversed(range(bits)))
    best = size(column, order)
    improved = True
    while improved:
        improved = False
        for bit in range(bits):
            rest = [other for other in order if other != bit]
            for place in range(bits):
                trial = (*rest[:place], bit, *rest[place:])
                cost = size(column, trial)
                if cost < best:
                    order, best, improved = trial, cost, True
    return order


def reorder(column: Column, order: Sequence[int]) -> Column:
    """The entries for an index whose most significant bit is the first of the order."""
    bits = len(order)
    return tuple(
        column[sum((code >> bits - 1 - place & 1) << bit for place, bit in enumerate(order))]
        for code in range(2**bits)
    )


def size(column: Column, order: Sequence[int]) -> int:
    """The multiplexers of a function."""
    found: set[Column] = set()

    def visit(column: Column) -> None:
        if len(column) <= 2 or column in found:
            return
        low, high = halves(column)
        if low != high:
            found.add(column)
            visit(high)
        visit(low)

    visit(reorder(column, order))
    return len(found)


def halves(column: Column) -> tuple[Column, Column]:
    middle = len(column) // 2
    return column[:middle], column[middle:]


def choose(bit: Value, low: Value, high: Value) -> Value:
    """A multiplexer, or the gate that it is with a constant."""
    if low is high:
        return low
    match low, high:
        case Const(), Const():
            chosen = low if low.value == high.value else bit if high.value else ~bit
        case Const(), _:
            chosen = ~bit | high if low.value else bit & high
        case _, Const():
            chosen = bit | low if high.value else ~bit & low
        case _:
            chosen = Mux(bit, high, low)
    return chosen
