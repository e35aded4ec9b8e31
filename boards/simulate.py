"""A board's top in simulation: the whole self-test, with what a person sees at the end."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Fragment
from amaranth.lib import io

from ffp8.golden.ports import Direction, Port, Role
from ffp8.synth import netlist
from ffp8.synth.convert import to_rtlil
from ffp8.synth.design import Design
from ffp8.synth.engines import open_engine

from .board import Board, Show
from .exerciser import Exerciser
from .top import Top

__all__ = ["SelfTest", "simulate"]

#: Clock cycles of a simulated second.
SECOND = 64

RESET = Port(name="rst", direction=Direction.INPUT, role=Role.RESET, meaning="reset at power-up")


@dataclass(frozen=True)
class SelfTest:
    """What a simulated board showed.

    Attributes
    ----------
    verdict
        ``match``, ``mismatch`` or ``running``, as the lights say at the end; ``unclear`` where
        they say nothing.
    pads
        The level of each light's pin in each cycle, by the pin's name.
    lit
        Whether each light is on in each cycle, by its label.
    engine
        What simulated it.
    cycles
        Clock cycles.
    """

    verdict: str
    pads: dict[str, np.ndarray]
    lit: dict[str, np.ndarray]
    engine: str
    cycles: int


class PadPlatform:
    """A board's platform with pads that a simulation drives and reads.

    Attributes
    ----------
    device
        The board's, where synthesis follows, which knows its cells; simulators know none.
    """

    def __init__(self, board: Board, *, synthesis: bool = False):
        self._real: Any = board.platform()
        self.device = self._real.device if synthesis else ""
        self.pads: dict[str, io.SimulationPort] = {}

    def request(self, resource: str, number: int, *, dir: str) -> Any:
        port = self._real.request(resource, number, dir=dir)
        name = f"{resource}_{number}"
        if isinstance(port, io.SingleEndedPort):
            return self._pad(name, port)
        members = {key: self._pad(f"{name}_{key}", part) for key, part in vars(port).items()}
        return SimpleNamespace(**members)

    def _pad(self, name: str, port: io.SingleEndedPort) -> io.SimulationPort:
        pad = io.SimulationPort(port.direction, len(port), invert=port.invert, name=name)
        self.pads[name] = pad
        return pad


def simulate(
    board: Board,
    exerciser: Exerciser,
    *,
    seconds: int = 2,
    pressed: range = range(0),
    gates: bool = False,
    engine: str | None = None,
) -> SelfTest:
    """Run a board's top from power-up to its verdict and some seconds on.

    Parameters
    ----------
    seconds
        Seconds after the verdict, of 64 clock cycles each, so that lights are seen to blink.
    pressed
        The cycles in which the button is held.
    gates
        Simulate the cells that synthesis makes of the top, pin buffers left out.
    engine
        A simulation engine that takes any design; the first one here if absent.

    Raises
    ------
    ValueError
        If there is no button to hold.
    MissingTool
        If no engine can run here, or Yosys is not there.
    """
    if pressed and board.button is None:
        raise ValueError(f"Board must be one with a button to hold, not {board.name}")
    platform = PadPlatform(board, synthesis=gates)
    design = elaborate(board, exerciser, platform)
    if gates:
        design = netlist.gates(design, board.device)
    simulation = open_engine(design, engine)
    # A second for the last blink on top.
    cycles = pressed.stop + exerciser.duration + (seconds + 1) * SECOND
    held = np.isin(np.arange(cycles), pressed)
    inputs = {RESET.name: np.arange(cycles) < 1}
    for port in design.ports[1:]:
        if port.direction is Direction.INPUT:
            inverted = platform.pads[port.name].invert[0]
            inputs[port.name] = held ^ inverted
    pads = simulation.run({name: levels.astype(np.uint8) for name, levels in inputs.items()})
    lit = {
        light.label: pads[light.pin.pad].astype(bool) ^ platform.pads[light.pin.pad].invert[0]
        for light in board.lights
    }
    return SelfTest(
        verdict=read_verdict(board, lit),
        pads={light.pin.name: pads[light.pin.pad] for light in board.lights},
        lit=lit,
        engine=simulation.name,
        cycles=cycles,
    )


def elaborate(board: Board, exerciser: Exerciser, platform: PadPlatform) -> Design:
    """The top as a design whose ports are the board's pads."""
    fragment = Fragment.get(Top(board, exerciser, second=SECOND), platform)
    domain: Any = ClockDomain("sync")
    fragment.add_domains(domain)
    ports = [RESET]
    signals: dict[str, Any] = {"clk": (domain.clk, None), RESET.name: (domain.rst, None)}
    for name, pad in platform.pads.items():
        is_input = pad.direction is io.Direction.Input
        direction = Direction.INPUT if is_input else Direction.OUTPUT
        ports.append(Port(name=name, direction=direction, meaning="a pin of the board"))
        signals[name] = (pad.i if is_input else pad.o, None)
    top = f"{board.name.replace('-', '_')}_pads"
    rtlil = to_rtlil(fragment, signals, top)
    return Design(top=top, ports=tuple(ports), clock="clk", rtlil=rtlil)


def read_verdict(board: Board, lit: dict[str, np.ndarray]) -> str:
    """What the lights say in the last second. A board has one verdict light, or several others."""
    changes = {
        light.shows: int(np.count_nonzero(np.diff(lit[light.label][-SECOND - 1 :].astype(np.int8))))
        for light in board.lights
    }
    if Show.VERDICT in changes:
        steady = "running" if lit[board.lights[0].label][-1] else "unclear"
        return {0: steady, 2: "match", 16: "mismatch"}.get(changes[Show.VERDICT], "unclear")
    blinking = [show for show in (Show.MATCH, Show.MISMATCH) if changes[show] == 2]
    if len(blinking) == 1:
        return str(blinking[0])
    return "unclear" if blinking else "running"
