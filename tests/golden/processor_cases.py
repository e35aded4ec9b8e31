"""Configurations of the post-processor, and sums at which it may go wrong."""

from typing import Any

import numpy as np
from vector_cases import tensors

from ffp8.golden.formats import Format, code_dtype
from ffp8.golden.post_processor import PostProcessorConfig, column_values

__all__ = ["processor", "sums"]

SMALL = {"a": "int6", "factor": "uq0.4", "bias": "q3.2"}


def processor(values: str, to: str | None = None, **options: Any) -> PostProcessorConfig:
    """A configuration; formats are texts. Without others, they are small."""
    texts = {"values": values, "to": to} | {"lanes": 2} | SMALL | options
    return PostProcessorConfig.from_json(texts)


def numbers(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Codes in fixed point, of all magnitudes; those of a row have the same most bits."""
    bits = rng.integers(0, fmt.width + 1, (shape[0], *(1 for _ in shape[1:])))
    codes = rng.integers(0, 2**fmt.width, shape) & (1 << bits) - 1
    if fmt.sign:
        codes = np.where(rng.random(shape) < 1 / 2, codes, ~codes) & (2**fmt.width - 1)
    return codes.astype(code_dtype(fmt.width))


def sums(config: PostProcessorConfig, count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Beats of so many vectors: sums of all magnitudes, vectors of zeros, and of the largest."""
    rng = np.random.default_rng(seed)
    length = config.beats * config.lanes
    kind = rng.choice(4, count, p=(0.7, 0.1, 0.1, 0.1))[:, np.newaxis]
    beats = count * config.beats
    shape = (beats, config.lanes) if config.lanes > 1 else (beats,)
    found = {}
    for name in ("a", "factor", "bias"):
        fmt = getattr(config, name)
        codes = numbers(fmt, (count, length), rng)
        codes = np.where((kind == 1) & (name != "factor"), 0, codes)
        codes = np.where(kind == 2, fmt.max_index, codes)
        codes = np.where((kind == 3) & fmt.sign, 2 ** (fmt.width - 1), codes)
        found[name] = codes.reshape(shape).astype(code_dtype(fmt.width))
    if config.activation == "clipped-relu":
        found["clip"] = numbers(config.values, (beats,), rng)
    if config.quantizer is None:
        return found
    if config.quantizer.to.tensor is not None:
        values = column_values(config, **found).reshape(count, length)
        found["tensor"] = tensors(config.quantizer, values, rng)
    if config.random_bits:
        found["random"] = rng.integers(0, 2**config.random_bits, shape).astype(np.uint32)
    return found
