"""Gates: a unit as the cells of a device family, in a form that a simulator runs."""

import tempfile
from dataclasses import replace
from pathlib import Path

from .design import Design
from .devices import DEVICES, FAMILIES, Device, find_device
from .errors import ToolFailed
from .tools import Toolchain

__all__ = ["gates"]


def gates(
    design: Design,
    device: Device | str,
    *,
    dsp: bool = False,
    tools: Toolchain | str | None = None,
) -> Design:
    """The netlist of a design after synthesis, as a design with the same ports.

    The cells are those of `synthesise` for the device. Each is replaced by Yosys's simulation
    model of it, so that nothing but what each simulator knows remains.

    Parameters
    ----------
    device
        A device, its name, or the name of a family (whose first device is taken).
    dsp
        Allow multiplier blocks.
    tools
        Tools, or the name of a set; $FFP8_TOOLS or YoWASP's if absent.

    Raises
    ------
    ValueError
        If there is no such device.
    MissingTool
        If Yosys is not there.
    ToolFailed
        If synthesis fails, or a cell has no simulation model.
    """
    device = resolve(device) if isinstance(device, str) else device
    if not isinstance(tools, Toolchain):
        tools = Toolchain.open(tools)
    tools.check(["yosys"])
    with tempfile.TemporaryDirectory(prefix="ffp8-gates-") as folder:
        work = Path(folder)
        (work / "unit.il").write_text(design.rtlil)
        try:
            tools.yosys(script(design, device, dsp=dsp), work, "gates.log")
        except ToolFailed as error:
            kept = Path(tempfile.mkdtemp(prefix="ffp8-gates-")) / "gates.log"
            kept.write_bytes(error.log.read_bytes())
            raise ToolFailed("Yosys made no gates that can be simulated", kept) from None
        text = (work / "gates.il").read_text()
    return replace(design, rtlil=text, config=None)


def resolve(name: str) -> Device:
    """The device of a name, or a family's first."""
    # Errors speak of devices: that is what people choose.
    from_family = (device for device in DEVICES.values() if device.family.name == name)
    return next(from_family) if name in FAMILIES else find_device(name)


def script(design: Design, device: Device, *, dsp: bool) -> str:
    """Yosys's script from ``unit.il`` to ``gates.il``."""
    top = design.top
    return (
        f"read_rtlil unit.il\n"
        f"hierarchy -check -top {top}\n"
        f"proc\nflatten\nopt_clean\n"
        f"{device.command(dsp=dsp)} -top {top}\n"
        f"delete t:$scopeinfo\n"
        # Verilog leaves the cells' empty shells behind, in whose place the models come.
        f"write_verilog -noattr cells.v\n"
        f"design -reset\n"
        # Without -defer all models are elaborated with their defaults, which takes a minute.
        f"read_verilog -defer -nooverwrite {device.family.models}\n"
        f"read_verilog cells.v\n"
        f"hierarchy -check -top {top}\n"
        f"proc\nflatten\n"
        f"delete t:$scopeinfo\n"
        f"opt -full\nopt_clean -purge\n"
        # Models have vectors of which each bit is computed at another time: as nets of one bit
        # they are computed once a cycle, and compiled in a third of the time.
        f"splitcells\nsplitnets\nopt_clean -purge\n"
        f"hierarchy -check -top {top} -purge_lib\n"
        f"select -assert-none t:* t:$* %d\n"
        f"select -clear\n"
        f"setattr -mod -unset src -unset top\n"
        f"setattr -unset src\n"
        f"write_rtlil gates.il\n"
    )
