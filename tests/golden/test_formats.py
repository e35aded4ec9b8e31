"""Formats: codes to values and back, against the oracle, numpy, ml_dtypes and gfloat."""

import itertools
import pickle
import random
import re
from fractions import Fraction
from typing import Any

import gfloat
import ml_dtypes
import numpy as np
import pytest
from format_oracle import Oracle, valid_fields
from full_formats import BIASES, compare
from gfloat import Domain, RoundMode, Signedness, formats

from ffp8.golden.exact import Exact
from ffp8.golden.formats import (
    Format,
    Scalar,
    Specials,
    code_dtype,
    fixed_point,
    integer,
    p3109,
)
from ffp8.golden.rounding import Overflow, Rounding

parse = Format.parse

E4M3 = parse("e4m3fn")
#: Each kind of format up to 8 bits, with one of the biases.
KINDS: list[dict[str, Any]] = [
    kind | {"bias": BIASES[at * 17 % len(BIASES)]} for at, kind in enumerate(valid_fields(8, [0]))
]


# The oracle.


@pytest.mark.parametrize("part", range(8))
def test_each_kind_of_format_up_to_8_bits_is_as_the_oracle_says(part: int) -> None:
    for kind in KINDS[part::8]:
        compare(kind)


@pytest.mark.parametrize("bias", [BIASES[0], BIASES[-1]])
def test_extreme_biases_are_as_the_oracle_says(bias: int) -> None:
    for kind in KINDS[::29]:
        compare(kind | {"bias": bias})


def test_values_too_close_for_int64_are_rounded_as_the_oracle_says() -> None:
    for kind in KINDS[::23]:
        compare(kind, epsilon_bits=70)


def test_oracle_covers_each_format_that_can_be_made() -> None:
    made = set()
    for sign, exponent, fraction in itertools.product((False, True), range(7), range(7)):
        for specials, subnormals, complement, zero, step in itertools.product(
            Specials, (False, True), (False, True), (False, True), (1, 2)
        ):
            try:
                made.add(
                    Format(
                        sign=sign,
                        exponent=exponent,
                        fraction=fraction,
                        bias=3,
                        subnormals=subnormals,
                        specials=specials,
                        complement=complement,
                        zero=zero,
                        step=step,
                    )
                )
            except ValueError:
                continue
    expected = {Format(**fields) for fields in valid_fields(6, [3])}
    assert {fmt for fmt in made if fmt.width <= 6} == expected


WIDE = [
    "float16",
    "bfloat16",
    "fp16_1_6_9",
    "s0e15m1",
    "s0e1m15b-3",
    "s1e15m0_extended",
    "s1e8m7b300_fnuz",
    "s1e5m10_fn_nosub",
    "s0e6m6b40_ieee",
    "s1e0m12b5",
    "q9.7",
    "uq-3.15",
    "int16",
    "s1e11m4",
]


@pytest.mark.parametrize("name", WIDE)
def test_wide_formats_decode_by_the_formula_and_round_to_the_nearer_code(name: str) -> None:
    fmt = parse(name)
    oracle = Oracle.of(fmt)
    chance = random.Random(name)
    codes = [chance.randrange(fmt.min_index, fmt.max_index) for _ in range(150)]
    codes += [fmt.min_index, fmt.max_index - 1, *(i for i in range(3) if fmt.subnormals)]
    eighths, wanted = [], {rounding: [] for rounding in Rounding if not rounding.stochastic}
    for code in codes:
        low, high = (oracle.decode(c).magnitude for c in (code, code + 1))
        assert isinstance(low, Fraction)
        assert isinstance(high, Fraction)
        assert fmt.unpack(np.array([code, code + 1])).to_fractions() == [low, high]
        for eighth in range(9):
            eighths.append(low + (high - low) * Fraction(eighth, 8))
            even = eighth > 4 or (eighth == 4 and code % 2)
            wanted[Rounding.NEAREST_EVEN].append(code + even)
            wanted[Rounding.HALF_AWAY].append(code + (eighth >= 4))
            wanted[Rounding.TOWARD_ZERO].append(code + (eighth == 8))
            odd = code + 1 - code % 2
            wanted[Rounding.TO_ODD].append(odd if 0 < eighth < 8 else code + (eighth == 8))
    for rounding, expected in wanted.items():
        got, flags = fmt.round(exact_of(eighths), rounding)
        assert got.tolist() == expected
        assert flags.inexact.tolist() == [at % 9 not in (0, 8) for at in range(len(eighths))]
        assert not flags.overflow.any()
        assert not flags.invalid.any()


