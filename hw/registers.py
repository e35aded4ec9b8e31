"""Registers of a datapath that advances as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Module, ShapeLike, Signal, Value

__all__ = ["Registers"]


@dataclass(frozen=True)
class Registers:
    """Puts registers in the domain ``sync`` that hold unless the datapath advances.

    Parameters
    ----------
    m
        Where they go.
    advance
        Whether they change at the end of a cycle.
    """

    m: Module
    advance: Value

    def data(self, value: Value, name: str, when: Value | None = None) -> Signal:
        """A value one cycle later; what it is before the first one means nothing.

        With `when`, only values of cycles in which that is high, too, are taken.
        """
        register = Signal(value.shape(), name=name, reset_less=True)
        self.load(register, value, when)
        return register

    def flag(self, value: Value, name: str) -> Signal:
        """A bit of control one cycle later; a reset clears it."""
        register = Signal(value.shape(), name=name)
        self.load(register, value)
        return register

    def state(self, shape: ShapeLike, name: str, init: int = 0) -> Signal:
        """A register that a reset brings back to where it began; `load` says what it takes."""
        return Signal(shape, name=name, init=init)

    def load(self, register: Signal, value: Value, when: Value | None = None) -> None:
        """Let a register take a value, in cycles in which `when` is high, too."""
        with self.m.If(self.advance if when is None else self.advance & when):
            self.m.d.sync += register.eq(value)

    def late(self, value: Value, cycles: int, name: str) -> Value:
        """A value some cycles later."""
        for place in range(cycles):
            value = self.data(value, f"{name}_{place}")
        return value

    def late_flag(self, value: Value, cycles: int, name: str) -> Value:
        """A bit of control some cycles later."""
        for place in range(cycles):
            value = self.flag(value, f"{name}_{place}")
        return value

    def all(self, values: Sequence[Value], name: str) -> list[Value]:
        """Values one cycle later."""
        return [self.data(value, f"{name}_{place}") for place, value in enumerate(values)]
