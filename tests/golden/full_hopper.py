"""The preset nvidia-hopper-fp8 against mmaemu: ``python tests/golden/full_hopper.py``.

It needs the extra ``machines``. Dot products of all pairs of E4M3 and E5M2 are chained: 32
products a step, with the result as the next step's addend. With ``--write FILE`` a few steps are
kept, with what mmaemu gives; the tests replay those of `SAMPLE`. A million dot products take about
five minutes.
"""

import argparse
import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format

__all__ = ["PAIRS", "SAMPLE", "hopper", "step"]

PAIRS = (("e4m3fn", "e4m3fn"), ("e4m3fn", "e5m2"), ("e5m2", "e4m3fn"), ("e5m2", "e5m2"))

#: Steps recorded with mmaemu 0.1.0.
SAMPLE = Path(__file__).parent / "data" / "hopper_fp8.npz"

#: Products of a dot product, by turns.
LENGTHS = (256, 512, 1024)

#: Dot products at a time.
BATCH = 5_000

FLOAT32 = Format.parse("float32")


def hopper(pair: tuple[str, str]) -> FmaTreeConfig:
    return FmaTreeConfig.preset("nvidia-hopper-fp8", a=pair[0], b=pair[1])


def step(pair: tuple[str, str], a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """What golden gives."""
    return fma_tree(hopper(pair), a=a, b=b, c=c)["out"]


@dataclass
class Cases:
    """Random dot products of two formats."""

    rng: np.random.Generator
    pair: tuple[str, str]
    count: int
    length: int

    def operands(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows of a and b, and addends: a sixth of each kind."""
        a, b = (self.codes(Format.parse(name)) for name in self.pair)
        third = a[2::6]
        # Lanes that cancel, in another order.
        half = self.length // 2
        order = self.rng.permutation(half)
        third[:, half:] = third[:, order] ^ 0x80
        b[2::6, half:] = b[2::6, order]
        for rows, name in ((a, self.pair[0]), (b, self.pair[1])):
            rare = rows[3::6]
            where = self.rng.random(rare.shape) < 0.5 / self.length
            rare[where] = self.special(name, int(where.sum()))
        return a, b, self.addends()

    def codes(self, fmt: Format) -> np.ndarray:
        """Finite codes: all alike, normally distributed, subnormals, and mostly zeros."""
        rng, shape = self.rng, (self.count, self.length)
        signs = rng.integers(0, 2, shape) << 7
        codes = rng.integers(0, fmt.max_index + 1, shape) | signs
        codes[1::6] = fmt.encode(rng.standard_normal(codes[1::6].shape) * 4.0)
        codes[4::6] = rng.integers(0, 2**fmt.fraction + 3, codes[4::6].shape) | signs[4::6]
        codes[5::6] *= rng.random(codes[5::6].shape) < 0.1
        return codes.astype(np.uint8)

    def special(self, name: str, count: int) -> np.ndarray:
        fmt = Format.parse(name)
        known = fmt.unpack(fmt.codes)
        return self.rng.choice(fmt.codes[known.nan | known.infinite], count)

    def addends(self) -> np.ndarray:
        """Zero, of a size like that of the products, or any float32, all kinds of NaN included."""
        rng = self.rng
        found = np.zeros(self.count, np.uint32)
        found[1::3] = FLOAT32.encode(rng.standard_normal(len(found[1::3])) * 1e3)
        found[2::3] = rng.integers(0, 2**32, len(found[2::3]), dtype=np.uint32)
        # Few of any size are of the products' size, or subnormal.
        found[5::6] = found[5::6] & 0x807FFFFF | rng.integers(0, 60, len(found[5::6])) + 97 << 23
        found[8::12] &= 0x807FFFFF
        found[11::60] = 0x7F800000 | (found[11::60] & 0x80000001)
        return found


class Machine:
    """The step as mmaemu has it."""

    def __init__(self) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.chain: Any = importlib.import_module("mmaemu.model.chain")

    def dot(self, pair: tuple[str, str], a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Dot products of any multiple of 32, chained."""
        torch = self.torch
        kinds = {"e4m3fn": torch.float8_e4m3fn, "e5m2": torch.float8_e5m2}
        left, right = (
            torch.from_numpy(np.ascontiguousarray(codes)).view(kinds[name])
            for codes, name in zip((a, b), pair, strict=True)
        )
        addends = torch.from_numpy(c.view(np.float32))
        return self.chain.dot(left, right, addends, preset="hopper").numpy().view(np.uint32)


def write(path: Path, machine: Machine, count: int) -> None:
    """Record single steps, the addends of most being results of steps before."""
    found: dict[str, np.ndarray] = {}
    for pair in PAIRS:
        cases = Cases(np.random.default_rng(1), pair, count, 128)
        a, b, c = cases.operands()
        at = np.arange(count) % 4 * 32
        # Up to three steps before the recorded one.
        for start in range(0, 96, 32):
            end = machine.dot(pair, a[:, start : start + 32], b[:, start : start + 32], c)
            c = np.where(start < at, end, c)
        rows = np.arange(count)[:, np.newaxis], at[:, np.newaxis] + np.arange(32)
        name = "_".join(pair)
        found[f"{name}_a"], found[f"{name}_b"], found[f"{name}_c"] = a[rows], b[rows], c
        found[f"{name}_out"] = machine.dot(pair, a[rows], b[rows], c)
    np.savez_compressed(path, allow_pickle=False, **found)


def main() -> int:
    parser = argparse.ArgumentParser(description="nvidia-hopper-fp8 against mmaemu.")
    parser.add_argument("--count", type=int, default=10**6, help="dot products")
    parser.add_argument("--write", type=Path, help="record steps in this file instead")
    options = parser.parse_args()
    machine = Machine()
    if options.write:
        write(options.write, machine, 500)
        return 0
    failed = 0
    for number, pair in enumerate(PAIRS):
        done = wrong = specials = 0
        while done < options.count // len(PAIRS):
            size = LENGTHS[done // BATCH % len(LENGTHS)]
            cases = Cases(np.random.default_rng([number, done]), pair, BATCH, size)
            a, b, c = cases.operands()
            want, got = machine.dot(pair, a, b, c), c
            for start in range(0, size, 32):
                got = step(pair, a[:, start : start + 32], b[:, start : start + 32], got)
            wrong += int((got != want).sum())
            specials += int((want & 0x7F800000 == 0x7F800000).sum())
            done += BATCH
        failed += wrong
        print(*pair, f"{done:,} dot products, {specials:,} of them NaN or infinite, {wrong} differ")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
