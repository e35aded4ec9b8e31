"""Softmax by tables is what its definition says, in exact rationals, and near the true one."""

from dataclasses import replace

import numpy as np
import pytest
from table_oracle import row_oracle

from ffp8.golden.converter import from_fractions
from ffp8.golden.formats import Format
from ffp8.golden.power_table import PowerTable
from ffp8.golden.rounding import Rounding
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.table_softmax import (
    TableSoftmaxConfig,
    factors,
    table_softmax,
    table_softmax_rows,
)

parse = Format.parse

CONFIGS = {
    "default": TableSoftmaxConfig(),
    "balanced": TableSoftmaxConfig.preset("balanced"),
    "accurate": TableSoftmaxConfig.preset("accurate"),
    "small": TableSoftmaxConfig.preset("small"),
    "floats": TableSoftmaxConfig(
        a=parse("bfloat16"),
        lanes=3,
        log2e_bits=9,
        argument=parse("q5.4"),
        octaves=1,
        power_bits=12,
        total_bits=9,
        index_bits=5,
        segments=4,
        slope_bits=6,
        factor_bits=13,
        out=parse("e4m3fn"),
        rounding=Rounding.NEAREST_EVEN,
    ),
    "corrected": TableSoftmaxConfig(
        argument=parse("q6.7"), a=parse("q6.7"), octaves=1, correction=True, power_bits=13
    ),
    "one lane": TableSoftmaxConfig(
        a=parse("int8"),
        lanes=1,
        argument=parse("q8.0"),
        power_bits=16,
        total_bits=19,
        index_bits=12,
        out=parse("int8"),
    ),
}


def codes_of(
    config: TableSoftmaxConfig, rng: np.random.Generator, rows: int, length: int
) -> np.ndarray:
    """Scores of many spreads, and of all codes now and then."""
    spread = np.exp2(rng.uniform(-3, 4, (rows, 1)))
    values = rng.standard_normal((rows, length)) * spread + rng.uniform(-8, 8, (rows, 1))
    assert isinstance(config.a, ScalarFormat)
    codes = config.a.encode(values).astype(np.int64)
    strange = rng.integers(0, 2**config.a.width, codes.shape)
    return np.where(rng.random((rows, length)) < 0.1, strange, codes)


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_are_those_of_the_definition(name: str) -> None:
    config = replace(CONFIGS[name], mask=True)
    rng = np.random.default_rng(1)
    for length in (1, 2, 7, 40):
        codes = codes_of(config, rng, 12, length)
        mask = rng.random(codes.shape) < rng.choice([0, 0.3, 1], (12, 1), p=[0.5, 0.4, 0.1])
        got = table_softmax_rows(config, codes, mask)
        for place, row in enumerate(codes):
            exact = row_oracle(config, config.a.unpack(row).to_fractions(), mask[place].tolist())
            want = config.out.round(from_fractions(exact), config.rounding)[0]
            assert got[place].tolist() == want.tolist(), (length, place)


@pytest.mark.parametrize("octaves", [1, 4, 16])
def test_powers_are_near_those_of_two(octaves: int) -> None:
    table = PowerTable(argument_fraction=5, octaves=octaves, fraction=14)
    arguments = np.arange(-20 * 32, 0)
    want = np.exp2(arguments / 32 + 1)
    found = table.value(arguments) / 2**table.exact_fraction
    inside = arguments >= -16 * 32
    assert (found[~inside] == 0).all()
    error = np.abs(found - want)[inside]
    # Entries to nearest; or cut off twice, and half a bit for what is lost.
    assert error.max() <= (2**-15 if octaves == 16 else 1.5 * 2**-14)
    assert abs((found - want)[inside].mean()) < 2**-17


def test_reciprocals_are_in_the_middle_of_their_steps() -> None:
    for segments in (0, 64):
        config = TableSoftmaxConfig(index_bits=7, segments=segments, slope_bits=16)
        ends = 1 + np.arange(2**7 + 1) / 2**7
        found = np.array(config.reciprocals) / 2**config.factor_bits
        error = np.maximum(np.abs(found * ends[:-1] - 1), np.abs(found * ends[1:] - 1))
        assert error.max() < 2**-8 + 2**-13


def test_factors_move_with_the_sum() -> None:
    config = TableSoftmaxConfig()
    one = 2**config.total_bits
    totals = one * np.array([1, 2, 8, 8, 1])
    found = factors(config, totals, np.array([0, 0, 0, 12, 16])) / 2**config.factor_bits
    assert np.abs(found[:4] * [1, 2, 8, 2**15] - 1).max() <= 2**-3
    assert np.abs(found[:3] * [1, 2, 8] - 1).max() < 2**-10
    assert found[4] == 0


@pytest.mark.parametrize(
    ("name", "worst", "row"), [("balanced", 1e-3, 4e-3), ("accurate", 1e-3, 1e-3), ("small", 1, 1)]
)
def test_presets_keep_their_errors(name: str, worst: float, row: float) -> None:
    """Against the float64 softmax of the arguments; the accurate one against that of scores."""
    config = TableSoftmaxConfig.preset(name)
    argument = config.argument
    for spread in (1, 2, 4):
        scores = np.random.default_rng(2).standard_normal((100, 384)) * spread * np.log2(np.e)
        codes = argument.encode(scores)
        values = scores if name == "accurate" else argument.decode(codes)
        want = np.exp2(values - values.max(axis=1, keepdims=True))
        want /= want.sum(axis=1, keepdims=True)
        got = config.out.decode(table_softmax_rows(config, codes))
        assert np.abs(got - want).max() < worst
        assert np.abs(got.sum(axis=1) - 1).max() < row
        assert abs(got.sum(axis=1).mean() - 1) < min(row, 1e-3 if name != "small" else 1)


def test_rows_all_of_which_is_masked_are_zeros() -> None:
    config = replace(CONFIGS["default"], lanes=1, mask=True)
    codes = np.arange(60)
    assert not table_softmax_rows(config, codes.reshape(3, 20), np.ones((3, 20), bool)).any()
    # They leave nothing behind: rows of one element between them.
    mask = codes % 2
    alone = table_softmax(config, a=codes, mask=mask, last=np.ones(60))["out"]
    assert (alone > 0).tolist() == (mask == 0).tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argument": "uq6.2"}, "Option argument must be a format of signed fixed point"),
        ({"argument": "q9.2"}, "Option argument must have 1 to 8 integer bits"),
        ({"argument": "q6.9"}, "Option argument must leave 12 bits for the table of 16 octaves"),
        ({"correction": True}, "Option correction must be off unless argument has 7 fraction bits"),
        ({"octaves": 2}, "Option octaves must be 1, 4 or 16, not 2"),
        ({"total_bits": 19}, "Option total_bits must be 18, those of a power and 3, or less"),
        ({"segments": 3}, "Option segments must be a power of two that index_bits can count"),
        ({"index_bits": 3, "segments": 16}, "Option segments must be a power of two that"),
        ({"rounding": "stochastic-a"}, "Option rounding must not be stochastic-a"),
    ],
)
def test_options_must_go_together(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TableSoftmaxConfig.from_json(options)


def test_beats_must_be_whole_rows() -> None:
    with pytest.raises(ValueError, match="Beats must be whole rows"):
        table_softmax(CONFIGS["default"], a=np.zeros((2, 4)), last=np.array([1, 0]))
