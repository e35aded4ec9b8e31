"""The machine's C++ compiler, for simulations that are compiled to shared libraries."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from ffp8.synth.errors import MissingTool

from . import cache

__all__ = ["PLACEHOLDER", "Compiler", "Prelude", "Program", "find_compiler"]

HOW_TO_GET = (
    "No C++ compiler was found; install one (Debian: apt install g++; macOS: xcode-select "
    "--install; anywhere: pip install ziglang), or name one in the environment variable CXX"
)

#: Hidden symbols can be inlined; only the driver's functions are marked as visible.
FLAGS = ("-std=c++17", "-O2", "-fPIC", "-fvisibility=hidden", "-DNDEBUG")

#: What stands for a program's name in its text.
PLACEHOLDER = "FFP8_NAME"


@dataclass(frozen=True)
class Prelude:
    """What programs of a kind begin with.

    Attributes
    ----------
    text
        C++ declarations and includes.
    folders
        Where included files are looked for.
    version
        What the included files' contents go with.
    """

    text: str
    folders: tuple[Path, ...]
    version: str


@dataclass(frozen=True)
class Program:
    """C++ whose global names contain `name`, so that programs can be joined."""

    name: str
    text: str

    @classmethod
    def of(cls, text: str) -> "Program":
        """Give a name to a program that is written with `PLACEHOLDER` instead."""
        name = "ffp8_" + cache.digest([text])
        return cls(name, text.replace(PLACEHOLDER, name))


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler.

    Attributes
    ----------
    command
        Its first words on the command line.
    version
        Its name and version.
    gcc
        Whether it is GCC. Only GCC's precompiled headers can be moved, and so be kept.
    flags
        What it is always called with.
    """

    command: tuple[str, ...]
    version: str
    gcc: bool
    flags: tuple[str, ...] = FLAGS

    def libraries(self, programs: Sequence[Program], prelude: Prelude) -> list[Path]:
        """A shared library with each program, compiled or from the cache.

        Programs that are not in the cache are compiled together: they share most of the time
        that the compiler takes.

        Raises
        ------
        ToolFailed
            If a program does not compile.
        """
        names = [
            "libraries/"
            + cache.digest((program.text, prelude.text, prelude.version, self.version, *self.flags))
            + ".so"
            for program in programs
        ]
        missing = {
            name: program.text
            for name, program in zip(names, programs, strict=True)
            if not (cache.folder() / name).exists()
        }
        if missing:
            self._compile(missing, prelude)
        return [cache.folder() / name for name in names]

    def _compile(self, programs: dict[str, str], prelude: Prelude) -> None:
        header = self._header(prelude)
        with tempfile.TemporaryDirectory(prefix="ffp8-") as scratch:
            source, library = Path(scratch) / "all.cc", Path(scratch) / "all.so"
            source.write_text("\n".join(programs.values()))
            self.compile(source, library, prelude.folders, header=header)
            for name in programs:
                cache.make(name, lambda path: shutil.copyfile(library, path))

    def compile(
        self,
        source: Path,
        result: Path,
        folders: Sequence[Path],
        *,
        header: Path | None = None,
        objects: Sequence[Path] = (),
    ) -> None:
        """Compile a file to a shared library, or to an object file if the result is named so.

        Parameters
        ----------
        folders
            Where included files are looked for.
        header
            What is included before the file's text.
        objects
            Object files that become part of the library.

        Raises
        ------
        ToolFailed
            If it does not compile.
        """
        include = [] if header is None else ["-include", header]
        kind = "-c" if result.suffix == ".o" else "-shared"
        places = [f"-I{folder}" for folder in folders]
        self._run(*places, *include, kind, source, *objects, "-o", result)

    def _header(self, prelude: Prelude) -> Path:
        """The prelude as a file, precompiled where that works."""

        def write(folder: Path) -> None:
            folder.mkdir()
            header = folder / "prelude.h"
            header.write_text(prelude.text)
            if self.gcc:
                folders = [f"-I{folder}" for folder in prelude.folders]
                self._run(*folders, "-x", "c++-header", header, "-o", f"{header}.gch")

        places = [str(folder) for folder in prelude.folders]
        parts = (prelude.text, prelude.version, *places, self.version, *self.flags)
        return cache.make(f"preludes/{cache.digest(parts)}", write) / "prelude.h"

    def _run(self, *arguments: object) -> None:
        command = [*self.command, *self.flags, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
            raise cache.failure("C++ compilation failed", said)


def find_compiler() -> Compiler:
    """The compiler: $CXX, c++, g++ or clang++, or that of the package ziglang.

    Raises
    ------
    MissingTool
        If there is none, or $CXX is no command.
    """
    if chosen := os.environ.get("CXX"):
        command = tuple(shlex.split(chosen))
        if not command or shutil.which(command[0]) is None:
            raise MissingTool(
                f"The C++ compiler that the environment variable CXX names was not found: "
                f"{chosen!r}; name another one, or unset it"
            )
        return describe(command)
    for name in ("c++", "g++", "clang++"):
        if path := shutil.which(name):
            return describe((path,))
    if importlib.util.find_spec("ziglang"):
        return describe((sys.executable, "-m", "ziglang", "c++"))
    raise MissingTool(HOW_TO_GET)


@remember
def describe(command: tuple[str, ...]) -> Compiler:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        raise MissingTool(f"The C++ compiler does not run: {shlex.join(command)} --version")
    first = done.stdout.splitlines()[0]
    gcc = "Free Software Foundation" in done.stdout
    if gcc:
        version = f"g++ {first.split()[-1]}"
    else:
        version = f"ziglang, {first}" if "ziglang" in command else first
    return Compiler(command, version, gcc)
