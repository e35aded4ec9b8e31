# amaranth: UnusedElaboratable=no
"""Connections: formats must agree."""

import re
from typing import Any

import pytest
from amaranth.hdl import Module, ShapeLike, signed, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.sim import Simulator

from ffp8.golden.formats import Format, Scalar
from ffp8.hw.formats import FormatLayout
from ffp8.hw.wiring import connect

E4M3 = Format.parse("e4m3fn")
OTHERS = ["s1e4m3b8_fn", "s1e4m3b7", "e5m2", "int8", "e4m3fn_nosub"]


def interfaces(one: ShapeLike, other: ShapeLike) -> tuple[Any, Any]:
    """A source of one shape, and a sink of another one."""
    return (
        wiring.Signature({"x": Out(one), "s": Out(stream.Signature(1))}).create(path=("a",)),
        wiring.Signature({"x": In(other), "s": In(stream.Signature(1))}).create(path=("b",)),
    )


def test_same_formats_are_connected() -> None:
    source, sink = interfaces(FormatLayout(E4M3), FormatLayout(E4M3))
    m = Module()
    connect(m, source, sink)
    seen = []

    async def bench(ctx: Any) -> None:
        ctx.set(source.x, Scalar(E4M3, 0x39))
        await ctx.delay(1e-6)
        seen.append(ctx.get(sink.x))

    sim = Simulator(m)
    sim.add_testbench(bench)
    sim.run()
    assert seen == [Scalar(E4M3, 0x39)]


@pytest.mark.parametrize("name", OTHERS)
def test_different_formats_are_refused(name: str) -> None:
    fmt = Format.parse(name)
    source, sink = interfaces(FormatLayout(E4M3), FormatLayout(fmt))
    message = (
        f"Member x must have one shape in all interfaces, not FormatLayout(e4m3fn) in 0 and "
        f"FormatLayout({fmt}) in 1"
    )
    with pytest.raises(wiring.ConnectionError, match=f"^{re.escape(message)}$"):
        connect(Module(), source, sink)
    with pytest.raises(wiring.ConnectionError, match=r" in 'producer' and .* in 'consumer'$"):
        connect(Module(), producer=source, consumer=sink)


def test_a_format_and_plain_bits_or_a_vector_of_another_are_refused() -> None:
    layout, other = FormatLayout(E4M3), FormatLayout(Format.parse("e5m2"))
    pairs: list[tuple[ShapeLike, ShapeLike]] = [
        (layout, unsigned(8)),
        (8, layout),
        (data.ArrayLayout(layout, 4), data.ArrayLayout(other, 4)),
        (data.StructLayout({"x": layout}), data.StructLayout({"x": other})),
    ]
    for one, two in pairs:
        with pytest.raises(wiring.ConnectionError, match=r"^Member x must have one shape"):
            connect(Module(), *interfaces(one, two))


def test_formats_in_streams_are_compared() -> None:
    one, other = (stream.Signature(FormatLayout(fmt)) for fmt in (E4M3, Format.parse("e5m2")))
    with pytest.raises(wiring.ConnectionError, match=r"^Member payload must have one shape"):
        connect(Module(), one.create(), other.flip().create())
    connect(Module(), one.create(), one.flip().create())


def test_plain_bits_are_left_to_amaranth() -> None:
    connect(Module(), *interfaces(unsigned(8), signed(8)))
    connect(Module(), *interfaces(8, unsigned(8)))
    vector = data.ArrayLayout(data.StructLayout({"x": FormatLayout(E4M3), "y": 2}), 3)
    again = data.ArrayLayout(data.StructLayout({"x": FormatLayout(E4M3), "y": 2}), 3)
    connect(Module(), *interfaces(vector, again))
    with pytest.raises(wiring.ConnectionError, match="shape widths"):
        connect(Module(), *interfaces(8, 7))
    with pytest.raises(AttributeError, match="must have a 'signature' attribute"):
        connect(Module(), 1)
