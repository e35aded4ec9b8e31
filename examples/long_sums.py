"""How sums of many terms lose accuracy, how chunks keep it, and that exact sums lose nothing.

The accumulator's format is that of Wang et al. 2018 (arXiv 1812.08011): 1 sign, 6 exponent and 9
fraction bits. Terms are uniform with mean 1 and standard deviation 1. The figures beside ours
are those of an independent program, with other random numbers.
"""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from studies import Row, Study

from ffp8.golden.accumulator import AccumulatorConfig, Kind, accumulate
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Rounding

__all__ = ["last_sum", "million_terms", "samples", "swamped_sums"]

ACCUMULATOR = Format.parse("fp16_1_6_9")

#: Relative errors of the sum of 65,536 terms by chunk length; 1 is no chunks at all.
KNOWN = {
    1: "0.937", 8: "0.745", 16: "0.50", 32: "0.0069", 64: "0.0031", 128: "0.0023", 256: "0.0029",
    512: "0.0016", 1024: "0.0015", 4096: "0.077",
}  # fmt: skip

#: Half a unit in the last place of the accumulator's format, relative to the number.
UNIT = Fraction(1, 2**10)


def samples(count: int, seed: int = 0) -> np.ndarray:
    """Codes of terms."""
    half = np.sqrt(3)
    return ACCUMULATOR.encode(np.random.default_rng(seed).uniform(1 - half, 1 + half, count))


def last_sum(config: AccumulatorConfig, codes: np.ndarray) -> Fraction:
    """The sum of all terms."""
    operands = {"a": codes, "first": np.arange(len(codes)) == 0}
    if config.random_bits:
        words = np.random.default_rng(2).integers(0, 2**config.random_bits, len(codes))
        operands["random"] = words
    out = accumulate(config, **operands)["out"]
    (value,) = config.result.unpack(out[-1:]).to_fractions()
    assert isinstance(value, Fraction)
    return value


def running() -> AccumulatorConfig:
    return AccumulatorConfig(a=ACCUMULATOR, out=ACCUMULATOR)


def stochastic() -> AccumulatorConfig:
    return replace(running(), rounding=Rounding.STOCHASTIC_C, random_bits=16)


def chunked(length: int, out: str = "fp16_1_6_9") -> AccumulatorConfig:
    return AccumulatorConfig(
        a=ACCUMULATOR, out=Format.parse(out), inner=ACCUMULATOR, kind=Kind.CHUNKED, chunk=length
    )


def exact(terms: int) -> AccumulatorConfig:
    return AccumulatorConfig(a=ACCUMULATOR, kind=Kind.EXACT, terms=terms)


def true_sum(codes: np.ndarray) -> tuple[Fraction, Fraction]:
    """The sum of terms, and that of their magnitudes, as rationals."""
    # Samples are multiples of 2^-39, the format's least step.
    numbers = [int(value) for value in np.ldexp(ACCUMULATOR.decode(codes), 39)]
    return Fraction(sum(numbers), 2**39), Fraction(sum(map(abs, numbers)), 2**39)


def swamped_sums(count: int = 2**16, lengths: Iterable[int] = KNOWN) -> Study:
    """Relative errors of sums that are rounded after each addition, in chunks or without."""
    codes = samples(count)
    truth, _ = true_sum(codes)

    def row(what: str, config: AccumulatorConfig, known: str) -> Row:
        found = last_sum(config, codes)
        return Row(f"{what}: {float(found):g}", f"{float(abs(found - truth) / truth):.4f}", known)

    rows = [row("no chunks, stochastic", stochastic(), "0.021")]
    for length in lengths:
        config = running() if length == 1 else chunked(length)
        what = "no chunks" if length == 1 else f"chunks of {length}"
        rows.append(row(what, config, KNOWN[length]))
    return Study(f"{count:,} terms of mean 1 in fp16_1_6_9; their sum is {float(truth):.1f}", rows)


def million_terms(count: int = 10**6) -> Study:
    """Relative errors of a long sum, and the bounds that hold for them."""
    codes = samples(count, seed=1)
    truth, sizes = true_sum(codes)

    def row(what: str, config: AccumulatorConfig, growth: Fraction) -> Row:
        error = abs(last_sum(config, codes) - truth)
        bound = (growth - 1) * sizes
        assert error <= bound
        return Row(what, f"{float(error / truth):.2g}", f"<= {float(bound / truth):.2g}")

    # A term takes part in this many additions, each of which errs by a unit of the sum at most.
    inner, outer = 1024, -(-count // 1024)
    rows = [
        row("exact", exact(count), Fraction(1)),
        row("chunks of 1024", chunked(inner), (1 + UNIT) ** (inner + outer)),
        row(
            "chunks of 64, float32 outside",
            chunked(64, "float32"),
            (1 + UNIT) ** 64 * (1 + Fraction(1, 2**24)) ** -(-count // 64),
        ),
    ]
    return Study(f"{count:,} terms of mean 1, against exact rationals", rows)
