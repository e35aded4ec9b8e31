# amaranth: UnusedElaboratable=no

"""The hardware of the softmax by tables is what golden says, in every cycle."""

import pytest
from full_table_softmax import CONFIGS
from softmax_rows import fill_the_buffer
from stream_checker import check_stream

from ffp8.golden.table_softmax import TableSoftmaxConfig
from ffp8.hw.table_softmax import TableSoftmax
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


@pytest.mark.parametrize(("spare", "enough"), [(0, True), (-2, False)])
def test_rows_back_to_back_fill_the_buffer(
    spare: int, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as deep as it says, with one place that is never used, and need be no deeper."""
    monkeypatch.setattr("ffp8.hw.table_softmax.depth", lambda beats: beats + spare)
    assert fill_the_buffer(SHORT) == enough


def test_streams_keep_their_rules() -> None:
    check_stream(SHORT, count=1000)


def test_config_must_be_one() -> None:
    message = r"^TableSoftmax config must be of type TableSoftmaxConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        TableSoftmax("e4m3fn")  # pyright: ignore[reportArgumentType]
