"""The online softmax is that of two passes, the first of which finds the row's top.

By definition, in exact rationals: where shifts drop no bits both are the same, and where they do
they differ by no more than what is dropped.
"""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from softmax_oracle import floor_to, results_oracle, round_to, value

from ffp8.golden.converter import from_fractions
from ffp8.golden.formats import Format
from ffp8.golden.piecewise import Fit
from ffp8.golden.softmax import SoftmaxConfig, softmax
from ffp8.golden.softmax_passes import unnormalised

parse = Format.parse

CONFIGS = {
    # Whole arguments, near enough for their powers to be exact: shifts drop zeros.
    "whole": SoftmaxConfig(
        argument=parse("q8.0"), power=parse("uq1.16"), total=parse("uq8.16"), length=64
    ),
    # Sums that keep all bits of powers: these are lost where the top grows.
    "long sums": SoftmaxConfig(total=parse("uq8.15"), length=64, lanes=2),
    "table 1": SoftmaxConfig(),
    "wide": SoftmaxConfig.preset("wide", lanes=1),
    "least error": SoftmaxConfig(
        argument=parse("q5.4"), segments=2, fit=Fit.MINIMAX, slope_bits=5, lanes=3
    ),
    "coarse": SoftmaxConfig(argument=parse("q8.3"), segments=1, total=parse("uq10.1")),
}


def rows(config: SoftmaxConfig, count: int) -> list[np.ndarray]:
    """Arguments of rows, beats by lanes, of many spreads, some rising from beat to beat."""
    rng = np.random.default_rng(3)
    width = config.argument.width
    found = []
    for _ in range(count):
        size = (rng.integers(1, 16), config.lanes)
        rise = rng.uniform(0, 1) * rng.integers(0, 2) * np.arange(size[0])[:, np.newaxis]
        numbers = rng.normal(0, 2.0 ** rng.integers(0, min(width - 2, 6)), size)
        if not config.online.argument_fraction:
            numbers = numbers.clip(-4, 4)
        numbers = np.rint(numbers + rise).clip(-(2 ** (width - 1)), 2 ** (width - 1) - 1)
        found.append(numbers.astype(np.int64))
    return found


def powers_below(config: SoftmaxConfig, numbers: np.ndarray, top: int) -> list[Fraction]:
    """2^(argument - top) for known tops, cut to the bits of powers."""
    steps = -config.argument.quantum_exponent
    found = []
    for number in numbers.tolist():
        whole = number >> steps
        exact = value("power", config, Fraction(number, 2**steps) - whole, steps)
        power = exact * Fraction(2) ** (whole - top)
        found.append(floor_to(power, -config.power.quantum_exponent))
    return found


@pytest.mark.parametrize("name", CONFIGS)
def test_online_is_two_passes(name: str) -> None:
    given = CONFIGS[name]
    config = replace(given, a=given.argument, out=parse("uq1.15"))
    steps = -config.argument.quantum_exponent
    power_bits, total_bits = (-fmt.quantum_exponent for fmt in (config.power, config.total))
    unit = Fraction(1, 2**total_bits)
    same = grown = differed = 0
    for numbers in rows(config, 150):
        last = np.arange(len(numbers)) == len(numbers) - 1
        codes = numbers & 2**config.a.width - 1
        found = unnormalised(config, codes, None, last)
        tops = [math.ceil(Fraction(int(beat.max()), 2**steps)) for beat in numbers]
        tops = np.maximum.accumulate(tops).tolist()
        assert found.tops.tolist() == tops
        known = [powers_below(config, beat, tops[-1]) for beat in numbers]
        total = sum((round_to(sum(beat, Fraction(0)), total_bits) for beat in known), Fraction(0))
        online = found.totals[-1] * unit

        # Powers are the same bits, always.
        moved = found.powers >> (tops[-1] - np.array(tops))[:, np.newaxis]
        assert [[Fraction(p, 2**power_bits) for p in beat] for beat in moved.tolist()] == known

        # What may be lost: each beat is rounded below its own top, powers are cut, and each
        # growth cuts the sum.
        lost, below, above = False, Fraction(0), Fraction(0)
        for beat, top in zip(numbers, tops, strict=True):
            shift = Fraction(1, 2 ** (tops[-1] - top))
            then = powers_below(config, beat, top)
            exact = sum(then, Fraction(0)) * shift
            cut = [power * shift - floor_to(power * shift, power_bits) for power in then]
            lost |= any(cut) or exact != floor_to(exact, total_bits)
            below += unit * shift / 2
            above += unit * shift / 2 + sum(cut, Fraction(0))
        below += unit * sum(np.diff(tops) > 0)
        exact = sum((power for beat in known for power in beat), Fraction(0))
        assert exact - below <= online <= exact + above
        assert abs(total - exact) <= len(numbers) * unit / 2
        if lost:
            differed += online != total
            continue
        same += 1
        grown += tops[-1] > tops[0]
        assert online == total
        results = results_oracle(config, [power for beat in known for power in beat], total)
        want = config.out.round(from_fractions(results), config.rounding)[0]
        assert softmax(config, a=codes, last=last)["out"].ravel().tolist() == want.tolist()
    # Rows of both kinds came, and tops grew in those that lose nothing.
    if name in ("whole", "long sums"):
        assert min(same, grown) > 10
    if name != "whole":
        assert differed > 10
