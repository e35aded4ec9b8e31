"""Show the devices to synthesise for."""

import argparse
from collections.abc import Sequence

from ffp8.synth.devices import DEVICES

from .output import print_json, show, table
from .parser import Parser


def add_arguments(parser: Parser, arguments: Sequence[str]) -> None:
    pass


def run(args: argparse.Namespace) -> int:
    if args.json:
        print_json([device.to_json() for device in DEVICES.values()])
        return 0
    listed = table("Devices", "name", "part", "family", "note")
    for device in DEVICES.values():
        listed.add_row(device.name, device.part, device.family.title, device.note)
    show(listed)
    return 0
