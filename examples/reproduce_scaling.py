"""Signal to noise of scaled formats.

    python examples/reproduce_scaling.py

1. VS-Quant: 4-bit integers with one scale a channel, and with one a vector. The figures to
   compare with are from a second implementation of the formulas, in float64, on other random
   numbers; the length of its channels is not known, and 4096 gives them.
2. The scaled multiply-accumulate of Keller et al. 2023: what it costs to round the product of
   two scales from 16 to 8 bits.
3. Block formats of 4 to 8 bits on the same tensors.
4. NVFP4 as defined here, where each value is divided once, beside the chain of float32 operations
   in NVIDIA's recipe (arXiv 2509.25149), for bfloat16 values: how many codes differ.
"""

import argparse
import math
import sys
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.block_format import BlockFormat
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format, fixed_point, integer
from ffp8.golden.quantisers import Uniform
from ffp8.golden.scaled_dot import Accumulation, ScaledDotConfig, scaled_dot
from ffp8.golden.vs_quant import quantise_channels, vs_quant

__all__ = ["Results", "main", "measure", "show"]

#: Vector length and bits of the scale.
POINTS = ((16, 4), (16, 6), (16, 8), (64, 8))

#: Signal to noise in dB to compare with: one scale a channel, then `POINTS`.
REFERENCE = {
    "Gaussian": (15.98, 20.67, 21.35, 21.39, 19.37),
    "Laplace": (11.89, 18.87, 19.83, 19.90, 17.04),
    "Student t3": (5.37, 14.65, 18.59, 18.94, 14.84),
}
#: The same for dot products of 768 in vectors of 64: with 16-bit products of scales, and 8-bit.
REFERENCE_DOT = (16.33, 16.32)

#: How far random numbers may move a figure, in dB. Of heavy tails, single values decide.
TOLERANCE = {"Gaussian": 0.2, "Laplace": 0.5, "Student t3": 1.5}


#: Between the magnitudes of E2M1.
MIDPOINTS = np.array([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0])


@dataclass(frozen=True)
class Differences:
    """NVFP4 codes that are not those of the recipe."""

    vectors: int
    scales: int
    #: Elements of vectors whose scales agree.
    elements: int
    #: How far the quotients of these elements are from a midpoint at most.
    distance: float


@dataclass(frozen=True)
class Results:
    """Figures in dB, and counts of NVFP4 codes."""

    paper: dict[str, list[float]]
    rounded: dict[str, list[float]]
    dots: list[float]
    largest_sum: int
    blocks: dict[str, list[float]]
    nvfp4: Differences

    @property
    def as_expected(self) -> bool:
        """Whether all figures are those to compare with, as far as random numbers let them."""
        near = [
            abs(got - want) < TOLERANCE[name]
            for name, wanted in REFERENCE.items()
            for got, want in zip(self.paper[name], wanted, strict=True)
        ]
        dots = zip(self.dots, REFERENCE_DOT, strict=True)
        return all(near) and all(abs(got - want) < TOLERANCE["Gaussian"] for got, want in dots)


