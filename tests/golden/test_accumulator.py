"""Accumulators against exact rationals."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from accumulator_oracle import Rounder, exact_steps, merged, steps, values_of
from format_oracle import Flags, Value

from ffp8.golden.accumulator import AccumulatorConfig, accumulate, held_range
from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.ports import FLAGS
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat


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
    return {"a": codes, "first": first.astype(np.uint8)}


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
    accumulator("e4m3fn", "e4m3fn", "chunked", chunk=4, flags=True),
    accumulator("e5m2", "float16", "chunked", chunk=7, inner="e5m2", flags=True),
    accumulator("e5m2", "e4m3fn", "chunked", chunk=1, inner="s1e3m2b3", flags=True),
    accumulator("int4", "int8", "chunked", chunk=16, inner="int4", flags=True),
]


@pytest.mark.parametrize("config", ROUNDED, ids=lambda config: config.identifier)
def test_rounded_sums_are_those_of_rationals(config: AccumulatorConfig) -> None:
    given = sequence(config, 2500, seed=1)
    got = accumulate(config, **given)
    want = steps(config, values_of(config.a, given["a"]), given["first"])
    assert got["out"].tolist() == [code for code, _ in want]
    assert got["out"].dtype == config.outputs[0].dtype
    if config.flags:
        for place, name in enumerate(FLAGS):
            assert got[name].tolist() == [int(flags[place]) for _, flags in want], name


def test_sequences_raise_each_flag() -> None:
    raised = dict.fromkeys(FLAGS, 0)
    for config in ROUNDED:
        if config.flags:
            got = accumulate(config, **sequence(config, 2500, seed=1))
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
    accumulator("int4", "uint8", "exact", terms=3, flags=True),
    accumulator("e4m3fn", "q4.3", "exact", terms=300, flags=True, rounding="half-away"),
]


@pytest.mark.parametrize("config", EXACT, ids=lambda config: config.identifier)
def test_exact_sums_are_those_of_rationals(config: AccumulatorConfig) -> None:
    given = sequence(config, 2500, seed=2)
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
            rounded, _, flags = rounder(value)
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
