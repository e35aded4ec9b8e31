"""Operands at which a tree of products may go wrong, for the tests of golden and hardware."""

import numpy as np

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.synth.corners import cancelling, combinations, finite, patterns, random_codes

__all__ = ["directed", "random"]


def directed(config: FmaTreeConfig) -> dict[str, np.ndarray]:
    """Corners: equal lanes, one lane among others, halves, couples, lanes that cancel."""
    chance = np.random.default_rng(0)
    return patterns(config.operands, chance) or combinations(config.operands, chance)


def random(config: FmaTreeConfig, count: int, seed: int) -> dict[str, np.ndarray]:
    """Random codes; in every second case only finite ones, and in every third opposite lanes."""
    chance = np.random.default_rng(seed)
    found = {}
    for place, port in enumerate(config.operands):
        codes = random_codes(port, count, chance)
        codes[::2] = np.where(finite(port, codes[::2]), codes[::2], 0)
        if port.elements > 1:
            codes[::3] = cancelling(port, place, len(codes[::3]), chance)
        found[port.name] = codes
    return found
