"""Converter: a number of one format in another, exact or rounded once."""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from . import signature
from .any_format import AnyFormat
from .block import BlockConfig, option, random_bits_option
from .exact import Exact
from .ports import FLAGS, Direction, Port, Role, enable_port, flag_ports, random_ports
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .scalar_format import ScalarFormat, code_dtype

__all__ = ["SEEN", "ConverterConfig", "convert"]

#: The ports that `sticky` adds.
SEEN = {
    "overflow_seen": "a result since clear was beyond the largest finite one, or infinite",
    "nan_seen": "an operand since clear was NaN",
}

#: Widest result whose values are all edges.
MAX_EDGE_WIDTH = 10


@dataclass(frozen=True, kw_only=True)
class ConverterConfig(BlockConfig):
    """A number of any format in any other, rounded once where it has no code there.

    * Where all values of the operand's format have a code in the result's, the conversion is exact.
    * NaN becomes the NaN of the result's format, whatever its sign and payload were. A zero keeps
      its sign where there is a negative zero. What becomes of values beyond the largest, and of
      NaN, infinity, zero and a sign in a format without them, is said in the format's class.
    * Stochastic roundings take their words from the port `random`. With `lfsr` they come from a
      shift register: the first `random_bits` bits of its contents, which are that seed for a
      number with `restart` high, and shifted by as many bits from one number to the next (see
      `signature.lfsr`).
    * With `sticky`, two ports say what a loss scaler asks: whether a result was beyond the largest
      finite one or infinite, and whether an operand was NaN. They tell of all numbers from the
      last one on that came with `clear` high, that one and the one now at `out` included.
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
    random_bits: int = random_bits_option()
    lfsr: int | None = option(
        "seed of a shift register in place of the port random; none if absent",
        default=None,
        minimum=1,
        maximum=2**signature.WORD_BITS - 1,
    )
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    sticky: bool = option(
        "ports that are high from an overflow or a NaN on, until they are cleared", default=False
    )
    stages: int = option("pipeline registers", default=1, minimum=0, maximum=2)
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    enable: bool = option("a port that stalls the pipeline when low", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.enable and not self.stages:
            raise ValueError("Option enable must be off with 0 stages, which hold nothing")
        if self.sticky and not self.stages:
            raise ValueError("Option sticky must be off with 0 stages, which hold nothing")
        bits = block_random_bits(self.rounding, self.random_bits, None)
        object.__setattr__(self, "random_bits", bits)
        if self.lfsr is not None:
            if not bits:
                raise ValueError(f"Option lfsr must be absent with rounding {self.rounding}")
            if not self.stages:
                raise ValueError("Option lfsr must be absent with 0 stages, which hold nothing")

    @property
    def latency(self) -> int:
        return self.stages

    @property
    def ports(self) -> tuple[Port, ...]:
        ports = [
            Port(name="a", direction=Direction.INPUT, format=self.a, meaning="number to convert")
        ]
        if self.lfsr is None:
            ports += random_ports(self.random_bits, "number")
        else:
            meaning = "the random bits begin anew, with those of the seed for this number"
            ports.append(
                Port(name="restart", direction=Direction.INPUT, role=Role.FIRST, meaning=meaning)
            )
        if self.sticky:
            meaning = "what is seen is forgotten; that of this number is not"
            ports.append(
                Port(name="clear", direction=Direction.INPUT, role=Role.FIRST, meaning=meaning)
            )
        if self.enable:
            ports.append(enable_port())
        meaning = "the number in the result's format"
        ports.append(Port(name="out", direction=Direction.OUTPUT, format=self.out, meaning=meaning))
        if self.flags:
            ports += flag_ports("number")
        if self.sticky:
            ports += [
                Port(name=name, direction=Direction.OUTPUT, role=Role.FLAG, meaning=meaning)
                for name, meaning in SEEN.items()
            ]
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
        Codes of `a`; with a stochastic rounding the words `random`, or `restart` with `lfsr`; with
        `sticky` also `clear`. With these two, the order along axis 0 is that of time.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`, and with
    `sticky` also `overflow_seen` and `nan_seen`.

    Raises
    ------
    ValueError
        If `clear` or `restart` is low with the first number, before which nothing is defined.
    """
    exact = config.a.unpack(operands["a"])
    random = None
    if config.random_bits:
        words = operands["random"] if config.lfsr is None else built_in(config, operands["restart"])
        random = RandomBits(words, config.random_bits)
    codes, flags = config.out.round(exact, config.rounding, config.overflow, random)
    found = {"out": codes}
    if config.flags:
        found |= {name: vars(flags)[name].astype(np.uint8) for name in FLAGS}
    if config.sticky:
        clamped = exact.negative & (not config.out.sign)
        now = flags.overflow | (exact.infinite & ~clamped), exact.nan
        found |= {
            name: seen(event, operands["clear"]) for name, event in zip(SEEN, now, strict=True)
        }
    return found


def seen(events: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Whether there was an event in each place or before it, since `clear` was high."""
    since = last_start(clear, "clear")
    last_event = np.maximum.accumulate(np.where(events, np.arange(len(events)), -1))
    return (last_event >= since).astype(np.uint8)


def built_in(config: ConverterConfig, restart: np.ndarray) -> np.ndarray:
    """The words of the built-in shift register."""
    assert config.lfsr is not None
    since = np.arange(len(restart)) - last_start(restart, "restart")
    contents = signature.lfsr(config.lfsr, int(since.max(initial=0)) + 1, config.random_bits)
    return contents[since] >> np.uint32(signature.WORD_BITS - config.random_bits)


def last_start(starts: np.ndarray, name: str) -> np.ndarray:
    """For each place, the last one up to it where a port was high."""
    high = np.asarray(starts).astype(bool)
    if len(high) and not high[0]:
        raise ValueError(f"Port {name} must be 1 with the first number, not 0")
    return np.maximum.accumulate(np.where(high, np.arange(len(high)), 0))
