"""One rounded addition: all pairs of codes of two formats of 8 bits, against exact rationals."""

from functools import cache

import numpy as np
import pytest
from amaranth.hdl import Fragment, Module, Signal

from ffp8.golden.exact import Exact
from ffp8.golden.exact_sum import exact_sum
from ffp8.golden.formats import Format
from ffp8.golden.ports import FLAGS, Direction, Port
from ffp8.golden.rounding import Overflow, Rounding
from ffp8.hw.encoder import Encoder
from ffp8.hw.float_adder import FloatAdder
from ffp8.hw.rounder import encode
from ffp8.synth.convert import to_rtlil
from ffp8.synth.design import Design
from ffp8.synth.engines import open_engines
from ffp8.synth.engines.engine import Engine

CASES = {
    "one format": ("e4m3fn", "e4m3fn", Rounding.NEAREST_EVEN, Overflow.SATURATE),
    "finer terms": ("e5m2", "e4m3fn", Rounding.NEAREST_EVEN, Overflow.SPECIAL),
    "coarser terms": ("e4m3", "e5m2", Rounding.TO_ODD, Overflow.SPECIAL),
    "far below": ("s1e3m2b-9_nosub", "s1e4m3b7", Rounding.HALF_AWAY, Overflow.SATURATE),
    "fixed point": ("s1e0m7", "e4m3fn", Rounding.NEAREST_EVEN, Overflow.SATURATE),
}


def design(case: str) -> Design:
    """A module that adds a code of each format."""
    names = CASES[case]
    out, term = (Format.parse(name) for name in names[:2])
    m = Module()
    x, y = Signal(out.width, name="x"), Signal(term.width, name="y")
    nothing = Signal(name="nothing")
    adder = FloatAdder(m, Encoder(out, names[2], names[3]), term)
    near, status = adder.add(x, nothing, adder.term(y, "term"))
    found = encode(m, adder.encoder, near, status)
    ports = [
        Port(name=s.name, direction=Direction.INPUT, meaning="", bits=len(s))
        for s in (x, y, nothing)
    ]
    signals = {s.name: (s, None) for s in (x, y, nothing)}
    for name, value in found.items():
        signals[name] = (Signal(len(value), name=name), None)
        m.d.comb += signals[name][0].eq(value)
        ports.append(Port(name=name, direction=Direction.OUTPUT, meaning="", bits=len(value)))
    top = case.replace(" ", "_")
    return Design(top, tuple(ports), None, to_rtlil(Fragment.get(m, None), signals, top))


@cache
def engines() -> dict[str, Engine]:
    return dict(zip(CASES, open_engines([design(case) for case in CASES]), strict=True))


@pytest.mark.parametrize("case", CASES)
def test_all_pairs(case: str) -> None:
    names = CASES[case]
    out, term = (Format.parse(name) for name in names[:2])
    x, y = (axis.ravel() for axis in np.meshgrid(out.codes, term.codes, indexing="ij"))
    one, two = out.unpack(x), term.unpack(y)
    pairs = Exact(
        *(np.stack(p, axis=-1) for p in zip(vars(one).values(), vars(two).values(), strict=True))
    )
    total = exact_sum(pairs)
    codes, flags = out.round(total, names[2], names[3])
    made_nan = total.nan & ~one.nan & ~two.nan
    got = engines()[case].run({"x": x, "y": y, "nothing": np.zeros_like(x)})
    assert np.array_equal(got["out"], codes)
    for name in FLAGS:
        want = getattr(flags, name) | (made_nan if name == "invalid" else False)
        assert np.array_equal(got[name], want), name
    # Nothing before a term.
    alone = engines()[case].run({"x": x, "y": y, "nothing": np.ones_like(x)})
    codes, _ = out.round(two, names[2], names[3])
    assert np.array_equal(alone["out"], codes)
