"""Windowed trees in a compiled simulation: ``python tests/hw/full_windowed_trees.py``.

A million random vectors each, besides corners; all operands of the small trees with each cut and
reference. Compiling the simulations takes minutes, so the tests run a part.
"""

import argparse
import itertools
import sys
import time
from dataclasses import replace

from full_fma_trees import tree

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.windowed_sum import Cut, Reference
from ffp8.synth.verify import verify

__all__ = ["EXHAUSTIVE", "SAMPLED"]

HOPPER = FmaTreeConfig.preset("nvidia-hopper-fp8", b="e5m2", stages=9)

SAMPLED = (
    tree(
        "e4m3fn", "e5m2", "float16", "float16", ways=3, window=8, cut="nearest", stages=6,
        flags=True, enable=True,
    ),
    tree("e5m2", "e5m2", None, "float32", ways=2, window=13, least_exponent=-20, cut="odd"),
    tree(
        "e4m3", "s0e3m5b12", "e5m2", ways=4, window=4, cut="floor", stages=5, overflow="special",
        flags=True,
    ),
    tree("s0e3m5b12", "s0e4m4_ieee", None, ways=3, window=3, cut="sticky", stages=0),
    tree(
        "e2m1fn", "int8", "q6.2", "q6.2", ways=2, window=6, reference="magnitudes", stages=5,
        flags=True,
    ),
    tree("int8", "uint4", None, "e4m3", ways=2, window=5, align_addend=False, cut="nearest"),
    tree(
        "e3m4", "e4m3fnuz", "bfloat16", "e5m2", ways=2, window=9, align_addend=False, keep=3,
        rounding="to-odd", stages=4, flags=True,
    ),
    tree(
        "binary8p4se", "e8m0fnu", "e4m3fn", ways=2, window=12, reference="magnitudes", cut="floor"
    ),
    tree("e4m3fn_nosub", "bfloat16", "e5m2_nosub", "s1e0m7b0", ways=1, window=1, keep=0),
    tree("s1e4m3b11", "s1e2m1", "s1e2m1", ways=5, window=40, cut="odd", stages=7),
    tree("posit8_1", "fp4_radix4", "posit8_2", "posit8_2", ways=3, window=6, stages=8),
    tree(
        "s0e3m5b12", "s0e4m4", "s0e4m4b2", ways=3, window=10, cut="nearest", keep=2,
        reference="magnitudes", flags=True,
    ),
    tree(
        "e4m3fn", "e4m3fn", "e4m3fn", "float16", ways=2, window=12, cut="sticky", keep=1,
        rounding="stochastic-b", random_bits=5,
        align_addend=False, reference="magnitudes", stages=11, enable=True,
    ),
    FmaTreeConfig.preset(
        "riscv-rvbna", a="e5m2", b="e5m2", out="float16", stages=6, flags=True, nan_code=0x7FFF
    ),
    tree(
        "e4m3fn", "e4m3fn", "float16", "e5m2", ways=3, window=9, cut="floor", stages=5, bypass=True,
        bias_bits=4, enable=True,
    ),
    FmaTreeConfig.preset("riscv-rvbna", a="bfloat16", b="bfloat16", ways=2, stages=5),
    FmaTreeConfig.preset("riscv-rvbna", ways=16, stages=8),
    HOPPER,
)  # fmt: skip

#: Small trees, of which all operands are tried.
SMALL = (
    tree("e2m1fn", "e2m1fn", "e4m3fn", ways=2, window=3, stages=0, flags=True),
    tree("e2m1fn", "e2m1fn", None, ways=2, window=4, stages=1),
    tree("e2m1fn", "s1e2m1", "e3m2fn", "s1e3m1", ways=1, window=3, stages=2, enable=True),
    tree("e2m1fn", "s1e2m1", "e3m2fn", "s1e4m1", ways=1, window=2, align_addend=False),
)

EXHAUSTIVE = tuple(
    replace(config, cut=cut, reference=reference)
    for cut, reference in itertools.product(Cut, Reference)
    for config in SMALL
)


def main() -> int:
    parser = argparse.ArgumentParser(description="Windowed trees against golden, in CXXRTL.")
    parser.add_argument("--count", type=int, default=10**6, help="random vectors of each tree")
    options = parser.parse_args()
    failed = total = 0
    for config in (*SAMPLED, *EXHAUSTIVE):
        count = None if config in EXHAUSTIVE else options.count
        start = time.monotonic()
        record = verify(config, engine="cxxrtl", count=count)
        seconds = time.monotonic() - start
        print(config.identifier, record.summary, f"{seconds:.0f} s", *record.first, flush=True)
        failed += not record.passed
        total += record.cases
    print(f"{total:,} vectors, {failed} trees differ from golden")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
