"""Posits: codes to values and back, against the standard's definition."""

import hashlib
import itertools
import pickle
import random
import re
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from format_oracle import reaches_one
from posit_oracle import PositOracle, goes_up

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format, Scalar
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.posit import Posit
from ffp8.golden.rounding import Overflow, RandomBits, Rounding
from ffp8.golden.scalar_format import ScalarFormat

POSIT8 = [Posit(n=8, es=es) for es in range(3)]
SMALL = [(n, es) for n in range(3, 9) for es in range(6)]


def exact_of(values: list[Fraction]) -> Exact:
    """Exact values of dyadic rationals."""
    scale = max(value.denominator.bit_length() for value in values)
    numbers = [abs(value) * 2**scale for value in values]
    zeros = [max((int(x) & -int(x)).bit_length() - 1, 0) for x in numbers]
    significands = [int(x) >> z for x, z in zip(numbers, zeros, strict=True)]
    wide = max(significands).bit_length() > 62
    nothing = np.zeros(len(values), bool)
    return Exact(
        negative=np.array([value < 0 for value in values]),
        significand=np.array(significands, object if wide else np.int64),
        exponent=np.array(zeros, np.int64) - scale,
        infinite=nothing,
        nan=nothing,
    )


@pytest.mark.parametrize(("n", "es"), [*SMALL, (9, 0), (10, 1), (12, 2), (16, 1), (16, 2)])
def test_each_code_is_what_the_standard_says(n: int, es: int) -> None:
    fmt, oracle = Posit(n=n, es=es), PositOracle(n, es)
    exact = fmt.unpack(fmt.codes)
    for code, value in enumerate(exact.to_fractions()):
        want = oracle.decode(code)
        assert exact.nan[code] == (want is None)
        assert want is None or value == want
        assert exact.negative[code] == (want is not None and want < 0)
    assert np.flatnonzero(exact.nan).tolist() == [fmt.nan_code]
    assert not exact.infinite.any()


@pytest.mark.parametrize(("n", "es"), [(32, 2), (24, 5), (31, 0)])
def test_wide_codes_are_what_the_standard_says(n: int, es: int) -> None:
    chance = random.Random(n)
    fmt, oracle = Posit(n=n, es=es), PositOracle(n, es)
    codes = [chance.randrange(2**n) >> chance.randrange(n - 1) for _ in range(100)]
    codes += [2**n - 1 - code for code in codes]
    codes = [code for code in codes if code != fmt.nan_code]
    assert fmt.unpack(codes).to_fractions() == [oracle.decode(code) for code in codes]
    # The middles and next to them.
    probes = []
    for code in codes:
        middle = oracle.middle(code % 2 ** (n - 1) or 1)
        probes += [middle, -middle, middle * (1 + TINY), middle * (1 - TINY)]
    check_rounding(fmt, NearPositOracle(n, es), probes)


TINY = Fraction(1, 2**40)


class NearPositOracle(PositOracle):
    """For posits of too many codes to list: the neighbour is found by halving."""

    def encode(
        self, value: Fraction, rounding: str, random: tuple[int, int] = (0, 0)
    ) -> tuple[int, bool, bool, bool]:
        magnitude, low, high = abs(value), 1, 2 ** (self.n - 1) - 1
        least, largest = self.decode(low), self.decode(high)
        assert least is not None
        assert largest is not None
        above, below = magnitude > largest, magnitude < least
        while low < high:
            half = (low + high + 1) // 2
            at = self.decode(half)
            assert at is not None
            low, high = (half, high) if at <= magnitude else (low, half - 1)
        inexact = self.decode(low) != magnitude
        if inexact and not above and not below:
            if rounding.startswith("stochastic"):
                low += reaches_one(rounding, self.way(low, magnitude), *random)
            else:
                low += goes_up(low, magnitude, self.middle(low), rounding)
        return (2**self.n - low if value < 0 else low), above, below, inexact


