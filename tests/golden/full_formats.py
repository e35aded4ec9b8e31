"""Compare golden's formats with the oracle's; `python tests/golden/full_formats.py` does all.

Every format of 2 to 8 bits: all splits into sign, exponent and fraction, biases -20 to 40,
with and without subnormals, all conventions for special codes, two's complement, and formats
without zero. For each, all codes, and all values, midpoints and their neighbours in each of the
roundings and overflow policies, flags included; of the stochastic roundings one, with random words.
"""

import argparse
import itertools
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from math import inf, isinf, isnan, nan
from typing import Any

import numpy as np
from format_oracle import Oracle, Value, valid_fields

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.rounding import MAX_RANDOM_BITS, Overflow, RandomBits, Rounding

__all__ = ["BIASES", "compare"]

BIASES = range(-20, 41)
EPSILON_BITS = 30
FLAGS = ("overflow", "underflow", "inexact", "invalid")


def to_exact(oracle: Oracle, probes: list[tuple[bool, int | float]]) -> Exact:
    """The oracle's values as golden has them."""
    negative, magnitudes = zip(*probes, strict=True)
    finite = [m if isinstance(m, int) else 0 for m in magnitudes]
    zeros = [max((m & -m).bit_length() - 1, 0) for m in finite]
    significands = [m >> z for m, z in zip(finite, zeros, strict=True)]
    wide = max(significands).bit_length() > 62
    return Exact(
        negative=np.array(negative),
        significand=np.array(significands, object if wide else np.int64),
        exponent=np.array(zeros, np.int64) - (oracle.denominator.bit_length() - 1),
        infinite=np.array([isinstance(m, float) and isinf(m) for m in magnitudes]),
        nan=np.array([isinstance(m, float) and isnan(m) for m in magnitudes]),
    )


def compare(fields: dict[str, Any], epsilon_bits: int = EPSILON_BITS) -> Counter[str]:
    """Compare one format; how much was compared.

    Raises
    ------
    AssertionError
        At the first difference.
    """
    fmt, oracle = Format(**fields), Oracle(**fields)
    decoded = fmt.unpack(fmt.codes)
    for code, want in enumerate(oracle.values):
        got = value_of(decoded, code)
        assert same(got, want), f"{fmt}: code {code} is {got}, should be {want}"
    probes = list(oracle.probes(epsilon_bits))
    exact = to_exact(oracle, probes)
    count = Counter(formats=1, codes=len(oracle.values))
    stochastic = [rounding for rounding in Rounding if rounding.stochastic]
    plain = [rounding for rounding in Rounding if not rounding.stochastic]
    # One stochastic rounding a format, since the words are many.
    seed = zlib.crc32(fmt.spelling.encode())
    cases = [*itertools.product(plain, Overflow), (stochastic[seed % 3], list(Overflow)[seed % 2])]
    for rounding, overflow in cases:
        words, random = np.zeros(len(probes), np.int64), None
        bits = seed % MAX_RANDOM_BITS + 1
        if rounding.stochastic:
            words = np.random.default_rng(seed).integers(0, 2**bits, len(probes))
            random = RandomBits(words, bits)
        codes, flags = fmt.round(exact, rounding, overflow, random)
        columns = [codes, *(getattr(flags, name) for name in FLAGS)]
        got = list(zip(*(column.tolist() for column in columns), strict=True))
        wanted = [
            oracle.encode(*probe, rounding.value, overflow.value, (word, bits))
            for probe, word in zip(probes, words.tolist(), strict=True)
        ]
        if got != [(code, *raised) for code, raised in wanted]:
            for probe, result, (code, raised) in zip(probes, got, wanted, strict=True):
                assert result == (code, *raised), (
                    f"{fmt}: {probe} / {oracle.denominator} gives {result}, should be {code} with "
                    f"{raised} ({rounding}, {overflow})"
                )
        count["roundings"] += len(probes)
    return count


def value_of(exact: Exact, at: int) -> Value:
    if exact.nan[at]:
        return Value(bool(exact.negative[at]), nan)
    if exact.infinite[at]:
        return Value(bool(exact.negative[at]), inf)
    magnitude = int(exact.significand[at]) * Fraction(2) ** int(exact.exponent[at])
    return Value(bool(exact.negative[at]), magnitude)


def same(got: Value, want: Value) -> bool:
    if isinstance(want.magnitude, float) and isnan(want.magnitude):
        return isinstance(got.magnitude, float) and isnan(got.magnitude)
    return got == want


def sample(fields: dict[str, Any], biases: Iterable[int]) -> Counter[str]:
    """Compare a format with each of some biases."""
    return sum((compare(fields | {"bias": bias}) for bias in biases), Counter())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    jobs = parser.parse_args().jobs
    started = time.monotonic()
    total: Counter[str] = Counter()
    # Wide formats take longest, so they come first.
    shapes = sorted(
        valid_fields(8, [0]), key=lambda f: -(f["sign"] + f["exponent"] + f["fraction"])
    )
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(sample, shapes, itertools.repeat(BIASES))
        for done, count in enumerate(found, 1):
            total += count
            print(f"\r{done} of {len(shapes)} kinds of format", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    seconds = time.monotonic() - started
    print(
        f"{total['formats']:,} formats, {total['codes']:,} codes decoded and "
        f"{total['roundings']:,} values rounded as the oracle does, in {seconds:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
