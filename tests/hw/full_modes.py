"""Ten million random vectors of each mode of trees and accumulators, in a compiled simulation:
``python tests/hw/full_modes.py``.

``full_modes.py windowed bypass`` takes the modes whose names contain one of these, ``--cases``
asks for fewer vectors. Corners come besides, others with each batch. The whole takes some twenty
minutes of one core.
"""

import argparse
import sys
import time

from full_accumulators import accumulator
from full_fma_trees import SHOWN, sweep, tree

from ffp8.golden.block import BlockConfig
from ffp8.golden.fma_tree import FmaTreeConfig

__all__ = ["MODES"]

#: Random vectors of each mode, or terms of an accumulator.
CASES = 10**7

E4M3 = ("e4m3fn", "e4m3fn")
MIXED = ("e4m3fn", "e5m2")
HFP8 = ("hfp8_1_4_3", "hfp8_1_4_3")
RAPID = ("fp16_1_6_9", "fp16_1_6_9")
RVBNA, HOPPER = "riscv-rvbna", "nvidia-hopper-fp8"

MODES: dict[str, BlockConfig] = {
    "exact, 24 ways": tree(*E4M3, None, ways=24, stages=7, enable=True),
    "exact, rounded": tree(*E4M3, "bfloat16", ways=8, stages=6),
    "exact, addend": tree(*E4M3, "float16", "float16", ways=2, stages=8, flags=True),
    "exact, int8": tree("int8", "int8", None, ways=16, stages=5),
    "windowed, toward zero": tree(*E4M3, "bfloat16", ways=8, window=10, stages=7, enable=True),
    "windowed, floor": tree(
        *MIXED, "float16", ways=8, window=8, cut="floor", reference="magnitudes", stages=6
    ),
    "windowed, nearest": tree(
        *E4M3, "float16", "float16", ways=8, window=12, cut="nearest", stages=8, flags=True
    ),
    "windowed, nearest, magnitudes": tree(
        *MIXED, None, ways=8, window=6, cut="nearest", reference="magnitudes", stages=3
    ),
    "windowed, odd": tree(
        *E4M3, "e5m2", ways=8, window=9, cut="odd", reference="magnitudes", stages=8
    ),
    "windowed, sticky": tree(*MIXED, "bfloat16", ways=8, window=8, cut="sticky", stages=6),
    "windowed, addend not aligned": tree(
        *E4M3, "float16", "float16", ways=8, window=8, cut="odd", align_addend=False, stages=7
    ),
    "windowed, RVBNA": FmaTreeConfig.preset(RVBNA, ways=16, stages=8),
    "windowed, Hopper": FmaTreeConfig.preset(HOPPER, b="e5m2", stages=9),
    "rounding, toward zero": tree(*MIXED, "e4m3fn", ways=4, rounding="toward-zero", stages=4),
    "rounding, half away": tree(*MIXED, "e4m3fn", ways=4, rounding="half-away", stages=4),
    "rounding, to odd": tree(*MIXED, "e4m3fn", ways=4, rounding="to-odd", stages=4, flags=True),
    "rounding, stochastic A": tree(
        *MIXED, "e4m3fn", ways=4, rounding="stochastic-a", random_bits=8, stages=4, flags=True
    ),
    "rounding, stochastic B": tree(
        *MIXED, "e4m3fn", ways=4, rounding="stochastic-b", random_bits=6, stages=4, flags=True
    ),
    "rounding, stochastic C": tree(
        *MIXED, "float16", ways=4, rounding="stochastic-c", random_bits=4, stages=4, enable=True
    ),
    "shared bias": tree(*E4M3, "e4m3fn", ways=8, bias_bits=6, stages=6, flags=True),
    "HFP8, a mode for each operand": tree(
        *HFP8, *RAPID, a_other="e5m2", b_other="e5m2", ways=2, stages=7
    ),
    "FP8 by float16": tree("e4m3fn", "float16", "float16", ways=2, stages=5, flags=True),
    "int4 by radix-4 FP4": tree("int4", "fp4_radix4", "bfloat16", ways=16, stages=6),
    "bypass": tree(*E4M3, "bfloat16", bypass=True, ways=8, stages=6, enable=True),
    "blocks": tree(*E4M3, None, blocks=True, ways=16, stages=5, enable=True),
    "accumulator, running float": accumulator("e5m2", "fp16_1_6_9", flags=True, enable=True),
    "accumulator, running int": accumulator("int8", "int16", flags=True, enable=True),
    "accumulator, chunked": accumulator(
        "fp16_1_6_9", "fp16_1_6_9", "chunked", chunk=64, flags=True, enable=True
    ),
    "accumulator, exact": accumulator("e4m3fn", None, "exact", terms=10**6, stages=3, enable=True),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare modes with golden in CXXRTL.")
    parser.add_argument("--cases", type=int, default=CASES, help="random vectors of each mode")
    parser.add_argument(
        "names", nargs="*", default=[""], help="modes whose names contain one of these"
    )
    options = parser.parse_args()
    failed = total = 0
    for name, config in MODES.items():
        if not any(part in name for part in options.names):
            continue
        start = time.monotonic()
        compared, found = sweep(config, options.cases)
        seconds = time.monotonic() - start
        outcome = "MISMATCHES" if found else "equal to golden"
        print(f"{name}: {compared:,} cases, {outcome}, {seconds:.0f} s", flush=True)
        print(f"  {' '.join(config.arguments)}", *found[:SHOWN], sep="\n", flush=True)
        failed += bool(found)
        total += compared
    print(f"{total:,} cases, {failed} modes differ from golden")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
