"""What exact trees cost: ``python bench/areas.py [--device NAME] [--timing] [--cache FOLDER]``.

Prints a table of areas, a row a format and a column a number of products, each with registers in
all places, and the area of the first format over that of int8. With `--timing` each cell has its
Fmax, too (one seed), which takes minutes for the larger ones. Results are kept in the cache's
folder, by the design's hash and the device, so that a run goes on where another was stopped.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.golden.tree_places import places
from ffp8.synth.design import elaborate
from ffp8.synth.devices import Device, find_device
from ffp8.synth.synthesis import synthesise

FORMATS = ("e4m3fn", "e5m2", "s1e5m3b15", "int8", "int4", "e2m1fn")

WAYS = (4, 8, 16, 24, 32)


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
        result = synthesise(design, device, seeds=(1,), timing=timing)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result.to_json()))
    return json.loads(path.read_text())


def size(found: dict[str, Any]) -> int:
    area = found["area"]
    return area["lut"] if area["lut4_equivalent"] is None else area["lut4_equivalent"]


def text(found: dict[str, Any]) -> str:
    """A cell of the table."""
    shown = f"{size(found):,} / {found['area']['ff']:,}"
    timing = found["timing"]
    return f"{shown} @ {timing['fmax_mhz']['median']:.0f}" if isinstance(timing, dict) else shown


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="ecp5-85k")
    parser.add_argument("--timing", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(".areas"))
    args = parser.parse_args()
    device = find_device(args.device)
    print(f"{device.part}: {device.family.note}; flip-flops behind the slash")
    print("| format | " + " | ".join(f"{ways} ways" for ways in WAYS) + " | stages |")
    print("|---" * (len(WAYS) + 2) + "|")
    sizes: dict[str, list[int]] = {}
    for name in FORMATS:
        configs = [tree(name, ways) for ways in WAYS]
        found = [cost(config, device, args.cache, timing=args.timing) for config in configs]
        sizes[name] = [size(one) for one in found]
        stages = ", ".join(str(config.stages) for config in configs)
        print(f"| {name} | " + " | ".join(map(text, found)) + f" | {stages} |", flush=True)
    ratios = [one / two for one, two in zip(sizes["e4m3fn"], sizes["int8"], strict=True)]
    print("| e4m3fn over int8 | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " | |")
    link = fused("e4m3fn", "float16")
    one = cost(link, device, args.cache, timing=args.timing)
    chains = " | ".join(f"{ways * size(one):,}" for ways in WAYS)
    print(
        f"| chain of fused multiply-adds, each rounded to float16 | {chains} | {link.stages} each |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
