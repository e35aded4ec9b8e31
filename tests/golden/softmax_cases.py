"""Rows of scores for softmaxes."""

import numpy as np

from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax_options import PowersOptions

__all__ = ["beats_of", "codes_of"]


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
