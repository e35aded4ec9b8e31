"""Area: the cells of a netlist, counted by what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .devices import Family, Resource
from .errors import ToolFailed

__all__ = ["Area", "read_cells"]


@dataclass(frozen=True, kw_only=True)
class Area:
    """Resources of a netlist.

    Attributes
    ----------
    lut4_equivalent
        4-input LUTs with those that carry chains and small memories take the place of; None
        where the family has no such measure.
    """

    lut: int
    ff: int
    carry: int
    dsp: int
    bram: int
    lut4_equivalent: int | None

    @classmethod
    def of(cls, cells: Mapping[str, int], family: Family) -> Self:
        """The area of cells, given by type."""
        totals = dict.fromkeys(Resource, 0)
        for cell, count in cells.items():
            resource = family.resource(cell)
            if resource is not None:
                totals[resource] += count
        lut4 = None
        if family.lut4 is not None:
            lut4 = sum(family.lut4.get(cell, 0) * count for cell, count in cells.items())
        return cls(
            lut=totals[Resource.LUT],
            ff=totals[Resource.FF],
            carry=totals[Resource.CARRY],
            dsp=totals[Resource.DSP],
            bram=totals[Resource.BRAM],
            lut4_equivalent=lut4,
        )

    def __sub__(self, other: "Area") -> "Area":
        equivalent = None
        if self.lut4_equivalent is not None and other.lut4_equivalent is not None:
            equivalent = self.lut4_equivalent - other.lut4_equivalent
        return Area(
            lut=self.lut - other.lut,
            ff=self.ff - other.ff,
            carry=self.carry - other.carry,
            dsp=self.dsp - other.dsp,
            bram=self.bram - other.bram,
            lut4_equivalent=equivalent,
        )

    def to_json(self) -> dict[str, int | None]:
        return dict(vars(self))


def read_cells(statistics: Path, log: Path) -> dict[str, int]:
    """The cells by type in a file that Yosys's `stat -json` wrote.

    Raises
    ------
    ToolFailed
        If they are not there.
    """
    text = statistics.read_text() if statistics.exists() else ""
    try:
        # Yosys prints other things before.
        counts = json.loads(text[text.index("{") :])["design"]["num_cells_by_type"]
    except (ValueError, KeyError):
        raise ToolFailed("Yosys gave no cell counts", log) from None
    # Names with a dollar are notes of Yosys's own, not cells of the device.
    return {name: count for name, count in sorted(counts.items()) if not name.startswith("$")}
