"""Post-processors of all kinds, in a simulation: ``python tests/hw/full_post_processors.py``.

Each one is compared with golden in every cycle over random beats, over those of
`processor_cases.sums`, and by the checker of streams; some are made for the ECP5 as well. The
tests run a sample.

Compiling the simulations takes an hour or two. With ``--quick`` nothing is compiled and
nothing made for the ECP5, and each one gets some vectors alone, with stalls and resets.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stream_checker import check_stream
from stream_mismatches import stream_mismatches

sys.path.append(str(Path(__file__).parents[1] / "golden"))

from processor_cases import processor, sums

from ffp8.golden.activation import Activation
from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.post_processor import PostProcessorConfig
from ffp8.golden.rounding import Rounding
from ffp8.synth.devices import DEVICES, Device
from ffp8.synth.verify import verify

__all__ = ["mismatches", "processors"]

#: Beats of sums of all magnitudes, and random ones.
SUMS, BEATS = 16_000, 20_000

#: Vectors where nothing is compiled.
FEW = 30

CHIP = {"a": "int24", "factor": "uq0.16", "bias": "int24"}


def mismatches(
    config: PostProcessorConfig,
    count: int,
    *,
    engine: str | None = None,
    device: Device | None = None,
) -> int:
    """In how many cycles outputs are not golden's, with `count` vectors of `sums`."""
    found = stream_mismatches(config, sums(config, count), engine=engine, device=device)
    return sum(found.values())


def processors() -> Iterator[PostProcessorConfig]:
    """Values of each kind, activation and rounding, then vectors of each format and way."""
    roundings = [rounding for rounding in Rounding if not rounding.stochastic]
    kinds = itertools.product(Activation, roundings, ("int8", "uint6", "bfloat16"))
    for number, (activation, rounding, kind) in enumerate(kinds):
        options: dict[str, Any] = {"activation": activation, "rounding": rounding}
        if activation is Activation.LEAKY_RELU:
            options["slope"] = number % 16 + 1
        clipped = activation is Activation.CLIPPED_RELU
        values = "q4.5" if clipped and kind == "bfloat16" else kind
        formats = CHIP if number % 2 else {"a": "uint9", "factor": "uq2.7", "bias": "q3.8"}
        yield processor(values, **options, **formats, stages=number % 5 + 1, blocks=number % 3 == 0)
    for number, entry in enumerate(BLOCK_FORMATS):
        for values in ("int16", "float16"):
            lanes = (1, 2, 4, 8)[number % 4]
            yield processor(values, entry.name, lanes=lanes, **CHIP, activation="relu")
    to = "int4_x16_uint8_quotient_symmetric"
    for stages in range(1, 6):
        for more in ({}, {"reciprocal_bits": 8}, {"reciprocal_bits": 8, "unrounded": True}):
            yield processor("int11", to, lanes=4, stages=stages, **CHIP, **more)
    for stages in (5, 8, 10):
        options = {"reciprocal_bits": 8, "unrounded": True, "quantizer_stages": stages}
        yield processor("int16", to, lanes=4, **CHIP, **options, value_bits=9)


def wrong(config: PostProcessorConfig, *, mapped: bool) -> int:
    """In how many cycles an output is wrong, and how many rules are broken; with `mapped`, made for
    the ECP5 as well."""
    count = SUMS // config.beats
    found = mismatches(config, count) + verify(config, count=BEATS).mismatches
    if mapped:
        found += mismatches(config, count, device=DEVICES["ecp5-25k"])
    try:
        check_stream(config, count=6000)
    except AssertionError as error:
        print(f"{config.identifier}: {error}", flush=True)
        return found + 1
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Post-processors of all kinds, simulated.")
    parser.add_argument("--quick", action="store_true", help="few vectors; nothing is compiled")
    quick = parser.parse_args().quick
    start, units, failed = time.monotonic(), 0, 0
    for config in processors():
        if quick:
            count = mismatches(config, FEW, engine="amaranth")
        else:
            count = wrong(config, mapped=units % 4 == 0)
        if count:
            failed += 1
            print(f"{config.identifier}: {count} mismatches", flush=True)
        units += 1
        print(f"{units}: {config.identifier}", file=sys.stderr, flush=True)
    seconds = time.monotonic() - start
    print(f"{units} post-processors, {failed} failed, {seconds:.0f} s", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
