"""Which engine runs a design."""

from collections.abc import Sequence
from dataclasses import dataclass

from ffp8.synth.design import Design
from ffp8.synth.errors import MissingTool

from .amaranth_simulator import AmaranthEngine
from .cxxrtl import CxxrtlEngine
from .engine import Engine
from .icarus import IcarusEngine
from .verilator import VerilatorEngine

__all__ = ["ENGINES", "Status", "available", "open_engine", "open_engines"]

#: All engines, the preferred ones first.
ENGINES: dict[str, type[Engine]] = {
    engine.name: engine for engine in (CxxrtlEngine, AmaranthEngine, IcarusEngine, VerilatorEngine)
}


@dataclass(frozen=True)
class Status:
    """Whether an engine can run on this machine.

    Attributes
    ----------
    version
        Its tools, or None where they are missing.
    problem
        What is missing and how to get it, or None.
    """

    name: str
    version: str | None
    problem: str | None


def available() -> list[Status]:
    """All engines, and which can run here; the preferred ones first."""
    found = []
    for name, engine in ENGINES.items():
        try:
            found.append(Status(name, engine.tools(), None))
        except MissingTool as missing:
            found.append(Status(name, None, str(missing)))
    return found


def open_engine(design: Design, name: str | None = None) -> Engine:
    """Make a simulation of a design.

    Parameters
    ----------
    name
        An engine, or None for the first one that can run the design here.

    Raises
    ------
    ValueError
        If the engine is unknown, or cannot run designs of this kind.
    MissingTool
        If a tool of the engine's is missing; or of all engines', where none was named.
    """
    return open_engines([design], name)[0]


def open_engines(
    designs: Sequence[Design], name: str | None = None, *, jobs: int | None = None
) -> list[Engine]:
    """The same for many designs, which takes less time than one after the other.

    Parameters
    ----------
    jobs
        How many compilers run at once; None for as many as there are processors.
    """
    if name is not None and name not in ENGINES:
        raise ValueError(f"Engine must be one of {', '.join(ENGINES)}, not {name!r}")
    if not designs:
        return []
    return list(choose(designs, name).open_all(designs, jobs))


def choose(designs: Sequence[Design], name: str | None) -> type[Engine]:
    if name is not None:
        for design in designs:
            if reason := ENGINES[name].refusal(design):
                raise ValueError(f"Engine of {design.top} must not be {name}: {reason}")
        return ENGINES[name]
    problems = []
    for engine in ENGINES.values():
        refusals = [reason for design in designs if (reason := engine.refusal(design))]
        try:
            engine.tools()
        except MissingTool as missing:
            refusals.insert(0, str(missing))
        if not refusals:
            return engine
        problems.append(f"{engine.name}: {refusals[0]}")
    raise MissingTool(f"No engine can run {designs[0].top} here. " + ". ".join(problems))