def exact_of(values: list[Fraction]) -> Exact:
    """Exact values of dyadic fractions."""
    exponents = np.array([1 - value.denominator.bit_length() for value in values])
    return Exact(
        negative=np.array([value < 0 for value in values]),
        significand=np.array([abs(value.numerator) for value in values], object),
        exponent=exponents,
        infinite=np.zeros(len(values), bool),
        nan=np.zeros(len(values), bool),
    )


def test_values_beyond_float64_are_exact() -> None:
    fmt = parse("s0e15m1")
    top = fmt.unpack(np.array([fmt.max_index])).to_fractions()[0]
    assert top == Fraction(2) ** (32767 - 16383) * Fraction(3, 2)
    with pytest.raises(ValueError, match="beyond its range"):
        fmt.decode(fmt.codes)


# numpy and ml_dtypes.


def floats_to_try() -> np.ndarray:
    """All float16 and bfloat16 values, and the midpoints of either, as float32."""
    codes = np.arange(2**16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):  # Signalling NaN.
        halves = codes.view(np.float16).astype(np.float32)
        brains = codes.view(ml_dtypes.bfloat16).astype(np.float32)
    found: list[np.ndarray] = [halves, brains]
    for values in (halves, brains):
        finite = np.unique(values[np.isfinite(values)])
        with np.errstate(over="ignore"):
            found.append(finite[:-1] / 2 + finite[1:] / 2)
    return np.concatenate(found)


FLOATS = floats_to_try()

#: Those of ml_dtypes, with its names; NaN results take any code.
ML_DTYPES = [
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3",
    "float8_e3m4",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "float8_e4m3b11fnuz",
    "float6_e3m2fn",
    "float6_e2m3fn",
    "float4_e2m1fn",
    "bfloat16",
]


def ml_type(name: str) -> np.dtype:
    return np.dtype(np.float16) if name == "float16" else np.dtype(getattr(ml_dtypes, name))


def ml_decode(name: str, codes: np.ndarray) -> np.ndarray:
    stored = codes.astype(f"uint{8 * ml_type(name).itemsize}")
    with np.errstate(invalid="ignore"):  # Signalling NaN.
        return stored.view(ml_type(name)).astype(np.float64)


def assert_same_floats(got: np.ndarray, want: np.ndarray) -> None:
    """Equal with their signs of zero; any NaN equals any other."""
    np.testing.assert_array_equal(got, want)
    known = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got[known]), np.signbit(want[known]))


@pytest.mark.parametrize("name", [*ML_DTYPES, "float16", "float8_e8m0fnu"])
def test_decode_is_that_of_ml_dtypes(name: str) -> None:
    fmt = parse(name)
    assert_same_floats(fmt.decode(fmt.codes), ml_decode(name, fmt.codes))


@pytest.mark.parametrize("name", [*ML_DTYPES, "float16"])
def test_encode_is_that_of_ml_dtypes(name: str) -> None:
    fmt = parse(name)
    values = FLOATS if fmt.has_nan else FLOATS[~np.isnan(FLOATS)]
    with np.errstate(over="ignore", invalid="ignore"):
        want = values.astype(ml_type(name)).astype(np.float64)
    got = fmt.decode(fmt.encode(values, overflow=Overflow.SPECIAL))
    if name == "bfloat16":
        # Results below 2^-126 are subnormal in float32, too, so none is lost on the way.
        assert (np.abs(want[want != 0]) < 2.0**-126).any()
    assert_same_floats(got, want)


def test_ml_dtypes_turns_nan_into_a_zero_where_there_is_no_nan() -> None:
    fmt = parse("float6_e2m3fn")
    codes, flags = fmt.round(Exact.from_floats([np.nan]))
    assert codes.tolist() == [0]
    assert flags.invalid.tolist() == [True]
    with np.errstate(invalid="ignore"):
        assert np.float32(np.nan).astype(ml_dtypes.float6_e2m3fn) == 0


