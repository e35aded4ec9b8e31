"""Softmax is what its definition says, in exact rationals, and near the true one."""

from dataclasses import replace

import numpy as np
import pytest
from softmax_cases import codes_of
from softmax_oracle import row_oracle

from ffp8.golden.converter import from_fractions
from ffp8.golden.formats import Format
from ffp8.golden.piecewise import Fit
from ffp8.golden.posit import Posit
from ffp8.golden.rounding import Rounding
from ffp8.golden.softmax import SoftmaxConfig, softmax, softmax_rows
from ffp8.golden.softmax_flow import RowFlow
from ffp8.golden.softmax_passes import arguments

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
    "sums of int8": SoftmaxConfig(
        a=parse("int24"), lanes=5, argument=parse("q8.3"), out=parse("s0e4m4b15")
    ),
    "sums in fixed point": SoftmaxConfig(
        a=parse("q10.14"), lanes=2, log2e_bits=10, total=parse("uq10.10"), out=parse("uq0.12")
    ),
    "ffp8": SoftmaxConfig(
        a=parse("s1e4m3b6"), argument=parse("q6.4"), segments=8, out=parse("s0e5m3b20")
    ),
    "coarse": SoftmaxConfig(
        a=Posit.parse("posit8_1"),
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
            want = config.out.round(from_fractions(exact), config.rounding)[0]
            assert got[place].tolist() == want.tolist(), (length, place)


def test_rows_of_4096() -> None:
    config = replace(CONFIGS["table 1"], length=4096, total=parse("uq13.6"), out=parse("uq1.15"))
    rng = np.random.default_rng(7)
    (codes,) = codes_of(config, rng, 1, 4096)
    exact = row_oracle(config, config.a.unpack(codes).to_fractions(), [False] * 4096)
    want = config.out.round(from_fractions(exact), config.rounding)[0]
    assert softmax_rows(config, codes[np.newaxis])[0].tolist() == want.tolist()
    # Equal elements have equal shares, 8 / 2^15.
    equal = softmax_rows(config, np.repeat([[0], [127], [128], [77]], 4096, axis=1))
    assert (equal == 8).all()


def test_arguments_are_rounded_once_and_saturate() -> None:
    config = SoftmaxConfig(a=parse("float32"), log2e_bits=10)
    assert config.log2e == 1477
    values = np.array([[1.0, 0.1, 0.0, -1e9], [1e9, 21.4, -0.125, 0.13]])
    found, left_out = arguments(config, parse("float32").encode(values), None)
    want = np.clip(np.rint(values * (1477 / 1024) * 4), -128, 127)
    assert found.tolist() == want.tolist()
    assert not left_out.any()


def test_minus_infinity_is_masked_and_nan_is_zero() -> None:
    config = SoftmaxConfig(a=parse("bfloat16"), out=parse("uq1.15"))
    scores = np.array([[-np.inf, 1.0, np.nan, -np.inf, 3.0]])
    got = softmax_rows(config, parse("bfloat16").encode(scores))
    assert (got > 0).tolist() == [[False, True, True, False, True]]
    plain = parse("bfloat16").encode(np.array([[100.0, 1.0, 0.0, 100.0, 3.0]]))
    assert got.tolist() == softmax_rows(config, plain, np.isinf(scores)).tolist()


def test_infinity_is_the_greatest_argument() -> None:
    config = SoftmaxConfig(a=parse("bfloat16"), out=parse("uq1.15"))
    infinite = parse("bfloat16").encode(np.array([[np.inf, 30.0, 31.75]]))
    greatest = parse("bfloat16").encode(np.array([[31.75, 30.0, 31.75]]))
    assert softmax_rows(config, infinite).tolist() == softmax_rows(config, greatest).tolist()


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_all_of_which_is_masked_are_zeros(name: str) -> None:
    config = replace(CONFIGS[name], lanes=1, mask=True)
    codes = np.arange(60)
    got = softmax_rows(config, codes.reshape(3, 20), np.ones((3, 20), bool))
    assert (config.out.decode(got) == 0).all()
    # They leave nothing behind: rows of one element between them.
    mask = codes % 2
    alone = softmax(config, a=codes, mask=mask, last=np.ones(60))["out"]
    assert (config.out.decode(alone) > 0).tolist() == (mask == 0).tolist()


def test_rows_of_one_and_equal_rows() -> None:
    config = CONFIGS["wide"]
    scores = parse("float32").encode(np.linspace(-30, 30, 50)[:, np.newaxis])
    one = config.out.decode(softmax_rows(config, scores))
    # The sum has 12 fraction bits and is 1/2 or more; so has the reciprocal.
    bound = config.normaliser.table.error + 2**-12 + 2**-12
    assert np.abs(one - 1).max() < bound
    for length in (2, 3, 64, 300):
        equal = config.out.decode(softmax_rows(config, np.repeat(scores, length, axis=1)))
        assert (equal == equal[:, :1]).all()
        assert np.abs(equal * length - 1).max() < bound + length * 2**-16


def test_errors_are_small() -> None:
    config = CONFIGS["wide"]
    rng = np.random.default_rng(4)
    for spread in (0.1, 1, 4, 16):
        scores = np.clip(rng.standard_normal((40, 200)) * spread, -22, 22)
        got = config.out.decode(softmax_rows(config, parse("float32").encode(scores)))
        want = float_softmax(scores, np.e)
        # Arguments are off by half a step, 2^-7 octaves: powers by 2^-7 ln 2, and so the sum.
        # On top come the chord's errors, and what is rounded.
        relative = 2 * (2**-7 * np.log(2) + config.online.table.error) + 2**-10
        assert (np.abs(got - want) <= relative * want + 2**-14).all()
        assert np.abs(got.sum(axis=1) - 1).max() < 2**-8 + 200 * 2**-16
        # The largest score has a largest result.
        best = got[np.arange(40), scores.argmax(axis=1)]
        assert (best == got.max(axis=1)).all()


def test_lanes_change_little() -> None:
    """A sum that keeps all bits of the powers loses some only where the top grows."""
    config = SoftmaxConfig(total=parse("uq8.15"), length=200, out=parse("uq1.15"))
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 256, (50, 100))
    reference = softmax_rows(replace(config, lanes=50), codes).astype(int)
    for lanes in (1, 3, 16):
        got = softmax_rows(replace(config, lanes=lanes), codes).astype(int)
        # Ten growths lose 10 / 2^15 of a sum of at least 1/2; reciprocals have 7 bits.
        assert np.abs(got - reference).max() <= 2**8


