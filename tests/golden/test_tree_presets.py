"""Trees of real machines against their definitions and recorded vectors."""

import re
from typing import Any

import numpy as np
import pytest
from full_hopper import PAIRS, SAMPLE, hopper, step
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


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_hopper_steps_are_those_recorded(pair: tuple[str, str]) -> None:
    with np.load(SAMPLE) as file:
        name = "_".join(pair)
        a, b, c, out = (file[f"{name}_{part}"] for part in ("a", "b", "c", "out"))
    assert len(out) == 500
    assert (out & 0x7F800000 != 0x7F800000).sum() > 400
    np.testing.assert_array_equal(step(pair, a, b, c), out)


def test_hopper_keeps_13_fraction_bits_and_the_addend_takes_part() -> None:
    one = np.zeros((1, 32), np.uint8)
    one[0, 0] = 0x38
    pair = ("e4m3fn", "e4m3fn")
    # 2^13 + 1 is kept, 2^14 + 1 is not, and of 2^13 + 1.5 only the integer.
    for addend, want in ((2**13, 2**13 + 1), (2**14, 2**14), (2**13 + 0.5, 2**13 + 1)):
        got = step(pair, one, one, np.array([addend], np.float32).view(np.uint32))
        assert got.view(np.float32).tolist() == [want]
    config = hopper(pair)
    assert config.least_exponent == -132
    assert config.nan_code == 0x7FFFFFFF


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
