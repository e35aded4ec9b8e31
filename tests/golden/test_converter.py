"""The golden converter against exact rationals, ml_dtypes and numpy."""

import itertools
import re
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from any_oracle import oracle_of

from ffp8.golden.catalogue import CATALOGUE
from ffp8.golden.converter import ConverterConfig, convert
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.scalar_format import ScalarFormat

parse = ScalarFormat.parse

FLAG_NAMES = ("overflow", "underflow", "inexact", "invalid")

SMALL = [entry for entry in CATALOGUE if entry.format.width <= 8]

DETERMINISTIC = [rounding for rounding in Rounding if not rounding.stochastic]

#: Roundings and overflows, so that each format meets each of them.
MODES = list(itertools.product(DETERMINISTIC, Overflow))


@pytest.mark.parametrize("entry", SMALL, ids=lambda entry: entry.name)
def test_all_codes_to_all_small_formats(entry: Any) -> None:
    source = oracle_of(entry.format)
    for number, target in enumerate(SMALL):
        rounding, overflow = MODES[(SMALL.index(entry) + number) % len(MODES)]
        config = ConverterConfig(
            a=entry.format, out=target.format, rounding=rounding, overflow=overflow, flags=True
        )
        results = convert(config, a=entry.format.codes)
        assert list(results) == ["out", *FLAG_NAMES]
        oracle = oracle_of(target.format)
        oracle.denominator = max(oracle.denominator, source.denominator)
        rows = np.stack([results[name] for name in ("out", *FLAG_NAMES)], axis=1).tolist()
        for value, row in zip(source.values, rows, strict=True):
            magnitude = value.magnitude
            if isinstance(magnitude, Fraction):
                magnitude = oracle.numerator(magnitude)
            code, flags = oracle.encode(value.negative, magnitude, str(rounding), str(overflow))
            assert row == [code, *flags], f"{value} to {target.name} ({rounding}, {overflow})"


#: Formats of ml_dtypes that have what it makes of numbers beyond the largest one.
THEIRS = ("e4m3fn", "e5m2", "e4m3", "e3m4", "e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz")


def their_type(name: str) -> Any:
    wide = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32}
    return np.dtype(wide[name] if name in wide else getattr(ml_dtypes, f"float8_{name}"))


def same_as_theirs(name: str, target: str, codes: np.ndarray) -> None:
    config = ConverterConfig(a=parse(name), out=parse(target), overflow=Overflow.SPECIAL)
    got = convert(config, a=codes)["out"]
    with np.errstate(all="ignore"):
        theirs = codes.view(their_type(name)).astype(np.float32).astype(their_type(target))
    nan = np.isnan(theirs.astype(np.float32))
    # Codes are compared, so the sign of a zero counts; NaN has one code here, signs there.
    np.testing.assert_array_equal(got[~nan], theirs.view(got.dtype)[~nan])
    assert (got[nan] == config.out.nan_code).all()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("target", THEIRS)
def test_all_16_bit_codes_are_converted_as_in_ml_dtypes(name: str, target: str) -> None:
    same_as_theirs(name, target, parse(name).codes)


@pytest.mark.parametrize("target", [*THEIRS, "float16", "bfloat16"])
def test_float32_is_converted_as_in_ml_dtypes(target: str) -> None:
    rng = np.random.default_rng(32)
    edges = ConverterConfig(a=parse("float32"), out=parse(target)).edges.get("a", [])
    random = rng.integers(0, 2**32, 100_000, dtype=np.uint64).astype(np.uint32)
    same_as_theirs("float32", target, np.concatenate([np.asarray(edges, np.uint32), random]))


