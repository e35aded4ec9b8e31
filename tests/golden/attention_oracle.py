"""Attention by the words of its definition: one row after the other, in exact rationals."""

import math
from fractions import Fraction

import numpy as np
from softmax_oracle import row_oracle
from table_oracle import row_oracle as table_row_oracle

from ffp8.golden.attention import AttentionConfig
from ffp8.golden.converter import from_fractions
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax import SoftmaxConfig

__all__ = ["row_of_attention"]


def values(fmt: ScalarFormat, codes: np.ndarray) -> list[Fraction]:
    """The values of codes, all of which are finite."""
    return [Fraction(value) for value in fmt.unpack(codes).to_fractions()]


def significant(value: Fraction, bits: int) -> Fraction:
    """The nearest number of so many significant bits; ties do not occur."""
    unit = Fraction(2) ** (math.floor(math.log2(value)) + 1 - bits)
    return round(value / unit) * unit


def row_of_attention(
    config: AttentionConfig, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: list[bool]
) -> list[int]:
    """The codes of a row's result, of codes of a query, and of keys and values one a row."""
    scale = 1 / math.sqrt(config.head_size) if config.scale is None else config.scale
    factor = significant(Fraction(scale * math.log2(math.e)), config.scale_bits)
    query = values(config.q, q)
    arguments: list[Fraction | float] = []
    for key in k:
        score = sum((x * y for x, y in zip(query, values(config.k, key), strict=True)), Fraction(0))
        if config.scores is not None:
            score = values(config.scores, config.scores.round(from_fractions([score]))[0])[0]
        arguments.append(score * factor)
    rows = config.rows
    if isinstance(rows, SoftmaxConfig):
        exact = row_oracle(rows, arguments, mask)
    else:
        exact = table_row_oracle(rows, arguments, mask)
    rounding = rows.rounding
    codes = config.probabilities.round(from_fractions(exact), rounding)[0]
    weights = values(config.probabilities, codes)
    columns = []
    for column in range(config.value_size):
        terms = zip(weights, values(config.v, v[:, column]), mask, strict=True)
        columns.append(sum((w * x for w, x, out in terms if not out), Fraction(0)))
    return config.out.round(from_fractions(columns), config.rounding, config.overflow)[0].tolist()
