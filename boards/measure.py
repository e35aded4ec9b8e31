"""Measure the default self-test on each board: ``python -m ffp8.boards.measure``."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import wiring

from ffp8.golden.block import BlockConfig
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.hw.ports import members
from ffp8.synth.errors import MissingTool

from .board import BOARDS, Board
from .build import Bitstream, build_bitstream
from .exerciser import Exerciser

__all__ = ["CONFIG", "HEADER", "Placeholder", "main", "measure", "row"]

E4M3 = Format.parse("e4m3fn")
CONFIG = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3)

HEADER = (
    "| board | cells used | of | Fmax MHz, median (range) | clock MHz | file | bytes | seconds |\n"
    "|---|---|---|---|---|---|---|---|"
)

SEEDS = range(1, 6)


class Placeholder(wiring.Component):
    """Next to nothing in a unit's place, to see what all else costs: a ^ b, registered."""

    a: Any
    b: Any
    out: Any

    def __init__(self, config: BlockConfig):
        super().__init__(members(config))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.d.sync += Value.cast(self.out).eq(Value.cast(self.a) ^ Value.cast(self.b))
        return m


def measure(
    board: Board, folder: Path, seeds: range = SEEDS, *, unit: bool = True
) -> list[Bitstream]:
    """Build the default unit's self-test for a board, once with each seed.

    Parameters
    ----------
    unit
        Whether the unit is in it, or a `Placeholder`.
    """

    def exerciser() -> Exerciser:
        return Exerciser(CONFIG, unit=None if unit else Placeholder(CONFIG))

    return [
        build_bitstream(
            board, CONFIG, folder / f"{board.name}-{seed}-{unit}", exerciser=exerciser(), seed=seed
        )
        for seed in seeds
    ]


def row(built: list[Bitstream]) -> str:
    """A line of the table; all figures but Fmax are those of the first seed."""
    first = built[0]
    fmax = sorted(bitstream.fmax_mhz for bitstream in built)
    speed = f"{fmax[len(fmax) // 2]:.1f} ({fmax[0]:.1f} to {fmax[-1]:.1f})"
    cells = f"{first.cells.used} | {first.cells.available} {first.cells.kind}"
    return (
        f"| `{first.board}` | {cells} | {speed} | {first.clock_mhz:g} | {first.file} "
        f"| {first.size:,} | {sum(first.seconds.values()):.1f} |"
    )


def table(folder: Path, *, unit: bool) -> Iterator[str]:
    yield HEADER
    for board in BOARDS.values():
        try:
            yield row(measure(board, folder, unit=unit))
        except MissingTool as missing:
            yield f"| `{board.name}` | {missing} |"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ffp8-boards-") as folder:
        for unit in (True, False):
            print("The unit:" if unit else "\nAll but the unit:", end="\n\n")
            for line in table(Path(folder), unit=unit):
                print(line, flush=True)


if __name__ == "__main__":
    main()
