"""A small part of the example that measures scaled formats."""

import dataclasses
import io

import pytest
import reproduce_scaling
from rich.console import Console


@pytest.fixture(scope="module")
def results() -> reproduce_scaling.Results:
    return reproduce_scaling.measure(channels=10, length=4096, rows=24, seed=1)


def test_figures_are_those_expected(results: reproduce_scaling.Results) -> None:
    assert results.as_expected
    # To round the products of scales costs next to nothing.
    assert abs(results.dots[0] - results.dots[1]) < 0.05
    # The order of the formats: more bits a value, less noise; on heavy tails, short blocks.
    gauss, _, tails = zip(*results.blocks.values(), strict=True)
    figures = dict(zip(results.blocks, gauss, strict=True))
    assert figures["mxint8"] > figures["mxfp6_e2m3"] > figures["mxfp8_e5m2"] > figures["nvfp4"]
    assert figures["nvfp4"] > figures["mxfp4"]
    assert tails[list(results.blocks).index("nvfp4")] > 20
    # A scale that elements know of is better where it is coarse.
    assert results.rounded["Gaussian"][1] > results.paper["Gaussian"][1] + 0.3
    # The recipe's chain of roundings differs at ties only.
    assert results.nvfp4.vectors == 2560
    assert results.nvfp4.scales == 0
    assert 0 < results.nvfp4.elements < 200
    assert results.nvfp4.distance < 1e-6


def test_another_figure_is_noticed(results: reproduce_scaling.Results) -> None:
    wrong = results.paper | {"Gaussian": [16.0, 20.1, 21.35, 21.39, 19.37]}
    assert not dataclasses.replace(results, paper=wrong).as_expected
    assert not dataclasses.replace(results, dots=[16.33, 16.0]).as_expected


def test_what_it_prints(results: reproduce_scaling.Results) -> None:
    text = io.StringIO()
    reproduce_scaling.show(results, Console(file=text, width=120))
    shown = text.getvalue()
    for part in ("Student t3", "20.67", "mxfp4", "4.25", "2,560 vectors"):
        assert part in shown
