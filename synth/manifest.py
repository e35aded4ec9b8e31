"""The manifest `design.json`: all that a program needs to drive and check a unit."""

import hashlib
from importlib.metadata import version
from typing import Any

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Direction, Port, Role

from . import convert
from .design import Design
from .devices import Device

__all__ = ["SCHEMA_VERSION", "manifest"]

SCHEMA_VERSION = 1


def manifest(config: BlockConfig, design: Design, device: Device | None = None) -> dict[str, Any]:
    """Describe a unit, made for a device or for any, in plain JSON values."""
    ports = [port.to_json() for port in config.ports]
    if design.clock:
        clock = Port(
            name=design.clock,
            direction=Direction.INPUT,
            role=Role.CLOCK,
            meaning="clock; everything happens at its rising edge",
        )
        ports.insert(0, clock.to_json())
    return {
        "schema_version": SCHEMA_VERSION,
        "block": config.block,
        "configuration": config.to_json(),
        "top": design.top,
        "clock": design.clock,
        # Registers start at zero with the FPGA's configuration, so a reset is never needed first.
        "reset": next((port.name for port in config.ports if port.role is Role.RESET), None),
        "latency": config.latency,
        "interval": config.interval,
        "ports": ports,
        "versions": versions(),
        "verilog_sha256": hashlib.sha256(design.verilog.encode()).hexdigest(),
        "device": None if device is None else device.name,
        "command": [
            "ffp8",
            "generate",
            config.block,
            *config.arguments,
            *([] if device is None else ["--device", device.name]),
        ],
    }


def versions() -> dict[str, str]:
    """Versions of what decides the text of a design."""
    return {
        "ffp8": version("ffp8"),
        "amaranth": version("amaranth"),
        "conversion": convert.version(),
    }
