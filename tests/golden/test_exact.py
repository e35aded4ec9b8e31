"""Exact values: conversions, products and what they refuse."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ffp8.golden.exact import Exact, bit_length

FLOATS = st.lists(st.floats(), max_size=8)
INTEGERS = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=8)


def as_fraction(value: float) -> Fraction | float:
    return Fraction(value) if math.isfinite(value) else value


def same(got: Fraction | float, want: Fraction | float) -> bool:
    if isinstance(want, float) and math.isnan(want):
        return isinstance(got, float) and math.isnan(got)
    return got == want


@given(FLOATS)
def test_floats_go_through_unchanged(values: list[float]) -> None:
    array = np.array(values, np.float64)
    exact = Exact.from_floats(array)
    back = exact.to_floats()
    np.testing.assert_array_equal(back, array)
    known = ~np.isnan(array)
    np.testing.assert_array_equal(np.signbit(back[known]), np.signbit(array[known]))
    for got, value in zip(exact.to_fractions(), values, strict=True):
        assert same(got, as_fraction(value))


@given(INTEGERS)
def test_integers_are_exact(values: list[int]) -> None:
    exact = Exact.from_floats(np.array(values, np.int64))
    assert exact.to_fractions() == values


def test_unsigned_integers_are_exact() -> None:
    values = [0, 1, 2**63, 2**64 - 1]
    assert Exact.from_floats(np.array(values, np.uint64)).to_fractions() == values
    assert Exact.from_floats(np.array([200], np.uint8)).to_fractions() == [200]
    assert Exact.from_floats([]).to_fractions() == []


@given(FLOATS, FLOATS)
def test_products_are_exact(left: list[float], right: list[float]) -> None:
    count = min(len(left), len(right))
    a, b = (np.array(side[:count], np.float64) for side in (left, right))
    got = (Exact.from_floats(a) * Exact.from_floats(b)).to_fractions()
    signs = (Exact.from_floats(a) * Exact.from_floats(b)).negative
    for x, y, value, negative in zip(a.tolist(), b.tolist(), got, signs, strict=True):
        if math.isfinite(x) and math.isfinite(y):
            assert value == Fraction(x) * Fraction(y)
        else:
            assert same(value, x * y)
        assert bool(negative) == (math.copysign(1, x) != math.copysign(1, y))


@given(st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1))
def test_products_of_integers_are_exact(left: int, right: int) -> None:
    a, b = (Exact.from_floats(np.array([value])) for value in (left, right))
    assert (a * b).to_fractions() == [left * right]


def test_products_of_narrow_significands_stay_in_int64() -> None:
    narrow = Exact.from_floats(np.array([3], np.int8))
    assert (narrow * narrow).significand.dtype == np.int64
    # 32 bits by 31 do not fit any more.
    for bits, dtype in ((31, np.int64), (32, object)):
        ones = Exact.from_floats(np.array([2**31 - 1]))
        more = Exact.from_floats(np.array([2**bits - 1]))
        assert (ones * more).significand.dtype == dtype
        assert (ones * more).to_fractions() == [(2**31 - 1) * (2**bits - 1)]


@given(st.lists(st.integers(0, 2**62 - 1), max_size=8))
def test_bit_length(values: list[int]) -> None:
    want = [value.bit_length() for value in values]
    assert bit_length(np.array(values, np.int64)).tolist() == want
    assert bit_length(np.array([v << 70 for v in values], object)).tolist() == [
        bits + 70 if bits else 0 for bits in want
    ]


@given(st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: value != 0))
def test_magnitude_log2(value: float) -> None:
    log2 = int(Exact.from_floats([value]).magnitude_log2[0])
    assert Fraction(2) ** log2 <= abs(Fraction(value)) < Fraction(2) ** (log2 + 1)


def test_scaled() -> None:
    exact = Exact.from_floats([1.5, -0.75, np.inf])
    assert exact.scaled(3).to_floats().tolist() == [12.0, -6.0, np.inf]
    assert exact.scaled(np.array([0, 1, 2])).to_floats().tolist() == [1.5, -1.5, np.inf]


def test_zero_finite_and_special() -> None:
    exact = Exact.from_floats([0.0, -0.0, 1.0, np.inf, np.nan])
    assert exact.zero.tolist() == [True, True, False, False, False]
    assert exact.finite.tolist() == [True, True, True, False, False]


def test_value_beyond_float64_is_refused() -> None:
    message = re.escape("Values must each be a float64 to be converted, not beyond its range")
    for value, power in ((1.0, 1024), (1.0, -1075), (3.0, -1074 - 1), (1 + 2.0**-52, -1074)):
        with pytest.raises(ValueError, match=f"^{message}$"):
            Exact.from_floats([value]).scaled(power).to_floats()
    one = Exact.from_floats(np.array([1]))
    assert one.scaled(1023).to_floats().tolist() == [2.0**1023]
    assert one.scaled(-1074).to_floats().tolist() == [5e-324]


def test_texts_for_people() -> None:
    exact = Exact.from_floats([0.0, -0.0, 1.0, -0.001953125, np.inf, -np.inf, np.nan, 448.0])
    assert exact.to_texts() == ["0", "-0", "1", "-0.001953125", "inf", "-inf", "nan", "448"]
    far = Exact.from_floats([1.5, -1.0, 0.0]).scaled(np.array([2000, -2000, 5000]))
    assert far.to_texts() == ["3*2^1999", "-2^-2000", "0"]
