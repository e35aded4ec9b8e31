"""Icarus Verilog: the generated Verilog in an event-driven simulator with unknown values."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from ffp8.golden.ports import Port
from ffp8.synth.design import Design
from ffp8.synth.errors import Mismatched, MissingTool

from . import cache
from .engine import Engine, pack, unpack

__all__ = ["IcarusEngine", "find_icarus"]

HOW_TO_GET = (
    "Icarus Verilog was not found; install it (Debian: apt install iverilog; macOS: brew "
    "install icarus-verilog)"
)


def find_icarus() -> str:
    """The version of Icarus Verilog.

    Raises
    ------
    MissingTool
        If it is not on the machine.
    """
    if shutil.which("iverilog") is None or shutil.which("vvp") is None:
        raise MissingTool(HOW_TO_GET)
    done = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout)
    return f"Icarus Verilog {found[1] if found else '(unknown version)'}"


class IcarusEngine(Engine):
    """A design's Verilog, driven through files by a small harness."""

    name = "icarus"

    @classmethod
    def tools(cls) -> str:
        return find_icarus()

    @classmethod
    def open_all(cls, designs: Sequence[Design], jobs: int | None = None) -> Sequence[Self]:
        """Take designs as they are; each run compiles anew, which takes no time to speak of.

        Raises
        ------
        MissingTool
            If Icarus Verilog is not on the machine.
        """
        version = find_icarus()
        return [cls(design, version) for design in designs]

    def _run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        with tempfile.TemporaryDirectory(prefix="ffp8-") as scratch:
            folder = Path(scratch)
            (folder / "design.v").write_text(self.design.verilog)
            (folder / "harness.v").write_text(harness(self.design, self.inputs, self.outputs))
            columns = [pack(port, inputs[port.name]) for port in self.inputs]
            lines = (" ".join(f"{value:x}" for value in row) for row in zip(*columns, strict=True))
            (folder / "inputs").write_text("\n".join(lines) + "\n")
            command = ["iverilog", "-g2005", "-o", "harness", "harness.v", "design.v"]
            for words in (command, ["vvp", "harness"]):
                done = subprocess.run(
                    words, cwd=folder, capture_output=True, text=True, check=False
                )
                if done.returncode:
                    raise cache.failure("Icarus Verilog failed", done.stdout + done.stderr)
            rows = [line.split() for line in (folder / "outputs").read_text().splitlines()]
        if len(rows) != self.cycles(inputs):
            raise RuntimeError(f"Icarus ran {len(rows)} cycles, not {self.cycles(inputs)}")
        return {
            port.name: unpack(
                port, [self._value(port, t, row[index]) for t, row in enumerate(rows)]
            )
            for index, port in enumerate(self.outputs)
        }

    def _value(self, port: Port, cycle: int, digits: str) -> int:
        try:
            return int(digits, 16)
        except ValueError:
            raise Mismatched(
                f"Output {port.name} of {self.design.top} is unknown in cycle {cycle}: {digits}"
            ) from None


def harness(design: Design, inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """Verilog that reads inputs and writes outputs, one line a cycle."""
    declarations = "".join(f"  reg [{p.width - 1}:0] {p.name};\n" for p in inputs)
    declarations += "".join(f"  wire [{p.width - 1}:0] {p.name};\n" for p in outputs)
    names = [port.name for port in (*inputs, *outputs)]
    clock = design.clock
    if clock:
        declarations += f"  reg {clock} = 0;\n"
        names.append(clock)
    connections = ", ".join(f".{name}({name})" for name in names)
    given, shown = (", ".join(port.name for port in ports) for ports in (inputs, outputs))
    read, written = (" ".join(["%h"] * len(ports)) for ports in (inputs, outputs))
    tick = f"      {clock} = 1;\n      #1 {clock} = 0;\n" if clock else ""
    return f"""\
module ffp8_harness;
{declarations}  integer ffp8_in, ffp8_out;
  {design.top} ffp8_dut({connections});
  initial begin
    ffp8_in = $fopen("inputs", "r");
    ffp8_out = $fopen("outputs", "w");
    while ($fscanf(ffp8_in, "{read}\\n", {given}) == {len(inputs)}) begin
      #1 $fdisplay(ffp8_out, "{written}", {shown});
{tick}    end
    $fclose(ffp8_out);
    $finish;
  end
endmodule
"""
