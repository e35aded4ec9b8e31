"""Compares the hardware of the softmax by tables with golden over long runs.

    python tests/hw/full_table_softmax.py [--cases N]

All configurations run the given number of beats each, with rows of all lengths up to their
longest, codes from equal to independent within a row, stalls, gaps and resets.
"""

import argparse
import sys
import time
from collections.abc import Mapping

from ffp8.golden.table_softmax import TableSoftmaxConfig
from ffp8.synth.verify import verify

__all__ = ["CONFIGS"]

#: Options of what is compared, as on the command line.
CONFIGS: dict[str, Mapping[str, object]] = {
    "default": {},
    **{name: preset.options({}) for name, preset in TableSoftmaxConfig.presets.items()},
    "corrected": {"a": "q6.7", "argument": "q6.7", "octaves": 1, "correction": True},
    "rows of 4096": {"length": 4096, "segments": 32, "index_bits": 12, "total_bits": 12},
    "masked": {
        "a": "int8",
        "lanes": 3,
        "length": 40,
        "mask": True,
        "log2e_bits": 8,
        "argument": "q5.4",
        "octaves": 4,
        "segments": 4,
        "slope_bits": 6,
        "out": "uq1.12",
    },
    "floats": {
        "a": "bfloat16",
        "lanes": 1,
        "length": 100,
        "log2e_bits": 10,
        "argument": "q5.6",
        "octaves": 1,
        "power_bits": 12,
        "total_bits": 10,
        "index_bits": 6,
        "out": "e4m3fn",
        "rounding": "nearest-even",
    },
    "few bits": {
        "a": "e5m2",
        "lanes": 2,
        "length": 33,
        "argument": "q3.0",
        "power_bits": 6,
        "total_bits": 5,
        "index_bits": 1,
        "segments": 1,
        "factor_bits": 6,
        "rounding": "half-away",
        "mask": True,
        "out": "int8",
    },
    "16 lanes": {"lanes": 16, "length": 1024, "mask": True, "memory": True, "out": "uq0.16"},
    "rows of one": {"lanes": 1, "length": 1, "argument": "q8.0", "total_bits": 18},
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares the softmax by tables with golden.")
    parser.add_argument("--cases", type=int, default=1_000_000, help="beats of each unit")
    parser.add_argument("--only", nargs="+", choices=CONFIGS, default=list(CONFIGS))
    options = parser.parse_args()
    failed = 0
    for name in options.only:
        start = time.monotonic()
        record = verify(TableSoftmaxConfig.from_json(CONFIGS[name]), count=options.cases)
        seconds = time.monotonic() - start
        print(f"{name}: {record.summary}, {record.stalls:,} stalls, {seconds:.0f} s", flush=True)
        for mismatch in record.first:
            print(f"  {mismatch}")
        failed += not record.passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
