"""Roundings, overflow policies and flags, one named case each."""

import re
from fractions import Fraction
from typing import Any

import gfloat
import numpy as np
import pytest
from format_oracle import reaches_one
from gfloat import formats

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, RandomBits, Rounding, choice
from ffp8.golden.scalar_format import ScalarFormat

parse = Format.parse


@pytest.mark.parametrize(
    ("rounding", "want"),
    [
        (Rounding.NEAREST_EVEN, [0, 0, 0, 1, 1, 1, 2, 2, 2]),
        (Rounding.HALF_AWAY, [0, 0, 1, 1, 1, 1, 2, 2, 2]),
        (Rounding.TOWARD_ZERO, [0, 0, 0, 0, 1, 1, 1, 1, 2]),
        (Rounding.TO_ODD, [0, 1, 1, 1, 1, 1, 1, 1, 2]),
    ],
)
def test_quarters_of_integers(rounding: Rounding, want: list[int]) -> None:
    quarters = np.arange(9) / 4
    fmt = parse("int8")
    assert fmt.decode(fmt.encode(quarters, rounding)).tolist() == want
    assert fmt.decode(fmt.encode(-quarters, rounding)).tolist() == [-value for value in want]


def raised(
    name: str,
    value: float,
    rounding: Rounding = Rounding.NEAREST_EVEN,
    overflow: Overflow = Overflow.SATURATE,
) -> tuple[float, set[str]]:
    """The rounded value, and the names of the flags that it raises."""
    fmt = parse(name)
    codes, flags = fmt.round(Exact.from_floats([value]), rounding, overflow)
    return fmt.decode(codes)[0], {flag for flag, set_ in vars(flags).items() if set_[0]}


SPECIAL = Overflow.SPECIAL
ZERO = Rounding.TOWARD_ZERO
ODD = Rounding.TO_ODD
NAN, INF = np.nan, np.inf
BEYOND = {"overflow", "inexact"}

