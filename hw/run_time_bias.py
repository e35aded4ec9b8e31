"""The power of two by which run-time biases move a result."""

from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Mux, Value, signed

from ffp8.golden.formats import Format
from ffp8.golden.run_time_bias import DIRECTION
from ffp8.golden.scalar_format import ScalarFormat

__all__ = ["bias_shift"]


def bias_shift(ports: Mapping[str, Value], formats: Mapping[str, Sequence[ScalarFormat]]) -> Value:
    """The sum of what the bias ports add to a result's exponent, signed.

    Parameters
    ----------
    ports
        The bias ports, and the mode ports of operands that have two formats.
    formats
        As in golden's `bias_shift`.
    """
    shift: Value = Const(0, signed(1))
    for name, direction in DIRECTION.items():
        port = ports[f"{name}_bias"].as_signed()
        moves = []
        for fmt in formats[name]:
            assert isinstance(fmt, Format)
            moves.append(direction * fmt.step * (port - fmt.bias))
        low, *high = moves
        shift = shift + (Mux(ports[f"{name}_mode"], high[0], low) if high else low)
    return shift