def check_rounding(fmt: Posit, oracle: PositOracle, probes: list[Fraction]) -> None:
    bits = 1 + fmt.n % 8
    every = np.random.default_rng(fmt.n).integers(0, 2**bits, len(probes))
    for rounding, overflow in itertools.product(Rounding, Overflow):
        tried, words, random = probes, every, None
        if rounding.stochastic:
            # The oracle's search for the way between two codes is long.
            place = list(Rounding).index(rounding) + 3 * list(Overflow).index(overflow)
            tried, words = probes[place::23], every[place::23]
            random = RandomBits(words, bits)
        codes, flags = fmt.round(exact_of(tried), rounding, overflow, random)
        got = list(
            zip(
                codes.tolist(), flags.overflow.tolist(), flags.underflow.tolist(),
                flags.inexact.tolist(), strict=True,
            )
        )  # fmt: skip
        assert got == [
            oracle.encode(value, rounding.value, (word, bits))
            for value, word in zip(tried, words.tolist(), strict=True)
        ]
        assert not flags.invalid.any()


@pytest.mark.parametrize(("n", "es"), SMALL)
@pytest.mark.parametrize("bits", [30, 70])
def test_each_value_and_middle_is_rounded_as_the_standard_says(n: int, es: int, bits: int) -> None:
    oracle = PositOracle(n, es)
    check_rounding(Posit(n=n, es=es), oracle, list(oracle.probes(Fraction(1, 2**bits))))


def test_rounding_is_not_to_the_nearest_value_where_exponent_bits_are_cut() -> None:
    # 65536 is nearer, but the code between 65536 and 262144 is that of 131072.
    posit8 = Posit(n=8, es=2)
    assert posit8.decode(posit8.encode([144179.2, 131072.0, 131071.0])).tolist() == [
        262144.0,
        65536.0,
        65536.0,
    ]


def test_nothing_becomes_zero_and_nothing_finite_becomes_nar() -> None:
    for fmt in POSIT8:
        for rounding, overflow in itertools.product(Rounding, Overflow):
            values = [1e-300, -1e-300, 1e300, -1e300, 0.0, -0.0]
            random = RandomBits(np.array(15), 4) if rounding.stochastic else None
            codes = fmt.encode(values, rounding, overflow, random)
            assert codes.tolist() == [0x01, 0xFF, 0x7F, 0x81, 0, 0]


def test_infinity_and_nan() -> None:
    for fmt in POSIT8:
        exact = Exact.from_floats([inf, -inf, nan])
        codes, flags = fmt.round(exact)
        assert codes.tolist() == [0x7F, 0x81, 0x80]
        assert flags.overflow.tolist() == flags.inexact.tolist() == [True, True, False]
        assert not flags.invalid.any()
        codes, flags = fmt.round(exact, overflow=Overflow.SPECIAL)
        assert codes.tolist() == [0x80, 0x80, 0x80]
        assert flags.overflow.tolist() == [True, True, False]


def test_limits() -> None:
    # Largest values of posit8, posit16 and posit32 as the standard has them: 2^(4n - 8).
    for n in (8, 16, 32):
        fmt = Posit(n=n, es=2)
        assert float(fmt.max.to_floats()) == 2.0 ** (4 * n - 8)
        assert float(fmt.min_positive.to_floats()) == 2.0 ** (8 - 4 * n)
    assert [float(fmt.max.to_floats()) for fmt in POSIT8] == [64.0, 4096.0, 2.0**24]
    assert [fmt.fraction for fmt in POSIT8] == [5, 4, 3]


