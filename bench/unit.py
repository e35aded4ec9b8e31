"""Units of hardware that are no blocks, to be measured beside those that are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Fragment, Module, Signal, Value
from amaranth.sim import Simulator

from ffp8.golden.ports import Direction, Port
from ffp8.hw.pipeline import Pipeline
from ffp8.hw.target import Target
from ffp8.synth import convert
from ffp8.synth.design import Design
from ffp8.synth.devices import Device

__all__ = ["Unit"]

#: Cases that each unit is simulated with.
CASES = 40


@dataclass(eq=False)
class Unit:
    """A unit of an operand port, or two, and the sum.

    Attributes
    ----------
    build
        Makes the logic, with its registers in a pipeline, and gives the sum.
    cuts
        Places of registers.
    want
        The sum as an unsigned number of the port's width, of operands.
    dsp
        Whether it may use multiplier blocks.
    """

    name: str
    inputs: dict[str, int]
    width: int
    cuts: tuple[str, ...]
    build: Callable[[Module, Pipeline, Target, dict[str, Value]], Value]
    want: Callable[[dict[str, int]], int]
    dsp: bool = False

    def __post_init__(self) -> None:
        self.ports = {name: Signal(width, name=name) for name, width in self.inputs.items()}
        self.out = Signal(self.width, name="out")

    def module(self, target: Target) -> Module:
        m = Module()
        total = self.build(m, Pipeline(m, self.cuts), target, dict(self.ports))
        m.d.comb += self.out.eq(total)
        return m

    def design(self, device: Device) -> Design:
        target = Target(device.family.name)
        fragment = Fragment.get(self.module(target), target)
        clock: Any = ClockDomain("sync", reset_less=True)
        fragment.add_domains(clock)
        ports: dict[str, Any] = {"clk": (clock.clk, None), "out": (self.out, None)}
        ports |= {name: (signal, None) for name, signal in self.ports.items()}
        known = [
            Port(name=name, direction=Direction.INPUT, bits=width, meaning="rows")
            for name, width in self.inputs.items()
        ]
        known.append(
            Port(name="out", direction=Direction.OUTPUT, bits=self.width, meaning="the sum")
        )
        return Design(
            top=self.name,
            ports=tuple(known),
            clock="clk",
            rtlil=convert.to_rtlil(fragment, ports, self.name),
        )

    def check(self, device: Device) -> None:
        """Compare it with integers."""
        rng = np.random.default_rng(0)
        cases = [
            {
                name: int.from_bytes(rng.bytes(width // 8 + 1)) % 2**width
                for name, width in self.inputs.items()
            }
            for _ in range(CASES)
        ]
        got = []

        async def drive(ctx: Any) -> None:
            for case in cases:
                for name, value in case.items():
                    ctx.set(self.ports[name], value)
                await ctx.tick().repeat(len(self.cuts))
                got.append(ctx.get(self.out))

        target = Target(device.family.name, models=True)
        simulator = Simulator(Fragment.get(self.module(target), target))
        simulator.add_clock(1e-6)
        simulator.add_testbench(drive)
        simulator.run()
        assert got == [self.want(case) for case in cases], self.name
