"""Synthesis of a unit out of context: its area, and its speed between registers."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .cells import Area, read_cells
from .convert import without_collisions
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
        What the harness added to the unit's area, in the netlist that was timed.
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
    registers around it. Speed is measured by place and route of that netlist in a harness
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
    job = Job(tools, design, device, dsp=dsp, timing=timing)
    with work_folder(folder) as work:
        (work / "unit.il").write_text(without_collisions(design.rtlil))
        (work / "harness.v").write_text(harness_verilog(design))
        netlist = job.synthesise(work)
        progress("synthesis")
        commands = [netlist.command]
        measured = None
        if timing:
            measured = job.measure(
                netlist, work,
                frequency=frequency, seeds=seeds, progress=progress, commands=commands,
            )  # fmt: skip
    return Synthesis(
        top=design.top,
        sha256=design.hash,
        device=device,
        dsp=dsp,
        frequency=frequency,
        seeds=tuple(seeds) if timing else (),
        tools=tools.name,
        versions=versions,
        cells=netlist.cells,
        area=netlist.area,
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


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A unit after synthesis.

    Attributes
    ----------
    name
        Yosys's JSON file of the unit in its harness; it is there if timing was asked for.
    cells, area
        Of the unit alone.
    harness
        Area that the harness adds.
    command
        What made it.
    """

    name: str
    cells: dict[str, int]
    area: Area
    harness: Area
    command: str


class Job:
    """A synthesis with all that was asked for."""

    def __init__(
        self, tools: Toolchain, design: Design, device: Device, *, dsp: bool, timing: bool
    ):
        self.tools = tools
        self.design = design
        self.device = device
        self.dsp = dsp
        self.timing = timing

    def synthesise(self, work: Path, option: str = "") -> Netlist:
        """Synthesise the unit, and put the cells found into the harness as they are.

        So the netlist that is timed is the one that is counted.
        """
        name = f"synthesis{option}"
        call = self.tools.yosys(self.script(name, option), work, f"{name}.log")
        family = self.device.family
        cells = read_cells(work / f"{name}.area.json", call.log)
        area = Area.of(cells, family)
        both = area
        if self.timing:
            both = Area.of(read_cells(work / f"{name}.harness_area.json", call.log), family)
        return Netlist(
            name=f"{name}.json",
            cells=cells,
            area=area,
            harness=both - area,
            command=call.command,
        )

    def script(self, name: str, option: str) -> str:
        """Yosys's script from the unit to the netlists' files, called after a name."""
        top = self.design.top
        unit = (
            f"read_rtlil unit.il\n"
            f"hierarchy -check -top {top}\n"
            f"proc\nflatten\nopt_clean\n"
            f"{self.device.command(dsp=self.dsp)} {option} -top {top}\n"
            f"tee -q -o {name}.area.json stat -json\n"
        )
        if not self.timing:
            return unit
        return unit + (
            f"design -stash unit\n"
            f"read_rtlil unit.il\n"
            f"blackbox {top}\n"
            f"read_verilog harness.v\n"
            f"{self.device.command(dsp=self.dsp, pins=True)} -top {HARNESS}\n"
            f"delete {top}\n"
            f"design -copy-from unit {top}\n"
            f"hierarchy -check -top {HARNESS}\n"
            f"flatten\nopt_clean\n"
            f"tee -q -o {name}.harness_area.json stat -json\n"
            f"write_json {name}.json\n"
        )

    def measure(
        self,
        netlist: Netlist,
        work: Path,
        *,
        frequency: float,
        seeds: Sequence[int],
        progress: Callable[[str], None],
        commands: list[str],
    ) -> Timing:
        """Time a netlist, or one that can be timed; commands are added to a list."""
        constraints: tuple[str, ...] = ()
        if self.device.pins:
            lines = [f'IO_LOC "{name}" {pin};\n' for name, pin in self.device.pins.items()]
            (work / "pins.cst").write_text("".join(lines))
            constraints = ("--vopt", "cst=pins.cst")

        def route(netlist: Netlist) -> Fmax:
            calls = place_and_route(
                self.tools, self.device, netlist.name,
                frequency=frequency, seeds=seeds, constraints=constraints,
                folder=work, progress=progress,
            )  # fmt: skip
            commands.extend(calls[seed].command for seed in seeds)
            return read_fmax(work, seeds)

        note = ""
        try:
            fmax = route(netlist)
        except NoClockedPath:
            option = self.device.family.timing_fallback
            if not option:
                raise
            progress(f"again with {option}: nextpnr finds no path")
            netlist = self.synthesise(work, option)
            commands.append(netlist.command)
            note = (
                f"of a netlist made with {option}, of {netlist.area.lut} LUT: "
                f"nextpnr finds no path in the usual one"
            )
            fmax = route(netlist)
        return Timing(
            fmax=fmax,
            critical_path=read_critical_path(work, fmax.typical_seed),
            harness=netlist.harness,
            note=note,
        )
