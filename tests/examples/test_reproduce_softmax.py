"""The figures that are printed are those that are known."""

import pytest
from reproduce_softmax import LENGTHS, METHODS, SPREADS, exponentials, fair_table, line_errors
from reproduce_softmax import lost_mass as lost_mass_of


def test_errors_of_lines() -> None:
    rows = [row for row in line_errors(0).rows if row.known]
    assert len(rows) == 9
    for row in rows:
        assert float(row.ours) == pytest.approx(float(row.known), rel=0.01), row.what


def test_mass_of_long_rows() -> None:
    rows = lost_mass_of(60).rows
    assert len(rows) == 21
    for row in rows:
        if row.known.startswith(">="):
            assert float(row.ours) >= 0.99
        else:
            assert float(row.ours) == pytest.approx(float(row.known), abs=0.035), row.what


def test_exponentials_of_rivals() -> None:
    for row in exponentials(200).rows[:4]:
        assert float(row.ours.rstrip("%")) == pytest.approx(
            float(row.known.rstrip("%")), rel=0.02
        ), row.what


def test_wider_numbers_are_better() -> None:
    assert len(LENGTHS) * len(SPREADS) == 15
    found = fair_table(384, 2.0, 40)
    assert found.keys() == METHODS.keys()
    paper, wide = found["Softermax, Table I"], found["ours, wide minimax"]
    assert paper.total < 0.9
    assert wide.total == pytest.approx(1, abs=2e-3)
    assert wide.worst < paper.worst / 5
    assert wide.divergence < paper.divergence / 100
    assert all(errors.divergence > 0 and 0 < errors.agreement <= 1 for errors in found.values())
