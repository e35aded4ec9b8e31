"""Devices: what to tell the tools, and which cells of a family are what."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["DEVICES", "FAMILIES", "Device", "Family", "Resource", "find_device"]


class Resource(StrEnum):
    """What a report counts."""

    LUT = "lut"
    FF = "ff"
    CARRY = "carry"
    DSP = "dsp"
    BRAM = "bram"


@dataclass(frozen=True, kw_only=True)
class Family:
    """Devices with the same cells.

    Attributes
    ----------
    name
        What the tools adapter knows it by; `xc7` has no place and route.
    title
        What people call it.
    synthesis
        Yosys's command for a unit by itself: no pin buffers.
    pins
        What to take out of that command for a whole chip, which has pins.
    without_dsp, with_dsp
        Options that keep multiplications in LUTs, or let them use multiplier blocks.
    cells
        What counts as which resource: a regular expression for the cell's type.
    lut4
        How many 4-input LUTs each cell takes the place of, with its carry chain; None where
        LUTs have 6 inputs, or where that is only known after placement.
    timing_fallback
        Option of the synthesis command for a second netlist, to time where nextpnr finds no
        path in the first; empty for none.
    models
        Yosys's simulation models of the cells.
    note
        What to know about the figures.
    """

    name: str
    title: str
    synthesis: str
    pins: str = ""
    without_dsp: str = ""
    with_dsp: str = ""
    cells: Mapping[Resource, str]
    lut4: Mapping[str, int] | None = None
    timing_fallback: str = ""
    models: str
    note: str

    @property
    def routed(self) -> bool:
        """Whether the tools can place and route it."""
        return self.name != "xc7"

    def command(self, *, dsp: bool, pins: bool = False) -> str:
        """Yosys's command, but for the top's name and options of the device."""
        words = self.synthesis.replace(self.pins, "") if pins and self.pins else self.synthesis
        return " ".join(f"{words} {self.with_dsp if dsp else self.without_dsp}".split())

    def resource(self, cell: str) -> Resource | None:
        """What a type of cell counts as; None for what is free beside a LUT."""
        found = (what for what, pattern in self.cells.items() if re.fullmatch(pattern, cell))
        return next(found, None)


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="ice40",
            title="Lattice iCE40",
            synthesis="synth_ice40",
            with_dsp="-dsp",
            cells={
                Resource.LUT: "SB_LUT4",
                Resource.FF: "SB_DFF.*",
                Resource.CARRY: "SB_CARRY",
                Resource.DSP: "SB_MAC16",
                Resource.BRAM: "SB_RAM40_4K.*|SB_SPRAM256KA",
            },
            models="+/ice40/cells_sim.v",
            note="a carry cell lies beside a LUT, but not beside each: placement decides how many "
            "logic cells there are",
        ),
        Family(
            name="ecp5",
            title="Lattice ECP5",
            synthesis="synth_ecp5",
            without_dsp="-nodsp",
            cells={
                Resource.LUT: "LUT4",
                Resource.FF: "TRELLIS_FF",
                Resource.CARRY: "CCU2C",
                Resource.DSP: "MULT(9X9|18X18)D|ALU(24|54)B",
                Resource.BRAM: "DP16KD|PDPW16KD",
            },
            lut4={"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4},
            models="+/lattice/cells_sim_ecp5.v",
            note="LUT4-eq is LUT4 + 2 CCU2C + 4 TRELLIS_DPR16X4; PFUMX and L6MUX21 are free",
        ),
        Family(
            name="gowin",
            title="Gowin",
            synthesis="synth_gowin -noiopads",
            pins="-noiopads",
            without_dsp="-nodsp",
            cells={
                Resource.LUT: "LUT[1-4]",
                Resource.FF: "DFF.*",
                Resource.CARRY: "ALU",
                Resource.DSP: "MULT.*|PADD.*|ALU54D",
                Resource.BRAM: "(SP|DP|SDP|pROM|rPROM)(X9)?B?",
            },
            lut4={"LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "ALU": 1, "RAM16SDP4": 4},
            timing_fallback="-noalu",
            models="+/gowin/cells_sim.v",
            note="LUT4-eq is LUT1 to LUT4 + ALU + 4 RAM16SDP4; MUX2_LUT5 to MUX2_LUT8 are free",
        ),
        Family(
            name="xc7",
            title="Xilinx 7 series",
            # Shift registers in LUTs would hide pipeline registers from the count.
            synthesis="synth_xilinx -family xc7 -noiopad -noclkbuf -nosrl -flatten",
            pins="-noiopad -noclkbuf",
            without_dsp="-nodsp",
            cells={
                Resource.LUT: "LUT[1-6]",
                Resource.FF: "FD[RSCP]E.*",
                Resource.CARRY: "CARRY4",
                Resource.DSP: "DSP48E1",
                Resource.BRAM: "RAMB(18|36)E1",
            },
            models="+/xilinx/cells_sim.v",
            note="LUT1 to LUT6 count as one each; MUXF7, MUXF8 and inverters are free",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device to synthesise for.

    Attributes
    ----------
    name
        What people type.
    part
        The part and package, or what it is.
    synthesis
        Options of the family's synthesis command for this device.
    arguments
        What tells nextpnr the device.
    packing
        What tells the packer the device.
    pins
        Constraints that put a clock and two more pins where they can be, with the names
        `clock`, `serial_in` and `serial_out`; empty where the tools choose.
    note
        Speed grade and the like.
    """

    name: str
    family: Family
    part: str
    synthesis: str = ""
    arguments: tuple[str, ...] = ()
    packing: tuple[str, ...] = ()
    pins: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def command(self, *, dsp: bool, pins: bool = False) -> str:
        """Yosys's command for this device, but for the top's name."""
        return " ".join(f"{self.family.command(dsp=dsp, pins=pins)} {self.synthesis}".split())

    def to_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "family": self.family.name,
            "family_title": self.family.title,
            "part": self.part,
            "note": self.note,
            "figures": self.family.note,
        }


