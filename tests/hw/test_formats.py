# amaranth: UnusedElaboratable=no
"""Formats as shapes of signals."""

import re
from pathlib import Path
from typing import Any

import pytest
from amaranth.hdl import Const, Module, Signal, Value
from amaranth.hdl import Format as HdlFormat
from amaranth.hdl._ast import Assign
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from ffp8.golden.formats import Format, Scalar
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.hw.formats import FormatLayout, FormatView, RawLayout

E4M3 = Format.parse("e4m3fn")
E4M3B8 = E4M3.replace(bias=8)
E5M2 = Format.parse("e5m2")
NAMES = [
    "e4m3fn", "s0e3m5b12", "s1e0m7", "s0e8m0", "int8", "e8m0fnu", "q6.2", "s1e4m5", "e2m1fn",
    "fp4_radix4", "posit8_0", "posit8_2",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_codes_go_through_constants_unchanged(name: str) -> None:
    fmt = ScalarFormat.parse(name)
    layout = FormatLayout(fmt)
    assert layout.size == fmt.width
    for code in range(2**fmt.width):
        scalar = layout.from_bits(code)
        assert scalar == Scalar(fmt, code)
        assert Const.cast(layout.const(scalar)).value == code


def test_fields_are_those_of_the_format() -> None:
    assert {name: field.width for name, field in FormatLayout(E4M3)} == {
        "fraction": 3,
        "exponent": 4,
        "sign": 1,
    }
    assert [name for name, _ in FormatLayout(Format.parse("s0e8m0"))] == ["exponent"]
    assert [name for name, _ in FormatLayout(Format.parse("uq1.7"))] == ["fraction"]
    posit = FormatLayout(ScalarFormat.parse("posit8_1"))
    assert {name: field.width for name, field in posit} == {"body": 7, "sign": 1}


def test_layouts_are_equal_for_equal_formats_only() -> None:
    assert FormatLayout(E4M3) == FormatLayout(Format.parse("s1e4m3b7_fn"))
    assert hash(FormatLayout(E4M3)) == hash(FormatLayout(Format.parse("s1e4m3b7_fn")))
    assert FormatLayout(E4M3) != FormatLayout(E4M3B8)
    assert FormatLayout(E4M3) != data.StructLayout({"fraction": 3, "exponent": 4, "sign": 1})
    assert repr(FormatLayout(E4M3B8)) == "FormatLayout(s1e4m3b8_fn)"


def test_signatures_are_equal_for_equal_formats_only() -> None:
    signatures = [
        stream.Signature(FormatLayout(fmt)) for fmt in (E4M3, E4M3.replace(), E4M3B8, E5M2)
    ]
    assert signatures[0] == signatures[1]
    assert signatures[0] != signatures[2]
    assert signatures[0] != signatures[3]


def test_constants_of_anything_but_a_scalar_of_the_format_are_refused() -> None:
    layout = FormatLayout(E4M3)
    assert Const.cast(layout.const(None)).value == 0
    for wrong in (1, 1.0, "1", {"sign": 1}):
        message = f"Constant of FormatLayout(e4m3fn) must be a Scalar, not {wrong!r}"
        with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
            layout.const(wrong)
    message = "Constant of FormatLayout(e4m3fn) must be of format e4m3fn, not e5m2"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        layout.const(Scalar(E5M2, 0))


def test_initial_values() -> None:
    signal = Signal(FormatLayout(E4M3), init=Scalar(E4M3, 0x38))
    assert isinstance(signal, FormatView)
    value = Value.cast(signal)
    assert isinstance(value, Signal)
    assert value.init == 0x38
    with pytest.raises(TypeError, match=re.escape("FormatLayout(e4m3fn)")):
        Signal(FormatLayout(E4M3), init=1.0)


def test_assignment_of_another_format_is_refused() -> None:
    one, other, wrong = (Signal(FormatLayout(fmt)) for fmt in (E4M3, E4M3, E4M3B8))
    bits = Signal(8)
    accepted: list[Any] = [other, bits, Scalar(E4M3, 3)]
    for value in accepted:
        assert isinstance(one.eq(value), Assign)
    plain = Signal(data.StructLayout({"fraction": 3, "exponent": 4, "sign": 1}))
    start = "Value assigned to FormatLayout(e4m3fn)"
    refused: list[tuple[Any, str]] = [
        (
            wrong,
            "Value assigned to FormatLayout(e4m3fn) must be that, not FormatLayout(s1e4m3b8_fn)",
        ),
        (plain, "Value assigned to FormatLayout(e4m3fn) must be that, not StructLayout("),
        (Scalar(E5M2, 3), "Constant of FormatLayout(e4m3fn) must be of format e4m3fn, not e5m2"),
        (1.0, f"{start} must be a Scalar or bits, not 1.0"),
        (1, f"{start} must be a Scalar or bits, not 1"),
    ]
    for value, message in refused:
        with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
            one.eq(value)


def test_layout_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^Layout format must be a Format, not 'e4m3fn'$"):
        FormatLayout("e4m3fn")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^Layout format must be a RawFormat, not "):
        RawLayout(E4M3)  # type: ignore[arg-type]


class Negate(wiring.Component):
    """Flips the sign, through a register."""

    i: Any
    o: Any

    def __init__(self, fmt: Format):
        super().__init__({"i": In(FormatLayout(fmt)), "o": Out(FormatLayout(fmt))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.d.sync += [self.o.eq(self.i), self.o.sign.eq(~self.i.sign)]
        return m


def test_simulator_takes_and_gives_scalars_and_shows_decimals(tmp_path: Path) -> None:
    dut = Negate(E4M3)

    async def bench(ctx: Any) -> None:
        for code in range(256):
            ctx.set(dut.i, Scalar(E4M3, code))
            *_, got = await ctx.tick().sample(dut.o)
            assert code == 0 or got == Scalar(E4M3, (code - 1) ^ 0x80)
        with pytest.raises(TypeError, match="must be a Scalar"):
            ctx.set(dut.i, 1.0)

    sim = Simulator(dut)
    sim.add_clock(1e-6)
    sim.add_testbench(bench)
    vcd = tmp_path / "negate.vcd"
    with sim.write_vcd(str(vcd), traces=[dut.i, dut.o]):
        sim.run()
    text = vcd.read_text()
    for shown in ("s-0.001953125 ", "s448 ", "s-0 ", "snan ", "s1 "):
        assert shown in text


def test_wide_formats_are_shown_by_their_fields() -> None:
    for name, kind in (("float16", HdlFormat.Struct), ("e4m3fn", HdlFormat.Enum)):
        layout = FormatLayout(Format.parse(name))
        assert isinstance(layout.format(Signal(layout), ""), kind)


def test_values_beyond_float64_can_be_shown() -> None:
    layout = FormatLayout(Format.parse("s1e4m3b-3000"))
    assert layout.format(Signal(layout), "") is not None


def test_memory_of_a_format() -> None:
    codes: list[Any] = [Scalar(E4M3, code) for code in range(16)]
    memory = Memory(shape=FormatLayout(E4M3), depth=16, init=codes)
    assert list(memory.data.init) == codes


def test_raw_layout_has_the_fields_of_its_format() -> None:
    raw = RawFormat(significand=8, exponent=5, bias=3, sign=True, infinity=False, nan=True)
    layout = RawLayout(raw)
    assert {name: field.width for name, field in layout} == raw.fields
    assert layout == RawLayout(raw)
    assert hash(layout) == hash(RawLayout(raw))
    other = RawFormat(significand=8, exponent=5, bias=4, sign=True, infinity=False, nan=True)
    assert layout != RawLayout(other)
    assert repr(layout) == "RawLayout(raw_m8e5b3_sn)"
