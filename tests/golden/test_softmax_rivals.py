"""Other softmaxes: their integers by hand, their known errors, and what all must keep."""

import math
from collections.abc import Callable
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from ffp8.golden.softmax_rivals import (
    IBERT,
    ibert_exp,
    ibert_softmax,
    ita_softmax,
    piecewise_softmax,
    schraudolph_exp,
    softex_softmax,
)

Method = Callable[[np.ndarray], np.ndarray]

SCORES = np.random.default_rng(0).standard_normal((60, 100)) * 2


def truth(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("method", "bound"),
    [
        (lambda scores: ibert_softmax(scores, bits=16), 3e-3),
        (ibert_softmax, 6e-3),
        (ita_softmax, 0.2),
        (piecewise_softmax, 2e-2),
        (softex_softmax, 1.5e-2),
    ],
)
def test_rows_are_near_the_true_ones(method: Method, bound: float) -> None:
    errors = np.abs(method(SCORES) - truth(SCORES))
    assert bound / 4 < errors.max() < bound


def ibert_by_hand(number: int, scale: Fraction) -> int:
    a, b, c = (Fraction(str(x)) for x in IBERT)
    ln2 = math.floor(Fraction(math.log(2)) / scale)
    halvings = -number // ln2
    rest = number + halvings * ln2
    square = (rest + math.floor(b / scale)) ** 2 + math.floor(c / (a * scale**2))
    return square >> halvings


@pytest.mark.parametrize("scale", [2.0**-6, 2.0**-10, 0.013])
def test_ibert_is_its_integers(scale: float) -> None:
    numbers = -np.arange(0, int(12 / scale), 7)
    found, unit = ibert_exp(numbers, scale)
    assert found.tolist() == [ibert_by_hand(int(x), Fraction(scale)) for x in numbers]
    assert unit == IBERT[0] * scale**2
    assert np.abs(found * unit - np.exp(numbers * scale)).max() < 2.2e-3 + 3 * scale


def ita_by_hand(row: list[int], octave: int) -> list[int]:
    def octaves(distance: int) -> int:
        return math.floor(Fraction(distance, octave) + Fraction(1, 2))

    total, top = 0, -128
    for start in range(0, len(row), 16):
        group = row[start : start + 16]
        new = max([top, *group])
        total >>= octaves(new - top)
        top = new
        total += sum(256 >> octaves(top - x) for x in group)
    return [(255 * 256 // total) >> octaves(top - x) for x in row]


@pytest.mark.parametrize("octave", [1, 32])
def test_ita_is_its_integers(octave: int) -> None:
    rng = np.random.default_rng(1)
    numbers = np.clip(np.rint(rng.normal(60, 40, (40, 50))), -128, 127).astype(int)
    numbers[:, rng.integers(0, 50)] = 127
    found = ita_softmax(numbers * np.log(2) / octave, octave=octave)
    want = [ita_by_hand(row.tolist(), octave) for row in numbers]
    assert np.rint(found * 255).astype(int).tolist() == want


def test_exponentials_are_bfloat16_of_known_errors() -> None:
    x = -np.linspace(0, 20, 40_001).astype(ml_dtypes.bfloat16).astype(np.float64)
    for corrected, greatest, mean in ((False, 0.066, 0.041), (True, 0.0075, 0.0019)):
        found = schraudolph_exp(x, corrected=corrected)
        assert (found.astype(ml_dtypes.bfloat16).astype(np.float64) == found).all()
        relative = np.abs(found / np.exp(x) - 1)
        assert greatest * 0.9 < relative.max() < greatest
        assert relative.mean() == pytest.approx(mean, rel=0.05)
    assert schraudolph_exp(np.array([0.0, -100.0])).tolist() == [1.0, 0.0]


def test_plain_exponential_is_a_line_in_each_octave() -> None:
    x = -np.arange(64) / 64
    bits = 2.0**7
    fixed = np.rint(x.astype(ml_dtypes.bfloat16).astype(np.float64) / np.log(2) * bits) / bits
    whole = np.floor(fixed)
    assert (
        schraudolph_exp(x, corrected=False).tolist() == ((1 + fixed - whole) * 2.0**whole).tolist()
    )


def test_reciprocal_of_softex_is_good_to_bfloat16() -> None:
    equal = softex_softmax(np.zeros((1, 1000)))
    assert equal[0, 0] == float(ml_dtypes.bfloat16(1 / 1000))


def test_chords_are_exact_where_they_begin() -> None:
    found = piecewise_softmax(np.array([[0.0, -0.5, -8.0, -9.0]]), segments=16, bits=20)
    want = np.exp([0, -0.5, -8.0])
    assert found[0, :3] == pytest.approx(want / want.sum(), abs=2**-20)
    assert found[0, 3] == 0
