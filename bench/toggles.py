"""What a bypass of zeros saves: toggles of the bits of a tree's lanes, with and without it.

Run ``python bench/toggles.py``. Toggles are counted in a simulation of the design without
delays, so that glitches are none of them: each change of a bit of a signal between clock edges
counts once. The products' signals are those of multipliers, their shifters and the registers
between them; the others are those of decoders, adders and the root.
"""

import argparse
import re
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine

#: What the names of the signals begin with that hold products, their parts and what moves them.
PRODUCT = re.compile(r"product_\d+_(factor|low|high|sum)|product_(number|shift)|shift_\d|moved")

#: Signals that are driven from outside.
PORTS = ("clk", "rst", "a", "b")

VARIABLE = re.compile(r"\$var \w+ \d+ (\S+) (\S+)")


def toggles(waveforms: str) -> dict[str, int]:
    """How many bits changed in all signals of products, and in all others, but for ports.

    Of several changes at one time, the last one counts.
    """
    names: dict[str, str] = {}
    settled: dict[str, int] = {}
    now: dict[str, int] = {}
    found: Counter[str] = Counter()
    for line in [*waveforms.splitlines(), "#"]:
        if match := VARIABLE.match(line):
            names.setdefault(match[1], match[2])
        elif line.startswith("#"):
            for identifier, value in now.items():
                changed = value ^ settled.get(identifier, value)
                kind = "products" if PRODUCT.match(names[identifier]) else "others"
                found[kind] += changed.bit_count()
            settled |= now
            now = {}
        elif line[:1] in ("b", "0", "1"):
            text, identifier = line[1:].split() if line[0] == "b" else (line[0], line[1:])
            if names[identifier] not in PORTS:
                now[identifier] = int(text, 2)
    return dict(found)


def measure(config: FmaTreeConfig, zeros: float, cycles: int) -> dict[str, int]:
    """Toggles over cycles in which a share of the operands a are zero."""
    rng = np.random.default_rng(1)
    inputs = {
        name: rng.integers(0, 0x7F, (cycles, config.ways))
        | rng.integers(0, 2, (cycles, config.ways)) << 7
        for name in "ab"
    }
    inputs["a"][rng.random((cycles, config.ways)) < zeros] = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "waveforms.vcd"
        open_engine(elaborate(config), "amaranth").run(inputs, vcd=path)
        return toggles(path.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the toggles that a bypass of zeros saves.")
    parser.add_argument("--cycles", type=int, default=500)
    options = parser.parse_args()
    e4m3 = Format.parse("e4m3fn")
    plain = FmaTreeConfig(a=e4m3, b=e4m3, ways=8, stages=3)
    units = {
        "without": replace(plain, stages=2),
        "with": replace(plain, bypass=True),
    }
    table = Table("zeros", "bypass", "of products", "of others", "of all")
    for zeros in (0.0, 0.5, 0.9):
        for name, config in units.items():
            found = measure(config, zeros, options.cycles)
            per_cycle = {kind: count / options.cycles for kind, count in found.items()}
            row = [per_cycle["products"], per_cycle["others"], sum(per_cycle.values())]
            table.add_row(f"{zeros:.0%}", name, *(f"{count:.0f}" for count in row))
    console = Console()
    console.print(f"Toggles a cycle: {plain.ways}-way E4M3, exact, {options.cycles} cycles")
    console.print(table)


if __name__ == "__main__":
    main()
