"""Roundings, overflow policies and flags, one named case each."""

import numpy as np
import pytest

from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, Rounding, choice
from ffp8.golden.scalar_format import ScalarFormat

parse = Format.parse


@pytest.mark.parametrize(
    ("rounding", "want"),
    [
        (Rounding.NEAREST_EVEN, [0, 0, 0, 1, 1, 1, 2, 2, 2]),
        (Rounding.HALF_AWAY, [0, 0, 1, 1, 1, 1, 2, 2, 2]),
        (Rounding.TOWARD_ZERO, [0, 0, 0, 0, 1, 1, 1, 1, 2]),
        (Rounding.TO_ODD, [0, 1, 1, 1, 1, 1, 1, 1, 2]),
    ],
)
def test_quarters_of_integers(rounding: Rounding, want: list[int]) -> None:
    quarters = np.arange(9) / 4
    fmt = parse("int8")
    assert fmt.decode(fmt.encode(quarters, rounding)).tolist() == want
    assert fmt.decode(fmt.encode(-quarters, rounding)).tolist() == [-value for value in want]


def raised(
    name: str,
    value: float,
    rounding: Rounding = Rounding.NEAREST_EVEN,
    overflow: Overflow = Overflow.SATURATE,
) -> tuple[float, set[str]]:
    """The rounded value, and the names of the flags that it raises."""
    fmt = parse(name)
    codes, flags = fmt.round(Exact.from_floats([value]), rounding, overflow)
    return fmt.decode(codes)[0], {flag for flag, set_ in vars(flags).items() if set_[0]}


SPECIAL = Overflow.SPECIAL
ZERO = Rounding.TOWARD_ZERO
ODD = Rounding.TO_ODD
NAN, INF = np.nan, np.inf
BEYOND = {"overflow", "inexact"}

CASES = [
    # Exact values raise nothing, subnormals included.
    ("e4m3fn", 1.0, {}, 1.0, set()),
    ("e4m3fn", 2.0**-9, {}, 2.0**-9, set()),
    ("e4m3fn", 1.03, {}, 1.0, {"inexact"}),
    # Underflow is a tiny value that is not exact, though it be rounded to the least normal.
    ("e4m3fn", 2.0**-10, {}, 0.0, {"underflow", "inexact"}),
    ("e4m3fn", 2.0**-6 - 2.0**-12, {}, 2.0**-6, {"underflow", "inexact"}),
    ("int8", 0.25, {}, 0.0, {"inexact"}),
    ("e4m3fn_nosub", 2.0**-7, {}, 0.0, {"underflow", "inexact"}),
    ("e4m3fn_nosub", 2.0**-6 - 2.0**-12, {}, 2.0**-6, {"underflow", "inexact"}),
    ("e8m0fnu", 0.0, {}, 2.0**-127, {"underflow", "inexact"}),
    # Up to half beyond the largest value nothing overflows; a tie goes to the even code.
    ("e4m3fn", 463.0, {}, 448.0, {"inexact"}),
    ("e4m3fn", 464.0, {}, 448.0, {"inexact"}),
    ("e4m3fn", 464.5, {}, 448.0, BEYOND),
    ("e4m3fn", 464.5, {"overflow": SPECIAL}, NAN, BEYOND),
    ("e4m3fn", 464.0, {"overflow": SPECIAL, "rounding": Rounding.HALF_AWAY}, NAN, BEYOND),
    ("e4m3fn", 479.0, {"overflow": SPECIAL, "rounding": ZERO}, 448.0, {"inexact"}),
    ("e4m3fn", 1e6, {"overflow": SPECIAL, "rounding": ZERO}, 448.0, BEYOND),
    ("e5m2", 1e6, {"overflow": SPECIAL}, INF, BEYOND),
    ("e5m2", -1e6, {"overflow": SPECIAL}, -INF, BEYOND),
    ("e5m2", -1e6, {}, -57344.0, BEYOND),
    ("e2m1fn", 100.0, {"overflow": SPECIAL}, 6.0, BEYOND),
    ("int8", -129.0, {}, -128.0, BEYOND),
    ("int8", -128.0, {}, -128.0, set()),
    ("int8", 128.0, {}, 127.0, BEYOND),
    # To odd: as rounded without a largest value, and beyond it infinity, not that value.
    ("e5m2", 57345.0, {"overflow": SPECIAL, "rounding": ODD}, 57344.0, {"inexact"}),
    ("e5m2", 65535.0, {"overflow": SPECIAL, "rounding": ODD}, 57344.0, {"inexact"}),
    ("e5m2", 65536.0, {"overflow": SPECIAL, "rounding": ODD}, INF, BEYOND),
    ("e5m2", -65537.0, {"overflow": SPECIAL, "rounding": ODD}, -INF, BEYOND),
    ("e5m2", 65537.0, {"rounding": ODD}, 57344.0, BEYOND),
    ("e4m3fn", 448.5, {"overflow": SPECIAL, "rounding": ODD}, NAN, BEYOND),
    ("e4m3fn", 1e-30, {"rounding": ODD}, 2.0**-9, {"underflow", "inexact"}),
    ("e4m3fn_nosub", 1e-30, {"rounding": ODD}, 0.0, {"underflow", "inexact"}),
    # Infinity is kept where it may be.
    ("e5m2", INF, {"overflow": SPECIAL}, INF, set()),
    ("e5m2", INF, {"overflow": SPECIAL, "rounding": ZERO}, INF, set()),
    ("e5m2", INF, {}, 57344.0, BEYOND),
    ("e4m3fn", -INF, {}, -448.0, BEYOND),
    ("e4m3fn", INF, {"overflow": SPECIAL, "rounding": ZERO}, NAN, BEYOND),
    ("int8", -INF, {}, -128.0, BEYOND),
    # NaN, and what has no value at all.
    ("e4m3fn", NAN, {}, NAN, set()),
    ("int8", NAN, {}, 0.0, {"invalid"}),
    ("s0e4m4b7", -1.0, {}, 0.0, {"inexact", "invalid"}),
    ("s0e4m4b7", -INF, {}, 0.0, {"inexact", "invalid"}),
    ("s0e4m4b7", -0.0, {}, 0.0, set()),
]