def test_e8m0fnu_differs_from_ml_dtypes_at_ties_and_next_to_its_least_value() -> None:
    fmt = parse("float8_e8m0fnu")
    finite = FLOATS[np.isfinite(FLOATS)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        theirs = finite.astype(ml_dtypes.float8_e8m0fnu).astype(np.float64)
    codes, flags = fmt.round(Exact.from_floats(finite), overflow=Overflow.SPECIAL)
    ours = fmt.decode(codes)
    # Zero and negative values are NaN there, and the least value here.
    low = (finite == 0) | np.signbit(finite)
    assert np.isnan(theirs[low]).all()
    assert (ours[low] == 2.0**-127).all()
    np.testing.assert_array_equal(flags.invalid, finite < 0)
    # A tie, halfway between two powers of two, goes up there, and to the even code here.
    tie = ~low & (np.frexp(finite)[0] == 0.75) & (finite > 2.0**-127)
    assert tie.sum() > 200
    down = tie & (codes % 2 == 0) & (ours < finite)
    np.testing.assert_array_equal(down[tie], np.floor(np.log2(finite[tie])) % 2 == 1)
    up = np.where(ours[down] == 2.0**127, np.nan, 2 * ours[down])
    np.testing.assert_array_equal(theirs[down], up)
    # Between the least value and the next, all is rounded up there.
    least = (finite > 2.0**-127) & (finite < 1.5 * 2.0**-127)
    assert least.any()
    assert (theirs[least] == 2.0**-126).all()
    assert (ours[least] == 2.0**-127).all()
    other = ~low & ~down & ~least
    assert_same_floats(ours[other], theirs[other])


@pytest.mark.parametrize("name", ["int2", "uint2", "int4", "uint4"])
def test_small_integers_are_those_of_ml_dtypes(name: str) -> None:
    fmt = parse(name)
    dtype = np.dtype(getattr(ml_dtypes, name))
    np.testing.assert_array_equal(fmt.decode(fmt.codes), fmt.codes.view(dtype).astype(np.float64))


@pytest.mark.parametrize("name", ["int8", "uint8", "int16", "uint16"])
def test_integers_are_those_of_numpy(name: str) -> None:
    fmt = parse(name)
    values = fmt.codes.view(name).astype(np.float64)
    np.testing.assert_array_equal(fmt.decode(fmt.codes), values)
    np.testing.assert_array_equal(fmt.encode(values), fmt.codes)
    low, high = np.iinfo(name).min, np.iinfo(name).max
    between = np.concatenate([values + 0.5, values - 0.5, values + 0.25, [1e30, -1e30]])
    want = np.clip(np.rint(between), low, high)
    np.testing.assert_array_equal(fmt.decode(fmt.encode(between)), want)
    np.testing.assert_array_equal(
        fmt.decode(fmt.encode(between, Rounding.TOWARD_ZERO)),
        np.clip(np.trunc(between), low, high),
    )


def test_float32_is_that_of_numpy() -> None:
    fmt = parse("float32")
    chance = np.random.default_rng(32)
    codes = chance.integers(0, 2**32, 200_000, np.uint32)
    codes[:8] = [0, 1, 0x007FFFFF, 0x00800000, 0x7F7FFFFF, 0x7F800000, 0x80000000, 0xFF800000]
    with np.errstate(invalid="ignore"):  # Signalling NaN.
        assert_same_floats(fmt.decode(codes), codes.view(np.float32).astype(np.float64))
    doubles = chance.integers(0, 2**64, 200_000, np.uint64).view(np.float64)
    near = np.ldexp(chance.uniform(-2, 2, 200_000), chance.integers(-160, 130, 200_000))
    # Midpoints of float32, exactly and one float64 beside.
    middle = np.abs(codes[codes < 0x7F7FFFFF].view(np.float32).astype(np.float64))
    step = np.spacing(middle.astype(np.float32)).astype(np.float64)
    middle = middle + step / 2
    values = np.concatenate(
        [doubles, near, middle, np.nextafter(middle, 0), np.nextafter(middle, np.inf)]
    )
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        want = values.astype(np.float32)
    got = fmt.encode(values, overflow=Overflow.SPECIAL)
    known = ~np.isnan(want)
    np.testing.assert_array_equal(got[known], want[known].view(np.uint32))
    assert (got[~known] == 0x7FC00000).all()


# gfloat.

OCP = {
    "e4m3fn": formats.format_info_ocp_e4m3,
    "e5m2": formats.format_info_ocp_e5m2,
    "e3m2fn": formats.format_info_ocp_e3m2,
    "e2m3fn": formats.format_info_ocp_e2m3,
    "e2m1fn": formats.format_info_ocp_e2m1,
    "e8m0fnu": formats.format_info_ocp_e8m0,
    "q2.6": formats.format_info_ocp_int8,
    "float16": formats.format_info_binary16,
    "bfloat16": formats.format_info_bfloat16,
}

P3109 = [
    (width, precision, sign, extended)
    for width in range(3, 9)
    for sign in (True, False)
    for precision in range(1, width + (not sign))
    for extended in (True, False)
]

GFLOAT_ROUNDINGS = {
    Rounding.NEAREST_EVEN: RoundMode.TiesToEven,
    Rounding.TOWARD_ZERO: RoundMode.TowardZero,
    Rounding.HALF_AWAY: RoundMode.TiesToAway,
}


def assert_as_gfloat(fmt: Format, info: Any) -> None:
    codes = fmt.codes
    theirs = gfloat.decode_ndarray(info, codes).astype(np.float64)
    ours = fmt.decode(codes)
    assert_same_floats(ours, theirs)
    grid = np.unique(theirs[np.isfinite(theirs)])
    middle = grid[:-1] / 2 + grid[1:] / 2
    values = np.concatenate(
        [grid, middle, np.nextafter(middle, -np.inf), np.nextafter(middle, np.inf)]
    )
    top, step = grid[-1], grid[-1] - grid[-2]
    beyond = top + step * np.array([0.25, 0.5, 0.75, 1, 1.5, 2])
    values = np.concatenate([values, beyond, [top * 4, 0.0]])
    if fmt.sign:
        values = np.concatenate([values, -beyond, [-0.0, -top * 4]])
    if not fmt.zero:
        values = values[values >= grid[0]]  # gfloat rounds lesser ones to what is no value.
    infinities = [np.inf, -np.inf] if fmt.sign else [np.inf]
    for (rounding, theirs_mode), overflow in itertools.product(GFLOAT_ROUNDINGS.items(), Overflow):
        saturate = overflow is Overflow.SATURATE
        tried = values
        if saturate or fmt.has_nan:
            tried = np.concatenate([values, infinities, [np.nan] * fmt.has_nan])
        else:
            tried = values[(values <= grid[-1]) & (values >= grid[0])]
        with np.errstate(over="ignore", invalid="ignore"):
            want = gfloat.round_ndarray(info, tried, theirs_mode, saturate)
        got = fmt.decode(fmt.encode(tried, rounding, overflow))
        assert_same_floats(got, want)


@pytest.mark.parametrize("name", OCP)
def test_ocp_formats_are_those_of_gfloat(name: str) -> None:
    assert_as_gfloat(parse(name), OCP[name])


@pytest.mark.parametrize(("width", "precision", "sign", "extended"), P3109)
def test_p3109_formats_are_those_of_gfloat(
    width: int, precision: int, sign: bool, extended: bool
) -> None:
    info = formats.format_info_p3109(
        width,
        precision,
        Signedness.Signed if sign else Signedness.Unsigned,
        Domain.Extended if extended else Domain.Finite,
    )
    finite = gfloat.decode_ndarray(info, np.arange(2**width, dtype=np.uint8))
    if (finite[np.isfinite(finite)] != 0).any():
        assert_as_gfloat(p3109(width, precision, sign=sign, extended=extended), info)
    else:
        with pytest.raises(ValueError, match="must have a finite value other than zero"):
            p3109(width, precision, sign=sign, extended=extended)


# Refusals, each in full.

REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"sign": 1}, TypeError, "Format sign must be a bool, not 1"),
    ({"subnormals": None}, TypeError, "Format subnormals must be a bool, not None"),
    ({"exponent": 4.0}, TypeError, "Format exponent must be a number of bits, not 4.0"),
    ({"fraction": True}, TypeError, "Format fraction must be a number of bits, not True"),
    ({"exponent": -1}, ValueError, "Format exponent must be 0 bits or more, not -1"),
    ({"bias": "7"}, TypeError, "Format bias must be an integer, not '7'"),
    (
        {"specials": "nan"},
        ValueError,
        "Format specials must be none, ieee, fn, fnuz or extended, not 'nan'",
    ),
    ({"fraction": 30}, ValueError, "Format width must be 2 to 32 bits, not 35"),
    ({"exponent": 0, "fraction": 0}, ValueError, "Format width must be 2 to 32 bits, not 1"),
    ({"exponent": 17}, ValueError, "Format exponent must be at most 16 bits, not 17"),
    (
        {"exponent": 0, "subnormals": False},
        ValueError,
        "Format without an exponent field must have subnormals and a zero, because it has "
        "nothing else",
    ),
    (
        {"exponent": 0, "specials": "ieee"},
        ValueError,
        "Format with IEEE specials must have an exponent field",
    ),
    ({"step": 3}, ValueError, "Format step must be 1, or 2 for radix 4, not 3"),
    ({"step": True}, ValueError, "Format step must be 1, or 2 for radix 4, not True"),
    (
        {"step": 2},
        ValueError,
        "Format of radix 4 must have a zero, an exponent and no fraction",
    ),
    (
        {"exponent": 0, "step": 2, "fraction": 7},
        ValueError,
        "Format of radix 4 must have a zero, an exponent and no fraction",
    ),
    (
        {"complement": True},
        ValueError,
        "Format in two's complement must have a sign, no exponent and no specials",
    ),
    (
        {"sign": False, "specials": "fnuz"},
        ValueError,
        "Format with fnuz specials must have a sign, where its NaN is",
    ),
    (
        {"zero": False},
        ValueError,
        "Format without zero must have no sign, no fraction and no subnormals",
    ),
    (
        {"exponent": 1, "specials": "ieee", "subnormals": False},
        ValueError,
        "Format s1e1m3b0_ieee_nosub must have a finite value other than zero",
    ),
]