def test_golden_refuses_what_is_no_row() -> None:
    config = SoftmaxConfig(length=16)
    beats = np.zeros((5, 4), int)
    with pytest.raises(ValueError, match=r"^Beats must be whole rows$"):
        softmax(config, a=beats, last=np.zeros(5))
    with pytest.raises(ValueError, match=r"^Row must have at most 4 beats, not 5$"):
        softmax(config, a=beats, last=np.arange(5) == 4)
    assert softmax(config, a=beats[:0], last=np.zeros(0))["out"].shape == (0, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"argument": "uq6.2"}, "Option argument must be a format of signed fixed point, not"),
        ({"power": "q1.15"}, "Option power must be a format of unsigned fixed point, not q1.15"),
        ({"total": "e4m3fn"}, "Option total must be a format of unsigned fixed point, not e4m3fn"),
        ({"argument": "q9.2"}, "Option argument must have at most 8 integer bits, not q9.2"),
        ({"power": "uq0.16"}, "Option power must hold 1, not"),
        ({"power": "uq1.24"}, "Option power must be at most 24 bits wide, not"),
        ({"length": "1024"}, "Option total must hold a sum of 1024, not"),
        ({"length": "1021"}, "Option total must hold a sum of 1024, not"),
        ({"total": "uq10.0"}, "Option total must have fraction bits, not"),
        ({"segments": "3"}, "Option segments must be a power of two, not 3"),
        ({"reciprocal_segments": "12"}, "Option reciprocal_segments must be a power of two, not"),
        ({"rounding": "stochastic-a"}, "Option rounding must not be stochastic-a"),
    ],
)
def test_options_must_go_together(options: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        SoftmaxConfig.from_json(options)


def test_rows_of_any_length_come_in_their_order() -> None:
    flow = RowFlow(3)
    # Rows of 2, 1 and 3 beats, the last one behind a bubble.
    ends = [False, True, True, None, False, False, True]
    shown = []
    for time in range(14):
        end = ends[time] if time < len(ends) else None
        shown.append(flow.row)
        complete = flow.tick(taken=end is not None, last=end is not False)
        assert complete == {1: 2, 2: 1, 6: 3}.get(time, 0)
    assert shown == [None] * 4 + [0, 1, 2] + [None] * 2 + [3, 4, 5] + [None] * 2
    flow.tick(taken=True, last=True)
    assert not flow.empty
    flow.reset()
    assert flow.empty
    flow.tick(taken=True, last=True)
    for _ in range(2):
        flow.tick(taken=False, last=False)
    # The row that was lost had a number, too.
    assert flow.row == 7


def test_a_row_waits_for_the_one_before() -> None:
    flow = RowFlow(2)
    shown = []
    for time in range(12):
        shown.append(flow.row)
        # A row of 4 beats, and 3 rows of one.
        flow.tick(taken=time < 7, last=time >= 3)
    assert shown == [None] * 5 + list(range(7))
