"""A board's top: the exerciser around a unit, and lights that show its verdict."""

from typing import Any

from amaranth.hdl import Elaboratable, Module, ResetInserter, Signal
from amaranth.lib import io
from amaranth.lib.cdc import FFSynchronizer

from .board import Board, Pin, Show
from .exerciser import Exerciser

__all__ = ["Top"]


class Top(Elaboratable):
    """All that is on a board's FPGA.

    Parameters
    ----------
    board : :class:`Board`
    exerciser : :class:`Exerciser`
    second : :class:`int`
        Clock cycles of a second; the board's clock frequency if absent. A simulation takes
        fewer, so that it sees lights blink.
    """

    def __init__(self, board: Board, exerciser: Exerciser, *, second: int | None = None):
        self.board = board
        self.exerciser = exerciser
        self.second = round(board.clock_mhz * 1e6) if second is None else second

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        ports: dict[tuple[str, int], Any] = {}
        restart = Signal()
        if self.board.button is not None:
            m.submodules.button = button = io.Buffer(
                io.Direction.Input, port_of(self.board.button, platform, ports)
            )
            m.submodules.button_sync = FFSynchronizer(button.i, restart)
        m.submodules.exerciser = ResetInserter(restart)(self.exerciser)

        slow, fast = self.beat(m)
        shown = {
            Show.MATCH: self.exerciser.match & slow,
            Show.MISMATCH: self.exerciser.mismatch & slow,
            Show.RUNNING: self.exerciser.running,
            Show.HEARTBEAT: slow,
            Show.VERDICT: self.exerciser.running
            | (self.exerciser.match & slow)
            | (self.exerciser.mismatch & fast),
        }
        for light in self.board.lights:
            buffer = io.Buffer(io.Direction.Output, port_of(light.pin, platform, ports))
            m.submodules[f"light_{light.shows}"] = buffer
            m.d.comb += buffer.o.eq(shown[light.shows])
        return m

    def beat(self, m: Module) -> tuple[Signal, Signal]:
        """Square waves of about one and eight cycles a second, from a power of two of clocks."""
        divider = Signal(max((self.second - 1).bit_length(), 4))
        slow, fast = Signal(), Signal()
        m.d.sync += divider.eq(divider + 1)
        m.d.comb += [slow.eq(~divider[-1]), fast.eq(~divider[-4])]
        return slow, fast


def port_of(pin: Pin, platform: Any, requested: dict[tuple[str, int], Any]) -> Any:
    """A pin's port. A platform gives each resource away once, whole."""
    resource = pin.resource, pin.number
    if resource not in requested:
        requested[resource] = platform.request(*resource, dir="-")
    port = requested[resource]
    return getattr(port, pin.member) if pin.member else port
