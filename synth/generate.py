"""A generated folder: Verilog, manifest and self-checking testbench."""

import json
from pathlib import Path
from typing import Any

from ffp8.golden.block import BlockConfig

from .design import elaborate
from .devices import Device
from .folder import complete_folder
from .manifest import manifest
from .stimuli import cases, cycles
from .testbench import write_testbench

__all__ = ["MANIFEST", "generate", "write_design"]

MANIFEST = "design.json"


def generate(
    config: BlockConfig,
    folder: Path,
    *,
    device: Device | None = None,
    seed: int = 0,
    count: int | None = None,
) -> dict[str, Any]:
    """Write a unit's folder, all or nothing; its manifest.

    The same configuration and versions give the same bytes.

    Parameters
    ----------
    device
        What the Verilog is for: it may use cells of its family. Plain Verilog if absent.

    Raises
    ------
    ValueError
        If the folder holds other files, or cannot be written.
    """
    with complete_folder(folder, MANIFEST) as work:
        return write_design(config, work, device=device, seed=seed, count=count)


def write_design(
    config: BlockConfig,
    folder: Path,
    *,
    device: Device | None = None,
    seed: int = 0,
    count: int | None = None,
) -> dict[str, Any]:
    """Write `design.v`, `design.json` and the testbench with its vectors into a folder."""
    design = elaborate(config, device)
    described = manifest(config, design, device)
    (folder / "design.v").write_text(design.verilog)
    stimuli = cycles(config, cases(config, seed, count), seed)
    write_testbench(folder, config, design, stimuli)
    (folder / MANIFEST).write_text(json.dumps(described, indent=2) + "\n")
    return described
