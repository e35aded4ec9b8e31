"""Amaranth's own simulator: always there, shows waveforms, slow."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import numpy as np
from amaranth.sim import Simulator

from ffp8.hw.blocks import BLOCKS
from ffp8.synth.design import Design, assemble

from .engine import Engine, pack, unpack

__all__ = ["AmaranthEngine"]

#: Seconds; any will do.
PERIOD = 1e-6


class AmaranthEngine(Engine):
    """A block's component in Amaranth's simulator."""

    name = "amaranth"

    @classmethod
    def tools(cls) -> str:
        return f"Amaranth {version('amaranth')}"

    @classmethod
    def refusal(cls, design: Design) -> str | None:
        if design.config is None:
            return "it simulates blocks, and this is a netlist"
        return None

    @classmethod
    def open_all(cls, designs: Sequence[Design], jobs: int | None = None) -> Sequence[Self]:
        return [cls(design, cls.tools()) for design in designs]

    def _run(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return self._simulate(inputs, None)

    def _run_with_waveforms(
        self, inputs: dict[str, np.ndarray], path: Path
    ) -> dict[str, np.ndarray]:
        return self._simulate(inputs, path)

    def _simulate(self, inputs: dict[str, np.ndarray], vcd: Path | None) -> dict[str, np.ndarray]:
        config = self.design.config
        assert config is not None
        component = BLOCKS[config.block].component(config)
        fragment, signals = assemble(component, config)
        given = [(signals[port.name], pack(port, inputs[port.name])) for port in self.inputs]
        shown: list[tuple[Any, list[int]]] = [(signals[port.name], []) for port in self.outputs]
        cycles = self.cycles(inputs)

        async def testbench(context: Any) -> None:
            for cycle in range(cycles):
                for signal, values in given:
                    context.set(signal, values[cycle])
                if self.design.clock is None:
                    await context.delay(PERIOD)
                for signal, values in shown:
                    values.append(context.get(signal))
                if self.design.clock is not None:
                    await context.tick()

        simulator = Simulator(fragment)
        if self.design.clock is not None:
            simulator.add_clock(PERIOD)
        simulator.add_testbench(testbench)
        if vcd is None:
            simulator.run()
        else:
            ports = [getattr(component, name) for name in component.signature.members]
            with simulator.write_vcd(str(vcd), traces=ports):
                simulator.run()
        return {
            port.name: unpack(port, values)
            for port, (_, values) in zip(self.outputs, shown, strict=True)
        }
