# amaranth: UnusedElaboratable=no

"""The softmax's hardware is what golden says, in every cycle: rows of any length, masks, stalls."""

import numpy as np
import pytest
from full_softmax import CONFIGS
from stream_checker import check_stream

from ffp8.golden.formats import Format
from ffp8.golden.softmax import SoftmaxConfig, softmax
from ffp8.hw.softmax import Softmax
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.verify import verify

#: Those that are compiled here: with and without slopes, masks, conversions, tables alone.
SAMPLED = ("masked", "floats", "shifts", "rows of one")

#: Rows that are short enough to be many.
SHORT = SoftmaxConfig(out=Format.parse("uq1.15"), length=64)


@pytest.mark.parametrize("name", SAMPLED)
def test_rows_are_goldens(name: str) -> None:
    record = verify(SoftmaxConfig.from_json(CONFIGS[name]), count=6000)
    assert not record.first
    assert record.stalls > 100


def run(config: SoftmaxConfig, codes: np.ndarray, last: np.ndarray) -> dict[str, np.ndarray]:
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
    return open_engine(elaborate(config)).run(inputs)


def test_rows_of_the_greatest_length_are_back_to_back() -> None:
    """The buffer is as deep as it says, with not a place to spare for what comes meanwhile."""
    config = SHORT
    rng = np.random.default_rng(0)
    # The longest rows, and rows of one beat between some of them.
    lengths = [config.longest] * 4 + [1] * 30 + [config.longest] * 3 + [1, config.longest] * 3
    ends = np.cumsum(lengths) - 1
    last = np.zeros(ends[-1] + 1, bool)
    last[ends] = True
    codes = rng.integers(0, 256, (len(last), config.lanes))
    got = run(config, codes, last)
    want = softmax(config, a=codes, last=last)
    shown = np.flatnonzero(got["o_valid"])
    # No cycle is lost between the first result and the last one.
    assert shown[0] == config.longest - 1 + config.latency
    assert (np.diff(shown[:-1]) <= config.longest).all()
    assert got["out"][shown].tolist() == want["out"].tolist()
    assert got["out_last"][shown].tolist() == want["out_last"].tolist()
    equal = slice(0, 3 * config.longest)
    assert (np.diff(shown[equal]) == 1).all()


def test_streams_keep_their_rules() -> None:
    check_stream(SHORT, count=3000)


def test_config_must_be_one() -> None:
    message = r"^Softmax config must be of type SoftmaxConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        Softmax("e4m3fn")  # pyright: ignore[reportArgumentType]
