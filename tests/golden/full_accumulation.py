"""Sums of a million terms against exact rationals: ``python tests/golden/full_accumulation.py``."""

import sys
from fractions import Fraction

import numpy as np
from accumulator_oracle import exact_steps, steps, values_of

from ffp8.golden.accumulator import AccumulatorConfig, Kind, accumulate, held_range
from ffp8.golden.formats import Format

__all__ = ["CONFIGS", "differences"]

WANG = Format.parse("fp16_1_6_9")
E4M3, E5M2 = Format.parse("e4m3fn"), Format.parse("e5m2")

#: Sums of one sequence: exact in the width for a million terms, and in chunks.
CONFIGS = (
    AccumulatorConfig(a=E4M3, kind=Kind.EXACT, terms=10**6),
    AccumulatorConfig(a=E4M3, out=WANG, kind=Kind.CHUNKED, chunk=64),
    AccumulatorConfig(a=E4M3, out=Format.parse("float16"), inner=E5M2, kind=Kind.CHUNKED, chunk=17),
)


def differences(config: AccumulatorConfig, count: int) -> int:
    """After how many of the terms the sum is not that of exact rationals."""
    rng = np.random.default_rng(6)
    codes = rng.integers(0, 2**8, count)
    # NaN would end the sum; mostly positive terms make it long.
    codes = np.where(codes & 127 == 127, 1, codes & (127 | rng.integers(0, 2, count) << 7))
    codes = codes.astype(np.uint8)
    first = np.arange(count) == 0
    got = accumulate(config, a=codes, first=first)["out"]
    terms = values_of(config.a, codes)
    if config.kind is not Kind.EXACT:
        return sum(
            code != want for code, (want, _) in zip(got, steps(config, terms, first), strict=True)
        )
    held = held_range(config)
    unit = Fraction(2) ** held.unit
    wanted = exact_steps(terms, first, held.low * unit, held.high * unit)
    values = config.result.unpack(got).to_fractions()
    return sum(value != finite for value, (_, finite, _, _) in zip(values, wanted, strict=True))


def main() -> int:
    wrong = 0
    for config in CONFIGS:
        found = differences(config, 10**6)
        print(f"{config.identifier}: 1,000,000 terms, {found} differences", flush=True)
        wrong += found
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
