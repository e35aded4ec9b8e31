"""Compares the softmax's hardware with golden over long runs.

    python tests/hw/full_softmax.py [--cases N] [--rows N]

All configurations run the given number of beats each, with rows of all lengths up to their
longest, codes from equal to independent within a row, stalls, gaps and resets. Then each runs the
given number of rows of `softmax_cases.rows_of`, in the same way: scores of standard deviations of
0.1 to 16, saturated and equal ones, masks. Half of their beats are those of rows of any length,
all orders of magnitude alike, up to the longest; the others are of rows of up to 8 elements, or of
a vector.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from stream_mismatches import stream_mismatches

sys.path.append(str(Path(__file__).parents[1] / "golden"))

from softmax_cases import rows_of

from ffp8.golden.softmax import SoftmaxConfig
from ffp8.synth.verify import verify

__all__ = ["CONFIGS", "rows_of_all_lengths"]

#: Rows that are compared at once, and elements of those that are short.
AT_ONCE, SHORT = 50_000, 8

#: Options of what is compared, as on the command line.
CONFIGS: dict[str, dict[str, str | int | bool]] = {
    "paper": {},
    "wide result": {"out": "uq1.15"},
    "rows of 4096": {"out": "uq1.15", "length": 4096, "total": "uq13.6"},
    "wide": {
        "argument": "q6.6",
        "power": "uq1.17",
        "total": "uq10.12",
        "reciprocal": "uq1.12",
        "reciprocal_segments": 16,
        "out": "uq1.15",
    },
    "masked": {
        "lanes": 3,
        "length": 40,
        "mask": True,
        "log2e_bits": 8,
        "argument": "q6.4",
        "reciprocal_segments": 4,
        "fit": "minimax",
        "reciprocal_fit": "minimax",
        "slope_bits": 6,
        "blocks": False,
    },
    "floats": {
        "a": "bfloat16",
        "lanes": 1,
        "length": 100,
        "log2e_bits": 10,
        "argument": "q5.6",
        "segments": 16,
        "reciprocal": "uq1.12",
        "total": "uq8.12",
        "out": "e4m3fn",
    },
    "shifts": {
        "a": "e5m2",
        "lanes": 2,
        "length": 33,
        "argument": "q4.0",
        "segments": 0,
        "power": "uq2.8",
        "total": "uq9.10",
        "reciprocal_segments": 1,
        "rounding": "half-away",
        "mask": True,
        "out": "int8",
    },
    "sums of exact products": {
        "a": "int16",
        "length": 16,
        "argument": "q8.3",
        "segments": 1,
        "reciprocal_segments": 64,
        "total": "uq6.1",
        "out": "bfloat16",
    },
    "16 lanes": {"lanes": 16, "length": 1024, "total": "uq11.6", "mask": True, "out": "uq0.16"},
    "sums of int8": {
        "a": "int24",
        "lanes": 2,
        "length": 64,
        "argument": "q8.2",
        "total": "uq7.10",
        "mask": True,
        "out": "s0e4m4b15",
    },
    "sums in fixed point": {
        "a": "q10.14",
        "length": 4096,
        "log2e_bits": 8,
        "total": "uq13.10",
        "mask": True,
        "out": "uq0.12",
    },
    "ffp8": {
        "a": "s1e4m3b6",
        "lanes": 8,
        "length": 4096,
        "total": "uq13.6",
        "mask": True,
        "out": "s0e5m3b20",
    },
    "vectors of int8": {
        "out": "uq1.15",
        "length": 128,
        "to": "int8_x16_s0e0m8b7_quotient_symmetric",
        "reciprocal_bits": 10,
    },
    "microscaling": {"out": "uq1.15", "lanes": 2, "length": 96, "to": "mxfp8_e4m3", "mask": True},
    "rows of one": {"lanes": 1, "length": 1, "rounding": "toward-zero"},
}


def rows_of_all_lengths(config: SoftmaxConfig, rows: int, seed: int) -> dict[str, np.ndarray]:
    """Beats of so many rows, half of which are in long ones."""
    rng = np.random.default_rng(seed)
    short = np.minimum(rng.integers(1, SHORT + 1, rows), config.length)
    long = np.exp2(rng.uniform(0, np.log2(config.length + 1), rows)).astype(np.int64)
    long = np.clip(long, 1, config.length)

    def beats(lengths: np.ndarray) -> np.ndarray:
        return -(-lengths // (config.lanes * config.grain)) * config.grain

    fits = np.cumsum(beats(long)) <= beats(short).sum()
    lengths = np.where(fits, long, short)
    rng.shuffle(lengths)
    # There are rows as long as the longest.
    lengths[rng.integers(0, rows, 2)] = config.length
    return rows_of(config, rng, lengths)


def compare_rows(config: SoftmaxConfig, rows: int) -> tuple[int, int]:
    """Beats of so many rows, and how many differ from golden."""
    beats = differing = 0
    for seed, start in enumerate(range(0, rows, AT_ONCE)):
        operands = rows_of_all_lengths(config, min(AT_ONCE, rows - start), seed)
        beats += len(operands["last"])
        differing += sum(stream_mismatches(config, operands, seed=seed).values())
    return beats, differing


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares the softmax with golden.")
    parser.add_argument("--cases", type=int, default=1_000_000, help="beats of each unit")
    parser.add_argument("--rows", type=int, default=300_000, help="rows of each unit")
    options = parser.parse_args()
    failed = total = 0
    for name, chosen in CONFIGS.items():
        config = SoftmaxConfig.from_json(chosen)
        start = time.monotonic()
        if options.cases:
            record = verify(config, count=options.cases)
            print(f"{name}: {record.summary}, {record.stalls:,} stalls", flush=True)
            for mismatch in record.first:
                print(f"  {mismatch}")
            failed += not record.passed
        beats, differing = compare_rows(config, options.rows)
        seconds = time.monotonic() - start
        print(
            f"{name}: {options.rows:,} rows, {beats:,} beats, {differing} differences, "
            f"{seconds:.0f} s",
            flush=True,
        )
        failed += differing > 0
        total += options.rows
    print(f"{total:,} rows in all, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
