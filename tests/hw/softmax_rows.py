"""Rows through a softmax, a beat offered and taken in each cycle."""

import numpy as np

from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.table_softmax import TableSoftmaxConfig
from ffp8.hw.blocks import BLOCKS
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine

__all__ = ["fill_the_buffer", "run"]

Config = SoftmaxConfig | TableSoftmaxConfig


def run(
    config: Config, codes: np.ndarray, last: np.ndarray, reset: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """A simulation in which a beat is offered and taken in each cycle."""
    beats = len(last)
    cycles = beats + config.drain + 1
    still = np.zeros(cycles, np.uint8)
    resets = still.copy()
    if reset is not None:
        resets[: len(reset)] = reset
    inputs = {
        "a": np.concatenate([codes, np.zeros((cycles - beats, *codes.shape[1:]), int)]),
        "last": np.pad(last, (0, cycles - beats)).astype(np.uint8),
        "i_valid": (np.arange(cycles) < beats).astype(np.uint8),
        "o_ready": still + 1,
        "reset": resets,
    }
    inputs["a"] = inputs["a"].astype(np.uint8)
    return open_engine(elaborate(config), "amaranth").run(inputs)


def fill_the_buffer(config: Config) -> bool:
    """Whether all results of rows back to back are golden's, and no cycle is lost.

    The longest rows, and rows of one beat between some of them.
    """
    lengths = [config.longest] * 4 + [1] * 30 + [config.longest] * 3 + [1, config.longest] * 3
    ends = np.cumsum(lengths) - 1
    last = np.zeros(ends[-1] + 1, bool)
    last[ends] = True
    codes = np.random.default_rng(0).integers(0, 256, (len(last), config.lanes))
    got = run(config, codes, last)
    want = BLOCKS[config.block].golden(config, a=codes, last=last)
    shown = np.flatnonzero(got["o_valid"])
    if got["out"][shown].tolist() != want["out"].tolist():
        return False
    assert got["out_last"][shown].tolist() == want["out_last"].tolist()
    # No cycle is lost between rows of one length, or shorter ones behind longer ones.
    assert shown[0] == config.longest - 1 + config.latency
    assert (np.diff(shown[: sum(lengths[:34])]) == 1).all()
    return True
