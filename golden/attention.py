"""Attention: queries times keys, softmax, and the values weighted by it, as one stream."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from .accumulator import AccumulatorConfig, Kind
from .accumulator import places as sum_places
from .any_format import AnyFormat
from .attention_flow import ReducedFlow
from .attention_softmax import AnySoftmax, rows_of
from .attention_steps import weighted, weights_of
from .block import option
from .fma_tree import FmaTreeConfig
from .formats import Format, fixed_point
from .ports import Direction, Port, Role
from .ranges import Range, value_range
from .rounding import Overflow, Rounding
from .scalar_format import ScalarFormat
from .stream import Flow, StreamConfig, stream_ports
from .tree_places import places

__all__ = ["AttentionConfig", "attend", "attention"]


@dataclass(frozen=True, kw_only=True)
class AttentionConfig(StreamConfig):
    """Attention of queries to keys: softmax(q k^T / sqrt(head_size)) v, `lanes` keys a cycle.

    A row is one query over all of its keys. A beat has the query, `lanes` keys and their values;
    `last` is high with the last beat of a row, which may have any number of beats up to
    `length` / `lanes`. A row gives one output beat, of `value_size` numbers. A beat's own query
    counts: nothing is remembered from the beats before, so it is to be the same in all beats of
    a row.

    * A score is the exact dot product of query and key, rounded once to `scores`, to nearest, if
      that is given, as by `fma-tree`.
    * It is multiplied with a constant, log2(e) times the `scale`, which is rounded to
      `scale_bits` significant bits, and rounded once to the softmax's `argument`, to nearest. It
      saturates there, infinite scores too; NaN becomes zero.
    * The softmax is of base 2, and with that constant of base e. It is that of a block, with all
      of its options but for those that are this block's (see `attention_softmax.rows_of`). Its
      results, the weights, are of the format `probabilities`.
    * A result is the exact sum of a row's weights times values, rounded once to `out`. A sum of
      zero is +0. NaN and infinities among the values are as in `fma-tree`, also where a weight is
      zero.
    * With `mask`, keys with a high bit are left out, with their values, whatever these are. So are
      keys in the lanes at the end of a row that is no multiple of them, which are to be masked.
      A row all of which is masked gives zeros.

    A row's result comes `latency` ticks after its last beat, and as many more as the row has
    further beats; it waits for the row before. The block always has room, and takes a beat in
    each tick.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options do not go together.
    """

    block: ClassVar[str] = "attention"

    q: ScalarFormat = option("format of queries", default=Format.parse("s1e4m3"))
    k: ScalarFormat = option("format of keys", default=Format.parse("s1e4m3"))
    v: ScalarFormat = option("format of values", default=Format.parse("s1e4m3"))
    head_size: int = option("elements of a query and a key", default=16, minimum=1, maximum=64)
    value_size: int = option("elements of a value", default=16, minimum=1, maximum=256)
    lanes: int = option("keys a cycle", default=4, minimum=1, maximum=64)
    length: int = option("most keys of a row", default=512, minimum=1, maximum=2**16)
    mask: bool = option("a port that leaves keys out", default=False)
    scores: ScalarFormat | None = option(
        "format that dot products are rounded to; they are exact if absent", default=None
    )
    scale: float | None = option(
        "factor of scores; 1 / sqrt(head_size) if absent, for unscaled queries and keys",
        default=None,
    )
    scale_bits: int = option(
        "significant bits of the scale times log2(e)", default=8, minimum=1, maximum=16
    )
    softmax: str = option(
        "preset or block of the softmax, and its options: wide,segments=8 or power=uq1.10",
        default="wide",
    )
    probabilities: ScalarFormat = option(
        "format of the weights", default=fixed_point(1, 15, sign=False)
    )
    out: ScalarFormat = option("format of the results", default=Format.parse("bfloat16"))
    rounding: Rounding = option("rounding of the results", default=Rounding.NEAREST_EVEN)
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rounding.stochastic:
            raise ValueError(f"Option rounding must not be {self.rounding}: no bits are random")
        if self.scale is not None and not 0 < self.scale < float("inf"):
            raise ValueError(f"Option scale must be a positive number, not {self.scale}")
        # What the parts refuse is refused here.
        _ = self.factor, self.rows, self.score_tree, self.accumulator

    # The parts.

    @cached_property
    def score_tree(self) -> FmaTreeConfig:
        """The tree that makes a score of a query and a key."""
        return pipelined(
            FmaTreeConfig(a=self.q, b=self.k, out=self.scores, ways=self.head_size, stages=0)
        )

    @cached_property
    def factor(self) -> tuple[int, int]:
        """What scores are multiplied with, as an integer and its fraction bits."""
        scale = self.head_size**-0.5 if self.scale is None else self.scale
        exact = Fraction(scale * float(np.log2(np.e)))
        _, exponent = np.frexp(float(exact))
        bits = self.scale_bits - int(exponent)
        factor = round(exact * Fraction(2) ** bits)
        zeros = (factor & -factor).bit_length() - 1
        return factor >> zeros, bits - zeros

    @cached_property
    def rows(self) -> AnySoftmax:
        """The softmax of scaled scores."""
        return rows_of(
            self.softmax,
            lanes=self.lanes,
            length=self.length,
            mask=self.mask,
            out=self.probabilities,
        )

    @cached_property
    def value_tree(self) -> FmaTreeConfig:
        """The tree that adds the weighted values of a beat, one for each element."""
        return pipelined(FmaTreeConfig(a=self.probabilities, b=self.v, ways=self.lanes, stages=0))

    @cached_property
    def accumulator(self) -> AccumulatorConfig:
        """What adds them up over a row, and rounds the sum."""
        found = AccumulatorConfig(
            a=self.value_tree.result,
            kind=Kind.EXACT,
            terms=self.longest,
            out=self.out,
            rounding=self.rounding,
            overflow=self.overflow,
            enable=True,
        )
        # Terms come from registers, and have their places.
        behind = [place for place in sum_places(found) if place not in {"term", "shift"}]
        return replace(found, stages=found.latency + len(behind))

    @property
    def score(self) -> AnyFormat:
        """The format of scores before they are scaled."""
        return self.score_tree.result

    @property
    def total(self) -> Range:
        """The exact sums of a row's weighted values."""
        term = value_range(self.probabilities) * value_range(self.v)
        return term.times(self.lanes * self.longest)

    # The stream.

    @property
    def beats(self) -> None:
        return None

    @property
    def longest(self) -> int:
        return -(-self.length // self.lanes)

    @property
    def results(self) -> int:
        return 1

    @property
    def before(self) -> int:
        """Ticks from a beat to its scores in the softmax: tree, product, and two to round it."""
        return self.score_tree.latency + 3

    @property
    def behind(self) -> int:
        """Ticks from the last weights of a row to its result.

        Two while values are read, those of tree and accumulator, and that of the result.
        """
        return 2 + self.value_tree.latency + self.accumulator.latency + 1

    @property
    def latency(self) -> int:
        """Ticks from the beat of a row of one to its result; a row has one more for each more."""
        return self.before + self.rows.latency + self.behind

    @property
    def depth(self) -> int:
        """Beats whose values wait for their weights.

        While a row's weights come, no beat is taken without one being read; until they do, at
        most the longest row waits, and what is taken before it is through.
        """
        return self.longest + self.before + self.rows.latency

    @property
    def drain(self) -> int:
        return self.latency + self.longest

    def flow(self) -> Flow:
        return ReducedFlow(self.rows.flow(), self.before, self.behind)

    @property
    def ports(self) -> tuple[Port, ...]:
        sizes = {
            "q": (self.head_size, "query, the same in all beats of a row"),
            "k": (self.lanes * self.head_size, "keys, one lane after the other"),
            "v": (self.lanes * self.value_size, "their values, one lane after the other"),
        }
        inputs = [
            Port(
                name=name,
                direction=Direction.INPUT,
                format=getattr(self, name),
                elements=elements,
                meaning=meaning,
            )
            for name, (elements, meaning) in sizes.items()
        ]
        if self.mask:
            meaning = "whether a key is left out of its row"
            inputs.append(
                Port(name="mask", direction=Direction.INPUT, elements=self.lanes, meaning=meaning)
            )
        inputs.append(
            Port(name="last", direction=Direction.INPUT, role=Role.LAST, meaning="end of the row")
        )
        out = Port(
            name="out",
            direction=Direction.OUTPUT,
            format=self.out,
            elements=self.value_size,
            meaning="values weighted by the softmax of the row's scores",
        )
        return stream_ports(inputs, [out])


def pipelined(config: FmaTreeConfig) -> FmaTreeConfig:
    """A tree with registers at all of its places."""
    return replace(config, stages=max(len(places(config)), 1), enable=True)


def attention(config: AttentionConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """The attention of rows that come in beats.

    Parameters
    ----------
    operands
        Codes of `q` (beat, element), and of `k` and `v` (beat, elements of one lane after the
        other); `last`, and with `mask` the masks (beat, lane): in the order of time, whole rows.

    Returns
    -------
    Codes of `out` (row, element).

    Raises
    ------
    ValueError
        If the beats do not end with a row, or a row is longer than the configuration's longest.
    """
    last = np.asarray(operands["last"]).astype(bool)
    shape = len(last), config.lanes
    left_out = np.reshape(operands["mask"], shape).astype(bool) if config.mask else None
    weights = weights_of(config, operands["q"], operands["k"], left_out, last)
    v = np.reshape(operands["v"], (*shape, config.value_size))
    if left_out is not None:
        # The first code is finite in all formats.
        v = np.where(left_out[..., np.newaxis], 0, v)
    out = weighted(config, weights, v, last)
    return {"out": out if config.value_size > 1 else out[:, 0]}


def attend(
    config: AttentionConfig,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The attention of all queries to all keys.

    Parameters
    ----------
    q, k, v
        Codes of queries, keys and values, one a row.
    mask
        Whether a query (rows) leaves out a key (columns).

    Returns
    -------
    Codes of the results, one row for each query; and of the weights (query, key).
    """
    queries, keys = len(q), len(k)
    config = replace(config, mask=True, length=max(config.length, keys))
    missing = -keys % config.lanes
    beats = (keys + missing) // config.lanes
    left_out = np.zeros((queries, keys), bool) if mask is None else np.asarray(mask).astype(bool)
    left_out = np.pad(left_out, ((0, 0), (0, missing)), constant_values=True)
    left_out = left_out.reshape(-1, config.lanes)
    q = np.repeat(q, beats, axis=0)
    k, v = (
        np.tile(np.pad(codes, ((0, missing), (0, 0))).reshape(beats, -1), (queries, 1))
        for codes in (k, v)
    )
    last = np.arange(queries * beats) % beats == beats - 1
    found = attention(config, q=q, k=k, v=v, mask=left_out, last=last)["out"]
    weights = weights_of(config, q, k, left_out, last).reshape(queries, -1)[:, :keys]
    return found.reshape(queries, config.value_size), weights
