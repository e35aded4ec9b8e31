"""A self-checking testbench in plain Verilog, and the simulators that run it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import jinja2
import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port
from ffp8.golden.schedule import Schedule

from .design import Design
from .engines.engine import pack
from .engines.icarus import find_icarus
from .engines.verilator import find_verilator
from .stimuli import Stimuli
from .verify import expected

__all__ = ["SIMULATORS", "Verdict", "run_testbench", "write_testbench"]

TESTBENCH, VECTORS, DESIGN = "testbench.v", "vectors.hex", "design.v"

TEMPLATE = Path(__file__).parent / "templates" / "testbench.v.j2"

VERILATOR_OPTIONS = ("--binary", "--timing", "-Wno-fatal", "--top-module", "testbench")

#: Mismatches that are described; all are counted.
SHOWN = 10

SIMULATORS = ("icarus", "verilator")


@dataclass(frozen=True)
class Field:
    """A port's place in a line of the vectors file, in whole hexadecimal digits."""

    port: Port
    place: int

    @property
    def name(self) -> str:
        return self.port.name

    @property
    def digits(self) -> int:
        return digits(self.port)

    @property
    def bits(self) -> str:
        return f"[{4 * self.place + self.port.width - 1}:{4 * self.place}]"

    @property
    def span(self) -> str:
        return f"[{self.port.width - 1}:0] " if self.port.width > 1 else ""


def digits(port: Port) -> int:
    return -(-port.width // 4)


def write_testbench(folder: Path, config: BlockConfig, design: Design, stimuli: Stimuli) -> None:
    """Write `testbench.v` and `vectors.hex`, to stand beside `design.v`.

    The testbench applies the stimuli, one set a cycle, and compares all outputs with golden
    in each cycle where they are defined. It prints PASS, or FAIL with the first mismatches,
    and has an exit status other than 0 then. Same arguments, same bytes.
    """
    results, _, schedule = expected(config, stimuli)
    # The last digit says whether outputs that are data are defined; others always are.
    defined = schedule.shown
    fields, place = [], 1
    for port in reversed(config.ports):
        fields.insert(0, Field(port, place))
        place += digits(port)
    with (folder / VECTORS).open("w") as file:
        file.write("// " + " ".join([*(field.name for field in fields), "defined"]) + "\n")
        file.writelines(vectors(fields, {**stimuli.inputs, **results}, defined))
    (folder / TESTBENCH).write_text(testbench(config, design, fields, schedule))


def vectors(
    fields: list[Field], values: dict[str, np.ndarray], defined: np.ndarray
) -> Iterator[str]:
    """Lines of the vectors file, a cycle each."""
    columns = [
        [f"{value:0{field.digits}x}" for value in pack(field.port, values[field.name])]
        for field in fields
    ]
    columns.append(["1" if known else "0" for known in defined])
    for row in zip(*columns, strict=True):
        yield "_".join(row) + "\n"


def testbench(config: BlockConfig, design: Design, fields: list[Field], schedule: Schedule) -> str:
    """The text of the testbench."""
    inputs, outputs = (
        [field for field in fields if field.port in ports]
        for ports in (config.inputs, config.outputs)
    )
    always = [field for field in outputs if field.name in schedule.control]
    data = [field for field in outputs if field not in always]
    template = jinja2.Template(
        TEMPLATE.read_text(), keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    return template.render(
        top=design.top,
        clock=design.clock or "tb_clock",
        names=[design.clock] * bool(design.clock) + [field.name for field in fields],
        inputs=inputs,
        outputs=outputs,
        checked=[("tb_vector[0] === 1'b1", data), ("1'b1", always)],
        given=", ".join(field.name for field in inputs),
        given_text=", ".join(f"{field.name} = %h" for field in inputs),
        width=4 * (1 + sum(field.digits for field in fields)),
        cycles=len(schedule.shown),
        defined=int(schedule.shown.sum()),
        shown=SHOWN,
        vectors=VECTORS,
        testbench=TESTBENCH,
        design=DESIGN,
        verilator=" ".join(["verilator", *VERILATOR_OPTIONS, TESTBENCH, DESIGN]),
    )


@dataclass(frozen=True)
class Verdict:
    """What a simulator says of a unit's folder.

    Attributes
    ----------
    simulator
        Name and version.
    passed
        Whether the testbench ran to its end and found no mismatch.
    log
        All that the simulator printed.
    """

    simulator: str
    passed: bool
    log: str

    @property
    def summary(self) -> str:
        """The testbench's last word."""
        words = [line for line in self.log.splitlines() if line.startswith(("PASS ", "FAIL "))]
        return words[-1] if words else "FAIL without a verdict"


def run_testbench(folder: Path, simulator: str) -> Verdict:
    """Run the testbench of a generated folder, which is left as it is.

    Raises
    ------
    ValueError
        If the simulator is unknown.
    MissingTool
        If it is not on the machine.
    """
    if simulator not in SIMULATORS:
        raise ValueError(f"Simulator must be {' or '.join(SIMULATORS)}, not {simulator!r}")
    sources = [TESTBENCH, DESIGN]
    if simulator == "icarus":
        version = find_icarus()
        commands = [["iverilog", "-g2012", "-o", "tb", *sources], ["vvp", "tb"]]
    else:
        command, version = find_verilator()
        build = [command, *VERILATOR_OPTIONS, "-Wno-lint", *sources]
        commands = [build, ["obj_dir/Vtestbench"]]
    log = ""
    with tempfile.TemporaryDirectory(prefix="ffp8-") as scratch:
        for name in (*sources, VECTORS):
            shutil.copyfile(folder / name, Path(scratch) / name)
        for words in commands:
            done = subprocess.run(
                words, cwd=scratch, capture_output=True, text=True, check=False, env=environment()
            )
            log += done.stdout + done.stderr
            if done.returncode:
                return Verdict(version, False, log)
    ended = Verdict(version, True, log)
    return replace(ended, passed=ended.summary.startswith("PASS "))


def environment() -> dict[str, str]:
    """The environment of simulators: Verilator's make must not think that make called it."""
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    return {name: value for name, value in os.environ.items() if name not in hidden}
