import numpy as np
import pytest

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.ports import Direction, Port
from ffp8.synth.stimuli import Stimuli, cases, corners, cycles, every_combination, random_codes


def config(a: str, b: str, **options: object) -> MultiplierConfig:
    return MultiplierConfig(a=Format.parse(a), b=Format.parse(b), **options)  # type: ignore


def test_all_pairs_of_small_formats() -> None:
    made = cases(config("e2m1fn", "s0e2m1"), seed=0)
    assert made.exhaustive
    assert sorted(zip(*(made.inputs[n].tolist() for n in "ab"), strict=True)) == [
        (a, b) for a in range(16) for b in range(8)
    ]


def test_wide_formats_get_corners_and_chance() -> None:
    unit = config("float16", "bfloat16")
    made = cases(unit, seed=1, count=1000)
    assert not made.exhaustive
    pairs = set(zip(made.inputs["a"].tolist(), made.inputs["b"].tolist(), strict=True))
    for a in (0, 0x8000, 0x7BFF, 0x7C00, 0x7E00, 0x0400, 0x03FF):
        for b in (0, 0x8000, 0x7F7F, 0x7F80, 0x7FC0, 0x0080, 0x007F):
            assert (a, b) in pairs
    again = cases(unit, seed=1, count=1000)
    other = cases(unit, seed=2, count=1000)
    assert np.array_equal(made.inputs["a"], again.inputs["a"])
    assert not np.array_equal(made.inputs["a"], other.inputs["a"])


def test_count_overrides_exhaustive() -> None:
    assert not cases(config("e4m3fn", "e4m3fn"), seed=0, count=10).exhaustive


def test_vector_elements_are_combined() -> None:
    port = Port(name="v", direction=Direction.INPUT, meaning="", bits=2, elements=3)
    made = every_combination((port,))["v"]
    assert made.shape == (64, 3)
    assert len({tuple(row) for row in made.tolist()}) == 64


@pytest.mark.parametrize("width", [3, 64, 70])
def test_random_codes_use_all_bits(width: int) -> None:
    port = Port(name="v", direction=Direction.INPUT, meaning="", bits=width)
    codes = [int(code) for code in random_codes(port, 500, np.random.default_rng(0))]
    assert min(codes) >= 0
    assert max(codes) < 2**width
    for bit in range(width):
        assert {code >> bit & 1 for code in codes} == {0, 1}


def test_corners_hold_every_special() -> None:
    fmt = Format.parse("e5m2")
    port = Port(name="a", direction=Direction.INPUT, meaning="", format=fmt)
    assert {0, 0x80, 0x7B, 0xFB, 0x7C, 0xFC, 0x7E, 0x04, 0x03, 0x3C} <= set(corners(port).tolist())


def test_cycles_stall_and_lose_nothing() -> None:
    unit = config("e2m1fn", "e2m1fn", stages=3, enable=True)
    chosen = cases(unit, seed=0)
    spread = cycles(unit, chosen, seed=0)
    advance = spread.inputs["enable"].astype(bool)
    assert 0.5 < advance.mean() < 0.9
    assert not advance.all()
    assert np.array_equal(spread.inputs["a"][advance][: len(chosen)], chosen.inputs["a"])
    # All results have come out: the last case advanced through all stages before the last cycle.
    assert advance[:-1].sum() >= len(chosen) + unit.latency


def test_cycles_without_enable() -> None:
    unit = config("e2m1fn", "e2m1fn", stages=2)
    chosen = cases(unit, seed=0)
    spread = cycles(unit, chosen, seed=0)
    assert isinstance(spread, Stimuli)
    assert len(spread) == len(chosen) + 2
