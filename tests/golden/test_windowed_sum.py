"""Golden windowed sums against a second definition with exact rationals."""

import itertools
import math
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from any_oracle import oracle_of
from format_oracle import Oracle, Value
from tree_cases import directed, random
from window_oracle import Term, field_exponent, power, rounded_to_bits, window

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.raw import RawFormat
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.tree_places import places
from ffp8.golden.tree_ranges import windowed_ranges
from ffp8.golden.windowed_sum import Cut, Reference

parse = ScalarFormat.parse


def tree(a: str, b: str, out: str | None, c: str | None = None, **options: Any) -> FmaTreeConfig:
    return FmaTreeConfig(
        a=parse(a),
        b=parse(b),
        c=None if c is None else parse(c),
        out=None if out is None else parse(out),
        **options,
    )


TREES = [
    tree("e4m3fn", "e5m2", None, "float16", ways=3, window=8),
    tree("e5m2", "e5m2", None, "float32", ways=2, window=13, least_exponent=-20),
    tree("e4m3", "s0e3m5b12", None, ways=4, window=4),
    tree("s0e3m5b12", "s0e4m4_ieee", None, ways=3, window=3),
    tree("e2m1fn", "int8", None, "q6.2", ways=2, window=6),
    tree("int8", "uint4", None, "e4m3", ways=2, window=5, align_addend=False),
    tree("e3m4", "e4m3fnuz", None, "e5m2", ways=2, window=9, align_addend=False),
    tree("binary8p4se", "e8m0fnu", None, ways=2, window=12),
    tree("e4m3fn_nosub", "bfloat16", None, "s1e0m7b0", ways=1, window=1),
    tree("s1e4m3b11", "s1e2m1", None, ways=5, window=40),
    tree("posit8_1", "fp4_radix4", None, "posit8_2", ways=3, window=6),
]


