# amaranth: UnusedElaboratable=no

"""The tree's hardware is what golden says, in every cycle."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from full_fma_trees import EXHAUSTIVE, SAMPLED, tree
from tree_mismatches import mismatches

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.tree_places import places
from ffp8.hw.fma_tree import FmaTree
from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.engines import open_engine, open_engines
from ffp8.synth.stimuli import Stimuli
from ffp8.synth.verify import expected, verify, verify_gates, verify_verilog

#: Trees that are compiled fast.
COMPILED = (
    tree(
        "e4m3fn", "e4m3fn", "float16", "float16", ways=2, overflow="special", stages=8, flags=True
    ),
    tree("e2m1fn", "e2m1fn", None, ways=24, stages=7, enable=True),
    tree("int8", "int8", "int16", "int32", ways=4, stages=5, flags=True, enable=True),
    tree("int4", "int4", None, ways=16, stages=5),
)

#: Trees that are made of carry cells, too.
FOR_ECP5 = (
    tree("e4m3fn", "e4m3fn", None, ways=5, stages=6, enable=True),
    tree("e5m2", "e4m3fn", "float16", "float16", ways=2, stages=5),
    tree("int8", "uint8", None, ways=3, stages=5),
    tree("int4", "e2m1fn", None, "int8", ways=3, stages=2),
    tree("e2m1fn", "int4", None, ways=2, stages=2),
    tree("e2m1fn", "e2m1fn", None, ways=3, stages=4),
    tree("e4m3fn", "e2m1fn", "float16", ways=2, stages=5),
)

#: Cases that Amaranth's simulator, much slower, is given.
FEW = 60


@cache
def compiled() -> None:
    """Compile the simulations side by side."""
    open_engines([elaborate(config) for config in (*COMPILED, *EXHAUSTIVE)])


@pytest.mark.parametrize("config", COMPILED, ids=lambda config: config.identifier)
def test_many_cases_are_goldens(config: FmaTreeConfig) -> None:
    compiled()
    assert not any(mismatches(config, None, 10_000, 10_000).values())


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_corners_and_random_codes_are_goldens(config: FmaTreeConfig) -> None:
    assert not any(mismatches(config, "amaranth", FEW // 2, FEW // 2).values())


@pytest.mark.parametrize("config", EXHAUSTIVE, ids=lambda config: config.identifier)
def test_all_codes_are_goldens(config: FmaTreeConfig) -> None:
    compiled()
    record = verify(config)
    assert record.exhaustive
    assert record.cases == 2 ** sum(port.width for port in config.operands)
    assert not record.first


@pytest.mark.parametrize("config", FOR_ECP5, ids=lambda config: config.identifier)
def test_carry_cells_are_goldens(config: FmaTreeConfig) -> None:
    device = find_device("ecp5-25k")
    assert "CCU2C" in elaborate(config, device).rtlil
    assert "CCU2C" not in elaborate(config).rtlil
    record = verify_verilog(config, device=device, count=2000)
    assert record.passed, record.first
    assert record.arguments[-6:-4] == ["--device", "ecp5-25k"]


def test_models_of_carry_cells_are_goldens() -> None:
    config = tree("e3m4", "e3m4", None, ways=3, stages=2)
    record = verify(config, device=find_device("ecp5-25k"), count=2000)
    assert record.passed, record.first


@pytest.mark.parametrize("device", ["ecp5-25k", "ice40-hx8k"])
def test_gates_are_goldens(device: str) -> None:
    # Trees of more ways are in `full_fma_trees`: simulations of their gates compile for minutes.
    config = tree("e4m3fn", "e4m3fn", None, ways=2, stages=4)
    record = verify_gates(config, find_device(device), count=500)
    assert record.passed, record.first


def test_latency_is_the_number_of_stages() -> None:
    base = tree("e2m1fn", "e2m1fn", "e4m3fn", "e2m1fn", ways=2)
    for stages in range(len(places(base)) + 1):
        config = replace(base, stages=stages)
        assert config.latency == stages
        assert not any(mismatches(config, "amaranth", 50, 50).values())
        assert ("cell $dff" in elaborate(config).rtlil) == (stages > 0)


def test_infinity_whose_fields_cancel_is_no_zero() -> None:
    config = tree("e5m2", "e5m2", "uint8", ways=4, stages=0, flags=True)
    one, half_of_it, minus_infinity = 0x3C, 0x78, 0xFC
    operands = {
        "a": np.array([[minus_infinity, half_of_it, half_of_it, 0]], np.uint8),
        "b": np.array([[one, one, one, 0]], np.uint8),
    }
    want, _, _ = expected(config, Stimuli(operands, exhaustive=False))
    got = open_engine(elaborate(config), "amaranth").run(operands)
    assert want["out"].tolist() == [0]
    assert {name: codes.tolist() for name, codes in got.items()} == {
        name: codes.tolist() for name, codes in want.items()
    }


def test_config_must_be_one() -> None:
    with pytest.raises(
        TypeError, match=r"^Tree config must be of type FmaTreeConfig, not 'e4m3fn'$"
    ):
        FmaTree("e4m3fn")  # pyright: ignore[reportArgumentType]
