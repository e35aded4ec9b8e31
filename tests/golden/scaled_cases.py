"""Pairs of block formats, random blocks, and their scaled dot products as rationals."""

from fractions import Fraction
from typing import Any

import numpy as np
from block_oracle import BlockOracle

from ffp8.golden.scaled_dot import ScaledDotConfig

__all__ = ["PAIRS", "made", "multiplied", "products", "random_blocks"]


def made(a: str, b: str, **options: Any) -> ScaledDotConfig:
    return ScaledDotConfig.from_json({"a": a, "b": b, **options})


def random_blocks(config: ScaledDotConfig, count: int, seed: int = 5) -> dict[str, np.ndarray]:
    """Codes of blocks, most of them without special ones, which else hide what is finite."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for name, block in (("a", config.a), ("b", config.b)):
        codes = rng.integers(0, 2**block.element.width, (count, block.length))
        plain = rng.integers(0, 2 ** (block.element.width - 2), codes.shape)
        found[name] = np.where(np.arange(count)[:, None] % 3 > 0, plain, codes)
        found[f"{name}_scale"] = rng.integers(0, 2**block.scale.width, count)
    return found


def products(config: ScaledDotConfig, operands: dict[str, np.ndarray]) -> list[Fraction | float]:
    """The formula, with the rules of IEEE 754 for NaN and infinity."""
    oracles = [BlockOracle(block) for block in (config.a, config.b)]
    found: list[Fraction | float] = []
    for row in range(len(operands["a_scale"])):
        one, two = (
            [oracle.element.value(int(code)) for code in operands[name][row]]
            for name, oracle in zip("ab", oracles, strict=True)
        )
        terms = [multiplied(x, y) for x, y in zip(one, two, strict=True)]
        floats = [term for term in terms if isinstance(term, float)]
        total: Fraction | float = sum(floats) if floats else sum(terms, Fraction(0))
        for name, oracle in zip("ab", oracles, strict=True):
            total = multiplied(total, oracle.scale.value(int(operands[f"{name}_scale"][row])))
        found.append(total)
    return found


def multiplied(x: Fraction | float, y: Fraction | float) -> Fraction | float:
    if isinstance(x, float) or isinstance(y, float):
        return float(x) * float(y)
    return x * y


PAIRS = [
    ("mxfp8_e4m3_x8", "mxfp8_e5m2_x8"),
    ("mxfp6_e2m3_x4", "mxfp4_x4"),
    ("mxint8_x8", "mxfp6_e3m2_x8"),
    ("nvfp4", "nvfp4"),
    ("nvfp4_x3", "s1e3m2b4_x3_s0e5m3b20_ceil"),
    ("mxfp4_x1", "e2m1fn_x1_e5m2_quotient"),
]
