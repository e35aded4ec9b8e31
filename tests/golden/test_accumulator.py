"""Accumulators against exact rationals."""

import re
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_oracle import Rounder, exact_steps, merged, steps, values_of
from format_oracle import Flags, Value
from full_accumulation import CONFIGS, differences

from ffp8.golden.accumulator import AccumulatorConfig, Kind, accumulate, held_range
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.ports import FLAGS, Role
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

WANG = Format.parse("fp16_1_6_9")


def accumulator(a: str, out: str | None, kind: str = "running", **options: Any) -> Any:
    inner = options.pop("inner", None)
    return AccumulatorConfig(
        a=AnyFormat.parse(a),
        out=None if out is None else ScalarFormat.parse(out),
        inner=None if inner is None else Format.parse(inner),
        kind=kind,  # pyright: ignore[reportArgumentType]
        **options,
    )


def sequence(config: AccumulatorConfig, count: int, seed: int) -> dict[str, np.ndarray]:
    """Terms in sums of different lengths: of all codes, of close ones, or of two only."""
    chance = np.random.default_rng(seed)
    first = chance.random(count) < chance.choice([0.3, 0.02, 0.003], count)
    first[0] = True
    which = np.cumsum(first)
    width = config.a.width
    codes = chance.integers(0, 2**width, count)
    base = chance.integers(0, 2**width, count + 1)[which]
    loose = chance.choice([0, 2, width // 2, width], count + 1)[which]
    sign = chance.integers(0, 2, count) << width - 1
    close = (base & ~(2**loose - 1) | codes & 2**loose - 1) ^ sign
    dtype = config.ports[0].dtype
    finite = config.a.unpack(close.astype(dtype)).finite
    special = chance.random(count) < 0.1
    codes = np.where(finite | special, close, 0).astype(dtype)
    found = {"a": codes, "first": first.astype(np.uint8)}
    for port in config.operands:
        if port.role is Role.RANDOM:
            found[port.name] = chance.integers(0, 2**port.width, count)
    return found


ROUNDED = [
    accumulator("e4m3fn", "e4m3fn", flags=True),
    accumulator("e5m2", "e5m2", overflow="special", flags=True),
    accumulator("e5m2", "e4m3fn", rounding="toward-zero", flags=True),
    accumulator("e4m3fn", "e5m2", rounding="half-away", overflow="special", flags=True),
    accumulator("e4m3fn_nosub", "e4m3fn_nosub", flags=True),
    accumulator("e5m2", "s1e3m2b3_nosub", rounding="half-away", flags=True),
    accumulator("s0e3m5b12", "s0e4m4b9", flags=True),
    accumulator("e4m3fnuz", "s0e3m3b4", flags=True),
    accumulator("e4m3fn", "e4m3fnuz", flags=True, overflow="special"),
    accumulator("binary8p4se", "binary8p3se", flags=True, overflow="special"),
    accumulator("e2m1fn", "s1e5m0", flags=True),
    accumulator("e2m1fn", "s1e4m0b3_nosub", flags=True),
    accumulator("int4", "int8", flags=True),
    accumulator("e4m3fn", "q4.3", flags=True),
    accumulator("q4.4", "int8", rounding="half-away", flags=True),
    accumulator("int8", "uint8", flags=True),
    accumulator("int8", "s1e0m7_fn", overflow="special", flags=True),
    accumulator("posit8_2", "float16", flags=True),
    accumulator("fp4_radix4", "e5m2", flags=True),
    accumulator("e8m0fnu", "bfloat16", flags=True),
    accumulator("raw_m9e3b4_sin", "e5m2", flags=True),
    accumulator("raw_m12e0b7_cin", "e4m3fn", flags=True),
    accumulator("e5m2", "fp16_1_6_9"),
    accumulator("e5m2", "e4m3fn", rounding="to-odd", flags=True),
    accumulator("e5m2", "e4m3fn", rounding="stochastic-a", random_bits=3, flags=True),
    accumulator("e4m3fn", "e5m2_nosub", rounding="stochastic-b", flags=True),
    accumulator("e4m3fn", "q4.3", rounding="stochastic-c", random_bits=1, flags=True),
    accumulator("e4m3fn", "e5m2", "chunked", chunk=4, rounding="stochastic-c", random_bits=5),
    accumulator("e4m3fn", "e4m3fn", "chunked", chunk=4, flags=True),
    accumulator("e5m2", "float16", "chunked", chunk=7, inner="e5m2", flags=True),
    accumulator("e5m2", "e4m3fn", "chunked", chunk=1, inner="s1e3m2b3", flags=True),
    accumulator("int4", "int8", "chunked", chunk=16, inner="int4", flags=True),
]


@pytest.mark.parametrize("config", ROUNDED, ids=lambda config: config.identifier)
def test_rounded_sums_are_those_of_rationals(config: AccumulatorConfig) -> None:
    given = sequence(config, 1500, seed=1)
    got = accumulate(config, **given)
    want = steps(config, values_of(config.a, given["a"]), given["first"], given.get("random"))
    assert got["out"].tolist() == [code for code, _ in want]
    assert got["out"].dtype == config.outputs[0].dtype
    if config.flags:
        for place, name in enumerate(FLAGS):
            assert got[name].tolist() == [int(flags[place]) for _, flags in want], name


def test_sequences_raise_each_flag() -> None:
    raised = dict.fromkeys(FLAGS, 0)
    for config in ROUNDED:
        if config.flags:
            got = accumulate(config, **sequence(config, 1500, seed=1))
            for name in FLAGS:
                raised[name] += 0 < got[name].mean() < 1
    assert min(raised.values()) >= 5


EXACT = [
    accumulator("e4m3fn", None, "exact", terms=3),
    accumulator("e5m2", None, "exact", terms=1000),
    accumulator("s0e3m5b12", None, "exact", terms=20),
    accumulator("int8", None, "exact", terms=5),
    accumulator("posit8_1", None, "exact", terms=5),
    accumulator("raw_m9e3b4_sin", None, "exact", terms=4),
    accumulator("raw_m12e0b7_cn", None, "exact", terms=4),
    accumulator("e4m3fn", "float16", "exact", terms=3, flags=True),
    accumulator("e5m2", "e5m2", "exact", terms=3, overflow="special", flags=True),
    accumulator("e5m2", "e4m3fn", "exact", terms=3, rounding="stochastic-c", flags=True),
    accumulator("int4", "uint8", "exact", terms=3, flags=True),
    accumulator("e4m3fn", "q4.3", "exact", terms=300, flags=True, rounding="half-away"),
]


@pytest.mark.parametrize("config", EXACT, ids=lambda config: config.identifier)
def test_exact_sums_are_those_of_rationals(config: AccumulatorConfig) -> None:
    given = sequence(config, 1500, seed=2)
    got = accumulate(config, **given)
    held = held_range(config)
    unit = Fraction(2) ** held.unit
    want = exact_steps(
        values_of(config.a, given["a"]), given["first"], held.low * unit, held.high * unit
    )
    rounder = None if config.out is None else Rounder(config.out, config)
    for index, (value, finite, overflowed, invalid) in enumerate(want):
        code = int(got["out"][index])
        if rounder is None:
            check_raw(config, code, value, finite / unit)
        else:
            word = int(given["random"][index]) if config.random_bits else 0
            rounded, _, flags = rounder(value, word)
            wrong = Flags(overflow=overflowed, inexact=overflowed, invalid=invalid)
            assert code == rounded
            assert [got[name][index] for name in FLAGS] == list(merged(flags, wrong))


def check_raw(config: AccumulatorConfig, code: int, value: Value, finite: Fraction) -> None:
    raw = config.result
    assert isinstance(raw, RawFormat)
    fields = {name: int(x[0]) for name, x in raw.split(np.array([code], object)).items()}
    assert finite.denominator == 1
    number = finite.numerator % 2**raw.significand
    (shown,) = values_of(raw, np.array([code], object))
    if isinstance(value.magnitude, Fraction):
        # A raw sum has a single zero.
        assert shown.magnitude == value.magnitude
        assert shown.negative == (value.negative and value.magnitude > 0)
    else:
        assert str(shown.magnitude) == str(value.magnitude)
        assert fields["infinity"] == (value.magnitude == float("inf"))
        if fields["infinity"] and raw.complement:
            assert shown.negative == value.negative
            number = number % 2 ** (raw.significand - 1) | value.negative << raw.significand - 1
        assert fields["significand"] == number


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.identifier)
def test_long_sums_are_those_of_rationals(config: AccumulatorConfig) -> None:
    assert differences(config, 3000) == 0


def test_capacity_is_enough_and_the_width_least() -> None:
    for a, terms in (("e4m3fn", 24), ("e5m2", 1000), ("int8", 7), ("s0e3m5b12", 33)):
        config = accumulator(a, None, "exact", terms=terms)
        fmt = Format.parse(a)
        lowest = 0x80 if fmt.complement else fmt.max_index | 2 ** (fmt.width - 1)
        for code in (fmt.max_index, lowest):
            first = np.arange(terms) == 0
            out = accumulate(config, a=np.full(terms, code, np.uint8), first=first)["out"]
            raw = config.result
            assert isinstance(raw, RawFormat)
            assert not raw.split(out)["infinity"].any()
            (last,) = raw.unpack(out[-1:]).to_fractions()
            (term,) = fmt.unpack(np.array([code])).to_fractions()
            assert last == terms * term
        # With a bit less, the last of these would not fit.
        held = held_range(config)
        (top,) = fmt.unpack(np.array([lowest if fmt.sign else fmt.max_index])).to_fractions()
        assert abs(terms * top) / Fraction(2) ** held.unit > (held.high + 1) // 2


def test_exact_sums_of_products_and_trees() -> None:
    a = Format.parse("e4m3fn")
    chance = np.random.default_rng(5)
    x, y = (np.where(c & 127 == 127, 0, c) for c in chance.integers(0, 256, (2, 200, 4)))
    tree = FmaTreeConfig(a=a, b=a, ways=4)
    product = MultiplierConfig(a=a, b=a)
    wholes = fma_tree(tree, a=x, b=y)["out"]
    parts = multiply(product, a=x.ravel(), b=y.ravel())["out"]
    sums = []
    for fmt, codes in ((tree.result, wholes), (product.result, parts)):
        config = AccumulatorConfig(a=fmt, kind=Kind.EXACT, terms=1000)
        out = accumulate(config, a=codes, first=np.arange(len(codes)) == 0)["out"]
        sums.append(config.result.unpack(out[-1:]).to_fractions())
    exact = sum(a.decode(x).ravel() * a.decode(y).ravel())
    assert sums[0] == sums[1] == [Fraction(exact)]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"out": None}, "Option out must be given for running sums"),
    ({"chunk": 4}, "Option chunk must be absent for running sums"),
    ({"terms": 4}, "Option terms must be absent for running sums"),
    ({"inner": WANG}, "Option inner must be absent for running sums"),
    ({"kind": "chunked"}, "Option chunk must be given for chunked sums"),
    ({"kind": "exact"}, "Option terms must be given for exact sums"),
    ({"stages": 4}, "Option stages must be 1 to 3 here, not 4"),
    ({"kind": "chunked", "chunk": 4, "stages": 1}, "Option stages must be 2 to 5 here, not 1"),
    (
        {"kind": "exact", "terms": 3, "out": None, "flags": True},
        "Option flags must be off for the exact sum, which is not rounded",
    ),
    (
        {"kind": "exact", "terms": 3, "a": Format(exponent=11, fraction=3)},
        "Exact sum must be at most 1024 bits wide, not 2053",
    ),
    (
        {"out": ScalarFormat.parse("posit8_2")},
        "Option out must be a format of radix 2 with a zero for running sums, not posit8_2",
    ),
    (
        {"out": Format.parse("fp4_radix4")},
        "Option out must be a format of radix 2 with a zero for running sums, not fp4_radix4",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_constructor_refuses(changes: dict[str, Any], message: str) -> None:
    values: dict[str, Any] = {"a": WANG, "out": WANG} | changes
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AccumulatorConfig(**values)


def test_sequence_begins_with_a_first_term() -> None:
    config = accumulator("e4m3fn", "e4m3fn")
    message = r"^Sequence of terms must begin with one that is first$"
    with pytest.raises(ValueError, match=message):
        accumulate(config, a=np.array([1, 2]), first=np.array([0, 1]))
    assert len(accumulate(config, a=np.zeros(0, np.uint8), first=np.zeros(0))["out"]) == 0


def test_saturated_sum_says_so_until_the_next() -> None:
    config = accumulator("int4", "int8", flags=True)
    codes, first = np.array([7] * 20 + [8] * 20 + [1]), np.arange(41) % 40 == 0
    got = accumulate(config, a=codes, first=first)
    sums = config.outer_format.decode(got["out"]).tolist()
    assert sums[17:21] == [126, 127, 127, 119]
    assert sums[39:] == [127 - 8 * 20, 1]
    assert got["overflow"].tolist() == [0] * 18 + [1] * 22 + [0]
