"""Show the known formats, or all about one."""

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.block_format import BlockFormat
from ffp8.golden.catalogue import CATALOGUE, aliases
from ffp8.golden.formats import Format
from ffp8.golden.scalar_format import ScalarFormat

from .output import print_json, show, table
from .parser import Parser, UsageError


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    parser.add_argument("name", nargs="?", help="a format, such as e4m3fn, s1e4m3b7 or mxfp4")
    parser.add_argument("--codes", action="store_true", help="list all codes (up to 16 bits)")


def run(args: argparse.Namespace) -> int:
    if args.name is None:
        if args.codes:
            raise UsageError("Option --codes must come with a format's name")
        return show_catalogue(args)
    fmt = find_format(args.name)
    if isinstance(fmt, BlockFormat):
        if args.codes:
            raise UsageError(f"Option --codes must be of a format of one number, not {fmt}")
        show_facts(f"Block format {fmt}", describe_block(fmt), as_json=args.json)
        return 0
    if args.codes and fmt.width > 16:
        raise UsageError(f"Option --codes must be of a format up to 16 bits, not {fmt.width}")
    facts = describe(fmt)
    values = fmt.unpack(fmt.codes).to_texts() if args.codes else []
    if args.codes:
        facts["codes"] = {f"0x{code:0{digits(fmt)}x}": value for code, value in enumerate(values)}
    if args.json:
        print_json(facts)
        return 0
    show_facts(f"Format {fmt}", facts, as_json=False)
    if args.codes:
        codes = table("Codes", "code", "bits", "value", right=("value",))
        for code, value in enumerate(values):
            codes.add_row(f"0x{code:0{digits(fmt)}x}", f"{code:0{fmt.width}b}", value)
        show(codes)
    return 0


def find_format(name: str) -> ScalarFormat | BlockFormat:
    """The format of one number, or of a block of them, that a text names.

    Raises
    ------
    UsageError
        If there is none of either kind.
    """
    try:
        return BlockFormat.parse(name)
    except ValueError as error:
        problem = error
    try:
        return ScalarFormat.parse(name)
    except (TypeError, ValueError) as error:
        names = [entry.name for entry in BLOCK_FORMATS]
        like_a_block = "_x" in name or difflib.get_close_matches(name.lower(), names, n=1)
        raise UsageError(str(problem if like_a_block else error)) from None


def show_facts(title: str, facts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(facts)
        return
    listed = table(title, "property", "value")
    for name, value in facts.items():
        if name != "codes":
            listed.add_row(name.replace("_", " "), word(value))
    show(listed)


def show_catalogue(args: argparse.Namespace) -> int:
    entries = [
        describe(entry.format) | {"name": entry.name, "source": entry.source} for entry in CATALOGUE
    ]
    blocks = [describe_block(entry.format) | {"source": entry.source} for entry in BLOCK_FORMATS]
    if args.json:
        print_json(entries + blocks)
        return 0
    columns = ("name", "fields", "bits", "least", "largest", "infinity", "NaN", "source")
    listed = table("Known formats", *columns, right=("bits", "least", "largest"))
    for entry in entries:
        listed.add_row(
            entry["name"], entry["fields"], str(entry["width"]), entry["least_positive"],
            entry["largest"], "yes" if entry["infinity"] else "", "yes" if entry["nan"] else "",
            entry["source"],
        )  # fmt: skip
    facts = ("element", "length", "scale", "rule", "tensor_scale", "bits_per_element", "source")
    titles = [name.replace("_", " ") for name in facts]
    vectors = table("Block formats", "name", *titles, right=("length", "bits per element"))
    for block in blocks:
        vectors.add_row(block["name"], *(word(block[name]) for name in facts))
    show(
        listed,
        vectors,
        "Any other format: fields, as in s1e4m3b7, s0e3m5b12 or s1e5m2_ieee; "
        "fixed point, as in q6.2 or uq1.15; P3109 names, as in binary8p4se; "
        "posits of a width and es, as in posit16_1. "
        "Any other block format: mxfp4_x16 for another length, or element, length and scale, as in "
        "int4_x64_uint8.",
    )
    return 0


def describe(fmt: ScalarFormat) -> dict[str, Any]:
    """A format's facts, in JSON values."""
    hexadecimal = f"0x{{:0{digits(fmt)}x}}".format
    facts = {
        "name": fmt.name,
        "also": ", ".join(aliases(fmt)) or None,
        "fields": fmt.spelling,
        "width": fmt.width,
        "sign": fmt.sign,
    }
    infinity = None
    if isinstance(fmt, Format):
        infinity = fmt.magnitude_codes.infinity
        facts |= describe_fields(fmt)
    else:
        facts |= {"largest": fmt.max.to_texts()[0], "lowest": f"-{fmt.max.to_texts()[0]}"}
    return facts | {
        "least_positive": fmt.min_positive.to_texts()[0],
        "precision_bits": fmt.significand_width,
        "negative_zero": fmt.has_negative_zero,
        "infinity": None if infinity is None else hexadecimal(infinity),
        "nan": None if fmt.nan_code is None else hexadecimal(fmt.nan_code),
    }


def describe_block(block: BlockFormat) -> dict[str, Any]:
    """A block format's facts, in JSON values."""
    return {
        "name": block.name,
        "spelling": block.spelling,
        "element": block.element.name,
        "length": block.length,
        "scale": block.scale.name,
        "rule": str(block.rule),
        "tensor_scale": None if block.tensor is None else block.tensor.name,
        "symmetric": block.symmetric,
        "bits": block.bits,
        "bits_per_element": float(block.bits_per_element),
    }


def describe_fields(fmt: Format) -> dict[str, Any]:
    """The facts of a format with an exponent and a fraction field."""
    # A negative one has the same magnitude code, and -2^m in two's complement.
    lowest = np.array(
        2 ** (fmt.width - 1)
        if fmt.complement
        else fmt.max_index | (2**fmt.magnitude_width if fmt.sign else 0)
    )
    return {
        "exponent_bits": fmt.exponent,
        "fraction_bits": fmt.fraction,
        "bias": fmt.bias,
        "radix": 2**fmt.step,
        "subnormals": fmt.subnormals,
        "largest": fmt.max.to_texts()[0],
        "lowest": fmt.unpack(lowest).to_texts()[0] if fmt.sign else "0" if fmt.zero else None,
        "least_normal": None if fmt.min_normal is None else fmt.min_normal.to_texts()[0],
    }


def word(value: object) -> str:
    """A fact as people say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def digits(fmt: ScalarFormat) -> int:
    return -(-fmt.width // 4)
