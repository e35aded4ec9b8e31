"""What the components of all streaming blocks have in common: streams, and one rule of stalling."""

from abc import abstractmethod
from typing import Any, TypeVar

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib import stream

from ffp8.golden.stream import StreamConfig

from .block import BlockComponent
from .ports import value

__all__ = ["StreamComponent"]

Config = TypeVar("Config", bound=StreamConfig)


class StreamComponent(BlockComponent[Config]):
    """A component with a stream of beats in and one out; see :mod:`ffp8.golden.stream`.

    It stands still while it shows a beat that is not taken. The input's `ready` follows from the
    output's within a cycle; nothing else does, so streams of such components can be connected.
    A chain of many is best broken by a queue (`amaranth.lib.fifo.SyncFIFOBuffered`).

    Parameters
    ----------
    config : :class:`StreamConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats that go in: the configuration's operands.
    o : ``Out(stream.Signature(StructLayout))``
        Beats that come out.
    """

    i: stream.Interface
    o: stream.Interface

    _outer: Value | None = None

    def inside(self, advance: Value) -> None:
        """Let a block that this one is a part of say when it advances, for all of its parts.

        The output's `ready` counts for nothing then.
        """
        self._outer = advance

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        advance = Signal()
        outer = self._outer
        m.d.comb += advance.eq(~self.o.valid | self.o.ready if outer is None else outer)
        operands = {port.name: value(self, port) for port in self.config.operands}
        valid, outputs = self.datapath(m, advance, self.i.valid, operands, platform)
        m.d.comb += [self.i.ready.eq(advance & self.room), self.o.valid.eq(valid)]
        self.drive(m, outputs)
        return m

    @property
    def room(self) -> Value:
        """Whether there is room for a beat."""
        return Const(1)

    @abstractmethod
    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        """What is between the streams.

        Parameters
        ----------
        advance
            Registers change only at the end of cycles in which it is high.
        valid, operands
            Whether there is a beat, and its payload by port. A beat without room does not count.

        Returns
        -------
        Whether there is an output beat, from a register, and its payload by port.
        """
