"""Pipeline registers at chosen places of a block."""

import dataclasses
from typing import TypeVar

from amaranth.hdl import Const, Module, ShapeLike, Signal, Value

__all__ = ["Pipeline"]

Bundle = TypeVar("Bundle")


class Pipeline:
    """Puts registers where a block offers to be cut.

    A block names its places in the order of the data's way. All paths pass all places, so
    the latency is the number of places that are cut. Registers have no reset, because what
    they hold before the first data has come through is not defined anyway.

    Parameters
    ----------
    m : :class:`Module`
        Where the registers go, in the domain ``sync``.
    cuts
        The places that get registers.
    enable
        Registers hold when it is low; None to run always.
    """

    def __init__(self, m: Module, cuts: tuple[str, ...], enable: Value | None = None):
        self.m = m
        self.cuts = cuts
        self.enable = enable

    def bits(self, place: str, value: Value, name: str) -> Value:
        """A value, after the registers of a place."""
        if place not in self.cuts or isinstance(value, Const) or not len(value):
            return value
        register = self.register(value.shape(), f"{place}_{name}")
        self.load(register, value)
        return register

    def register(self, shape: ShapeLike, name: str) -> Signal:
        """A register that is there in any case; `load` says what it takes."""
        return Signal(shape, name=name, reset_less=True)

    def load(self, register: Signal, value: Value) -> None:
        """Let a register take a value in each cycle that is no stall."""
        if self.enable is None:
            self.m.d.sync += register.eq(value)
        else:
            with self.m.If(self.enable):
                self.m.d.sync += register.eq(value)

    def bundle(self, place: str, values: Bundle) -> Bundle:
        """A dataclass with its values after the registers of a place; others are kept."""
        assert dataclasses.is_dataclass(values)
        assert not isinstance(values, type)
        fields = {field.name: getattr(values, field.name) for field in dataclasses.fields(values)}
        registered = {
            name: self.bits(place, value, name)
            for name, value in fields.items()
            if isinstance(value, Value)
        }
        return dataclasses.replace(values, **registered)
