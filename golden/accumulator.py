"""Accumulator: running sums of terms, rounded after each one, in chunks, or exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import BlockConfig, option, random_bits_option
from .exact import Exact
from .exact_accumulation import ExactSums, exact_sums
from .formats import Format
from .ports import FLAGS, Direction, Port, Role, enable_port, flag_ports, random_ports
from .ranges import Range, value_range
from .raw import RawFormat
from .rounded_sum import Draw, Numbers, RoundedSum, finest
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .scalar_format import ScalarFormat, code_dtype

__all__ = ["MAX_EXACT_WIDTH", "AccumulatorConfig", "Kind", "accumulate", "held_range", "places"]

#: Widest exact sum; the terms of a float32 dot product need 555 bits before they are many.
MAX_EXACT_WIDTH = 1024


class Kind(StrEnum):
    """How a sum of many terms is kept."""

    #: In the format of the result: rounded after each term. An integer format saturates.
    RUNNING = "running"
    #: Sums of a chunk of terms, each rounded after each term, and the sum of those.
    CHUNKED = "chunked"
    #: With all bits, in fixed point (Kulisch).
    EXACT = "exact"


#: The places that have registers in any case.
LOOPS = {Kind.RUNNING: ("sum",), Kind.CHUNKED: ("inner", "sum"), Kind.EXACT: ("sum",)}

#: Other places that can have registers, in the order of the data's way.
BEFORE = {
    Kind.RUNNING: ("operand", "term"),
    Kind.CHUNKED: ("operand", "term", "partial"),
    Kind.EXACT: ("term", "shift"),
}
BEHIND = ("magnitude", "coarse", "normal", "neighbour")

#: The order in which the others get them: first where they leave the least delay.
ORDER = ("term", "partial", "operand")
EXACT_ORDER = ("shift", "normal", "magnitude", "term", "coarse", "neighbour")

#: The same for terms in fixed point, which have their places: nothing moves them.
FIXED_ORDER = ("normal", "magnitude", "coarse", "neighbour", "term", "shift")


@dataclass(frozen=True, kw_only=True)
class AccumulatorConfig(BlockConfig):
    """Running sums of terms: rounded after each one, in chunks, or exact.

    A term comes with each clock cycle, and a high `first` says that it begins a new sum. The
    result is the sum of all terms from that one on, after each term. A cycle without a term is
    one with `enable` low, or with the term -0.

    * `running`: out = round(out + a), in the format `out`; the first term is rounded as it is.
      A zero, an infinity or NaN is added as in IEEE 754-2019 (6.1 to 6.3): equal terms of both
      signs cancel to +0, and infinities of both signs make NaN. If `out` is an integer or fixed
      point, this is the saturating integer accumulator.
    * `chunked` (Wang et al. 2018): `chunk` terms after the other are added to an inner sum as
      above, in the format `inner`; the next chunk begins with a new one. Inner sums are added
      to an outer sum, in the format `out`. The result after each term is the outer sum of the
      chunks before, plus the inner sum so far, so that the last chunk may be a short one.
    * `exact`: no bit is lost. The sum is in fixed point, wide enough for `terms` terms of any
      value. More terms may fit, but if a sum leaves that width, it is infinity from then on.
      The result is rounded once to `out`, or a `RawFormat` without one. There, the number is
      the sum of the finite terms modulo the width, but for its first bit, which is infinity's
      sign in case of that; NaN and infinity have bits of their own.
    * Flags are those of all roundings that the result came of: they rise with one and stay until
      the next sum. In an exact sum, that is the one at the end; a sum that has left the width
      raises `overflow` and `inexact`, and infinities of both signs raise `invalid`.
    * Stochastic roundings take random words from a port, with each term. In chunks there are two,
      and that for the inner sum is in the lower bits.
    * Latency is `stages` cycles, with one term a cycle. The registers of the sums are there in
      any case; `places` says where the others go, and in which order they are added.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "accumulator"

    a: AnyFormat = option("format of the terms, that of exact products and sums (raw_...) too")
    kind: Kind = option("how the sum is kept", default=Kind.RUNNING)
    out: ScalarFormat | None = option("format of the result; the exact sum if absent", default=None)
    inner: Format | None = option(
        "format of the sums inside chunks; that of the result if absent", default=None
    )
    chunk: int | None = option("terms in a chunk", default=None, minimum=1, maximum=2**24)
    terms: int | None = option(
        "number of terms that an exact sum holds, whatever they are",
        default=None,
        minimum=1,
        maximum=2**48,
    )
    rounding: Rounding = option("rounding of all sums", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    overflow: Overflow = option(
        "sums beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    stages: int | None = option(
        "pipeline registers, those of the sums included; those alone if absent",
        default=None,
        minimum=1,
        maximum=16,
    )
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    enable: bool = option("a port that stalls the pipeline when low", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_kind()
        unrounded = "the exact sum" if self.out is None else None
        bits = block_random_bits(self.rounding, self.random_bits, unrounded)
        object.__setattr__(self, "random_bits", bits)
        for name in ("inner", "out"):
            fmt = getattr(self, name)
            if fmt is None or self.kind is Kind.EXACT:
                continue
            if not isinstance(fmt, Format) or fmt.step != 1 or not fmt.zero:
                raise ValueError(
                    f"Option {name} must be a format of radix 2 with a zero for {self.kind} sums, "
                    f"not {fmt}"
                )
        least = len(LOOPS[self.kind])
        most = least + len(places(self))
        if self.stages is not None and not least <= self.stages <= most:
            raise ValueError(f"Option stages must be {least} to {most} here, not {self.stages}")
        if self.kind is Kind.EXACT and held_range(self).width > MAX_EXACT_WIDTH:
            width = held_range(self).width
            raise ValueError(f"Exact sum must be at most {MAX_EXACT_WIDTH} bits wide, not {width}")

    def _check_kind(self) -> None:
        owners = {"chunk": Kind.CHUNKED, "inner": Kind.CHUNKED, "terms": Kind.EXACT}
        for name, owner in owners.items():
            given = getattr(self, name) is not None
            if given and self.kind is not owner:
                raise ValueError(f"Option {name} must be absent for {self.kind} sums")
            if not given and self.kind is owner and name != "inner":
                raise ValueError(f"Option {name} must be given for {self.kind} sums")
        if self.out is None and self.kind is not Kind.EXACT:
            raise ValueError(f"Option out must be given for {self.kind} sums")
        if self.out is None and self.flags:
            raise ValueError("Option flags must be off for the exact sum, which is not rounded")

    @property
    def latency(self) -> int:
        return len(LOOPS[self.kind]) if self.stages is None else self.stages

    @property
    def cuts(self) -> tuple[str, ...]:
        """The places that get registers besides those of the sums."""
        order = ORDER
        if self.kind is Kind.EXACT:
            order = EXACT_ORDER if has_exponents(self.a) else FIXED_ORDER
        offered = [place for place in order if place in places(self)]
        return tuple(offered[: self.latency - len(LOOPS[self.kind])])

    @property
    def result(self) -> AnyFormat:
        """The format of port `out`."""
        return raw_sum(self) if self.out is None else self.out

    @property
    def inner_format(self) -> Format:
        """The format of sums inside chunks."""
        return self.outer_format if self.inner is None else self.inner

    @property
    def outer_format(self) -> Format:
        """The format that a running sum, or that of chunks, is kept in."""
        assert isinstance(self.out, Format)
        return self.out

    @property
    def ports(self) -> tuple[Port, ...]:
        ports = [
            Port(name="a", direction=Direction.INPUT, format=self.a, meaning="term"),
            Port(
                name="first",
                direction=Direction.INPUT,
                role=Role.FIRST,
                meaning="the term begins a new sum",
            ),
        ]
        ports += random_ports(self.random_bits * len(LOOPS[self.kind]), "sum")
        if self.enable:
            ports.append(enable_port())
        meaning = "sum of the terms from the first one on"
        ports.append(
            Port(name="out", direction=Direction.OUTPUT, format=self.result, meaning=meaning)
        )
        if self.flags:
            ports += flag_ports("sum")
        return tuple(ports)


def has_exponents(fmt: AnyFormat) -> bool:
    """Whether numbers of a format have places of their own."""
    if isinstance(fmt, RawFormat):
        return fmt.exponent > 0
    assert isinstance(fmt, ScalarFormat)
    return fmt.max_exponent_field > 0


def places(config: AccumulatorConfig) -> tuple[str, ...]:
    """Where registers can be besides those of the sums, in the order of the data's way.

    Before a rounded sum: behind the port of the term, behind the term that is ready to be added,
    and so for the sum of a chunk that is added to that of chunks. Before an exact sum: behind
    the signed term, and behind the shifter that brings it to its place. Behind an exact sum that
    is rounded to a format with exponents: as in a tree.
    They get registers in the order of `AccumulatorConfig.cuts`.
    """
    before = BEFORE[config.kind]
    if config.kind is not Kind.EXACT or config.out is None:
        return before
    return before + (BEHIND if config.out.max_exponent_field else BEHIND[-1:])


def held_range(config: AccumulatorConfig) -> Range:
    """The exact sums that fit: those of as many terms as are promised, and more.

    All numbers of the least width in two's complement, or unsigned where no term is negative.
    """
    assert config.terms is not None
    term = value_range(config.a)
    total = Range(term.low * config.terms, term.high * config.terms, term.unit)
    if not total.low:
        return Range(0, 2 ** (total.width - 1) - 1, total.unit)
    half = 2 ** (total.width - 1)
    return Range(-half, half - 1, total.unit)


def raw_sum(config: AccumulatorConfig) -> RawFormat:
    """The format of exact sums."""
    held = held_range(config)
    a = config.a
    if isinstance(a, RawFormat):
        nan = a.nan or a.infinity
    else:
        assert isinstance(a, ScalarFormat)
        nan = a.has_nan or a.has_infinity
    return RawFormat(
        significand=held.width - (held.low == 0),
        exponent=0,
        bias=-held.unit,
        sign=False,
        infinity=True,
        nan=nan,
        complement=held.low < 0,
    )


def accumulate(config: AccumulatorConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """The sums after each of a sequence of terms.

    Parameters
    ----------
    operands
        Codes of `a`, and `first`, in the order of time; and `random` for stochastic roundings.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`.

    Raises
    ------
    ValueError
        If the sequence does not begin with a first term.
    """
    terms = config.a.unpack(operands["a"])
    first = np.asarray(operands["first"]).astype(bool)
    if len(first) and not first[0]:
        raise ValueError("Sequence of terms must begin with one that is first")
    if config.kind is Kind.EXACT:
        return exact(config, exact_sums(terms, first, held_range(config)), operands)
    return rounded(config, terms, first, operands)


def exact(
    config: AccumulatorConfig, sums: ExactSums, operands: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The ports of exact sums."""
    if config.out is None:
        return {"out": join_raw(raw_sum(config), sums)}
    random = RandomBits(operands["random"], config.random_bits) if config.random_bits else None
    codes, flags = config.out.round(sums.value, config.rounding, config.overflow, random)
    if not config.flags:
        return {"out": codes}
    found = {
        "overflow": flags.overflow | sums.overflowed,
        "underflow": flags.underflow,
        "inexact": flags.inexact | sums.overflowed,
        "invalid": flags.invalid | sums.made_nan,
    }
    return {"out": codes} | {name: found[name].astype(np.uint8) for name in FLAGS}


def join_raw(raw: RawFormat, sums: ExactSums) -> np.ndarray:
    number = sums.finite & 2**raw.significand - 1
    if raw.complement:
        top = raw.significand - 1
        sign = (number & ~(1 << top)) | (sums.value.negative.astype(object) << top)
        number = np.where(sums.value.infinite, sign, number)
    return raw.join(significand=number, infinity=sums.value.infinite, nan=sums.value.nan)


def rounded(
    config: AccumulatorConfig, terms: Exact, first: np.ndarray, operands: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The ports of sums that are rounded after each term."""
    out = config.outer_format
    formats = [out]
    if config.kind is Kind.CHUNKED:
        formats.append(config.inner_format)
    unit = min(value_range(config.a).unit, *map(finest, formats), 0)
    bits = config.random_bits
    modes = Draw(config.rounding, bits), config.overflow
    random = np.asarray(operands["random"]) if bits else np.zeros(len(first), np.int64)
    words = random.tolist()
    numbers = Numbers.of_exact(terms, unit)
    restart, keep = first.tolist(), [True] * len(first)
    if config.kind is Kind.CHUNKED:
        assert config.chunk is not None
        starts = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
        place = (np.arange(len(first)) - starts) % config.chunk
        inner = RoundedSum(config.inner_format, *modes, unit)
        low = [word & 2**bits - 1 for word in words]
        words = [word >> bits for word in words]
        numbers, _ = inner.run(numbers, (place == 0).tolist(), keep, low)
        keep = (place == config.chunk - 1).tolist()
    sums, codes = RoundedSum(out, *modes, unit).run(numbers, restart, keep, words)
    found = {"out": np.array(codes, np.int64).astype(code_dtype(out.width))}
    if not config.flags:
        return found
    raised = np.array(sums.flags, np.uint8)
    return found | {name: raised >> place & 1 for place, name in enumerate(FLAGS)}
