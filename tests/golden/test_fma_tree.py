"""The golden tree against exact rationals, rounded once by the second definition of formats."""

import itertools
import math
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from any_oracle import oracle_of
from format_oracle import Value, product
from hypothesis import given
from hypothesis import strategies as st
from tree_cases import directed, random

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.ranges import value_range
from ffp8.golden.raw import RawFormat
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.tree_places import integer_rows, places
from ffp8.golden.tree_ranges import exact_range, exact_width

parse = ScalarFormat.parse

FLAG_NAMES = ("overflow", "underflow", "inexact", "invalid")


def tree(a: str, b: str, out: str | None, c: str | None = None, **options: Any) -> FmaTreeConfig:
    return FmaTreeConfig(
        a=parse(a),
        b=parse(b),
        c=None if c is None else parse(c),
        out=None if out is None else parse(out),
        **options,
    )


def total(terms: list[Value]) -> Value:
    """The sum as IEEE 754 has it for two terms, of many."""
    infinite = {term.negative for term in terms if term.magnitude == math.inf}
    if any(term.is_nan for term in terms) or len(infinite) == 2:
        return Value(False, math.nan)
    if infinite:
        return Value(infinite.pop(), math.inf)
    found = sum(
        (
            -Fraction(term.magnitude) if term.negative else Fraction(term.magnitude)
            for term in terms
        ),
        Fraction(0),
    )
    if found == 0:
        return Value(all(term.negative for term in terms), found)
    return Value(found < 0, abs(found))


def decoded(config: FmaTreeConfig, operands: dict[str, np.ndarray]) -> list[list[list[Value]]]:
    """The operands of each case: a row of pairs, and the addend alone."""
    columns = []
    for port in config.operands:
        oracle = oracle_of(port.format)
        known: dict[int, Value] = {}
        rows = operands[port.name].reshape(len(operands[port.name]), -1).tolist()
        columns.append([[known.setdefault(x, oracle.decode(x)) for x in row] for row in rows])
    cases = []
    for a, b, *c in zip(*columns, strict=True):
        cases.append([*([x, y] for x, y in zip(a, b, strict=True)), *c])
    return cases


def exact(case: list[list[Value]]) -> Value:
    return total([product(*term) if len(term) == 2 else term[0] for term in case])


CONFIGS = [
    tree("e4m3fn", "e4m3fn", "bfloat16", ways=4),
    tree("e4m3fn", "e5m2", "e4m3fn", ways=3),
    tree("e5m2", "e5m2", "e5m2", "float16", ways=2),
    tree("e4m3", "s0e3m5b12", "e5m2", "e4m3", ways=2),
    tree("s0e3m5b12", "s0e4m4", "s0e4m4b2", ways=3),
    tree("s0e4m3_ieee", "e4m3", "fp16_1_6_9", "fp16_1_6_9", ways=1),
    tree("int8", "int8", "int16", "int16", ways=3),
    tree("int4", "e2m1fn", "q6.2", ways=5),
    tree("int8", "uint4", "e4m3fnuz", ways=2),
    tree("binary8p4se", "e8m0fnu", "e8m0fnu", ways=2),
    tree("s1e0m7b0", "e4m3b11fnuz", "binary8p3se", "int8", ways=3),
    tree("e4m3fn_nosub", "e5m2_nosub", "e3m4_nosub", ways=2),
    tree("posit8_0", "posit8_0", "posit8_0", ways=4),
    tree("posit8_2", "e4m3fn", "posit8_1", "posit8_2", ways=2),
    tree("int4", "fp4_radix4", "fp4_radix4", "fp4_radix4", ways=3),
    tree("s0e2m0r4_nosub", "posit6_1", "s1e4m0b4r4_nosub", ways=2),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.identifier)
