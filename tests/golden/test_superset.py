"""The least common format, against a search among all formats."""

import itertools
import re
from fractions import Fraction

import pytest
from any_oracle import oracle_of

from ffp8.golden.formats import Format
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.superset import holds, superset

parse = ScalarFormat.parse

#: The FP8 formats of training and inference that (1,5,3) is to hold.
FP8 = ("e4m3", "e4m3fn", "e4m3fnuz", "e4m3b11fnuz", "hfp8_1_4_3", "e5m2", "e5m2fnuz")

SMALL = (
    "e2m1fn", "s0e3m2b4", "int4", "uint4", "posit5_1", "fp4_radix4",
    "s1e2m2_nosub", "s1e1m1_ieee", "s1e1m2_fnuz", "s1e1m1_fn_nosub", "s0e2m0_nozero",
)  # fmt: skip


def values(fmt: ScalarFormat) -> set[Fraction]:
    """All finite values, by the second definition of formats."""
    found = set()
    for value in oracle_of(fmt).values:
        if isinstance(value.magnitude, Fraction):
            found.add(-value.magnitude if value.negative else value.magnitude)
    return found


def test_1_5_3_holds_every_fp8() -> None:
    """All finite values, exhaustively, with exact rationals."""
    nine = Format(exponent=5, fraction=3, bias=15)
    grid = values(nine)
    assert len(grid) == 511
    for name in FP8:
        assert values(parse(name)) <= grid, name
        assert holds(nine, parse(name))
    # Without its subnormals it would not do.
    flushed = values(nine.replace(subnormals=False))
    assert not any(values(parse(name)) <= flushed for name in ("e5m2", "e5m2fnuz"))
    assert not holds(nine.replace(subnormals=False), parse("e5m2"))


@pytest.mark.parametrize("forward", ["hfp8_1_4_3", "e4m3b11fnuz", "e4m3", "e4m3fn", "e4m3fnuz"])
def test_hfp8_pair_is_in_1_5_3(forward: str) -> None:
    assert superset(parse(forward), parse("e5m2")) == Format(exponent=5, fraction=3, bias=15)


def test_all_fp8_at_once_are_in_1_5_3() -> None:
    # The bias is that of the least normal value, of e5m2fnuz.
    assert superset(*map(parse, FP8)) == Format(exponent=5, fraction=3, bias=16)


@pytest.mark.parametrize(
    ("names", "spelling"),
    [
        (("e2m1fn",), "s1e2m1b1"),
        (("e4m3fn",), "s1e4m3b7"),
        (("e5m2",), "s1e5m2b15"),
        (("int4", "e2m1fn"), "s1e2m2b0"),
        (("int8", "int4"), "s1e2m6b-4"),
        (("uint4", "s0e2m1"), "s0e2m3b0"),
        (("posit8_1",), "s1e5m4b13"),
        (("float16", "bfloat16"), "s1e8m10b127"),
    ],
)
def test_known_supersets(names: tuple[str, ...], spelling: str) -> None:
    assert superset(*map(parse, names)).spelling == spelling


@pytest.mark.parametrize("pair", [*itertools.combinations(SMALL, 2)], ids="+".join)
def test_superset_holds_all_values_and_no_shorter_format_does(pair: tuple[str, str]) -> None:
    wanted = values(parse(pair[0])) | values(parse(pair[1]))
    least = superset(*map(parse, pair))
    assert wanted <= values(least)
    assert least.sign == (min(wanted) < 0)
    lowest = min(abs(value) for value in wanted if value)
    highest = max(abs(value) for value in wanted)
    for exponent, fraction in itertools.product(range(9), repeat=2):
        shorter = exponent + fraction < least.exponent + least.fraction
        simpler = exponent + fraction == least.exponent + least.fraction
        simpler = simpler and exponent > 0 and fraction < least.fraction
        if not (shorter or simpler) or exponent + fraction < 1 or least.sign + exponent < 1:
            continue
        if least.sign + exponent + fraction < 2:
            continue
        for bias in range(-12, 24):
            fmt = Format(sign=least.sign, exponent=exponent, fraction=fraction, bias=bias)
            grid = fmt.unpack(fmt.codes[: 2**fmt.magnitude_width]).to_fractions()
            if grid[-1] >= highest and grid[1] <= lowest:
                assert not wanted <= values(fmt), fmt


def test_superset_of_nothing_or_too_much_is_refused() -> None:
    message = "Superset must be of one format or more, not none"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        superset()
    with pytest.raises(ValueError, match=r"^Format width must be 2 to 32 bits, not "):
        superset(parse("float32"), parse("s1e8m2b300"))
