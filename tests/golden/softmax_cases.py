"""Rows of scores for softmaxes."""

import numpy as np

from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax_options import PowersOptions

__all__ = ["beats_of", "codes_of", "rows_of"]


def codes_of(config: PowersOptions, rng: np.random.Generator, rows: int, length: int) -> np.ndarray:
    """Scores of many spreads, and of all codes now and then."""
    spread = np.exp2(rng.uniform(-3, 4, (rows, 1)))
    values = rng.standard_normal((rows, length)) * spread + rng.uniform(-8, 8, (rows, 1))
    assert isinstance(config.a, ScalarFormat)
    codes = config.a.encode(values).astype(np.int64)
    strange = rng.integers(0, 2**config.a.width, codes.shape)
    return np.where(rng.random((rows, length)) < 0.1, strange, codes)


def beats_of(config: PowersOptions, rng: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
    """Beats of rows of all lengths; with masks, some of their elements and some rows are."""
    lengths = rng.integers(1, config.longest + 1, rows)
    last = np.zeros(lengths.sum(), np.uint8)
    last[np.cumsum(lengths) - 1] = 1
    codes = np.concatenate(
        [codes_of(config, rng, 1, length * config.lanes).ravel() for length in lengths]
    )
    found = {"a": codes.reshape(-1, config.lanes), "last": last}
    if config.mask:
        share = np.repeat(rng.choice([0, 0.3, 1], rows, p=[0.5, 0.4, 0.1]), lengths)
        found["mask"] = (rng.random(found["a"].shape) < share[:, np.newaxis]).astype(np.uint8)
    return found


def rows_of(
    config: PowersOptions, rng: np.random.Generator, lengths: np.ndarray
) -> dict[str, np.ndarray]:
    """Beats of rows of so many elements, as attention has them, and odd ones.

    Standard deviations are 0.1 to 16, all orders alike. Of ten rows, one has equal scores, one
    scores far beyond the arguments, and one codes of all kinds. With masks, the lanes behind a
    row are masked, and in three of ten rows others or all; without, rows are whole beats.
    """
    grain = config.lanes * config.grain
    padded = -(-lengths // grain) * grain
    if not config.mask:
        lengths = padded
    total, rows = int(padded.sum()), len(lengths)
    kind = np.repeat(rng.integers(0, 10, rows), padded)
    spread = np.exp2(rng.uniform(np.log2(0.1), 4, rows))
    values = rng.standard_normal(total) * np.repeat(spread, padded)
    values = np.where(kind == 0, 0, np.where(kind == 1, values * 1e4, values))
    values += np.repeat(rng.uniform(-8, 8, rows), padded)
    assert isinstance(config.a, ScalarFormat)
    codes = config.a.encode(values).astype(np.int64)
    codes = np.where(kind == 2, rng.integers(0, 2**config.a.width, total), codes)
    found = {"a": codes, "last": np.zeros(total // config.lanes, np.uint8)}
    found["last"][np.cumsum(padded // config.lanes) - 1] = 1
    if config.mask:
        place = np.arange(total) - np.repeat(np.cumsum(padded) - padded, padded)
        share = rng.choice([0, 0.3, 1], rows, p=[0.7, 0.25, 0.05])
        left_out = rng.random(total) < np.repeat(share, padded)
        found["mask"] = left_out | (place >= np.repeat(lengths, padded))
    shape = (-1, config.lanes) if config.lanes > 1 else (-1,)
    return {
        port.name: found[port.name].astype(port.dtype)
        if port.name == "last"
        else found[port.name].reshape(shape).astype(port.dtype)
        for port in config.operands
    }
