"""Synthesis of a unit out of context: its area, and its speed between registers."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .cells import Area, read_cells
from .design import Design
from .devices import Device, find_device
from .errors import ToolFailed
from .harness import HARNESS, harness_verilog
from .timing import (
    CriticalPath,
    Fmax,
    NoClockedPath,
    place_and_route,
    read_critical_path,
    read_fmax,
)
from .tools import Toolchain

__all__ = ["NO_TIMING", "SCHEMA_VERSION", "Synthesis", "Timing", "synthesise"]

#: Version of the JSON of a synthesis.
SCHEMA_VERSION = 1

#: What stands in place of the timing of a device that is a technology only.
NO_TIMING = "n/a: technology only"

DEFAULT_SEEDS = (1, 2, 3)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A unit's speed, measured between the harness's registers.

    Attributes
    ----------
    harness
        What the harness added to the unit's area: that of both less that of the unit.
    note
        What to know of this figure; empty if nothing.
    """

    fmax: Fmax
    critical_path: CriticalPath
    harness: Area
    note: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "fmax_mhz": self.fmax.to_json(),
            "critical_path_ns": self.critical_path.to_json(),
            "harness": self.harness.to_json(),
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What a unit costs on a device.

    Attributes
    ----------
    top, sha256
        The design's module, and the hash of its RTLIL.
    dsp
        Whether multiplier blocks were allowed.
    frequency
        What place and route aimed at, in MHz.
    seeds
        Of place and route.
    tools, versions
        The tool set, and the version of each tool used.
    cells
        The unit's cells by type, without harness and pins.
    timing
        None for a device that is a technology only, or where it was not asked for.
    commands
        What the tools were told, in order, in a folder with the files that they name.
    seconds
        Wall time.
    """

    top: str
    sha256: str
    device: Device
    dsp: bool
    frequency: float
    seeds: tuple[int, ...]
    tools: str
    versions: dict[str, str]
    cells: dict[str, int]
    area: Area
    timing: Timing | None
    commands: tuple[str, ...]
    seconds: float

    def to_json(self) -> dict[str, object]:
        timing: object = self.timing.to_json() if self.timing is not None else None
        return {
            "schema_version": SCHEMA_VERSION,
            "top": self.top,
            "sha256": self.sha256,
            "device": self.device.to_json(),
            "dsp_allowed": self.dsp,
            "target_mhz": self.frequency,
            "seeds": list(self.seeds),
            "tools": {"set": self.tools, "versions": self.versions},
            "area": self.area.to_json(),
            "cells": self.cells,
            "timing": timing if self.device.family.routed else NO_TIMING,
            "commands": list(self.commands),
            "seconds": self.seconds,
        }


def synthesise(
    design: Design,
    device: Device | str,
    *,
    frequency: float = 100.0,
    seeds: Sequence[int] = DEFAULT_SEEDS,
    dsp: bool = False,
    timing: bool = True,
    tools: Toolchain | str | None = None,
    folder: Path | str | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> Synthesis:
    """Measure a unit's area and speed on a device.

    Area is of the bare unit: its ports are ports of the netlist, with no pin buffers and no
    registers around it. Speed is measured by place and route of the unit in a harness
    (`harness_verilog`), once a seed.

    Parameters
    ----------
    device
        A device or its name.
    frequency
        What place and route aims at, in MHz.
    dsp
        Allow multiplier blocks.
    timing
        Place and route; without it, area only.
    tools
        Tools, or the name of a set; $FFP8_TOOLS or YoWASP's if absent.
    folder
        Where to leave all files and logs; they are removed if absent, unless a tool fails.
    progress
        Is told of each step that is done.

    Raises
    ------
    ValueError
        If the device is unknown, the frequency not positive, or seeds are missing or doubled.
    MissingTool
        If a tool is not there.
    ToolFailed
        If a tool fails, or a figure is missing in what it wrote.
    """
    start = time.monotonic()
    device = find_device(device) if isinstance(device, str) else device
    if frequency <= 0:
        raise ValueError(f"Frequency must be above 0 MHz, not {frequency:g}")
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise ValueError(f"Seeds must be different numbers from 0, not {list(seeds)}")
    timing = timing and device.family.routed
    if not isinstance(tools, Toolchain):
        tools = Toolchain.open(tools)
    programs = tools.programs(device.family.name, route=timing)
    versions = tools.versions(programs)
    with work_folder(folder) as work:
        (work / "unit.il").write_text(design.rtlil)
        cells, commands = count_cells(tools, design, device, work, dsp=dsp)
        area = Area.of(cells, device.family)
        progress("area")
        measured = None
        if timing:
            measured, calls = measure_timing(
                tools, design, device, area, work,
                dsp=dsp, frequency=frequency, seeds=seeds, progress=progress,
            )  # fmt: skip
            commands += calls
    return Synthesis(
        top=design.top,
        sha256=design.hash,
        device=device,
        dsp=dsp,
        frequency=frequency,
        seeds=tuple(seeds) if timing else (),
        tools=tools.name,
        versions=versions,
        cells=cells,
        area=area,
        timing=measured,
        commands=tuple(commands),
        seconds=round(time.monotonic() - start, 1),
    )


@contextmanager
def work_folder(folder: Path | str | None) -> Iterator[Path]:
    """A folder to work in: the one given, or one that goes when the work has gone well."""
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        yield Path(folder)
        return
    work = Path(tempfile.mkdtemp(prefix="ffp8-synthesis-"))
    try:
        yield work
    except ToolFailed:
        # The error names a log in there.
        raise
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    shutil.rmtree(work, ignore_errors=True)


def count_cells(
    tools: Toolchain, design: Design, device: Device, work: Path, *, dsp: bool
) -> tuple[dict[str, int], list[str]]:
    """Cells of the bare unit, and the commands that gave them."""
    call = tools.yosys(
        f"read_rtlil unit.il\n"
        f"hierarchy -check -top {design.top}\n"
        f"proc\nflatten\nopt_clean\n"
        f"{device.command(dsp=dsp)} -top {design.top}\n"
        f"tee -q -o area.json stat -json\n",
        work,
        "area.log",
    )
    return read_cells(work / "area.json", call.log), [call.command]


def measure_timing(
    tools: Toolchain,
    design: Design,
    device: Device,
    area: Area,
    work: Path,
    *,
    dsp: bool,
    frequency: float,
    seeds: Sequence[int],
    progress: Callable[[str], None],
) -> tuple[Timing, list[str]]:
    """Timing of the unit in its harness, and the commands that gave it."""
    (work / "harness.v").write_text(harness_verilog(design))
    constraints: tuple[str, ...] = ()
    if device.pins:
        lines = [f'IO_LOC "{name}" {pin};\n' for name, pin in device.pins.items()]
        (work / "pins.cst").write_text("".join(lines))
        constraints = ("--vopt", "cst=pins.cst")
    commands: list[str] = []

    def attempt(option: str) -> tuple[Fmax, Area]:
        name = f"harness{option}"
        call = tools.yosys(
            f"read_rtlil unit.il\n"
            f"read_verilog harness.v\n"
            f"hierarchy -check -top {HARNESS}\n"
            f"proc\nflatten\nopt_clean\n"
            f"{device.command(dsp=dsp, pins=True)} {option} -top {HARNESS} -json {name}.json\n"
            f"tee -q -o {name}_area.json stat -json\n",
            work,
            f"{name}.log",
        )
        progress("synthesis in the harness")
        calls = place_and_route(
            tools, device, f"{name}.json",
            frequency=frequency, seeds=seeds, constraints=constraints,
            folder=work, progress=progress,
        )  # fmt: skip
        commands.extend([call.command, *(calls[seed].command for seed in seeds)])
        both = Area.of(read_cells(work / f"{name}_area.json", call.log), device.family)
        return read_fmax(work, seeds), both

    fallback = device.family.timing_fallback
    note = ""
    try:
        fmax, both = attempt("")
    except NoClockedPath:
        if not fallback:
            raise
        note = f"of a netlist made with {fallback}: nextpnr finds no path in the usual one"
        progress(f"again with {fallback}: nextpnr finds no path")
        fmax, both = attempt(fallback)
    found = Timing(
        fmax=fmax,
        critical_path=read_critical_path(work, fmax.typical_seed),
        harness=both - area,
        note=note,
    )
    return found, commands
