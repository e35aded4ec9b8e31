"""Attention is what its definition says, in exact rationals, and near that of float64."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from attention_oracle import row_of_attention

from ffp8.golden.attention import AttentionConfig, attend, attention
from ffp8.golden.attention_flow import ReducedFlow
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.rounding import Overflow
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.softmax_flow import RowFlow
from ffp8.golden.table_softmax import TableSoftmaxConfig

parse = ScalarFormat.parse

CONFIGS: dict[str, dict[str, Any]] = {
    "default": {"head_size": 4, "value_size": 3},
    "rounded scores": {
        "q": "e4m3fn",
        "k": "e5m2",
        "v": "e3m4",
        "lanes": 3,
        "head_size": 3,
        "value_size": 2,
        "scores": "q9.3",
        "scale_bits": 4,
        "softmax": "",
        "probabilities": "e4m3fn",
        "out": "e4m3fn",
        "rounding": "toward-zero",
    },
    "integers": {
        "q": "int8",
        "k": "int4",
        "v": "uint8",
        "lanes": 1,
        "head_size": 5,
        "value_size": 1,
        "scale": 0.01,
        "scale_bits": 12,
        "softmax": "wide,segments=8,fit=minimax,argument=q5.4",
        "probabilities": "uq0.8",
        "out": "uint8",
    },
    "others": {
        "q": "s0e3m5b12",
        "k": "posit8_1",
        "v": "posit8_0",
        "lanes": 2,
        "head_size": 1,
        "value_size": 2,
        "scores": "bfloat16",
        "scale": 3,
        "scale_bits": 1,
        "softmax": "total=uq10.8,power=uq1.9",
        "out": "posit8_1",
        "overflow": "special",
    },
}
for options in CONFIGS.values():
    if "scale" in options:
        options["scale"] = float(options["scale"])


def codes_of(
    fmt: ScalarFormat, rng: np.random.Generator, shape: tuple[int, ...], spread: float
) -> np.ndarray:
    """Codes of finite numbers: small ones, and any now and then."""
    codes = fmt.encode(rng.standard_normal(shape) * spread).astype(np.int64)
    strange = rng.integers(0, 2**fmt.width, shape)
    strange = np.where(fmt.unpack(strange).finite, strange, 0)
    return np.where(rng.random(shape) < 0.05, strange, codes)


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_are_those_of_the_definition(name: str) -> None:
    config = AttentionConfig.from_json(CONFIGS[name])
    rng = np.random.default_rng(1)
    seen = set()
    for keys in (1, 2, 7, 30):
        spread = 8 if name == "integers" else 1
        k = codes_of(config.k, rng, (keys, config.head_size), spread)
        v = codes_of(config.v, rng, (keys, config.value_size), spread)
        q = codes_of(config.q, rng, (8, config.head_size), spread)
        mask = rng.random((8, keys)) < rng.choice([0, 0.4, 1], (8, 1), p=[0.4, 0.4, 0.2])
        got, _ = attend(config, q, k, v, mask)
        for row, query in enumerate(q):
            want = row_of_attention(config, query, k, v, mask[row].tolist())
            assert got[row].tolist() == want, (keys, row)
            seen.add(tuple(want))
    assert len(seen) > 7


def test_near_float64() -> None:
    """Weights are off by what the softmax is, and results by that and a rounding."""
    rng = np.random.default_rng(2)
    config = AttentionConfig(head_size=16, value_size=8, out=parse("float32"))
    q, k, v = (
        config.q.encode(rng.standard_normal((64, size))).astype(np.int64) for size in (16, 16, 8)
    )
    codes, parts = attend(config, q, k, v)
    got = config.out.decode(codes)
    scores = config.q.decode(q) @ config.k.decode(k).T / 4
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    assert np.abs(config.probabilities.decode(parts) - weights).max() < 0.02
    want = weights @ config.v.decode(v)
    noise = got - want
    assert 10 * np.log10((want**2).sum() / (noise**2).sum()) > 40
    # An argument is off by 2^-7 and 32 * 2^-9, powers by that times ln 2, and then by chords.
    relative = 2 * ((2**-7 + 2**-4) * np.log(2) + 7e-3)
    assert (np.abs(noise) <= relative * (weights @ np.abs(config.v.decode(v)))).all()


def test_weights_of_one_key_are_one() -> None:
    config = AttentionConfig(head_size=2, value_size=4, mask=True, out=parse("e4m3fn"))
    codes = np.arange(120).reshape(30, 4)
    for lane in range(config.lanes):
        v = np.random.default_rng(0).integers(0, 256, (30, config.lanes, 4))
        v[:, lane] = parse("s1e4m3").encode(parse("e4m3fn").decode(codes))
        mask = np.ones((30, config.lanes), int)
        mask[:, lane] = 0
        found = attention(
            config,
            q=codes[:, :2],
            k=np.resize(codes, (30, 2 * config.lanes)),
            v=v.reshape(30, -1),
            mask=mask,
            last=np.ones(30, int),
        )
        # The reciprocal of 12 bits leaves them a little off, less than e4m3fn shows.
        assert found["out"].tolist() == codes.tolist()


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_all_of_which_is_masked_are_zeros(name: str) -> None:
    config = AttentionConfig.from_json(CONFIGS[name])
    rng = np.random.default_rng(3)
    q, k, v = (
        rng.integers(0, 2**fmt.width, (6, size))
        for fmt, size in (
            (config.q, config.head_size),
            (config.k, config.head_size),
            (config.v, config.value_size),
        )
    )
    found, weights = attend(config, q, k, v, np.ones((6, 6)))
    assert (found == 0).all()
    assert (weights == 0).all()


def test_nan_and_infinities() -> None:
    e5m2 = parse("e5m2")
    config = AttentionConfig(
        q=e5m2, k=e5m2, v=e5m2, head_size=1, value_size=5, out=e5m2, overflow=Overflow.SPECIAL
    )

    def of(*rows: object) -> np.ndarray:
        return e5m2.round(Exact.from_floats(np.array(rows)), overflow=Overflow.SPECIAL)[0]

    def attended(k: np.ndarray, v: np.ndarray, mask: tuple[bool, ...] | None = None) -> list[float]:
        codes, _ = attend(config, of([1.0]), k, v, None if mask is None else np.array([mask]))
        return e5m2.decode(codes)[0].tolist()

    inf, nan = np.inf, np.nan
    k = of([0.0], [0.0], [-60.0])
    v = of([1, inf, nan, inf, 1], [1, 1, 1, -inf, 1], [1, 1, 1, 1, -inf])
    found = attended(k, v)
    assert found[:2] == [1, inf]
    # The last key has no weight, and zero times infinity is NaN.
    assert np.isnan(found[2:]).all()
    # Masked values are none.
    assert attended(k, v, (True, False, True)) == [1, 1, 1, -inf, 1]
    # A score of NaN counts as zero; an infinite one saturates.
    two = of([1] * 5, [2] * 5)
    assert attended(of([nan], [0.0]), two) == attended(of([0.0], [0.0]), two) == [1.5] * 5
    assert attended(of([inf], [0.0]), two) == [1] * 5
    assert attended(of([-inf], [0.0]), two) == [2] * 5


def test_factor() -> None:
    def factor(**options: Any) -> float:
        number, bits = AttentionConfig(**options).factor
        assert number % 2
        assert number.bit_length() <= options.get("scale_bits", 8)
        return number * 2.0**-bits

    assert factor(head_size=16) == pytest.approx(np.log2(np.e) / 4, rel=2**-8)
    assert factor(head_size=10, scale_bits=16) == pytest.approx(
        np.log2(np.e) / np.sqrt(10), rel=2**-16
    )
    assert factor(scale=1e-6, scale_bits=12) == pytest.approx(np.log2(np.e) * 1e-6, rel=2**-12)
    assert factor(scale=1.0, scale_bits=1) == 1
    assert factor(scale=8.0, scale_bits=2) == 12


def test_softmax_has_its_options() -> None:
    config = AttentionConfig(lanes=4, length=401)
    shared = {"lanes": 4, "out": config.probabilities}
    wide = SoftmaxConfig.preset("wide")
    # 404 keys need 9 bits.
    assert config.rows == replace(
        wide, a=wide.argument, length=401, total=parse("uq9.12"), **shared
    )
    # With 13 of them there is room for 11 fraction bits.
    long = replace(wide, a=wide.argument, length=4096, total=parse("uq13.11"), **shared)
    assert AttentionConfig(length=4096).rows == long
    chosen = AttentionConfig(softmax="segments=8,total=uq11.5")
    assert chosen.rows == SoftmaxConfig(segments=8, total=Format.parse("uq11.5"), **shared)
    assert AttentionConfig(softmax="", length=1000).rows == SoftmaxConfig(length=1000, **shared)
    tables = AttentionConfig(softmax="accurate,power_bits=15", lanes=2, length=100).rows
    accurate = TableSoftmaxConfig.preset("accurate", power_bits=15)
    assert tables == replace(
        accurate, a=accurate.argument, out=config.probabilities, lanes=2, length=100
    )
    assert AttentionConfig(softmax="table-softmax").rows.argument == TableSoftmaxConfig().argument
    assert chosen.rows.out == chosen.probabilities
    again = AttentionConfig.from_json(chosen.to_json())
    assert again == chosen
    assert chosen.identifier == "attention_softmaxsegments_8_total_uq11_5"


def test_widths_follow_from_ranges() -> None:
    config = AttentionConfig(q=parse("int8"), k=parse("int8"), v=parse("int8"), head_size=4)
    # Four times 2^14, which is the square of the least int8, and a sign.
    assert config.score.width == 18
    weight = 2**16 - 1
    assert config.total == Range(-128 * weight * 512, 127 * weight * 512, -15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0.0}, r"Option scale must be a positive number, not 0\.0"),
        ({"scale": float("nan")}, "Option scale must be a positive number, not nan"),
        ({"softmax": "narrow"}, "Option softmax must begin with softmax, wide.* not 'narrow'"),
        ({"softmax": "wide,lanes=3"}, "and none of a, out, lanes.* not 'lanes=3'"),
        ({"softmax": "wide,small"}, "must have options as segments=4.* not 'small'"),
        ({"softmax": "segments=3"}, "Option segments must be a power of two, not 3"),
        ({"softmax": "segment=3"}, "Option of softmax must be .* not 'segment'"),
        ({"softmax": "total=uq3.9"}, "Option total must hold a sum of 512, not"),
        ({"rounding": "stochastic-a"}, "Option rounding must not be stochastic-a"),
        ({"head_size": 0}, "Option head_size must be 1 to"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AttentionConfig(**options)


def test_wrong_beats() -> None:
    config = AttentionConfig(head_size=1, value_size=1, lanes=1, length=2)
    codes = np.zeros(3, int)
    with pytest.raises(ValueError, match="Beats must be whole rows"):
        attention(config, q=codes, k=codes, v=codes, last=codes)
    with pytest.raises(ValueError, match="Row must have at most 2 beats, not 3"):
        attention(config, q=codes, k=codes, v=codes, last=np.array([0, 0, 1]))
    none = codes[:0]
    assert attention(config, q=none, k=none, v=none, last=none)["out"].shape == (0,)
    assert attention(replace(config, value_size=3), q=none, k=none, v=none, last=none)[
        "out"
    ].shape == (0, 3)


def test_rows_show_when_their_last_beat_is_through() -> None:
    flow = ReducedFlow(RowFlow(10), before=3, behind=2)
    beats = [0, 0, 1, 1, None, 0, 0, 0, 1]
    shown = {}
    for tick in range(60):
        beat = beats[tick] if tick < len(beats) else None
        if flow.row is not None:
            shown[tick] = flow.row
        assert flow.tick(taken=beat is not None, last=beat == 1) == (beat == 1)
    # The first row ends at 2 and takes three ticks, the second waits for it.
    assert shown == {2 + 15 + 2: 0, 2 + 15 + 3: 1, 8 + 15 + 3: 2}
    assert flow.empty


def test_reset_forgets_rows() -> None:
    flow = ReducedFlow(RowFlow(10), before=3, behind=2)
    shown = []
    for tick in range(80):
        if flow.row is not None:
            shown.append((tick, flow.row))
        if tick == 14:
            flow.reset()
        else:
            flow.tick(taken=tick in (0, 1, 12, 20), last=tick in (1, 12, 20))
    assert [row for _, row in shown] == [2]


def test_default_formats_are_ffp8() -> None:
    assert AttentionConfig().q == Format.parse("s1e4m3b7")
