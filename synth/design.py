"""A block's hardware as text: RTLIL for the tools, Verilog for people, ports for both."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import ClockDomain, Fragment, Signal, Value

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Direction, Port, Role
from ffp8.hw.blocks import BLOCKS
from ffp8.hw.ports import value
from ffp8.hw.target import PORTABLE, Target

from . import convert
from .devices import Device

__all__ = ["Design", "assemble", "elaborate"]

CLOCK = "clk"


@dataclass(frozen=True)
class Design:
    """A module for tools and simulators.

    Attributes
    ----------
    top
        The module's name.
    ports
        Its ports but for the clock.
    clock
        The clock port, or None where the module is combinational.
    rtlil
        The module and all below it.
    config
        The block that it was made from, as plain logic; None where it comes from elsewhere.
    """

    top: str
    ports: tuple[Port, ...]
    clock: str | None
    rtlil: str
    config: BlockConfig | None = None

    @cached_property
    def verilog(self) -> str:
        """The same as plain Verilog-2005."""
        return convert.to_verilog(self.rtlil)

    @property
    def hash(self) -> str:
        """SHA-256 of the RTLIL: what caches go by."""
        return hashlib.sha256(self.rtlil.encode()).hexdigest()


def elaborate(config: BlockConfig, device: Device | None = None, *, models: bool = False) -> Design:
    """Make the hardware of a configuration.

    Parameters
    ----------
    device
        What it is for: it may use cells of its family by name. Plain logic if absent.
    models
        Put logic that does the same in place of these cells, to simulate the design.
    """
    target = PORTABLE if device is None else Target(device.family.name, models)
    fragment, signals = assemble(BLOCKS[config.block].component(config), config, target)
    ports: dict[str, Any] = {name: (signal, None) for name, signal in signals.items()}
    return Design(
        top=config.identifier,
        ports=config.ports,
        clock=CLOCK if config.latency else None,
        rtlil=convert.to_rtlil(fragment, ports, config.identifier),
        config=config if device is None else None,
    )


def assemble(
    component: Any, config: BlockConfig, target: Target = PORTABLE
) -> tuple[Fragment, dict[str, Any]]:
    """A block with its clock domain, and the signals of its ports and its clock."""
    fragment = Fragment.get(component, target)
    found = {}
    if config.latency:
        resets = [port.name for port in config.ports if port.role is Role.RESET]
        # A block of fixed latency has no register that needs a reset, and so no port for it.
        domain: Any = ClockDomain("sync", reset_less=not resets)
        fragment.add_domains(domain)
        found = {CLOCK: domain.clk} | dict.fromkeys(resets, domain.rst)
    for port in config.ports:
        if port.role is not Role.RESET:
            found[port.name] = signal(fragment, port, value(component, port))
    return fragment, found


def signal(fragment: Fragment, port: Port, inner: Value) -> Value:
    """A whole signal for a port, which a part of a stream's payload is not."""
    if isinstance(inner, Signal):
        return inner
    outer = Signal(port.width, name=port.name)
    inward = port.direction is Direction.INPUT
    fragment.add_statements("comb", inner.eq(outer) if inward else outer.eq(inner))
    return outer