CASES = [
    # Exact values raise nothing, subnormals included.
    ("e4m3fn", 1.0, {}, 1.0, set()),
    ("e4m3fn", 2.0**-9, {}, 2.0**-9, set()),
    ("e4m3fn", 1.03, {}, 1.0, {"inexact"}),
    # Underflow is a tiny value that is not exact, though it be rounded to the least normal.
    ("e4m3fn", 2.0**-10, {}, 0.0, {"underflow", "inexact"}),
    ("e4m3fn", 2.0**-6 - 2.0**-12, {}, 2.0**-6, {"underflow", "inexact"}),
    ("int8", 0.25, {}, 0.0, {"inexact"}),
    ("e4m3fn_nosub", 2.0**-7, {}, 0.0, {"underflow", "inexact"}),
    ("e4m3fn_nosub", 2.0**-6 - 2.0**-12, {}, 2.0**-6, {"underflow", "inexact"}),
    ("e8m0fnu", 0.0, {}, 2.0**-127, {"underflow", "inexact"}),
    # Up to half beyond the largest value nothing overflows; a tie goes to the even code.
    ("e4m3fn", 463.0, {}, 448.0, {"inexact"}),
    ("e4m3fn", 464.0, {}, 448.0, {"inexact"}),
    ("e4m3fn", 464.5, {}, 448.0, BEYOND),
    ("e4m3fn", 464.5, {"overflow": SPECIAL}, NAN, BEYOND),
    ("e4m3fn", 464.0, {"overflow": SPECIAL, "rounding": Rounding.HALF_AWAY}, NAN, BEYOND),
    ("e4m3fn", 479.0, {"overflow": SPECIAL, "rounding": ZERO}, 448.0, {"inexact"}),
    ("e4m3fn", 1e6, {"overflow": SPECIAL, "rounding": ZERO}, 448.0, BEYOND),
    ("e5m2", 1e6, {"overflow": SPECIAL}, INF, BEYOND),
    ("e5m2", -1e6, {"overflow": SPECIAL}, -INF, BEYOND),
    ("e5m2", -1e6, {}, -57344.0, BEYOND),
    ("e2m1fn", 100.0, {"overflow": SPECIAL}, 6.0, BEYOND),
    ("int8", -129.0, {}, -128.0, BEYOND),
    ("int8", -128.0, {}, -128.0, set()),
    ("int8", 128.0, {}, 127.0, BEYOND),
    # To odd: as rounded without a largest value, and beyond it infinity, not that value.
    ("e5m2", 57345.0, {"overflow": SPECIAL, "rounding": ODD}, 57344.0, {"inexact"}),
    ("e5m2", 65535.0, {"overflow": SPECIAL, "rounding": ODD}, 57344.0, {"inexact"}),
    ("e5m2", 65536.0, {"overflow": SPECIAL, "rounding": ODD}, INF, BEYOND),
    ("e5m2", -65537.0, {"overflow": SPECIAL, "rounding": ODD}, -INF, BEYOND),
    ("e5m2", 65537.0, {"rounding": ODD}, 57344.0, BEYOND),
    ("e4m3fn", 448.5, {"overflow": SPECIAL, "rounding": ODD}, NAN, BEYOND),
    ("e4m3fn", 1e-30, {"rounding": ODD}, 2.0**-9, {"underflow", "inexact"}),
    ("e4m3fn_nosub", 1e-30, {"rounding": ODD}, 0.0, {"underflow", "inexact"}),
    # Infinity is kept where it may be.
    ("e5m2", INF, {"overflow": SPECIAL}, INF, set()),
    ("e5m2", INF, {"overflow": SPECIAL, "rounding": ZERO}, INF, set()),
    ("e5m2", INF, {}, 57344.0, BEYOND),
    ("e4m3fn", -INF, {}, -448.0, BEYOND),
    ("e4m3fn", INF, {"overflow": SPECIAL, "rounding": ZERO}, NAN, BEYOND),
    ("int8", -INF, {}, -128.0, BEYOND),
    # NaN, and what has no value at all.
    ("e4m3fn", NAN, {}, NAN, set()),
    ("int8", NAN, {}, 0.0, {"invalid"}),
    ("s0e4m4b7", -1.0, {}, 0.0, {"inexact", "invalid"}),
    ("s0e4m4b7", -INF, {}, 0.0, {"inexact", "invalid"}),
    ("s0e4m4b7", -0.0, {}, 0.0, set()),
]


@pytest.mark.parametrize(("name", "value", "options", "want", "flags"), CASES)
def test_result_and_flags(
    name: str, value: float, options: dict, want: float, flags: set[str]
) -> None:
    got, found = raised(name, value, **options)
    np.testing.assert_equal(got, want)
    assert found == flags


def test_sign_of_zero_is_kept_where_there_is_one() -> None:
    for name, code in (("e4m3fn", 0x80), ("e4m3fnuz", 0), ("binary8p4se", 0), ("int8", 0)):
        assert parse(name).encode([-0.0]).tolist() == [code]
        assert parse(name).encode([-1e-30]).tolist() == [code]


def test_goes_up_takes_the_index_of_the_lower_neighbour() -> None:
    index, rest, unit = (np.array(x) for x in ([0, 1, 0, 1, 0], [4, 4, 5, 5, 3], [8] * 5))
    assert Rounding.NEAREST_EVEN.goes_up(index, rest, unit).tolist() == [0, 1, 1, 1, 0]
    assert Rounding.HALF_AWAY.goes_up(index, rest, unit).tolist() == [1, 1, 1, 1, 0]
    assert Rounding.TOWARD_ZERO.goes_up(index, rest, unit).tolist() == [0] * 5
    assert Rounding.TO_ODD.goes_up(index, rest, unit).tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("name", ["e5m2", "e4m3fn", "e4m3fn_nosub", "q4.4", "posit8_1"])
