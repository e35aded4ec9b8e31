"""Simulations compiled to a shared library, which takes and gives whole arrays."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ffp8.golden.ports import Port
from ffp8.synth.design import Design
from ffp8.synth.errors import Mismatched

from .compiler import PLACEHOLDER
from .engine import Engine

__all__ = ["CompiledEngine", "code_type", "driver"]

#: The header that all drivers begin with.
HEADER = (Path(__file__).parent.parent / "templates" / "engine.h").read_text()

#: Cycles in one call of a library: calls are not interrupted.
MAX_CYCLES = 1 << 20

#: The same where codes are converted, because that takes memory.
MAX_CONVERTED_CYCLES = 1 << 14

WORD = 64


class CompiledEngine(Engine):
    """A simulation in a shared library made with `driver`."""

    def __init__(self, design: Design, version: str, path: Path, name: str):
        super().__init__(design, version)
        library = ctypes.CDLL(str(path))
        self._new, self._delete, self._cycles = (
            getattr(library, f"{name}_{function}") for function in ("new", "delete", "run")
        )
        self._new.restype = ctypes.c_void_p
        self._delete.argtypes = [ctypes.c_void_p]
        pointers = ctypes.POINTER(ctypes.c_void_p)
        self._cycles.restype = ctypes.c_uint64
        self._cycles.argtypes = [ctypes.c_void_p, pointers, pointers, ctypes.c_uint64]

    def _run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        cycles = self.cycles(inputs)
        results = {port.name: np.empty(form(port, cycles), port.dtype) for port in self.outputs}
        wide = any(port.element_width > WORD for port in self.design.ports)
        step = MAX_CONVERTED_CYCLES if wide else MAX_CYCLES
        with self._simulation() as simulation:
            for start in range(0, cycles, step):
                part = slice(start, min(start + step, cycles))
                given = [to_words(port, inputs[port.name][part]) for port in self.inputs]
                shown = [
                    np.empty((*form(port, part.stop - start), words(port)), np.uint64)
                    if port.element_width > WORD
                    else results[port.name][part]
                    for port in self.outputs
                ]
                count = part.stop - start
                done = self._cycles(simulation, addresses(given), addresses(shown), count)
                if done != count:
                    raise Mismatched(
                        f"{self.design.top} does not settle in cycle {start + done}, because "
                        "of a combinational loop"
                    )
                for port, array in zip(self.outputs, shown, strict=True):
                    if port.element_width > WORD:
                        results[port.name][part] = from_words(array)
        return results

    @contextmanager
    def _simulation(self) -> Iterator[int]:
        simulation = self._new()
        try:
            yield simulation
        finally:
            self._delete(simulation)


def form(port: Port, cycles: int) -> tuple[int, ...]:
    return (cycles,) if port.elements == 1 else (cycles, port.elements)


def words(port: Port) -> int:
    """Words of 64 bits that hold a code, where it needs several."""
    return -(-port.element_width // WORD)


def to_words(port: Port, array: np.ndarray) -> np.ndarray:
    if port.element_width <= WORD:
        return array
    length = 8 * words(port)
    content = b"".join(int(code).to_bytes(length, "little") for code in array.flat)
    return np.frombuffer(content, "<u8").reshape(*array.shape, -1)


def from_words(array: np.ndarray) -> np.ndarray:
    content, length = array.astype("<u8").tobytes(), 8 * array.shape[-1]
    codes = [
        int.from_bytes(content[start : start + length], "little")
        for start in range(0, len(content), length)
    ]
    return np.array(codes, object).reshape(array.shape[:-1])


def addresses(arrays: list[np.ndarray]) -> ctypes.Array[ctypes.c_void_p]:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def code_type(port: Port) -> str:
    """The C++ type of a code in the arrays."""
    return f"uint{8 * port.dtype.itemsize}_t" if port.element_width <= WORD else "uint64_t"


def stride(port: Port) -> int:
    """Array items that a port takes in a cycle."""
    return port.elements * (words(port) if port.element_width > WORD else 1)


def driver(
    top: str,
    inputs: list[tuple[Port, str]],
    outputs: list[tuple[Port, str]],
    before: str,
    after: str,
) -> str:
    """The functions of a library, in C++.

    Parameters
    ----------
    top
        The type of a simulation.
    inputs, outputs
        Ports, and for each one the expression for its chunks in the simulation `top`.
    before, after
        What is done with `top` in a cycle `t` between writing inputs and reading outputs, and
        after that.
    """
    lines = []
    for index, (port, chunks) in enumerate(inputs):
        lines.append(
            f"ffp8::pack<{port.element_width}, {port.elements}>("
            f"static_cast<const {code_type(port)} *>(in[{index}]) + {stride(port)} * t, {chunks});"
        )
    lines.append(before)
    for index, (port, chunks) in enumerate(outputs):
        lines.append(
            f"ffp8::unpack<{port.element_width}, {port.elements}>("
            f"{chunks}, static_cast<{code_type(port)} *>(out[{index}]) + {stride(port)} * t);"
        )
    lines.append(after)
    body = "\n    ".join(line for line in lines if line)
    return f"""
FFP8_VISIBLE void *{PLACEHOLDER}_new() {{ return new {top}; }}
FFP8_VISIBLE void {PLACEHOLDER}_delete(void *simulation) {{
  delete static_cast<{top} *>(simulation);
}}
FFP8_VISIBLE uint64_t {PLACEHOLDER}_run(
    void *simulation, const void *const *in, void *const *out, uint64_t cycles) {{
  {top} &top = *static_cast<{top} *>(simulation);
  for (uint64_t t = 0; t < cycles; t++) {{
    {body}
  }}
  return cycles;
}}
"""
