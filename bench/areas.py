"""What exact trees cost: ``python bench/areas.py [--device NAME] [--timing] [--cache FOLDER]``.

Prints a table of areas, a row a format and a column a number of products, each with registers in
all places, and the area of the first format over that of int8. With `--timing` each cell has its
Fmax, too (one seed), which takes minutes for the larger ones, or says that the harness around the
tree does not fit into the device. `--formats` and `--ways` ask for fewer. Results are kept in the
cache's folder, by the design's hash and the device, so that a run goes on where another stopped.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.golden.tree_places import places
from ffp8.synth.design import elaborate
from ffp8.synth.devices import Device, find_device
from ffp8.synth.errors import ToolFailed
from ffp8.synth.synthesis import synthesise

FORMATS = ("e4m3fn", "e5m2", "s1e5m3b15", "int8", "int4", "e2m1fn")

WAYS = (4, 8, 16, 24, 32)

#: What nextpnr says where a device has too few cells.
NO_ROOM = ("no BELs remaining", "Failed to expand region")

TOO_LARGE = "too large"


def tree(name: str, ways: int) -> FmaTreeConfig:
    """An exact tree with registers in all places."""
    fmt = Format.parse(name)
    config = FmaTreeConfig(a=fmt, b=fmt, ways=ways)
    return replace(config, stages=len(places(config)))


def fused(name: str, addend: str) -> FmaTreeConfig:
    """A fused multiply-add: a link of a chain that rounds at each step."""
    fmt, wide = Format.parse(name), Format.parse(addend)
    config = FmaTreeConfig(a=fmt, b=fmt, c=wide, out=wide, ways=1)
    return replace(config, stages=len(places(config)))


def cost(config: FmaTreeConfig, device: Device, folder: Path, *, timing: bool) -> dict[str, Any]:
    """The synthesis of a tree as JSON, from the folder if it is there."""
    design = elaborate(config, device)
    path = folder / f"{design.hash[:16]}_{device.name}{'_timed' if timing else ''}.json"
    if not path.exists():
        with tempfile.TemporaryDirectory() as work:
            try:
                found = synthesise(design, device, seeds=(1,), timing=timing, folder=work).to_json()
            except ToolFailed as error:
                if not any(words in str(error) for words in NO_ROOM):
                    raise
                found = synthesise(design, device, timing=False).to_json()
                found["timing"] = TOO_LARGE
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return json.loads(path.read_text())


def size(found: dict[str, Any]) -> int:
    area = found["area"]
    return area["lut"] if area["lut4_equivalent"] is None else area["lut4_equivalent"]


def text(found: dict[str, Any]) -> str:
    """A cell of the table."""
    shown = f"{size(found):,} / {found['area']['ff']:,}"
    timing = found["timing"]
    if timing == TOO_LARGE:
        return f"{shown}, {TOO_LARGE}"
    return f"{shown} @ {timing['fmax_mhz']['median']:.0f}" if isinstance(timing, dict) else shown


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="ecp5-85k")
    parser.add_argument("--timing", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(".areas"))
    parser.add_argument("--formats", nargs="+", default=FORMATS)
    parser.add_argument("--ways", nargs="+", type=int, default=WAYS)
    args = parser.parse_args()
    device = find_device(args.device)
    print(f"{device.part}: {device.family.note}; flip-flops behind the slash")
    print("| format | " + " | ".join(f"{ways} ways" for ways in args.ways) + " | stages |")
    print("|---" * (len(args.ways) + 2) + "|")
    sizes: dict[str, list[int]] = {}
    for name in args.formats:
        configs = [tree(name, ways) for ways in args.ways]
        found = [cost(config, device, args.cache, timing=args.timing) for config in configs]
        sizes[name] = [size(one) for one in found]
        stages = ", ".join(str(config.stages) for config in configs)
        print(f"| {name} | " + " | ".join(map(text, found)) + f" | {stages} |", flush=True)
    if {"e4m3fn", "int8"} <= sizes.keys():
        pairs = zip(sizes["e4m3fn"], sizes["int8"], strict=True)
        ratios = " | ".join(f"{one / two:.2f}" for one, two in pairs)
        print(f"| e4m3fn over int8 | {ratios} | |")
    link = fused("e4m3fn", "float16")
    one = cost(link, device, args.cache, timing=args.timing)
    chains = " | ".join(f"{ways * size(one):,}" for ways in args.ways)
    print(f"| chain of fused multiply-adds | {chains} | {link.stages} each |")
    print(f"A link of the chain, which rounds to float16: {text(one)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