def test_to_odd_with_two_more_bits_is_rounded_again_as_if_once(name: str) -> None:
    # Boldo and Melquiond 2008, Emulation of FMA and correctly rounded sums: rounding to odd.
    fmt = ScalarFormat.parse(name)
    wide = {
        "e5m2": "s1e5m4b15",
        "e4m3fn": "s1e4m5b7",
        "e4m3fn_nosub": "s1e6m5b31",
        "q4.4": "q4.6",
        "posit8_1": "posit10_1",
    }
    chance = np.random.default_rng(3)
    top = fmt.decode(np.array([fmt.codes.max() // 2 - 8]))[0]
    values = chance.uniform(-top, top, 20_000) * 2.0 ** -chance.integers(0, 20, 20_000)
    longer = ScalarFormat.parse(wide[name])
    between = longer.decode(longer.encode(values, ODD))
    assert (between != values).mean() > 0.9
    np.testing.assert_array_equal(fmt.encode(between), fmt.encode(values))


def test_choice_by_text_or_member() -> None:
    assert choice(Rounding, "half-away", "Rounding") is Rounding.HALF_AWAY
    assert choice(Rounding, Rounding.HALF_AWAY, "Rounding") is Rounding.HALF_AWAY
    message = "^Rounding must be nearest-even, .*, to-odd, .* or stochastic-c, not 'odd'$"
    with pytest.raises(ValueError, match=message):
        choice(Rounding, "odd", "Rounding")


# Stochastic roundings.

STOCHASTIC = [rounding for rounding in Rounding if rounding.stochastic]


@pytest.mark.parametrize("bits", range(3, 9))
@pytest.mark.parametrize("rounding", STOCHASTIC)
def test_all_random_words_choose_as_p3109_says(rounding: Rounding, bits: int) -> None:
    # Ways that are steps of the words, halves and quarters of these, and next to them.
    fmt, steps = parse("int8"), 2 ** (bits + 2)
    ways = [Fraction(step, steps) for step in range(steps)]
    ways += [way + Fraction(1, 2**40) for way in ways]
    values = np.array([float(5 + way) for way in ways])
    words = np.arange(2**bits)
    codes = fmt.encode(values[:, np.newaxis], rounding, random=RandomBits(words, bits))
    want = [[5 + reaches_one(rounding, way, word, bits) for word in range(2**bits)] for way in ways]
    assert codes.tolist() == want
    minus = fmt.encode(-values[:, np.newaxis], rounding, random=RandomBits(words, bits))
    assert fmt.decode(minus).tolist() == (-np.array(want)).tolist()


@pytest.mark.parametrize(
    ("rounding", "mean", "most"),
    [
        (Rounding.STOCHASTIC_A, Fraction(-31, 512), Fraction(31, 256)),
        (Rounding.STOCHASTIC_B, Fraction(1, 512), Fraction(1, 16)),
        (Rounding.STOCHASTIC_C, Fraction(0), Fraction(1, 16)),
    ],
)
def test_bias_with_three_bits(rounding: Rounding, mean: Fraction, most: Fraction) -> None:
    # -0.0605, +0.002 and 0, at most 0.121, 0.0625 and 0.0625: over the 256 ways k / 256.
    ways = [Fraction(way, 256) for way in range(256)]
    fmt, random = parse("int8"), RandomBits(np.arange(8), 3)
    rounded = fmt.decode(fmt.encode(np.array(ways, float)[:, np.newaxis], rounding, random=random))
    taken = [Fraction(int(total), 8) for total in rounded.sum(axis=1)]
    bias = [found - way for found, way in zip(taken, ways, strict=True)]
    assert sum(bias, Fraction(0)) / 256 == mean
    assert max(map(abs, bias)) == most


GFLOAT = {
    Rounding.STOCHASTIC_A: gfloat.RoundMode.StochasticFastest,
    Rounding.STOCHASTIC_B: gfloat.RoundMode.StochasticFast,
    Rounding.STOCHASTIC_C: gfloat.RoundMode.Stochastic,
}


@pytest.mark.parametrize("bits", range(3, 9))
@pytest.mark.parametrize("rounding", STOCHASTIC)
def test_products_of_all_codes_are_rounded_as_gfloat_does(rounding: Rounding, bits: int) -> None:
    fmt, info = parse("binary8p3se"), formats.format_info_p3109(8, 3)
    values = fmt.decode(fmt.codes)
    finite = np.unique(np.abs(values[np.isfinite(values)]))
    products = np.unique(np.outer(finite, finite))
    products = np.concatenate([products, -products[::3]])
    assert len(products) > 800
    words = np.tile(np.arange(2**bits), len(products))
    products = np.repeat(products, 2**bits)
    for overflow in Overflow:
        got = fmt.decode(fmt.encode(products, rounding, overflow, RandomBits(words, bits)))
        saturate = overflow is Overflow.SATURATE
        want = gfloat.round_ndarray(info, products, GFLOAT[rounding], saturate, words, bits)
        np.testing.assert_array_equal(got, want)


def stochastic(name: str, value: float, word: int, **options: Any) -> float:
    fmt = ScalarFormat.parse(name)
    random = RandomBits(np.array([word]), 4)
    return fmt.decode(fmt.encode([value], random=random, **options))[0]


@pytest.mark.parametrize("rounding", STOCHASTIC)
def test_stochastic_roundings_at_the_edges(rounding: Rounding) -> None:
    def most(name: str, value: float, **options: Any) -> list[float]:
        return [stochastic(name, value, word, rounding=rounding, **options) for word in (0, 15)]

    # Rounded as if exponents had no end, and beyond the largest value only then.
    assert most("e5m2", 57345.0, overflow=SPECIAL) == [57344.0, 57344.0]
    assert most("e5m2", 61440.0, overflow=SPECIAL) == [57344.0, INF]
    assert most("e5m2", -61440.0) == [-57344.0, -57344.0]
    np.testing.assert_equal(most("e4m3fn", 464.0, overflow=SPECIAL), [448.0, NAN])
    # Subnormals are steps like others; below the least, the way is that from zero.
    assert most("e4m3fn", 2.0**-10) == [0.0, 2.0**-9]
    # Flushed after rounding: only what becomes the least normal value is kept.
    assert most("e4m3fn_nosub", 2.0**-6 - 2.0**-11) == [0.0, 2.0**-6]
    assert most("e4m3fn_nosub", 2.0**-6 - 2.0**-9) == [0.0, 0.0]
    # Without zero, the least value; between two powers of 4, a third of the way is 2.
    assert most("e8m0fnu", 2.0**-129) == [2.0**-127] * 2
    assert [stochastic("fp4_radix4", 2.0, w, rounding=rounding) for w in (10, 11)] == [1.0, 4.0]
    # Posits go by the code: the middle of 64 and 256 is 128 where exponent bits are cut.
    assert [stochastic("posit6_2", 2.0**9, w, rounding=rounding) for w in (7, 8)] == [256.0, 1024.0]
    # What is exact stays.
    assert most("posit6_2", 1.5) == most("e4m3fn", 1.5) == [1.5, 1.5]


def test_random_words_are_broadcast() -> None:
    fmt = parse("int8")
    words = RandomBits(np.arange(4), 2)
    codes, flags = fmt.round(
        Exact.from_floats([[0.25], [0.5]]), Rounding.STOCHASTIC_A, random=words
    )
    assert codes.tolist() == [[0, 0, 0, 1], [0, 0, 1, 1]]
    assert flags.inexact.shape == (2, 4)


@pytest.mark.parametrize(
    ("words", "bits", "error", "message"),
    [
        ([0.5], 3, TypeError, "Random words must be integers, not float64"),
        ([8], 3, ValueError, "Random words must be 0 to 7, not 8"),
        ([-1], 3, ValueError, "Random words must be 0 to 7, not -1"),
        ([0], 0, ValueError, "Random bits must be 1 to 32, not 0"),
        ([0], 33, ValueError, "Random bits must be 1 to 32, not 33"),
        ([0], 2.0, TypeError, "Random bits must be a number of bits, not 2.0"),
    ],
)
def test_wrong_random_bits_are_refused(
    words: list[float], bits: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        RandomBits(np.array(words), bits)


def test_random_bits_are_given_where_they_are_needed_and_nowhere_else() -> None:
    with pytest.raises(ValueError, match=r"^Rounding stochastic-a must be given random bits$"):
        parse("int8").encode([0.5], Rounding.STOCHASTIC_A)
    message = r"^Rounding to-odd must be given no random bits, which it cannot use$"
    with pytest.raises(ValueError, match=message):
        parse("int8").encode([0.5], ODD, random=RandomBits(np.array(0), 1))
