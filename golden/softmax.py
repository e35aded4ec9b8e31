"""Softmax of rows: base 2, in fixed point, normalised online (Softermax)."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import option
from .formats import Format, fixed_point
from .online_softmax import Online
from .piecewise import MAX_SEGMENTS, Curve, Fit, piecewise
from .ports import Direction, Port, Role
from .preset import Preset
from .rounding import Rounding
from .scalar_format import ScalarFormat, code_dtype
from .softmax_flow import RowFlow
from .softmax_normaliser import Normaliser
from .softmax_passes import normalise, unnormalised
from .softmax_stages import SoftmaxStages
from .stream import Flow, StreamConfig, stream_ports

__all__ = ["SoftmaxConfig", "softmax", "softmax_rows"]

#: Fixed-point formats of Table I of the Softermax paper (Stevens et al., DAC 2021).
ARGUMENT = fixed_point(6, 2)
POWER = fixed_point(1, 15, sign=False)
TOTAL = fixed_point(10, 6, sign=False)
RECIPROCAL = fixed_point(1, 7, sign=False)

#: Widest fixed-point number inside, so that numpy's integers hold all products.
MAX_INNER_WIDTH = 24

#: Formats that lose no more than a step of an argument of 6 fraction bits does.
WIDE = {
    "argument": "q6.6",
    "power": "uq1.17",
    "total": "uq10.12",
    "reciprocal": "uq1.12",
    "reciprocal_segments": 16,
    "out": "uq1.15",
}

PRESETS = {
    "wide": Preset("formats with a fifth of the paper's errors, or less", lambda _: WIDE),
}


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig(StreamConfig):
    """Softmax of rows of scores, `lanes` elements a cycle: 2^x / sum of 2^x, or e^x with a factor.

    A beat is `lanes` elements of a row; `last` is high with the last beat of a row, which may
    have any number of beats up to `length` / `lanes`. Elements with a high `mask` are left out of
    the row: they come out as zero. The same is true of minus infinity. Where a row's length is no
    multiple of the lanes, the lanes at its end are masked. A row all of which is masked comes out
    as zeros. NaN counts as zero, as it does in all formats without one.

    Defaults are those of Table I of the Softermax paper (Stevens et al., DAC 2021), whose result
    of 7 fraction bits loses the mass of long rows: take an `out` of 12 or more for these. What the
    paper leaves open is said here. All numbers inside are of fixed point.

    * A score is rounded once, to nearest, to the format `argument`, and saturates there. With
      `log2e_bits`, the factor log2(e), rounded to so many fraction bits, comes before that: the
      result is then a softmax of base e.
    * The *top* is the least integer that no argument of the row exceeds, up to the beat at hand
      and with that. A power is 2^(argument - top): a line in one of the `segments` of 2^f for the
      fraction f of the argument, moved right. Bits below the last one of `power` are cut off.
    * The powers of a beat are added exactly and rounded to the last bit of `total`, to nearest,
      ties up. Their sum is added to that of the row, which is moved right before, by as much as
      the top has grown; bits below the last one are cut off.
    * At the end of a row, its sum's reciprocal is found as a power of two and a number from 1/2 to
      1: a line in one of the `reciprocal_segments`, rounded to `reciprocal`, ties up.
    * A result is the exact product of a power and that reciprocal, rounded once to `out`. Before,
      the power is moved right by what the top has grown since its beat, and cut off.
    * Lines are chords or those of least maximum error; their starts are rounded to the fraction of
      `power` or `reciprocal`, and their slopes to `slope_bits` fraction bits. Where a segment is
      one step of the argument, its start is the nearest number to the function.

    Rows come out in their order, one beat a cycle; the first beat `latency` cycles after the row's
    last one was taken, or when the row before is through. The block always has room: a row buffer
    holds the longest row and what comes while it is being finished.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "softmax"
    presets = PRESETS

    a: AnyFormat = option("format of the scores", default=ARGUMENT)
    out: ScalarFormat = option("format of the results", default=RECIPROCAL)
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
    segments: int = option(
        "segments of 2^f: a power of two, or 0 for powers of two alone",
        default=4,
        minimum=0,
        maximum=16,
    )
    fit: Fit = option("lines of 2^f", default=Fit.CHORD)
    power: Format = option("format of powers", default=POWER)
    total: Format = option("format of the sum of a row", default=TOTAL)
    reciprocal: Format = option("format of the reciprocal of 1 to 2", default=RECIPROCAL)
    reciprocal_segments: int = option(
        "segments of the reciprocal: a power of two",
        default=8,
        minimum=1,
        maximum=MAX_SEGMENTS,
    )
    reciprocal_fit: Fit = option("lines of the reciprocal", default=Fit.CHORD)
    slope_bits: int = option("fraction bits of slopes", default=10, minimum=1, maximum=20)
    rounding: Rounding = option("rounding of the results", default=Rounding.NEAREST_EVEN)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_fixed_point("argument", sign=True)
        for name in ("power", "total", "reciprocal"):
            self._check_fixed_point(name, sign=False)
        if integer_bits(self.argument) > 8:
            raise ValueError(
                f"Option argument must have at most 8 integer bits, not {self.argument}"
            )
        for name in ("power", "reciprocal"):
            if integer_bits(getattr(self, name)) < 1:
                raise ValueError(f"Option {name} must hold 1, not {getattr(self, name)}")
        if self.longest * self.lanes >= 2 ** integer_bits(self.total):
            raise ValueError(
                f"Option total must hold a sum of {self.longest * self.lanes}, not {self.total}"
            )
        if fraction_bits(self.total) < 1:
            raise ValueError(f"Option total must have fraction bits, not {self.total}")
        for name in ("segments", "reciprocal_segments"):
            count = getattr(self, name)
            if count & count - 1:
                raise ValueError(f"Option {name} must be a power of two, not {count}")
        if self.rounding.stochastic:
            raise ValueError(f"Option rounding must not be {self.rounding}: no bits are random")

    def _check_fixed_point(self, name: str, *, sign: bool) -> None:
        fmt = getattr(self, name)
        plain = fmt == fixed_point(integer_bits(fmt), fraction_bits(fmt), sign=sign)
        if fmt.exponent or not plain or not 0 <= fraction_bits(fmt) <= fmt.width:
            kind = "signed" if sign else "unsigned"
            raise ValueError(f"Option {name} must be a format of {kind} fixed point, not {fmt}")
        if fmt.width > MAX_INNER_WIDTH:
            raise ValueError(
                f"Option {name} must be at most {MAX_INNER_WIDTH} bits wide, not {fmt}"
            )

    @property
    def longest(self) -> int:
        return -(-self.length // self.lanes)

    @property
    def beats(self) -> None:
        return None

    @property
    def top(self) -> Format:
        """The format of the running maximum: integers, up to one above all arguments."""
        return fixed_point(integer_bits(self.argument) + 1, 0)

    @property
    def stages(self) -> SoftmaxStages:
        """Where registers are."""
        scaled = bool(self.log2e_bits)
        converted = scaled or self.a != self.argument
        floating = not isinstance(self.out, Format) or bool(self.out.exponent)
        return SoftmaxStages(
            argument=scaled + 2 * converted + 1,
            lanes=self.lanes,
            line=2 if any(self.online.table.slopes) else 0,
            result=2 if floating else 1,
        )

    @property
    def depth(self) -> int:
        """Beats in the row buffer.

        It is read in each cycle in which the row that is next is finished. Until then the longest
        row fills it, and the beats that follow while its reciprocal is found; from then on no
        beat is written without one being read.
        """
        return self.longest + self.stages.wait

    @property
    def latency(self) -> int:
        return self.stages.latency

    @property
    def drain(self) -> int:
        return self.latency + self.longest

    def flow(self) -> Flow:
        return RowFlow(self.latency)

    @cached_property
    def online(self) -> Online:
        """The units of the pass before normalisation."""
        argument_fraction = fraction_bits(self.argument)
        return Online(
            argument_fraction=argument_fraction,
            lowest=-(2 ** (integer_bits(self.argument) - 1)),
            table=piecewise(
                Curve.POWER,
                self.segments,
                self.fit,
                argument_bits=argument_fraction,
                fraction=fraction_bits(self.power),
                slope_fraction=self.slope_bits,
            ),
            power_fraction=fraction_bits(self.power),
            total_fraction=fraction_bits(self.total),
        )

    @cached_property
    def normaliser(self) -> Normaliser:
        """The units of the pass that normalises."""
        return Normaliser(
            power_fraction=fraction_bits(self.power),
            total_fraction=fraction_bits(self.total),
            total_bits=self.total.width,
            table=piecewise(
                Curve.RECIPROCAL,
                self.reciprocal_segments,
                self.reciprocal_fit,
                argument_bits=self.total.width - 1,
                fraction=fraction_bits(self.reciprocal),
                slope_fraction=self.slope_bits,
            ),
            reciprocal_fraction=fraction_bits(self.reciprocal),
        )

    @property
    def log2e(self) -> int:
        """The factor for scores, times 2^log2e_bits; 1 for base 2."""
        return round(np.log2(np.e) * 2**self.log2e_bits) if self.log2e_bits else 1

    @property
    def ports(self) -> tuple[Port, ...]:
        inputs = [
            Port(
                name="a",
                direction=Direction.INPUT,
                format=self.a,
                elements=self.lanes,
                meaning="scores",
            )
        ]
        if self.mask:
            meaning = "whether an element is left out of its row"
            inputs.append(
                Port(name="mask", direction=Direction.INPUT, elements=self.lanes, meaning=meaning)
            )
        inputs.append(
            Port(name="last", direction=Direction.INPUT, role=Role.LAST, meaning="end of the row")
        )
        outputs = [
            Port(
                name="out",
                direction=Direction.OUTPUT,
                format=self.out,
                elements=self.lanes,
                meaning="softmax of the row",
            ),
            Port(
                name="out_last",
                direction=Direction.OUTPUT,
                role=Role.LAST,
                meaning="end of the row",
            ),
        ]
        return stream_ports(inputs, outputs)


def integer_bits(fmt: Format) -> int:
    """Bits of a fixed-point format before the point, with the sign."""
    return fmt.width - fraction_bits(fmt)


def fraction_bits(fmt: Format) -> int:
    """Bits of a fixed-point format behind the point."""
    return -fmt.quantum_exponent


def softmax(config: SoftmaxConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
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
        codes = normalise(
            config, unnormalised(config, np.reshape(operands["a"], beats), mask, last), last
        )
    return {"out": codes.reshape(shape), "out_last": last.astype(np.uint8)}


def softmax_rows(
    config: SoftmaxConfig, codes: np.ndarray, mask: np.ndarray | None = None
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
    found = softmax(
        replace(config, mask=True, length=max(config.length, length)),
        a=padded.reshape(-1, config.lanes),
        mask=left_out.reshape(-1, config.lanes),
        last=last,
    )
    return found["out"].reshape(rows, -1)[:, :length]
