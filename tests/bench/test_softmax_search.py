"""The search of softmax units, sampled."""

from softmax_search import candidates, errors, front

from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.table_softmax import TableSoftmaxConfig


def test_candidates_are_of_both_blocks() -> None:
    found = candidates()
    kinds = {type(config) for config in found}
    assert kinds == {SoftmaxConfig, TableSoftmaxConfig}
    assert len(found) == len(set(found)) > 20


def test_errors_rank_units_as_they_are() -> None:
    accurate, balanced = (
        errors(TableSoftmaxConfig.preset(name), 2.0, rows=60) for name in ("accurate", "balanced")
    )
    paper = errors(SoftmaxConfig(), 2.0, rows=60)
    assert accurate.scores < 1e-3 < balanced.scores < paper.scores
    assert balanced.arguments < 1e-3 < paper.arguments
    assert accurate.row < 1e-3
    assert balanced.row < 3e-3 < paper.row
    assert balanced.mean < 1e-3 < paper.mean


def test_front_has_what_nothing_beats() -> None:
    points = [(1.0, 10), (2.0, 5), (2.0, 6), (3.0, 5), (0.5, 10), (9.0, 4)]
    assert front(points) == [False, True, False, False, True, True]
