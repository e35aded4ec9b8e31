"""How fast the simulation engines are: vectors a second, on the default multiplier.

Run ``python bench/engines.py``. Compilation is timed apart, with an empty cache. Each engine's
rate is the best of some runs, over all 65,536 pairs of operands again and again. Times are those
of the processor, simulators that run as programs of their own included, so that other work on
the machine does not count.
"""

import argparse
import json
import os
import tempfile
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.design import elaborate
from ffp8.synth.engines import ENGINES, available, open_engine

E4M3 = Format.parse("e4m3fn")

#: Targets: the ratio of CXXRTL's rate to another engine's, and the least that it must be.
TARGETS = {"amaranth": 1000.0, "verilator": 1 / 1.5}

#: Vectors in a run: about a second, or what shows that it takes longer.
VECTORS = {"cxxrtl": 1 << 24, "verilator": 1 << 24, "amaranth": 1 << 12, "icarus": 1 << 15}


@dataclass(frozen=True)
class Rate:
    """One engine on one design.

    Attributes
    ----------
    seconds
        To open the engine: to translate and compile the design.
    rate
        Vectors a second.
    """

    stages: int
    engine: str
    version: str
    seconds: float
    rate: float


def processor_time() -> float:
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def measure(stages: int, engine: str, runs: int) -> Rate:
    """Time an engine on the multiplier with a number of pipeline stages."""
    design = elaborate(MultiplierConfig(a=E4M3, b=E4M3, out=E4M3, stages=stages))
    start = processor_time()
    simulation = open_engine(design, engine)
    seconds = processor_time() - start
    pairs = np.arange(VECTORS[engine])
    inputs = {"a": pairs.astype(np.uint8), "b": (pairs >> 8).astype(np.uint8)}
    times = []
    for _ in range(runs):
        start = processor_time()
        simulation.run(inputs)
        times.append(processor_time() - start)
    return Rate(stages, engine, simulation.version, seconds, len(pairs) / min(times))


def ratios(rates: list[Rate]) -> dict[str, float]:
    """How many times faster CXXRTL is than each other engine."""
    found = {rate.engine: rate.rate for rate in rates}
    return {name: found["cxxrtl"] / rate for name, rate in found.items() if name != "cxxrtl"}


def main() -> int:
    parser = argparse.ArgumentParser(description="Time the simulation engines.")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--runs", type=int, default=3, help="runs of each engine")
    args = parser.parse_args()
    names = [status.name for status in available() if status.problem is None]
    if "cxxrtl" not in names:
        parser.error("CXXRTL must run here: install a C++ compiler")
    results, missed = {}, []
    with tempfile.TemporaryDirectory(prefix="ffp8-") as cache:
        os.environ["FFP8_CACHE_DIR"] = cache
        for stages in (1, 0):
            rates = [measure(stages, name, args.runs) for name in ENGINES if name in names]
            results[stages] = rates
            missed += [
                f"CXXRTL must be {TARGETS[name]:.3g} times as fast as {name} with {stages} "
                f"stages, not {ratio:.3g} times"
                for name, ratio in ratios(rates).items()
                if ratio < TARGETS.get(name, 0)
            ]
    if args.json:
        print(json.dumps([asdict(rate) for rates in results.values() for rate in rates], indent=2))
    else:
        show(results)
    for text in missed:
        Console(stderr=True).print(text)
    return 1 if missed else 0


def show(results: dict[int, list[Rate]]) -> None:
    table = Table("stages", "engine", "compile, s", "vectors/s", "CXXRTL is", "version")
    for stages, rates in results.items():
        faster = ratios(rates)
        for rate in rates:
            ratio = f"{faster[rate.engine]:,.1f} x" if rate.engine in faster else ""
            columns = (f"{rate.seconds:.2f}", f"{rate.rate:,.0f}", ratio, rate.version)
            table.add_row(str(stages), rate.engine, *columns)
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
