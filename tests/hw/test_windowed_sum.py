# amaranth: UnusedElaboratable=no

"""The hardware of windowed trees is what golden says, in every cycle."""

from dataclasses import replace
from functools import cache

import pytest
from full_fma_trees import tree
from full_windowed_trees import EXHAUSTIVE, SAMPLED
from tree_mismatches import mismatches

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.tree_places import places
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import verify

#: One of each cut, reference and kind of addend; the others are swept in full_windowed_trees.py.
COMPILED = EXHAUSTIVE[::9]


@cache
def compiled() -> None:
    """Compile the simulations side by side."""
    open_engines([elaborate(config) for config in COMPILED])


@pytest.mark.parametrize("config", COMPILED, ids=lambda config: config.identifier)
def test_all_codes_are_goldens(config: FmaTreeConfig) -> None:
    compiled()
    record = verify(config)
    assert record.exhaustive
    assert not record.first


@pytest.mark.parametrize("config", SAMPLED[:-2], ids=lambda config: config.identifier)
def test_corners_and_random_codes_are_goldens(config: FmaTreeConfig) -> None:
    assert not any(mismatches(config, "amaranth", 30, 60).values())


@pytest.mark.parametrize("config", SAMPLED[-2:], ids=lambda config: config.identifier)
def test_machines_are_goldens(config: FmaTreeConfig) -> None:
    assert not any(mismatches(config, "amaranth", 12, 12).values())


def test_every_place_takes_registers() -> None:
    base = tree("e2m1fn", "e2m1fn", "e4m3fn", "e2m1fn", ways=2, window=4, cut="nearest")
    for stages in (1, 2, len(places(base))):
        config = replace(base, stages=stages)
        assert config.latency == stages
        assert not any(mismatches(config, "amaranth", 50, 50).values())
