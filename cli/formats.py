"""Show the known formats, or all about one."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from ffp8.golden.catalogue import CATALOGUE, aliases
from ffp8.golden.formats import Format
from ffp8.golden.scalar_format import ScalarFormat

from .output import print_json, show, table
from .parser import Parser, UsageError


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    parser.add_argument("name", nargs="?", help="a format, such as e4m3fn or s1e4m3b7")
    parser.add_argument("--codes", action="store_true", help="list all codes (up to 16 bits)")


def run(args: argparse.Namespace) -> int:
    if args.name is None:
        if args.codes:
            raise UsageError("Option --codes must come with a format's name")
        return show_catalogue(args)
    try:
        fmt = ScalarFormat.parse(args.name)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    if args.codes and fmt.width > 16:
        raise UsageError(f"Option --codes must be of a format up to 16 bits, not {fmt.width}")
    facts = describe(fmt)
    values = fmt.unpack(fmt.codes).to_texts() if args.codes else []
    if args.codes:
        facts["codes"] = {f"0x{code:0{digits(fmt)}x}": value for code, value in enumerate(values)}
    if args.json:
        print_json(facts)
        return 0
    listed = table(f"Format {fmt}", "property", "value")
    for name, value in facts.items():
        if name != "codes":
            listed.add_row(name.replace("_", " "), word(value))
    show(listed)
    if args.codes:
        codes = table("Codes", "code", "bits", "value", right=("value",))
        for code, value in enumerate(values):
            codes.add_row(f"0x{code:0{digits(fmt)}x}", f"{code:0{fmt.width}b}", value)
        show(codes)
    return 0


def show_catalogue(args: argparse.Namespace) -> int:
    entries = [
        describe(entry.format) | {"name": entry.name, "source": entry.source} for entry in CATALOGUE
    ]
    if args.json:
        print_json(entries)
        return 0
    columns = ("name", "fields", "bits", "least", "largest", "infinity", "NaN", "source")
    listed = table("Known formats", *columns, right=("bits", "least", "largest"))
    for entry in entries:
        listed.add_row(
            entry["name"], entry["fields"], str(entry["width"]), entry["least_positive"],
            entry["largest"], "yes" if entry["infinity"] else "", "yes" if entry["nan"] else "",
            entry["source"],
        )  # fmt: skip
    show(
        listed,
        "Any other format: fields, as in s1e4m3b7, s0e3m5b12 or s1e5m2_ieee; "
        "fixed point, as in q6.2 or uq1.15; P3109 names, as in binary8p4se; "
        "posits of a width and es, as in posit16_1.",
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
