"""Scaled dot products in a compiled simulation: ``python tests/hw/full_scaled_dots.py [PART]``.

PART is ``short``: short blocks, for no device and for an ECP5; or ``full``: blocks of full size,
for one and the other in turns, since they take minutes to compile. Without it, both. The tests
simulate some of the short ones.
"""

import sys
from dataclasses import replace
from itertools import cycle, product
from typing import Any

from ffp8.golden.scaled_dot import ScaledDotConfig
from ffp8.golden.scaled_places import places
from ffp8.synth.devices import find_device
from ffp8.synth.verify import verify

__all__ = ["COMPILED", "FULL_SIZE", "SAMPLED", "scaled"]

#: Random cases, or blocks in sums of up to 2048 with stalls between them; fewer of full size,
#: whose operands take a hundred bytes each.
CASES, FULL_CASES = 10**6, 200_000

NVFP4 = "e2m1fn_x3_e4m3fn"


def scaled(a: str, b: str, **options: Any) -> ScaledDotConfig:
    return ScaledDotConfig.from_json({"a": a, "b": b, **options})


#: One of each kind, with registers here and there.
COMPILED = (
    scaled(NVFP4, NVFP4, out="float32", stages=12, flags=True, enable=True),
    scaled("mxfp4_x4", "mxfp8_e5m2_x4", out="bfloat16", overflow="special", stages=3, flags=True),
    scaled("mxfp4_x2", "e2m1fn_x2_e5m2_quotient", stages=2, enable=True),
    scaled("int4_x5_uint8_symmetric", "int3_x5_uint5_symmetric", out="int16", flags=True, stages=3),
    scaled(
        "int4_x5_uint8", "int4_x5_uint8", factor_bits=8, accumulate="running", out="q26.-8",
        stages=4, flags=True, enable=True,
    ),
)  # fmt: skip

#: Sums of few blocks, in Amaranth's simulator.
SAMPLED = (
    scaled(NVFP4, NVFP4, accumulate="running", out="fp16_1_6_9", stages=3, flags=True),
    scaled("mxfp4_x2", "mxfp8_e5m2_x2", accumulate="running", out="bfloat16", overflow="special",
           stages=5, enable=True),
    scaled(NVFP4, NVFP4, accumulate="exact", terms=9, stages=4, enable=True),
    scaled(NVFP4, "e5m2_x3_e5m2_quotient", accumulate="exact", terms=9, out="bfloat16", stages=6,
           rounding="stochastic-b", random_bits=4, flags=True),
    scaled("int4_x3_uint4", "uint4_x3_uint6", accumulate="exact", terms=30, out="int16"),
    scaled("mxint8_x2", "mxint8_x2", accumulate="running", out="q6.6", rounding="stochastic-a",
           random_bits=3, flags=True, stages=2),
    scaled("int4_x3_uint4", "int4_x3_uint4", factor_bits=3, factor_rounding="nearest-even",
           accumulate="running", out="q10.-2", stages=2),
    scaled("int4_x3_uint4", "int4_x3_uint4", factor_bits=7, factor_rounding="to-odd",
           accumulate="running", out="float16"),
)  # fmt: skip


def full(a: str, b: str, **options: Any) -> ScaledDotConfig:
    """With registers in all places."""
    config = scaled(a, b, **options)
    return replace(config, stages=len(places(config)) + (config.accumulate != "none"))


FULL_SIZE = (
    ScaledDotConfig.preset("keller-int4", stages=12, flags=True, enable=True),
    ScaledDotConfig.preset("keller-int8", stages=12, flags=True),
    scaled(
        "int4_x128_uint8", "int4_x128_uint8", factor_bits=8, accumulate="running", out="q34.-8",
        stages=10,
    ),
    full("nvfp4", "nvfp4", out="float32", flags=True),
    full("nvfp4", "nvfp4", out="float32", accumulate="running"),
    full("nvfp4", "nvfp4", out="float32", accumulate="exact", terms=4096),
    full("mxfp8_e4m3", "mxfp8_e4m3", out="float32", flags=True),
    full("mxfp8_e5m2", "mxfp8_e5m2", out="float32"),
    full("mxfp6_e2m3", "mxfp6_e2m3", out="float32"),
    full("mxfp6_e3m2", "mxfp6_e3m2", out="float32"),
    full("mxfp4", "mxfp4", out="float32", flags=True),
    full("mxint8", "mxint8", out="float32"),
    full("mxfp8_e4m3", "mxfp4", out="float32", accumulate="running"),
    full("mxfp4", "mxfp4", accumulate="exact", terms=1024),
)  # fmt: skip


def main() -> int:
    parts = sys.argv[1:] or ["short", "full"]
    devices = (None, find_device("ecp5-85k"))
    chosen = []
    if "short" in parts:
        short = product((*COMPILED, *SAMPLED), devices)
        chosen += [(config, device, CASES) for config, device in short]
    if "full" in parts:
        full_size = zip(FULL_SIZE, cycle(devices))
        chosen += [(config, device, FULL_CASES) for config, device in full_size]
    failed = 0
    for config, device, count in chosen:
        record = verify(config, device=device, engine="cxxrtl", count=count)
        made_for = "none" if device is None else device.name
        print(config.identifier, made_for, record.summary, *record.first, flush=True)
        failed += not record.passed
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
