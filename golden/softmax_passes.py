"""The two passes of a softmax as blocks of their own: powers of beats, and results."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .exact import Exact
from .formats import Format
from .online_softmax import Powers, online
from .ports import Direction, Port
from .preset import Preset
from .rounding import Overflow, Rounding
from .scalar_format import code_dtype
from .score_options import RowOptions, ScoreOptions, last_port
from .softmax_normaliser import normalised
from .softmax_options import PowersOptions, ResultOptions, wide
from .stream import stream_ports

__all__ = [
    "SoftmaxNormaliserConfig",
    "SoftmaxPowersConfig",
    "arguments",
    "check_rows",
    "normalise",
    "softmax_normaliser",
    "softmax_powers",
    "unnormalised",
    "whole_rows",
]


@dataclass(frozen=True, kw_only=True)
class SoftmaxPowersConfig(PowersOptions):
    """The first pass of a softmax alone: powers of two below a running maximum, and their sum.

    It is the unit "Unnormed Softmax" of the Softermax paper. Beats go in as into `softmax`, whose
    options mean the same here. Each comes out `latency` cycles later, with the powers of its
    elements, the top that these are below, and the sum of the row so far, below that same top.
    What comes with the last beat of a row is what `softmax-normaliser` takes as `row_top` and
    `total` for all beats of the row, if its options are the same.

    A reset begins a new row.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "softmax-powers"
    presets: ClassVar[Mapping[str, Preset]] = wide("argument", "power", "total")

    @property
    def latency(self) -> int:
        return self.stages.power + self.stages.total

    @property
    def beatwise(self) -> bool:
        return True

    @property
    def ports(self) -> tuple[Port, ...]:
        outputs = [
            beat_port("power", Direction.OUTPUT, self.power, POWER, self.lanes),
            beat_port("top", Direction.OUTPUT, self.top, TOP),
            beat_port("total", Direction.OUTPUT, self.total, "sum of the row's powers so far"),
            last_port("out_last", Direction.OUTPUT),
        ]
        return stream_ports(self.score_ports, outputs)


@dataclass(frozen=True, kw_only=True)
class SoftmaxNormaliserConfig(ResultOptions):
    """The second pass of a softmax alone: powers times the reciprocal of their row's sum.

    Each beat has what `softmax-powers` gave for it, and the top and the sum of its whole row. It
    comes out `latency` cycles later; beats have nothing to do with each other. Options mean what
    they mean for `softmax`.

    Any codes may come. A sum that is less than that of any row, about 1/2, counts as zero, and
    with a sum of zero results are zeros. So they are where the row's top is below the beat's.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "softmax-normaliser"
    presets: ClassVar[Mapping[str, Preset]] = wide(
        "argument", "power", "total", "reciprocal", "reciprocal_segments", "out"
    )

    @property
    def latency(self) -> int:
        return self.stages.normalised

    @property
    def beatwise(self) -> bool:
        return True

    @property
    def ports(self) -> tuple[Port, ...]:
        inputs = [
            beat_port("power", Direction.INPUT, self.power, POWER, self.lanes),
            beat_port("top", Direction.INPUT, self.top, TOP),
            beat_port("row_top", Direction.INPUT, self.top, "top of the whole row"),
            beat_port("total", Direction.INPUT, self.total, "sum of the whole row's powers"),
            last_port("last", Direction.INPUT),
        ]
        return stream_ports(inputs, self.result_ports)


POWER = "2^argument, below the top"
TOP = "least integer that no argument of the row up to this beat exceeds"


def beat_port(
    name: str, direction: Direction, fmt: Format, meaning: str, elements: int = 1
) -> Port:
    return Port(name=name, direction=direction, format=fmt, elements=elements, meaning=meaning)


def check_rows(config: RowOptions, last: np.ndarray) -> None:
    """Raise unless all rows are as long as they may be, the one at the end, too."""
    ends = np.append(np.flatnonzero(last), len(last) - 1)
    lengths = np.diff(ends, prepend=-1)
    longest = int(lengths.max(initial=0))
    if longest > config.longest:
        raise ValueError(f"Row must have at most {config.longest} beats, not {longest}")
    odd = lengths[lengths % config.grain > 0]
    if len(odd):
        raise ValueError(f"Row must be whole vectors of {config.grain} beats, not {odd[0]}")


def whole_rows(
    config: ScoreOptions, operands: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Scores and masks as (beat, lane), and which beats end a row.

    Raises
    ------
    ValueError
        If the beats do not end with a row, or a row is too long or no multiple of its vectors.
    """
    last = np.asarray(operands["last"]).astype(bool)
    if len(last) and not last[-1]:
        raise ValueError("Beats must be whole rows")
    check_rows(config, last)
    shape = len(last), config.lanes
    mask = np.reshape(operands["mask"], shape) if config.mask else None
    return np.reshape(operands["a"], shape), mask, last


