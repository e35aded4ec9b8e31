"""Trees in a compiled simulation, with many cases: ``python tests/hw/full_fma_trees.py``.

``--cases 10000000 --only ways24`` asks for more cases of some trees. Each batch of random cases
brings corners of its own. ``--gates`` compares the gates of some trees instead, for two devices,
with a tenth of the cases.

Compiling the simulations of the larger trees takes minutes, so the tests simulate these with
fewer cases in Amaranth.
"""

import argparse
import itertools
import sys
import time
from typing import Any

from ffp8.golden.block import BlockConfig
from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.verify import Mismatch, verify, verify_gates

__all__ = ["EXHAUSTIVE", "SAMPLED", "tree"]

#: Cases of trees whose operands are too many to try them all.
CASES = 10**6

#: Random cases that are compared at a time: golden's arrays of them fit into memory.
BATCH = 500_000

#: Mismatches of a tree that are printed.
SHOWN = 5


def tree(a: str, b: str, out: str | None, c: str | None = None, **options: Any) -> FmaTreeConfig:
    for name in ("a_other", "b_other"):
        if name in options:
            options[name] = ScalarFormat.parse(options[name])
    return FmaTreeConfig(
        a=ScalarFormat.parse(a),
        b=ScalarFormat.parse(b),
        c=None if c is None else ScalarFormat.parse(c),
        out=None if out is None else ScalarFormat.parse(out),
        **options,
    )


SAMPLED = (
    tree("e4m3fn", "e4m3fn", "bfloat16", ways=8, stages=4, enable=True),
    tree("e4m3fn", "e4m3fn", None, ways=24, stages=7, enable=True),
    tree("e5m2", "e5m2", "e4m3fn", ways=3, stages=3, flags=True),
    tree(
        "e4m3fn", "e4m3fn", "float16", "float16", ways=2, overflow="special", stages=8, flags=True
    ),
    tree("e5m2", "e4m3", None, "bfloat16", ways=2, stages=1, enable=True),
    tree("e4m3fn", "e2m1fn", "float32", "float32", ways=4, stages=5),
    tree("s1e4m3b11", "e5m2", "fp16_1_6_9", "fp16_1_6_9", ways=2, stages=2, rounding="half-away"),
    tree("s0e3m5b12", "s1e4m3b7", "s0e4m4b9", ways=5, stages=0, flags=True),
    tree("s0e3m5b12", "s0e4m3_ieee", None, ways=3, stages=2),
    tree("int8", "int8", None, ways=16, stages=5),
    tree("int8", "int8", "int16", "int32", ways=4, stages=2, flags=True, enable=True),
    tree("int4", "int4", "e4m3fn", ways=7, stages=3, rounding="toward-zero", flags=True),
    tree("int8", "e4m3fn", "q12.-4", ways=3, stages=1, flags=True),
    tree("s1e0m7_fn", "int4", "uint8", "q4.4", ways=2, stages=0, flags=True),
    tree(
        "e4m3fnuz", "binary8p3se", "binary8p4se", ways=2, stages=0, overflow="special", flags=True
    ),
    tree("s1e7m0", "e8m0fnu", "e8m0fnu", "int8", ways=2, stages=4, flags=True),
    tree("e5m2_nosub", "e3m4", "e5m2_nosub", "e5m2", ways=1, stages=6, flags=True),
    tree("bfloat16", "e2m1fn", "bfloat16", ways=2, stages=6, rounding="half-away"),
    tree("posit8_0", "posit8_0", "posit8_0", ways=8, stages=5, flags=True),
    tree("posit8_1", "posit8_1", "posit8_1", "posit8_1", ways=4, stages=3, overflow="special"),
    tree("posit8_2", "e4m3fn", "posit8_2", "float16", ways=2, stages=4, flags=True),
    tree("posit8_2", "posit8_2", None, ways=4, stages=4, enable=True),
    tree("int4", "fp4_radix4", "fp4_radix4", ways=8, stages=3, flags=True),
    tree("fp4_radix4", "posit6_1", "s1e4m0b8r4_nosub", "fp4_radix4", ways=3, stages=1),
    tree("s0e6m0r4", "posit5_1", "float16", "posit8_0", ways=2, rounding="toward-zero"),
    tree("e4m3fn", "e4m3fn", None, "bfloat16", a_other="e5m2", ways=2, stages=3, enable=True),
    tree("int8", "posit8_1", "posit8_1", a_other="int4", b_other="fp4_radix4", ways=2, stages=2),
    tree("int8", "int8", None, a_other="q6.2", b_other="uint4", ways=3, stages=2),
    tree(
        "e4m3",
        "e5m2",
        "e4m3fn",
        "float16",
        a_other="e5m2",
        bias_bits=6,
        ways=3,
        stages=6,
        flags=True,
        enable=True,
    ),
    tree("e4m3fn_nosub", "e5m2", "e3m4_nosub", bias_bits=5, ways=2, stages=2, overflow="special"),
    tree("e4m3fn", "float16", "float16", ways=2, stages=5, flags=True),
    tree(
        "hfp8_1_4_3",
        "hfp8_1_4_3",
        "fp16_1_6_9",
        "fp16_1_6_9",
        a_other="e5m2",
        b_other="e5m2",
        ways=2,
        stages=7,
    ),
    tree("e4m3fn", "e5m2", "bfloat16", "float16", bypass=True, ways=4, stages=3, enable=True),
    tree("int8", "posit8_1", None, b_other="e4m3fn", bypass=True, ways=3, stages=2),
    tree("int8", "e4m3fn", "int8", bias_bits=6, ways=2, stages=2, flags=True),
    tree("int4", "fp4_radix4", "fp4_radix4", "int4", bias_bits=4, ways=2, stages=5, flags=True),
    tree("s0e3m5b12", "s0e2m2", "s0e8m0b127_nozero", bias_bits=16, ways=2, stages=0, flags=True),
    tree("e4m3fn", "e5m2", "float16", ways=4, stages=3, rounding="to-odd", overflow="special"),
)