@pytest.mark.parametrize(("fields", "error", "message"), REFUSED)
def test_impossible_format_is_refused(
    fields: dict[str, Any], error: type[Exception], message: str
) -> None:
    changed: dict[str, Any] = {"exponent": 4, "fraction": 3} | fields
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Format(**changed)


def test_radix_4_is_rounded_at_the_mean_of_two_powers() -> None:
    fmt = parse("fp4_radix4")
    values = [2.4, 2.5, 2.6, 10.0, 40.0, 0.03125, 0.0313, 1000.0]
    assert fmt.decode(fmt.encode(values)).tolist() == [1.0, 4.0, 4.0, 4.0, 64.0, 0.0, 0.0625, 256.0]
    away = fmt.encode([2.5, 10.0, 0.03125], Rounding.HALF_AWAY)
    assert fmt.decode(away).tolist() == [4.0, 16.0, 0.0625]
    assert fmt.decode(fmt.encode([3.9, 0.06], Rounding.TOWARD_ZERO)).tolist() == [1.0, 0.0]


def test_codes_out_of_range_are_refused() -> None:
    for codes in ([256], [-1], np.array([0, 300])):
        with pytest.raises(
            ValueError, match=r"^Codes of e4m3fn must be 0 to 255, not (256|-1|300)$"
        ):
            E4M3.decode(codes)
    with pytest.raises(TypeError, match=r"^Codes must be integers, not float64$"):
        E4M3.decode([1.0])


