"""Softmax of rows by tables: sums of short powers, and a second look-up once the row is known."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import option
from .exact import Exact, bit_length
from .formats import Format, fixed_point
from .online_softmax import running_totals, segmented_maximum
from .ports import Direction, Port, Role
from .power_table import OCTAVES, PowerTable, logarithms, reciprocals
from .preset import Preset
from .rounding import Overflow, Rounding
from .raw import RawFormat
from .scalar_format import ScalarFormat, code_dtype
from .softmax_flow import RowFlow
from .softmax_passes import arguments
from .stream import Flow, StreamConfig, stream_ports
from .table_stages import TableStages

__all__ = ["TableSoftmaxConfig", "table_softmax", "table_softmax_rows"]

ARGUMENT = fixed_point(6, 2)
RESULT = fixed_point(1, 15, sign=False)

#: Fraction bits of a reciprocal beyond the bits that it is looked up by.
RECIPROCAL_GUARD = 4

#: Bits of the part of a power's unit that is added with `half`.
HALF_BITS = 2

#: Most bits by which a table is indexed.
MAX_INDEX = 14

PRESETS: dict[str, Preset] = {}


@dataclass(frozen=True, kw_only=True)
class TableSoftmaxConfig(StreamConfig):
    """Softmax of rows of scores by tables, `lanes` elements a cycle: smaller than Softermax.

    Ports, rows, masks and times are those of `softmax`. It is 2^x / sum of 2^x, or that of base e
    with `log2e_bits`, in another way: a power is looked up when its beat comes, for the sum alone,
    with no more bits than that needs; arguments wait, and powers are looked up once more when
    the row's top and sum are known.

    * A score is rounded once, to nearest, to the format `argument`, and saturates there. With
      `log2e_bits`, the factor log2(e), rounded to so many fraction bits, comes before that.
    * The *top* is the greatest integer part, floor(x), of the row's arguments, up to the beat at
      hand and with that. A term is 2^(x - top), of `term_bits` fraction bits: see `PowerTable`.
      It is zero 16 octaves below 2.
    * The terms of a beat are added exactly to the row's sum, which is moved right before, by as
      much as the top has grown; bits below the last one are cut off. Where it grows by 16 or
      more, nothing is left.
    * At the end of a row, its sum is 2^e t, for t from 1 to 2 of which `index_bits` bits behind
      the leading one count. r is the reciprocal of t, rounded to `index_bits` + 4 fraction bits.
    * A power is 2^(x - top - e), of `power_bits` fraction bits. A result is power times r, exactly,
      and rounded once to `out`. With `half`, something is added to the power before: 3/4 of its
      last bit where r is below 0.8, and else 1/2, so that about half a bit is added to
      the result, which is then cut off: that needs no adder.
    * With `logarithm_bits`, there is the logarithm of t, rounded to so many fraction bits, instead
      of a reciprocal, and a result is 2^(x - top - e - log2 t), without a product.

    Tables hold the powers of 1, 4 or all 16 octaves, and others are moved right and cut off. They
    are logic, or block memories of two ports, which serve two lanes each.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "table-softmax"
    presets = PRESETS

    a: AnyFormat = option("format of the scores", default=ARGUMENT)
    out: ScalarFormat = option("format of the results", default=RESULT)
    lanes: int = option("elements a cycle", default=4, minimum=1, maximum=64)
    length: int = option("most elements of a row", default=512, minimum=1, maximum=2**16)
    mask: bool = option("a port that leaves elements out of their row", default=False)
    log2e_bits: int = option(
        "fraction bits of a factor log2(e) for the scores; 0 for none, base 2",
        default=0,
        minimum=0,
        maximum=16,
    )
    argument: Format = option("format that scores are rounded to", default=ARGUMENT)
    term_bits: int = option(
        "fraction bits of the powers that are added", default=14, minimum=4, maximum=20
    )
    term_octaves: int = option("octaves in the table of terms", default=16, minimum=1, maximum=16)
    term_memory: bool = option("a table of terms in block memory", default=False)
    index_bits: int = option(
        "bits of a sum that its reciprocal is looked up by", default=10, minimum=1, maximum=12
    )
    index_memory: bool = option("a table of reciprocals in block memory", default=True)
    logarithm_bits: int = option(
        "fraction bits of a sum's logarithm; 0 for its reciprocal and a product",
        default=0,
        minimum=0,
        maximum=11,
    )
    power_bits: int = option("fraction bits of powers", default=15, minimum=4, maximum=20)
    power_octaves: int = option("octaves in the table of powers", default=16, minimum=1, maximum=16)
    power_memory: bool = option("a table of powers in block memory", default=False)
    half: bool = option("half a bit is added to results, which are cut off", default=True)
    rounding: Rounding = option("rounding of the results", default=Rounding.TOWARD_ZERO)

    def __post_init__(self) -> None:
        super().__post_init__()
        fmt = self.argument
        if fmt != fixed_point(self.whole_bits, self.fraction_bits) or self.fraction_bits < 0:
            raise ValueError(f"Option argument must be a format of signed fixed point, not {fmt}")
        if not 1 <= self.whole_bits <= 8:
            raise ValueError(f"Option argument must have 1 to 8 integer bits, not {fmt}")
        for name in ("term_octaves", "power_octaves"):
            if getattr(self, name) not in (1, 4, OCTAVES):
                raise ValueError(f"Option {name} must be 1, 4 or 16, not {getattr(self, name)}")
        for table in (self.terms, self.powers):
            if table.index_bits > MAX_INDEX:
                raise ValueError(
                    f"Option argument must leave tables {MAX_INDEX} bits or less, not {fmt}"
                )
        if self.logarithm_bits:
            if self.half:
                raise ValueError("Option half must be off with a logarithm")
            if not self.fraction_bits <= self.logarithm_bits < self.index_bits:
                raise ValueError(
                    "Option logarithm_bits must be the argument's fraction bits or more, and less "
                    f"than index_bits, not {self.logarithm_bits}"
                )
        if self.half and (self.power_octaves < OCTAVES or self.rounding != Rounding.TOWARD_ZERO):
            raise ValueError("Option half must be off unless rounding is toward-zero, of 16 octaves")
        if self.rounding.stochastic:
            raise ValueError(f"Option rounding must not be {self.rounding}: no bits are random")

    @property
    def fraction_bits(self) -> int:
        """Fraction bits of an argument."""
        return -self.argument.quantum_exponent

    @property
    def whole_bits(self) -> int:
        """Bits of an argument before the point, with the sign."""
        return self.argument.width - self.fraction_bits

    @property
    def longest(self) -> int:
        return -(-self.length // self.lanes)

    @property
    def beats(self) -> None:
        return None

    @cached_property
    def terms(self) -> PowerTable:
        """The powers that are added: from 2 downward."""
        fraction = self.fraction_bits
        return PowerTable(fraction, self.term_octaves, self.term_bits, 2**fraction)

    @cached_property
    def powers(self) -> PowerTable:
        """The powers that results are made of: from 2 downward, or from 1."""
        if self.logarithm_bits:
            return PowerTable(self.logarithm_bits, self.power_octaves, self.power_bits, 1)
        fraction = self.fraction_bits
        return PowerTable(fraction, self.power_octaves, self.power_bits, 2**fraction)

    @property
    def total_bits(self) -> int:
        """Bits of a row's sum."""
        largest = int(self.terms.value(np.arange(-(2**self.fraction_bits), 0)).max())
        return (self.longest * self.lanes * largest).bit_length()

    @property
    def reciprocal_bits(self) -> int:
        """Fraction bits of a reciprocal."""
        return self.index_bits + RECIPROCAL_GUARD

    @property
    def normalisers(self) -> tuple[int, ...]:
        """The table of reciprocals, or that of logarithms."""
        if self.logarithm_bits:
            return logarithms(self.index_bits, self.logarithm_bits)
        return reciprocals(self.index_bits, self.reciprocal_bits)

    def half_of(self, reciprocal: np.ndarray) -> np.ndarray:
        """What is added to powers before they are multiplied, in quarters of their unit."""
        return np.where(5 * reciprocal < 4 * 2**self.reciprocal_bits, 3, 2)

    @property
    def exact_fraction(self) -> int:
        """Fraction bits of what results are rounded from."""
        powers = self.powers.exact_fraction
        if self.logarithm_bits:
            return powers
        return powers + self.half * HALF_BITS + self.reciprocal_bits

    @property
    def stages(self) -> TableStages:
        """Where registers are."""
        scaled = bool(self.log2e_bits)
        converted = scaled or self.a != self.argument
        return TableStages(
            argument=scaled + 2 * converted + 1,
            lanes=self.lanes,
            term=1 + self.term_memory,
            power=1 + self.power_memory,
            product=0 if self.logarithm_bits else 1,
            result=0 if self.cut else 1 if self.fixed else 2,
        )

    @property
    def fixed(self) -> bool:
        """Whether results are of fixed point."""
        return isinstance(self.out, Format) and not self.out.exponent

    @property
    def cut(self) -> bool:
        """Whether results are bits of powers or products as they are."""
        fraction = self.exact_fraction if self.logarithm_bits else self.power_bits
        plain = self.out == fixed_point(1, fraction, sign=False)
        return plain and (bool(self.logarithm_bits) or self.rounding == Rounding.TOWARD_ZERO)

    @property
    def masks(self) -> bool:
        """Whether elements may be left out."""
        a = self.a
        if isinstance(a, RawFormat):
            return self.mask or a.infinity
        assert isinstance(a, ScalarFormat)
        return self.mask or (a.sign and a.has_infinity)

    @property
    def depth(self) -> int:
        """Beats in the row buffer: the longest row, and those that follow until it is read."""
        return self.longest + self.stages.wait

    @property
    def latency(self) -> int:
        return self.stages.latency

    @property
    def drain(self) -> int:
        return self.latency + self.longest

    def flow(self) -> Flow:
        return RowFlow(self.latency)

    @property
    def ports(self) -> tuple[Port, ...]:
        return softmax_ports(self)


def table_softmax(config: TableSoftmaxConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """The softmax of rows that come in beats.

    Parameters
    ----------
    operands
        Codes of `a`, `last` and, with `mask`, the masks: in the order of time, whole rows.

    Returns
    -------
    Codes of `out`, and `out_last`, one for each beat.

    Raises
    ------
    ValueError
        If the beats do not end with a row, or a row is longer than the configuration's longest.
    """
    last = np.asarray(operands["last"]).astype(bool)
    shape = np.shape(operands["a"])
    beats = len(last), config.lanes
    if len(last) and not last[-1]:
        raise ValueError("Beats must be whole rows")
    longest = int(np.diff(np.flatnonzero(last), prepend=-1).max(initial=0))
    if longest > config.longest:
        raise ValueError(f"Row must have at most {config.longest} beats, not {longest}")
    mask = np.reshape(operands["mask"], beats) if config.mask else None
    codes = np.zeros(beats, code_dtype(config.out.width))
    if len(last):
        found, left_out = arguments(config, np.reshape(operands["a"], beats), mask)
        exact = results(config, found, left_out, last)
        codes = config.out.round(exact, config.rounding, Overflow.SATURATE)[0]
    return {"out": codes.reshape(shape), "out_last": last.astype(np.uint8)}


def results(
    config: TableSoftmaxConfig, numbers: np.ndarray, left_out: np.ndarray, last: np.ndarray
) -> Exact:
    """The exact numbers that results are rounded from, given arguments as integers."""
    fraction = config.fraction_bits
    first = np.roll(last, 1)
    first[:1] = True
    lowest = -(2 ** (config.whole_bits - 1))
    whole = np.where(left_out, lowest, numbers >> fraction)
    tops = segmented_maximum(whole.max(axis=1), first)
    # 2^(x - top) is below 2, and a table is for powers below 1.
    terms = config.terms.value(numbers - ((tops + 1) << fraction)[:, np.newaxis])
    sums = np.where(left_out, 0, terms).sum(axis=1)
    totals = running_totals(sums, tops, first, reach=OCTAVES)

    ends = np.flatnonzero(last)
    row = np.searchsorted(ends, np.arange(len(last)))
    normaliser, exponent = normalisers(config, totals[ends])
    unit = 2**config.powers.argument_fraction
    moved = (tops[ends] + exponent) * unit
    # Tables count from 2 or 1 down, and are for what is below zero.
    moved = moved + normaliser + 1 if config.logarithm_bits else moved + unit
    scaled = numbers * 2 ** (config.powers.argument_fraction - fraction)
    powers = config.powers.value(np.minimum(scaled - moved[row][:, np.newaxis], -1))
    if not config.logarithm_bits:
        if config.half:
            powers = (powers << HALF_BITS) + config.half_of(normaliser)[row][:, np.newaxis]
        powers = powers * normaliser[row][:, np.newaxis]
    nothing = np.zeros(numbers.shape, bool)
    return Exact(
        negative=nothing,
        significand=np.where(left_out, 0, powers),
        exponent=np.full(numbers.shape, -config.exact_fraction),
        infinite=nothing,
        nan=nothing,
    )


def normalisers(config: TableSoftmaxConfig, totals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reciprocal or logarithm of each sum without a power of two, and that power's exponent.

    They mean nothing for a sum of zero, which none but rows have that are left out as a whole.
    """
    # A sum of whole terms has the largest one of a row at 1 or above.
    totals = np.maximum(totals, 2**config.terms.exact_fraction)
    length = bit_length(totals)
    place = (totals << config.index_bits >> length - 1) - 2**config.index_bits
    return np.array(config.normalisers, np.int64)[place], (
        length - 1 - config.terms.exact_fraction
    )


def table_softmax_rows(
    config: TableSoftmaxConfig, codes: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """The softmax of the rows of a matrix of codes: those of the results.

    The last lanes of a row that is no multiple of them are masked.
    """
    rows, length = codes.shape
    beats = -(-length // config.lanes)
    missing = beats * config.lanes - length
    left_out = np.zeros(codes.shape, bool) if mask is None else np.asarray(mask).astype(bool)
    left_out = np.pad(left_out, ((0, 0), (0, missing)), constant_values=True)
    padded = np.pad(codes, ((0, 0), (0, missing)))
    last = np.arange(rows * beats) % beats == beats - 1
    found = table_softmax(
        replace(config, mask=True, length=max(config.length, length)),
        a=padded.reshape(-1, config.lanes),
        mask=left_out.reshape(-1, config.lanes),
        last=last,
    )
    return found["out"].reshape(rows, -1)[:, :length]


def softmax_ports(config: TableSoftmaxConfig) -> tuple[Port, ...]:
    """Scores in, their softmax out."""
    lanes = config.lanes
    inputs = [
        Port(
            name="a",
            direction=Direction.INPUT,
            format=config.a,
            elements=lanes,
            meaning="scores",
        )
    ]
    if config.mask:
        meaning = "whether an element is left out of its row"
        inputs.append(
            Port(name="mask", direction=Direction.INPUT, elements=lanes, meaning=meaning)
        )
    end = "end of the row"
    inputs.append(Port(name="last", direction=Direction.INPUT, role=Role.LAST, meaning=end))
    outputs = [
        Port(
            name="out",
            direction=Direction.OUTPUT,
            format=config.out,
            elements=lanes,
            meaning="softmax of the row",
        ),
        Port(name="out_last", direction=Direction.OUTPUT, role=Role.LAST, meaning=end),
    ]
    return stream_ports(inputs, outputs)
