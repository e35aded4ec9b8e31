"""Compares the softmax's hardware with golden over long runs.

    python tests/hw/full_softmax.py [--cases N]

All configurations run the given number of beats each, with rows of all lengths up to their
longest, codes from equal to independent within a row, stalls, gaps and resets.
"""

import argparse
import sys
import time

from ffp8.golden.softmax import SoftmaxConfig
from ffp8.synth.verify import verify

__all__ = ["CONFIGS"]

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
    "vectors of int8": {
        "out": "uq1.15",
        "length": 128,
        "to": "int8_x16_s0e0m8b7_quotient_symmetric",
        "reciprocal_bits": 10,
    },
    "microscaling": {"out": "uq1.15", "lanes": 2, "length": 96, "to": "mxfp8_e4m3", "mask": True},
    "rows of one": {"lanes": 1, "length": 1, "rounding": "toward-zero"},
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares the softmax with golden.")
    parser.add_argument("--cases", type=int, default=1_000_000, help="beats of each unit")
    options = parser.parse_args()
    failed = 0
    for name, chosen in CONFIGS.items():
        start = time.monotonic()
        record = verify(SoftmaxConfig.from_json(chosen), count=options.cases)
        seconds = time.monotonic() - start
        print(f"{name}: {record.summary}, {record.stalls:,} stalls, {seconds:.0f} s", flush=True)
        for mismatch in record.first:
            print(f"  {mismatch}")
        failed += not record.passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