@pytest.mark.parametrize("target", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", THEIRS)
def test_small_floats_are_widened_as_in_ml_dtypes(name: str, target: str) -> None:
    same_as_theirs(name, target, parse(name).codes)


def test_edges_are_the_values_and_midpoints_of_the_result() -> None:
    config = ConverterConfig(a=parse("float32"), out=parse("e4m3fn"))
    edges = config.edges["a"].astype(np.uint32).view(np.float32)
    known = set(edges[np.isfinite(edges)].tolist())
    values = parse("e4m3fn").decode(np.arange(127, dtype=np.uint8)).astype(np.float32)
    middles = (values[:-1] + values[1:]) / 2
    # 464 is the middle between the largest value and what would come next.
    for value in (*values[1:], *middles, np.float32(464)):
        for sign in (1, -1):
            near = [np.nextafter(value, np.float32(toward)) for toward in (0, np.inf)]
            assert {sign * value, *(sign * x for x in near)} <= known


def test_what_is_seen_is_seen_until_it_is_cleared() -> None:
    values = [1.0, np.inf, 1.0, np.nan, 1.0, 1e6, np.nan, 2.0, -np.inf, 0.0]
    clear = [1, 0, 0, 0, 1, 0, 0, 1, 1, 0]
    config = ConverterConfig(a=parse("float32"), out=parse("e4m3fn"), sticky=True)
    codes = np.array(values, np.float32).view(np.uint32)
    out = convert(config, a=codes, clear=np.array(clear))
    assert out["overflow_seen"].tolist() == [0, 1, 1, 1, 0, 1, 1, 0, 1, 1]
    assert out["nan_seen"].tolist() == [0, 0, 0, 1, 0, 0, 1, 0, 0, 0]


def test_infinity_that_is_kept_is_seen_and_clamped_one_is_not() -> None:
    codes = np.array([np.inf, -np.inf], np.float32).view(np.uint32)
    for out, seen in (("e5m2", [1, 1]), ("s0e4m3_ieee", [1, 0])):
        config = ConverterConfig(
            a=parse("float32"), out=parse(out), overflow=Overflow.SPECIAL, sticky=True
        )
        found = convert(config, a=codes, clear=np.ones(2, np.uint8))
        assert found["overflow_seen"].tolist() == seen


def test_state_must_begin_with_clear() -> None:
    config = ConverterConfig(a=parse("int8"), out=parse("int4"), sticky=True)
    with pytest.raises(ValueError, match=r"^Port clear must be 1 with the first number, not 0$"):
        convert(config, a=np.zeros(2, np.uint8), clear=np.array([0, 1]))


@pytest.mark.parametrize("rounding", [rounding for rounding in Rounding if rounding.stochastic])
@pytest.mark.parametrize("bits", range(3, 9))
def test_each_neighbour_is_taken_by_its_share_of_all_words(rounding: Rounding, bits: int) -> None:
    a, out = parse("bfloat16"), parse("e4m3fn")
    config = ConverterConfig(a=a, out=out, rounding=rounding, random_bits=bits)
    words = np.arange(2**bits, dtype=np.uint16)
    for eighths in range(0, 129, 3):
        # Between 1 and 1.125, the neighbours in E4M3: v in steps of 1/16.
        v = Fraction(eighths % 16, 16)
        code = a.encode([1 + float(v) / 8])
        got = out.decode(convert(config, a=np.repeat(code, len(words)), random=words)["out"])
        assert set(got.tolist()) <= {1.0, 1.125}
        exact = v * 2**bits
        share = {
            "stochastic-a": exact.__floor__(),
            "stochastic-b": (exact + Fraction(1, 2)).__floor__(),
            "stochastic-c": round(exact),
        }[str(rounding)]
        assert (got > 1).sum() == share


def test_built_in_words_are_those_of_a_shift_register() -> None:
    config = ConverterConfig(
        a=parse("float32"), out=parse("e5m2"), rounding=Rounding.STOCHASTIC_A, random_bits=5,
        lfsr=2**31 + 7,
    )  # fmt: skip
    assert [port.name for port in config.inputs] == ["a", "restart"]
    restart = np.zeros(300, np.uint8)
    restart[[0, 100, 101]] = 1
    words = []
    state = 0
    for again in restart:
        if again:
            state = 2**31 + 7
        words.append(state >> 27)
        for _ in range(5):
            state = (state << 1) ^ (0x1_DB71_0641 if state >> 31 else 0)
    codes = np.random.default_rng(5).normal(size=300).astype(np.float32).view(np.uint32)
    got = convert(config, a=codes, restart=restart)["out"]
    port = ConverterConfig(
        a=config.a, out=config.out, rounding=Rounding.STOCHASTIC_A, random_bits=5
    )
    want = convert(port, a=codes, random=np.array(words))["out"]
    np.testing.assert_array_equal(got, want)
    assert len(set(words)) == 32


def test_shape_is_kept() -> None:
    codes = np.arange(24, dtype=np.uint16).reshape(2, 3, 4)
    out = convert(ConverterConfig(a=parse("bfloat16"), out=parse("e5m2")), a=codes)["out"]
    assert out.shape == codes.shape
    assert out.dtype == np.uint8


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"a": "e4m3fn"}, TypeError, "Option a must be of type AnyFormat, not 'e4m3fn'"),
    ({"out": None}, TypeError, "Option out must be of type ScalarFormat, not None"),
    ({"stages": 3}, ValueError, "Option stages must be 0 to 2, not 3"),
    (
        {"stages": 0, "enable": True},
        ValueError,
        "Option enable must be off with 0 stages, which hold nothing",
    ),
    (
        {"stages": 0, "sticky": True},
        ValueError,
        "Option sticky must be off with 0 stages, which hold nothing",
    ),
    ({"lfsr": 1}, ValueError, "Option lfsr must be absent with rounding nearest-even"),
    (
        {"lfsr": 1, "rounding": "stochastic-a", "stages": 0},
        ValueError,
        "Option lfsr must be absent with 0 stages, which hold nothing",
    ),
    (
        {"random_bits": 4},
        ValueError,
        "Option random_bits must be 0 with rounding nearest-even, not 4",
    ),
]


@pytest.mark.parametrize(("options", "error", "message"), REFUSED)
def test_impossible_configuration_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    changed: dict[str, Any] = {"a": parse("bfloat16"), "out": parse("e4m3fn")} | options
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        ConverterConfig(**changed)


def test_ports_are_what_the_options_ask_for() -> None:
    config = ConverterConfig(a=parse("bfloat16"), out=parse("e4m3fn"), flags=True, enable=True)
    assert [port.name for port in config.inputs] == ["a", "enable"]
    assert [port.name for port in config.outputs] == ["out", *FLAG_NAMES]
    assert [port.width for port in config.ports] == [16, 1, 8, 1, 1, 1, 1]
    assert not config.has_state
    config = ConverterConfig(a=parse("bfloat16"), out=parse("e4m3fn"), sticky=True)
    assert [port.name for port in config.inputs] == ["a", "clear"]
    assert [port.name for port in config.outputs] == ["out", "overflow_seen", "nan_seen"]
    assert config.has_state
