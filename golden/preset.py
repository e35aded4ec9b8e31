"""Presets: named values of a block's options, which others may depend on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Preset"]


@dataclass(frozen=True)
class Preset:
    """Values of options under a name.

    Attributes
    ----------
    meaning
        What they make, in a line.
    options
        The values, as `BlockConfig.from_json` takes them. It is given the options that were
        chosen besides, which come before its own.
    """

    meaning: str
    options: Callable[[Mapping[str, Any]], Mapping[str, Any]]
