"""What hardware is built for: cells of one device family, or none in particular."""

from dataclasses import dataclass
from typing import Any, Self

__all__ = ["PORTABLE", "Target"]


@dataclass(frozen=True)
class Target:
    """What a component's `elaborate` is given as its platform, to use cells of a device family.

    Attributes
    ----------
    family
        `ecp5`; other families have no cells that are used by name, and neither has "".
    models
        Put logic that does the same in place of such cells, for simulators.
    """

    family: str = ""
    models: bool = False

    @classmethod
    def of(cls, platform: Any) -> Self:
        """The target that a platform is: one of these, or one of Amaranth's."""
        if isinstance(platform, cls):
            return platform
        ecp5 = str(getattr(platform, "device", "")).upper().startswith("LFE5U")
        return cls("ecp5" if ecp5 else "")

    @property
    def carry_cells(self) -> bool:
        """Whether adders are made of carry cells, with logic in front of each bit."""
        return self.family == "ecp5"

    @property
    def multiplier_cells(self) -> bool:
        """Whether multiplier blocks are used by name; there is plain logic in place of models."""
        return self.family == "ecp5" and not self.models


#: Plain logic, for any device.
PORTABLE = Target()