def test_names() -> None:
    for fmt in [*POSIT8, Posit(n=16, es=2), Posit(n=3, es=0)]:
        name = f"posit{fmt.n}_{fmt.es}"
        assert str(fmt) == fmt.spelling == fmt.identifier == name
        assert ScalarFormat.parse(name) == Posit.parse(f" {name.upper()} ") == fmt
        assert pickle.loads(pickle.dumps(fmt)) == fmt
    assert len({*POSIT8, Posit(n=8, es=2)}) == 3


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Posit(n=2, es=0), ValueError, "Posit n must be 3 to 32 bits, not 2"),
        (lambda: Posit(n=33, es=0), ValueError, "Posit n must be 3 to 32 bits, not 33"),
        (lambda: Posit(n=8, es=6), ValueError, "Posit es must be 0 to 5 bits, not 6"),
        (lambda: Posit(n=8, es=-1), ValueError, "Posit es must be 0 to 5 bits, not -1"),
        (lambda: Posit(n=True, es=1), TypeError, "Posit n must be a number of bits, not True"),
        (lambda: Posit(n=8, es=1.0), TypeError, "Posit es must be a number of bits, not 1.0"),  # type: ignore[arg-type]
        (
            lambda: Format.parse("posit8_0"),
            ValueError,
            "Format must be one of exponent and fraction fields, not posit8_0",
        ),
        (lambda: Posit.parse("e5m2"), ValueError, "Format must be a posit, not e5m2"),
        (
            lambda: POSIT8[0].decode([256]),
            ValueError,
            "Codes of posit8_0 must be 0 to 255, not 256",
        ),
    ],
)
def test_refusals(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


def test_scalar() -> None:
    assert repr(Scalar(POSIT8[2], 0x80)) == "posit8_2(nan, 0x80)"
    assert float(Scalar(POSIT8[2], 0x40)) == 1.0


@pytest.mark.parametrize("es", range(3))
def test_each_product_is_rounded_as_the_standard_says(es: int) -> None:
    fmt, oracle = POSIT8[es], PositOracle(8, es)
    a, b = (x.ravel() for x in np.meshgrid(fmt.codes, fmt.codes))
    got = multiply(MultiplierConfig(a=fmt, b=fmt, out=fmt), a=a, b=b)["out"]
    raw = MultiplierConfig(a=fmt, b=fmt)
    exact = raw.result.unpack(multiply(raw, a=a, b=b)["out"])
    known: dict[Fraction, int] = {}
    values = [oracle.decode(code) for code in range(256)]
    for at, product in enumerate(exact.to_fractions()):
        left, right = values[a[at]], values[b[at]]
        if left is None or right is None:
            assert got[at] == 0x80
            assert exact.nan[at]
            continue
        assert product == left * right
        if left * right not in known:
            known[left * right] = oracle.encode(left * right, "nearest-even")[0]
        assert got[at] == known[left * right]


def test_raw_product_has_the_widths_of_the_largest_operands() -> None:
    names = [MultiplierConfig(a=fmt, b=fmt).result.name for fmt in POSIT8]
    # Fractions of 5, 4 and 3 bits; exponents of -6, -12 and -24 and their opposites.
    assert names == ["raw_m12e5b22_sn", "raw_m10e6b32_sn", "raw_m8e7b54_sn"]


def test_bias_ports_are_refused() -> None:
    message = "Option bias_bits must be 0 with posit8_0, which has no bias"
    e5m2 = Format.parse("e5m2")
    formats: dict[str, Any] = {"a": e5m2, "b": e5m2, "out": e5m2}
    for name in formats:
        changed: dict[str, Any] = formats | {name: POSIT8[0]}
        with pytest.raises(ValueError, match=f"^{message}$"):
            MultiplierConfig(**changed, bias_bits=6)


def test_configuration_with_posits_comes_back_from_json() -> None:
    config = MultiplierConfig(a=POSIT8[0], b=Format.parse("int4"), out=POSIT8[2])
    assert MultiplierConfig.from_json(config.to_json()) == config
    assert config.identifier == "multiplier_posit8_0_int4_out_posit8_2"


#: SHA-256 of the products of all pairs of codes, the second one counting first, as the C library
#: SoftPosit 0.4.1 gives them: p8_mul, and pX1_mul and pX2_mul with 8 bits.
SOFTPOSIT = [
    "908d123cd2f8b627e7fb8123215f74cf35a1cc9da49b8e69181a345076ae5113",
    "4a7cfd996e17cdad51c14fa8f44738130ea5c04aa4774eceaeed240930e985c1",
    "f2545ccc14582b72c3ad91f514eee78f3d6ce5799fbec1ea0e6f78f83643b4c4",
]


@pytest.mark.parametrize("es", range(3))
def test_products_of_all_pairs_are_those_of_softposit(es: int) -> None:
    fmt = Posit(n=8, es=es)
    a, b = np.repeat(fmt.codes, 256), np.tile(fmt.codes, 256)
    codes = multiply(MultiplierConfig(a=fmt, b=fmt, out=fmt), a=a, b=b)["out"]
    assert hashlib.sha256(codes.tobytes()).hexdigest() == SOFTPOSIT[es]
