"""Boards as data: which of a board's lights show what, and how to program it.

Pins come from the `amaranth-boards` package.
"""

import difflib
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from amaranth.build import Platform
from amaranth_boards.icebreaker import ICEBreakerPlatform
from amaranth_boards.orangecrab_r0_2 import OrangeCrabR0_2_25FPlatform
from amaranth_boards.tang_nano_9k import TangNano9kPlatform
from amaranth_boards.tinyfpga_bx import TinyFPGABXPlatform
from amaranth_boards.ulx3s import ULX3S_85F_Platform

from ffp8.synth.devices import find_device

__all__ = ["BOARDS", "Board", "Light", "Pin", "Show", "find_board"]


class Show(StrEnum):
    """What a light shows."""

    #: Blinks once a second after a match.
    MATCH = "match"
    #: Blinks once a second after a mismatch.
    MISMATCH = "mismatch"
    #: On while the self-test runs, and as long as the button is held.
    RUNNING = "running"
    #: Blinks once a second, whatever the self-test says.
    HEARTBEAT = "heartbeat"
    #: For boards of one light: on while running, blinks slowly after a match (once a second)
    #: and fast after a mismatch (eight times a second).
    VERDICT = "verdict"

    @property
    def meaning(self) -> str:
        return MEANINGS[self]


MEANINGS = {
    Show.MATCH: "blinks once a second: match",
    Show.MISMATCH: "blinks once a second: mismatch",
    Show.RUNNING: "on: the self-test runs",
    Show.HEARTBEAT: "blinks once a second: the clock is alive",
    Show.VERDICT: "blinks once a second: match; eight times a second: mismatch; on: runs",
}


@dataclass(frozen=True)
class Pin:
    """A pin by its name in the board's `amaranth-boards` platform.

    Attributes
    ----------
    resource, number
        The resource, as ``led`` 0.
    member
        The part of a resource of several pins, as ``r`` of an ``rgb_led``.
    """

    resource: str
    number: int = 0
    member: str = ""

    @property
    def name(self) -> str:
        part = f".{self.member}" if self.member else ""
        return f"{self.resource} {self.number}{part}"

    @property
    def pad(self) -> str:
        """The pin as an identifier."""
        return "_".join(filter(None, (self.resource, str(self.number), self.member)))


@dataclass(frozen=True)
class Light:
    """A light of a board.

    Attributes
    ----------
    label
        What a person sees: its colour, or its name on the board.
    """

    pin: Pin
    shows: Show
    label: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board that the self-test runs on.

    Attributes
    ----------
    name
        Its name on the command line.
    device
        Name of its FPGA among the devices of `ffp8.synth`, where only the chip matters.
    lights
        What its lights show.
    button
        The button that starts the self-test again, where there is one.
    button_label
        The button's name on the board.
    suffix
        The bitstream's file name extension.
    program
        The command that programs it; ``{file}`` is the bitstream.
    notes
        What else a person should know.
    dfu
        Vendor and product of the bootloader, where the file needs a DFU suffix.
    extra
        The optional part of ffp8 that its tools are in.
    """

    name: str
    title: str
    device: str
    platform: type[Platform]
    lights: tuple[Light, ...]
    button: Pin | None = None
    button_label: str = ""
    suffix: str
    program: str
    notes: str = ""
    dfu: tuple[int, int] | None = None
    extra: str | None = None

    @property
    def clock_mhz(self) -> float:
        """Frequency of the board's clock, which the unit runs at."""
        return float(self.platform().default_clk_frequency) / 1e6

    @property
    def family(self) -> str:
        """The tools' family: ice40, ecp5 or gowin."""
        return find_device(self.device).family.name

    @property
    def part(self) -> str:
        """The FPGA with its package, and speed grade where it has one."""
        platform: Any = self.platform
        if self.family == "gowin":
            return platform.part
        speed = f"-{platform.speed}" if self.family == "ecp5" else "-"
        return f"{platform.device}{speed}{platform.package}"

    def synthesis_options(self, *, dsp: bool) -> str:
        """Options of Yosys's command for the board's FPGA."""
        return find_device(self.device).command(dsp=dsp, pins=True).partition(" ")[2]

    def program_command(self, file: str) -> str:
        """The command that programs a bitstream."""
        return self.program.format(file=file)

    def to_json(self) -> dict[str, Any]:
        """The board in plain JSON values."""
        return {
            "name": self.name,
            "title": self.title,
            "device": self.device,
            "part": self.part,
            "clock_mhz": self.clock_mhz,
            "lights": {light.label: light.shows.meaning for light in self.lights},
            "button": self.button_label or None,
            "program": self.program,
            "notes": self.notes,
            "extra": self.extra,
        }


