"""Errors of summation, measured with the golden models beside known figures.

    python examples/reproduce_trees.py

Each study is a function that gives a table: what was measured, ours, and a figure from elsewhere
where there is one. Errors of dot products are relative to the sum of the products' magnitudes,
as their mean and maximum over many dot products. The figures beside those of windowed sums come
from an independent study in numpy with the conversions of ml_dtypes. Sums of many terms are those
of `long_sums`.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from long_sums import million_terms, swamped_sums
from rich.console import Console
from rich.table import Table
from studies import Row, Study

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.windowed_sum import Cut, Reference

__all__ = ["STUDIES", "chained_sums", "windowed_sums"]

WAYS = 24


@dataclass(frozen=True)
class Products:
    """Dot products of normally distributed numbers in a format."""

    fmt: Format
    a: np.ndarray
    b: np.ndarray

    @classmethod
    def random(cls, name: str, count: int) -> "Products":
        rng = np.random.default_rng(0)
        fmt = Format.parse(name)
        a, b = (fmt.encode(rng.standard_normal((count, WAYS))) for _ in range(2))
        return cls(fmt, a, b)

    @property
    def values(self) -> np.ndarray:
        """The products, exact in float64."""
        return self.fmt.decode(self.a) * self.fmt.decode(self.b)

    def tree(self, **options: Any) -> np.ndarray:
        """What a tree with these options gives."""
        config = FmaTreeConfig(a=self.fmt, b=self.fmt, ways=WAYS, **options)
        return config.result.decode(fma_tree(config, a=self.a, b=self.b)["out"])

    def error(self, sums: np.ndarray) -> str:
        """The mean error of sums, and the maximum."""
        values = self.values
        # Sums of 24 products of these formats are exact in float64.
        errors = np.abs(sums - values.sum(axis=1)) / np.abs(values).sum(axis=1)
        return f"{errors.mean():.1e} ({errors.max():.1e})"


#: By format, cut and window: the mean error, and the maximum where it is known.
WINDOWS = {
    ("e4m3fn", Cut.TOWARD_ZERO, 8): "1.7e-03 (1.6e-02)",
    ("e4m3fn", Cut.TOWARD_ZERO, 10): "2.9e-04 (4.5e-03)",
    ("e4m3fn", Cut.TOWARD_ZERO, 12): "4.3e-05 (6.2e-04)",
    ("e4m3fn", Cut.TOWARD_ZERO, 16): "3e-07",
    ("e4m3fn", Cut.FLOOR, 10): "9.3e-04",
    ("e5m2", Cut.TOWARD_ZERO, 8): "1.2e-03",
    ("e5m2", Cut.TOWARD_ZERO, 10): "1.8e-04",
    ("e5m2", Cut.TOWARD_ZERO, 12): "2.2e-05",
}


def windowed_sums(count: int) -> Study:
    """Sums of 24 products in a window below the largest magnitude, before they are rounded."""
    rows = []
    for name in ("e4m3fn", "e5m2"):
        products = Products.random(name, count)
        for cut in (Cut.TOWARD_ZERO, Cut.FLOOR, Cut.NEAREST, Cut.ODD, Cut.STICKY):
            for bits in (8, 10, 12, 16):
                sums = products.tree(window=bits, cut=cut, reference=Reference.MAGNITUDES)
                known = WINDOWS.get((name, cut, bits), "")
                rows.append(Row(f"{name}, {bits} bits, {cut}", products.error(sums), known))
    return Study("24 products in a window", rows)


def chained_sums(count: int) -> Study:
    """The same with one rounding to float16, and with one for each addition."""
    half = Format.parse("float16")
    products = Products.random("e4m3fn", count)

    def rounded(values: np.ndarray) -> np.ndarray:
        # What is added here has few enough bits to be exact before it is rounded.
        return half.decode(half.encode(values))

    values = products.values
    chain = np.zeros(count)
    for place in range(WAYS):
        chain = rounded(chain + values[:, place])
    level = [rounded(values[:, place]) for place in range(WAYS)]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [rounded(sum(pair, np.zeros(count))) for pair in pairs]
    window = products.tree(window=12, reference=Reference.MAGNITUDES)
    rows = [
        Row("12-bit window, not rounded", products.error(window), "4.3e-05 (6.2e-04)"),
        Row(
            "exact, then one float16", products.error(products.tree(out=half)), "4.4e-05 (3.5e-04)"
        ),
        Row("float16 in pairs", products.error(level[0]), "9.4e-05 (7.3e-04)"),
        Row("24 chained float16 FMAs", products.error(chain), "1.2e-04 (2.0e-03)"),
    ]
    return Study("24 products of e4m3fn and float16", rows)


#: Each is given how many random cases to measure with.
STUDIES: list[Callable[[int], Study]] = [windowed_sums, chained_sums]


def main() -> int:
    parser = argparse.ArgumentParser(description="Errors of summation beside known figures.")
    parser.add_argument("--count", type=int, default=20_000, help="dot products to measure with")
    options = parser.parse_args()
    console = Console(highlight=False)
    for found in (*(study(options.count) for study in STUDIES), swamped_sums(), million_terms()):
        table = Table(title=found.title, title_justify="left")
        table.add_column("sum")
        for column in ("measured", "known"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in found.rows:
            table.add_row(row.what, row.ours, row.known)
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
