"""The block formats that people know by name, each with its source, and the parser of names."""

import difflib
import re
from dataclasses import dataclass
from functools import cache

from .block_format import BlockFormat, ScaleRule
from .formats import Format, fixed_point

__all__ = ["BLOCK_FORMATS", "BlockEntry", "name_of", "parse"]

OCP_MX = "OCP Microscaling Formats (MX) Specification v1.0"
NVIDIA = "NVIDIA 2025, Pretraining Large Language Models with NVFP4, arXiv 2509.25149"


@dataclass(frozen=True)
class BlockEntry:
    """A named block format."""

    name: str
    format: BlockFormat
    source: str


def mx(element: Format) -> BlockFormat:
    """A format of OCP MX: 32 elements with a scale E8M0."""
    return BlockFormat(element=element, length=32, scale=Format.parse("e8m0fnu"))


BLOCK_FORMATS: tuple[BlockEntry, ...] = (
    BlockEntry("mxfp8_e4m3", mx(Format.parse("e4m3fn")), OCP_MX),
    BlockEntry("mxfp8_e5m2", mx(Format.parse("e5m2")), OCP_MX),
    BlockEntry("mxfp6_e2m3", mx(Format.parse("e2m3fn")), OCP_MX),
    BlockEntry("mxfp6_e3m2", mx(Format.parse("e3m2fn")), OCP_MX),
    BlockEntry("mxfp4", mx(Format.parse("e2m1fn")), OCP_MX),
    BlockEntry("mxint8", mx(fixed_point(2, 6)), OCP_MX + ", 8-bit integers in units of 2^-6"),
    BlockEntry(
        "nvfp4",
        BlockFormat(
            element=Format.parse("e2m1fn"),
            length=16,
            scale=Format.parse("e4m3fn"),
            rule=ScaleRule.QUOTIENT,
            tensor=Format.parse("float32"),
        ),
        NVIDIA,
    ),
)

BY_NAME = {entry.name: entry.format for entry in BLOCK_FORMATS}

SPELLING = re.compile(
    rf"(?P<element>.+)_x(?P<length>\d+)_(?P<scale>.+?)(?:_(?P<rule>{'|'.join(ScaleRule)}))?"
    r"(?P<symmetric>_symmetric)?(?:_by_(?P<tensor>.+))?"
)
LONGER = re.compile(r"(.+)_x(\d+)")


def name_of(block: BlockFormat) -> str:
    """The name that the catalogue has for a block format, with its length if that is not the
    catalogue's; or its spelling."""
    for name, known in BY_NAME.items():
        if known == block:
            return name
        if known.replace(length=block.length) == block:
            return f"{name}_x{block.length}"
    return block.spelling


@cache
def parse(text: str) -> BlockFormat:
    """Make the block format that a text names; see `BlockFormat.parse`."""
    name = text.strip().lower()
    if name in BY_NAME:
        return BY_NAME[name]
    if match := SPELLING.fullmatch(name):
        scale = Format.parse(match["scale"])
        usual = ScaleRule.QUOTIENT if scale.fraction else ScaleRule.FLOOR
        return BlockFormat(
            element=Format.parse(match["element"]),
            length=int(match["length"]),
            scale=scale,
            rule=ScaleRule(match["rule"]) if match["rule"] else usual,
            symmetric=match["symmetric"] is not None,
            tensor=None if match["tensor"] is None else Format.parse(match["tensor"]),
        )
    if (match := LONGER.fullmatch(name)) and match[1] in BY_NAME:
        return BY_NAME[match[1]].replace(length=int(match[2]))
    nearest = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=0.4)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(
        "Block format must be one of the catalogue, as mxfp8_e4m3 or mxfp4_x16, or like "
        f"e2m1fn_x32_e8m0fnu_floor, not {text!r}{hint}"
    )
