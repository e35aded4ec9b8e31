"""Vector quantizers of all kinds, in a simulation: ``python tests/hw/full_vector_quantizers.py``.

Each one is compared with golden in every cycle over random vectors, over those of
`vector_cases.vectors`, and by the checker of streams. The tests run a sample.

Compiling more than a hundred simulations takes an hour or two. With ``--quick`` nothing is
compiled, and each quantizer gets a few vectors of each kind alone, with stalls and resets.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stream_checker import check_stream
from stream_mismatches import stream_mismatches

sys.path.append(str(Path(__file__).parents[1] / "golden"))

from vector_cases import quantizer, vectors

from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.rounding import Rounding
from ffp8.golden.vector_quantizer import VectorQuantizerConfig
from ffp8.synth.verify import verify

__all__ = ["mismatches"]

#: Vectors of each kind, and random beats.
VECTORS, BEATS = 200, 20_000

#: Vectors of each kind where nothing is compiled.
FEW = 3


def mismatches(
    config: VectorQuantizerConfig, count: int, *, engine: str | None = None, seed: int = 0
) -> dict[str, int]:
    """In how many cycles each output is not golden's, with `count` vectors of each kind."""
    return stream_mismatches(config, vectors(config, count, seed), engine=engine, seed=seed)


def microscaling() -> Iterator[VectorQuantizerConfig]:
    """Each format of the catalogue with powers of two, of each kind of value."""
    names = [entry.name for entry in BLOCK_FORMATS if entry.format.rule != "quotient"]
    for number, name in enumerate(names):
        for place, a in enumerate(("bfloat16", "float16", "float32", "int24")):
            stages = (number + 3 * place) % 8 + 1
            lanes = (1, 2, 4, 8, 16 if place else 32)[(number + place) % 5]
            yield quantizer(a, name, lanes, stages=stages, maximum=bool(place % 2))


def rounded() -> Iterator[VectorQuantizerConfig]:
    """All roundings and rules, and scales of other formats."""
    for number, rounding in enumerate(Rounding):
        for to in ("mxfp8_e5m2_x8", "mxfp4_x8", "mxint8_x8", "s1e4m3b7_x8_e8m0fnu_ceil"):
            config = quantizer("bfloat16", to, 2, rounding=rounding, stages=number % 8 + 1)
            yield config
    for rule in ("floor", "fit", "ceil"):
        yield quantizer("bfloat16", f"q2.6_x4_e8m0fnu_{rule}_symmetric", 2)
        yield quantizer("float16", f"s1e4m3b7_x6_s0e6m0b20_nozero_{rule}", 3, overflow="special")
        yield quantizer("e5m2", f"s0e3m5b7_x12_s0e8m0b100_nozero_{rule}", 3)
        yield quantizer("int16", f"e3m2fn_x8_e8m0fnu_{rule}", 4)
        yield quantizer("bfloat16", f"e4m3fn_nosub_x8_e8m0fnu_{rule}", 4)
        yield quantizer("s1e0m7b0", f"s0e3m2b3_x8_e8m0fnu_{rule}", 4)


def quotients() -> Iterator[VectorQuantizerConfig]:
    """Scales that are quotients: by comparisons, by reciprocals of both kinds."""
    for stages in range(2, 13):
        lanes = (1, 2, 4, 8, 16)[stages % 5]
        overflow = ("saturate", "special")[stages % 2]
        a = ("bfloat16", "float16", "float32")[stages % 3]
        yield quantizer(a, "nvfp4", lanes, stages=stages, overflow=overflow)
    for rounding in ("nearest-even", "half-away", "toward-zero"):
        yield quantizer("bfloat16", "nvfp4_x4", 4, rounding=rounding, maximum=True)
        yield quantizer("int24", vs(4, 8, 4), 2, rounding=rounding)
        yield quantizer("bfloat16", vs(4, 8, 4).replace("_symmetric", ""), 2, rounding=rounding)
        yield quantizer("bfloat16", "uint4_x8_uint8_quotient_by_float16", 8, rounding=rounding)
        yield quantizer("bfloat16", "e2m1fn_x4_e8m0fnu_quotient", 2, rounding=rounding)
        yield quantizer("bfloat16", "e2m1fn_nosub_x4_e4m3fn_quotient", 4, rounding=rounding)
    for stages in range(3, 14):
        bits = 2 * (stages % 7) + 1
        lanes = (1, 2, 4, 8)[stages % 4]
        options: dict[str, Any] = {"stages": stages, "reciprocal_bits": bits}
        yield quantizer("bfloat16", vs(8, 16, 6), lanes, **options)
        yield quantizer("int24", vs(8, 64, 8), lanes, **options, value_bits=bits + 2)
    for stages in range(2, 11):
        bits = 2 * (stages % 6) + 1
        value_bits = (None, bits + 3)[stages % 2]
        options = {"stages": stages, "reciprocal_bits": bits, "value_bits": value_bits}
        lanes = (1, 4, 8, 16)[stages % 4]
        yield quantizer("int16", vs(4, 16, 10), lanes, **options, unrounded=True)
        yield quantizer("float16", vs(8, 16, 3), lanes, **options, unrounded=True)
    for rounding in Rounding:
        to = "e4m3fn_x4_e4m3fn_quotient_by_float32"
        yield quantizer("bfloat16", to, 2, rounding=rounding, reciprocal_bits=9)
        options = {"reciprocal_bits": 7, "unrounded": True, "overflow": "special"}
        yield quantizer("bfloat16", "e3m2fn_x4_e5m2fnuz_quotient", 2, rounding=rounding, **options)


def vs(bits: int, length: int, scale_bits: int) -> str:
    """The spelling of VS-Quant with signed elements."""
    return f"int{bits}_x{length}_uint{scale_bits}_quotient_symmetric_by_float32"


def wrong(config: VectorQuantizerConfig) -> int:
    """In how many cycles an output is wrong, and how many rules are broken."""
    found = mismatches(config, min(8000 // config.to.length, VECTORS))
    record = verify(config, count=BEATS)
    print(*record.first, sep="\n", end="", flush=True)
    try:
        check_stream(config, count=6000)
    except AssertionError as error:
        print(f"{config.identifier}: {error}", flush=True)
        return 1
    return sum(found.values()) + record.mismatches


def main() -> int:
    parser = argparse.ArgumentParser(description="Vector quantizers of all kinds, simulated.")
    parser.add_argument("--quick", action="store_true", help="few vectors; nothing is compiled")
    quick = parser.parse_args().quick
    start, units, failed = time.monotonic(), 0, 0
    for config in (*microscaling(), *rounded(), *quotients()):
        few = mismatches(config, FEW, engine="amaranth") if quick else {}
        count = sum(few.values()) if quick else wrong(config)
        if count:
            failed += 1
            print(f"{config.identifier}: {count} mismatches", flush=True)
        units += 1
        print(f"{units}: {config.identifier}", file=sys.stderr, flush=True)
    seconds = time.monotonic() - start
    print(f"{units} quantizers, {failed} failed, {seconds:.0f} s", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