def test_unknown_rounding_and_overflow_are_refused() -> None:
    message = "Rounding must be nearest-even, .*, to-odd, .* or stochastic-c, not 'up'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        E4M3.encode([1.0], "up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^Overflow must be saturate or special, not 'wrap'$"):
        E4M3.encode([1.0], overflow="wrap")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: p3109(8, 8), "P3109 precision must be 1 to 7 in 8 bits, not 8"),
        (lambda: p3109(8, 0), "P3109 precision must be 1 to 7 in 8 bits, not 0"),
        (lambda: p3109(8, 9, sign=False), "P3109 precision must be 1 to 8 in 8 bits, not 9"),
        (lambda: integer(1), "Fixed point width must be 2 to 32 bits, not 1"),
        (lambda: integer(33), "Fixed point width must be 2 to 32 bits, not 33"),
        (lambda: fixed_point(-3, 3), "Fixed point width must be 2 to 32 bits, not 0"),
        (lambda: Scalar(E4M3, 256), "Code of e4m3fn must be 0 to 255, not 256"),
        (lambda: Scalar(E4M3, -1), "Code of e4m3fn must be 0 to 255, not -1"),
    ],
)
def test_other_refusals(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


# What follows from the fields.


def test_default_bias() -> None:
    biases = {name: parse(name).bias for name in ("s1e4m3", "s1e1m6", "s1e0m7", "s0e8m0", "e5m2")}
    assert biases == {"s1e4m3": 7, "s1e1m6": 0, "s1e0m7": 0, "s0e8m0": 127, "e5m2": 15}


def test_properties_agree_with_all_codes() -> None:
    for fields in KINDS:
        fmt, oracle = Format(**fields), Oracle(**fields)
        finite = [m for m in oracle.numerators if isinstance(m, int)]
        above = [m for m in finite if m > 0]
        if fmt.complement:
            above = above[: 2**fmt.magnitude_width - 1]
        for exact, want in ((fmt.max, max(above)), (fmt.min_positive, min(above))):
            assert Fraction(want, oracle.denominator) == value_of(exact)
        normal = fmt.min_normal
        if normal is not None:
            assert value_of(normal) == Fraction(oracle.min_normal, oracle.denominator)
        special = [m for m in oracle.numerators if isinstance(m, float)]
        assert fmt.has_infinity == (float("inf") in special)
        assert fmt.has_nan == any(np.isnan(m) for m in special)
        assert fmt.nan_code == oracle.nan_code
        negative_zero = oracle.encode(True, 0, "nearest-even", "saturate")[0]
        assert fmt.has_negative_zero == oracle.values[negative_zero].negative
        assert len(fmt.codes) == 2**fmt.width


def value_of(exact: Exact) -> Fraction:
    return int(exact.significand) * Fraction(2) ** int(exact.exponent)


def test_equality_hash_and_pickle() -> None:
    formats = {Format(**fields) for fields in KINDS}
    assert len(formats) == len(KINDS)
    for fmt in formats:
        again = pickle.loads(pickle.dumps(fmt))
        assert again == fmt
        assert hash(again) == hash(fmt)
    assert Format(exponent=4, fraction=3) == Format(exponent=4, fraction=3, bias=7)
    assert E4M3.replace(bias=8) != E4M3
    assert E4M3.replace(bias=8).replace(bias=7) == E4M3


def test_shape_of_arrays_is_kept() -> None:
    for shape in ((), (3,), (2, 3), (0,)):
        values = np.full(shape, 1.5)
        codes = E4M3.encode(values)
        assert codes.shape == shape
        assert codes.dtype == np.uint8
        assert E4M3.decode(codes).shape == shape


def test_integers_of_any_size_are_rounded_once() -> None:
    # Next to the midpoint 464 * 2^53 of a format with larger values, a float64 would be a tie.
    fmt = E4M3.replace(bias=7 - 53)
    middle = 464 * 2**53
    for above, code in ((-1, 0x7E), (0, 0x7E), (1, 0x7F)):
        got = fmt.encode(np.array([middle + above, -middle - above]), overflow=Overflow.SPECIAL)
        assert got.tolist() == [code, 0x7F if above > 0 else 0xFE]
    assert parse("int32").encode(np.array([-(2**63), 2**63 - 1])).tolist() == [2**31, 2**31 - 1]


def test_values_of_other_kinds_are_refused() -> None:
    refused: list[Any] = [[1j], ["1"], [None], np.array([1], np.longdouble)]
    for values in refused:
        with pytest.raises(TypeError, match=r"^Values must be integers or floats of 64 bits, not "):
            E4M3.encode(values)


def test_code_dtype() -> None:
    widths = {width: str(code_dtype(width)) for width in (1, 8, 9, 16, 17, 32, 33, 64, 65)}
    assert widths == {
        1: "uint8",
        8: "uint8",
        9: "uint16",
        16: "uint16",
        17: "uint32",
        32: "uint32",
        33: "uint64",
        64: "uint64",
        65: "object",
    }


# Scalars.


def test_scalar_is_a_float_and_tells_its_code() -> None:
    scalar = Scalar(E4M3, 0xB8)
    assert float(scalar) == -1.0
    assert repr(scalar) == "e4m3fn(-1.0, 0xb8)"
    assert scalar == Scalar(E4M3, 0xB8)
    assert Scalar(E4M3, 0x00) != Scalar(E4M3, 0x80)
    assert Scalar(E4M3, 0) != Scalar(parse("e5m2"), 0)
    assert repr(Scalar(E4M3, 0x7F)) == "e4m3fn(nan, 0x7f)"


def test_scalar_beyond_float64_still_shows() -> None:
    assert repr(Scalar(parse("s0e15m1"), 0xFFFF)) == "s0e15m1b16383(3*2^16383, 0xffff)"
