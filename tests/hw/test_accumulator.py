# amaranth: UnusedElaboratable=no

"""The accumulator's hardware is what golden says, in every cycle."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from full_accumulators import COMPILED, SAMPLED, accumulator

from ffp8.golden.accumulator import LOOPS, AccumulatorConfig, places
from ffp8.hw.accumulator import Accumulator
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.stimuli import cases, cycles
from ffp8.synth.verify import verify


@cache
def compiled() -> None:
    """Compile the simulations side by side."""
    open_engines([elaborate(config) for config in COMPILED])


@pytest.mark.parametrize("config", COMPILED, ids=lambda config: config.identifier)
def test_many_terms_are_goldens(config: AccumulatorConfig) -> None:
    compiled()
    record = verify(config, count=60_000)
    assert not record.first
    assert record.cycles > 60_000
    assert not record.exhaustive
    assert (record.stalls > 10_000) == config.enable


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_sampled_terms_are_goldens(config: AccumulatorConfig) -> None:
    assert not verify(config, engine="amaranth", count=60).first


@pytest.mark.parametrize("kind", ["running", "chunked", "exact"])
def test_latency_is_the_number_of_stages(kind: str) -> None:
    options = {"running": {}, "chunked": {"chunk": 3}, "exact": {"terms": 4}}[kind]
    base = accumulator("s1e2m1", "s1e2m2", kind, enable=True, **options)
    least = len(LOOPS[base.kind])
    assert base.latency == least
    for stages in range(least, least + len(places(base)) + 1):
        config = replace(base, stages=stages)
        assert config.latency == stages
        record = verify(config, engine="amaranth", count=100)
        assert not record.first
        assert record.stalls > 10


def test_stimuli_begin_and_have_sums_of_all_lengths() -> None:
    config = COMPILED[0]
    stimuli = cycles(config, cases(config, seed=2, count=30_000), seed=2)
    taken = config.schedule(stimuli.inputs).taken
    first = stimuli.inputs["first"][taken]
    assert first[0] == 1
    lengths = np.diff(np.flatnonzero(first))
    assert lengths.min() == 1
    assert lengths.max() > 1000
    # In a stall, the ports are random.
    assert stimuli.inputs["first"].mean() > 2 * first.mean()


def test_config_must_be_one() -> None:
    message = r"^Accumulator config must be of type AccumulatorConfig, not 'e4m3fn'$"
    with pytest.raises(TypeError, match=message):
        Accumulator("e4m3fn")  # pyright: ignore[reportArgumentType]
