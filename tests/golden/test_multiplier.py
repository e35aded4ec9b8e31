"""The golden multiplier against exact rationals and ml_dtypes."""

import itertools
import re
from fractions import Fraction
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from format_oracle import Flags, Oracle, Value, product

from ffp8.golden.formats import Format, integer
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.raw import RawFormat
from ffp8.golden.rounding import Overflow, Rounding

parse = Format.parse

FLAG_NAMES = ("overflow", "underflow", "inexact", "invalid")

ROUNDINGS = " or ".join(Rounding)


def all_pairs(a: Format, b: Format) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.meshgrid(a.codes, b.codes, indexing="ij")
    return first.ravel(), second.ravel()


def some_pairs(a: Format, b: Format, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of the corners of each format, and random ones."""
    chance = np.random.default_rng(seed)
    sides = []
    for fmt in (a, b):
        half = 2**fmt.magnitude_width
        near = {0, 1, half - 2, half - 1, half, half + 1, 2**fmt.width - 2, 2**fmt.width - 1}
        near |= {fmt.min_index, fmt.min_index - 1, 2**fmt.fraction, fmt.max_index}
        sides.append(np.array(sorted(code % 2**fmt.width for code in near)))
    corners = np.array(list(itertools.product(*sides)))
    random = np.stack([chance.integers(0, 2**fmt.width, count) for fmt in (a, b)], axis=1)
    both = np.concatenate([corners, random])
    return both[:, 0].astype(a.codes.dtype), both[:, 1].astype(b.codes.dtype)


#: Formats of a, b and the result: unsigned by signed, odd biases, each kind of special codes,
#: no exponent, no fraction, integers, no subnormals, no zero.
TRIPLES = [
    ("e4m3fn", "e4m3fn", "e4m3fn"),
    ("e5m2", "e5m2", "e5m2"),
    ("e4m3fnuz", "e5m2fnuz", "e4m3fnuz"),
    ("e3m4", "e4m3", "e4m3"),
    ("s1e4m3b11", "s0e3m5b12", "s1e4m3b7"),
    ("s0e3m5b12", "s0e2m6b-3", "s0e4m4b9"),
    ("s1e5m2b15", "s0e8m0b127", "e4m3fn"),
    ("e8m0fnu", "e4m3fn", "e5m2"),
    ("e4m3fn", "e8m0fnu", "e8m0fnu"),
    ("e2m1fn", "e3m2fn", "e2m3fn"),
    ("e4m3fn_nosub", "e4m3fn_nosub", "e4m3fn_nosub"),
    ("e5m2_nosub", "e4m3", "e3m4_nosub"),
    ("int8", "uint4", "int8"),
    ("int8", "e4m3fn", "q6.2"),
    ("q2.6", "uq1.7", "s1e0m7b0"),
    ("binary8p3se", "binary8p4ue", "binary8p4se"),
    ("binary6p3sf", "binary5p2uf", "binary8p1uf"),
    ("binary8p4se", "e5m2", "s0e4m4b7"),
    ("e5m2", "e5m2", "binary8p4ue"),
    ("s1e7m0b20", "s1e0m7b-20", "s1e3m4b40"),
    ("e4m3fn", "e5m2", "float16"),
    ("float16", "e4m3fn", "bfloat16"),
    ("s1e5m0b15_ieee", "s1e4m3b7", "e5m2"),
    ("s1e6m9", "s1e6m9", "fp16_1_6_9"),
]


@pytest.mark.parametrize("triple", TRIPLES, ids="-".join)
def test_products_are_those_of_exact_rationals(triple: tuple[str, str, str]) -> None:
    a, b, out = (parse(name) for name in triple)
    first, second = some_pairs(a, b, 400, seed=TRIPLES.index(triple))
    oracles = [Oracle.of(fmt) for fmt in (a, b, out)]
    oracle = oracles[2]
    oracle.denominator = max(oracle.denominator, oracles[0].denominator * oracles[1].denominator)
    decoded = [
        [o.decode(int(c)) for c in codes]
        for o, codes in zip(oracles[:2], (first, second), strict=True)
    ]
    for rounding, overflow in itertools.product(Rounding, Overflow):
        config = MultiplierConfig(
            a=a, b=b, out=out, rounding=rounding, overflow=overflow, flags=True
        )
        words = np.random.default_rng(1).integers(0, 2 ** max(config.random_bits, 1), len(first))
        given = {"random": words} if rounding.stochastic else {}
        results = multiply(config, a=first, b=second, **given)
        assert list(results) == ["out", *FLAG_NAMES]
        columns = [results[name].tolist() for name in ("out", *FLAG_NAMES)]
        for x, y, word, *got in zip(*decoded, words.tolist(), *columns, strict=True):
            random = (word, config.random_bits)
            code, flags = expected(oracle, x, y, rounding, overflow, random=random)
            assert got == [code, *flags], f"{x} times {y} ({rounding}, {overflow})"


def expected(
    oracle: Oracle,
    x: Value,
    y: Value,
    rounding: str,
    overflow: str,
    *,
    random: tuple[int, int] = (0, 0),
) -> tuple[int, Flags]:
    exact = product(x, y)
    magnitude = exact.magnitude
    if isinstance(magnitude, Fraction):
        magnitude = oracle.numerator(magnitude)
    code, flags = oracle.encode(exact.negative, magnitude, str(rounding), str(overflow), random)
    made = exact.is_nan and not x.is_nan and not y.is_nan
    return code, flags._replace(invalid=flags.invalid or made)


@pytest.mark.parametrize(
    "name",
    ["e4m3fn", "e5m2", "e4m3", "e3m4", "e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz"],
)
def test_products_of_all_pairs_are_those_of_ml_dtypes(name: str) -> None:
    fmt = parse(name)
    dtype = np.dtype(getattr(ml_dtypes, f"float8_{name}"))
    a, b = all_pairs(fmt, fmt)
    config = MultiplierConfig(a=fmt, b=fmt, out=fmt, overflow=Overflow.SPECIAL)
    got = multiply(config, a=a, b=b)["out"]
    with np.errstate(all="ignore"):
        theirs = a.view(dtype) * b.view(dtype)
    want = theirs.view(np.uint8)
    nan = np.isnan(theirs.astype(np.float32))
    # Codes are compared, so the sign of a zero counts; NaN has one code here, signs there.
    np.testing.assert_array_equal(got[~nan], want[~nan])
    assert (got[nan] == fmt.nan_code).all()
    assert len(a) == 65_536


@pytest.mark.parametrize(
    ("name", "dtype"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)]
)
def test_products_of_16_bits_are_those_of_numpy(name: str, dtype: Any) -> None:
    fmt = parse(name)
    a, b = some_pairs(fmt, fmt, 100_000, seed=16)
    config = MultiplierConfig(a=fmt, b=fmt, out=fmt, overflow=Overflow.SPECIAL)
    got = multiply(config, a=a, b=b)["out"].view(dtype).astype(np.float64)
    with np.errstate(all="ignore"):
        want = (a.view(dtype) * b.view(dtype)).astype(np.float64)
        exact = a.view(dtype).astype(np.float64) * b.view(dtype).astype(np.float64)
    # bfloat16 products pass through float32, which rounds what is below its least normal.
    same = ~(np.abs(exact) < 2.0**-126) | (exact == 0)
    assert same.sum() > 50_000
    np.testing.assert_array_equal(got[same], want[same])
    known = same & ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(want[known]))


@pytest.mark.parametrize("triple", TRIPLES, ids="-".join)
def test_raw_product_is_exact(triple: tuple[str, str, str]) -> None:
    a, b = (parse(name) for name in triple[:2])
    first, second = some_pairs(a, b, 1000, seed=1)
    config = MultiplierConfig(a=a, b=b)
    raw = config.result
    assert isinstance(raw, RawFormat)
    codes = multiply(config, a=first, b=second)["out"]
    got = raw.unpack(codes)
    oracles = [Oracle.of(fmt) for fmt in (a, b)]
    values = got.to_fractions()
    for at, (x, y) in enumerate(zip(first, second, strict=True)):
        want = product(oracles[0].decode(int(x)), oracles[1].decode(int(y)))
        assert bool(got.nan[at]) == want.is_nan
        if not got.nan[at]:
            assert abs(values[at]) == want.magnitude
            assert bool(got.negative[at]) == want.negative


@pytest.mark.parametrize("triple", TRIPLES, ids="-".join)
def test_raw_fields_are_made_of_the_operands_fields(triple: tuple[str, str, str]) -> None:
    formats = [parse(name) for name in triple[:2]]
    operands = some_pairs(formats[0], formats[1], 200, seed=2)
    config = MultiplierConfig(a=formats[0], b=formats[1])
    raw = config.result
    assert isinstance(raw, RawFormat)
    fields = raw.split(multiply(config, a=operands[0], b=operands[1])["out"])
    exponent = np.zeros(operands[0].shape, np.int64)
    for fmt, codes in zip(formats, operands, strict=True):
        field = codes.astype(np.int64) >> fmt.fraction & 2**fmt.exponent - 1
        # A subnormal's field counts as 1.
        exponent += np.maximum(field, 1) if fmt.exponent and fmt.zero else field
    np.testing.assert_array_equal(fields["exponent"], exponent)


def test_raw_product_needs_its_widths() -> None:
    for triple in TRIPLES:
        a, b = (parse(name) for name in triple[:2])
        if a.width + b.width > 16:
            continue
        first, second = all_pairs(a, b)
        config = MultiplierConfig(a=a, b=b)
        raw = config.result
        assert isinstance(raw, RawFormat)
        fields = raw.split(multiply(config, a=first, b=second)["out"])
        for name, bits in raw.fields.items():
            assert int(fields[name].max()).bit_length() == bits, f"{raw} has too wide a {name}"


@pytest.mark.parametrize(
    "triple",
    [
        ("s1e4m3", "s0e3m5", "s1e4m3"),
        ("e4m3fn", "e5m2", "e4m3fn"),
        ("s1e0m7", "e4m3fnuz", "s0e5m3"),
        ("int8", "e8m0fnu", "binary8p4se"),
    ],
    ids="-".join,
)
def test_run_time_bias_is_that_of_a_format(triple: tuple[str, str, str]) -> None:
    a, b, out = (parse(name) for name in triple)
    first, second = some_pairs(a, b, 500, seed=3)
    config = MultiplierConfig(a=a, b=b, out=out, flags=True, bias_bits=7)
    biases = integer(7)
    for values in ((7, 7, 7), (-20, 40, 10), (40, 40, -20), (-64, -64, 63), (63, 63, -64)):
        ports = {
            f"{name}_bias": np.full(first.shape, biases.encode(value))
            for name, value in zip(("a", "b", "out"), values, strict=True)
        }
        got = multiply(config, a=first, b=second, **ports)
        changed = [fmt.replace(bias=value) for fmt, value in zip((a, b, out), values, strict=True)]
        fixed = MultiplierConfig(a=changed[0], b=changed[1], out=changed[2], flags=True)
        want = multiply(fixed, a=first, b=second)
        for name, codes in want.items():
            np.testing.assert_array_equal(got[name], codes)


def test_bias_may_change_from_one_product_to_the_next() -> None:
    fmt = parse("s1e4m3b7")
    config = MultiplierConfig(a=fmt, b=fmt, out=fmt, bias_bits=5)
    one = fmt.encode([1.0, 1.0, 1.0])
    seven = integer(5).encode([7, 7, 7])
    out = multiply(
        config, a=one, b=one, a_bias=integer(5).encode([7, 6, 8]), b_bias=seven, out_bias=seven
    )
    assert fmt.decode(out["out"]).tolist() == [1.0, 2.0, 0.5]


def test_shape_of_operands_is_kept() -> None:
    fmt = parse("e4m3fn")
    config = MultiplierConfig(a=fmt, b=fmt, out=fmt)
    a = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    out = multiply(config, a=a, b=a)["out"]
    assert out.shape == a.shape
    assert out.dtype == np.uint8


E4M3 = parse("e4m3fn")

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"a": "e4m3fn"}, TypeError, "Option a must be of type ScalarFormat, not 'e4m3fn'"),
    ({"a": 8}, TypeError, "Option a must be of type ScalarFormat, not 8"),
    ({"stages": 4}, ValueError, "Option stages must be 0 to 3, not 4"),
    ({"stages": True}, TypeError, "Option stages must be of type int, not True"),
    (
        {"rounding": "up"},
        ValueError,
        f"Option rounding must be {ROUNDINGS}, not 'up'",
    ),
    ({"bias_bits": 1}, ValueError, "Option bias_bits must be 0 or 2 to 16, not 1"),
    ({"bias_bits": 17}, ValueError, "Option bias_bits must be 0 to 16, not 17"),
    (
        {"stages": 0, "enable": True},
        ValueError,
        "Option enable must be off with 0 stages, which hold nothing",
    ),
    (
        {"out": None, "flags": True},
        ValueError,
        "Option flags must be off for the exact raw product, which is not rounded and has no bias",
    ),
    (
        {"out": None, "bias_bits": 5},
        ValueError,
        "Option bias_bits must be off for the exact raw product, which is not rounded and has "
        "no bias",
    ),
]


@pytest.mark.parametrize(("options", "error", "message"), REFUSED)
def test_impossible_configuration_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    changed: dict[str, Any] = {"a": E4M3, "b": E4M3, "out": E4M3} | options
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        MultiplierConfig(**changed)


def test_ports_are_what_the_options_ask_for() -> None:
    config = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3, flags=True, bias_bits=6, enable=True)
    assert [port.name for port in config.inputs] == [
        "a",
        "b",
        "a_bias",
        "b_bias",
        "out_bias",
        "enable",
    ]
    assert [port.name for port in config.outputs] == ["out", *FLAG_NAMES]
    assert [port.name for port in config.operands] == ["a", "b", "a_bias", "b_bias", "out_bias"]
    assert [port.width for port in config.ports] == [8, 8, 6, 6, 6, 1, 8, 1, 1, 1, 1]
