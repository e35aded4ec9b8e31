"""Tables of lines: the errors that are known, and the bound that each table states."""

import numpy as np
import pytest

from ffp8.golden.piecewise import Curve, Fit, Piecewise, lines, piecewise

#: Greatest errors of chords by segments, of an independent study.
KNOWN = {
    Curve.POWER: {2: 2.53e-2, 4: 6.89e-3, 8: 1.80e-3, 16: 4.6e-4},
    Curve.RECIPROCAL: {2: 3.37e-2, 4: 1.11e-2, 8: 3.27e-3, 16: 8.9e-4},
}


def function(curve: Curve, part: np.ndarray) -> np.ndarray:
    return np.exp2(part) if curve is Curve.POWER else 1 / (1 + part)


def table(curve: Curve, segments: int, fit: Fit = Fit.CHORD, bits: int = 12) -> Piecewise:
    return piecewise(curve, segments, fit, argument_bits=bits, fraction=15, slope_fraction=10)


@pytest.mark.parametrize("curve", Curve)
@pytest.mark.parametrize("segments", [1, 2, 4, 8, 16, 64])
@pytest.mark.parametrize("fit", Fit)
def test_errors_of_lines_are_measured(curve: Curve, segments: int, fit: Fit) -> None:
    for place, line in enumerate(lines(curve, segments, fit)):
        part = np.linspace(place, place + 1, 4001) / segments
        error = float(line.low) + float(line.slope) * (part - part[0]) - function(curve, part)
        assert np.abs(error).max() == pytest.approx(float(line.error), rel=1e-5)
        # A chord touches at both ends; the best line errs as much on both sides.
        assert error[[0, -1]] == pytest.approx(0 if fit is Fit.CHORD else -float(line.error))


@pytest.mark.parametrize("curve", Curve)
def test_errors_of_chords_are_the_known_ones(curve: Curve) -> None:
    for segments, known in KNOWN[curve].items():
        worst = max(float(line.error) for line in lines(curve, segments, Fit.CHORD))
        assert worst == pytest.approx(known, rel=0.01)
        best = max(float(line.error) for line in lines(curve, segments, Fit.MINIMAX))
        assert best == pytest.approx(worst / 2, rel=1e-12)


@pytest.mark.parametrize("curve", Curve)
@pytest.mark.parametrize("segments", [1, 4, 32])
@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("slope_fraction", [1, 6, 14])
def test_values_are_within_the_bound(
    curve: Curve, segments: int, fit: Fit, slope_fraction: int
) -> None:
    found = piecewise(
        curve, segments, fit, argument_bits=12, fraction=9, slope_fraction=slope_fraction
    )
    arguments = np.arange(2**12)
    values = found.value(arguments) / 2.0**found.exact_fraction
    errors = np.abs(values - function(curve, arguments / 2**12))
    assert errors.max() <= found.error
    # The bound is not far off, unless coarse slopes happen to fit.
    assert errors.max() > found.error / (2 if slope_fraction > 6 else 8)


@pytest.mark.parametrize("curve", Curve)
@pytest.mark.parametrize("fit", Fit)
def test_without_room_for_lines_values_are_nearest(curve: Curve, fit: Fit) -> None:
    found = table(curve, 16, fit, bits=3)
    assert found.distance_bits == 0
    assert len(found.lows) == 8
    exact = function(curve, np.arange(8) / 8)
    assert found.value(np.arange(8)).tolist() == np.rint(exact * 2**15).tolist()
    assert found.error == 2.0**-16


def test_no_segments_are_powers_of_two_alone() -> None:
    found = table(Curve.POWER, 0)
    assert (found.value(np.arange(2**12)) == 2**found.exact_fraction).all()
    assert found.error == 1


def test_segments_must_be_powers_of_two() -> None:
    with pytest.raises(ValueError, match=r"^Segments must be 0 or a power of two up to 64, not 3$"):
        table(Curve.POWER, 3)
    with pytest.raises(ValueError, match=r"not 128$"):
        table(Curve.POWER, 128)
