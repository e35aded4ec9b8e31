"""The machine's C++ compiler, for simulations that are compiled to shared libraries."""

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from ffp8.synth.errors import MissingTool

from . import cache

__all__ = ["Compiler", "Prelude", "find_compiler"]

HOW_TO_GET = (
    "No C++ compiler was found; install one (Debian: apt install g++; macOS: xcode-select "
    "--install; anywhere: pip install ziglang), or name one in the environment variable CXX"
)

#: Hidden symbols can be inlined; only the driver's functions are marked as visible.
FLAGS = ("-std=c++17", "-O1", "-fPIC", "-fvisibility=hidden", "-DNDEBUG")


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
    """

    command: tuple[str, ...]
    version: str
    gcc: bool

    def library(self, text: str, prelude: Prelude) -> Path:
        """Compile a program to a shared library, or find it in the cache.

        Raises
        ------
        RuntimeError
            If the program does not compile.
        """
        parts = (text, prelude.text, prelude.version, self.version, *FLAGS)
        return cache.make(
            f"libraries/{cache.digest(parts)}.so", lambda path: self._compile(text, prelude, path)
        )

    def _compile(self, text: str, prelude: Prelude, path: Path) -> None:
        source = path.with_suffix(".cc")
        source.write_text(text)
        header = self._header(prelude)
        folders = [f"-I{folder}" for folder in prelude.folders]
        self._run(*folders, "-include", header, "-shared", source, "-o", path)

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
        parts = (prelude.text, prelude.version, *places, self.version, *FLAGS)
        return cache.make(f"preludes/{cache.digest(parts)}", write) / "prelude.h"

    def _run(self, *arguments: object) -> None:
        command = [*self.command, *FLAGS, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"C++ compilation failed ({shlex.join(command)}): {done.stderr.strip()[-2000:]}"
            )


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
    return Compiler(command, f"g++ {first.split()[-1]}" if gcc else first, gcc)
