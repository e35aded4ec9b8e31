# amaranth: UnusedElaboratable=no

"""The passes of a softmax in hardware are what golden says, in every cycle, and keep the rules."""

import numpy as np
import pytest
from stream_checker import check_stream

from ffp8.golden.softmax_passes import (
    SoftmaxNormaliserConfig,
    SoftmaxPowersConfig,
    softmax_normaliser,
    softmax_powers,
)
from ffp8.golden.stream import StreamConfig
from ffp8.hw.softmax_passes import SoftmaxNormaliser, SoftmaxPowers
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.verify import verify

POWERS = {
    "table 1": {"length": "64", "mask": True},
    "floats": {
        "a": "bfloat16",
        "lanes": "3",
        "length": "30",
        "log2e_bits": "10",
        "argument": "q5.4",
        "segments": "2",
        "fit": "minimax",
        "slope_bits": "5",
        "blocks": "false",
    },
    "shifts": {
        "lanes": "1",
        "length": "9",
        "argument": "q4.0",
        "segments": "0",
        "power": "uq2.4",
        "total": "uq10.9",
    },
}

RESULTS = {
    "table 1": {"out": "uq1.15"},
    "floats": {
        "lanes": "1",
        "segments": "2",
        "fit": "minimax",
        "slope_bits": "5",
        "argument": "q5.4",
        "power": "uq2.12",
        "out": "e4m3fn",
        "blocks": "false",
    },
    "no fractions": {
        "lanes": "2",
        "argument": "q4.0",
        "segments": "0",
        "power": "uq2.0",
        "total": "uq10.1",
        "reciprocal_segments": "1",
        "rounding": "toward-zero",
    },
}

CONFIGS: dict[str, StreamConfig] = {
    f"{name} {kind}": config.from_json(options)
    for kind, config, chosen in (
        ("powers", SoftmaxPowersConfig, POWERS),
        ("results", SoftmaxNormaliserConfig, RESULTS),
    )
    for name, options in chosen.items()
}


@pytest.mark.parametrize("name", CONFIGS)
def test_beats_are_goldens(name: str) -> None:
    record = verify(CONFIGS[name], engine="amaranth", count=1000)
    assert not record.first
    assert record.stalls > 100


@pytest.mark.parametrize("name", ["table 1 powers", "table 1 results"])
def test_streams_keep_their_rules(name: str) -> None:
    check_stream(CONFIGS[name], count=5000)


def run(config: StreamConfig, operands: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Beats that come of others, offered and taken in each cycle."""
    beats = len(operands["last"])
    cycles = beats + config.latency
    inputs = {
        name: np.concatenate([codes, np.zeros((config.latency, *codes.shape[1:]), codes.dtype)])
        for name, codes in operands.items()
    }
    still = np.zeros(cycles, np.uint8)
    inputs |= {"i_valid": (np.arange(cycles) < beats).astype(np.uint8)}
    got = open_engine(elaborate(config), "amaranth").run(
        inputs | {"o_ready": still + 1, "reset": still}
    )
    assert got["i_ready"].all()
    # No cycle is lost: each beat comes as late as the latency says.
    assert (got["o_valid"] == (np.arange(cycles) >= config.latency)).all()
    return {port.name: got[port.name][config.latency :] for port in config.data_outputs}


def test_one_behind_the_other() -> None:
    """Powers of the one pass, and their rows' ends, through the other: rows back to back."""
    first = SoftmaxPowersConfig.from_json({"length": "64"})
    second = SoftmaxNormaliserConfig.from_json({"length": "64", "out": "uq1.15"})
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 17, 60)
    last = np.zeros(lengths.sum(), np.uint8)
    ends = np.cumsum(lengths) - 1
    last[ends] = 1
    # Scores that grow make the top grow.
    trend = np.arange(len(last)) - np.repeat(np.append(-1, ends[:-1]), lengths)
    scores = rng.normal(0, 10, (len(last), 4)) + (trend * 3)[:, np.newaxis]
    beats = {"a": first.argument.encode(scores / 4).astype(np.uint8), "last": last}
    powers = run(first, beats)
    want = softmax_powers(first, **beats)
    for name, codes in want.items():
        assert powers[name].tolist() == codes.tolist()
    end = np.repeat(ends, lengths)
    rows = {
        "power": powers["power"],
        "top": powers["top"],
        "row_top": powers["top"][end],
        "total": powers["total"][end],
        "last": powers["out_last"],
    }
    assert (rows["row_top"] != rows["top"]).mean() > 0.2
    got = run(second, rows)
    for name, codes in softmax_normaliser(second, **rows).items():
        assert got[name].tolist() == codes.tolist()


@pytest.mark.parametrize("name", RESULTS)
def test_any_powers_meet_any_sums(name: str) -> None:
    """Sums of all magnitudes, so that products are beyond all results, too."""
    config = SoftmaxNormaliserConfig.from_json(RESULTS[name])
    rng = np.random.default_rng(1)
    count, bits = 600, config.total.width
    top = rng.integers(0, 2**config.top.width, count)
    beats = {
        "power": rng.integers(0, 2**config.power.width, (count, config.lanes)),
        "top": top,
        "row_top": (top + rng.integers(-1, 3, count)) % 2**config.top.width,
        "total": rng.integers(0, 2**bits, count) >> rng.integers(0, bits + 1, count),
        "last": np.zeros(count, np.uint8),
    }
    if config.lanes == 1:
        beats["power"] = beats["power"][:, 0]
    beats = {port.name: beats[port.name].astype(port.dtype) for port in config.operands}
    got = run(config, beats)
    for port, codes in softmax_normaliser(config, **beats).items():
        assert got[port].tolist() == codes.tolist()


def test_configs_must_be_theirs() -> None:
    message = r"^Softmax powers config must be of type SoftmaxPowersConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        SoftmaxPowers("e4m3fn")  # pyright: ignore[reportArgumentType]
    message = r"^Softmax normaliser config must be of type SoftmaxNormaliserConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        SoftmaxNormaliser("e4m3fn")  # pyright: ignore[reportArgumentType]


def test_products_without_blocks_are_sums() -> None:
    """Yosys sees no multiplication that it would make a multiplier block of."""
    for blocks in (True, False):
        config = SoftmaxNormaliserConfig.from_json({"out": "uq1.15", "blocks": blocks})
        assert ("$mul" in elaborate(config).rtlil) == blocks
