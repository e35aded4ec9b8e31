"""Converter: a number of one format in another, exact or rounded once."""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import BlockConfig, option
from .exact import Exact
from .ports import FLAGS, Direction, Port, enable_port, flag_ports
from .rounding import Overflow, Rounding
from .scalar_format import ScalarFormat, code_dtype

__all__ = ["ConverterConfig", "convert"]

#: Widest result whose values are all edges.
MAX_EDGE_WIDTH = 10


@dataclass(frozen=True, kw_only=True)
class ConverterConfig(BlockConfig):
    """A number of any format in any other, rounded once where it has no code there.

    * Where all values of the operand's format have a code in the result's, the conversion is exact.
    * NaN becomes the NaN of the result's format, whatever its sign and payload were. A zero keeps
      its sign where there is a negative zero. What becomes of values beyond the largest, and of
      NaN, infinity, zero and a sign in a format without them, is said in the format's class.
    * Latency is `stages` cycles, with one conversion a cycle.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range.
    """

    block: ClassVar[str] = "converter"

    a: AnyFormat = option("format of the operand, that of exact products and sums (raw_...) too")
    out: ScalarFormat = option("format of the result")
    rounding: Rounding = option("rounding of the result", default=Rounding.NEAREST_EVEN)
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    stages: int = option("pipeline registers", default=1, minimum=0, maximum=2)
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    enable: bool = option("a port that stalls the pipeline when low", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.enable and not self.stages:
            raise ValueError("Option enable must be off with 0 stages, which hold nothing")

    @property
    def latency(self) -> int:
        return self.stages

    @property
    def ports(self) -> tuple[Port, ...]:
        ports = [
            Port(name="a", direction=Direction.INPUT, format=self.a, meaning="number to convert")
        ]
        if self.enable:
            ports.append(enable_port())
        meaning = "the number in the result's format"
        ports.append(Port(name="out", direction=Direction.OUTPUT, format=self.out, meaning=meaning))
        if self.flags:
            ports += flag_ports("number")
        return tuple(ports)

    @property
    def edges(self) -> dict[str, np.ndarray]:
        """The values of the result and the middles between them, or what is next below, and the
        codes next to these; none if the values are many.
        """
        if self.out.width > MAX_EDGE_WIDTH or not isinstance(self.a, ScalarFormat):
            return {}
        exact = self.out.unpack(self.out.codes)
        finite = itertools.compress(exact.to_fractions(), exact.finite)
        values = sorted({Fraction(value) for value in finite})
        beyond = [2 * values[0] - values[1], *values, 2 * values[-1] - values[-2]]
        points = beyond + [(low + high) / 2 for low, high in itertools.pairwise(beyond)]
        codes = self.a.round(from_fractions(points), Rounding.TOWARD_ZERO)[0].astype(np.int64)
        near = np.unique(np.concatenate([codes - 1, codes, codes + 1]) % 2**self.a.width)
        return {"a": near.astype(code_dtype(self.a.width))}


def from_fractions(values: list[Fraction]) -> Exact:
    """The exact values of rationals whose denominators are powers of two."""
    return Exact(
        negative=np.array([value < 0 for value in values]),
        significand=np.array([abs(value.numerator) for value in values], object),
        exponent=np.array([1 - value.denominator.bit_length() for value in values], np.int64),
        infinite=np.zeros(len(values), bool),
        nan=np.zeros(len(values), bool),
    )


def convert(config: ConverterConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Convert an array of codes.

    Parameters
    ----------
    operands
        Codes of `a`.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`.
    """
    exact = config.a.unpack(operands["a"])
    codes, flags = config.out.round(exact, config.rounding, config.overflow)
    if not config.flags:
        return {"out": codes}
    return {"out": codes} | {name: vars(flags)[name].astype(np.uint8) for name in FLAGS}