BOARDS: dict[str, Board] = {
    board.name: board
    for board in (
        Board(
            name="icebreaker",
            title="1BitSquared iCEBreaker (iCE40 UP5K)",
            device="ice40-up5k",
            platform=ICEBreakerPlatform,
            lights=(
                Light(Pin("led_g"), Show.MATCH, "green LED"),
                Light(Pin("led_r"), Show.MISMATCH, "red LED"),
            ),
            button=Pin("button"),
            button_label="UBUTTON",
            suffix="bin",
            program="iceprog {file}",
        ),
        Board(
            name="ulx3s-85f",
            title="Radiona ULX3S with LFE5U-85F",
            device="ecp5-85k",
            platform=ULX3S_85F_Platform,
            lights=(
                Light(Pin("led", 0), Show.MATCH, "LED 0"),
                Light(Pin("led", 1), Show.MISMATCH, "LED 1"),
                Light(Pin("led", 2), Show.RUNNING, "LED 2"),
                Light(Pin("led", 7), Show.HEARTBEAT, "LED 7"),
            ),
            button=Pin("button_fire", 0),
            button_label="FIRE1",
            suffix="bit",
            program="openFPGALoader -b ulx3s {file}",
            notes="fujprog programs it as well",
        ),
        Board(
            name="tinyfpga-bx",
            title="TinyFPGA BX (iCE40 LP8K)",
            device="ice40-lp8k",
            platform=TinyFPGABXPlatform,
            lights=(Light(Pin("led"), Show.VERDICT, "LED"),),
            suffix="bin",
            program="tinyprog -p {file}",
            notes="press the button first: it starts the bootloader, not the self-test",
        ),
        Board(
            name="orangecrab",
            title="OrangeCrab r0.2 (LFE5U-25F)",
            device="ecp5-25k",
            platform=OrangeCrabR0_2_25FPlatform,
            lights=(
                Light(Pin("rgb_led", 0, "g"), Show.MATCH, "RGB LED, green"),
                Light(Pin("rgb_led", 0, "r"), Show.MISMATCH, "RGB LED, red"),
                Light(Pin("rgb_led", 0, "b"), Show.RUNNING, "RGB LED, blue"),
            ),
            button=Pin("button"),
            button_label="BTN0",
            suffix="dfu",
            program="dfu-util -a 0 -D {file}",
            dfu=(0x1209, 0x5AF0),
            notes="hold BTN0 while plugging it in: that starts the bootloader",
        ),
        Board(
            name="tang-nano-9k",
            title="Sipeed Tang Nano 9k (GW1NR-9)",
            device="gowin-gw1nr-9",
            platform=TangNano9kPlatform,
            lights=(
                Light(Pin("led", 0), Show.MATCH, "LED 0"),
                Light(Pin("led", 1), Show.MISMATCH, "LED 1"),
                Light(Pin("led", 2), Show.RUNNING, "LED 2"),
                Light(Pin("led", 5), Show.HEARTBEAT, "LED 5"),
            ),
            suffix="fs",
            program="openFPGALoader -b tangnano9k {file}",
            notes="to start the self-test again, program it again; add -f to write its flash",
            extra="gowin",
        ),
    )
}


def find_board(name: str) -> Board:
    """The board of a name.

    Raises
    ------
    ValueError
        If there is no such board.
    """
    if name in BOARDS:
        return BOARDS[name]
    near = difflib.get_close_matches(name, BOARDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise ValueError(f"Board must be one of {', '.join(BOARDS)}, not {name!r}{hint}")
