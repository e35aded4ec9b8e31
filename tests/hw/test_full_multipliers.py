"""A sample of the sweep over format pairs; `full_multipliers.py` does it all."""

import itertools

import pytest
from full_multipliers import configurations, formats

from ffp8.golden.formats import Specials
from ffp8.synth.design import elaborate
from ffp8.synth.engines import available, open_engines
from ffp8.synth.verify import verify

SAMPLE = 48


def test_sweep_covers_what_it_says() -> None:
    chosen = list(itertools.islice(configurations(), 300))
    assert len({(config.a, config.b) for config in chosen}) == 300
    kinds = {(fmt.specials, fmt.sign) for fmt in formats()}
    assert len({fmt.specials for fmt in formats()}) == len(Specials)
    pairs = {
        (config.a.specials, config.a.sign, config.b.specials, config.b.sign) for config in chosen
    }
    assert pairs >= {(*left, *right) for left in kinds for right in kinds}
    assert any(config.a.exponent == 0 and not config.a.complement for config in chosen)
    assert any(config.b.fraction == 0 for config in chosen)
    assert any(config.a.bias < 0 for config in chosen)
    assert {config.stages for config in chosen} == {0, 1, 2, 3}


def test_all_pairs_of_codes() -> None:
    if not any(engine.name == "cxxrtl" and engine.version for engine in available()):
        pytest.skip("no C++ compiler on this machine")
    chosen = list(itertools.islice(configurations(), 0, None, 7))[:SAMPLE]
    open_engines([elaborate(config) for config in chosen], "cxxrtl")
    for config in chosen:
        record = verify(config, engine="cxxrtl")
        assert record.exhaustive
        assert record.passed, f"{config.identifier}: {record.first[0]}"
