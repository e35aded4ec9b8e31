"""Softmax of rows by tables, with one factor for a beat: smaller than Softermax."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from .block import option
from .exact import Exact, bit_length
from .formats import Format, fixed_point
from .online_softmax import running_totals, segmented_maximum
from .piecewise import MAX_SEGMENTS, Curve, Fit, Piecewise, piecewise
from .ports import Direction, Port
from .power_table import OCTAVES, PowerTable
from .preset import Preset
from .rounding import Overflow, Rounding
from .scalar_format import ScalarFormat, code_dtype
from .score_options import ScoreOptions, last_port
from .softmax_flow import RowFlow
from .softmax_passes import arguments, whole_rows
from .softmax_rivals import FRACTION
from .stream import Flow, stream_ports
from .table_stages import TableStages

__all__ = ["TableSoftmaxConfig", "factors", "table_softmax", "table_softmax_rows"]

RESULT = fixed_point(1, 15, sign=False)

#: Bits behind the last one of a number that still count where it is rounded to odd.
FACTOR_GUARD, PRODUCT_GUARD = 2, 3

#: The base that sums are below grows in steps of so many octaves.
BASE_STEP = 4

#: Most bits by which a table of powers is indexed.
MAX_INDEX = 12

SMALL = {
    "a": "q6.6",
    "argument": "q6.6",
    "memory": True,
    "power_bits": 12,
    "total_bits": 15,
    "index_bits": 8,
    "factor_bits": 17,
    "out": "uq1.16",
}

BALANCED = {
    "octaves": 4,
    "power_bits": 14,
    "total_bits": 17,
    "index_bits": 11,
    "segments": 16,
    "slope_bits": 8,
    "out": "uq1.17",
}

ACCURATE = {
    "a": "q6.8",
    "argument": "q6.8",
    "octaves": 4,
    "memory": True,
    "power_bits": 16,
    "total_bits": 18,
    "out": "uq1.18",
}

PRESETS = {
    "small": Preset("least logic, with tables in block memory", lambda _: SMALL),
    "balanced": Preset("errors below 1e-3 of arguments q6.2, in logic", lambda _: BALANCED),
    "accurate": Preset("errors below 1e-3 of arguments q6.8", lambda _: ACCURATE),
}


@dataclass(frozen=True, kw_only=True)
class TableSoftmaxConfig(ScoreOptions):
    """Softmax of rows of scores by tables, `lanes` elements a cycle: smaller than Softermax.

    Ports, rows, masks and their meaning are those of `softmax`; so are scores and arguments. It is
    2^x / sum of 2^x, or that of base e with `log2e_bits`, with less logic, because a beat is put
    in its place below the row's final top by its factor, not element by element.

    * The *top* is the greatest integer part, floor(x), of the row's arguments, up to the beat at
      hand and with that. A power is 2^(x - top), from 2 downward, of `power_bits` fraction bits
      (see `PowerTable`), and zero from 16 octaves below 2 on.
    * The *base* of sums is the least of the integers 4 n + 3 that the top does not exceed: so it
      grows in steps of 4. The powers of a beat are added exactly, and rounded to `total_bits`
      fraction bits below the base, ties up. Their sum is added to that of the row, which is moved
      right before, by as much as the base has grown; bits below the last one are cut off. Where it
      grows by 16 or more, nothing is left.
    * At the end of a row, its sum is 2^e t, for t from 1 to 2 of which `index_bits` bits behind
      the leading one count, with half a bit more for those that do not. The reciprocal of t is
      looked up, or is a line of least error in one of the `segments`, and is rounded to
      `factor_bits` fraction bits.
    * The factor of a beat is that reciprocal, moved right by e and what the row's base is above
      the beat's top, and rounded to odd: cut off behind `factor_bits` fraction bits, the last of
      which is then set if one of the next two is. It is zero for 16 places or more.
    * A result is the exact product of power and factor, rounded once to `out`. Rounding to odd to
      an `out` as uq1.15 looks at three bits more than that has, and no further: so it needs no
      adder, and is as good as unbiased.

    A table of powers holds those of 1, 4 or all 16 octaves, and others are moved right. It is
    logic, or block memories of two ports, each of which serves two lanes. With `correction`, there
    is none: 2^f is 1 + f, of 7 fraction bits, where f is corrected by a parabola in each half of
    its range, as in SoftEx (Belano et al. 2024).

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "table-softmax"
    presets: ClassVar[Mapping[str, Preset]] = PRESETS

    out: ScalarFormat = option("format of the results", default=RESULT)
    power_bits: int = option("fraction bits of powers", default=15, minimum=4, maximum=20)
    octaves: int = option("octaves in the table of powers", default=16, minimum=1, maximum=16)
    memory: bool = option("a table of powers in block memory", default=False)
    correction: bool = option(
        "1 + f for 2^f instead of a table, corrected by SoftEx's parabolas", default=False
    )
    total_bits: int = option("fraction bits of a row's sum", default=13, minimum=4, maximum=20)
    index_bits: int = option(
        "bits of a sum that its reciprocal depends on", default=10, minimum=1, maximum=12
    )
    segments: int = option(
        "segments of lines for the reciprocal; 0 for a table in block memory",
        default=0,
        minimum=0,
        maximum=MAX_SEGMENTS,
    )
    slope_bits: int = option("fraction bits of slopes", default=10, minimum=1, maximum=20)
    factor_bits: int = option("fraction bits of a factor", default=18, minimum=4, maximum=24)
    rounding: Rounding = option("rounding of the results", default=Rounding.TO_ODD)

    def __post_init__(self) -> None:
        super().__post_init__()
        fmt = self.argument
        if self.fraction_bits < 0 or fmt != fixed_point(self.whole_bits, self.fraction_bits):
            raise ValueError(f"Option argument must be a format of signed fixed point, not {fmt}")
        if not 1 <= self.whole_bits <= 8:
            raise ValueError(f"Option argument must have 1 to 8 integer bits, not {fmt}")
        if self.octaves not in (1, 4, OCTAVES):
            raise ValueError(f"Option octaves must be 1, 4 or {OCTAVES}, not {self.octaves}")
        if self.correction and (
            self.fraction_bits != FRACTION
            or self.octaves > 1
            or self.memory
            or self.power_bits < FRACTION
        ):
            raise ValueError(
                f"Option correction must be off unless argument has {FRACTION} fraction bits, "
                "octaves are 1, and there are as many power_bits and no memory"
            )
        if self.powers.index_bits > MAX_INDEX:
            raise ValueError(
                f"Option argument must leave {MAX_INDEX} bits for the table of {self.octaves} "
                f"octaves, not {fmt}"
            )
        most = self.powers.exact_fraction + BASE_STEP - 1
        if self.total_bits > most:
            raise ValueError(
                f"Option total_bits must be {most}, those of a power and 3, or less, not "
                f"{self.total_bits}"
            )
        if self.segments & self.segments - 1 or self.segments > 2**self.index_bits:
            raise ValueError(
                "Option segments must be a power of two that index_bits can count, not "
                f"{self.segments}"
            )
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

    @cached_property
    def powers(self) -> PowerTable:
        return PowerTable(self.fraction_bits, self.octaves, self.power_bits, self.correction)

    @cached_property
    def lines(self) -> Piecewise | None:
        """Lines for 1 / (1 + f), if there are any."""
        if not self.segments:
            return None
        return piecewise(
            Curve.RECIPROCAL,
            self.segments,
            Fit.MINIMAX,
            # One bit more than a sum has: the middle of a step.
            argument_bits=self.index_bits + 1,
            fraction=self.factor_bits,
            slope_fraction=self.slope_bits,
        )

    @cached_property
    def reciprocals(self) -> tuple[int, ...]:
        """The reciprocals of t, for each of its steps, in units of the factor's last bit."""
        steps = 2**self.index_bits
        middles = np.arange(1, 2 * steps, 2)
        if self.lines is None:
            # 1 / t = 2 steps / (2 steps + middle), to nearest.
            wide = 2 ** (self.factor_bits + 1) * 2 * steps
            return tuple(int(found) for found in (wide // (2 * steps + middles) + 1) // 2)
        cut = self.lines.exact_fraction - self.factor_bits
        value = self.lines.value(middles)
        return tuple(int(found) for found in (value + (1 << cut >> 1)) >> cut)

    @property
    def width(self) -> int:
        """Bits of a row's sum."""
        dropped = self.powers.exact_fraction - self.total_bits
        largest = self.lanes * self.powers.largest
        beat = (largest >> dropped) + 1 if dropped > 0 else largest << -dropped
        return (self.longest * beat).bit_length()

    @property
    def least(self) -> int:
        """The least sum of a row that is not all left out."""
        return 2 ** (self.total_bits - BASE_STEP + 1)

    @property
    def product_bits(self) -> int:
        """Fraction bits of the product of power and factor that count."""
        exact = self.powers.exact_fraction + self.factor_bits
        return PRODUCT_GUARD + self.result_fraction if self.plain else exact

    @property
    def plain(self) -> bool:
        """Whether results are bits of products, but for the last one."""
        fraction = self.result_fraction
        return (
            self.rounding is Rounding.TO_ODD
            and 0 < fraction <= self.powers.exact_fraction + self.factor_bits - PRODUCT_GUARD
            and self.out == fixed_point(1, fraction, sign=False)
        )

    @property
    def result_fraction(self) -> int:
        """Fraction bits of results, where they are of fixed point."""
        return -self.out.quantum_exponent if isinstance(self.out, Format) else 0

    @property
    def fixed(self) -> bool:
        """Whether results are of fixed point."""
        return isinstance(self.out, Format) and not self.out.exponent

    @property
    def stages(self) -> TableStages:
        """Where registers are."""
        return TableStages(
            argument=self.argument_stages,
            lanes=self.lanes,
            power=1 + 2 * (self.memory or self.correction),
            reciprocal=3 if self.segments else 1,
            result=1 if self.plain else 2 if self.fixed else 3,
        )

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
        results = Port(
            name="out",
            direction=Direction.OUTPUT,
            format=self.out,
            elements=self.lanes,
            meaning="softmax of the row",
        )
        return stream_ports(self.score_ports, [results, last_port("out_last", Direction.OUTPUT)])


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
    scores, mask, last = whole_rows(config, operands)
    codes = np.zeros(scores.shape, code_dtype(config.out.width))
    if len(last):
        exact = products(config, *arguments(config, scores, mask), last)
        codes = config.out.round(exact, config.rounding, Overflow.SATURATE)[0]
    return {"out": codes.reshape(np.shape(operands["a"])), "out_last": last.astype(np.uint8)}


def products(
    config: TableSoftmaxConfig, numbers: np.ndarray, left_out: np.ndarray, last: np.ndarray
) -> Exact:
    """The numbers that results are rounded from, given arguments as integers."""
    fraction = config.fraction_bits
    first = np.roll(last, 1)
    first[:1] = True
    lowest = -(2 ** (config.whole_bits - 1))
    whole = np.where(left_out, lowest, numbers >> fraction)
    tops = segmented_maximum(whole.max(axis=1), first)
    # 2^(x - top) is 2^(y + 1) for y below zero.
    powers = config.powers.value(numbers - ((tops + 1) << fraction)[:, np.newaxis])
    powers = np.where(left_out, 0, powers)
    bases = tops | BASE_STEP - 1
    dropped = bases - tops + config.powers.exact_fraction - config.total_bits
    sums = (powers.sum(axis=1) << BASE_STEP) >> (dropped + BASE_STEP - 1)
    totals = running_totals((sums + 1) >> 1, bases, first, reach=OCTAVES)

    ends = np.flatnonzero(last)
    row = np.searchsorted(ends, np.arange(len(last)))
    multipliers = factors(config, totals[ends][row], bases[ends][row] - tops)
    exact = config.powers.exact_fraction + config.factor_bits
    nothing = np.zeros(numbers.shape, bool)
    return Exact(
        negative=nothing,
        significand=powers * multipliers[:, np.newaxis] >> exact - config.product_bits,
        exponent=np.full(numbers.shape, -config.product_bits),
        infinite=nothing,
        nan=nothing,
    )


def factors(config: TableSoftmaxConfig, totals: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The factor of each beat, given its row's sum, and how far the row's base is above its top.

    They mean nothing for a sum of zero, which none but rows have that are left out as a whole.
    """
    # The largest power of a row is 1 or more, and the base less than a step above its top.
    totals = np.maximum(totals, config.least)
    length = bit_length(totals)
    step = (totals << config.index_bits >> length - 1) - 2**config.index_bits
    places = length - 1 - config.total_bits + above
    reciprocal = np.array(config.reciprocals, np.int64)[step] << FACTOR_GUARD
    moved = np.where(places < OCTAVES, reciprocal >> np.minimum(places, OCTAVES), 0)
    # To odd: its last bit is set if one behind it is.
    lost = moved & 2**FACTOR_GUARD - 1
    return moved >> FACTOR_GUARD | (lost > 0)


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
