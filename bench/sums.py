"""Other ways to add: ``python bench/sums.py [--device NAME] [--only WORD] [--no-timing]``.

Each is synthesised beside what trees are made of, and compared with integers in a simulation
first:

* Compressors. Three rows become two, bit by bit, with no carry; an adder sums the last two. Of
  rows as the adders of a tree of E4M3 have them, of the rows of one product of int8, and of those
  of 16 products. A register stands behind so many levels that there are as many as with adders.
* Multiplier blocks for the products of int8, beside the tree of E4M3 that has such blocks, on ECP5.
* Alignment in two levels. Products move by the low bits of their exponent only, and the high bits
  say which of several sums they go to. These sums are moved by constants and added at last.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from compressor import Columns, add_constant, compressed
from unit import Unit

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.tree_places import places
from ffp8.golden.tree_ranges import exact_range, product_range
from ffp8.hw.fma_tree import FmaTree
from ffp8.hw.pipeline import Pipeline
from ffp8.hw.specials import Specials
from ffp8.hw.target import Target
from ffp8.hw.tree_lanes import decode, split
from ffp8.hw.tree_products import Products
from ffp8.hw.tree_root import Root
from ffp8.hw.tree_sum import Sum, Term
from ffp8.synth.devices import find_device
from ffp8.synth.synthesis import synthesise

#: Rows of a tree of E4M3 with 16 ways, behind the shifters: as many bits, with a sign.
ROWS, ROW_BITS = 16, 39

INT8, E4M3 = Format.parse("int8"), Format.parse("e4m3fn")

#: What is known of terms that are all finite.
NOTHING = Specials(*[Const(0, 1)] * 5)


def signed_rows(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
    """Numbers of two's complement, added in pairs."""
    half = 2 ** (ROW_BITS - 1)
    known = Range(-half, half - 1, 0)
    terms = [Term(row.as_signed(), None, known) for row in split(ports["rows"], ROWS)]
    total, _ = Sum(m, pipeline, target).of_products([terms], None, NOTHING, clear=False)
    return total.number


