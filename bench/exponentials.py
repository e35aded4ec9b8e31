"""What an exponential costs for its error: ``python bench/exponentials.py [--device NAME]``.

Prints a table of units that make 2^-d, or e^-d, of one element, as plain logic without registers:
those of other methods as their papers define them, checked against golden for all codes, and those
of our softmaxes. Products are in multiplier blocks, which are counted beside LUTs. A number has 15
fraction bits unless its method has fewer. Errors are the greatest ones relative to the exact
power, in the octaves from 2 or 1 down to 1/8, below which few bits are left of any: of the
operand's power, and of that of a real number that was rounded to the operand. A unit is on the
front of a kind of error if no other has a smaller one, and fewer or as many LUTs.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Const, Elaboratable, Fragment, Module, Mux, Signal, Value

from ffp8.golden.piecewise import Curve, Fit, Piecewise, piecewise
from ffp8.golden.ports import Direction, Port
from ffp8.golden.power_table import PowerTable
from ffp8.golden.softmax_rivals import IBERT, corrected_fraction, ibert_exp
from ffp8.hw import corrected_power
from ffp8.hw.logic import times_constant
from ffp8.hw.softmax_powers import entry
from ffp8.hw.table import lookup
from ffp8.synth import convert
from ffp8.synth.design import Design
from ffp8.synth.devices import find_device
from ffp8.synth.engines import open_engine
from ffp8.synth.synthesis import synthesise

__all__ = ["LANES", "Lane", "design_of", "relative_error"]

#: Bits of a number of octaves, and fraction bits of a power.
OCTAVE_BITS, POWER_BITS = 4, 15

#: Octaves in which errors count.
COUNTED = 4


@dataclass(frozen=True)
class Lane:
    """A unit that makes a power.

    Attributes
    ----------
    fraction
        Fraction bits of its operand, which has 4 bits before these.
    logic
        Makes the power of the operand: by `split` a fraction f and a number n of octaves, for
        2^(f - n), and else a distance d.
    golden
        The integers that it makes, for all operands.
    unit
        What these are multiplied with.
    truth
        The exact powers of all operands.
    """

    fraction: int
    logic: Callable[[Module, Value], Value]
    golden: Callable[[np.ndarray], np.ndarray]
    unit: float
    truth: Callable[[np.ndarray], np.ndarray]

    @property
    def operands(self) -> np.ndarray:
        return np.arange(2 ** (self.fraction + OCTAVE_BITS))


def octaves(fraction: int) -> Callable[[np.ndarray], np.ndarray]:
    """2^(f - n) for operands whose first bits are n."""
    size = 2**fraction
    return lambda codes: np.exp2(codes % size / size - codes // size)


def moved(m: Module, number: Value, count: Value) -> Value:
    """A number of 15 fraction bits, moved right by octaves."""
    total = Signal(len(number), name="moved_number")
    m.d.comb += total.eq(number >> count)
    return total


def by_fraction(fraction: int, function: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """Golden of a lane that makes an integer of f, moved right by n octaves."""
    size = 2**fraction
    return lambda codes: function(codes % size) >> codes // size


def ita() -> Lane:
    """Shifts alone, by octaves to nearest (ITA)."""

    def logic(m: Module, a: Value) -> Value:
        count = Signal(OCTAVE_BITS, name="octaves")
        # Beyond 8 nothing is left, and the distance has 8 bits.
        m.d.comb += count.eq(a[5:8] + a[4])
        return moved(m, Const(256, 9), count)

    return Lane(
        5,
        logic,
        lambda codes: 256 >> (codes % 256 + 16) // 32,
        2.0**-8,
        lambda codes: np.exp2(-(codes % 256) / 32),
    )


def schraudolph() -> Lane:
    """1 + f for 2^f."""

    def logic(m: Module, a: Value) -> Value:
        return moved(m, Cat(Const(0, POWER_BITS - 7), a[:7], Const(1, 1)), a[7:])

    golden = by_fraction(7, lambda f: (128 + f) << POWER_BITS - 7)
    return Lane(7, logic, golden, 2.0**-POWER_BITS, octaves(7))


def softex() -> Lane:
    """1 + f, corrected by a parabola in each half of f (SoftEx)."""

    def logic(m: Module, a: Value) -> Value:
        found = corrected_power.corrected_fraction(m, a[:7], lambda value, _: value, "corrected")
        return moved(m, Cat(Const(0, POWER_BITS - 7), found, Const(1, 1)), a[7:])

    golden = by_fraction(7, lambda f: (128 + corrected_fraction(f)) << POWER_BITS - 7)
    return Lane(7, logic, golden, 2.0**-POWER_BITS, octaves(7))


def ibert(fraction: int) -> Lane:
    """I-BERT's i-exp of integers in units of 2^-fraction, of base e."""
    scale = 2.0**-fraction
    a_, b_, c_ = IBERT
    ln2 = int(np.floor(np.log(2) / scale))
    offset, constant = int(np.floor(b_ / scale)), int(np.floor(c_ / (a_ * scale**2)))
    most = 2 ** (fraction + OCTAVE_BITS) - 1
    # A quotient by a constant is a product, exact for all numbers that there are.
    places = next(
        places
        for places in range(fraction, 3 * fraction + 8)
        if all(
            (x * (2**places // ln2 + 1)) >> places == x // ln2
            for x in (*range(ln2 - 1, most, ln2), most)
        )
    )

    def logic(m: Module, a: Value) -> Value:
        quotient = times_constant(m, a, 2**places // ln2 + 1, "quotient")[places:]
        count = Signal(range(most // ln2 + 1), name="halvings")
        rest = Signal(ln2.bit_length(), name="rest")
        whole = times_constant(m, count, ln2, "whole")
        base = Signal(range(offset + 1), name="base")
        square = Signal(range(offset**2 + constant + 1), name="square")
        m.d.comb += [
            count.eq(quotient),
            # The part of the distance that is left, and b less that.
            rest.eq(a - whole),
            base.eq(offset - rest),
            square.eq(base * base + constant),
        ]
        return moved(m, square, count)

    return Lane(
        fraction,
        logic,
        lambda codes: ibert_exp(-codes, scale)[0],
        a_ * scale**2,
        lambda codes: np.exp(-codes * scale),
    )


def lines(fraction: int, segments: int) -> Lane:
    """Lines of least error, as those of `softmax`."""
    table: Piecewise = piecewise(
        Curve.POWER,
        segments,
        Fit.MINIMAX,
        argument_bits=fraction,
        fraction=POWER_BITS,
        slope_fraction=10,
    )
    cut = table.exact_fraction - POWER_BITS

    def logic(m: Module, a: Value) -> Value:
        part = a[:fraction]
        segment = part[table.distance_bits :]
        low = entry(m, segment, max(table.lows).bit_length(), table.lows, "low")
        if not table.distance_bits:
            return moved(m, low, a[fraction:])
        slope = entry(m, segment, max(table.slopes).bit_length(), table.slopes, "slope")
        total = Signal(POWER_BITS + 1, name="line")
        product = Signal(len(slope) + table.distance_bits, name="product")
        m.d.comb += [
            product.eq(slope * part[: table.distance_bits]),
            total.eq(low + (product >> 10 + fraction - POWER_BITS)),
        ]
        return moved(m, total, a[fraction:])

    golden = by_fraction(fraction, lambda f: table.value(f) >> cut)
    return Lane(fraction, logic, golden, 2.0**-POWER_BITS, octaves(fraction))


def table_of(fraction: int, octave_count: int) -> Lane:
    """A table of octaves, as that of `table-softmax`."""
    bits = POWER_BITS if octave_count == 16 else POWER_BITS - 1
    table = PowerTable(fraction, octave_count, bits)
    size = 2**fraction

    def logic(m: Module, a: Value) -> Value:
        number = Cat(a[:fraction], ~a[fraction:])
        index = number[: table.index_bits]
        power: Value = lookup(m, index, table.entry_bits, table.entries.__getitem__, "power")
        for level, bit in enumerate(~number[table.index_bits :]):
            power = Mux(bit, power >> (table.octaves << level), power)
        power = power[: table.entry_bits]
        return Cat(Const(1, 1), power) if table.moved else power

    return Lane(
        fraction,
        logic,
        lambda codes: table.value(codes % size - (codes // size + 1) * size),
        2.0**-table.exact_fraction,
        octaves(fraction),
    )


LANES: dict[str, Lane] = {
    "ITA, shifts": ita(),
    "Schraudolph, 7 fraction bits": schraudolph(),
    "SoftEx, 7 fraction bits": softex(),
    "I-BERT, 2^-8": ibert(8),
    "I-BERT, 2^-10": ibert(10),
    "lines, 2 fraction bits, 4 segments": lines(2, 4),
    **{f"lines, 7 fraction bits, {count} segments": lines(7, count) for count in (2, 4, 8, 16)},
    **{f"lines, 10 fraction bits, {count} segments": lines(10, count) for count in (4, 16)},
    "table, 2 fraction bits, 4 octaves": table_of(2, 4),
    "table, 2 fraction bits, 16 octaves": table_of(2, 16),
    **{f"table, {bits} fraction bits, 1 octave": table_of(bits, 1) for bits in (4, 5, 6, 7, 8)},
}


class Unit(Elaboratable):
    """A lane as a component."""

    def __init__(self, lane: Lane):
        self.lane = lane
        self.a = Signal(lane.fraction + OCTAVE_BITS)
        width = int(lane.golden(lane.operands).max()).bit_length()
        self.out = Signal(width)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.out.eq(self.lane.logic(m, self.a))
        return m


def design_of(lane: Lane) -> Design:
    """A lane for tools and simulators."""
    unit = Unit(lane)
    ports = tuple(
        Port(name=name, direction=direction, bits=len(signal), meaning=meaning)
        for name, direction, signal, meaning in (
            ("a", Direction.INPUT, unit.a, "a distance"),
            ("out", Direction.OUTPUT, unit.out, "its power"),
        )
    )
    signals = {"a": (unit.a, None), "out": (unit.out, None)}
    text = convert.to_rtlil(Fragment.get(unit, None), signals, "exponential")
    return Design(top="exponential", ports=ports, clock=None, rtlil=text)


def relative_error(lane: Lane) -> float:
    """The greatest one in the first octaves."""
    exact = lane.truth(lane.operands)
    counted = exact >= 2.0 ** (1 - COUNTED)
    found = lane.golden(lane.operands) * lane.unit
    return float(np.abs(found / exact - 1)[counted].max())


@dataclass(frozen=True)
class Row:
    """A unit's errors, of its operands and of real numbers, and its area."""

    name: str
    error: float
    rounded: float
    lut: int
    dsp: int


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="ecp5-85k")
    args = parser.parse_args()
    device = find_device(args.device)
    rows: list[Row] = []
    for name, lane in LANES.items():
        design = design_of(lane)
        got = open_engine(design, "cxxrtl").run({"a": lane.operands})["out"]
        assert (got == lane.golden(lane.operands)).all(), name
        area = synthesise(design, device, timing=False, dsp=True).area
        error = relative_error(lane)
        # Half a step of the operand, as a factor.
        first, second = lane.truth(lane.operands)[:2]
        rounded = float((1 + error) * np.sqrt(max(first / second, second / first)) - 1)
        rows.append(Row(name, error, rounded, area.lut4_equivalent or area.lut, area.dsp))
        print(rows[-1], file=sys.stderr)
    print(f"{device.part}: {device.family.note}")
    print("| unit | error | error of real numbers | LUT | DSP |")
    print("|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: row.error):
        own = any(other.error < row.error and other.lut <= row.lut for other in rows)
        real = any(other.rounded < row.rounded and other.lut <= row.lut for other in rows)
        marks = "" if own else "**", "" if real else "**"
        print(
            f"| {row.name} | {marks[0]}{row.error:.1e}{marks[0]} "
            f"| {marks[1]}{row.rounded:.1e}{marks[1]} | {row.lut} | {row.dsp} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
