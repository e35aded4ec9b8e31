"""All pairs of codes of many format pairs, in hardware and in golden.

    python tests/hw/full_multipliers.py [--pairs N]

Each configuration is a multiplier of two 8-bit formats, of which all 65,536 pairs of codes go
through its hardware in CXXRTL and are compared with golden. The configurations cover every
pair of the conventions for special codes, unsigned and signed, odd biases, formats without
exponent or without fraction, all roundings (all words of 2 random bits), exact results, flags,
stages and stalls. The tests run a sample of them.
"""

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterator

from ffp8.golden.catalogue import CATALOGUE
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import verify

#: 8-bit formats beyond the catalogue's: every split, odd biases, every convention.
MORE = (
    *(f"s1e{e}m{7 - e}" for e in range(8)),
    *(f"s0e{e}m{8 - e}" for e in range(9)),
    "s1e4m3b-3", "s1e5m2b40", "s1e2m5b-20", "s0e3m5b12", "s0e4m4b33", "s0e2m6b-7",
    "s1e3m4b9_ieee", "s0e5m3_ieee", "s1e1m6b-3_ieee", "s1e7m0_ieee", "s0e6m2b50_ieee_nosub",
    "s1e3m4_fn", "s0e4m4_fn", "s1e0m7_fn", "s1e6m1b20_fnuz", "s1e0m7_fnuz", "s1e4m3_fn_nosub",
    "s1e5m2_ieee_nosub", "s1e4m3_fnuz_nosub", "s1e4m3b7_nosub", "s0e8m0b100",
    "binary8p1se", "binary8p7se", "binary8p2ue", "binary8p8uf", "binary8p5uf", "binary8p6sf",
    "q4.4", "q1.7", "uq0.8", "uq1.7",
)  # fmt: skip

#: Widths other than 8 for results, and for raw products of unequal widths.
RESULTS = ("float16", "bfloat16", "float32", "fp16_1_6_9", "e2m1fn", "e3m2fn", "int16", "uint4",
           "q8.8", "s1e5m10_fn")  # fmt: skip


def formats() -> list[Format]:
    """The 8-bit formats of the test."""
    known = [
        entry.format
        for entry in CATALOGUE
        if isinstance(entry.format, Format) and entry.format.width == 8
    ]
    return list(dict.fromkeys([*known, *map(Format.parse, MORE)]))


def configurations() -> Iterator[MultiplierConfig]:
    """Endless configurations of different pairs; the first ones cover the conventions."""
    chance = random.Random(8)
    everything = formats()
    kinds: dict[tuple[object, ...], list[Format]] = {}
    for fmt in everything:
        kind = (fmt.specials, fmt.sign, fmt.complement, fmt.zero)
        kinds.setdefault(kind, []).append(fmt)
    by_kind = [
        (chance.choice(kinds[left]), chance.choice(kinds[right]))
        for left, right in itertools.product(kinds, kinds)
    ]
    pairs = list(itertools.product(everything, everything))
    chance.shuffle(pairs)
    results = [*everything, *map(Format.parse, RESULTS)]
    roundings = itertools.cycle(Rounding)
    for number, (a, b) in enumerate(dict.fromkeys([*by_kind, *pairs])):
        if number % 5 == 4:
            yield MultiplierConfig(a=a, b=b, stages=number % 4)
            continue
        stages = chance.randrange(4)
        rounding = next(roundings)
        yield MultiplierConfig(
            a=a,
            b=b,
            out=a if number % 3 == 0 else chance.choice(results),
            rounding=rounding,
            random_bits=2 if rounding.stochastic else 0,
            overflow=chance.choice(list(Overflow)),
            stages=stages,
            enable=stages > 0 and chance.random() < 0.5,
            flags=chance.random() < 0.5,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="All pairs of codes of many format pairs.")
    parser.add_argument("--pairs", type=int, default=400, help="format pairs (default: 400)")
    args = parser.parse_args()
    start = time.monotonic()
    chosen = list(itertools.islice(configurations(), args.pairs))
    compared = failed = 0
    for group in (chosen[at : at + 20] for at in range(0, len(chosen), 20)):
        # Compiled side by side; `verify` finds them in the cache.
        open_engines([elaborate(config) for config in group], "cxxrtl")
        for config in group:
            record = verify(config, engine="cxxrtl")
            assert record.exhaustive
            compared += record.cases
            if not record.passed:
                failed += 1
                print(f"{config.identifier}: {record.mismatches} mismatches: {record.first[0]}")
        print(f"{compared:,} products, {failed} failed", file=sys.stderr)
    seconds = time.monotonic() - start
    print(
        f"{len(chosen)} format pairs, {compared:,} products, {failed} pairs failed, {seconds:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
