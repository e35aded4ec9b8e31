"""Verilator: the generated Verilog as C++, compiled to a shared library."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from ffp8.golden.ports import Direction, Port
from ffp8.synth.design import Design
from ffp8.synth.errors import MissingTool

from . import cache
from .compiled import HEADER, CompiledEngine, driver
from .compiler import Compiler, Program, find_compiler

__all__ = ["VerilatorEngine", "find_verilator"]

HOW_TO_GET = (
    "Verilator was not found; install it (Debian: apt install verilator; macOS: brew install "
    "verilator)"
)

OPTIONS = ("--cc", "-O3", "--x-assign", "0", "--x-initial", "0", "-Wno-fatal", "-Wno-lint")

PREFIX = "Vdut"

#: Moves a port's value to and from chunks; wide ports are arrays of chunks already.
ACCESS = """
namespace ffp8 {
inline void give(const chunk *from, CData &port) { port = from[0]; }
inline void give(const chunk *from, SData &port) { port = from[0]; }
inline void give(const chunk *from, IData &port) { port = from[0]; }
inline void give(const chunk *from, QData &port) { port = from[0] | QData(from[1]) << 32; }
template <size_t Words> inline void give(const chunk *from, VlWide<Words> &port) {
  for (size_t index = 0; index < Words; index++) port[index] = from[index];
}
inline void take(chunk *to, CData port) { to[0] = port; }
inline void take(chunk *to, SData port) { to[0] = port; }
inline void take(chunk *to, IData port) { to[0] = port; }
inline void take(chunk *to, QData port) { to[0] = chunk(port), to[1] = chunk(port >> 32); }
template <size_t Words> inline void take(chunk *to, const VlWide<Words> &port) {
  for (size_t index = 0; index < Words; index++) to[index] = port[index];
}
}
"""


def find_verilator() -> tuple[str, str]:
    """The command, and its version.

    Raises
    ------
    MissingTool
        If there is none.
    """
    command = os.environ.get("VERILATOR", "verilator")
    if shutil.which(command) is None:
        raise MissingTool(HOW_TO_GET)
    return command, " ".join(output([command, "--version"]).split()[:2])


def output(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise cache.failure("Verilator failed", done.stdout + done.stderr)
    return done.stdout


class VerilatorEngine(CompiledEngine):
    """A design's Verilog, translated by Verilator and compiled by the C++ compiler."""

    name = "verilator"

    @classmethod
    def tools(cls) -> str:
        return f"{find_verilator()[1]}, {find_compiler().version}"

    @classmethod
    def open_all(cls, designs: Sequence[Design], jobs: int | None = None) -> Sequence[Self]:
        """Compile designs, or take them from the cache.

        Raises
        ------
        MissingTool
            If Verilator or a C++ compiler is missing.
        """
        command, _ = find_verilator()
        compiler, tools = find_compiler(), cls.tools()

        def open_one(design: Design) -> Self:
            text = Program.of(program(design))
            parts = (design.rtlil, text.text, tools, *OPTIONS, *compiler.flags)
            path = cache.make(
                f"libraries/{cache.digest(parts)}.so",
                lambda path: build(command, compiler, design, text.text, path),
            )
            return cls(design, tools, path, text.name)

        with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
            return list(pool.map(open_one, designs))


def build(command: str, compiler: Compiler, design: Design, text: str, path: Path) -> None:
    """Translate and compile a design."""
    with tempfile.TemporaryDirectory(prefix="ffp8-") as scratch:
        folder = Path(scratch)
        (folder / "design.v").write_text(design.verilog)
        names = ["--prefix", PREFIX, "--top-module", design.top]
        output([command, *OPTIONS, *names, "-Mdir", scratch, f"{scratch}/design.v"])
        root, runtime = library(command, compiler)
        sources = sorted(folder.glob(f"{PREFIX}*.cpp"))
        includes = "".join(f'#include "{source.name}"\n' for source in sources)
        (folder / "all.cc").write_text(includes + text)
        folders = [folder, root, root / "vltstd"]
        compiler.compile(folder / "all.cc", path, folders, objects=[runtime])


def library(command: str, compiler: Compiler) -> tuple[Path, Path]:
    """The folder of Verilator's own library, and the library as an object file."""
    root = Path(output([command, "--getenv", "VERILATOR_ROOT"]).strip()) / "include"
    sources = [root / f"{name}.cpp" for name in ("verilated", "verilated_threads")]
    text = "".join(f'#include "{source}"\n' for source in sources if source.exists())

    def write(path: Path) -> None:
        (path.parent / "library.cc").write_text(text)
        compiler.compile(path.parent / "library.cc", path, [root, root / "vltstd"])

    parts = (text, find_verilator()[1], compiler.version, *compiler.flags)
    return root, cache.make(f"libraries/{cache.digest(parts)}.o", write)


def program(design: Design) -> str:
    """The C++ that drives Verilator's class."""
    inputs = [port for port in design.ports if port.direction is Direction.INPUT]
    outputs = [port for port in design.ports if port.direction is Direction.OUTPUT]

    def buffered(ports: list[Port]) -> list[tuple[Port, str]]:
        return [(port, f"top.{port.name}") for port in ports]

    buffers = "".join(
        f"  ffp8::chunk {port.name}[{-(-port.width // 32)}];\n" for port in design.ports
    )
    gives = " ".join(f"ffp8::give(top.{p.name}, top.dut.{p.name});" for p in inputs)
    takes = " ".join(f"ffp8::take(top.{p.name}, top.dut.{p.name});" for p in outputs)
    clock = f"top.dut.{design.clock} = {{}}; " if design.clock else ""
    evaluate = "top.dut.eval();"
    simulation = (
        f"namespace FFP8_NAME {{ struct Simulation {{\n  VerilatedContext context;\n"
        f"  {PREFIX} dut{{&context}};\n{buffers}}}; }}\n"
    )
    return (
        HEADER
        + ACCESS
        + simulation
        + driver(
            "FFP8_NAME::Simulation",
            buffered(inputs),
            buffered(outputs),
            f"{gives} {clock.format(0)}{evaluate} {takes}",
            f"{clock.format(1)}{evaluate}" if design.clock else "",
        )
    )
