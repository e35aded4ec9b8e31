"""RISC-V's bulk normalisation against exact rationals: ``python tests/golden/full_rvbna.py``.

All operands of small formats with two ways, and a million random vectors each of FP8 with 4, 8
and 16; the tests run a part of that. It takes about a quarter of an hour.
"""

import argparse
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rvbna_oracle import Layout, dot

sys.path.append(str(Path(__file__).parents[1] / "hw"))

from tree_cases import random

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format

__all__ = ["EXHAUSTIVE", "SAMPLED", "every_operand", "mismatches"]


def tree(a: str, b: str, out: str, ways: int) -> FmaTreeConfig:
    return FmaTreeConfig.preset("riscv-rvbna", a=a, b=b, out=out, ways=ways, flags=True)


#: Small formats: all operands of two ways.
EXHAUSTIVE = (
    tree("s1e2m1_ieee", "s1e2m1_ieee", "s1e3m2_ieee", 2),
    tree("s1e2m1_ieee", "s1e2m1_fn", "s1e2m4_ieee", 2),
    tree("s1e3m0_ieee", "s1e2m1_ieee", "s1e4m1_ieee", 2),
    tree("s1e2m0_ieee", "s1e1m1_ieee", "float16", 2),
)

SAMPLED = tuple(
    tree(a, b, out, ways)
    for ways in (4, 8, 16)
    for a, b, out in (
        ("e4m3fn", "e4m3fn", "float32"),
        ("e5m2", "e5m2", "float16"),
        ("e4m3fn", "e5m2", "float32"),
        ("e5m2", "e4m3fn", "float16"),
    )
)


def every_operand(config: FmaTreeConfig) -> dict[str, np.ndarray]:
    """All codes of all lanes of a tree with two ways."""
    sizes = [2**config.a.width] * 2 + [2**config.b.width] * 2
    columns = [codes.ravel() for codes in np.indices(sizes, np.uint8)]
    return {"a": np.stack(columns[:2], axis=1), "b": np.stack(columns[2:], axis=1)}


def mismatches(config: FmaTreeConfig, operands: dict[str, np.ndarray]) -> Iterator[str]:
    """The cases in which golden differs from the definition."""
    formats = (config.a, config.b, config.out)
    layouts = [Layout.of(fmt) for fmt in formats if isinstance(fmt, Format)]
    results = fma_tree(config, **operands)
    got = [results[name].tolist() for name in ("out", "overflow", "invalid")]
    rows = (operands["a"].tolist(), operands["b"].tolist())
    for a, b, *found in zip(*rows, *got, strict=True):
        want = dot(a, b, *layouts)
        if tuple(found) != want:
            yield f"{config.identifier}: {a} {b}: {found}, not {want}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Bulk normalisation against exact rationals.")
    parser.add_argument("--count", type=int, default=10**6, help="random vectors for each n")
    options = parser.parse_args()
    failed = 0
    for config in (*EXHAUSTIVE, *SAMPLED):
        share = options.count * 3 // len(SAMPLED)
        operands = every_operand(config) if config in EXHAUSTIVE else random(config, share, seed=1)
        wrong = list(itertools.islice(mismatches(config, operands), 5))
        print(config.identifier, len(operands["a"]), wrong if wrong else "equal", flush=True)
        failed += bool(wrong)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
