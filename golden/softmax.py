"""Softmax of rows: base 2, in fixed point, normalised online (Softermax)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .ports import Port, Role
from .preset import Preset
from .scalar_format import ScalarFormat, code_dtype
from .softmax_flow import RowFlow
from .softmax_options import PowersOptions, ResultOptions, wide
from .softmax_passes import normalise, unnormalised, whole_rows
from .stream import Flow, stream_ports
from .vector_options import VectorOptions
from .vector_quantizer import quantise_vectors

__all__ = ["SoftmaxConfig", "softmax", "softmax_rows"]


@dataclass(frozen=True, kw_only=True)
class SoftmaxConfig(PowersOptions, ResultOptions, VectorOptions):
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

    * With `to`, results are quantised in vectors as `vector-quantizer` does, with options of the
      same names but `element_rounding` and `quantizer_stages`. Rows are then whole vectors:
      positions at their end are masked where there are none. There are no tensor scales, and no
      random bits for elements.

    Rows come out in their order, one beat a cycle; the first beat `latency` cycles after the row's
    last one was taken, or when the row before is through. The block always has room: a row buffer
    holds the longest row and what comes while it is being finished.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "softmax"
    presets: ClassVar[Mapping[str, Preset]] = wide()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.to is None:
            return
        if self.to.tensor is not None:
            raise ValueError(f"Block format of to must have no tensor scale, not {self.to}")
        if self.element_rounding.stochastic:
            raise ValueError(
                f"Option element_rounding must not be {self.element_rounding}: no bits are random"
            )
        if self.length % self.to.length:
            raise ValueError(
                f"Option length must be a multiple of the {self.to.length} elements of a vector, "
                f"not {self.length}"
            )

    @property
    def beat(self) -> tuple[ScalarFormat, int]:
        return self.out, self.lanes

    @property
    def grain(self) -> int:
        return 1 if self.quantizer is None else self.quantizer.beats

    @property
    def vector_latency(self) -> int:
        """Cycles from the first result of a vector to its first element."""
        return 0 if self.quantizer is None else self.quantizer.latency + self.grain - 1

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
        return self.stages.latency + self.vector_latency

    @property
    def drain(self) -> int:
        return self.latency + self.longest

    def flow(self) -> Flow:
        return RowFlow(self.latency)

    @property
    def ports(self) -> tuple[Port, ...]:
        if self.quantizer is None:
            return stream_ports(self.score_ports, self.result_ports)
        results = [
            replace(port, name="vector_last") if port.role is Role.LAST else port
            for port in self.quantizer.data_outputs
        ]
        return stream_ports(self.score_ports, [*results, self.result_ports[-1]])


def softmax(config: SoftmaxConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """The softmax of rows that come in beats.

    Parameters
    ----------
    operands
        Codes of `a`, `last` and, with `mask`, the masks: in the order of time, whole rows.

    Returns
    -------
    Codes of `out`, and `out_last`, one for each beat; with `to` what the quantizer gives besides,
    whose `last` is `vector_last`.

    Raises
    ------
    ValueError
        If the beats do not end with a row, or a row is longer than the configuration's longest, or
        no multiple of its vectors.
    """
    scores, mask, last = whole_rows(config, operands)
    codes = np.zeros(scores.shape, code_dtype(config.out.width))
    if len(last):
        codes = normalise(config, unnormalised(config, scores, mask, last), last)
    found = {"out": codes.reshape(np.shape(operands["a"]))}
    if config.quantizer is not None:
        found = quantise_vectors(config.quantizer, a=found["out"])
        found["vector_last"] = found.pop("last")
    return found | {"out_last": last.astype(np.uint8)}


def softmax_rows(
    config: SoftmaxConfig, codes: np.ndarray, mask: np.ndarray | None = None
) -> np.ndarray:
    """The softmax of the rows of a matrix of codes: those of the results, or of their elements.

    The last lanes of a row that is no multiple of them, or of vectors, are masked.
    """
    rows, length = codes.shape
    beats = -(-length // (config.lanes * config.grain)) * config.grain
    missing = beats * config.lanes - length
    left_out = np.zeros(codes.shape, bool) if mask is None else np.asarray(mask).astype(bool)
    left_out = np.pad(left_out, ((0, 0), (0, missing)), constant_values=True)
    padded = np.pad(codes, ((0, 0), (0, missing)))
    last = np.arange(rows * beats) % beats == beats - 1
    found = softmax(
        replace(config, mask=True, length=max(config.length, beats * config.lanes)),
        a=padded.reshape(-1, config.lanes),
        mask=left_out.reshape(-1, config.lanes),
        last=last,
    )
    return found["out"].reshape(rows, -1)[:, :length]
