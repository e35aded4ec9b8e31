import re
from fractions import Fraction

import numpy as np
import pytest

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.two_phase import two_phase

FP4 = Format.parse("fp4_radix4")

CHANCE = np.random.default_rng(7)


def nearest(value: Fraction, phase: int) -> set[Fraction]:
    """The powers of four, or twice those, nearest to a value, and zero."""
    # Seven exponents: 4^(E - 3) for E = 1 to 7.
    magnitudes = [Fraction(0)] + [Fraction(4) ** k * 2**phase for k in range(-2, 5)]
    grid = {sign * magnitude for sign in (-1, 1) for magnitude in magnitudes}
    least = min(abs(value - point) for point in grid)
    return {point for point in grid if abs(value - point) == least}


def test_each_phase_is_the_nearest_power() -> None:
    values = np.concatenate(
        [
            CHANCE.normal(size=500) * 2.0 ** CHANCE.integers(-6, 11, 500),
            # The middles of both grids, and their neighbours.
            np.array(
                [s * m * 2.0**k for s in (-1, 1) for m in (0.5, 1, 2.5) for k in range(-6, 10)]
            ),
            np.nextafter([2.5 * 2.0**k for k in range(-6, 10)], np.inf),
            np.nextafter([2.5 * 2.0**k for k in range(-6, 10)], 0),
            [0.0, -0.0, 1e9, -1e9, 1e-9],
        ]
    )
    found = two_phase(values, FP4)
    for phase in (0, 1):
        for value, got in zip(values.tolist(), found.decode(phase).tolist(), strict=True):
            assert Fraction(got) in nearest(Fraction(value), phase), (value, phase)


def test_ties_go_to_the_even_code() -> None:
    # 1 has code 3 and 4 has code 4; of 4 and 16, 4 has the even one.
    assert two_phase([2.5, 10.0], FP4).decode(0).tolist() == [4.0, 4.0]
    assert two_phase([5.0, 20.0], FP4).decode(1).tolist() == [8.0, 8.0]


def test_both_grids_together_are_that_of_radix_2() -> None:
    both = two_phase(np.zeros(16), FP4)
    grids = [
        {float(x) for x in FP4.unpack(FP4.codes).scaled(phase).to_floats()} for phase in (0, 1)
    ]
    assert both.decode(0).tolist() == both.decode(1).tolist() == [0.0] * 16
    assert grids[0] & grids[1] == {0.0}
    assert grids[0] | grids[1] == {0.0} | {s * 2.0**k for s in (-1, 1) for k in range(-4, 10)}


def test_errors_of_the_phases_make_up_for_each_other() -> None:
    values = 2.0 ** CHANCE.uniform(-3, 7, 20_000)
    found = two_phase(values, FP4)
    errors = [(found.decode(phase) - values) / values for phase in (0, 1)]
    single = np.mean([np.mean(error**2) for error in errors])
    both = np.mean(((errors[0] + errors[1]) / 2) ** 2)
    assert both < 0.6 * single
    # Two roundings of one phase would be the same twice.
    assert np.mean(((errors[0] + errors[0]) / 2) ** 2) == pytest.approx(np.mean(errors[0] ** 2))


def test_products_with_int4_differ_in_scale_alone() -> None:
    """A backward product of each phase: int4 weights or activations, and gradients."""
    tree = FmaTreeConfig(a=Format.parse("int4"), b=FP4, out=Format.parse("float32"), ways=8)
    weights = CHANCE.integers(0, 16, (50, 8))
    gradients = two_phase(CHANCE.normal(size=(50, 8)) * 4, FP4)
    for phase in (0, 1):
        sums = fma_tree(tree, a=weights, b=gradients.codes[phase])["out"]
        assert tree.out is not None
        got = np.ldexp(tree.out.decode(sums), phase)
        want = (Format.parse("int4").decode(weights) * gradients.decode(phase)).sum(axis=1)
        np.testing.assert_array_equal(got, want)


def test_format_must_be_of_radix_4() -> None:
    message = "Two-phase format must be of radix 4, not e2m1fn"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        two_phase([1.0], Format.parse("e2m1fn"))
