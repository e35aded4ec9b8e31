"""Blocks at which quantisers go wrong, for the tests of all of them."""

import numpy as np

from ffp8.golden.block_format import BlockFormat

__all__ = ["blocks"]


def blocks(block: BlockFormat, count: int, seed: int = 0) -> np.ndarray:
    """Finite float32 blocks: Gaussian, with outliers, with subnormals, of all magnitudes, at
    ties of the elements and beside them, sparse and zero. `count` of each kind."""
    rng = np.random.default_rng(seed)
    shape = (count, block.length)
    gauss = rng.standard_normal(shape)
    outliers = gauss * np.where(rng.random(shape) < 0.05, 1e4, 1)
    subnormal = gauss * 2.0**-140
    wide = gauss * 2.0 ** rng.integers(-149, 126, (count, 1))
    spread = np.sign(gauss) * 2.0 ** rng.uniform(-149, 127, shape)
    sparse = np.where(rng.random(shape) < 0.8, np.copysign(0.0, gauss), gauss)
    zero = np.copysign(0.0, gauss)
    found = np.concatenate([gauss, outliers, subnormal, wide, spread, sparse, zero])
    return np.concatenate([found.astype(np.float32), ties(block, count, rng)])


def ties(block: BlockFormat, count: int, rng: np.random.Generator) -> np.ndarray:
    """Blocks of midpoints between elements, their neighbours in float32, and the largest one."""
    finite = np.unique(np.abs(block.element.unpack(block.element.codes).to_floats()))
    finite = finite[np.isfinite(finite)]
    middles = (finite[1:] + finite[:-1]) / 2
    picked = rng.choice(np.concatenate([middles, finite]), (count, block.length))
    picked[:, 0] = finite[-1] * rng.choice([1, 1 + 2.0**-9, 1.03, 1.06, 1.2], count)
    # A power of two moves all of them to where the scale must follow.
    moved = (picked * 2.0 ** rng.integers(-20, 20, (count, 1))).astype(np.float32)
    moved = moved.view(np.int32) + rng.integers(-1, 2, moved.shape) * (moved > 0)
    signs = rng.choice(np.array([-1, 1], np.float32), moved.shape)
    return moved.astype(np.int32).view(np.float32) * signs
