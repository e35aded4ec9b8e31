"""The passes of a softmax alone: together they are the softmax, and each is its definition."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from softmax_cases import beats_of
from softmax_oracle import floor_to, results_oracle, round_to, value

from ffp8.golden.block import BlockConfig
from ffp8.golden.converter import from_fractions
from ffp8.golden.softmax import SoftmaxConfig, softmax
from ffp8.golden.softmax_passes import (
    SoftmaxNormaliserConfig,
    SoftmaxPowersConfig,
    softmax_normaliser,
    softmax_powers,
)

CONFIGS = {
    "table 1": {"length": "40", "mask": True},
    "floats": {
        "a": "bfloat16",
        "lanes": "3",
        "length": "30",
        "log2e_bits": "10",
        "argument": "q5.4",
        "segments": "2",
        "fit": "minimax",
        "reciprocal_fit": "minimax",
        "slope_bits": "5",
        "out": "e4m3fn",
    },
    "shifts": {
        "a": "e5m2",
        "lanes": "1",
        "length": "9",
        "argument": "q4.0",
        "segments": "0",
        "power": "uq2.4",
        "total": "uq10.9",
        "reciprocal_segments": "1",
        "rounding": "toward-zero",
        "mask": True,
    },
}


def part(kind: type[BlockConfig], options: dict[str, object]) -> BlockConfig:
    """A pass with those of the options that it has."""
    names = {opt.name for opt in kind.options()}
    return kind.from_json({name: text for name, text in options.items() if name in names})


def passes(name: str) -> tuple[SoftmaxPowersConfig, SoftmaxNormaliserConfig]:
    first = part(SoftmaxPowersConfig, CONFIGS[name])
    second = part(SoftmaxNormaliserConfig, CONFIGS[name])
    assert isinstance(first, SoftmaxPowersConfig)
    assert isinstance(second, SoftmaxNormaliserConfig)
    return first, second


def of_rows(found: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the second pass takes of what the first one gave: the row's end, with each beat."""
    ends = np.flatnonzero(found["out_last"])
    end = ends[np.searchsorted(ends, np.arange(len(found["top"])))]
    return {
        "power": found["power"],
        "top": found["top"],
        "row_top": found["top"][end],
        "total": found["total"][end],
        "last": found["out_last"],
    }


@pytest.mark.parametrize("name", CONFIGS)
def test_together_they_are_the_softmax(name: str) -> None:
    first, second = passes(name)
    whole = SoftmaxConfig.from_json(CONFIGS[name])
    beats = beats_of(whole, np.random.default_rng(0), 300)
    got = softmax_normaliser(second, **of_rows(softmax_powers(first, **beats)))
    want = softmax(whole, **beats)
    assert got["out"].any()
    assert got.keys() == want.keys()
    for port, codes in want.items():
        assert got[port].shape == codes.shape
        assert got[port].dtype == codes.dtype
        assert (got[port] == codes).all()


def test_preset_is_that_of_the_softmax() -> None:
    whole = SoftmaxConfig.preset("wide", length=100)
    for kind in (SoftmaxPowersConfig, SoftmaxNormaliserConfig):
        for name, text in kind.preset("wide", length=100).to_json().items():
            assert text == whole.to_json()[name]


def test_powers_do_not_depend_on_what_follows() -> None:
    config, _ = passes("table 1")
    beats = beats_of(config, np.random.default_rng(1), 20)
    whole = softmax_powers(config, **beats)
    for count in (0, 1, 7, len(beats["last"]) - 1):
        found = softmax_powers(config, **{name: codes[:count] for name, codes in beats.items()})
        for name, codes in found.items():
            assert codes.dtype == whole[name].dtype
            assert codes.tolist() == whole[name][:count].tolist()


def test_rows_must_not_be_too_long() -> None:
    config = replace(passes("shifts")[0], mask=False)
    beats = {"a": np.zeros((30, 1), int), "last": np.arange(30) % 9 == 8}
    softmax_powers(config, **beats)
    beats["last"][17] = False
    with pytest.raises(ValueError, match=r"^Row must have at most 9 beats, not 18$"):
        softmax_powers(config, **beats)
    # The row at the end, too, though it is not complete.
    message = r"^Row must have at most 9 beats, not 10$"
    with pytest.raises(ValueError, match=message):
        softmax_powers(config, a=beats["a"][:10], last=np.zeros(10))


def least(config: SoftmaxNormaliserConfig) -> Fraction:
    """The power of two that a row's sum is not below."""
    steps = -config.argument.quantum_exponent
    highest = []
    for number in range(1, 2**steps + 1):
        # The greatest argument of a row, above 0 and up to 1, which is then its top.
        whole, rest = divmod(Fraction(number, 2**steps), 1)
        found = value("power", config, rest, steps) * Fraction(2) ** (whole - 1)
        highest.append(floor_to(found, -config.power.quantum_exponent))
    low = round_to(min(highest), -config.total.quantum_exponent)
    return Fraction(2) ** math.floor(math.log2(low))


@pytest.mark.parametrize("name", CONFIGS)
def test_results_are_products_with_reciprocals(name: str) -> None:
    """Of any beats, those that no row has among them."""
    _, config = passes(name)
    rng = np.random.default_rng(2)
    count = 400
    lanes, width = config.lanes, config.top.width
    top = rng.integers(0, 2**width, count)
    row_top = (top + rng.integers(-2, 6, count)) % 2**width
    # Sums of all magnitudes.
    total = rng.integers(0, 2**config.total.width, count) >> rng.integers(
        0, config.total.width + 1, count
    )
    power = rng.integers(0, 2**config.power.width, (count, lanes))
    got = softmax_normaliser(
        config, power=power, top=top, row_top=row_top, total=total, last=np.zeros(count)
    )["out"]
    power_bits, total_bits = (-fmt.quantum_exponent for fmt in (config.power, config.total))
    zeros = 0
    for beat in range(count):
        grown = config.top.unpack(row_top[beat : beat + 1]).to_fractions()[0]
        grown = int(grown - config.top.unpack(top[beat : beat + 1]).to_fractions()[0])
        sum_of_row = Fraction(int(total[beat]), 2**total_bits)
        exact = [Fraction(0)] * lanes
        if grown >= 0 and sum_of_row >= least(config):
            powers = [Fraction(int(code), 2**power_bits) for code in power[beat]]
            moved = [floor_to(power / 2**grown, power_bits) for power in powers]
            exact = results_oracle(config, moved, sum_of_row)
        else:
            zeros += 1
        want = config.out.round(from_fractions(exact), config.rounding)[0]
        assert got[beat].tolist() == want.tolist(), beat
    assert 50 < zeros < 300