SPEED_6 = "speed grade 6, the slowest, as on most boards"

DEVICES = {
    device.name: device
    for device in (
        Device(
            name="ice40-up5k",
            family=FAMILIES["ice40"],
            part="iCE40UP5K-SG48",
            synthesis="-device u",
            arguments=("--up5k", "--package", "sg48"),
            note="low power: about a third of the speed of the HX devices",
        ),
        Device(
            name="ice40-hx8k",
            family=FAMILIES["ice40"],
            part="iCE40HX8K-CT256",
            arguments=("--hx8k", "--package", "ct256"),
        ),
        Device(
            name="ice40-lp8k",
            family=FAMILIES["ice40"],
            part="iCE40LP8K-CM81",
            synthesis="-device lp",
            arguments=("--lp8k", "--package", "cm81"),
            note="as on the TinyFPGA BX",
        ),
        Device(
            name="ecp5-25k",
            family=FAMILIES["ecp5"],
            part="LFE5U-25F-6BG381C",
            arguments=("--25k", "--package", "CABGA381", "--speed", "6"),
            note=SPEED_6,
        ),
        Device(
            name="ecp5-85k",
            family=FAMILIES["ecp5"],
            part="LFE5U-85F-6BG381C",
            arguments=("--85k", "--package", "CABGA381", "--speed", "6"),
            note=SPEED_6,
        ),
        Device(
            name="gowin-gw1nr-9",
            family=FAMILIES["gowin"],
            part="GW1NR-LV9QN88PC6/I5",
            synthesis="-family gw1n",
            arguments=("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
            packing=("-d", "GW1N-9C"),
            pins={"clock": "52", "serial_in": "3", "serial_out": "10"},
            note="as on the Tang Nano 9k; needs ffp8[gowin]",
        ),
        Device(
            name="gowin-gw2a-18",
            family=FAMILIES["gowin"],
            part="GW2A-LV18PG256C8/I7",
            synthesis="-family gw2a",
            arguments=("--device", "GW2A-LV18PG256C8/I7", "--vopt", "family=GW2A-18"),
            packing=("-d", "GW2A-18"),
            pins={"clock": "H11", "serial_in": "T3", "serial_out": "C13"},
            note="as on the Tang Primer 20k; needs ffp8[gowin]",
        ),
        Device(
            name="xc7",
            family=FAMILIES["xc7"],
            part="any Xilinx 7 series device",
            note="technology only: LUT counts, no timing",
        ),
    )
}


def find_device(name: str) -> Device:
    """The device of a name.

    Raises
    ------
    ValueError
        If there is none; it names those that there are, and the nearest.
    """
    if name in DEVICES:
        return DEVICES[name]
    nearest = difflib.get_close_matches(name, DEVICES, n=1, cutoff=0.5)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"Device must be one of {', '.join(DEVICES)}, not {name!r}{hint}")
