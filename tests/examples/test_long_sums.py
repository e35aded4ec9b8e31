"""Long sums lose what is known that they lose."""

import numpy as np
import pytest
from long_sums import KNOWN, last_sum, million_terms, running, samples, swamped_sums

from ffp8.golden.accumulator import accumulate


def test_running_sum_sticks_at_4096() -> None:
    codes = samples(2**14)
    assert last_sum(running(), codes) == 4096
    sums = accumulate(running(), a=codes, first=np.arange(len(codes)) == 0)["out"]
    stuck = np.flatnonzero(sums == sums[-1])[0]
    assert (sums[stuck:] == sums[-1]).all()
    assert 3000 < stuck < 6000


def test_errors_by_chunk_length_have_the_known_shape() -> None:
    lengths = (1, 8, 16, 64, 4096)
    random, *rows = swamped_sums(lengths=lengths).rows
    assert float(random.ours) < 0.05
    for length, row in zip(lengths, rows, strict=True):
        known = float(KNOWN[length])
        if known > 0.05:
            assert float(row.ours) == pytest.approx(known, rel=0.1), row.what
        else:
            assert float(row.ours) < 0.01, row.what


def test_long_sums_are_within_their_bounds() -> None:
    study = million_terms(60_000)
    assert next(row.ours for row in study.rows) == "0"
    assert len(study.rows) == 3
