"""The figures that are printed are those that are known."""

from collections.abc import Callable

import pytest
from reproduce_trees import STUDIES, chained_sums
from studies import Row, Study


def mean(figure: str) -> float:
    return float(figure.split(maxsplit=1)[0])


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.__name__)
def test_measured_means_are_the_known_ones(study: Callable[[int], Study]) -> None:
    rows: list[Row] = [row for row in study(3000).rows if row.known]
    assert len(rows) > 3
    for row in rows:
        assert mean(row.ours) == pytest.approx(mean(row.known), rel=0.15), row.what


def test_window_of_12_bits_beats_chained_float16() -> None:
    window, once, pairs, chain = (mean(row.ours) for row in chained_sums(3000).rows)
    assert window < once * 1.1
    assert once < pairs < chain
    assert chain > 2.5 * window
