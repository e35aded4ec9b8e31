"""Trees of real machines, as options of `fma-tree`."""

from collections.abc import Mapping
from typing import Any

from .preset import Preset
from .scalar_format import ScalarFormat

__all__ = ["TREE_PRESETS"]


def riscv_rvbna(given: Mapping[str, Any]) -> dict[str, Any]:
    """The RISC-V Bulk Normalization Algorithm (RISC-V unprivileged ISA manual, `rvbna`, 2026).

    n products are aligned by their reference exponents and rounded to odd at q - 1 + g fraction
    bits, where q is the precision of the result and g = ceil(log2 n); their exact sum is rounded
    to odd, but infinity is the result of overflow.
    """
    ways = given.get("ways", 4)
    out = given.get("out") or ScalarFormat.parse("float32")
    return {
        "a": "e4m3fn",
        "b": "e4m3fn",
        "out": out,
        "ways": ways,
        "window": out.significand_width - 1 + (ways - 1).bit_length(),
        "reference": "fields",
        "cut": "odd",
        "rounding": "to-odd",
        "overflow": "special",
    }


def nvidia_hopper_fp8(given: Mapping[str, Any]) -> dict[str, Any]:
    """The FP8 tensor core of NVIDIA's Hopper as cuBLAS uses it.

    The model is that of the PyPI package mmaemu 0.1.0, validated on an H100 PCIe; see also
    Khattak and Mikaitis, "Accurate Models of NVIDIA Tensor Cores", 2026 (arXiv 2512.07004).
    """
    return {
        "a": "e4m3fn",
        "b": "e4m3fn",
        "c": "float32",
        "out": "float32",
        "ways": 32,
        "window": 13,
        "reference": "fields",
        "cut": "toward-zero",
        "least_exponent": -132,
        "keep": 13,
        "nan_code": 0x7FFFFFFF,
        "rounding": "toward-zero",
        "overflow": "special",
    }


TREE_PRESETS = {
    "riscv-rvbna": Preset(
        "RISC-V's bulk normalisation of dot products, for any number of ways and any result",
        riscv_rvbna,
    ),
    "nvidia-hopper-fp8": Preset(
        "a step of the FP8 tensor core of NVIDIA's Hopper as cuBLAS uses it", nvidia_hopper_fp8
    ),
}
