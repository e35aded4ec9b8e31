"""Run-time biases: ports that replace the exponent biases of operands and result.

A bias is common to a whole tensor, so it does not enter the arithmetic of codes: it moves an
exact result by a power of two, once, before that is rounded.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .formats import Format, integer
from .ports import Direction, Port, Role
from .scalar_format import ScalarFormat

__all__ = ["DIRECTION", "bias_ports", "bias_shift", "check_bias"]

#: Which way a bias moves the result, by the format's option.
DIRECTION = {"a": -1, "b": -1, "out": 1}


def check_bias(bits: int, formats: Sequence[ScalarFormat]) -> None:
    """Raise unless there can be bias ports of so many bits for these formats; 0 is for none."""
    if bits == 1:
        raise ValueError("Option bias_bits must be 0 or 2 to 16, not 1")
    for fmt in formats if bits else ():
        if not isinstance(fmt, Format):
            raise ValueError(f"Option bias_bits must be 0 with {fmt}, which has no bias")


def bias_ports(bits: int) -> list[Port]:
    """The ports of biases, signed integers of so many bits; none of 0 bits."""
    return [
        Port(
            name=f"{name}_bias",
            direction=Direction.INPUT,
            format=integer(bits),
            role=Role.MODE,
            meaning=f"exponent bias of {name}, in place of the format's own",
        )
        for name in DIRECTION
        if bits
    ]


def bias_shift(
    bits: int, operands: Mapping[str, np.ndarray], formats: Mapping[str, Sequence[ScalarFormat]]
) -> np.ndarray:
    """The power of two by which the bias ports move a result.

    Parameters
    ----------
    operands
        Codes of the bias ports, and of the mode ports of operands that have two formats.
    formats
        By option: its format, or the one where its mode is low and the one where it is high.
    """
    shift = np.zeros((), np.int64)
    for name, direction in DIRECTION.items():
        port = integer(bits).decode(operands[f"{name}_bias"]).astype(np.int64)
        moves = []
        for fmt in formats[name]:
            assert isinstance(fmt, Format)
            moves.append(direction * fmt.step * (port - fmt.bias))
        shift = shift + (
            moves[0] if len(moves) == 1 else np.where(operands[f"{name}_mode"], *moves[::-1])
        )
    return shift
