"""Attention in few bits beside that of float64: errors of results, and of weights.

    python examples/attention.py

Tokens have topics: their queries and keys are near vectors that a topic's tokens share, so that
rows of scores have a few large ones among many small, as those of trained networks. Queries, keys
and values are normally distributed otherwise, and one dimension of keys is three times as large.
Each token sees itself and those before it.

What is printed of each way: the ratio of signal to noise of its results, in dB, against float64
attention of the same tensors before they are quantised; the same against float64 attention of the
quantised tensors, which is what the block itself adds; the greatest error of a weight against
the latter; and how often the largest weight of a row is that of the largest score.
"""

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from ffp8.golden.attention import AttentionConfig, attend
from ffp8.golden.formats import Format

__all__ = ["WAYS", "Errors", "Heads", "measure", "tensors"]

#: Tokens of a topic are alike by this share of their variance.
ALIKE = 0.4

TOPICS = 12


@dataclass(frozen=True)
class Heads:
    """Queries, keys and values of tokens, one a row."""

    q: np.ndarray
    k: np.ndarray
    v: np.ndarray


@dataclass(frozen=True)
class Errors:
    """Of one way: ratios in dB, the greatest error of a weight, and the share of equal maxima."""

    whole: float
    own: float
    weight: float
    agreement: float


def tensors(tokens: int, size: int, seed: int = 0) -> Heads:
    """Tensors of a head."""
    rng = np.random.default_rng(seed)
    topics = rng.standard_normal((TOPICS, size))[rng.integers(0, TOPICS, tokens)]

    def near() -> np.ndarray:
        noise = rng.standard_normal((tokens, size))
        return np.sqrt(ALIKE) * topics + np.sqrt(1 - ALIKE) * noise

    large = np.where(np.arange(size) == 0, 3, 1)
    return Heads(1.5 * near(), near() * large, rng.standard_normal((tokens, size)))


def truth(heads: Heads, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Results and weights in float64."""
    scores = heads.q @ heads.k.T * scale
    scores = np.where(later(len(scores)), -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ heads.v, weights


def later(tokens: int) -> np.ndarray:
    """Which keys come after the query."""
    return np.triu(np.ones((tokens, tokens), bool), 1)


def floats(name: str, **options: object) -> dict[str, object]:
    """Options with one format for all operands."""
    return {"q": name, "k": name, "v": name} | options


#: Options of `attention`. Integers are in units of each tensor's largest magnitude over 127.
WAYS: dict[str, dict[str, object]] = {
    "FFP8 s1e4m3": floats("s1e4m3"),
    "FFP8 s1e4m3, weights uq0.8": floats("s1e4m3", probabilities="uq0.8"),
    "FFP8 s1e4m3, weights e4m3fn": floats("s1e4m3", probabilities="e4m3fn"),
    "FFP8 s1e4m3, weights s0e4m4b15": floats("s1e4m3", probabilities="s0e4m4b15"),
    "FFP8 s1e4m3, scores q8.4": floats("s1e4m3", scores="q8.4"),
    "FFP8 s1e4m3, softmax of Table I": floats("s1e4m3", softmax=""),
    "FFP8 s1e4m3, softmax small": floats("s1e4m3", softmax="small"),
    "FFP8 s1e4m3, softmax accurate": floats("s1e4m3", softmax="accurate"),
    "FFP8 s1e4m3, result s1e4m3": floats("s1e4m3", out="s1e4m3"),
    "FFP8 s1e3m4b4": floats("s1e3m4b4"),
    "FFP8 s1e3m4b4, values s1e2m5b2": floats("s1e3m4b4", v="s1e2m5b2"),
    "E5M2": floats("e5m2"),
    "int8": floats("int8"),
    "int4 keys, int8 queries and values": floats("int8", k="int4"),
}


def measure(heads: Heads, options: dict[str, object]) -> Errors:
    """The errors of one way."""
    size = heads.q.shape[1]
    config = AttentionConfig.from_json(
        {"head_size": size, "value_size": size, "lanes": 4, "out": "bfloat16"} | options
    )
    units = []
    for name in "qkv":
        fmt = getattr(config, name)
        assert isinstance(fmt, Format)
        integer = not fmt.exponent
        largest = float(fmt.max.to_floats())
        units.append(np.abs(getattr(heads, name)).max() / largest if integer else 1.0)
    config = replace(config, scale=units[0] * units[1] / np.sqrt(size))
    codes, quantised = [], []
    for name, unit in zip("qkv", units, strict=True):
        fmt = getattr(config, name)
        codes.append(fmt.encode(getattr(heads, name) / unit).astype(np.int64))
        quantised.append(fmt.decode(codes[-1]) * unit)
    out, weights = attend(config, *codes, mask=later(len(heads.q)))
    got, found = config.out.decode(out) * units[2], config.probabilities.decode(weights)
    exact, exact_weights = truth(Heads(*quantised), 1 / np.sqrt(size))
    whole, _ = truth(heads, 1 / np.sqrt(size))
    return Errors(
        whole=decibels(whole, got),
        own=decibels(exact, got),
        weight=float(np.abs(found - exact_weights).max()),
        agreement=float((found.argmax(axis=1) == exact_weights.argmax(axis=1)).mean()),
    )


def decibels(signal: np.ndarray, found: np.ndarray) -> float:
    return float(10 * np.log10((signal**2).sum() / ((found - signal) ** 2).sum()))


def main() -> int:
    parser = argparse.ArgumentParser(description="Errors of attention in few bits.")
    parser.add_argument("--seeds", type=int, default=4, help="tensors to take means of")
    options = parser.parse_args()
    console = Console(highlight=False)
    # Tables are for files, too.
    console.width = max(console.width, 90)
    for tokens, size in ((64, 16), (256, 64)):
        title = f"{tokens} tokens, heads of {size}, means of {options.seeds}"
        table = Table(title=title, title_justify="left")
        table.add_column("way", no_wrap=True)
        for column in ("result dB", "own dB", "weight", "argmax"):
            table.add_column(column, justify="right", no_wrap=True)
        for name, way in WAYS.items():
            found = [measure(tensors(tokens, size, seed), way) for seed in range(options.seeds)]
            table.add_row(
                name,
                f"{np.mean([e.whole for e in found]):.1f}",
                f"{np.mean([e.own for e in found]):.1f}",
                f"{np.max([e.weight for e in found]):.1e}",
                f"{np.mean([e.agreement for e in found]):.3f}",
            )
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
