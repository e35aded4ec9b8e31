"""Ports of a block: one description for the component, the manifest, the testbench and drivers."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .any_format import AnyFormat
from .scalar_format import code_dtype

__all__ = ["FLAGS", "Direction", "Port", "Role", "enable_port", "flag_ports", "random_ports"]


class Direction(StrEnum):
    INPUT = "input"
    OUTPUT = "output"


class Role(StrEnum):
    """What a port is for."""

    CLOCK = "clock"
    RESET = "reset"
    DATA = "data"
    VALID = "valid"
    READY = "ready"
    FIRST = "first"
    LAST = "last"
    ENABLE = "enable"
    MODE = "mode"
    FLAG = "flag"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of a block.

    The name is that of the component's member and of the Verilog port. A vector is one packed
    port, with element 0 in the least significant bits. Values of a port are arrays of codes:
    one a cycle, or rows of `elements` codes. A port without a format is one of plain bits.
    Ports with the name of a `stream` are that stream's payload and handshake.
    A port with an `other` format has that in cycles in which the port `mode` is high; a code of
    it that is narrower is in the least significant bits of an element.
    """

    name: str
    direction: Direction
    meaning: str
    format: AnyFormat | None = None
    other: AnyFormat | None = None
    mode: str = ""
    bits: int = 1
    field: str = ""
    stream: str = ""
    role: Role = Role.DATA
    elements: int = 1

    @property
    def element_width(self) -> int:
        return self.format.width if self.format is not None else self.bits

    @property
    def width(self) -> int:
        """Bits of the Verilog port."""
        return self.element_width * self.elements

    @property
    def dtype(self) -> np.dtype:
        """The dtype of arrays of the port's codes."""
        return code_dtype(self.element_width)

    def describe(self, code: int) -> str:
        """A code for people: bits, and the value where there is a format."""
        digits = -(-self.element_width // 4)
        text = f"0x{code:0{digits}x}"
        if self.format is None:
            return text
        values = self.format.unpack(np.array([code])).to_texts()
        if self.other is not None:
            narrow = code % 2**self.other.width
            values.append(f"{self.other.unpack(np.array([narrow])).to_texts()[0]} as {self.other}")
        return f"{text} ({' or '.join(values)})"

    def to_json(self) -> dict[str, object]:
        """The port as the manifest has it."""
        return {
            "name": self.name,
            "direction": str(self.direction),
            "width": self.width,
            "format": self.format.name if self.format is not None else None,
            "other_format": self.other.name if self.other is not None else None,
            "mode": self.mode or None,
            "field": self.field or self.name,
            "role": str(self.role),
            "stream": self.stream or None,
            "elements": self.elements,
            "meaning": self.meaning,
        }


#: The exceptions of a rounding, as ports and as fields of `Flags`.
FLAGS = ("overflow", "underflow", "inexact", "invalid")


def enable_port() -> Port:
    """The port that stalls a pipeline."""
    meaning = "the pipeline advances at a clock edge where this is high"
    return Port(name="enable", direction=Direction.INPUT, role=Role.ENABLE, meaning=meaning)


def random_ports(bits: int, what: str) -> list[Port]:
    """The port for the random bits of a stochastic rounding; none for no bits."""
    meaning = f"random bits for the rounding of the {what}, applied with its operands"
    port = Port(
        name="random", direction=Direction.INPUT, role=Role.RANDOM, bits=bits, meaning=meaning
    )
    return [port] if bits else []


def flag_ports(what: str) -> list[Port]:
    """The ports for the exceptions of rounding; `what` is what is rounded, as a product."""
    meanings = (
        f"the rounded {what} was beyond the largest finite value, or infinity was not kept",
        f"the exact {what} was below the least normal value, and the result is inexact",
        f"the result differs from the exact {what}",
        "the result is no number, though the operands were, or it is none of its format",
    )
    return [
        Port(name=name, direction=Direction.OUTPUT, role=Role.FLAG, meaning=meaning)
        for name, meaning in zip(FLAGS, meanings, strict=True)
    ]
