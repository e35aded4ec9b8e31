"""Ports of a configuration as an Amaranth signature, and the check that formats agree."""

from typing import Any

from amaranth.hdl import ShapeLike, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Direction, Port, Role
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .formats import FormatLayout, RawLayout

__all__ = ["members", "shape", "value"]

HANDSHAKE = (Role.VALID, Role.READY)


def shape(port: Port) -> ShapeLike:
    """The shape of a port's signal."""
    match port.format:
        case ScalarFormat():
            element: Any = FormatLayout(port.format)
        case RawFormat():
            element = RawLayout(port.format)
        case _:
            element = port.bits
    return element if port.elements == 1 else data.ArrayLayout(element, port.elements)


def members(config: BlockConfig) -> dict[str, Member]:
    """The signature members of a component with a configuration's ports.

    Ports of a stream are one member, an Amaranth stream of that name, whose payload is a
    structure of those that are no handshake. The reset is that of the clock's domain.
    """
    flow = {Direction.INPUT: In, Direction.OUTPUT: Out}
    found: dict[str, Member] = {}
    for port in config.ports:
        if not port.stream and port.role is not Role.RESET:
            found[port.name] = flow[port.direction](shape(port))
        elif port.role is Role.VALID:
            signature = stream.Signature(payload(config, port.stream))
            found[port.stream] = flow[port.direction](signature)
    return found


def payload(config: BlockConfig, name: str) -> data.StructLayout:
    """The shape of the payload of a stream."""
    return data.StructLayout(
        {
            port.name: shape(port)
            for port in config.ports
            if port.stream == name and port.role not in HANDSHAKE
        }
    )


def value(component: Any, port: Port) -> Value:
    """The signal of a port of a component with such members; the reset has none."""
    if not port.stream:
        return Value.cast(getattr(component, port.name))
    interface = getattr(component, port.stream)
    if port.role in HANDSHAKE:
        return getattr(interface, port.role)
    return Value.cast(interface.payload[port.name])
