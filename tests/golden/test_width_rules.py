"""Widths of exact sums against a published rule, and against all sums there are."""

import itertools
from fractions import Fraction

import pytest

from ffp8.golden.formats import Format, integer
from ffp8.golden.ranges import Range, value_range
from ffp8.golden.width_rules import rule_of_floats, rule_of_integers


def sums(a: Format, b: Format, terms: int) -> Range:
    return (value_range(a) * value_range(b)).times(terms)


def fields(exponent: int, fraction: int) -> Format:
    return Format(exponent=exponent, fraction=fraction)


@pytest.mark.parametrize(
    ("fmt", "published", "least"),
    [(fields(2, 3), 26, 25), (fields(3, 2), 32, 31), (fields(3, 3), 34, 33)],
)
def test_known_widths_of_4608_terms(fmt: Format, published: int, least: int) -> None:
    assert rule_of_floats(fmt, fmt, 4608) == published
    assert sums(fmt, fmt, 4608).width == least


SHAPES = [fields(e, m) for e in range(1, 5) for m in range(4) if e + m > 1]


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 24, 64, 4608, 2**20])
def test_rule_of_floats_is_never_below_the_least_width(terms: int) -> None:
    excess = {
        rule_of_floats(a, b, terms) - sums(a, b, terms).width
        for a, b in itertools.product(SHAPES, repeat=2)
    }
    assert min(excess) == (0 if terms != 4608 else 1)
    # Each factor of the largest sum may leave a bit of its own unused: two significands, and n.
    assert max(excess) <= 2


def test_where_rule_and_least_width_agree() -> None:
    for fmt, terms in itertools.product((fields(2, 3), fields(3, 2)), (1, 2)):
        assert rule_of_floats(fmt, fmt, terms) == sums(fmt, fmt, terms).width
    # Of all ones times all ones, three terms take the bits of four.
    assert (
        rule_of_floats(fields(2, 3), fields(2, 3), 3) == sums(fields(2, 3), fields(2, 3), 3).width
    )
    assert rule_of_floats(fields(2, 3), fields(2, 3), 9) > sums(fields(2, 3), fields(2, 3), 9).width


@pytest.mark.parametrize("name", ["e4m3fn", "e4m3", "e5m2", "e3m4"])
def test_special_codes_make_sums_narrower(name: str) -> None:
    fmt = Format.parse(name)
    plain = Format(exponent=fmt.exponent, fraction=fmt.fraction)
    excess = rule_of_floats(fmt, fmt, 24) - sums(fmt, fmt, 24).width
    assert excess == {"e4m3fn": 0, "e4m3": 2, "e5m2": 2, "e3m4": 2}[name]
    assert sums(plain, plain, 24).width > sums(fmt, fmt, 24).width or name == "e4m3fn"


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 24, 4608])
def test_rule_of_integers_is_above_the_least_width(terms: int) -> None:
    for a, b in itertools.product(range(2, 10), repeat=2):
        excess = rule_of_integers(a, b, terms) - sums(integer(a), integer(b), terms).width
        assert excess == (1 if terms & (terms - 1) == 0 else 2)


@pytest.mark.parametrize("terms", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        (fields(2, 1), fields(2, 1)),
        (fields(2, 2), fields(1, 1)),
        (fields(3, 0), integer(3)),
        (integer(3), integer(4)),
        (Format.parse("s1e2m1_ieee"), Format.parse("s0e2m2_fn")),
    ],
)
def test_least_width_is_that_of_all_sums(a: Format, b: Format, terms: int) -> None:
    """By brute force: the extremes of all sums, in the unit of the least one."""
    lanes = set()
    for x, y in itertools.product(a.codes, b.codes):
        (product,) = (a.unpack(x.reshape(1)) * b.unpack(y.reshape(1))).to_fractions()
        if isinstance(product, Fraction):
            lanes.add(product)
    known = sums(a, b, terms)
    found = {Fraction(0)}
    for _ in range(terms):
        found = {x + y for x in found for y in lanes}
    steps = [x / Fraction(2) ** known.unit for x in found]
    assert (min(steps), max(steps)) == (known.low, known.high)
    assert all(step.denominator == 1 for step in steps)
    assert any(step % 2 for step in steps)
    width = known.width
    assert -(2 ** (width - 1)) <= known.low <= known.high < 2 ** (width - 1)
    assert known.low < -(2 ** (width - 2)) or known.high >= 2 ** (width - 2)
