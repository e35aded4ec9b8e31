"""The functions behind the short product's tables, against exact rounding."""

from fractions import Fraction

import pytest

from ffp8.golden.formats import Format
from ffp8.golden.rounding import Rounding
from ffp8.hw.short_product import ShortProduct

ROUNDINGS = [Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO, Rounding.TO_ODD]


def short(a: int, b: int, out: str, rounding: Rounding = Rounding.NEAREST_EVEN) -> ShortProduct:
    return ShortProduct(a, b, Format.parse(out), rounding)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("a", "b", "out"), [(3, 3, "e4m3fn"), (2, 2, "e5m2"), (4, 2, "e2m1fn")])
def test_tiny_results_are_those_of_the_exact_product(
    a: int, b: int, out: str, rounding: Rounding
) -> None:
    product = short(a, b, out, rounding)
    assert product.fits
    fraction = product.out.fraction
    for fractions in range(2 ** (a + b)):
        exact = Fraction(product.exact(fractions), 2 ** (a + b))
        top = product.normal(fractions) >> fraction
        for below in range(fraction + 2):
            wanted = exact * 2**fraction / 2 ** (top + 1 + below)
            found = product.tiny(product.coarse(fractions), below)
            assert found == rounded(wanted, rounding)


def rounded(value: Fraction, rounding: Rounding) -> int:
    """A positive value as an integer."""
    match rounding:
        case Rounding.NEAREST_EVEN:
            return round(value)
        case Rounding.TO_ODD:
            return int(value) + (value.denominator > 1 and int(value) % 2 == 0)
    return int(value)


@pytest.mark.parametrize(
    ("product", "why"),
    [
        (short(3, 3, "e4m3fn", Rounding.HALF_AWAY), "a half that is none"),
        (short(3, 3, "e4m3fn", Rounding.STOCHASTIC_A), "random bits"),
        (short(3, 3, "e2m1fn"), "a product rounded to 4"),
        (short(3, 3, "s1e5m4"), "a long fraction"),
        (short(3, 3, "s1e7m0"), "no fraction, whose ties go by the exponent"),
        (short(3, 3, "s1e1m6_ieee"), "no normal value"),
    ],
)
def test_other_results_do_not_fit(product: ShortProduct, why: str) -> None:
    assert not product.fits, why
