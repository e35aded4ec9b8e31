# amaranth: UnusedElaboratable=no

"""Lanes with an operand of zero hold what they multiply, and no result changes."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from full_fma_trees import tree

from ffp8.golden.fma_tree import fma_tree
from ffp8.golden.tree_places import places
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.stimuli import Stimuli, cycles
from ffp8.synth.verify import expected

TREE = tree("e4m3fn", "e5m2", "float16", bypass=True, ways=3, stages=3, enable=True, flags=True)


def with_zeros(count: int) -> dict[str, np.ndarray]:
    """Random codes, of which half are zeros of both signs; infinities and NaN are among them."""
    rng = np.random.default_rng(2)
    operands = {name: rng.integers(0, 256, (count, 3)).astype(np.uint8) for name in "ab"}
    for codes in operands.values():
        chosen = rng.random(codes.shape) < 0.3
        codes[chosen] = rng.choice([0, 0x80], int(chosen.sum()))
    return operands


def test_results_with_many_zeros_are_goldens() -> None:
    operands = with_zeros(300)
    products = (operands["a"] % 128 > 0) & (operands["b"] % 128 > 0)
    assert 0.4 < products.mean() < 0.6
    stimuli = cycles(TREE, Stimuli(operands, exhaustive=False), seed=1)
    want, _, schedule = expected(TREE, stimuli)
    got = open_engine(elaborate(TREE), "amaranth").run(stimuli.inputs)
    for name, codes in want.items():
        assert (got[name] == codes)[schedule.shown].all(), name


def test_golden_is_that_of_the_tree_without() -> None:
    operands = with_zeros(300)
    with_bypass = fma_tree(TREE, **operands)
    without = fma_tree(replace(TREE, bypass=False), **operands)
    assert all((with_bypass[name] == codes).all() for name, codes in without.items())


def changes(path: Path, signal: str) -> int:
    """How often a signal of a waveform file takes a value, its first one not counted."""
    text = path.read_text()
    match = re.search(rf"\$var \w+ \d+ (\S+) {signal} ", text)
    assert match
    return sum(line.endswith(f" {match[1]}") for line in text.splitlines() if line[:1] == "b") - 1


@pytest.mark.parametrize("zero", ["a", "b"])
def test_operands_of_a_lane_with_a_zero_are_held(zero: str, tmp_path: Path) -> None:
    config = replace(TREE, enable=False)
    rng = np.random.default_rng(3)
    inputs = {name: rng.integers(1, 100, (50, 3)) for name in "ab"}
    inputs[zero][:, 1] = 0
    path = tmp_path / "waveforms.vcd"
    open_engine(elaborate(config), "amaranth").run(inputs, vcd=path)
    for name in "ab":
        assert changes(path, f"held_{name}_0") > 40
        assert changes(path, f"held_{name}_1") == 0


def test_the_first_registers_are_those_that_hold() -> None:
    assert places(TREE)[0] == "operand"
    assert "operand" not in places(replace(TREE, bypass=False))
    for stages in range(1, len(places(TREE)) + 1):
        cuts = replace(TREE, stages=stages).cuts
        assert cuts[0] == "operand"
        assert len(set(cuts)) == stages
    with pytest.raises(ValueError, match=r"^Option bypass must be off with 0 stages, which hold"):
        replace(TREE, stages=0, enable=False)