#: All codes of all lanes.
EXHAUSTIVE = (
    tree("e2m1fn", "e2m1fn", "e4m3fn", ways=2, stages=1, flags=True),
    tree("e2m1fn", "e2m1fn", None, ways=2, stages=0),
    tree("e4m3fn", "e5m2", "e4m3fn", ways=1, stages=6, flags=True, enable=True),
    tree("int4", "fp4_radix4", "fp4_radix4", "int4", ways=1, stages=2, flags=True),
    tree(
        "hfp8_1_4_3",
        "hfp8_1_4_3",
        "fp16_1_6_9",
        a_other="e5m2",
        b_other="e5m2",
        ways=1,
        stages=3,
        flags=True,
    ),
    tree("posit4_1", "fp4_radix4", "posit4_1", "s1e2m1_ieee", ways=1, stages=0, flags=True),
    tree("posit8_2", "posit8_2", "posit8_2", ways=1, stages=2, flags=True),
    tree("e4m3fn", "e5m2", "e5m2", bypass=True, ways=1, stages=2, flags=True, enable=True),
    tree("e2m1fn", "e2m1fn", None, bypass=True, ways=2, stages=1),
    tree("s1e1m1_ieee", "s1e2m0_fn", "e5m2", "s1e2m1_ieee", ways=2, stages=2, flags=True),
    tree("e5m2", "e4m3fn", "s1e3m2b5", ways=1, stages=0, rounding="to-odd", flags=True),
    tree("e5m2", "int4", "q3.3", "int4", ways=1, stages=1, rounding="to-odd", flags=True),
    tree(
        "e2m1fn",
        "e3m2fn",
        "s1e2m2",
        "int4",
        ways=1,
        stages=4,
        enable=True,
        flags=True,
        rounding="stochastic-c",
        random_bits=4,
    ),
    tree(
        "int4",
        "e2m1fn",
        "q3.1",
        ways=1,
        stages=0,
        flags=True,
        rounding="stochastic-b",
        random_bits=5,
    ),
    tree("uint4", "int4", "posit6_1", "int4", ways=1, stages=1, rounding="stochastic-a"),
)


#: Trees whose gates are compared, and for which devices.
GATES = (
    tree("e4m3fn", "e4m3fn", None, ways=8, stages=6),
    tree("e4m3fn", "e4m3fn", None, ways=24, stages=8),
)
DEVICES = ("ecp5-25k", "ice40-hx8k")


def sweep(config: BlockConfig, cases: int) -> tuple[int, list[Mismatch]]:
    """How many cases were compared, corners included, and what differed.

    Random cases come in batches that fit into memory, each with other corners and stalls.
    """
    if config in EXHAUSTIVE:
        record = verify(config, engine="cxxrtl")
        return record.cases, list(record.first)
    design = elaborate(config, models=True)
    compared, found = 0, []
    for seed, start in enumerate(range(0, cases, BATCH)):
        count = min(BATCH, cases - start)
        record = verify(config, design=design, engine="cxxrtl", seed=seed, count=count)
        compared += record.cases
        found += record.first
        state = f"{compared:,} cases, {len(found)} mismatches"
        print(f"{config.identifier}: {state}", file=sys.stderr, flush=True)
    return compared, found


def gates_differ(only: str, cases: int) -> bool:
    """Compare gates of the trees in `GATES`, and say whether some differ from golden."""
    differ = False
    for config, device in itertools.product(GATES, DEVICES):
        if only in config.identifier:
            start = time.monotonic()
            record = verify_gates(config, find_device(device), count=cases)
            seconds = time.monotonic() - start
            text = f"{record.what}: {record.summary}, {seconds:.0f} s"
            print(f"{config.identifier}: {text}", *record.first, sep="\n", flush=True)
            differ |= not record.passed
    return differ


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare trees with golden in CXXRTL.")
    parser.add_argument("--cases", type=int, default=CASES, help="random cases of each tree")
    parser.add_argument("--only", default="", help="trees whose name contains this")
    parser.add_argument("--gates", action="store_true", help="gates of two devices instead")
    options = parser.parse_args()
    if options.gates:
        return int(gates_differ(options.only, options.cases // 10))
    failed = 0
    for config in (*SAMPLED, *EXHAUSTIVE):
        if options.only not in config.identifier:
            continue
        start = time.monotonic()
        compared, found = sweep(config, options.cases)
        seconds = time.monotonic() - start
        outcome = "MISMATCHES" if found else "equal to golden"
        print(f"{config.identifier}: {compared:,} cases, {outcome}, {seconds:.0f} s", flush=True)
        print(*found[:SHOWN], sep="\n", end="\n" * bool(found))
        failed += bool(found)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