def tensors(channels: int, length: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shape = (channels, length)
    found = (rng.standard_normal(shape), rng.laplace(size=shape), rng.standard_t(3, shape))
    return {
        name: x.astype(np.float32).astype(np.float64)
        for name, x in zip(REFERENCE, found, strict=True)
    }


def ratio(values: np.ndarray, decoded: np.ndarray) -> float:
    """Signal to noise, in dB."""
    return 10 * math.log10(float(np.sum(values**2) / np.sum((values - decoded) ** 2)))


def per_channel(values: np.ndarray) -> np.ndarray:
    """4-bit integers with one scale a channel."""
    quantisers = [
        Uniform(format=integer(4), clip=float(np.abs(row).max()), levels=7, symmetric=True)
        for row in values
    ]
    return np.array([q.decode(q.encode(row)) for q, row in zip(quantisers, values, strict=True)])


def vector_ratios(values: np.ndarray, unrounded: bool) -> list[float]:
    exact = Exact.from_floats(values)
    found = [ratio(values, per_channel(values))]
    for length, bits in POINTS:
        block = vs_quant(4, length, bits)
        found.append(ratio(values, quantise_channels(block, exact, unrounded=unrounded).decode()))
    return found


def dot_ratios(rows: int, seed: int) -> tuple[list[float], int]:
    """Signal to noise of dot products of 768 with the scaled multiply-accumulate, and the
    largest accumulator."""
    rng = np.random.default_rng(seed)
    block = vs_quant(4, 64, 8)
    sides = rng.standard_normal((2, rows, 768))
    left, right = (quantise_channels(block, Exact.from_floats(side)) for side in sides)
    steps = left.scales.shape[1]
    # Rows of the left side, then of the right one, then steps.
    every = np.arange(rows).repeat(rows), np.tile(np.arange(rows), rows)
    codes, scales = [], []
    for side, index in zip((left, right), every, strict=True):
        codes.append(side.elements[index].reshape(-1, block.length))
        scales.append(side.scales[index].ravel())
    operands = dict(zip(("a", "b", "a_scale", "b_scale"), (*codes, *scales), strict=True))
    first = np.arange(len(scales[0])) % steps == 0
    channel = Format.parse("float32").decode
    factor = channel(left.channel)[:, None] * channel(right.channel)
    found, largest = [], 0
    for bits in (16, 8):
        config = ScaledDotConfig(
            a=block,
            b=block,
            factor_bits=bits,
            accumulate=Accumulation.RUNNING,
            out=fixed_point(32, bits - 16),
            flags=True,
        )
        done = scaled_dot(config, first=first, **operands)
        assert not done["overflow"].any()
        assert config.out is not None
        total = config.out.decode(done["out"])[steps - 1 :: steps].reshape(rows, rows)
        found.append(ratio(sides[0] @ sides[1].T, total * factor))
        largest = int(np.abs(total).max()) >> 16 - bits
    return found, largest


def block_ratio(block: BlockFormat, values: np.ndarray) -> float:
    exact = Exact.from_floats(values.reshape(-1, block.length))
    tensor = None if block.tensor is None else block.tensor_scale(Exact.from_floats(values.ravel()))
    decoded = block.decode(*block.quantise(exact, tensor), tensor)
    return ratio(values, decoded.reshape(values.shape))


def recipe(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """NVFP4 codes by NVIDIA's recipe, each operation rounded to float32."""
    element, scale, one = Format.parse("e2m1fn"), Format.parse("e4m3fn"), np.float32(1)
    vectors = values.reshape(-1, 16).astype(np.float32)
    encode = np.float32(6 * 448) / np.abs(vectors).max()
    decode = one / encode
    scales = scale.encode(np.abs(vectors).max(axis=-1) / np.float32(6) * encode)
    inverse = one / (scale.decode(scales).astype(np.float32) * decode)
    return scales, element.encode(vectors * inverse[:, None])


def nvfp4_differences(values: np.ndarray) -> Differences:
    bfloat16, float32 = Format.parse("bfloat16"), Format.parse("float32")
    nvfp4 = BlockFormat.parse("nvfp4")
    narrow = bfloat16.decode(bfloat16.encode(values)).reshape(-1, 16)
    tensor = nvfp4.tensor_scale(Exact.from_floats(narrow.ravel()))
    scales, elements = nvfp4.encode(narrow, tensor)
    others = recipe(narrow)
    same = scales == others[0]
    where = same[:, None] & (elements != others[1])
    divisors = nvfp4.scale.decode(scales)[:, None] * float32.decode(tensor)
    quotients = np.abs(narrow / np.where(divisors > 0, divisors, 1))[where]
    distances = np.abs(quotients[:, None] - MIDPOINTS).min(axis=-1)
    return Differences(
        vectors=len(scales),
        scales=int((~same).sum()),
        elements=int(where.sum()),
        distance=float(distances.max(initial=0)),
    )


def measure(channels: int, length: int, rows: int, seed: int) -> Results:
    found = tensors(channels, length, seed)
    dots, largest = dot_ratios(rows, seed)
    return Results(
        paper={name: vector_ratios(x, unrounded=True) for name, x in found.items()},
        rounded={name: vector_ratios(x, unrounded=False) for name, x in found.items()},
        dots=dots,
        largest_sum=largest,
        blocks={
            entry.name: [block_ratio(entry.format, x) for x in found.values()]
            for entry in BLOCK_FORMATS
        },
        nvfp4=nvfp4_differences(found["Gaussian"]),
    )


def show(results: Results, console: Console) -> None:
    columns = ["per channel", *(f"V{length} M{bits}" for length, bits in POINTS)]
    table = Table("dB", "", *columns)
    for name, wanted in REFERENCE.items():
        rows = {
            "compare": wanted,
            "VS-Quant": results.paper[name],
            "rounded scale": results.rounded[name],
        }
        for title, figures in rows.items():
            table.add_row(name, title, *(f"{figure:.2f}" for figure in figures))
    console.print(table)
    console.print(
        f"Dot products of 768, V64 M8: {results.dots[0]:.3f} dB with 16-bit products of scales, "
        f"{results.dots[1]:.3f} dB with 8-bit ones (compare {REFERENCE_DOT[0]} and "
        f"{REFERENCE_DOT[1]}). The largest accumulator is {results.largest_sum:,} of 2^23.",
        highlight=False,
    )
    table = Table("Block format", "bits", *(f"{name}, dB" for name in REFERENCE))
    for name, figures in results.blocks.items():
        bits = float(BlockFormat.parse(name).bits_per_element)
        table.add_row(name, f"{bits:g}", *(f"{figure:.2f}" for figure in figures))
    console.print(table)
    nvfp4 = results.nvfp4
    console.print(
        f"NVFP4 by the recipe in float32, {nvfp4.vectors:,} vectors of bfloat16: {nvfp4.scales:,} "
        f"scales differ, and where they agree, {nvfp4.elements:,} elements, whose quotients are "
        f"no further than {nvfp4.distance:.1e} from a midpoint.",
        highlight=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Signal to noise of scaled formats.")
    parser.add_argument("--channels", type=int, default=128, help="channels of a tensor")
    parser.add_argument("--length", type=int, default=4096, help="elements of a channel")
    parser.add_argument("--rows", type=int, default=64, help="rows of each side of dot products")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    results = measure(options.channels, options.length, options.rows, options.seed)
    show(results, Console())
    return 0 if results.as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