def cases(config: FmaTreeConfig, count: int) -> tuple[dict[str, np.ndarray], list[list[Term]]]:
    """Operands, and the terms of each case."""
    corners, chance = directed(config), random(config, count, seed=5)
    keep = slice(None, None, -(-len(corners["a"]) // count))
    operands = {
        name: np.concatenate([codes[keep], chance[name]]) for name, codes in corners.items()
    }
    rows = {name: codes.reshape(len(codes), -1).tolist() for name, codes in operands.items()}
    known = {port.name: Known(port.format) for port in config.operands}
    found = []
    for at in range(len(rows["a"])):
        pairs = zip(rows["a"][at], rows["b"][at], strict=True)
        terms = [product(known["a"][x], known["b"][y]) for x, y in pairs]
        found.append(terms + [known["c"][code] for code in rows.get("c", {at: []})[at]])
    return operands, found


class Known(dict[int, Term]):
    """The codes of a format as terms, each made once."""

    def __init__(self, fmt: Any):
        super().__init__()
        self.fmt, self.oracle = fmt, oracle_of(fmt)

    def __missing__(self, code: int) -> Term:
        self[code] = Term(self.oracle.decode(code), field_exponent(self.fmt, code))
        return self[code]


def product(x: Term, y: Term) -> Term:
    values = (x.value.magnitude, y.value.magnitude)
    negative = x.value.negative != y.value.negative
    if math.inf in values and 0 in values:
        magnitude: Fraction | float = math.nan
    else:
        magnitude = values[0] * values[1]
    return Term(Value(negative, magnitude), x.exponent + y.exponent)


def special(terms: list[Term]) -> float | None:
    """NaN or infinity, if the sum is one of these."""
    magnitudes = [term.value.magnitude for term in terms]
    signs = {term.value.negative for term in terms if term.value.magnitude == math.inf}
    if any(isinstance(x, float) and math.isnan(x) for x in magnitudes) or len(signs) == 2:
        return math.nan
    if signs:
        return -math.inf if signs.pop() else math.inf
    return None


def windowed(config: FmaTreeConfig, terms: list[Term]) -> tuple[Fraction, int | None]:
    assert config.window is not None
    return window(
        terms,
        bits=config.window,
        how=str(config.cut),
        reference=str(config.reference),
        leading=None if config.align_addend else config.ways,
        least=config.least_exponent,
    )


@pytest.mark.parametrize("base", TREES, ids=lambda config: config.identifier)
def test_sums_and_exponents_are_those_of_exact_rationals(base: FmaTreeConfig) -> None:
    operands, rows = cases(base, 60)
    for cut, reference in itertools.product(Cut, Reference):
        config = replace(base, cut=cut, reference=reference)
        ranges = windowed_ranges(config)
        raw = config.result
        assert isinstance(raw, RawFormat)
        assert ranges is not None
        codes = fma_tree(config, **operands)["out"]
        fields, values = raw.split(codes), raw.unpack(codes).to_fractions()
        for at, terms in enumerate(rows):
            outcome, exponent = special(terms), int(fields["exponent"][at])
            if outcome is None:
                want, largest = windowed(config, terms)
                assert values[at] == want, terms
                least = ranges.least_exponent
                assert exponent == (0 if largest is None else largest - least)
            else:
                assert str(values[at]) == str(outcome)
                assert exponent == 0
                minus = raw.complement and outcome == -math.inf
                assert fields["significand"][at] == (minus and 2 ** (raw.significand - 1))


ROUNDED = [
    tree("e4m3fn", "e5m2", "e4m3fn", "float16", ways=3, window=8),
    tree("e5m2", "e5m2", "e5m2", ways=2, window=4, cut="odd"),
    tree("e4m3", "e4m3", "bfloat16", "bfloat16", ways=2, window=7, cut="nearest", keep=3),
    tree("e4m3fn", "e4m3fn", "e4m3fn", ways=2, window=12, keep=1),
    tree("s1e4m3b11", "e2m1fn", "s1e5m2b20_nosub", ways=2, window=9, keep=0),
    tree("s0e3m5b12", "s0e4m4", "s0e4m4b2", ways=3, window=10, keep=2),
    tree("e4m3fn", "int8", "q6.2", "e5m2", ways=2, window=6, align_addend=False, cut="floor"),
]


@pytest.mark.parametrize("base", ROUNDED, ids=lambda config: config.identifier)
def test_results_are_windowed_sums_rounded_once(base: FmaTreeConfig) -> None:
    out = base.out
    assert isinstance(out, Format)
    operands, rows = cases(base, 150)
    oracle = Oracle.of(out)
    oracle.denominator = max(oracle.denominator, 2**200)
    keep = out.fraction if base.keep is None else base.keep
    sums = [
        windowed(base, terms)[0] if special(terms) is None else special(terms) for terms in rows
    ]
    for rounding, overflow in itertools.product(Rounding, Overflow):
        config = replace(base, flags=True, rounding=rounding, overflow=overflow)
        bits = config.random_bits
        words = np.random.default_rng(5).integers(0, 2 ** max(bits, 1), len(sums))
        results = fma_tree(config, **operands, **({"random": words} if bits else {}))
        for at, total in enumerate(sums):
            word = (int(words[at]), bits)
            assert total is not None
            magnitude: int | float = math.inf
            kept = exact = abs(total)
            tiny = False
            if isinstance(exact, Fraction):
                if keep < out.fraction:
                    kept = rounded_to_bits(exact, keep, out.min_exponent, str(rounding), word)
                magnitude = oracle.numerator(Fraction(kept))
                tiny = 0 < exact < power(out.min_exponent) and out.exponent > 0
            elif math.isnan(exact):
                magnitude = math.nan
            negative = total < 0
            code, flags = oracle.encode(negative, magnitude, str(rounding), str(overflow), word)
            clamped = negative and not out.sign
            inexact = flags.inexact or kept != exact
            if isinstance(exact, Fraction):
                flags = flags._replace(inexact=inexact, underflow=inexact and tiny and not clamped)
            got = [int(results[name][at]) for name in results if name != "invalid"]
            assert got == [code, *flags[:3]], (rows[at], rounding, overflow)


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("reference", Reference)
def test_error_is_within_its_bound(cut: Cut, reference: Reference) -> None:
    for bits in (3, 8, 11):
        config = tree("e4m3fn", "e5m2", None, "float16", ways=6, window=bits)
        config = replace(config, cut=cut, reference=reference)
        ranges = windowed_ranges(config)
        assert ranges is not None
        operands, rows = cases(config, 100)
        raw = config.result
        codes = fma_tree(config, **operands)["out"]
        values = raw.unpack(codes).to_fractions()
        errors = []
        for value, terms in zip(values, rows, strict=True):
            if special(terms) is None:
                _, exponent = windowed(config, terms)
                exact = sum((term.signed for term in terms), Fraction(0))
                assert isinstance(value, Fraction)
                errors.append((value - exact) / power((exponent or 0) - bits))
        bound = ranges.window.error_bound(7)
        assert max(abs(error) for error in errors) <= bound
        # It is no bound of something else: errors come near.
        assert max(abs(error) for error in errors) > bound / 8
        if cut is Cut.FLOOR:
            assert max(errors) <= 0


def test_sticky_is_odd_with_one_bit_more() -> None:
    config = tree("e4m3fn", "e5m2", "float32", "float32", ways=4, window=7, cut="sticky")
    operands = random(config, 2000, seed=8)
    want = fma_tree(replace(config, cut="odd", window=8), **operands)["out"]
    np.testing.assert_array_equal(fma_tree(config, **operands)["out"], want)


def test_wide_window_is_exact() -> None:
    config = tree("e4m3fn", "e5m2", "float32", "float16", ways=4)
    operands = random(config, 2000, seed=9)
    want = fma_tree(config, **operands)["out"]
    for cut, reference in itertools.product(Cut, Reference):
        wide = replace(config, window=96, cut=cut, reference=reference)
        got = fma_tree(wide, **operands)["out"]
        # A sum of negative zeros is the only difference.
        np.testing.assert_array_equal(got, np.where(want == 2**31, 0, want))


@pytest.mark.parametrize("cut", Cut)
@pytest.mark.parametrize("reference", Reference)
@pytest.mark.parametrize(("bits", "align"), [(3, True), (1, True), (1, False)])
def test_widths_hold_all_sums(cut: Cut, reference: Reference, bits: int, align: bool) -> None:
    """All codes of small formats: no sum and no exponent is out of range, and the ends occur."""
    config = tree("s1e2m1", "e2m1fn", None, "s1e3m1", ways=1, window=bits, align_addend=align)
    config = replace(config, cut=cut, reference=reference)
    ranges = windowed_ranges(config)
    assert ranges is not None
    a, b, c = (x.ravel() for x in np.meshgrid(*(np.arange(2**n) for n in (4, 4, 5))))
    raw = config.result
    assert isinstance(raw, RawFormat)
    fields = raw.split(fma_tree(config, a=a, b=b, c=c)["out"])
    number = fields["significand"]
    number = np.where(number >> raw.significand - 1, number - 2**raw.significand, number)
    total = ranges.total
    assert total.low <= number.min()
    assert number.max() <= total.high
    # A bit less would not do, but where magnitudes of short significands stay below theirs.
    spare = 1 if reference is Reference.MAGNITUDES else 0
    assert (
        total.width - spare <= max(int(x).bit_length() for x in (number.max(), ~number.min())) + 1
    )
    assert fields["exponent"].min() == 0
    assert fields["exponent"].max() == ranges.most_exponent - ranges.least_exponent


def test_zero_sum_is_positive_and_nan_is_the_chosen_one() -> None:
    config = tree("e4m3fn", "e4m3fn", "float32", "float32", ways=2, window=8, nan_code=0x7FFFFFFF)
    one, minus, nan = 0x38, 0x80, 0x7F
    a = np.array([[minus, minus], [one, one | 128], [nan, 0], [one, one]])
    b = np.array([[one, one], [one, one], [one, one], [one, one]])
    c = np.array([2**31, 0, 0, 0xFFC00000])
    assert fma_tree(config, a=a, b=b, c=c)["out"].tolist() == [0, 0, 0x7FFFFFFF, 0x7FFFFFFF]
    # Overflow that gives NaN gives the same.
    narrow = tree("e5m2", "e5m2", "e5m2", ways=1, window=8, nan_code=0xFF, overflow="special")
    assert fma_tree(narrow, a=np.array([0x7F]), b=np.array([one]))["out"].tolist() == [0xFF]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"window": 0}, "Option window must be 1 to 128, not 0"),
    ({"cut": "odd"}, "Option cut must be left out without a window"),
    ({"least_exponent": 3}, "Option least_exponent must be left out without a window"),
    (
        {"window": 8, "align_addend": False},
        "Option align_addend must be left out without an addend",
    ),
    ({"window": 8, "cut": "up"}, "Option cut must be toward-zero or floor or nearest or odd or"),
    ({"keep": 4}, "Option keep must be 0 to 3 for e4m3fn, not 4"),
    (
        {"keep": 4, "out": parse("int8")},
        "Option keep must be left out for results without 1 to 15 exponent bits",
    ),
    ({"nan_code": 3}, "Option nan_code must be a NaN of the result, not 3"),
    ({"nan_code": 300}, "Option nan_code must be a NaN of the result, not 300"),
    (
        {"window": 128, "c": parse("s1e11m4"), "align_addend": False},
        "Exact sum must be at most 1024 bits wide, not ",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_impossible_configuration_is_refused(options: dict[str, Any], message: str) -> None:
    base: dict[str, Any] = {"a": parse("e4m3fn"), "b": parse("e4m3fn"), "out": parse("e4m3fn")}
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        FmaTreeConfig(**base | options)


def test_places_follow_the_data() -> None:
    config = tree("e4m3fn", "e4m3fn", "bfloat16", "float32", ways=5, window=12)
    assert places(config) == (
        "product", "largest_1", "largest_2", "largest_3", "largest", "distance", "shift",
        "sum_1", "sum_2", "sum_3", "addend", "magnitude", "coarse", "normal", "neighbour",
    )  # fmt: skip
