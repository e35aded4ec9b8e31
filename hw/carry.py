"""Adders whose operands are functions of a few bits.

A carry cell of the ECP5 (CCU2C) has two 4-input tables, one in front of each bit of its carry
chain. So a bit of an adder takes in logic for which other families need tables of their own,
such as both operands gated, or one of them chosen from two. Synthesis does not see that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from amaranth.hdl import Cat, Const, Instance, Module, Mux, Signal, Value

from .gate import Gate
from .target import Target

__all__ = ["Inject", "add"]


@dataclass(frozen=True)
class Inject:
    """A carry between two bits of an adder: `value` where `instead` is set, else the usual."""

    value: Value
    instead: Value


@dataclass(frozen=True)
class Cell:
    """One bit of a carry cell: what its table is connected to, and the table.

    The table's output, exclusive or the carry in, is the sum. Where it is 1 the carry goes on.
    Else the carry out is what the table has for the first two pins with the others at 0.
    """

    pins: tuple[Value, Value, Value, Value]
    table: int


def add(
    m: Module,
    target: Target,
    x: Sequence[Gate],
    y: Sequence[Gate],
    name: str,
    *,
    carry: Value | int = 0,
    inject: Mapping[int, Inject] | None = None,
) -> Signal:
    """x + y + carry, modulo 2^len(x); x and y are of one length.

    Parameters
    ----------
    inject
        Carries into the bits of these places.
    """
    assert len(x) == len(y)
    carry = Const(carry, 1) if isinstance(carry, int) else carry
    inject = inject or {}
    total = Signal(len(x), name=name)
    if target.carry_cells:
        chain(m, target, x, y, total=total, carry=carry, inject=inject)
        return total
    start = 0
    for end in (*sorted(inject), len(x)):
        one, two = (Cat(gate.value for gate in side[start:end]) for side in (x, y))
        part = Signal(end - start + 1, name=f"{name}_{start}")
        m.d.comb += part.eq(one + two + carry)
        m.d.comb += total[start:end].eq(part)
        if end in inject:
            carry = Mux(inject[end].instead, inject[end].value, part[-1])
        start = end
    return total


def chain(
    m: Module,
    target: Target,
    x: Sequence[Gate],
    y: Sequence[Gate],
    *,
    total: Signal,
    carry: Value,
    inject: Mapping[int, Inject],
) -> None:
    """The same of carry cells."""
    cells: list[Cell] = []
    outputs: list[Value] = []
    for place, pair in enumerate(zip(x, y, strict=True)):
        if place in inject:
            cells.append(injection(inject[place]))
            outputs.append(Signal(name=f"{total.name}_injected"))
        cells.append(cell(m, *pair, f"{total.name}_{place}"))
        outputs.append(total[place])
    if len(cells) % 2:
        cells.append(Cell((Const(0, 1), Const(0, 1), Const(0, 1), Const(0, 1)), 0))
        outputs.append(Signal(name=f"{total.name}_unused"))
    for place in range(0, len(cells), 2):
        after = Signal(name=f"{total.name}_carry_{place + 2}")
        pair = cells[place : place + 2]
        make = model if target.models else instance
        make(m, pair, carry, outputs[place : place + 2], after)
        carry = after


def instance(
    m: Module, pair: Sequence[Cell], carry: Value, outputs: Sequence[Value], after: Signal
) -> None:
    ports = {}
    for half, one in enumerate(pair):
        for pin, value in zip("ABCD", one.pins, strict=True):
            ports[f"i_{pin}{half}"] = value
        ports[f"o_S{half}"] = outputs[half]
        ports[f"p_INIT{half}"] = Const(one.table, 16)
        ports[f"p_INJECT1_{half}"] = "NO"
    m.submodules += Instance("CCU2C", i_CIN=carry, o_COUT=after, **ports)


def model(
    m: Module, pair: Sequence[Cell], carry: Value, outputs: Sequence[Value], after: Signal
) -> None:
    for half, one in enumerate(pair):
        index = Cat(one.pins)
        table = Signal(name=f"{after.name}_table_{half}")
        m.d.comb += table.eq(Const(one.table, 16).bit_select(index, 1))
        m.d.comb += outputs[half].eq(table ^ carry)
        following = after if half else Signal(name=f"{after.name}_between")
        m.d.comb += following.eq(
            Mux(table, carry, Const(one.table & 15, 4).bit_select(index[:2], 1))
        )
        carry = following


def cell(m: Module, x: Gate, y: Gate, name: str) -> Cell:
    """The cell that adds two functions; such as it cannot take in become logic before it."""
    for one, two in ((x, y), (y, x)):
        found = fit(one, two)
        if found is not None:
            return found
    outside = Signal(name=name)
    # The one with more inputs leaves most room if it is made outside.
    less, more = sorted((x, y), key=lambda gate: len(gate.inputs))
    for inner, outer in ((less, more), (more, less)):
        bit = Gate.bit(outside)
        found = fit(inner, bit) or fit(bit, inner)
        if found is not None:
            m.d.comb += outside.eq(outer.value)
            return found
    found = fit(made(m, x, f"{name}_x"), made(m, y, f"{name}_y"))
    assert found is not None
    return found


def made(m: Module, gate: Gate, name: str) -> Gate:
    """A function as a signal."""
    signal = Signal(name=name)
    m.d.comb += signal.eq(gate.value)
    return Gate.bit(signal)


def fit(x: Gate, y: Gate) -> Cell | None:
    """The cell for two functions; None if these do not fit.

    The carry depends on the first two pins alone, so these are all that x depends on, and y
    must be 0 where the other two are.
    """
    zero, one = Const(0, 1), Const(1, 1)
    if len(x.inputs) > 2 or len(x.inputs) + len(y.inputs) > 4:
        return None
    if len(x.inputs) + len(y.inputs) <= 3:
        # The last pin tells the two uses of the table apart.
        given = (*x.inputs, *y.inputs)
        return tabled((*given, *[zero] * (3 - len(given)), one), x, y)
    spare = 2 - len(x.inputs)
    for order in permutations(y.inputs):
        for front in range(spare + 1):
            shared, behind = order[:front], order[front:]
            if len(behind) > 2:
                continue
            pins = [*x.inputs, *shared]
            pins += [zero] * (2 - len(pins))
            pins += behind
            pins += [zero] * (4 - len(pins))
            if zero_behind(y, behind):
                return tabled(tuple(pins), x, y)
    return None


def zero_behind(y: Gate, behind: Sequence[Value]) -> bool:
    """Whether a function is 0 wherever these inputs of it are."""
    for index, value in enumerate(y.table):
        given = {id(bit): index >> place & 1 for place, bit in enumerate(y.inputs)}
        if value and not any(given[id(bit)] for bit in behind):
            return False
    return True


def tabled(pins: Sequence[Value], x: Gate, y: Gate) -> Cell:
    """The cell with functions of its pins.

    An input of both has two pins: the first is that of x, the last is that of y.
    """
    a, b, c, d = pins
    last_is_one = isinstance(d, Const) and d.value == 1
    first, last = {}, {}
    for place, pin in enumerate(pins):
        first.setdefault(id(pin), place)
        last[id(pin)] = place
    table = 0
    for index in range(16):
        value = at(x, first, index)
        if not last_is_one or index >= 8:
            value ^= at(y, last, index)
        table |= value << index
    return Cell((a, b, c, d), table)


def at(gate: Gate, places: Mapping[int, int], index: int) -> int:
    """A function of pins that spell an index."""
    return gate.table[
        sum((index >> places[id(bit)] & 1) << place for place, bit in enumerate(gate.inputs))
    ]


def injection(inject: Inject) -> Cell:
    """The cell, between two bits, that lets the carry pass or puts another in its place."""
    # The last pin is 1, so that the table's first half is the carry's alone.
    table = sum((1 - (index >> 2 & 1)) << index for index in range(8, 16)) | 0b1010
    return Cell((inject.value, Const(0, 1), inject.instead, Const(1, 1)), table)
