"""The steps of attention on both sides of the softmax, on whole arrays."""

from typing import TYPE_CHECKING

import numpy as np

from .attention_softmax import softmax_of
from .exact import INT64_BITS, Exact
from .fma_tree import fma_tree
from .rounding import Overflow, Rounding
from .scalar_format import code_dtype

if TYPE_CHECKING:
    from .attention import AttentionConfig

__all__ = ["weighted", "weights_of"]

#: Products that are made at once, so that their arrays fit into the processor's caches.
AT_ONCE = 2**14


def slices(beats: int, products: int) -> list[slice]:
    """Beats, a few at a time, given how many products each has."""
    size = max(AT_ONCE // products, 1)
    return [slice(start, start + size) for start in range(0, beats, size)]


def arguments(config: "AttentionConfig", q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Codes of scaled scores (beat, lane), of queries (beat, element) and keys (beat, lane,
    element)."""
    argument = config.rows.argument
    factor, fraction_bits = config.factor
    constant = Exact.from_integers(np.array(factor)).scaled(-fraction_bits)
    found = np.zeros(k.shape[:2], code_dtype(argument.width))
    for part in slices(len(k), config.lanes * config.head_size):
        pair = np.broadcast_arrays(q[part, np.newaxis], k[part])
        if config.head_size == 1:
            pair = [codes[..., 0] for codes in pair]
        scores = fma_tree(config.score_tree, a=pair[0], b=pair[1])["out"]
        exact = config.score.unpack(scores) * constant
        found[part] = argument.round(exact, Rounding.NEAREST_EVEN, Overflow.SATURATE)[0]
    return found


def weights_of(
    config: "AttentionConfig",
    q: np.ndarray,
    k: np.ndarray,
    left_out: np.ndarray | None,
    last: np.ndarray,
) -> np.ndarray:
    """Codes of weights (beat, lane) of queries and keys that come in beats."""
    beats, lanes, size = len(last), config.lanes, config.head_size
    given = {
        "a": arguments(config, np.reshape(q, (beats, size)), np.reshape(k, (beats, lanes, size))),
        "last": last,
    }
    if lanes == 1:
        given["a"] = given["a"][:, 0]
    if left_out is not None:
        given["mask"] = left_out
    return np.reshape(softmax_of(config.rows, **given)["out"], (beats, lanes))


def weighted(
    config: "AttentionConfig", weights: np.ndarray, v: np.ndarray, last: np.ndarray
) -> np.ndarray:
    """Codes of the results of rows (row, element).

    Parameters
    ----------
    weights, v
        Codes of weights (beat, lane) and values (beat, lane, element).
    last
        Whether a beat ends a row.
    """
    shape = (len(v), config.value_size)
    wide = np.dtype(object if config.total.width > INT64_BITS else np.int64)
    number = np.zeros(shape, wide)
    nan, plus, minus = (np.zeros(shape, bool) for _ in range(3))
    for part in slices(len(v), config.lanes * config.value_size):
        terms = config.probabilities.unpack(weights[part, :, np.newaxis]) * config.v.unpack(v[part])
        known = terms.finite & ~terms.zero
        shift = np.where(known, terms.exponent - config.total.unit, 0)
        significand = np.where(known, terms.significand, 0).astype(wide)
        # A unit above the last place of a significand leaves zeros there.
        size = (significand << np.maximum(shift, 0)) >> np.maximum(-shift, 0)
        number[part] = np.where(terms.negative, -size, size).sum(axis=1)
        nan[part] = terms.nan.any(axis=1)
        plus[part] = (terms.infinite & ~terms.negative).any(axis=1)
        minus[part] = (terms.infinite & terms.negative).any(axis=1)
    starts = np.flatnonzero(np.roll(last, 1))
    if not len(starts):
        return np.zeros((0, config.value_size), code_dtype(config.out.width))
    total = np.add.reduceat(number, starts, axis=0)
    nan, plus, minus = (np.logical_or.reduceat(seen, starts, axis=0) for seen in (nan, plus, minus))
    nan = nan | (plus & minus)
    infinite = (plus | minus) & ~nan
    exact = Exact(
        negative=np.where(infinite, minus, np.asarray(total < 0, bool)),
        significand=np.abs(total),
        exponent=np.full(total.shape, config.total.unit, np.int64),
        infinite=infinite,
        nan=nan,
    )
    return config.out.round(exact, config.rounding, config.overflow)[0]
