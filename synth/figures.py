"""A report's results as rows of figures, for tables and charts alike."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .report import Report, check_comparable
from .synthesis import NO_TIMING

__all__ = ["AreaRow", "TimingRow", "area_rows", "register_name", "timing_rows", "verdict"]

RESOURCES = ("lut", "carry", "ff", "dsp", "bram", "lut4_equivalent")


@dataclass(frozen=True)
class AreaRow:
    """What a unit takes up on a device: counts by resource, None where there is no such count."""

    label: str
    counts: dict[str, int | None]


@dataclass(frozen=True)
class TimingRow:
    """A unit's speed on a device.

    Attributes
    ----------
    seeds
        Fmax in MHz by seed.
    start, end
        Registers at the ends of the critical path, whose delays are in ns.
    note
        What to know of it; the reason, where there is no timing.
    """

    label: str
    target: float
    seeds: dict[str, float]
    median: float | None
    start: str
    end: str
    logic: float
    routing: float
    steps: int
    note: str

    @property
    def lowest(self) -> float:
        return min(self.seeds.values())

    @property
    def highest(self) -> float:
        return max(self.seeds.values())


def labelled(reports: Sequence[Report]) -> list[tuple[str, Mapping[str, Any]]]:
    """All synthesis records, with the words that tell them apart.

    Results of several reports stand together by device: that is what people compare.
    """
    check_comparable(reports)
    devices: list[str] = []
    found: list[tuple[str, Mapping[str, Any]]] = []
    for report in reports:
        for record in report.synthesis:
            words = [record["device"]["name"]]
            if words[0] not in devices:
                devices.append(words[0])
            if len(reports) > 1:
                words.insert(0, report.title)
            if record["dsp_allowed"]:
                words.append("with DSP")
            found.append((", ".join(words), record))
    return sorted(found, key=lambda entry: devices.index(entry[1]["device"]["name"]))


def area_rows(reports: Sequence[Report]) -> list[AreaRow]:
    """The area of each result."""
    return [
        AreaRow(label, {name: record["area"][name] for name in RESOURCES})
        for label, record in labelled(reports)
    ]


def timing_rows(reports: Sequence[Report]) -> list[TimingRow]:
    """The speed of each result that was timed, or that cannot be."""
    rows = []
    for label, record in labelled(reports):
        timing = record["timing"]
        target = record["target_mhz"]
        if timing is None:
            continue
        if timing == NO_TIMING:
            rows.append(TimingRow(label, target, {}, None, "", "", 0, 0, 0, NO_TIMING))
            continue
        fmax, path = timing["fmax_mhz"], timing["critical_path_ns"]
        rows.append(
            TimingRow(
                label=label,
                target=target,
                seeds=dict(fmax["per_seed"]),
                median=fmax["median"],
                start=register_name(path["start"]),
                end=register_name(path["end"]),
                logic=path["logic"],
                routing=path["routing"],
                steps=path["steps"],
                note=timing["note"],
            )
        )
    return rows


def register_name(cell: str) -> str:
    """A register's name from that of its flip-flop, which tools lengthen.

    Registers of the harness are called after the port that they feed or capture.
    """
    name = re.sub(r"_(TRELLIS_FF|SB_DFF[A-Z]*|DFF[A-Z]*)_Q(_.*)?$", "", cell)
    name = re.sub(r"^in_", "input ", name)
    name = re.sub(r"^out_", "output ", name)
    return name.removeprefix("unit.")


def verdict(reports: Sequence[Report]) -> bool | None:
    """Whether all that was compared with golden equals it; None if nothing was."""
    passed = [record["passed"] for report in reports for record in report.verification]
    return all(passed) if passed else None
