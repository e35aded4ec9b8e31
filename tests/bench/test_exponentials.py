"""Exponentials as logic are those of golden, for all operands."""

import pytest
from exponentials import LANES, design_of, relative_error

from ffp8.synth.engines import open_engines


def test_all_operands_give_goldens_powers() -> None:
    engines = open_engines([design_of(lane) for lane in LANES.values()], "cxxrtl")
    for (name, lane), engine in zip(LANES.items(), engines, strict=True):
        got = engine.run({"a": lane.operands})["out"]
        assert got.tolist() == lane.golden(lane.operands).tolist(), name


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("Schraudolph, 7 fraction bits", 6.15e-2),
        ("lines, 10 fraction bits, 4 segments", 2.2e-3),
        ("table, 2 fraction bits, 16 octaves", 6.6e-5),
    ],
)
def test_errors_are_the_known_ones(name: str, known: float) -> None:
    assert relative_error(LANES[name]) == pytest.approx(known, rel=0.02)
