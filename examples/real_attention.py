"""The attention of a trained transformer in few bits: all heads, and one of them in hardware.

    pip install -e '.[examples]'
    python examples/real_attention.py

The network is all-MiniLM-L6-v2 (see minilm.py), its text the licence of this project. Queries,
keys and values of each of its 72 heads are what the network computes in float64. Each way of
attention gets them in its formats, and its results are compared with float64 attention of the
tensors as they were: the ratio of signal to noise of all heads together, and of the worst one;
the greatest error of a weight; the mean sum of a row's weights; and how often the largest
weight of a row is that of the largest score.

Formats of 8 bits are chosen for the queries, the keys and the values of all heads together
(`ffp8.golden.choose`). Integers have a scale for each head and tensor.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from minilm import HEAD_SIZE, HEADS, Head, MiniLM, attention
from rich.console import Console
from rich.table import Table

from ffp8.golden.attention import AttentionConfig, attend
from ffp8.golden.attention import attention as golden
from ffp8.golden.choose import choose_format
from ffp8.golden.formats import Format
from ffp8.golden.ports import Role
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.reread import reread

__all__ = ["Errors", "Run", "formats_of", "in_hardware", "measure", "ways"]

TEXT = Path(__file__).parents[1] / "LICENSE"

#: The head that runs through the hardware, and how many of its queries and columns of values.
SHOWN_HEAD, SHOWN_QUERIES, SHOWN_COLUMNS = 0, 128, 4


@dataclass(frozen=True)
class Errors:
    """Of one way: ratios in dB of all heads and of the worst, and what is said above."""

    ratio: float
    worst: float
    weight: float
    row_sum: float
    agreement: float


def formats_of(heads: Sequence[Head]) -> dict[str, Format]:
    """The FFP8 formats of queries, keys and values of all heads."""
    tensors = {"q": "query", "k": "key", "v": "value"}
    return {
        name: choose_format(np.concatenate([getattr(head, tensor) for head in heads]))
        for name, tensor in tensors.items()
    }


def ways(formats: dict[str, Format]) -> dict[str, dict[str, object]]:
    """Options of `attention`, by what they are called."""
    ffp8 = {name: str(fmt) for name, fmt in formats.items()}
    int8 = dict.fromkeys("qkv", "int8")
    # Scores go to 102 in base 2, beyond the 32 of Table I.
    far, accurate = "wide,argument=q8.6", "accurate,argument=q8.8"
    return {
        "FFP8, Table I, weights uq1.7": {**ffp8, "softmax": "", "probabilities": "uq1.7"},
        "FFP8, Table I, weights uq1.15": {**ffp8, "softmax": ""},
        "FFP8, the same, argument q8.2": {**ffp8, "softmax": "argument=q8.2"},
        "FFP8, wide": {**ffp8, "softmax": "wide"},
        "FFP8, wide, argument q8.6": {**ffp8, "softmax": far},
        "FFP8, the same, weights e4m3fn": {**ffp8, "softmax": far, "probabilities": "e4m3fn"},
        "FFP8, the same, weights uq0.8": {**ffp8, "softmax": far, "probabilities": "uq0.8"},
        "FFP8, accurate, argument q8.8": {**ffp8, "softmax": accurate},
        "E4M3, wide, argument q8.6": {**dict.fromkeys("qkv", "e4m3fn"), "softmax": far},
        "E5M2, wide, argument q8.6": {**dict.fromkeys("qkv", "e5m2"), "softmax": far},
        "int8, wide, argument q8.6": {**int8, "softmax": far},
        "int8, accurate, argument q8.8": {**int8, "softmax": accurate},
    }  # fmt: skip


def codes_of(
    config: AttentionConfig, head: Head
) -> tuple[AttentionConfig, dict[str, np.ndarray], float]:
    """Codes of a head's tensors, the configuration with the scale that they need, and the unit of
    the results."""
    units: dict[str, float] = {}
    codes: dict[str, np.ndarray] = {}
    for name, tensor in (("q", head.query), ("k", head.key), ("v", head.value)):
        fmt = getattr(config, name)
        assert isinstance(fmt, Format)
        units[name] = 1.0 if fmt.exponent else float(np.abs(tensor).max() / fmt.max.to_floats())
        codes[name] = fmt.encode(tensor / units[name])
    scale = units["q"] * units["k"] / np.sqrt(HEAD_SIZE)
    return replace(config, scale=float(scale)), codes, units["v"]


def configuration(options: dict[str, object]) -> AttentionConfig:
    sizes = {"head_size": HEAD_SIZE, "value_size": HEAD_SIZE, "lanes": 4, "out": "bfloat16"}
    return AttentionConfig.from_json({"probabilities": "uq1.15", **sizes, **options})


def measure(heads: Sequence[Head], options: dict[str, object]) -> Errors:
    """The errors of one way, all heads together."""
    signal, noise, weight, sums, agreement = [], [], [], [], []
    for head in heads:
        config, codes, unit = codes_of(configuration(options), head)
        out, found = attend(config, codes["q"], codes["k"], codes["v"])
        weights, results = attention(head)
        got = config.probabilities.decode(found)
        signal.append(float((results**2).sum()))
        noise.append(float(((config.out.decode(out) * unit - results) ** 2).sum()))
        weight.append(float(np.abs(got - weights).max()))
        sums.append(float(got.sum(axis=1).mean()))
        agreement.append(float((got.argmax(axis=1) == weights.argmax(axis=1)).mean()))
    return Errors(
        ratio=decibels(sum(signal), sum(noise)),
        worst=min(decibels(*pair) for pair in zip(signal, noise, strict=True)),
        weight=max(weight),
        row_sum=float(np.mean(sums)),
        agreement=float(np.mean(agreement)),
    )


def decibels(signal: float, noise: float) -> float:
    return float(10 * np.log10(signal / noise))


@dataclass(frozen=True)
class Run:
    """What came of the rows of a head in hardware."""

    config: AttentionConfig
    engine: str
    rows: int
    cycles: int
    mismatches: int


def in_hardware(head: Head, options: dict[str, object], queries: int) -> Run:
    """Run some queries of a head through the simulated Verilog, and compare each result.

    With one key a cycle and some columns of the values, which is quickly compiled.
    """
    keys = len(head.key)
    head = replace(head, value=head.value[:, :SHOWN_COLUMNS])
    sizes = {"lanes": 1, "length": keys, "value_size": SHOWN_COLUMNS}
    config, codes, _ = codes_of(configuration({**options, **sizes}), head)
    operands = {
        "q": np.repeat(codes["q"][:queries], keys, axis=0),
        "k": np.tile(codes["k"], (queries, 1)),
        "v": np.tile(codes["v"], (queries, 1)),
        "last": (np.arange(queries * keys) % keys == keys - 1).astype(np.uint8),
    }
    # Nobody stalls, so that a beat is taken in each cycle.
    beats, cycles = queries * keys, queries * keys + config.drain
    inputs: dict[str, np.ndarray] = {
        name: np.concatenate([codes, np.zeros((config.drain, *codes.shape[1:]), codes.dtype)])
        for name, codes in operands.items()
    }
    for port in config.inputs:
        if port.role is Role.VALID:
            inputs[port.name] = (np.arange(cycles) < beats).astype(np.uint8)
        elif port.role in (Role.READY, Role.RESET):
            inputs[port.name] = np.full(cycles, port.role is Role.READY, np.uint8)
    (valid,) = (port.name for port in config.outputs if port.role is Role.VALID)
    engine = open_engine(reread(elaborate(config)))
    outputs = engine.run(inputs)
    got, wanted = outputs["out"][outputs[valid] > 0], golden(config, **operands)["out"]
    mismatches = int((got != wanted).sum()) if got.shape == wanted.shape else wanted.size
    return Run(config, f"{engine.name}: {engine.version}", queries, cycles, mismatches)


def main() -> int:
    parser = argparse.ArgumentParser(description="Attention of a trained transformer in few bits.")
    parser.add_argument("--tokens", type=int, default=128, help="length of the text, up to 270")
    tokens = parser.parse_args().tokens
    heads = MiniLM().heads(TEXT.read_text(), tokens)
    formats = formats_of(heads)
    console = Console(highlight=False)
    # Tables are for files, too.
    console.width = max(console.width, 90)
    chosen = ", ".join(f"{name} {fmt}" for name, fmt in formats.items())
    title = f"{len(heads)} heads, {len(heads[0].query)} tokens. FFP8: {chosen}"
    table = Table(title=title, title_justify="left")
    table.add_column("way", no_wrap=True)
    for column in ("dB", "worst head", "weight", "row sum", "argmax"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, options in ways(formats).items():
        found = measure(heads, options)
        table.add_row(
            name,
            f"{found.ratio:.1f}",
            f"{found.worst:.1f}",
            f"{found.weight:.1e}",
            f"{found.row_sum:.3f}",
            f"{found.agreement:.3f}",
        )
    console.print(table)
    run = in_hardware(heads[SHOWN_HEAD], list(ways(formats).values())[4], SHOWN_QUERIES)
    console.print(
        f"{run.rows} rows of layer {SHOWN_HEAD // HEADS}, head {SHOWN_HEAD % HEADS} in hardware, "
        f"{run.cycles:,} cycles ({run.engine}): {run.mismatches} results differ."
    )
    return int(run.mismatches > 0)


if __name__ == "__main__":
    sys.exit(main())
