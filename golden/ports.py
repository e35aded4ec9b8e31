"""Ports of a block: one description for the component, the manifest, the testbench and drivers."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .raw import RawFormat
from .scalar_format import ScalarFormat, code_dtype

__all__ = ["AnyFormat", "Direction", "Port", "Role"]

AnyFormat = ScalarFormat | RawFormat


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


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of a block.

    The name is that of the component's member and of the Verilog port. A vector is one packed
    port, with element 0 in the least significant bits. Values of a port are arrays of codes:
    one a cycle, or rows of `elements` codes. A port without a format is one of plain bits.
    """

    name: str
    direction: Direction
    meaning: str
    format: AnyFormat | None = None
    bits: int = 1
    field: str = ""
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
        exact = self.format.unpack(np.array([code], code_dtype(self.element_width)))
        return f"{text} ({exact.to_texts()[0]})"

    def to_json(self) -> dict[str, object]:
        """The port as the manifest has it."""
        return {
            "name": self.name,
            "direction": str(self.direction),
            "width": self.width,
            "format": self.format.name if self.format is not None else None,
            "field": self.field or self.name,
            "role": str(self.role),
            "elements": self.elements,
            "meaning": self.meaning,
        }
