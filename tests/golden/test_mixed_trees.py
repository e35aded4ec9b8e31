"""Trees whose formats or biases are chosen at run time."""

import re
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from any_oracle import oracle_of
from tree_cases import random

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format, integer
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.ports import Role
from ffp8.golden.rounding import Overflow
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.tree_ranges import exact_range, exact_width

parse = ScalarFormat.parse

HFP8 = FmaTreeConfig(
    a=parse("hfp8_1_4_3"),
    a_other=parse("e5m2"),
    b=parse("hfp8_1_4_3"),
    b_other=parse("e5m2"),
    out=parse("fp16_1_6_9"),
    ways=2,
    flags=True,
)

MIXED = (
    HFP8,
    replace(HFP8, a=parse("e4m3fn"), b_other=None, c=parse("bfloat16"), ways=5),
    FmaTreeConfig(
        a=parse("int8"), a_other=parse("int4"), b=parse("posit8_1"), b_other=parse("fp4_radix4"),
        out=parse("bfloat16"), ways=3, flags=True,
    ),
)  # fmt: skip


def of_mode(config: FmaTreeConfig, modes: tuple[int, int]) -> FmaTreeConfig:
    """The tree of one format an operand that a mode stands for."""
    a, b = (config.formats(name)[mode] for name, mode in zip("ab", modes, strict=True))
    return replace(config, a=a, b=b, a_other=None, b_other=None)


@pytest.mark.parametrize("config", MIXED, ids=lambda config: config.identifier)
@pytest.mark.parametrize("exact", [False, True])
def test_each_mode_is_the_tree_of_its_formats(config: FmaTreeConfig, exact: bool) -> None:
    if exact:
        config = replace(config, out=None, flags=False)
    operands = random(config, 4000, seed=3)
    got = fma_tree(config, **operands)
    zeros = np.zeros(4000, np.uint8)
    rows = [operands.get(f"{name}_mode", zeros) for name in "ab"]
    covered = 0
    for modes in {(a, b) for a, b in zip(*(row.tolist() for row in rows), strict=True)}:
        single = of_mode(config, modes)
        chosen = (rows[0] == modes[0]) & (rows[1] == modes[1])
        own = {port.name: operands[port.name][chosen] for port in single.operands}
        for name in "ab":
            own[name] = own[name] & (2 ** getattr(single, name).width - 1)
        want = fma_tree(single, **own)
        covered += len(own["a"])
        if not exact:
            assert all((got[name][chosen] == codes).all() for name, codes in want.items())
            continue
        # The unit and the width may differ, but not the values.
        one, two = (
            unit.result.unpack(codes)
            for unit, codes in ((config, got["out"][chosen]), (single, want["out"]))
        )
        assert one.nan.tolist() == two.nan.tolist()
        assert one.infinite.tolist() == two.infinite.tolist()
        known = one.finite
        values = [np.array(x.to_fractions(), object)[known] for x in (one, two)]
        assert (values[0] == values[1]).all()
    assert covered == 4000


def test_hfp8_products_are_those_of_four_multipliers() -> None:
    config = replace(HFP8, ways=1)
    a, b = (codes.ravel() for codes in np.meshgrid(np.arange(256), np.arange(256)))
    for modes in ((0, 0), (0, 1), (1, 0), (1, 1)):
        single = of_mode(config, modes)
        got = fma_tree(
            config,
            a=a,
            b=b,
            **{f"{x}_mode": np.full(a.shape, y) for x, y in zip("ab", modes, strict=True)},
        )
        want = multiply(
            MultiplierConfig(a=single.a, b=single.b, out=single.out, flags=True), a=a, b=b
        )
        for name, codes in want.items():
            np.testing.assert_array_equal(got[name], codes)


def test_exact_width_of_two_formats_is_that_of_their_values() -> None:
    """From E5M2's least step to its largest value; (1,5,3) alone goes beyond both."""
    exact = replace(HFP8, out=None, flags=False)
    e5m2 = replace(exact, a=parse("e5m2"), b=parse("e5m2"), a_other=None, b_other=None)
    nine = Format(exponent=5, fraction=3, bias=15)
    whole = replace(e5m2, a=nine, b=nine)
    assert exact_range(exact) == exact_range(e5m2)
    assert (exact_width(exact), exact_width(whole)) == (66, 70)


def test_ports_of_modes() -> None:
    ports = {port.name: port for port in HFP8.operands}
    assert list(ports) == ["a", "b", "a_mode", "b_mode"]
    assert ports["a_mode"].role is Role.MODE
    assert ports["a"].to_json()["other_format"] == "e5m2"
    assert ports["a"].to_json()["mode"] == "a_mode"
    assert ports["a"].describe(0x7C) == "0x7c (24 or inf as e5m2)"


