"""Functions of a few bits, which a lookup table or the input of a carry cell can take in."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from amaranth.hdl import Cat, Const, Value

from .table import diagram

__all__ = ["Gate"]


@dataclass(frozen=True)
class Gate:
    """A function of a few bits.

    Attributes
    ----------
    inputs
        The bits that it depends on. One that comes twice is known by being the same object.
    table
        Its values; the inputs, the first of them the least significant bit, are the index.
    """

    inputs: tuple[Value, ...]
    table: tuple[int, ...]

    @classmethod
    def of(cls, function: Callable[..., int], *operands: "Gate | Value | int") -> Self:
        """A function of gates, bits and constants."""
        gates = [operand if isinstance(operand, Gate) else cls.bit(operand) for operand in operands]
        found: dict[int, Value] = {}
        for gate in gates:
            for value in gate.inputs:
                found.setdefault(id(value), value)
        places = {name: place for place, name in enumerate(found)}
        table = []
        for index in range(2 ** len(found)):
            values = [
                gate.table[
                    sum(
                        (index >> places[id(value)] & 1) << place
                        for place, value in enumerate(gate.inputs)
                    )
                ]
                for gate in gates
            ]
            table.append(int(function(*values)) & 1)
        return cls(tuple(found.values()), tuple(table)).reduced()

    @classmethod
    def bit(cls, value: Value | int) -> Self:
        """A bit as it is."""
        if isinstance(value, int):
            return cls((), (value,))
        if isinstance(value, Const):
            return cls((), (value.value & 1,))
        assert len(value) == 1
        return cls((value,), (0, 1))

    @classmethod
    def bits(cls, number: Value) -> list[Self]:
        """The bits of a number as they are."""
        return [cls.bit(number[place]) for place in range(len(number))]

    def reduced(self) -> Self:
        """The same without inputs that make no difference."""
        for place in range(len(self.inputs)):
            low, high = (
                tuple(
                    value for index, value in enumerate(self.table) if (index >> place & 1) == side
                )
                for side in (0, 1)
            )
            if low == high:
                inputs = (*self.inputs[:place], *self.inputs[place + 1 :])
                return type(self)(inputs, low).reduced()
        return self

    def __and__(self, other: "Gate | Value | int") -> Self:
        return self.of(lambda one, two: one & two, self, other)

    def __xor__(self, other: "Gate | Value | int") -> Self:
        return self.of(lambda one, two: one ^ two, self, other)

    def __invert__(self) -> Self:
        return type(self)(self.inputs, tuple(1 - value for value in self.table))

    def choose(self, zero: "Gate | Value | int", one: "Gate | Value | int") -> Self:
        """One of two, as this one says."""
        return self.of(lambda which, low, high: high if which else low, self, zero, one)

    @property
    def value(self) -> Value:
        """The function as logic."""
        if not self.inputs:
            return Const(self.table[0], 1)
        if self.table == (0, 1):
            return self.inputs[0]
        if self.table == (0, 1, 1, 0):
            return self.inputs[0] ^ self.inputs[1]
        return diagram(Cat(self.inputs), self.table)