def test_sums_are_those_of_exact_rationals(config: FmaTreeConfig) -> None:
    assert config.out is not None
    corners, chance = directed(config), random(config, 300, seed=1)
    # The corners of wide trees are many.
    keep = slice(None, None, -(-len(corners["a"]) // 1500))
    operands = {
        name: np.concatenate([codes[keep], chance[name]]) for name, codes in corners.items()
    }
    oracle = oracle_of(config.out)
    oracle.denominator = max(oracle.denominator, 2 ** max(-exact_range(config).unit, 0))
    cases = decoded(config, operands)
    sums = [exact(case) for case in cases]
    for rounding, overflow in itertools.product(Rounding, Overflow):
        changed = replace(config, flags=True, rounding=rounding, overflow=overflow)
        bits = changed.random_bits
        words = np.random.default_rng(1).integers(0, 2 ** max(bits, 1), len(cases))
        given = {"random": words} if bits else {}
        results = fma_tree(changed, **operands, **given)
        assert list(results) == ["out", *FLAG_NAMES]
        columns = [results[name].tolist() for name in results]
        for case, value, word, *got in zip(cases, sums, words.tolist(), *columns, strict=True):
            magnitude = value.magnitude
            if isinstance(magnitude, Fraction):
                magnitude = oracle.numerator(magnitude)
            code, flags = oracle.encode(
                value.negative, magnitude, str(rounding), str(overflow), (word, bits)
            )
            made = value.is_nan and not any(x.is_nan for term in case for x in term)
            flags = flags._replace(invalid=flags.invalid or made)
            assert got == [code, *flags], f"{case} ({rounding}, {overflow})"


@pytest.mark.parametrize(
    "config",
    [
        *(replace(config, out=None) for config in CONFIGS),
        tree("e5m2", "e5m2", None, "float32", ways=24),
    ],
    ids=lambda config: config.identifier,
)
def test_exact_sum_is_exact(config: FmaTreeConfig) -> None:
    raw = config.result
    assert isinstance(raw, RawFormat)
    operands = random(config, 500, seed=2)
    codes = fma_tree(config, **operands)["out"]
    got = raw.unpack(codes)
    fields = raw.split(codes)
    values = got.to_fractions()
    for at, case in enumerate(decoded(config, operands)):
        want = exact(case)
        assert bool(got.nan[at]) == want.is_nan
        if isinstance(want.magnitude, Fraction):
            assert values[at] == (-want.magnitude if want.negative else want.magnitude)
        else:
            # A number besides is nothing but the sign of infinity.
            minus = raw.complement and want.magnitude == math.inf and want.negative
            assert int(fields["significand"][at]) == (minus and 2 ** (raw.significand - 1))


@pytest.mark.parametrize(
    ("name", "widths"),
    [
        ("e4m3fn", (42, 45, 49)),
        ("e4m3", (40, 43, 47)),
        ("e5m2", (70, 73, 77)),
        ("e3m4", (26, 29, 33)),
    ],
)
def test_exact_widths_are_the_known_ones(name: str, widths: tuple[int, ...]) -> None:
    """For 24, 256 and 4096 terms; a tree has at most 64 ways, so sums of trees make the latter."""
    config = tree(name, name, None, ways=24)
    assert exact_width(config) == widths[0]
    lane = value_range(config.a) * value_range(config.b)
    for terms, width in ((256, widths[1]), (4096, widths[2])):
        ends = type(lane)(lane.low * terms, lane.high * terms, lane.unit)
        assert ends.width == width


@pytest.mark.parametrize(
    ("a", "b", "c", "ways"),
    [
        ("e2m1fn", "e2m1fn", None, 3),
        ("int4", "int4", None, 4),
        ("int4", "uint4", "int8", 2),
        ("s0e2m1", "s0e3m1_ieee", None, 2),
        ("s1e2m1_fn", "binary4p2se", "e2m3fn", 2),
        ("s1e2m2_fnuz", "s1e1m2", "q2.4", 3),
        ("posit4_1", "int4", "posit5_0", 2),
        ("posit5_2", "posit3_0", None, 3),
        ("s1e2m0r4", "s1e2m0r4_nosub", None, 3),
    ],
)
def test_exact_width_is_minimal(a: str, b: str, c: str | None, ways: int) -> None:
    config = tree(a, b, None, c, ways=ways)
    values = [
        [v for v in oracle_of(parse(x)).values if v.magnitude not in (math.inf,)] for x in (a, b)
    ]
    signed = [
        {
            -Fraction(v.magnitude) if v.negative else Fraction(v.magnitude)
            for v in side
            if not v.is_nan
        }
        for side in values
    ]
    lane = {x * y for x, y in itertools.product(*signed)}
    sums = {Fraction(0)}
    for _ in range(ways):
        sums = {x + y for x in sums for y in lane}
    if c is not None:
        addends = [v for v in oracle_of(parse(c)).values if math.isfinite(v.magnitude)]
        sums = {
            x + (-Fraction(v.magnitude) if v.negative else Fraction(v.magnitude))
            for x in sums
            for v in addends
        }
    unit = Fraction(1, max(x.denominator for x in sums))
    steps = sorted(int(x / unit) for x in sums)
    known = exact_range(config)
    assert (known.low, known.high) == (steps[0], steps[-1])
    assert Fraction(2) ** known.unit == unit
    width = exact_width(config)
    assert all(-(2 ** (width - 1)) <= x < 2 ** (width - 1) for x in (steps[0], steps[-1]))
    narrow = 2 ** (width - 2)
    assert steps[0] < -narrow or steps[-1] >= narrow


def test_one_way_is_the_multiplier() -> None:
    for a, b, out in (("e4m3fn", "e5m2", "e4m3fn"), ("e3m4", "s0e3m5b12", "e4m3")):
        options = {"a": parse(a), "b": parse(b), "out": parse(out), "flags": True}
        x, y = (codes.ravel() for codes in np.meshgrid(parse(a).codes, parse(b).codes))
        got = fma_tree(FmaTreeConfig(ways=1, **options), a=x, b=y)
        want = multiply(MultiplierConfig(**options), a=x, b=y)
        for name, codes in want.items():
            np.testing.assert_array_equal(got[name], codes)


lanes = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=6, max_size=6)


@given(lanes, st.permutations(range(6)), st.integers(0, 2**16 - 1))
def test_order_of_terms_makes_no_difference(
    pairs: list[tuple[int, int]], order: list[int], addend: int
) -> None:
    config = tree("e5m2", "e4m3", "e4m3", "float16", ways=6, flags=True, overflow="special")
    rows = np.array([pairs, [pairs[place] for place in order]], np.uint8)
    got = fma_tree(
        config, a=rows[:, :, 0], b=rows[:, :, 1], c=np.array([addend, addend], np.uint16)
    )
    for codes in got.values():
        assert codes[0] == codes[1]


def test_sum_of_zeros_keeps_a_common_sign() -> None:
    fmt = parse("e4m3fn")
    config = tree("e4m3fn", "e4m3fn", "float16", "float16", ways=2)
    plus, minus, one = fmt.encode([0.0, -0.0, 1.0])
    half = 2**15
    rows = [
        ((minus, minus), (plus, one), half, half),
        ((minus, minus), (plus, one), 0, 0),
        ((minus, plus), (plus, one), half, 0),
        ((plus, plus), (plus, plus), 0, 0),
        ((minus, minus), (minus, plus), half, 0),
    ]
    a, b, c, want = (np.array(column) for column in zip(*rows, strict=True))
    np.testing.assert_array_equal(fma_tree(config, a=a, b=b, c=c)["out"], want)
    # 1 - 1 is +0.
    cancelled = fma_tree(
        config, a=np.array([[one, one | 128]]), b=np.array([[one, one]]), c=np.array([half])
    )
    assert cancelled["out"].tolist() == [0]


def test_leading_axes_are_kept() -> None:
    config = tree("e4m3fn", "e4m3fn", "bfloat16", ways=4)
    codes = np.arange(96, dtype=np.uint8).reshape(2, 3, 4, 4)
    assert fma_tree(config, a=codes, b=codes)["out"].shape == (2, 3, 4)
    with pytest.raises(ValueError, match=r"^Codes must be in rows of 4, not of shape \(3,\)$"):
        fma_tree(config, a=codes[0, 0, 0, :3], b=codes[0, 0, 0, :3])


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ways": 0}, "Option ways must be 1 to 128, not 0"),
    ({"ways": 129}, "Option ways must be 1 to 128, not 129"),
    ({"stages": 11}, "Option stages must be 0 to 10 for this tree, not 11"),
    ({"stages": 0, "enable": True}, "Option enable must be off with 0 stages, which hold nothing"),
    (
        {"out": None, "flags": True},
        "Option flags must be off for the exact sum, which is not rounded",
    ),
    ({"a": parse("posit16_3"), "c": parse("s1e8m2b2000")}, "Exact sum must be at most 1024 bits"),
    ({"c": parse("s1e8m2b2000")}, "Exact sum must be at most 1024 bits wide, not 2023"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_impossible_configuration_is_refused(options: dict[str, Any], message: str) -> None:
    base: dict[str, Any] = {"a": parse("e4m3fn"), "b": parse("e4m3fn"), "out": parse("e4m3fn")}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        FmaTreeConfig(**base | options)


def test_cuts_are_spread_over_the_places() -> None:
    config = tree("e4m3fn", "e4m3fn", "bfloat16", "float32", ways=24)
    assert places(config) == (
        "rows", "product", "shift", "sum_1", "sum_2", "sum_3", "sum_4", "sum_5", "addend",
        "magnitude", "coarse", "normal", "neighbour",
    )  # fmt: skip
    for stages in range(len(places(config)) + 1):
        cuts = replace(config, stages=stages).cuts
        assert len(set(cuts)) == stages
        assert list(cuts) == [place for place in places(config) if place in cuts]
    # The eight rows of a product of integers are terms like those of other lanes.
    assert places(tree("int8", "int8", None, ways=1)) == ("sum_1", "sum_2", "sum_3")
    found = places(tree("int8", "int8", "int32", ways=2))
    assert found == ("sum_1", "sum_2", "sum_3", "sum_4", "neighbour")
    assert places(tree("int16", "int16", None, ways=2)) == ("rows", "product", "sum_1")
    assert places(tree("e2m1fn", "e2m1fn", None, ways=2)) == ("product", "shift", "sum_1")


def test_integers_have_rows() -> None:
    assert integer_rows(tree("int8", "int4", None)) == 4
    assert integer_rows(tree("uint8", "int8", None)) == 8
    for other in ("int16", "e4m3fn", "s1e0m7_fn"):
        assert integer_rows(tree(other, other, None)) == 0
    assert integer_rows(tree("int8", "posit8_0", None)) == 0


def test_ports_are_what_the_options_ask_for() -> None:
    config = tree("e4m3fn", "e2m1fn", "bfloat16", "float16", ways=24, flags=True, enable=True)
    assert [port.name for port in config.inputs] == ["a", "b", "c", "enable"]
    assert [port.width for port in config.inputs] == [192, 96, 16, 1]
    assert [port.elements for port in config.operands] == [24, 24, 1]
    assert [port.name for port in config.outputs] == ["out", *FLAG_NAMES]