def softmax_powers(config: SoftmaxPowersConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Powers, tops and sums of rows that come in beats.

    Parameters
    ----------
    operands
        Codes of `a`, `last` and, with `mask`, the masks: in the order of time. The last row may
        go on.

    Returns
    -------
    Codes of `power`, `top` and `total`, and `out_last`, one for each beat.

    Raises
    ------
    ValueError
        If a row is longer than the configuration's longest.
    """
    last = np.asarray(operands["last"]).astype(bool)
    shape = np.shape(operands["a"])
    beats = len(last), config.lanes
    check_rows(config, last)
    mask = np.reshape(operands["mask"], beats) if config.mask else None
    found = unnormalised(config, np.reshape(operands["a"], beats), mask, last)
    return {
        "power": found.powers.astype(code_dtype(config.power.width)).reshape(shape),
        "top": (found.tops % 2**config.top.width).astype(code_dtype(config.top.width)),
        "total": found.totals.astype(code_dtype(config.total.width)),
        "out_last": last.astype(np.uint8),
    }


def softmax_normaliser(
    config: SoftmaxNormaliserConfig, **operands: np.ndarray
) -> dict[str, np.ndarray]:
    """Results of beats, each of which has the top and the sum of its row.

    Parameters
    ----------
    operands
        Codes of `power`, `top`, `row_top`, `total` and `last`.

    Returns
    -------
    Codes of `out`, and `out_last`, one for each beat.
    """
    power = np.asarray(operands["power"])
    half = 2 ** (config.top.width - 1)
    tops, row_tops = (
        (np.asarray(operands[name]).astype(np.int64) ^ half) - half for name in ("top", "row_top")
    )
    totals = np.asarray(operands["total"]).astype(np.int64)
    powers = power.reshape(len(tops), config.lanes).astype(np.int64)
    return {
        "out": results(config, powers, tops, row_tops, totals).reshape(power.shape),
        "out_last": np.asarray(operands["last"]).astype(np.uint8),
    }


def arguments(
    config: ScoreOptions, codes: np.ndarray, mask: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Scores as integers in the unit of the format `argument`, and what is left out."""
    exact = config.a.unpack(codes)
    left_out = exact.infinite & exact.negative & ~exact.nan
    if mask is not None:
        left_out = left_out | np.asarray(mask).astype(bool)
    if config.log2e_bits:
        exact = exact * Exact.from_integers(np.array(config.log2e)).scaled(-config.log2e_bits)
    rounded, _ = config.argument.round(exact, Rounding.NEAREST_EVEN, Overflow.SATURATE)
    half = 2 ** (config.argument.width - 1)
    return (rounded.astype(np.int64) ^ half) - half, left_out


def unnormalised(
    config: PowersOptions, codes: np.ndarray, mask: np.ndarray | None, last: np.ndarray
) -> Powers:
    """The first pass: powers, tops and sums of beats.

    Parameters
    ----------
    codes, mask
        Scores, a row of lanes for each beat, and which of them are left out.
    last
        Whether a beat ends a row; the first one begins one.
    """
    first = np.roll(np.asarray(last).astype(bool), 1)
    first[:1] = True
    return online(config.online, *arguments(config, codes, mask), first)


def normalise(config: ResultOptions, found: Powers, last: np.ndarray) -> np.ndarray:
    """The second pass: codes of the results of whole rows."""
    ends = np.flatnonzero(last)
    row_end = ends[np.searchsorted(ends, np.arange(len(last)))]
    return results(config, found.powers, found.tops, found.tops[row_end], found.totals[row_end])


def results(
    config: ResultOptions,
    powers: np.ndarray,
    tops: np.ndarray,
    row_tops: np.ndarray,
    row_totals: np.ndarray,
) -> np.ndarray:
    """Codes of the results of beats, each with the top and the sum of its row."""
    exact = normalised(config.normaliser, powers, tops, row_tops, row_totals)
    return config.out.round(exact, config.rounding, Overflow.SATURATE)[0]
