"""The generated Verilog, read back: what other tools will make of it."""

import tempfile
from dataclasses import replace
from pathlib import Path

from .design import Design
from .tools import Toolchain

__all__ = ["reread"]


def reread(design: Design, tools: Toolchain | None = None) -> Design:
    """The design that Yosys reads from a design's Verilog, with the same ports.

    Raises
    ------
    MissingTool
        If Yosys is not there.
    ToolFailed
        If it cannot read the Verilog.
    """
    tools = Toolchain.open() if tools is None else tools
    tools.check(["yosys"])
    with tempfile.TemporaryDirectory(prefix="ffp8-reread-") as folder:
        work = Path(folder)
        (work / "design.v").write_text(design.verilog)
        tools.yosys(
            f"read_verilog -nosynthesis design.v\n"
            f"hierarchy -check -top {design.top}\n"
            f"proc\nflatten\nopt_clean\n"
            f"setattr -mod -unset src -unset top\n"
            f"setattr -unset src\n"
            f"write_rtlil reread.il\n",
            work,
        )
        return replace(design, rtlil=(work / "reread.il").read_text(), config=None)
