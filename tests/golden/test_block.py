"""What all configurations share: options, JSON, names, and the cycle view."""

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from ffp8.golden.block import BlockConfig, option
from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.ports import Direction, Port, Role
from ffp8.golden.rounding import Rounding

ROUNDINGS = " or ".join(Rounding)

E4M3 = Format.parse("e4m3fn")
E5M2 = Format.parse("e5m2")


@dataclass(frozen=True, kw_only=True)
class Toy(BlockConfig):
    """A block for these tests."""

    block: ClassVar[str] = "toy-block"

    a: Format = option("an operand")
    scale: Format | None = option("an optional format", default=None)
    vector: BlockFormat | None = option("an optional block format", default=None)
    count: int = option("a number with bounds", default=2, minimum=1, maximum=4)
    size: int = option("a number with a lower bound", default=8, minimum=1)
    rounding: Rounding = option("a choice", default=Rounding.NEAREST_EVEN)
    fast: bool = option("a switch", default=False)

    @property
    def latency(self) -> int:
        return self.count

    @property
    def ports(self) -> tuple[Port, ...]:
        return (
            Port(name="a", direction=Direction.INPUT, meaning="operand", format=self.a),
            Port(name="go", direction=Direction.INPUT, meaning="go", role=Role.ENABLE),
            Port(name="out", direction=Direction.OUTPUT, meaning="result", bits=3, elements=5),
        )


def test_options_tell_what_the_command_line_needs() -> None:
    options = {opt.name: opt for opt in Toy.options()}
    assert list(options) == ["a", "scale", "vector", "count", "size", "rounding", "fast"]
    assert [name for name, opt in options.items() if opt.required] == ["a"]
    assert [name for name, opt in options.items() if opt.optional] == ["scale", "vector"]
    assert options["rounding"].choices == [str(rounding) for rounding in Rounding]
    assert options["count"].choices is None
    assert (options["count"].minimum, options["count"].maximum) == (1, 4)
    assert {opt.meaning for opt in options.values()} >= {"an operand", "a switch"}
    assert options["fast"].flag == "--fast"
    assert {opt.name: opt.flag for opt in MultiplierConfig.options()}["bias_bits"] == "--bias-bits"


CONFIGS = [
    Toy(a=E4M3),
    Toy(a=E5M2, scale=E4M3, count=4, size=1000, rounding=Rounding.HALF_AWAY, fast=True),
    Toy(a=E4M3, vector=BlockFormat.parse("nvfp4")),
    Toy(a=E4M3, vector=BlockFormat.parse("q2.6_x4_e8m0fnu_fit_symmetric_by_float16")),
    MultiplierConfig(a=E4M3, b=E5M2),
    MultiplierConfig(
        a=E4M3,
        b=Format.parse("q6.2"),
        out=Format.parse("s1e4m3b-3"),
        stages=3,
        flags=True,
        bias_bits=5,
        enable=True,
    ),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_json_makes_the_same_configuration(config: BlockConfig) -> None:
    text = json.dumps(config.to_json())
    again = type(config).from_json(json.loads(text))
    assert again == config
    assert hash(again) == hash(config)


@pytest.mark.parametrize("config", CONFIGS)
def test_arguments_make_the_same_configuration(config: BlockConfig) -> None:
    words = config.arguments
    flags = {opt.flag: opt for opt in config.options()}
    values: dict[str, object] = {}
    while words:
        opt = flags[words.pop(0)]
        values[opt.name] = True if opt.kind is bool else words.pop(0)
    assert type(config).from_json(values) == config


def test_identifier_names_what_is_not_the_default() -> None:
    assert Toy(a=E4M3).identifier == "toy_block_e4m3fn"
    rich = Toy(a=E4M3, scale=E5M2, count=3, rounding=Rounding.TOWARD_ZERO, fast=True)
    assert rich.identifier == "toy_block_e4m3fn_scale_e5m2_count3_roundingtoward_zero_fast"
    vector = Toy(a=E4M3, vector=BlockFormat.parse("int4_x64_uint8"))
    assert vector.identifier == "toy_block_e4m3fn_vector_int4_x64_uint8_quotient"
    odd = MultiplierConfig(a=Format.parse("q6.2"), b=Format.parse("s1e4m3b-3"))
    assert odd.identifier == "multiplier_q6p2_s1e4m3bn3"
    for config in CONFIGS:
        assert re.fullmatch(r"[a-z]\w*", config.identifier)
    assert len({config.identifier for config in CONFIGS}) == len(CONFIGS)


def test_texts_stand_for_choices() -> None:
    config = Toy(a=E4M3, rounding="half-away")  # type: ignore[arg-type]
    assert config.rounding is Rounding.HALF_AWAY
    assert config == Toy(a=E4M3, rounding=Rounding.HALF_AWAY)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"a": None}, TypeError, "Option a must be of type Format, not None"),
    ({"count": 0}, ValueError, "Option count must be 1 to 4, not 0"),
    ({"count": 5}, ValueError, "Option count must be 1 to 4, not 5"),
    ({"count": 2.0}, TypeError, "Option count must be of type int, not 2.0"),
    ({"size": 0}, ValueError, "Option size must be 1 or more, not 0"),
    ({"fast": 1}, TypeError, "Option fast must be of type bool, not 1"),
    ({"vector": "nvfp4"}, TypeError, "Option vector must be of type BlockFormat, not 'nvfp4'"),
    ({"vector": E4M3}, TypeError, f"Option vector must be of type BlockFormat, not {E4M3!r}"),
    ({"rounding": 1}, TypeError, "Option rounding must be of type Rounding, not 1"),
]


