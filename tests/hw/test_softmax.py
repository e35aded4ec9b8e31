# amaranth: UnusedElaboratable=no

"""The softmax's hardware is what golden says, in every cycle: rows of any length, masks, stalls."""

from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from full_softmax import CONFIGS
from softmax_rows import fill_the_buffer, run
from stream_checker import check_stream

from ffp8.boards.exerciser import Exerciser, expected_signature
from ffp8.golden import signature
from ffp8.golden.formats import Format
from ffp8.golden.softmax import SoftmaxConfig, softmax
from ffp8.hw.softmax import Softmax, depth
from ffp8.synth.verify import verify

#: Those that are sampled here: with and without slopes, masks, conversions, tables alone.
SAMPLED = ("masked", "floats", "shifts", "sums of int8", "vectors of int8", "rows of one")

#: Rows that are short enough to be many.
SHORT = SoftmaxConfig(out=Format.parse("uq1.15"), length=64)


def test_rows_are_goldens() -> None:
    record = verify(SHORT, count=20_000)
    assert not record.first
    assert record.stalls > 1000


@pytest.mark.parametrize("name", SAMPLED)
def test_sampled_rows_are_goldens(name: str) -> None:
    record = verify(SoftmaxConfig.from_json(CONFIGS[name]), engine="amaranth", count=500)
    assert not record.first
    assert record.stalls > 10


@pytest.mark.parametrize(("spare", "enough"), [(0, True), (-2, False)])
def test_rows_back_to_back_fill_the_buffer(
    spare: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as deep as it says, with one place that is never used, and need be no deeper."""
    monkeypatch.setattr("ffp8.hw.softmax.depth", lambda beats: beats + spare)
    assert fill_the_buffer(SHORT) == enough


@pytest.mark.parametrize(("lanes", "beats"), [(1, 16), (4, 1), (4, 16), (16, 3)])
def test_rows_back_to_back_take_a_cycle_a_beat(lanes: int, beats: int) -> None:
    """While a row is normalised the next ones go in: no bubble, in or out."""
    config = SoftmaxConfig(out=Format.parse("uq1.15"), lanes=lanes, length=beats * lanes)
    count = max(60 // beats, 12) * beats
    last = np.arange(count) % beats == beats - 1
    codes = np.random.default_rng(2).integers(0, 256, (count, lanes))
    got = run(config, codes if lanes > 1 else codes[:, 0], last)
    assert got["i_ready"].all()
    shown = np.flatnonzero(got["o_valid"])
    begin = beats - 1 + config.latency
    assert shown.tolist() == list(range(begin, begin + count))
    # It had begun before all rows were in.
    assert begin < count or beats == 1


def test_a_reset_heals_what_a_row_too_long_did() -> None:
    """Such a row is an error, and what it gives means nothing, until a reset."""
    config = SoftmaxConfig(out=Format.parse("uq1.15"), length=16)
    rng = np.random.default_rng(3)
    # All places of the buffer four times, after which it seems empty.
    lengths = np.array([4, 4 * depth(config.depth), 1, 2, 3, 1, 4, 4])
    ends = np.cumsum(lengths) - 1
    last = np.zeros(lengths.sum(), bool)
    last[ends] = True
    # The reset comes within a row.
    last = np.insert(last, ends[2] + 1, np.zeros(40, bool))
    codes = rng.integers(0, 256, (len(last), 4))
    healed = ends[2] + 40
    quiet = np.zeros(healed, bool)
    quiet[-1] = True
    got = run(config, codes, last, reset=quiet)
    want = softmax(config, a=codes[healed:], last=last[healed:])["out"]
    shown = np.flatnonzero(got["o_valid"])
    assert got["out"][shown[shown >= healed]].tolist() == want.tolist()


def test_streams_keep_their_rules() -> None:
    check_stream(SHORT, count=3000)


def test_vectors_keep_the_rules_of_streams() -> None:
    check_stream(SoftmaxConfig.from_json(CONFIGS["microscaling"]), count=12_000)


def test_config_must_be_one() -> None:
    message = r"^Softmax config must be of type SoftmaxConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        Softmax("e4m3fn")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("options", "lengths"),
    [
        ({"length": 9}, set(range(1, 10))),
        ({"length": 12, "to": "e2m1fn_x4_e4m3fn", "out": "uq1.15"}, {4, 8, 12}),
    ],
)
def test_self_test_has_rows_that_fit(
    options: dict[str, object], lengths: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signature, "COUNTED_BITS", 10)
    config = SoftmaxConfig.from_json({"lanes": 1} | options)
    fed = signature.operands(config)
    found = set(np.diff(np.flatnonzero(fed["last"]), prepend=-1))
    assert found <= lengths
    assert max(found) == max(lengths)
    assert len(found) > 2
    expected = expected_signature(config)
    for wrong in (0, 1):
        exerciser = Exerciser(config, expected=expected ^ wrong)
        seen = []

        async def bench(ctx: Any, unit: Exerciser = exerciser, seen: list[Any] = seen) -> None:
            for _ in range(unit.duration + 1):
                seen.append((ctx.get(unit.running), ctx.get(unit.match)))
                await ctx.tick()

        simulator = Simulator(exerciser)
        simulator.add_clock(1e-6)
        simulator.add_testbench(bench)
        simulator.run()
        assert seen[-2:] == [(1, 0), (0, 1 - wrong)]
