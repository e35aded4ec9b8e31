"""Configurations of the vector quantizer, and vectors at which it may go wrong."""

from typing import Any

import numpy as np
from block_cases import blocks

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.vector_quantizer import VectorQuantizerConfig

__all__ = ["quantizer", "vectors"]


def quantizer(a: str, to: str, lanes: int, **options: Any) -> VectorQuantizerConfig:
    return VectorQuantizerConfig(
        a=Format.parse(a), to=BlockFormat.parse(to), lanes=lanes, **options
    )


def vectors(config: VectorQuantizerConfig, count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Beats of `count` vectors of each kind of `block_cases.blocks`, of all magnitudes of integers,
    of tiny codes and of corners; with tensor scales that fit, and special ones.

    Only the last beat of a vector has its tensor scale.
    """
    rng = np.random.default_rng(seed)
    a, block = config.a, config.to
    values = blocks(block, count, seed).astype(np.float64)
    if not a.exponent:
        values = values * 2.0 ** rng.integers(0, a.width, (len(values), 1))
    codes = a.encode(values.clip(-1e30, 1e30))
    shape = (count, block.length)
    small = rng.integers(0, 2**a.width, shape) & (2 ** rng.integers(1, a.width, (count, 1)) - 1)
    signs = rng.integers(0, 2, shape) << (a.width - 1)
    corners = rng.choice(np.array(sorted(a.corners)) % 2**a.width, shape)
    codes = np.concatenate(
        [codes, (small | signs).astype(codes.dtype), corners.astype(codes.dtype)]
    )
    rng.shuffle(codes)
    beats = len(codes) * config.beats
    lanes = (config.lanes,) if config.lanes > 1 else ()
    found = {"a": codes.reshape(beats, *lanes)}
    if block.tensor is not None:
        found["tensor"] = tensors(config, codes, rng)
    if config.random_bits:
        words = rng.integers(0, 2**config.random_bits, (beats, *lanes))
        found["random"] = words.astype(np.uint32)
    return found


def tensors(
    config: VectorQuantizerConfig, codes: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Tensor scales, most of which take the scales of vectors to where their format has codes."""
    tensor = config.to.tensor
    assert tensor is not None
    exact = config.a.unpack(codes)
    finite = Exact(*(np.where(exact.finite, part, 0) for part in vars(exact).values()))
    amax = np.abs(finite.to_floats()).max(axis=-1)
    top = float(config.to.element.max.to_floats() * config.to.scale.max.to_floats())
    wanted = amax / top * 2.0 ** rng.uniform(-1, 12, len(codes))
    special = rng.choice([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-44, 3e38, 1.0], len(codes))
    wanted = np.where(rng.random(len(codes)) < 1 / 8, special, wanted)
    wanted = wanted * rng.choice([1, 1, 1, -1], len(codes))
    found = rng.integers(0, 2**tensor.width, (len(codes), config.beats))
    found[:, -1] = tensor.encode(wanted)
    return found.reshape(-1).astype(tensor.codes.dtype if tensor.width <= 16 else np.uint32)