BIASED = FmaTreeConfig(
    a=parse("e4m3fn"), b=parse("e5m2"), out=parse("float32"), c=parse("float16"), ways=6,
    bias_bits=9, overflow=Overflow.SPECIAL,
)  # fmt: skip


def biases(*values: int) -> dict[str, np.ndarray]:
    return {
        f"{name}_bias": integer(9).encode(np.array([value]))
        for name, value in zip(("a", "b", "out"), values, strict=True)
    }


def test_tree_with_own_biases_is_the_tree_without_ports() -> None:
    own = biases(7, 15, 127)
    operands = random(replace(BIASED, bias_bits=0), 500, seed=5)
    np.testing.assert_array_equal(
        fma_tree(BIASED, **operands, **own)["out"],
        fma_tree(replace(BIASED, bias_bits=0), **operands)["out"],
    )


@pytest.mark.parametrize("shift", [-30, -3, 1, 25])
def test_biases_scale_the_whole_sum(shift: int) -> None:
    """In range, tree(bias) is tree(own biases) times a power of two, addend and all."""
    operands = random(replace(BIASED, bias_bits=0), 500, seed=6)
    assert BIASED.out is not None
    plain = BIASED.out.unpack(fma_tree(BIASED, **operands, **biases(7, 15, 127))["out"])
    inexact = 0
    for moved in (
        biases(7 - shift, 15, 127),
        biases(7, 15 - shift, 127),
        biases(7, 15, 127 + shift),
        biases(7 - 50, 15 + 50 - shift, 127),
    ):
        got = BIASED.out.unpack(fma_tree(BIASED, **operands, **moved)["out"])
        finite = plain.finite
        assert (got.finite == finite).all()
        a, b = (x.to_floats()[finite] for x in (plain, got))
        np.testing.assert_array_equal(np.ldexp(a, shift), b)
        inexact += (a != 0).sum()
    assert inexact > 400


@pytest.mark.parametrize("out", ["e4m3fn", "e5m2", "int8", "fp4_radix4", "s0e4m3b3"])
def test_biased_sums_are_those_of_exact_rationals(out: str) -> None:
    """Anywhere: subnormal, overflowing and tiny results, and their flags."""
    config = replace(BIASED, out=parse(out), flags=True, ways=2, bias_bits=6)
    operands = random(config, 3000, seed=7)
    results = fma_tree(config, **operands)
    fmt = config.out
    assert isinstance(fmt, Format)
    oracle = oracle_of(fmt)
    oracle.denominator = 2**400
    values = {
        name: config.formats(name)[0].unpack(operands[name].ravel()).to_fractions()
        for name in "abc"
    }
    signed = {
        name: integer(6).decode(operands[f"{name}_bias"]).astype(int).tolist()
        for name in ("a", "b", "out")
    }
    seen = {"overflow": 0, "underflow": 0, "inexact": 0, "invalid": 0}
    for at in range(3000):
        a, b, c = values["a"][2 * at :][:2], values["b"][2 * at :][:2], values["c"][at]
        if not all(isinstance(x, Fraction) for x in (*a, *b, c)):
            continue
        total = a[0] * b[0] + a[1] * b[1] + c
        if not total:
            continue
        power = 7 + 15 - signed["a"][at] - signed["b"][at]
        power += fmt.step * (signed["out"][at] - fmt.bias)
        moved = abs(total) * Fraction(2) ** power
        code, flags = oracle.encode(total < 0, oracle.numerator(moved), "nearest-even", "special")
        got = [int(results[name][at]) for name in results]
        assert got == [code, *flags], (at, total, power)
        for name, flag in flags._asdict().items():
            seen[name] += flag
    assert seen["overflow"] > 100
    assert seen["inexact"] > 100
    assert seen["underflow"] > 20 or not fmt.exponent


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"out": None}, "Option bias_bits must be 0 for the exact sum, whose unit is a constant"),
    ({"bias_bits": 1}, "Option bias_bits must be 0 or 2 to 16, not 1"),
    ({"b": parse("posit8_0")}, "Option bias_bits must be 0 with posit8_0, which has no bias"),
    ({"a_other": parse("posit8_1")}, "Option bias_bits must be 0 with posit8_1, which has no bias"),
    ({"b_other": parse("e4m3"), "window": 8}, "Option b_other must be left out with a window"),
    (
        {"b_other": parse("float16")},
        "Option b_other must be a format of at most 8 bits, those of b, not float16",
    ),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_impossible_configuration_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        replace(BIASED, **options)
