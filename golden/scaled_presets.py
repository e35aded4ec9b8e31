"""Scaled dot products of machines that are known, as values of the options."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .preset import Preset

__all__ = ["SCALED_PRESETS"]


def keller(block: str, _: Mapping[str, Any]) -> dict[str, Any]:
    """Keller et al. 2023, A 95.6-TOPS/W Deep Learning Inference Accelerator With Per-Vector Scaled
    4-bit Quantization in 5 nm, IEEE JSSC 58(4).

    Products of 8-bit scales have 8 bits, and the accumulator 24. Which 8 of the 16 bits these
    are, and how they are rounded, is not said; here it is the upper ones, half away from zero, so
    that the accumulator counts in steps of 2^8.
    """
    return {
        "a": block,
        "b": block,
        "factor_bits": 8,
        "accumulate": "running",
        "out": "q32.-8",
    }


SCALED_PRESETS = {
    "keller-int4": Preset(
        "64 lanes of INT4 with 8-bit scales into 24 bits that saturate",
        partial(keller, "int4_x64_uint8"),
    ),
    "keller-int8": Preset(
        "32 lanes of INT8 with 8-bit scales into 24 bits that saturate",
        partial(keller, "int8_x32_uint8"),
    ),
}
