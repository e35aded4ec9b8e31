"""Timing: place and route over seeds, and the critical path."""

import json
import statistics
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .devices import Device
from .errors import ToolFailed
from .tools import Call, Running, Toolchain

__all__ = [
    "CriticalPath",
    "Fmax",
    "NoClockedPath",
    "place_and_route",
    "read_critical_path",
    "read_fmax",
]

#: Processes at a time: a place and route takes some hundred megabytes.
AT_ONCE = 2


class NoClockedPath(ToolFailed):
    """Nextpnr found no path from flip-flop to flip-flop."""


@dataclass(frozen=True, kw_only=True)
class Fmax:
    """Highest clock frequencies after routing, in MHz, by seed."""

    per_seed: dict[int, float]

    @property
    def median(self) -> float:
        return round(statistics.median(self.per_seed.values()), 2)

    @property
    def minimum(self) -> float:
        return min(self.per_seed.values())

    @property
    def maximum(self) -> float:
        return max(self.per_seed.values())

    @property
    def typical_seed(self) -> int:
        """The seed nearest to the median."""
        return min(self.per_seed, key=lambda seed: (abs(self.per_seed[seed] - self.median), seed))

    def to_json(self) -> dict[str, object]:
        return {
            "median": self.median,
            "min": self.minimum,
            "max": self.maximum,
            "per_seed": {str(seed): value for seed, value in self.per_seed.items()},
        }


@dataclass(frozen=True, kw_only=True)
class CriticalPath:
    """The slowest path from flip-flop to flip-flop.

    Attributes
    ----------
    start, end
        Cells of the first and the last flip-flop.
    delay, logic, routing
        In ns; the first is the sum of the others.
    steps
        Cells of logic on the way.
    seed
        The run that it was found in.
    """

    start: str
    end: str
    delay: float
    logic: float
    routing: float
    steps: int
    seed: int

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def place_and_route(
    tools: Toolchain,
    device: Device,
    netlist: str,
    *,
    frequency: float,
    seeds: Sequence[int],
    constraints: Sequence[str] = (),
    folder: Path,
    progress: Callable[[str], None] = lambda text: None,
) -> dict[int, Call]:
    """Place and route a netlist once a seed, two at a time.

    The report of each seed is then in ``seedN.json`` in the folder, and the log in
    ``seedN.log``.

    Parameters
    ----------
    netlist
        Yosys's JSON file in the folder.
    frequency
        What to aim at, in MHz. To miss it is no failure.
    constraints
        Further arguments.
    """
    waiting = deque(seeds)
    running: deque[tuple[int, Running]] = deque()
    calls = {}
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                seed = waiting.popleft()
                arguments = [
                    *device.arguments, *constraints, "--json", netlist, "--report",
                    f"seed{seed}.json", "--freq", f"{frequency:g}", "--seed", str(seed),
                    "--timing-allow-fail",
                ]  # fmt: skip
                started = tools.start_place_and_route(
                    device.family.name, arguments, folder, f"seed{seed}.log"
                )
                running.append((seed, started))
            seed, oldest = running[0]
            calls[seed] = oldest.finish()
            running.popleft()
            progress(f"place and route, {len(calls)} of {len(seeds)} seeds")
    finally:
        for _, other in running:
            other.stop()
    return calls


def read_report(folder: Path, seed: int) -> Mapping[str, Any]:
    report, log = folder / f"seed{seed}.json", folder / f"seed{seed}.log"
    try:
        return json.loads(report.read_text())
    except (OSError, ValueError):
        raise ToolFailed("nextpnr left no report", log) from None


def read_fmax(folder: Path, seeds: Sequence[int]) -> Fmax:
    """Fmax of each seed, of the slowest clock where there are several.

    Raises
    ------
    NoClockedPath
        If nextpnr found none.
    """
    found = {}
    for seed in seeds:
        clocks = read_report(folder, seed).get("fmax", {})
        values = [clock["achieved"] for clock in clocks.values()]
        if not values:
            raise NoClockedPath("nextpnr found no clocked path", folder / f"seed{seed}.log")
        found[seed] = round(min(values), 2)
    return Fmax(per_seed=found)


def read_critical_path(folder: Path, seed: int) -> CriticalPath:
    """The slowest path within a clock domain.

    Raises
    ------
    ToolFailed
        If nextpnr reports none.
    """
    paths = [
        entry["path"]
        for entry in read_report(folder, seed).get("critical_paths", [])
        if entry["from"] == entry["to"] and entry["path"]
    ]
    if not paths:
        raise ToolFailed("nextpnr reports no critical path", folder / f"seed{seed}.log")
    path = max(paths, key=lambda segments: sum(segment["delay"] for segment in segments))
    routing = sum(segment["delay"] for segment in path if segment["type"] == "routing")
    total = sum(segment["delay"] for segment in path)
    return CriticalPath(
        start=path[0]["from"]["cell"],
        end=path[-1]["to"]["cell"],
        delay=round(total, 3),
        logic=round(total - routing, 3),
        routing=round(routing, 3),
        steps=sum(segment["type"] == "logic" for segment in path),
        seed=seed,
    )
