# amaranth: UnusedElaboratable=no

"""The hardware of the softmax by tables is what golden says, in every cycle."""

import numpy as np
import pytest
from full_table_softmax import CONFIGS
from stream_checker import check_stream

from ffp8.golden.table_softmax import TableSoftmaxConfig, table_softmax
from ffp8.hw.table_softmax import TableSoftmax
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.verify import verify

#: Those that are sampled here: masks, lines, conversions, corrections.
SAMPLED = ("masked", "floats", "few bits", "corrected", "rows of one")

#: Rows that are short enough to be many.
SHORT = TableSoftmaxConfig.preset("balanced", length=64)


def test_rows_are_goldens() -> None:
    record = verify(SHORT, count=5000)
    assert not record.first
    assert record.stalls > 500


@pytest.mark.parametrize("name", SAMPLED)
def test_sampled_rows_are_goldens(name: str) -> None:
    record = verify(TableSoftmaxConfig.from_json(CONFIGS[name]), engine="amaranth", count=200)
    assert not record.first
    assert record.stalls > 10


def run(config: TableSoftmaxConfig, codes: np.ndarray, last: np.ndarray) -> dict[str, np.ndarray]:
    """A simulation in which a beat is offered and taken in each cycle."""
    beats = len(last)
    cycles = beats + config.drain + 1
    still = np.zeros(cycles, np.uint8)
    inputs = {
        "a": np.pad(codes, ((0, cycles - beats), (0, 0))).astype(np.uint8),
        "last": np.pad(last, (0, cycles - beats)).astype(np.uint8),
        "i_valid": (np.arange(cycles) < beats).astype(np.uint8),
        "o_ready": still + 1,
        "reset": still,
    }
    return open_engine(elaborate(config), "amaranth").run(inputs)


@pytest.mark.parametrize(("spare", "enough"), [(0, True), (-2, False)])
def test_rows_back_to_back_fill_the_buffer(
    spare: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as deep as it says, with one place that is never used, and need be no deeper."""
    monkeypatch.setattr("ffp8.hw.table_softmax.depth", lambda beats: beats + spare)
    config = SHORT
    # The longest rows, and rows of one beat between some of them.
    lengths = [config.longest] * 4 + [1] * 30 + [config.longest] * 3 + [1, config.longest] * 3
    ends = np.cumsum(lengths) - 1
    last = np.zeros(ends[-1] + 1, bool)
    last[ends] = True
    codes = np.random.default_rng(0).integers(0, 256, (len(last), config.lanes))
    got = run(config, codes, last)
    want = table_softmax(config, a=codes, last=last)
    shown = np.flatnonzero(got["o_valid"])
    equal = got["out"][shown].tolist() == want["out"].tolist()
    assert equal == enough
    if enough:
        assert got["out_last"][shown].tolist() == want["out_last"].tolist()
        # No cycle is lost between rows of one length, or shorter ones behind longer ones.
        assert shown[0] == config.longest - 1 + config.latency
        assert (np.diff(shown[: sum(lengths[:34])]) == 1).all()


def test_streams_keep_their_rules() -> None:
    check_stream(SHORT, count=1000)


def test_config_must_be_one() -> None:
    message = r"^TableSoftmax config must be of type TableSoftmaxConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        TableSoftmax("e4m3fn")  # pyright: ignore[reportArgumentType]
