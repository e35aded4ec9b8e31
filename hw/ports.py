"""Ports of a configuration as an Amaranth signature, and the check that formats agree."""

from typing import Any

from amaranth.hdl import ShapeLike
from amaranth.lib import data
from amaranth.lib.wiring import In, Member, Out

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Direction, Port
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .formats import FormatLayout, RawLayout

__all__ = ["members", "shape"]


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
    """The signature members of a component with a configuration's ports."""
    flow = {Direction.INPUT: In, Direction.OUTPUT: Out}
    return {port.name: flow[port.direction](shape(port)) for port in config.ports}
