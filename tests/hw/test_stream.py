"""The contract of streams in hardware, with a small block: verification, testbench, self-test."""

import shutil
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from amaranth.hdl import Array, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In
from amaranth.sim import Simulator
from stream_checker import check_stream
from toy_stream import ToyConfig, maxima

from ffp8.boards.exerciser import Exerciser, expected_signature
from ffp8.hw.blocks import BLOCKS, Block
from ffp8.hw.stream import StreamComponent
from ffp8.synth.design import elaborate
from ffp8.synth.manifest import manifest
from ffp8.synth.stimuli import cases, cycles
from ffp8.synth.testbench import run_testbench, write_testbench
from ffp8.synth.verify import verify, verify_verilog, write_waveforms


class Toy(StreamComponent[ToyConfig]):
    """Maxima of frames; `bug` makes it wrong in one way."""

    kind = ToyConfig
    title = "Toy"
    bug = ""

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config = self.config
        bug = self.bug
        count = Signal(range(config.length), reset_less=bug == "reset")
        largest = Signal(5)
        a = operands["a"]
        pair = Mux(a[:5] > a[5:], a[:5], a[5:])
        so_far = Mux(count == 0, 0, largest)
        top = Mux(pair > so_far, pair, so_far)
        end = valid & (count == config.length - 1)
        if bug == "stall":
            advance = Value.cast(1)
        # The frame and its maximum, and where its output is.
        store = Array(Signal(10, name=f"store{n}") for n in range(config.length))
        with m.If(advance & valid):
            m.d.sync += [
                largest.eq(top),
                count.eq(Mux(end, 0, count + 1)),
                store[count].eq(a),
            ]
        # A frame is complete: copy it out, so that the next one may come.
        held = [Signal(10, name=f"held{n}") for n in range(config.length)]
        result = Signal(5)
        place = Signal(range(config.length + 1), init=config.length)
        rest = Array(held)
        done = Signal()
        with m.If(advance):
            m.d.sync += [done.eq(end)]
            with m.If(place != config.length):
                m.d.sync += place.eq(place + 1)
            with m.If(done):
                m.d.sync += [result.eq(largest), place.eq(0)]
                m.d.sync += [held[n].eq(store[n]) for n in range(config.length)]
        # One tick for `done` and one to copy: a latency of 2.
        outputs = {
            "out": rest[place],
            "top": result,
            "last": place == config.length - 1,
        }
        shows = place != config.length
        if bug == "withdraw":
            shows = shows & self.o.ready
        if not config.echo:
            shows = place == 0
        return shows, {port.name: outputs[port.name] for port in config.data_outputs}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    block = Block(ToyConfig, maxima, Toy, ToyConfig())
    monkeypatch.setitem(BLOCKS, "toy-stream", block)
    monkeypatch.setattr(Toy, "bug", "")


CONFIGS = [ToyConfig(), ToyConfig(length=7, echo=False), ToyConfig(length=1)]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.identifier)
def test_equal_to_golden_in_every_cycle(config: ToyConfig) -> None:
    record = verify(config, engine="amaranth", count=600)
    assert record.passed, record.first
    assert record.stalls > record.cycles // 40
    check_stream(config, count=600, engine="amaranth")


@pytest.mark.parametrize(
    ("bug", "message"),
    [
        ("stall", "withdrawn|changed"),
        ("withdraw", "nothing waited"),
        ("reset", "golden|early|never|late"),
    ],
)
def test_deliberate_bugs_are_found(bug: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "bug", bug)
    assert not verify(ToyConfig(), engine="amaranth", count=600).passed
    with pytest.raises(AssertionError, match=message):
        check_stream(ToyConfig(), count=600, engine="amaranth")


def test_wrong_latency_is_found() -> None:
    late = ToyConfig(depth=3)
    assert not verify(late, engine="amaranth", count=600).passed
    with pytest.raises(AssertionError, match="first beat"):
        check_stream(late, count=600, engine="amaranth")


def test_mismatches_and_waveforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "bug", "stall")
    record = verify(ToyConfig(), engine="amaranth", count=600)
    assert "must be" in str(record.first[0])
    write_waveforms(ToyConfig(), tmp_path / "bug.vcd", cycle=record.first[0].cycle, count=600)
    assert (tmp_path / "bug.vcd").stat().st_size > 1000


def test_members_are_amaranth_streams() -> None:
    class Sink(wiring.Component):
        i: stream.Interface

        def elaborate(self, platform: Any) -> Module:
            m = Module()
            m.d.comb += self.i.ready.eq(1)
            return m

    m = Module()
    m.submodules.toy = toy = Toy(ToyConfig())
    m.submodules.sink = sink = Sink({"i": In(toy.signature.members["o"].signature)})
    wiring.connect(m, toy.o, sink.i)
    assert [name for name, _ in toy.i.payload.shape()] == ["a"]
    got = []

    async def bench(ctx: Any) -> None:
        ctx.set(toy.i.valid, 1)
        for cycle in range(12):
            ctx.set(toy.i.payload.a, [cycle, 0])
            await ctx.tick()
            if ctx.get(toy.o.valid):
                got.append((ctx.get(toy.o.payload.out[0]), ctx.get(toy.o.payload.top)))

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert got[:4] == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_manifest_tells_of_streams() -> None:
    config = ToyConfig()
    found = manifest(config, elaborate(config))
    assert (found["reset"], found["latency"]) == ("reset", 2)
    ports = {port["name"]: port for port in cast(Any, found["ports"])}
    assert (ports["o_valid"]["stream"], ports["o_valid"]["role"]) == ("o", "valid")
    assert ports["reset"]["stream"] is None


def test_testbench_of_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    config = ToyConfig()
    stimuli = cycles(config, cases(config, 0, 300), 0)
    for bug, passes in (("", True), ("withdraw", False), ("reset", False)):
        monkeypatch.setattr(Toy, "bug", bug)
        design = elaborate(config)
        folder = tmp_path / f"unit{bug}"
        folder.mkdir()
        (folder / "design.v").write_text(design.verilog)
        write_testbench(folder, config, design, stimuli)
        assert run_testbench(folder, "icarus").passed == passes


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.identifier)
def test_self_test_of_streams(config: ToyConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffp8.golden.signature.COUNTED_BITS", 9)
    exerciser = Exerciser(config, expected=expected_signature(config))
    wrong = Exerciser(config, expected=expected_signature(config) ^ 1)
    for unit, verdict in ((exerciser, 1), (wrong, 0)):
        seen = []

        async def bench(ctx: Any, unit: Any = unit, seen: list[Any] = seen) -> None:
            for _ in range(unit.duration + 3):
                seen.append((ctx.get(unit.running), ctx.get(unit.match)))
                await ctx.tick()

        simulator = Simulator(unit)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        assert seen[unit.duration - 1] == (1, 0)
        assert seen[unit.duration :] == [(0, verdict)] * 3
    assert np.log2(expected_signature(config)) < 64


def test_compiled_simulation_and_generated_verilog() -> None:
    config = ToyConfig(length=5)
    check_stream(config, count=20_000)
    assert verify(config).passed
    assert verify_verilog(config, count=20_000).passed
