"""A block's hardware as text: RTLIL for the tools, Verilog for people, ports for both."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from amaranth.hdl import ClockDomain, Fragment, Value

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port
from ffp8.hw.blocks import BLOCKS
from ffp8.hw.target import PORTABLE, Target

from . import convert
from .devices import Device

__all__ = ["Design", "elaborate"]


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
    fragment, ports = _fragment(config, target)
    return Design(
        top=config.identifier,
        ports=config.ports,
        clock="clk" if config.latency else None,
        rtlil=convert.to_rtlil(fragment, ports, config.identifier),
        config=config if device is None else None,
    )


def _fragment(config: BlockConfig, target: Target) -> tuple[Fragment, dict[str, Any]]:
    component = BLOCKS[config.block].component(config)
    fragment = Fragment.get(component, target)
    ports: dict[str, Any] = {
        port.name: (Value.cast(getattr(component, port.name)), None) for port in config.ports
    }
    if config.latency:
        # No register of a block needs a reset, so none gets the port.
        clock: Any = ClockDomain("sync", reset_less=True)
        fragment.add_domains(clock)
        ports["clk"] = (clock.clk, None)
    return fragment, ports
