import sys

import full_modes
import pytest

from ffp8.golden.accumulator import AccumulatorConfig, Kind
from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.rounding import Rounding
from ffp8.golden.windowed_sum import Cut, Reference
from ffp8.synth.engines import available


def test_modes_are_all_that_there_are() -> None:
    trees = [mode for mode in full_modes.MODES.values() if isinstance(mode, FmaTreeConfig)]
    sums = [mode for mode in full_modes.MODES.values() if isinstance(mode, AccumulatorConfig)]
    windowed = [tree for tree in trees if tree.window is not None]
    assert {tree.cut for tree in windowed} == set(Cut)
    assert {tree.reference for tree in windowed} == set(Reference)
    assert {tree.align_addend for tree in windowed} == {False, True}
    assert {tree.rounding for tree in trees} == set(Rounding)
    assert {mode.kind for mode in sums} == set(Kind)
    assert any(tree.bias_bits for tree in trees)
    assert any(tree.bypass for tree in trees)
    assert any(tree.blocks for tree in trees)
    assert any(tree.a_other for tree in trees)


def test_a_mode_in_two_batches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not any(engine.name == "cxxrtl" and engine.version for engine in available()):
        pytest.skip("no C++ compiler on this machine")
    monkeypatch.setattr(sys, "argv", ["full_modes.py", "accumulator, exact", "--cases", "501000"])
    assert full_modes.main() == 0
    first, arguments, last = capsys.readouterr().out.splitlines()
    assert first.startswith("accumulator, exact: 501,000 cases, equal to golden, ")
    assert arguments.split()[:4] == ["--a", "e4m3fn", "--kind", "exact"]
    assert last == "501,000 cases, 0 modes differ from golden"


def test_a_mode_that_differs_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(full_modes, "sweep", lambda config, cases: (cases, ["cycle 3: wrong"]))
    monkeypatch.setattr(sys, "argv", ["full_modes.py", "bypass", "RVBNA", "--cases", "5"])
    assert full_modes.main() == 1
    shown = capsys.readouterr().out
    assert "bypass: 5 cases, MISMATCHES, 0 s\n" in shown
    assert "\ncycle 3: wrong\n" in shown
    assert shown.endswith("10 cases, 2 modes differ from golden\n")
