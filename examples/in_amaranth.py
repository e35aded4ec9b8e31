"""A multiplier inside somebody's own Amaranth design: an FFP8 gain stage.

Each sample of a stream of signed codes is multiplied by an unsigned gain. The two formats
differ, and signals know theirs: a sample connected to the gain's port would be an error.

    python examples/in_amaranth.py
"""

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from ffp8.golden.formats import Format, Scalar
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.hw.formats import FormatLayout
from ffp8.hw.multiplier import Multiplier

SAMPLE = Format.parse("s1e4m3b7")
GAIN = Format.parse("s0e3m5b4")


class Gain(wiring.Component):
    """Multiplies each sample by a gain, rounded to the sample's format.

    The latency is one clock cycle, and the throughput is one sample a cycle.
    """

    i: stream.Interface
    o: stream.Interface
    gain: Any

    def __init__(self) -> None:
        samples = stream.Signature(FormatLayout(SAMPLE))
        super().__init__({"i": In(samples), "o": Out(samples), "gain": In(FormatLayout(GAIN))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = MultiplierConfig(a=SAMPLE, b=GAIN, out=SAMPLE, stages=1, enable=True)
        m.submodules.multiplier = multiplier = Multiplier(config)
        valid = Signal()
        m.d.comb += [
            multiplier.a.eq(self.i.payload),
            multiplier.b.eq(self.gain),
            # The pipeline holds a result until it is taken.
            multiplier.enable.eq(self.o.ready | ~valid),
            self.i.ready.eq(multiplier.enable),
            self.o.payload.eq(multiplier.out),
            self.o.valid.eq(valid),
        ]
        with m.If(multiplier.enable):
            m.d.sync += valid.eq(self.i.valid)
        return m


def run(samples: list[float], gain: float) -> list[float]:
    """Simulate the stage on samples; what comes out."""
    stage = Gain()
    results: list[float] = []

    async def feed(ctx: Any) -> None:
        ctx.set(stage.gain, Scalar(GAIN, int(GAIN.encode(gain))))
        for sample in samples:
            ctx.set(stage.i.payload, Scalar(SAMPLE, int(SAMPLE.encode(sample))))
            ctx.set(stage.i.valid, 1)
            await ctx.tick().until(stage.i.ready)
        ctx.set(stage.i.valid, 0)

    async def take(ctx: Any) -> None:
        for place in range(len(samples)):
            # Take every other result a cycle late, so that the pipeline stalls.
            if place % 2:
                await ctx.tick()
            ctx.set(stage.o.ready, 1)
            (result,) = await ctx.tick().sample(stage.o.payload).until(stage.o.valid)
            results.append(float(result))
            ctx.set(stage.o.ready, 0)

    simulator = Simulator(stage)
    simulator.add_clock(1e-6)
    simulator.add_testbench(feed)
    simulator.add_testbench(take)
    simulator.run()
    return results


if __name__ == "__main__":
    given = [1.0, -2.5, 0.125, 3.0, 100.0, -0.015625]
    for sample, result in zip(given, run(given, 1.5), strict=True):
        print(f"{sample:10g} * 1.5 = {result:g}")
