"""Verification: a unit's outputs against golden's, in every cycle."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port
from ffp8.golden.schedule import Schedule
from ffp8.hw.blocks import BLOCKS

from .design import Design, elaborate
from .devices import Device
from .engines import open_engine
from .netlist import gates
from .reread import reread
from .stimuli import Stimuli, cases, cycles
from .tools import Toolchain

__all__ = [
    "Mismatch",
    "Verification",
    "expected",
    "verify",
    "verify_gates",
    "verify_verilog",
    "write_waveforms",
]

#: Mismatches that a record describes; all are counted.
SHOWN = 5

#: Cases that golden computes at once: its arrays of them fit into the processor's caches, which
#: is four times as fast as from memory.
AT_ONCE = 2**12

#: Cycles in waveforms, before and from the one of interest.
SHOWN_BEFORE, SHOWN_AFTER = 16, 16


@dataclass(frozen=True)
class Mismatch:
    """A cycle in which an output is not what golden says."""

    cycle: int
    port: str
    inputs: dict[str, str]
    expected: str
    got: str

    def __str__(self) -> str:
        given = ", ".join(f"{name} = {value}" for name, value in self.inputs.items())
        return f"cycle {self.cycle}: {given}: {self.port} must be {self.expected}, not {self.got}"


@dataclass(frozen=True)
class Verification:
    """What was compared with golden, and the outcome.

    Attributes
    ----------
    what
        What was simulated: the design, its Verilog read back, or the gates of a device.
    options
        What asks for that on the command line.
    cases
        Sets of operands.
    exhaustive
        Whether these were all there are.
    cycles
        Clock cycles compared, stalls included.
    mismatches
        Cycles and ports that differed.
    """

    config: BlockConfig
    what: str
    options: tuple[str, ...]
    engine: str
    engine_version: str
    design_sha256: str
    cases: int
    exhaustive: bool
    cycles: int
    stalls: int
    seed: int
    mismatches: int
    first: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        return self.mismatches == 0

    @property
    def summary(self) -> str:
        """The outcome in a line."""
        covered = "all" if self.exhaustive else f"seed {self.seed},"
        outcome = "equal to golden" if self.passed else f"{self.mismatches:,} mismatches"
        return f"{self.engine}: {covered} {self.cases:,} cases, {outcome}"

    @property
    def arguments(self) -> list[str]:
        """The command that does the same again."""
        return [
            "ffp8", "verify", self.config.block, *self.config.arguments,
            *self.options, "--engine", self.engine, "--seed", str(self.seed),
        ]  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return {
            "block": self.config.block,
            "configuration": self.config.to_json(),
            "what": self.what,
            "engine": self.engine,
            "engine_version": self.engine_version,
            "design_sha256": self.design_sha256,
            "cases": self.cases,
            "exhaustive": self.exhaustive,
            "cycles": self.cycles,
            "stalls": self.stalls,
            "seed": self.seed,
            "mismatches": self.mismatches,
            "first_mismatches": [str(mismatch) for mismatch in self.first],
            "passed": self.passed,
            "command": self.arguments,
        }


def expected(
    config: BlockConfig, stimuli: Stimuli
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Schedule]:
    """What golden says of stimuli that are one set of inputs a cycle.

    Returns
    -------
    What each output port is in each cycle, in which cycles that is defined, and the schedule.
    """
    schedule = config.schedule(stimuli.inputs)
    operands = {port.name: stimuli.inputs[port.name][schedule.taken] for port in config.operands}
    results = golden_results(config, operands, schedule.starts)
    always = np.ones(len(stimuli), bool)
    defined = {
        port.name: always if port.name in schedule.control else schedule.shown
        for port in config.outputs
    }
    return schedule.show(results), defined, schedule


def golden_results(
    config: BlockConfig, operands: dict[str, np.ndarray], starts: Sequence[int]
) -> dict[str, np.ndarray]:
    """Golden's outputs, anew from each start on.

    Some cases are computed at a time where these do not depend on each other.
    """
    golden = BLOCKS[config.block].golden
    count = len(next(iter(operands.values())))
    if not config.has_state:
        starts = range(0, max(count, 1), AT_ONCE)
    parts = [
        golden(config, **{name: codes[start:end] for name, codes in operands.items()})
        for start, end in pairwise([*starts, count])
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def verify(
    config: BlockConfig,
    *,
    device: Device | None = None,
    design: Design | None = None,
    what: str = "design",
    options: tuple[str, ...] = (),
    engine: str | None = None,
    seed: int = 0,
    count: int | None = None,
) -> Verification:
    """Compare a unit with golden in every cycle.

    Parameters
    ----------
    device
        What the hardware is made for; for none in particular if absent.
    design
        What to simulate; the configuration's own hardware if absent.
    what, options
        How records call it, and how the command line does.
    engine
        Name of a simulation engine; the fastest one here if absent.
    count
        Number of random cases, instead of all combinations.

    Raises
    ------
    MissingTool
        If the engine cannot run here.
    """
    design = elaborate(config, device, models=True) if design is None else design
    if device is not None:
        options = (*options, "--device", device.name)
    simulation = open_engine(design, engine)
    chosen = cases(config, seed, count)
    stimuli = cycles(config, chosen, seed)
    want, defined, schedule = expected(config, stimuli)
    got = simulation.run(stimuli.inputs)
    found: list[tuple[int, Port]] = []
    for port in config.outputs:
        differs = got[port.name] != want[port.name]
        if differs.ndim > 1:
            differs = differs.any(axis=1)
        found += [(int(cycle), port) for cycle in np.flatnonzero(differs & defined[port.name])]
    found.sort(key=lambda item: item[0])
    return Verification(
        config=config,
        what=what,
        options=options,
        engine=simulation.name,
        engine_version=simulation.version,
        design_sha256=hashlib.sha256(design.rtlil.encode()).hexdigest(),
        cases=len(chosen),
        exhaustive=chosen.exhaustive,
        cycles=len(stimuli),
        stalls=int((~schedule.advance).sum()),
        seed=seed,
        mismatches=len(found),
        first=tuple(
            describe(
                config,
                stimuli,
                schedule,
                cycle,
                port,
                want=want[port.name][cycle],
                got=got[port.name][cycle],
            )
            for cycle, port in found[:SHOWN]
        ),
    )


def write_waveforms(
    config: BlockConfig, path: Path, *, cycle: int = 0, seed: int = 0, count: int | None = None
) -> None:
    """Write waveforms of the cycles around one, in Amaranth's simulator, as VCD.

    Parameters
    ----------
    cycle, seed, count
        A cycle of the verification with this seed and count.
    """
    stimuli = cycles(config, cases(config, seed, count), seed)
    schedule = config.schedule(stimuli.inputs)
    before = min(cycle - SHOWN_BEFORE, source_of(schedule, cycle))
    shown = slice(schedule.beginning(before), cycle + SHOWN_AFTER)
    simulation = open_engine(elaborate(config), "amaranth")
    simulation.run({name: codes[shown] for name, codes in stimuli.inputs.items()}, vcd=path)


def source_of(schedule: Schedule, cycle: int) -> int:
    """The cycle whose operands the outputs of one belong to; itself where they are not data."""
    return schedule.source(cycle) if schedule.shown[cycle] else cycle


def verify_verilog(
    config: BlockConfig,
    *,
    device: Device | None = None,
    tools: Toolchain | None = None,
    engine: str | None = None,
    seed: int = 0,
    count: int | None = None,
) -> Verification:
    """Compare the generated Verilog, as Yosys reads it, with golden; see `verify`."""
    return verify(
        config,
        device=device,
        design=reread(elaborate(config, device), tools),
        what="Verilog",
        options=("--verilog",),
        engine=engine,
        seed=seed,
        count=count,
    )


def verify_gates(
    config: BlockConfig,
    device: Device,
    *,
    tools: Toolchain | None = None,
    engine: str | None = None,
    seed: int = 0,
    count: int | None = None,
) -> Verification:
    """Compare the gates that synthesis makes for a device with golden; see `verify`."""
    return verify(
        config,
        design=gates(elaborate(config, device), device, tools=tools),
        what=f"gates {device.name}",
        options=("--gates", device.name),
        engine=engine,
        seed=seed,
        count=count,
    )


def describe(
    config: BlockConfig,
    stimuli: Stimuli,
    schedule: Schedule,
    cycle: int,
    port: Port,
    *,
    want: Any,
    got: Any,
) -> Mismatch:
    """Say what went in and what came out, as codes and values."""
    source = source_of(schedule, cycle)

    def text(shown: Port, codes: Any) -> str:
        return ", ".join(shown.describe(int(code)) for code in np.atleast_1d(codes))

    return Mismatch(
        cycle=cycle,
        port=port.name,
        inputs={p.name: text(p, stimuli.inputs[p.name][source]) for p in config.operands},
        expected=text(port, want),
        got=text(port, got),
    )
