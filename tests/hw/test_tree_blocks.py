"""Trees of memory and multiplier blocks against golden, and against the same tree of logic."""

from typing import Any

import numpy as np
import pytest

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.hw.tree_blocks import fixed_point
from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.synthesis import synthesise
from ffp8.synth.verify import verify, verify_verilog

parse = Format.parse

E4M3, E2M1 = parse("e4m3fn"), parse("e2m1fn")


@pytest.mark.parametrize(
    "options",
    [
        {"a": E4M3, "b": E4M3, "ways": 2, "stages": 1},
        {"a": E4M3, "b": E2M1, "ways": 3, "stages": 3, "enable": True},
        {"a": parse("s0e3m5b12"), "b": parse("e3m4"), "ways": 2, "stages": 4},
        {"a": E4M3, "b": E4M3, "c": parse("float16"), "out": parse("float16"), "ways": 2}
        | {"stages": 5, "flags": True},
    ],
)
def test_equal_to_golden(options: dict[str, Any]) -> None:
    config = FmaTreeConfig(blocks=True, **options)
    checked = verify(config, count=4000)
    assert checked.passed, checked.first
    if config.c is None:
        again = verify_verilog(config, count=1000)
        assert again.passed, again.first


@pytest.mark.parametrize("name", ["e4m3fn", "e3m4", "e2m1fn", "s1e4m3b7"])
def test_tables_hold_magnitudes_in_least_steps(name: str) -> None:
    fmt = parse(name)
    table = np.array(fixed_point(fmt))
    values = fmt.decode(np.arange(2**fmt.magnitude_width))
    known = np.isfinite(values)
    assert (table[known] == values[known] / 2.0**fmt.quantum_exponent).all()


@pytest.mark.parametrize(("stages", "by_name"), [(1, False), (2, True)])
def test_uses_the_blocks_of_a_device(stages: int, by_name: bool) -> None:
    config = FmaTreeConfig(a=E4M3, b=E4M3, ways=2, stages=stages, blocks=True)
    device = find_device("ecp5-25k")
    design = elaborate(config, device)
    assert ("MULT18X18D" in design.rtlil) == by_name
    area = synthesise(design, device, dsp=True, timing=False).area
    assert (area.dsp, area.bram) == (2, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"a": E4M3, "b": E4M3, "ways": 2, "stages": 4, "enable": True},
        {"a": parse("s0e3m5b12"), "b": parse("e3m4"), "ways": 1, "stages": 3},
    ],
)
def test_multiplier_blocks_by_name_are_goldens(options: dict[str, Any]) -> None:
    config = FmaTreeConfig(blocks=True, **options)
    device = find_device("ecp5-25k")
    assert "MULT18X18D" in elaborate(config, device).rtlil
    checked = verify_verilog(config, device=device, count=1000)
    assert checked.passed, checked.first


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": 0}, "Option blocks must be off with 0 stages: memory blocks have registers"),
        ({"bypass": True}, "Option blocks must be off with a bypass or a window"),
        ({"window": 8}, "Option blocks must be off with a bypass or a window"),
        ({"b": parse("int8")}, "Option blocks must be off where operands b are not of one format"),
        ({"a": parse("e5m2")}, "Option blocks must be off for e5m2, whose numbers in fixed point"),
    ],
)
def test_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FmaTreeConfig(**{"a": E4M3, "b": E4M3, "blocks": True} | options)
