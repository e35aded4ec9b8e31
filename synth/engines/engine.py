"""What all simulation engines have in common: cycles in, cycles out, on whole arrays."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from ffp8.golden.ports import Direction, Port
from ffp8.synth.design import Design

__all__ = ["Engine", "pack", "unpack"]


class Engine(ABC):
    """A simulation of a design.

    Attributes
    ----------
    name
        What `open_engine` knows it by.
    version
        The tools that run it, and their versions.
    design
        What is simulated.
    """

    name: str

    def __init__(self, design: Design, version: str):
        self.design = design
        self.version = version

    @classmethod
    @abstractmethod
    def tools(cls) -> str:
        """The engine's tools on this machine, and their versions.

        Raises
        ------
        MissingTool
            If one is missing.
        """

    @classmethod
    def refusal(cls, design: Design) -> str | None:
        """Why the engine cannot run a design, or None where it can."""
        return None

    @classmethod
    @abstractmethod
    def open_all(cls, designs: Sequence[Design], jobs: int | None = None) -> Sequence[Self]:
        """Make simulations of designs that the engine can run; `jobs` at once."""

    @property
    def inputs(self) -> tuple[Port, ...]:
        return tuple(port for port in self.design.ports if port.direction is Direction.INPUT)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return tuple(port for port in self.design.ports if port.direction is Direction.OUTPUT)

    def run(
        self, inputs: Mapping[str, np.ndarray], *, vcd: Path | str | None = None
    ) -> dict[str, np.ndarray]:
        """Run some cycles, from the initial state.

        Parameters
        ----------
        inputs
            What each input port is in each cycle: codes of shape ``(cycles,)``, or
            ``(cycles, elements)`` for a vector.
        vcd
            Where to write waveforms, for an engine that can.

        Returns
        -------
        What each output port shows in each cycle, just before the clock edge that ends it, in
        arrays of the same form and the port's dtype.

        Raises
        ------
        TypeError, ValueError
            If inputs are missing, unknown, of the wrong shape or no codes of their port.
        Mismatched
            If the design never comes to rest, or an output is neither 0 nor 1.
        """
        arrays = self._check(inputs)
        if vcd is not None:
            return self._run_with_waveforms(arrays, Path(vcd))
        return self._run(arrays)

    @abstractmethod
    def _run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run on checked inputs of the ports' own dtypes."""

    def _run_with_waveforms(
        self, inputs: dict[str, np.ndarray], path: Path
    ) -> dict[str, np.ndarray]:
        raise ValueError(f"Engine must be amaranth to write waveforms, not {self.name}")

    def _check(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        names = [port.name for port in self.inputs]
        for name in inputs:
            if name not in names:
                raise ValueError(
                    f"Input of {self.design.top} must be {', '.join(names)}, not {name!r}"
                )
        for name in names:
            if name not in inputs:
                raise ValueError(f"Input {name} of {self.design.top} must be given")
        arrays = {port.name: codes(port, inputs[port.name]) for port in self.inputs}
        lengths = {len(array) for array in arrays.values()}
        if len(lengths) != 1:
            raise ValueError(
                f"Inputs of {self.design.top} must be of one length, not {sorted(lengths)}"
            )
        return arrays

    @staticmethod
    def cycles(inputs: Mapping[str, np.ndarray]) -> int:
        return len(next(iter(inputs.values())))


def codes(port: Port, values: np.ndarray) -> np.ndarray:
    """Check that an array holds codes of a port, and give it the port's dtype."""
    array = np.asarray(values)
    wanted = 1 if port.elements == 1 else 2
    if array.ndim != wanted or (wanted == 2 and array.shape[1] != port.elements):
        form = "(cycles,)" if wanted == 1 else f"(cycles, {port.elements})"
        raise ValueError(f"Input {port.name} must be of shape {form}, not {array.shape}")
    if array.dtype.kind not in "buiO":
        raise TypeError(f"Input {port.name} must be codes (integers), not {array.dtype}")
    if array.size and (array.dtype != port.dtype or port.element_width != 8 * port.dtype.itemsize):
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >> port.element_width:
            wrong = low if low < 0 else high
            raise ValueError(
                f"Input {port.name} must be codes of {port.element_width} bits, not {wrong}"
            )
    return np.ascontiguousarray(array, port.dtype)


def pack(port: Port, array: np.ndarray) -> list[int]:
    """What a port is in each cycle, as one integer each: element 0 in the lowest bits."""
    if port.elements == 1:
        return array.tolist()
    return [
        sum(code << index * port.element_width for index, code in enumerate(row))
        for row in array.tolist()
    ]


def unpack(port: Port, values: list[int]) -> np.ndarray:
    """The reverse of `pack`."""
    if port.elements == 1:
        return np.array(values, port.dtype)
    mask = (1 << port.element_width) - 1
    rows = [
        [value >> index * port.element_width & mask for index in range(port.elements)]
        for value in values
    ]
    return np.array(rows, port.dtype).reshape(len(values), port.elements)
