"""Compares the hardware of attention with golden over long runs.

    python tests/hw/full_attention.py [--cases N]

All configurations run the given number of beats each, with rows of all lengths up to their
longest, codes from equal to independent within a row, stalls, gaps and resets.
"""

import argparse
import sys
import time
from typing import Any

from ffp8.golden.attention import AttentionConfig
from ffp8.synth.verify import verify

__all__ = ["CONFIGS"]

#: Options of what is compared, as on the command line. Scales keep scores of random codes of any
#: exponents from being all too far apart.
CONFIGS: dict[str, dict[str, Any]] = {
    "defaults, small": {"head_size": 8, "value_size": 8, "lanes": 2, "scale": 2**-14},
    "FFP8": {
        "q": "s1e3m4",
        "k": "s1e3m4",
        "v": "s1e4m3b5",
        "head_size": 4,
        "value_size": 3,
        "lanes": 3,
        "length": 24,
        "scale": 2**-5,
        "mask": True,
        "scores": "q8.6",
    },
    "E4M3, masked": {
        "q": "e4m3fn",
        "k": "e4m3fn",
        "v": "e4m3fn",
        "head_size": 3,
        "value_size": 1,
        "lanes": 2,
        "length": 20,
        "mask": True,
        "scale": 2**-12,
        "softmax": "power=uq1.10,segments=2",
        "probabilities": "uq0.8",
        "out": "e4m3fn",
    },
    "infinities": {
        "q": "e5m2",
        "k": "e3m4",
        "v": "e5m2",
        "head_size": 2,
        "value_size": 1,
        "lanes": 1,
        "length": 7,
        "mask": True,
        "scores": "float16",
        "scale": 2**-12,
        "scale_bits": 3,
        "probabilities": "e4m3fn",
        "out": "float16",
        "overflow": "special",
    },
    "integers": {
        "q": "int8",
        "k": "int4",
        "v": "uint8",
        "head_size": 5,
        "value_size": 2,
        "lanes": 4,
        "length": 40,
        "scale": 2**-7,
        "softmax": "",
        "probabilities": "uq0.8",
        "out": "int8",
        "rounding": "toward-zero",
    },
    "softmax by tables": {
        "q": "int4",
        "k": "int4",
        "v": "int4",
        "head_size": 2,
        "value_size": 2,
        "lanes": 2,
        "length": 24,
        "mask": True,
        "scale": 2**-4,
        "softmax": "accurate",
    },
    "rows of one": {
        "q": "s0e3m5b12",
        "k": "s1e3m4",
        "v": "posit8_1",
        "head_size": 1,
        "value_size": 1,
        "lanes": 1,
        "length": 1,
        "scores": "q8.6",
        "out": "posit8_1",
    },
    "long rows": {
        "q": "int4",
        "k": "int4",
        "v": "int4",
        "head_size": 16,
        "value_size": 4,
        "lanes": 16,
        "length": 4096,
        "scale": 2**-4,
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compares attention with golden.")
    parser.add_argument("--cases", type=int, default=200_000, help="beats of each unit")
    options = parser.parse_args()
    failed = 0
    for name, chosen in CONFIGS.items():
        start = time.monotonic()
        record = verify(AttentionConfig.from_json(chosen), count=options.cases)
        seconds = time.monotonic() - start
        print(f"{name}: {record.summary}, {record.stalls:,} stalls, {seconds:.0f} s", flush=True)
        for mismatch in record.first:
            print(f"  {mismatch}")
        failed += not record.passed
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
