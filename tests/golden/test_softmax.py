"""Softmax is what its definition says, in exact rationals, and near the true one."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from softmax_oracle import row_oracle

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.online_softmax import powers
from ffp8.golden.piecewise import Fit
from ffp8.golden.rounding import Rounding
from ffp8.golden.softmax import (
    RowFlow,
    SoftmaxConfig,
    arguments,
    softmax,
    softmax_rows,
    unnormalised,
)

parse = Format.parse

#: The paper's, wider ones, and all that is odd.
CONFIGS = {
    "table 1": SoftmaxConfig(),
    "wide": SoftmaxConfig(
        argument=parse("q6.6"),
        total=parse("uq10.12"),
        reciprocal=parse("uq1.12"),
        reciprocal_segments=16,
        out=parse("uq1.15"),
        a=parse("float32"),
        log2e_bits=12,
    ),
    "least error": SoftmaxConfig(
        a=parse("bfloat16"),
        lanes=3,
        argument=parse("q5.4"),
        segments=2,
        fit=Fit.MINIMAX,
        reciprocal_fit=Fit.MINIMAX,
        slope_bits=5,
        out=parse("e4m3fn"),
    ),
    "shifts": SoftmaxConfig(
        a=parse("e5m2"),
        lanes=16,
        argument=parse("q4.0"),
        segments=0,
        power=parse("uq1.4"),
        total=parse("uq10.9"),
        reciprocal_segments=1,
        rounding=Rounding.TOWARD_ZERO,
    ),
    "coarse": SoftmaxConfig(
        a=AnyFormat.parse("posit8_1"),
        lanes=1,
        argument=parse("q8.3"),
        segments=1,
        total=parse("uq10.1"),
        reciprocal=parse("uq1.3"),
        reciprocal_segments=64,
        out=parse("int8"),
        log2e_bits=2,
    ),
}


def float_softmax(values: np.ndarray, base: float = 2.0) -> np.ndarray:
    found = np.power(base, values - values.max(axis=1, keepdims=True))
    return found / found.sum(axis=1, keepdims=True)


def codes_of(config: SoftmaxConfig, rng: np.random.Generator, rows: int, length: int) -> np.ndarray:
    """Scores of many spreads, and of all codes now and then."""
    spread = np.exp2(rng.uniform(-3, 4, (rows, 1)))
    values = rng.standard_normal((rows, length)) * spread + rng.uniform(-8, 8, (rows, 1))
    assert isinstance(config.a, Format) or config.a.width == 8
    codes = config.a.encode(values).astype(np.int64)  # pyright: ignore[reportAttributeAccessIssue]
    strange = rng.integers(0, 2**config.a.width, codes.shape)
    return np.where(rng.random((rows, length)) < 0.1, strange, codes)


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_are_those_of_the_definition(name: str) -> None:
    config = replace(CONFIGS[name], mask=True)
    rng = np.random.default_rng(1)
    for length in (1, 2, 7, 40):
        codes = codes_of(config, rng, 12, length)
        mask = rng.random(codes.shape) < rng.choice([0, 0.3, 1], (12, 1), p=[0.5, 0.4, 0.1])
        got = softmax_rows(config, codes, mask)
        for place, row in enumerate(codes):
            exact = row_oracle(config, config.a.unpack(row).to_fractions(), mask[place].tolist())
            want = config.out.round(exact_of(exact), config.rounding)[0]
            assert got[place].tolist() == want.tolist(), (length, place)


def exact_of(values: list[Fraction]):  # noqa: ANN201
    raise NotImplementedError


def test_arguments_are_rounded_once_and_saturate() -> None:
    config = SoftmaxConfig(a=parse("float32"), log2e_bits=10)
    assert config.log2e == 1477
    values = np.array([[1.0, 0.1, 0.0, -1e9], [1e9, 21.4, -0.125, 0.13]])
    codes = parse("float32").encode(values)
    found, left_out = arguments(config, codes, None)
    factor = 1477 / 1024
    want = np.clip(np.rint(values * factor * 4), -128, 127)
    assert found.tolist() == want.tolist()
    assert not left_out.any()
