"""Searches softmax units: ``python bench/softmax_search.py [--presets] [--cache FOLDER]``.

Prints a table of configurations of `softmax` and `table-softmax`, a row each, with their area and
their errors, the smallest first, and marks the Pareto front. Scores are normally distributed with
standard deviations of 1, 2 and 4, and errors are given for each. They are errors against

* the softmax of base 2 of the arguments, in float64: that of what is in the unit;
* the softmax of base e of the scores, in float64, which are times log2(e) and rounded to arguments
  once: that counts the argument's format, too.

*max* is the greatest error of a result, *mean* the error of the mean of all row sums, and *row*
the greatest error of a row's sum. A configuration is on the front of a kind of error if none that
has a smaller or equal greatest error of that kind has fewer LUTs; DSP and BRAM are shown beside.
Areas and errors are kept in the cache's folder, by the design's hash and the device.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax import SoftmaxConfig, softmax_rows
from ffp8.golden.table_softmax import TableSoftmaxConfig, table_softmax_rows
from ffp8.synth.design import elaborate
from ffp8.synth.devices import Device, find_device
from ffp8.synth.synthesis import synthesise

__all__ = ["Errors", "candidates", "errors", "front"]

Config = SoftmaxConfig | TableSoftmaxConfig

SPREADS = (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Errors:
    """Errors of rows of one spread."""

    arguments: float
    scores: float
    mean: float
    row: float


def softmaxes() -> list[SoftmaxConfig]:
    """Softermax with more bits, more segments and lines of least error."""
    found = [SoftmaxConfig(), SoftmaxConfig.preset("wide", a="q6.6")]
    plain = [
        {"total": "uq10.6", "reciprocal": "uq1.7", "reciprocal_segments": 8},
        {"total": "uq10.10", "reciprocal": "uq1.10", "reciprocal_segments": 8},
        {"total": "uq10.13", "reciprocal": "uq1.12", "reciprocal_segments": 16},
    ]
    powers = [{"argument": "q6.2"}, {"argument": "q6.8", "segments": 8, "slope_bits": 8}]
    for sums, power in product(plain, powers):
        options: dict[str, object] = {"reciprocal_fit": "minimax", "fit": "minimax"}
        options |= sums | power | {"a": power["argument"], "out": "uq1.15"}
        found.append(SoftmaxConfig.from_json(options))
    return found


def tables() -> list[TableSoftmaxConfig]:
    """Softmax by tables: where tables are, how wide numbers are, and how reciprocals are found."""
    found = [TableSoftmaxConfig.preset(name) for name in TableSoftmaxConfig.presets]
    widths = [
        {"power_bits": 10, "total_bits": 13, "index_bits": 7, "factor_bits": 16, "out": "uq1.15"},
        {"power_bits": 12, "total_bits": 15, "index_bits": 8, "factor_bits": 17, "out": "uq1.16"},
        {"power_bits": 14, "total_bits": 17, "index_bits": 10, "out": "uq1.17"},
    ]
    powers = [
        {"argument": "q6.2", "octaves": 4},
        {"argument": "q6.2", "octaves": 16, "memory": True},
        {"argument": "q6.6", "octaves": 16, "memory": True},
        {"argument": "q6.8", "octaves": 4, "memory": True},
    ]
    lines: list[dict[str, object]] = [{}, {"segments": 16, "slope_bits": 8}]
    for bits, power in product(widths, powers):
        # Lines instead of a table, where there is no other memory than the buffer.
        for reciprocal in lines if power["octaves"] == 4 else lines[:1]:
            options = bits | reciprocal | power | {"a": power["argument"]}
            found.append(TableSoftmaxConfig.from_json(options))
    softex = {"a": "q6.7", "argument": "q6.7", "octaves": 1, "correction": True}
    found += [TableSoftmaxConfig.from_json(softex | bits | lines[1]) for bits in widths]
    wide = {"power_bits": 15, "total_bits": 18, "index_bits": 11, "segments": 32, "out": "uq1.17"}
    found += [TableSoftmaxConfig.from_json(wide | {"octaves": octaves}) for octaves in (1, 4, 16)]
    return found


def candidates() -> list[Config]:
    """All configurations that are compared, each once."""
    return list(dict.fromkeys([*softmaxes(), *tables()]))


def truth(values: np.ndarray) -> np.ndarray:
    """The softmax of base 2 in float64."""
    powers = np.exp2(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def errors(config: Config, spread: float, *, length: int = 384, rows: int = 1000) -> Errors:
    """The errors of a configuration whose scores are arguments."""
    rng = np.random.default_rng([length, int(spread * 16)])
    scores = rng.standard_normal((rows, length)) * spread * np.log2(np.e)
    argument = config.argument
    assert isinstance(argument, ScalarFormat)
    codes = argument.encode(scores)
    if isinstance(config, SoftmaxConfig):
        found = config.out.decode(softmax_rows(config, codes))
    else:
        found = config.out.decode(table_softmax_rows(config, codes))
    sums = found.sum(axis=1)
    return Errors(
        arguments=float(np.abs(found - truth(argument.decode(codes))).max()),
        scores=float(np.abs(found - truth(scores)).max()),
        mean=float(abs(sums.mean() - 1)),
        row=float(np.abs(sums - 1).max()),
    )


def measured(config: Config, device: Device, folder: Path, rows: int) -> dict[str, Any]:
    """Area and errors of a configuration, from the folder if they are there."""
    design = elaborate(config, device)
    path = folder / f"{design.hash[:16]}_{device.name}_{rows}.json"
    if not path.exists():
        area = synthesise(design, device, timing=False, dsp=True).to_json()["area"]
        found = {
            "options": " ".join(config.arguments),
            "area": area,
            "latency": config.latency,
            "errors": [asdict(errors(config, spread, rows=rows)) for spread in SPREADS],
        }
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
    return json.loads(path.read_text())


def size(found: dict[str, Any]) -> int:
    area = found["area"]
    return area["lut"] if area["lut4_equivalent"] is None else area["lut4_equivalent"]


def worst(found: dict[str, Any], kind: str) -> float:
    return max(one[kind] for one in found["errors"])


def front(points: list[tuple[float, int]]) -> list[bool]:
    """Whether no other point has a smaller or equal error and fewer LUTs, or as many and less."""
    return [
        not any(
            (other[0] <= point[0] and other[1] < point[1])
            or (other[0] < point[0] and other[1] <= point[1])
            for other in points
        )
        for point in points
    ]


def figures(found: dict[str, Any], kind: str) -> str:
    return " / ".join(f"{one[kind]:.1e}" for one in found["errors"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="ecp5-85k")
    parser.add_argument("--cache", type=Path, default=Path(".softmax_search"))
    parser.add_argument("--rows", type=int, default=1000, help="rows to measure with")
    parser.add_argument("--presets", action="store_true", help="only presets and defaults")
    args = parser.parse_args()
    device = find_device(args.device)
    chosen = candidates()
    if args.presets:
        chosen = [SoftmaxConfig(), *(map(TableSoftmaxConfig.preset, TableSoftmaxConfig.presets))]
    found = []
    for place, config in enumerate(chosen):
        print(f"{place + 1} of {len(chosen)}", file=sys.stderr)
        found.append((config, measured(config, device, args.cache, args.rows)))
    found.sort(key=lambda pair: size(pair[1]))
    fronts = [
        front([(worst(one, kind), size(one)) for _, one in found])
        for kind in ("arguments", "scores")
    ]
    print(f"{device.part}: {device.family.note}; {args.rows} rows of 384")
    print("| unit | LUT | FF | DSP | BRAM | max, arguments | max, scores | mean | row |")
    print("|---" * 9 + "|")
    for place, (config, one) in enumerate(found):
        area = one["area"]
        marks = ["**" if kind[place] else "" for kind in fronts]
        errors_of = [
            f"{mark}{figures(one, kind)}{mark}"
            for mark, kind in zip(marks, ("arguments", "scores"), strict=True)
        ]
        print(
            f"| {config.block} {one['options']} | {size(one):,} | {area['ff']:,} | {area['dsp']} "
            f"| {area['bram']} | {errors_of[0]} | {errors_of[1]} | {figures(one, 'mean')} "
            f"| {figures(one, 'row')} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
