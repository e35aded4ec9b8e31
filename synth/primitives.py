"""Cells of device families that hardware uses by name: their shells, and models for simulators."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["PRIMITIVES", "shells", "simulation_models"]


@dataclass(frozen=True)
class Primitive:
    """A cell.

    Attributes
    ----------
    name
        What the family's library calls it.
    inputs, outputs
        Its ports.
    parameters
        Its parameters, and what these are by default, as RTLIL.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: dict[str, str]

    @property
    def shell(self) -> str:
        """A module without a body, as RTLIL: what tools check connections against."""
        lines = ["attribute \\blackbox 1", f"module \\{self.name}"]
        lines += [f"  parameter \\{name} {value}" for name, value in self.parameters.items()]
        ports = [("input", name) for name in self.inputs]
        ports += [("output", name) for name in self.outputs]
        lines += [
            f"  wire {direction} {place} \\{name}"
            for place, (direction, name) in enumerate(ports, start=1)
        ]
        return "\n".join([*lines, "end", ""])

    @property
    def model(self) -> str:
        """The cell in Verilog: a shell for synthesis, which knows it, and else a model."""
        return (Path(__file__).parent / "templates" / f"{self.name.lower()}.v").read_text()


PRIMITIVES = (
    Primitive(
        name="CCU2C",
        inputs=("CIN", "A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1"),
        outputs=("S0", "S1", "COUT"),
        parameters={
            "INIT0": "16'0000000000000000",
            "INIT1": "16'0000000000000000",
            "INJECT1_0": '"YES"',
            "INJECT1_1": '"YES"',
        },
    ),
    Primitive(
        name="MULT18X18D",
        inputs=(
            *(f"{side}{bit}" for side in "AB" for bit in range(18)),
            *("SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB", "CLK0", "CE0", "RST0"),
        ),
        outputs=tuple(f"P{bit}" for bit in range(36)),
        parameters={"REG_OUTPUT_CLK": '"NONE"'},
    ),
)


def used(rtlil: str) -> list[Primitive]:
    return [cell for cell in PRIMITIVES if f"\n    cell \\{cell.name} " in rtlil
            or f"\n  cell \\{cell.name} " in rtlil]  # fmt: skip


def shells(rtlil: str) -> str:
    """The shells of the cells that a design uses, to stand behind it."""
    return "".join(cell.shell for cell in used(rtlil))


def simulation_models(rtlil: str) -> str:
    """The same for its Verilog."""
    return "".join("\n" + cell.model for cell in used(rtlil))
