"""A sample of the sweep over format pairs; `full_multipliers.py` does it all."""

import itertools

import pytest
from full_multipliers import configurations, formats

from ffp8.golden.formats import Format, Specials
from ffp8.synth.design import elaborate
from ffp8.synth.engines import available, open_engines
from ffp8.synth.verify import verify

SAMPLE = 48


def test_sweep_covers_what_it_says() -> None:
    chosen = list(itertools.islice(configurations(), 300))
    assert len({(config.a, config.b) for config in chosen}) == 300
    pairs_of = [
        (config.a, config.b)
        for config in chosen
        if isinstance(config.a, Format) and isinstance(config.b, Format)
    ]
    assert len(pairs_of) == 300
    kinds = {(fmt.specials, fmt.sign) for fmt in formats()}
    assert len({fmt.specials for fmt in formats()}) == len(Specials)
    pairs = {(a.specials, a.sign, b.specials, b.sign) for a, b in pairs_of}
    assert pairs >= {(*left, *right) for left in kinds for right in kinds}
    assert any(a.exponent == 0 and not a.complement for a, _ in pairs_of)
    assert any(b.fraction == 0 for _, b in pairs_of)
    assert any(a.bias < 0 for a, _ in pairs_of)
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
