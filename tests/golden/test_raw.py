"""Raw products as codes."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

FULL = RawFormat(significand=8, exponent=5, bias=20, sign=True, infinity=True, nan=True)
PLAIN = RawFormat(significand=4, exponent=0, bias=-3, sign=False, infinity=False, nan=False)
WIDE = RawFormat(significand=70, exponent=6, bias=0, sign=True, infinity=False, nan=True)
FILLED = RawFormat(significand=57, exponent=5, bias=0, sign=True, infinity=False, nan=True)


def test_names() -> None:
    assert str(FULL) == "raw_m8e5b20_sin"
    assert str(PLAIN) == "raw_m4e0b-3"
    assert str(WIDE) == "raw_m70e6b0_sn"


@pytest.mark.parametrize("fmt", [FULL, PLAIN, WIDE, FILLED], ids=str)
def test_names_are_read(fmt: RawFormat) -> None:
    assert AnyFormat.parse(str(fmt)) == fmt
    assert RawFormat.parse(fmt.name.upper()) == fmt
    assert AnyFormat.parse("raw_m42e0b18_cn").identifier == "raw_m42e0b18_cn"
    assert PLAIN.identifier == "raw_m4e0bn3"


@pytest.mark.parametrize("text", ["raw_m4", "raw_m4e0b1_", "raw_m4e0b1_ns", "raw_m4e0b1_sc"])
def test_other_names_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Format must be like "):
        AnyFormat.parse(text)


def test_raw_fields_are_no_number_format() -> None:
    message = "^Format must be a format of numbers, not raw_m8e5b20_sin$"
    with pytest.raises(ValueError, match=message):
        ScalarFormat.parse("raw_m8e5b20_sin")


def test_fields_are_in_order_and_absent_ones_left_out() -> None:
    assert list(FULL.fields.items()) == [
        ("significand", 8),
        ("exponent", 5),
        ("sign", 1),
        ("infinity", 1),
        ("nan", 1),
    ]
    assert PLAIN.fields == {"significand": 4}
    assert [fmt.width for fmt in (FULL, PLAIN, WIDE, FILLED)] == [16, 4, 78, 64]


@pytest.mark.parametrize("fmt", [FULL, PLAIN, WIDE, FILLED], ids=str)
def test_join_and_split_are_inverse(fmt: RawFormat) -> None:
    chance = np.random.default_rng(1)
    fields = {
        name: np.array([int.from_bytes(chance.bytes(16)) % 2**bits for _ in range(50)], object)
        for name, bits in fmt.fields.items()
    }
    codes = fmt.join(**fields)
    assert max(int(code) for code in codes).bit_length() <= fmt.width
    split = fmt.split(codes)
    for name, values in fields.items():
        assert [int(value) for value in split[name]] == values.tolist()
    for name in split.keys() - fields.keys():
        assert not split[name].any()


def test_values() -> None:
    codes = FULL.join(
        significand=[3, 3, 0, 1, 1],
        exponent=[20, 25, 0, 0, 0],
        sign=[0, 1, 1, 1, 0],
        infinity=[0, 0, 0, 1, 0],
        nan=[0, 0, 0, 0, 1],
    )
    assert codes.tolist()[0] == 3 | 20 << 8
    assert codes.tolist()[3] == 1 | 1 << 13 | 1 << 14
    np.testing.assert_array_equal(FULL.decode(codes), [3.0, -96.0, -0.0, -np.inf, np.nan])
    assert np.signbit(FULL.decode(codes))[2]
    assert PLAIN.decode([5]).tolist() == [40.0]
    top = WIDE.join(significand=[2**70 - 1], exponent=[63], sign=[1], nan=[0])
    assert WIDE.unpack(top).to_fractions() == [-(2**70 - 1) * Fraction(2) ** 63]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("significand", "Raw significand must be 1 bit or more, not 0"),
        ("exponent", "Raw exponent must be 0 bits or more, not -1"),
    ],
)
def test_impossible_widths_are_refused(field: str, message: str) -> None:
    fmt = {"significand": 4, "exponent": 3, "bias": 0, "sign": True, "infinity": False}
    changed: dict[str, Any] = fmt | {"nan": False, field: 0 if field == "significand" else -1}
    with pytest.raises(ValueError, match=f"^{message}$"):
        RawFormat(**changed)


def test_twos_complement() -> None:
    fmt = RawFormat(
        significand=6, exponent=0, bias=2, sign=False, infinity=True, nan=True, complement=True
    )
    assert str(fmt) == "raw_m6e0b2_cin"
    codes = fmt.join(
        significand=[31, 32, 63, 0, 32, 0], infinity=[0, 0, 0, 1, 1, 0], nan=[0] * 5 + [1]
    )
    want = [7.75, -8.0, -0.25, np.inf, -np.inf, np.nan]
    np.testing.assert_array_equal(fmt.decode(codes), want)
    message = "^Raw sign must be off in two's complement, which holds it$"
    with pytest.raises(ValueError, match=message):
        RawFormat(
            significand=6, exponent=0, bias=2, sign=True, infinity=True, nan=True, complement=True
        )
