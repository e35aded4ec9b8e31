"""Values that belong to a vector, at given ticks: control bits that say when, and registers."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from amaranth.hdl import Const, Module, Signal, Value

__all__ = ["VectorTicks"]

Bundle = TypeVar("Bundle")


@dataclass
class VectorTicks:
    """Ticks counted for each vector, from one on in which something of it is first there.

    What there is of a vector stays for `interval` ticks, and the next vector comes no sooner.

    Parameters
    ----------
    advance
        Which cycles are ticks.
    start
        High in tick 0 of a vector.
    interval
        The least number of ticks from one vector to the next.
    """

    m: Module
    advance: Value
    start: Value
    interval: int
    known: list[Value] = field(default_factory=list)

    def at(self, tick: int) -> Value:
        """A bit that is high in a tick of a vector; it is low after a reset."""
        if not self.known:
            self.known.append(self.start)
        while len(self.known) <= tick:
            register = Signal(name=f"tick_{len(self.known)}")
            with self.m.If(self.advance):
                self.m.d.sync += register.eq(self.known[-1])
            self.known.append(register)
        return self.known[tick]

    def loaded(self, value: Value, tick: int, name: str) -> Value:
        """A value that is there at the end of a tick, for `interval` ticks from the next one on."""
        if isinstance(value, Const) or not len(value):
            return value
        register = Signal(value.shape(), name=name, reset_less=True)
        when = self.advance if self.interval == 1 else self.advance & self.at(tick)
        with self.m.If(when):
            self.m.d.sync += register.eq(value)
        return register

    def carried(self, value: Value, since: int, until: int, name: str) -> Value:
        """A value that is there from one tick on, for `interval` ticks from another one on."""
        tick = since
        while tick < until:
            tick = min(tick + self.interval, until)
            value = self.loaded(value, tick - 1, f"{name}_{tick}")
        return value

    def all_loaded(self, values: Bundle, tick: int, name: str) -> Bundle:
        """A dataclass with its values `loaded`; what is no value is kept."""
        return replaced(values, lambda part, value: self.loaded(value, tick, f"{name}_{part}"))

    def all_carried(self, values: Bundle, since: int, until: int, name: str) -> Bundle:
        """A dataclass with its values `carried`; what is no value is kept."""
        return replaced(
            values, lambda part, value: self.carried(value, since, until, f"{name}_{part}")
        )


def replaced(values: Bundle, function: Callable[[str, Value], Value]) -> Bundle:
    """A dataclass with a function of its values in their place."""
    assert dataclasses.is_dataclass(values)
    assert not isinstance(values, type)
    fields = {part.name: getattr(values, part.name) for part in dataclasses.fields(values)}
    found = {
        part: function(part, value) for part, value in fields.items() if isinstance(value, Value)
    }
    return dataclasses.replace(values, **found)