def signed_columns(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
    """The same by compressors: signs are inverted, and a constant mends that."""
    width = sum_width()
    columns: Columns = [[] for _ in range(width)]
    for row in split(ports["rows"], ROWS):
        for place, bit in enumerate(row):
            columns[place].append(~bit if place == ROW_BITS - 1 else bit)
    add_constant(columns, -ROWS * 2 ** (ROW_BITS - 1))
    return compressed(m, pipeline, columns)


def sum_width() -> int:
    half = 2 ** (ROW_BITS - 1)
    return Range(-half, half - 1, 0).times(ROWS).width


def signed_sum(case: dict[str, int]) -> int:
    rows = [case["rows"] >> ROW_BITS * at & 2**ROW_BITS - 1 for at in range(ROWS)]
    return sum(row - (row >> ROW_BITS - 1 << ROW_BITS) for row in rows) % 2 ** sum_width()


def rows_of(build: Callable[..., Value], name: str, cuts: tuple[str, ...]) -> Unit:
    return Unit(f"rows_{name}", {"rows": ROWS * ROW_BITS}, sum_width(), cuts, build, signed_sum)


def out_width(config: FmaTreeConfig) -> int:
    return next(port.width for port in config.ports if port.name == "out")


def tree_unit(
    config: FmaTreeConfig,
    name: str,
    build: Callable[..., Value] | None = None,
    cuts: tuple[str, ...] | None = None,
) -> Unit:
    """A tree, as it is or made otherwise."""
    width = out_width(config)

    def own(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
        m.submodules.tree = tree = FmaTree(config)
        m.d.comb += [Value.cast(getattr(tree, port)).eq(ports[port]) for port in ports]
        return Value.cast(tree.out)

    def want(case: dict[str, int]) -> int:
        codes = {
            port: np.array([[bits >> 8 * lane & 255 for lane in range(config.ways)]])
            for port, bits in case.items()
        }
        if config.ways == 1:
            codes = {port: array[:, 0] for port, array in codes.items()}
        return int(fma_tree(config, **codes)["out"][0]) % 2**width

    inputs = {"a": 8 * config.ways, "b": 8 * config.ways}
    return Unit(name, inputs, width, cuts or config.cuts, build or own, want)


def int8_columns(config: FmaTreeConfig) -> Callable[..., Value]:
    """Products of int8 by compressors: rows with a sign are inverted, and a constant mends that."""

    def build(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
        columns: Columns = [[] for _ in range(out_width(config))]
        for a, b in zip(*(split(ports[name], config.ways) for name in "ab"), strict=True):
            for i in range(8):
                for j in range(8):
                    bit = a[i] & b[j]
                    columns[i + j].append(~bit if (i == 7) != (j == 7) else bit)
        add_constant(columns, config.ways * (2**8 - 2**15))
        return compressed(m, pipeline, columns)

    return build


def int8_blocks(config: FmaTreeConfig) -> Callable[..., Value]:
    """Products of int8 in multiplier blocks, between registers."""

    def build(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
        a, b = (
            [pipeline.bits("fixed", code, name) for code in split(ports[name], config.ways)]
            for name in "ab"
        )
        known = product_range(config)
        terms = []
        for x, y in zip(a, b, strict=True):
            product = Signal(signed(16), name="product")
            m.d.comb += product.eq(x.as_signed() * y.as_signed())
            terms.append(pipeline.bundle("product", Term(product, None, known)))
        total, _ = Sum(m, pipeline, target).of_products([terms], None, NOTHING, clear=False)
        return total.number

    return build


@dataclass(frozen=True)
class Moved(Sum):
    """Sums of terms that are moved all the way in front of the first adder, and gated in it."""

    def move(self, term: Term) -> Term:
        assert term.shift is not None
        assert term.gate is not None
        shift = Cat(term.shift, Const(0, 1))
        found = super().move(replace(term, shift=shift, gate=None))
        inverted = None if term.inverted is None else term.inverted & term.gate
        return replace(found, shift=None, gate=term.gate, inverted=inverted)


def two_levels(config: FmaTreeConfig, fine: int) -> Callable[..., Value]:
    """A tree whose products move by so many bits of their exponents only."""

    def build(m: Module, pipeline: Pipeline, target: Target, ports: dict[str, Value]) -> Value:
        lanes = decode(m, config, ports)
        (products,), _, specials = Products(m, pipeline, target, config).terms(lanes)
        assert products[0].shift is not None
        coarse = len(products[0].shift) - fine
        known = product_range(config)
        groups = [
            [part(m, term, known, fine, which) for term in products] for which in range(2**coarse)
        ]
        total, specials = Moved(m, pipeline, target).of_products(groups, None, specials, clear=True)
        exact = exact_range(config)
        total = replace(total, number=total.number[: exact.width].as_signed(), range=exact)
        return Root(m, pipeline, config, None, None, None, target).outputs(total, specials)["out"]

    return build


def part(m: Module, term: Term, known: Range, fine: int, which: int) -> Term:
    """A product as a term of one sum."""
    assert term.shift is not None
    gate = Signal(name=f"gate_{which}")
    m.d.comb += gate.eq(term.shift[fine:] == which)
    largest = known.high >> (known.high.bit_length() - 8) << 2**fine - 1
    start = which * 2**fine - term.excess
    excess = max(-start, 0)
    high = min(largest >> excess, max(known.high >> max(start, 0), 1))
    low = -high if term.number.shape().signed else 0
    unit = known.unit + max(start, 0)
    return replace(
        term, shift=term.shift[:fine], range=Range(low, high, unit), excess=excess, gate=gate
    )


def all_places(fmt: Format, ways: int) -> FmaTreeConfig:
    """An exact tree with registers in all places."""
    config = FmaTreeConfig(a=fmt, b=fmt, ways=ways)
    return replace(config, stages=len(places(config)))


def units() -> dict[str, Unit]:
    """What to measure, by what people call it."""
    one, many, floats = all_places(INT8, 1), all_places(INT8, 16), all_places(E4M3, 16)
    blocks = replace(all_places(E4M3, 16), blocks=True)
    levels = ("level_2", "level_4")
    deep = ("level_2", "level_4", "level_6", "level_8", "level_10", "level_11", "sum")
    # The sums of buckets are added, too.
    found = {
        "16 rows of 39 bits, adders": rows_of(
            signed_rows, "adders", ("sum_1", "sum_2", "sum_3", "sum_4")
        ),
        "16 rows of 39 bits, compressors": rows_of(
            signed_columns, "compressors", (*levels, "level_6", "sum")
        ),
        "int8, 1 way, adders": tree_unit(one, "int8_1_adders"),
        "int8, 1 way, compressors": tree_unit(
            one, "int8_1_compressors", int8_columns(one), (*levels, "sum")
        ),
        "int8, 16 ways, adders": tree_unit(many, "int8_16_adders"),
        "int8, 16 ways, compressors": tree_unit(
            many, "int8_16_compressors", int8_columns(many), deep
        ),
        "int8, 16 ways, multiplier blocks": replace(
            tree_unit(many, "int8_16_blocks", int8_blocks(many), blocks.cuts[1:]), dsp=True
        ),
        "e4m3fn, 16 ways, multiplier and memory blocks": replace(
            tree_unit(blocks, "e4m3_16_blocks"), dsp=True
        ),
        "e4m3fn, 16 ways, one sum": tree_unit(floats, "e4m3_1"),
    }
    for sums, fine in ((2, 4), (4, 3)):
        cuts = (*floats.cuts, *(f"sum_{4 + level}" for level in range(1, 6 - fine)))
        name = f"e4m3fn, 16 ways, {sums} sums"
        found[name] = tree_unit(floats, f"e4m3_{sums}", two_levels(floats, fine), cuts)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="ecp5-85k")
    parser.add_argument("--only", default="", help="a word in the names of what to measure")
    parser.add_argument("--no-timing", action="store_true")
    args = parser.parse_args()
    device = find_device(args.device)
    print(f"{device.part}: {device.family.note}")
    print("| unit | area | flip-flops | multipliers | memories | stages | MHz |")
    print("|---" * 7 + "|")
    for name, unit in units().items():
        # Multiplier blocks are those of the ECP5: an HX8K has none.
        if args.only not in name or (unit.dsp and device.family.name != "ecp5"):
            continue
        unit.check(device)
        result = synthesise(
            unit.design(device), device, seeds=(1,), dsp=unit.dsp, timing=not args.no_timing
        )
        area, timing = result.area, result.timing
        size = area.lut if area.lut4_equivalent is None else area.lut4_equivalent
        speed = "" if timing is None else f"{timing.fmax.median:.0f}"
        cells = [f"{size:,}", f"{area.ff:,}", area.dsp, area.bram, len(unit.cuts), speed]
        print(f"| {name} | " + " | ".join(map(str, cells)) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
