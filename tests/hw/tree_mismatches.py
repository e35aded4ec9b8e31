"""A tree's hardware beside golden, over corners, chance and stalls."""

import numpy as np
from tree_cases import directed, random

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.stimuli import Stimuli, cycles
from ffp8.synth.verify import expected

__all__ = ["mismatches"]


def mismatches(
    config: FmaTreeConfig, engine: str | None, corners: int, chance: int
) -> dict[str, int]:
    """How often each output differs from golden, over cycles with stalls."""
    parts = [directed(config), random(config, chance, seed=4)]
    # Corners are many; whatever is left out, it is spread.
    count = len(parts[0]["a"])
    keep = np.unique(np.linspace(0, count - 1, corners).astype(int))
    operands = {
        name: np.concatenate([codes[keep], parts[1][name]]) for name, codes in parts[0].items()
    }
    stimuli = cycles(config, Stimuli(operands, exhaustive=False), seed=3)
    want, _, schedule = expected(config, stimuli)
    got = open_engine(elaborate(config), engine).run(stimuli.inputs)
    if config.enable:
        assert (~schedule.advance).sum() > len(stimuli) // 10
    assert schedule.shown.sum() >= len(operands["a"])
    return {
        name: int(((got[name] != codes) & schedule.shown).sum()) for name, codes in want.items()
    }
