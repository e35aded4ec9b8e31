"""Converters between all formats, in a simulation: ``python tests/hw/full_converters.py [PART]``.

PART is ``small``: all codes between all formats of the catalogue of up to 8 bits; ``wide``: all
codes of float16 and bfloat16 to those of 8 bits, and back; ``float32``: the values of each 8-bit
format, the middles between them, the codes next to these, and ten million random codes;
``stochastic``: all codes with all random words of 3 to 8 bits. Without it, all four. The tests
run a sample.
"""

import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.catalogue import CATALOGUE
from ffp8.golden.converter import ConverterConfig
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.synth.verify import verify

__all__ = ["converter", "small", "stochastic", "wide"]

SMALL = [entry.format for entry in CATALOGUE if entry.format.width <= 8]

#: Roundings and overflows; pairs of formats go through them.
MODES = list(itertools.product(Rounding, Overflow))

#: Random codes of float32 for each format: this many runs, of this many codes.
RUNS, CODES = 10, 10**6


def converter(a: str, out: str, **options: Any) -> ConverterConfig:
    return ConverterConfig(a=AnyFormat.parse(a), out=ScalarFormat.parse(out), **options)


def small() -> Iterator[ConverterConfig]:
    """Each pair of small formats, once with flags and once without."""
    for number, (a, out) in enumerate(itertools.product(SMALL, SMALL)):
        for flags in (False, True):
            rounding, overflow = MODES[(number + 5 * flags) % len(MODES)]
            stages = number % 3
            yield ConverterConfig(
                a=a,
                out=out,
                rounding=rounding,
                overflow=overflow,
                stages=stages,
                flags=flags,
                enable=stages > 0 and not flags,
                random_bits=3 if rounding.stochastic else 0,
            )


def wide() -> Iterator[ConverterConfig]:
    """float16 and bfloat16 to each format of 8 bits and back, in two roundings."""
    for number, (name, small) in enumerate(itertools.product(("float16", "bfloat16"), SMALL)):
        if small.width != 8:
            continue
        other = ScalarFormat.parse(name)
        rounding, overflow = MODES[number % len(MODES)]
        yield ConverterConfig(a=other, out=small, stages=0)
        yield ConverterConfig(
            a=other,
            out=small,
            rounding=rounding,
            random_bits=3 if rounding.stochastic else 0,
            overflow=overflow,
            flags=True,
        )
        yield ConverterConfig(a=small, out=other, stages=0, flags=True)


def float32() -> Iterator[ConverterConfig]:
    """float32 to each format of 8 bits."""
    for small in SMALL:
        if small.width == 8:
            yield ConverterConfig(a=ScalarFormat.parse("float32"), out=small, stages=0)


#: Formats for stochastic roundings: floats, their subnormals, integers, fixed point, posits and
#: radix 4.
NARROWED = (
    ("e5m2", "e2m1fn"),
    ("e4m3fn", "s1e2m2b3"),
    ("e3m4", "q3.2"),
    ("int8", "s1e3m1"),
    ("posit8_1", "e3m2fn"),
    ("e4m3fn", "posit5_1"),
    ("e5m2", "fp4_radix4"),
)


def stochastic() -> Iterator[ConverterConfig]:
    """Each stochastic rounding with words of 3 to 8 bits, between some formats."""
    roundings = [rounding for rounding in Rounding if rounding.stochastic]
    for (a, out), rounding, bits in itertools.product(NARROWED, roundings, range(3, 9)):
        yield converter(a, out, rounding=rounding, random_bits=bits, stages=0, flags=True)


def run(configs: Iterator[ConverterConfig], engine: str, seeds: int, count: int | None) -> int:
    """Compare converters with golden, and say how many are wrong."""
    start, cases, failed, units = time.monotonic(), 0, 0, 0
    for config in configs:
        for seed in range(seeds):
            record = verify(config, engine=engine, seed=seed, count=count)
            cases += record.cases
            if not record.passed:
                failed += 1
                print(f"{config.identifier}: {record.summary}", *record.first, flush=True)
        units += 1
    seconds = time.monotonic() - start
    print(f"{units} converters, {cases:,} cases, {failed} runs failed, {seconds:.0f} s", flush=True)
    return failed


def main() -> int:
    parts = sys.argv[1:] or ["small", "wide", "float32", "stochastic"]
    failed = 0
    if "small" in parts:
        failed += run(small(), "amaranth", 1, None)
    if "wide" in parts:
        failed += run(wide(), "cxxrtl", 1, None)
    if "float32" in parts:
        failed += run(float32(), "cxxrtl", RUNS, CODES)
    if "stochastic" in parts:
        failed += run(stochastic(), "cxxrtl", 1, None)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
