"""Options of vector quantizers, for all blocks that contain one."""

from typing import Any

from .block import option

__all__ = [
    "SCALE_OVERFLOW",
    "maximum_option",
    "reciprocal_bits_option",
    "unrounded_option",
    "value_bits_option",
]

#: What the field `overflow` means.
SCALE_OVERFLOW = "scales beyond the largest one: that one, or infinity or NaN; elements saturate"

#: Most bits of a reciprocal, and of what it is multiplied by.
MAX_BITS = 32


def unrounded_option() -> Any:
    """The field `unrounded`."""
    return option("elements are divided by the scale before it is rounded", default=False)


def reciprocal_bits_option() -> Any:
    """The field `reciprocal_bits`."""
    meaning = (
        "bits behind the point of the reciprocal that elements are multiplied by; none if absent"
    )
    return option(meaning, default=None, minimum=1, maximum=MAX_BITS)


def value_bits_option() -> Any:
    """The field `value_bits`."""
    meaning = "significant bits of values that are multiplied by a reciprocal; all if absent"
    return option(meaning, default=None, minimum=2, maximum=MAX_BITS)


def maximum_option() -> Any:
    """The field `maximum`."""
    return option("a port for the largest magnitude of a vector", default=False)
