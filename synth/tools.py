"""One adapter for all synthesis, place and route, and packing tools."""

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .errors import MissingTool, ToolFailed
from .programs import NEXTPNR_GOWIN, PROGRAMS, TOOL_SETS, Tool

__all__ = ["Call", "Running", "Toolchain"]

PLACE_AND_ROUTE = {"ice40": "nextpnr-ice40", "ecp5": "nextpnr-ecp5", "gowin": NEXTPNR_GOWIN}
PACK = {"ice40": "icepack", "ecp5": "ecppack", "gowin": "gowin_pack"}


@dataclass(frozen=True)
class Call:
    """A tool's run that went well.

    Attributes
    ----------
    command
        What does the same in a shell, in the same folder.
    log
        What the tool said.
    seconds
        Wall time.
    """

    command: str
    log: Path
    seconds: float


class Running:
    """A tool at work. Call `finish` or `stop`."""

    def __init__(
        self,
        program: str,
        command: str,
        process: subprocess.Popen[bytes],
        said: Path,
        log: Path,
    ):
        self.program = program
        self.command = command
        self.log = log
        self._process = process
        self._said = said
        self._start = time.monotonic()

    def finish(self) -> Call:
        """Wait for the end.

        Raises
        ------
        ToolFailed
            If the tool's exit code is not 0.
        """
        try:
            code = self._process.wait()
        except BaseException:
            self.stop()
            raise
        seconds = time.monotonic() - self._start
        text = self._said.read_bytes()
        self._said.unlink()
        # A tool that was told to be quiet still says here why it stops.
        known = self.log.read_bytes() if self.log.exists() else b""
        if text.strip() not in known and (code or not known):
            with self.log.open("ab") as log:
                log.write(text)
        if code:
            raise ToolFailed(f"{self.program} failed with exit code {code}", self.log)
        self.log.touch()
        return Call(self.command, self.log, round(seconds, 3))

    def stop(self) -> None:
        """End the tool at once."""
        self._process.kill()
        self._process.wait()
        self._said.unlink(missing_ok=True)


def print_notice(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Toolchain:
    """The tools of one set.

    YoWASP's tools see a private /tmp, so names in arguments and scripts must be relative to
    the folder that a tool runs in.

    Parameters
    ----------
    name : :class:`str`
        ``yowasp`` (Python packages, the same on each machine), ``native`` (programs in PATH) or
        ``pyosys`` (Yosys as a native Python library, the rest as in ``yowasp``).
    notice
        Is told when a tool is prepared for this machine, which happens once and takes a while.

    Raises
    ------
    ValueError
        If there is no such set.
    """

    def __init__(self, name: str, notice: Callable[[str], None] = print_notice):
        if name not in TOOL_SETS:
            raise ValueError(f"Tools must be {', '.join(TOOL_SETS)}, not {name!r}")
        self.name = name
        self.notice = notice

    @classmethod
    def open(cls, name: str | None = None, notice: Callable[[str], None] = print_notice) -> Self:
        """The tool set of a name; without one, that of $FFP8_TOOLS, or YoWASP's."""
        return cls(name or os.environ.get("FFP8_TOOLS") or "yowasp", notice)

    def find(self, program: str) -> Tool | None:
        """A program as this set has it, or None."""
        return TOOL_SETS[self.name][0](PROGRAMS[program])

    def check(self, programs: Iterable[str]) -> None:
        """Make sure that programs are there.

        Raises
        ------
        MissingTool
            If some are not; it names all of them.
        """
        how_to_get = TOOL_SETS[self.name][1]
        missing = [name for name in dict.fromkeys(programs) if self.find(name) is None]
        if missing:
            ways = "; ".join(f"{name} ({how_to_get(PROGRAMS[name])})" for name in missing)
            raise MissingTool(f"Missing of the {self.name} tools: {ways}")

    def versions(self, programs: Iterable[str] | None = None) -> dict[str, str]:
        """Versions of programs, or of all that are there."""
        names = PROGRAMS if programs is None else programs
        if programs is not None:
            self.check(names := list(names))
        found = {name: self.find(name) for name in names}
        return {name: tool.version for name, tool in found.items() if tool is not None}

    @staticmethod
    def programs(family: str, *, route: bool = True, pack: bool = False) -> list[str]:
        """The programs that a device family needs."""
        names = ["yosys"]
        if route:
            names.append(PLACE_AND_ROUTE[family])
        if pack:
            names.append(PACK[family])
        return names

    def start(self, program: str, arguments: Sequence[str], cwd: Path, log: str) -> Running:
        """Start a program in a folder.

        Parameters
        ----------
        log
            The file in that folder that will hold what it says.

        Raises
        ------
        MissingTool
            If the program is not there.
        """
        self.check([program])
        tool = self.find(program)
        assert tool is not None
        if tool.unprepared:
            length = "about a minute" if program == "yosys" else "some seconds"
            self.notice(f"preparing {tool.shown} for this machine, once: {length}")
            tool.prepare()
        path = Path(cwd) / log
        path.unlink(missing_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="ffp8-said-")
        said = Path(name)
        try:
            process = subprocess.Popen(
                [*tool.argv, *arguments],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
            )
        except BaseException:
            said.unlink()
            raise
        finally:
            os.close(descriptor)
        return Running(program, f"{tool.shown} {shlex.join(arguments)}", process, said, path)

    def yosys(self, script: str, cwd: Path, log: str = "yosys.log") -> Call:
        """Run a Yosys script, which is left beside the log, with the ending .ys."""
        name = str(Path(log).with_suffix(".ys"))
        (Path(cwd) / name).write_text(script)
        return self.start("yosys", ["-q", "-l", log, name], cwd, log).finish()

    def start_place_and_route(
        self, family: str, arguments: Sequence[str], cwd: Path, log: str = "nextpnr.log"
    ) -> Running:
        """Start nextpnr for a device family; its arguments but for those about the log."""
        return self.start(PLACE_AND_ROUTE[family], ["-q", "-l", log, *arguments], cwd, log)

    def place_and_route(
        self, family: str, arguments: Sequence[str], cwd: Path, log: str = "nextpnr.log"
    ) -> Call:
        """Run nextpnr for a device family; its arguments but for those about the log."""
        return self.start_place_and_route(family, arguments, cwd, log).finish()

    def pack(self, family: str, arguments: Sequence[str], cwd: Path, log: str = "pack.log") -> Call:
        """Make a bitstream with the device family's packer."""
        return self.start(PACK[family], arguments, cwd, log).finish()