@pytest.mark.parametrize(("values", "error", "message"), REFUSED)
def test_constructor_refuses(values: dict[str, Any], error: type[Exception], message: str) -> None:
    changed: dict[str, Any] = {"a": E4M3} | values
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        Toy(**changed)


REFUSED_JSON: list[tuple[dict[str, object], str]] = [
    ({}, "Option a of toy-block must be given"),
    (
        {"a": "e4m3fn", "b": 1},
        "Option of toy-block must be a, scale, vector, count, size, rounding, fast, not 'b'",
    ),
    ({"a": "e4m3fn", "count": "two"}, "Option count must be an integer, not 'two'"),
    ({"a": "e4m3fn", "count": 1.5}, "Option count must be an integer, not 1.5"),
    ({"a": "e4m3fn", "count": None}, "Option count must be an integer, not None"),
    ({"a": "e4m3fn", "fast": "yes"}, "Option fast must be true or false, not 'yes'"),
    (
        {"a": "e4m3fn", "rounding": "up"},
        f"Option rounding must be {ROUNDINGS}, not 'up'",
    ),
]


@pytest.mark.parametrize(("values", "message"), REFUSED_JSON)
def test_json_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Toy.from_json(values)


def test_ports_of_each_kind() -> None:
    config = Toy(a=E4M3)
    assert [port.name for port in config.inputs] == ["a", "go"]
    assert [port.name for port in config.outputs] == ["out"]
    assert [port.name for port in config.operands] == ["a"]
    out = config.outputs[0]
    assert (out.element_width, out.width, out.dtype) == (3, 15, np.uint8)
    assert config.interval == 1


def test_port_describes_codes() -> None:
    a, _, out = Toy(a=E4M3).ports
    assert [a.describe(code) for code in (0x38, 0x80, 0x7F)] == [
        "0x38 (1)",
        "0x80 (-0)",
        "0x7f (nan)",
    ]
    assert out.describe(5) == "0x5"
    wide = Port(name="x", direction=Direction.INPUT, meaning="x", format=Format.parse("s0e15m1"))
    assert wide.describe(0xFFFF) == "0xffff (3*2^16383)"


def test_blocks_with_state_have_a_first_port() -> None:
    assert not Toy(a=E4M3).has_state

    class Summing(Toy):
        @property
        def ports(self) -> tuple[Port, ...]:
            first = Port(name="go", direction=Direction.INPUT, meaning="go", role=Role.FIRST)
            return (*super().ports, first)

    assert Summing(a=E4M3).has_state
    assert [port.name for port in Summing(a=E4M3).operands] == ["a", "go"]
