import re
from collections import Counter
from pathlib import Path

import pytest

from ffp8.synth.cells import Area, read_cells
from ffp8.synth.devices import DEVICES, FAMILIES, Resource, find_device
from ffp8.synth.errors import ToolFailed


def test_all_devices_that_were_promised() -> None:
    assert list(DEVICES) == [
        "ice40-up5k",
        "ice40-hx8k",
        "ice40-lp8k",
        "ecp5-25k",
        "ecp5-85k",
        "gowin-gw1nr-9",
        "gowin-gw2a-18",
        "xc7",
    ]
    assert {name: find_device(name).name for name in DEVICES} == {name: name for name in DEVICES}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("ecp5-25", "; did you mean ecp5-25k?"),
        ("ice40_up5k", "; did you mean ice40-up5k?"),
        ("versal", ""),
    ],
)
def test_unknown_device_is_answered_with_the_nearest(wrong: str, hint: str) -> None:
    message = f"Device must be one of {', '.join(DEVICES)}, not {wrong!r}{hint}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find_device(wrong)


@pytest.mark.parametrize(
    ("device", "plain", "dsp"),
    [
        ("ice40-up5k", "synth_ice40 -device u", "synth_ice40 -dsp -device u"),
        ("ice40-hx8k", "synth_ice40", "synth_ice40 -dsp"),
        ("ecp5-85k", "synth_ecp5 -nodsp", "synth_ecp5"),
        (
            "gowin-gw2a-18",
            "synth_gowin -noiopads -nodsp -family gw2a",
            "synth_gowin -noiopads -family gw2a",
        ),
        (
            "xc7",
            "synth_xilinx -family xc7 -noiopad -noclkbuf -nosrl -flatten -nodsp",
            "synth_xilinx -family xc7 -noiopad -noclkbuf -nosrl -flatten",
        ),
    ],
)
def test_synthesis_command(device: str, plain: str, dsp: str) -> None:
    assert DEVICES[device].command(dsp=False) == plain
    assert DEVICES[device].command(dsp=True) == dsp


def test_a_whole_chip_has_pins() -> None:
    command = DEVICES["gowin-gw1nr-9"].command(dsp=False, pins=True)
    assert command == "synth_gowin -nodsp -family gw1n"


def test_both_sizes_of_ecp5_have_one_speed_grade() -> None:
    for name in ("ecp5-25k", "ecp5-85k"):
        arguments = DEVICES[name].arguments
        assert arguments[arguments.index("--speed") + 1] == "6"


CELLS = {
    "ice40": Counter(SB_LUT4=40, SB_CARRY=7, SB_DFF=3, SB_DFFESR=2, SB_MAC16=1, SB_RAM40_4K=1),
    "ecp5": Counter(
        LUT4=40, CCU2C=7, TRELLIS_FF=5, MULT18X18D=1, DP16KD=1, PFUMX=9, L6MUX21=4,
        TRELLIS_DPR16X4=2,
    ),
    "gowin": Counter(
        LUT1=10, LUT2=10, LUT3=10, LUT4=10, ALU=7, DFF=3, DFFRE=2, MULT9X9=1, SDPB=1, MUX2_LUT5=9
    ),
    "xc7": Counter(
        LUT1=10, LUT6=30, CARRY4=7, FDRE=3, FDSE=2, DSP48E1=1, RAMB18E1=1, MUXF7=4, INV=3
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_counts_the_same_resources(name: str) -> None:
    area = Area.of(CELLS[name], FAMILIES[name])
    equivalent = {"ecp5": 40 + 2 * 7 + 4 * 2, "gowin": 40 + 7}.get(name)
    assert area == Area(lut=40, ff=5, carry=7, dsp=1, bram=1, lut4_equivalent=equivalent)


def test_what_is_free_is_no_resource() -> None:
    assert FAMILIES["ecp5"].resource("PFUMX") is None
    assert FAMILIES["ice40"].resource("SB_LUT4") is Resource.LUT
    assert FAMILIES["ice40"].resource("XSB_LUT4X") is None


def test_areas_subtract() -> None:
    both = Area(lut=9, ff=8, carry=7, dsp=6, bram=5, lut4_equivalent=4)
    unit = Area(lut=1, ff=2, carry=3, dsp=4, bram=5, lut4_equivalent=6)
    less = Area(lut=8, ff=6, carry=4, dsp=2, bram=0, lut4_equivalent=-2)
    assert both - unit == less
    none = Area(lut=1, ff=2, carry=3, dsp=4, bram=5, lut4_equivalent=None)
    assert (both - none).lut4_equivalent is None


def test_cells_are_read_from_behind_other_text(tmp_path: Path) -> None:
    file = tmp_path / "stat.json"
    file.write_text('8. Printing.\n{"design": {"num_cells_by_type": {"$scopeinfo": 1, "LUT4": 3}}}')
    assert read_cells(file, tmp_path / "log") == {"LUT4": 3}


@pytest.mark.parametrize("text", ["", "no braces", "{", '{"design": {}}'])
def test_missing_cell_counts_are_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "stat.json").write_text(text)
    (tmp_path / "log").write_text("last words\n")
    with pytest.raises(ToolFailed, match=r"(?s)^Yosys gave no cell counts; .*last words$"):
        read_cells(tmp_path / "stat.json", tmp_path / "log")
