"""Accumulators in a compiled simulation, with many terms: ``python tests/hw/full_accumulators.py``.

Compiling all simulations takes minutes, so the tests simulate most of them in Amaranth with
fewer terms, and leave the large ones.
"""

import sys
from typing import Any

from ffp8.golden.accumulator import AccumulatorConfig
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.synth.verify import verify

__all__ = ["COMPILED", "LARGE", "SAMPLED", "accumulator"]

#: Terms, in sums of up to 2048 with stalls between them.
TERMS = 2 * 10**6


def accumulator(a: str, out: str | None, kind: str = "running", **options: Any) -> Any:
    inner = options.pop("inner", None)
    return AccumulatorConfig(
        a=AnyFormat.parse(a),
        out=None if out is None else ScalarFormat.parse(out),
        inner=None if inner is None else Format.parse(inner),
        kind=kind,  # pyright: ignore[reportArgumentType]
        **options,
    )


#: One of each kind.
COMPILED = (
    accumulator("e5m2", "fp16_1_6_9", flags=True, enable=True),
    accumulator("e4m3fn", "e4m3fn", "chunked", chunk=5, enable=True, flags=True),
    accumulator("int8", "int16", flags=True, enable=True),
    accumulator("e4m3fn", None, "exact", terms=2000, stages=3, enable=True),
)

SAMPLED = (
    accumulator("float16", "float16", overflow="special", stages=3, enable=True, flags=True),
    accumulator("e5m2", "e4m3fn", rounding="toward-zero", flags=True),
    accumulator("e4m3fn", "e5m2", rounding="half-away", overflow="special", flags=True),
    accumulator("e5m2", "e4m3fn", rounding="to-odd", flags=True),
    accumulator("e5m2", "e4m3fn", rounding="stochastic-a", random_bits=3, flags=True, stages=3),
    accumulator("e4m3fn", "e5m2_nosub", rounding="stochastic-b", random_bits=4, enable=True),
    accumulator("e4m3fn", "q4.3", rounding="stochastic-c", random_bits=1, flags=True),
    accumulator("float16", "int8", rounding="stochastic-c", flags=True, stages=2),
    accumulator(
        "e4m3fn",
        "e5m2",
        "chunked",
        chunk=4,
        rounding="stochastic-c",
        random_bits=5,
        stages=5,
        enable=True,
    ),
    accumulator("e5m2", "e4m3fn", "exact", terms=9, rounding="stochastic-c", stages=6, enable=True),
    accumulator("e4m3fn_nosub", "e4m3fn_nosub", flags=True, enable=True),
    accumulator("e5m2", "s1e3m2b3_nosub", rounding="half-away", flags=True),
    accumulator("s0e3m5b12", "s0e4m4b9", flags=True),
    accumulator("e4m3fnuz", "s0e3m3b4", flags=True, stages=2),
    accumulator("e4m3fn", "e4m3fnuz", flags=True, overflow="special", enable=True),
    accumulator("binary8p4se", "binary8p3se", flags=True, overflow="special"),
    accumulator("e2m1fn", "s1e5m0", flags=True),
    accumulator("e2m1fn", "s1e4m0b3_nosub", flags=True),
    accumulator("float16", "e2m1fn", flags=True),
    accumulator("int4", "int8", flags=True, stages=3),
    accumulator("e4m3fn", "q4.3", flags=True, enable=True),
    accumulator("e5m2", "uint8", flags=True, rounding="half-away"),
    accumulator("q4.4", "int8", rounding="to-odd", flags=True),
    accumulator("int8", "uint8", flags=True),
    accumulator("int8", "s1e0m7_fn", overflow="special", flags=True),
    accumulator("posit8_2", "float16", flags=True),
    accumulator("fp4_radix4", "e5m2", flags=True, enable=True),
    accumulator("raw_m9e3b4_sin", "e5m2", flags=True),
    accumulator("e5m2", "e4m3fn", "chunked", chunk=1, inner="s1e3m2b3", stages=3, flags=True),
    accumulator("int4", "int8", "chunked", chunk=16, inner="int4", flags=True, enable=True),
    accumulator("s0e3m5b12", None, "exact", terms=20, stages=2),
    accumulator("int8", None, "exact", terms=5, enable=True),
    accumulator("posit8_1", None, "exact", terms=5, enable=True),
    accumulator("raw_m8e5b20_sin", None, "exact", terms=4, stages=3, enable=True),
    accumulator("raw_m42e0b18_cn", None, "exact", terms=4),
    accumulator("e5m2", "e5m2", "exact", terms=3, overflow="special", flags=True),
    accumulator("int4", "uint8", "exact", terms=3, flags=True, stages=3),
    accumulator("e4m3fn", "q4.3", "exact", terms=300, rounding="half-away", flags=True),
    accumulator("e4m3fn", "posit8_2", "exact", terms=3, flags=True, stages=4),
    accumulator("e4m3fn", "e8m0fnu", "exact", terms=3, flags=True, stages=5),
)

LARGE = (
    accumulator("fp16_1_6_9", "fp16_1_6_9", rounding="stochastic-a", random_bits=12, enable=True),
    accumulator("bfloat16", "float32", stages=2, overflow="special"),
    accumulator("float32", "float32", stages=3),
    accumulator("float32", "int16", flags=True, stages=2),
    accumulator("raw_m42e0b18_cn", "float32", stages=2, enable=True),
    accumulator("e4m3fn", "float32", "chunked", chunk=64, inner="fp16_1_6_9", stages=4),
    accumulator("e5m2", "float16", "chunked", chunk=7, inner="e5m2", stages=5, flags=True),
    accumulator("float16", "float16", "exact", terms=2**20, stages=7, flags=True, enable=True),
    accumulator("e5m2", None, "exact", terms=1000, enable=True),
    accumulator("e8m0fnu", "bfloat16", flags=True),
)


def main() -> int:
    failed = 0
    for config in (*COMPILED, *SAMPLED, *LARGE):
        record = verify(config, engine="cxxrtl", count=TERMS)
        print(config.identifier, record.summary, *record.first, flush=True)
        failed += not record.passed
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
