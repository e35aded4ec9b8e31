"""Quotients, reciprocals and maxima against exact rationals."""

import bisect
import math
from fractions import Fraction

import numpy as np
import pytest
from block_oracle import floor_log2
from hypothesis import given
from hypothesis import strategies as st

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.ratio import cut, largest_magnitude, ratio, reciprocal, reduced
from ffp8.golden.rounding import Rounding

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 3.0]


def fractions(exact: Exact) -> list[Fraction | float]:
    return exact.to_fractions()


WIDTH = 31


@given(st.lists(st.tuples(FINITE, FINITE.filter(bool)), min_size=1, max_size=8))
def test_a_quotient_is_cut_and_its_last_bit_holds_the_rest(
    pairs: list[tuple[float, float]],
) -> None:
    dividends, divisors = (np.array(side) for side in zip(*pairs, strict=True))
    got = ratio(Exact.from_floats(dividends), Exact.from_floats(divisors), WIDTH)
    for value, significand, (x, y) in zip(fractions(got), got.significand, pairs, strict=True):
        exact = Fraction(x) / Fraction(y)
        assert isinstance(value, Fraction)
        if exact == value:
            continue
        unit = abs(value) / int(significand)
        assert int(significand) % 2 == 1
        assert abs(exact - value) < unit
        # The width, a bit for midpoints and one for the rest.
        assert int(significand).bit_length() >= WIDTH + 2


def goes_up(rounding: Rounding, place: int, way: Fraction) -> bool:
    """Whether a value that is some way from one neighbour to the next takes the next."""
    match rounding:
        case Rounding.TOWARD_ZERO:
            return False
        case Rounding.HALF_AWAY:
            return way >= Fraction(1, 2)
        case Rounding.TO_ODD:
            return way > 0 and place % 2 == 0
        case _:
            return way > Fraction(1, 2) or (way == Fraction(1, 2) and place % 2 == 1)


@pytest.mark.parametrize("rounding", [r for r in Rounding if not r.stochastic])
def test_a_quotient_rounds_as_the_exact_one(rounding: Rounding) -> None:
    rng = np.random.default_rng(4)
    fmt = Format.parse("s0e5m3")
    # Quotients that are values or midpoints, or one unit beside them.
    divisor = rng.integers(1, 2**20, 2000)
    exact = rng.integers(16, 32, 2000) * divisor + rng.integers(-1, 2, 2000)
    quotient = ratio(Exact.from_floats(exact), Exact.from_floats(divisor), fmt.significand_width)
    codes, _ = fmt.round(quotient, rounding)
    values = [Fraction(value) for value in fmt.decode(fmt.codes).tolist()]
    for code, x, y in zip(codes.tolist(), exact.tolist(), divisor.tolist(), strict=True):
        place = bisect.bisect_right(values, Fraction(x, y)) - 1
        way = (Fraction(x, y) - values[place]) / (values[place + 1] - values[place])
        assert code == place + goes_up(rounding, place, way)


def test_only_nan_gives_nan() -> None:
    values = np.array([[x, y] for x in SPECIAL for y in SPECIAL])
    got = ratio(Exact.from_floats(values[:, 0]), Exact.from_floats(values[:, 1]), 60)
    for value, x, y in zip(fractions(got), *values.T.tolist(), strict=True):
        if math.isnan(x) or math.isnan(y):
            assert isinstance(value, float)
            assert math.isnan(value)
        elif math.isinf(x):
            assert value == x * math.copysign(1, y)
        elif y == 0 or math.isinf(y):
            assert value == 0
        else:
            assert value == Fraction(x) / Fraction(y)


@given(
    st.lists(FINITE.filter(bool), min_size=1, max_size=8),
    st.integers(1, 30),
    st.sampled_from([1, 3, 7, 15, 127, 255]),
)
def test_reciprocals_are_rounded_to_nearest(values: list[float], bits: int, dividend: int) -> None:
    got = fractions(reciprocal(Exact.from_floats(values), bits, dividend))
    for value, x in zip(got, values, strict=True):
        exact = dividend / Fraction(x)
        # Above a half and up to one, times a power of two.
        power = Fraction(2) ** (floor_log2(abs(exact)) + 1)
        unit = (power / 2 if abs(exact) * 2 == power else power) / 2**bits
        assert isinstance(value, Fraction)
        assert abs(value - exact) <= unit / 2
        assert abs(value) >= abs(exact) or abs(value - exact) < unit / 2
        assert abs(value / exact - 1) < Fraction(1, 2**bits)
        assert (value / unit).denominator == 1


@given(st.lists(FINITE, min_size=1, max_size=8), st.integers(1, 30))
def test_cut_values_keep_their_first_bits(values: list[float], width: int) -> None:
    for value, x in zip(fractions(cut(Exact.from_floats(values), width)), values, strict=True):
        exact = Fraction(x)
        unit = Fraction(2) ** (floor_log2(abs(exact)) + 1 - width) if x else Fraction(1)
        assert isinstance(value, Fraction)
        assert (value / unit).denominator == 1
        assert 0 <= abs(exact) - abs(value) < unit
        assert value * exact >= 0


def test_reciprocals_of_specials() -> None:
    got = reciprocal(Exact.from_floats([0.0, -math.inf, math.nan, -4.0]), 8)
    assert got.zero.tolist() == [True, True, False, False]
    assert got.nan.tolist() == [False, False, True, False]
    assert got.negative.tolist()[3]
    assert not got.infinite.any()


@given(st.lists(st.floats(width=32), min_size=1, max_size=9))
def test_largest_magnitude(values: list[float]) -> None:
    exact = Exact.from_floats([values])
    known = [abs(x) for x in values if not math.isnan(x)]
    want = max(known, default=0.0)
    # Significands of one length, and of different ones.
    for form in (exact, reduced(exact)):
        assert largest_magnitude(form).to_floats().tolist() == [want]


def test_the_largest_magnitude_has_not_the_largest_significand() -> None:
    one, two = Exact.from_floats(np.array([3, 5])), np.array([1, 0])
    assert largest_magnitude(one.scaled(two)).to_floats() == 6
    assert largest_magnitude(Exact.from_floats([0.0, -0.25])).to_floats() == 0.25


def test_largest_magnitude_of_long_significands() -> None:
    long = Exact.from_floats(np.array([[2**62 + 1, 2**62 + 3, 5]]))
    product = long * long
    assert product.significand.dtype == object
    assert fractions(largest_magnitude(product)) == [(2**62 + 3) ** 2]


@given(st.lists(st.floats(), min_size=1, max_size=8))
def test_reduced_values_are_the_same(values: list[float]) -> None:
    exact = Exact.from_floats(values)
    short = reduced(exact)
    np.testing.assert_array_equal(short.to_floats(), np.array(values))
    assert (short.significand % 2 == 1)[exact.finite & ~exact.zero].all()


def test_reduced_goes_back_to_int64() -> None:
    wide = Exact.from_floats(np.array([3 * 2**61])) * Exact.from_floats(np.array([2**40]))
    assert wide.significand.dtype == object
    assert reduced(wide).significand.dtype == np.int64
    assert reduced(wide).significand.tolist() == [3]
