"""Trees of real machines against their definitions and recorded vectors."""

import re
from typing import Any

import numpy as np
import pytest
from full_rvbna import EXHAUSTIVE, SAMPLED, every_operand, mismatches
from tree_cases import random

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.multiplier import MultiplierConfig


@pytest.mark.parametrize("config", EXHAUSTIVE, ids=lambda config: config.identifier)
def test_rvbna_of_small_formats_is_that_of_the_manual(config: FmaTreeConfig) -> None:
    operands = every_operand(config)
    # All of it takes a while; see full_rvbna.py.
    some = np.random.default_rng(3).permutation(len(operands["a"]))[:8000]
    part = {name: codes[some] for name, codes in operands.items()}
    assert not list(mismatches(config, part))


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_rvbna_of_fp8_is_that_of_the_manual(config: FmaTreeConfig) -> None:
    assert not list(mismatches(config, random(config, 300, seed=7)))


@pytest.mark.parametrize(
    ("ways", "out", "window"),
    [(2, "float32", 24), (4, "float32", 25), (16, "float16", 14), (6, "float16", 13)],
)
def test_rvbna_window_follows_ways_and_result(ways: int, out: str, window: int) -> None:
    for fmt in ("e5m2", "float16", "bfloat16"):
        config = FmaTreeConfig.preset("riscv-rvbna", a=fmt, b=fmt, ways=ways, out=out)
        assert (config.window, str(config.cut), str(config.rounding)) == (window, "odd", "to-odd")


def test_given_options_come_before_a_presets() -> None:
    config = FmaTreeConfig.preset("nvidia-hopper-fp8", a="e5m2", ways=16, stages=2)
    assert (str(config.a), str(config.b), config.ways, config.window) == ("e5m2", "e4m3fn", 16, 13)
    assert FmaTreeConfig.from_json(config.to_json()) == config


REFUSED: list[tuple[type, str, dict[str, Any], str]] = [
    (FmaTreeConfig, "hopper", {}, "Preset of fma-tree must be riscv-rvbna, nvidia-hopper-fp8, not"),
    (FmaTreeConfig, "riscv-rvbna", {"way": 3}, "Option of fma-tree must be a, b, c, "),
    (MultiplierConfig, "riscv-rvbna", {}, "Preset of multiplier must be left out, not "),
]


@pytest.mark.parametrize(("kind", "name", "options", "message"), REFUSED)
def test_wrong_preset_is_refused(
    kind: Any, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        kind.preset(name, **options)
