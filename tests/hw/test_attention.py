# amaranth: UnusedElaboratable=no

"""Attention's hardware is what golden says, in every cycle: rows of any length, masks, stalls."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from full_attention import CONFIGS
from stream_checker import check_stream

from ffp8.boards.exerciser import Exerciser, expected_signature
from ffp8.golden import signature
from ffp8.golden.attention import AttentionConfig, attention
from ffp8.hw.attention import Attention
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.verify import verify

#: Those that are sampled here.
SAMPLED = ("E4M3, masked", "infinities", "softmax by tables")

#: Small integers, whose hardware is small, too.
SHORT = AttentionConfig.from_json(
    {
        "q": "int4",
        "k": "int4",
        "v": "int4",
        "head_size": 2,
        "value_size": 2,
        "lanes": 2,
        "length": 24,
        "scale": 2**-4,
        "mask": True,
    }
)


def test_rows_are_goldens() -> None:
    record = verify(SHORT, count=20_000)
    assert not record.first
    assert record.stalls > 500


@pytest.mark.parametrize("name", SAMPLED)
def test_sampled_rows_are_goldens(name: str) -> None:
    record = verify(AttentionConfig.from_json(CONFIGS[name]), engine="amaranth", count=300)
    assert not record.first
    assert record.stalls > 10


def test_rows_of_one_are_goldens() -> None:
    record = verify(replace(SHORT, length=1), engine="amaranth", count=600)
    assert not record.first
    assert record.stalls > 100


def test_streams_keep_their_rules() -> None:
    check_stream(SHORT, count=3000)


def run(
    config: AttentionConfig, operands: dict[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """A simulation in which a beat is offered and taken in each cycle: outputs, and when."""
    beats = len(operands["last"])
    cycles = beats + config.drain + 1
    still = np.zeros(cycles, np.uint8)
    inputs: dict[str, Any] = {
        port.name: np.pad(
            operands[port.name], ((0, cycles - beats),) + ((0, 0),) * (port.elements > 1)
        ).astype(port.dtype)
        for port in config.operands
    }
    inputs |= {"i_valid": still + (np.arange(cycles) < beats), "o_ready": still + 1, "reset": still}
    got = open_engine(elaborate(config), "amaranth").run(inputs)
    return got, np.flatnonzero(got["o_valid"])


@pytest.mark.parametrize(("spare", "enough"), [(0, True), (-2, False)])
def test_values_wait_as_long_as_they_must(
    spare: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ring is as deep as it says, and need be no deeper."""
    monkeypatch.setattr("ffp8.hw.attention.depth", lambda beats: beats + spare)
    lengths = [SHORT.longest] * 4 + [1] * 30 + [SHORT.longest] * 3 + [1, SHORT.longest] * 3
    ends = np.cumsum(lengths) - 1
    rng = np.random.default_rng(0)
    operands = {
        port.name: rng.integers(0, 2**port.element_width, (ends[-1] + 1, port.elements))
        for port in SHORT.operands
    }
    operands["mask"] = operands["mask"] * 0
    operands["last"] = np.isin(np.arange(ends[-1] + 1), ends).astype(int)
    got, shown = run(SHORT, operands)
    want = attention(SHORT, **operands)
    assert (got["out"][shown].tolist() == want["out"].tolist()) == enough
    # A result a row: a beat goes in and its row's weights come out in each cycle.
    first = SHORT.longest - 1 + SHORT.latency + SHORT.longest - 1
    assert shown[:34].tolist() == (first - ends[0] + ends[:34]).tolist()


def test_config_must_be_one() -> None:
    message = r"^Attention config must be of type AttentionConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        Attention("e4m3fn")  # pyright: ignore[reportArgumentType]


def test_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature, "COUNTED_BITS", 9)
    config = replace(SHORT, length=9)
    exerciser = Exerciser(config, expected=expected_signature(config))
    seen = []

    async def bench(ctx: Any) -> None:
        for _ in range(exerciser.duration + 1):
            seen.append((ctx.get(exerciser.running), ctx.get(exerciser.match)))
            await ctx.tick()

    simulator = Simulator(exerciser)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen[-2:] == [(1, 0), (0, 1)]