@pytest.mark.parametrize(("name", "value", "options", "want", "flags"), CASES)
def test_result_and_flags(
    name: str, value: float, options: dict, want: float, flags: set[str]
) -> None:
    got, found = raised(name, value, **options)
    np.testing.assert_equal(got, want)
    assert found == flags


def test_sign_of_zero_is_kept_where_there_is_one() -> None:
    for name, code in (("e4m3fn", 0x80), ("e4m3fnuz", 0), ("binary8p4se", 0), ("int8", 0)):
        assert parse(name).encode([-0.0]).tolist() == [code]
        assert parse(name).encode([-1e-30]).tolist() == [code]


def test_goes_up_takes_the_index_of_the_lower_neighbour() -> None:
    index, twice, unit = (np.array(x) for x in ([0, 1, 0, 1, 0], [4, 4, 5, 5, 3], [4] * 5))
    assert Rounding.NEAREST_EVEN.goes_up(index, twice, unit).tolist() == [0, 1, 1, 1, 0]
    assert Rounding.HALF_AWAY.goes_up(index, twice, unit).tolist() == [1, 1, 1, 1, 0]
    assert Rounding.TOWARD_ZERO.goes_up(index, twice, unit).tolist() == [0] * 5
    assert Rounding.TO_ODD.goes_up(index, twice, unit).tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("name", ["e5m2", "e4m3fn", "e4m3fn_nosub", "q4.4", "posit8_1"])
def test_to_odd_with_two_more_bits_is_rounded_again_as_if_once(name: str) -> None:
    # Boldo and Melquiond 2008, Emulation of FMA and correctly rounded sums: rounding to odd.
    fmt = ScalarFormat.parse(name)
    wide = {
        "e5m2": "s1e5m4b15",
        "e4m3fn": "s1e4m5b7",
        "e4m3fn_nosub": "s1e6m5b31",
        "q4.4": "q4.6",
        "posit8_1": "posit10_1",
    }
    chance = np.random.default_rng(3)
    top = fmt.decode(np.array([fmt.codes.max() // 2 - 8]))[0]
    values = chance.uniform(-top, top, 20_000) * 2.0 ** -chance.integers(0, 20, 20_000)
    longer = ScalarFormat.parse(wide[name])
    between = longer.decode(longer.encode(values, ODD))
    assert (between != values).mean() > 0.9
    np.testing.assert_array_equal(fmt.encode(between), fmt.encode(values))


def test_choice_by_text_or_member() -> None:
    assert choice(Rounding, "half-away", "Rounding") is Rounding.HALF_AWAY
    assert choice(Rounding, Rounding.HALF_AWAY, "Rounding") is Rounding.HALF_AWAY
    message = "^Rounding must be nearest-even, toward-zero, half-away or to-odd, not 'odd'$"
    with pytest.raises(ValueError, match=message):
        choice(Rounding, "odd", "Rounding")
