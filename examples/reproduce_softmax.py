"""Errors of softmax approximations, measured with the golden models beside known figures.

    python examples/reproduce_softmax.py

First come figures that are known from an independent study, or from the papers: errors of lines,
the mass that a result of few bits loses, errors of exponentials. Then the fair table: all methods
take the same rows of normally distributed scores and are compared with the float64 softmax of
base e of the scores themselves, so errors are those of everything: rounding the scores, the
exponential, the sum, the division and the result. Rows have 16 to 1024 elements, and scores a
standard deviation of 1, 2 or 4.

* max, mean: absolute errors of single results, over all rows.
* sum: the mean of a row's results, added up; a softmax has 1.
* KL: the mean of sum p log2(p / q) for the true p, and q of the method normalised to a sum of 1;
  infinite where a q is zero, so 2^-24 is added to each q. In bits.
* argmax: the share of rows whose first largest result is that of the largest score.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table
from studies import Row, Study

from ffp8.golden.formats import Format
from ffp8.golden.piecewise import Curve, Fit, lines
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.golden.softmax import SoftmaxConfig, softmax_rows
from ffp8.golden.softmax_rivals import (
    IBERT,
    ibert_softmax,
    ita_softmax,
    piecewise_softmax,
    schraudolph_exp,
    softex_softmax,
)
from ffp8.golden.table_softmax import TableSoftmaxConfig, table_softmax_rows

__all__ = ["METHODS", "STUDIES", "Errors", "errors", "fair_table"]

Method = Callable[[np.ndarray], np.ndarray]

LENGTHS = (16, 64, 128, 384, 1024)
SPREADS = (1.0, 2.0, 4.0)


def truth(scores: np.ndarray, base: float = np.e) -> np.ndarray:
    """The softmax in float64."""
    powers = np.power(base, scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def ours(**options: str) -> Method:
    """A softmax of ours, with the paper's formats but for the options."""

    def method(scores: np.ndarray) -> np.ndarray:
        config = SoftmaxConfig.from_json(
            {"a": "float32", "log2e_bits": 12, "total": "uq11.6"} | options
        )
        assert isinstance(config.a, ScalarFormat)
        return config.out.decode(softmax_rows(config, config.a.encode(scores)))

    return method


def by_tables(preset: str) -> Method:
    """A softmax by tables, of a preset."""

    def method(scores: np.ndarray) -> np.ndarray:
        config = TableSoftmaxConfig.preset(preset, a="float32", log2e_bits=12)
        assert isinstance(config.a, ScalarFormat)
        return config.out.decode(table_softmax_rows(config, config.a.encode(scores)))

    return method


WIDE = {
    "argument": "q6.6",
    "power": "uq1.17",
    "total": "uq11.12",
    "reciprocal": "uq1.12",
    "out": "uq1.15",
}

METHODS: dict[str, Method] = {
    "Softermax, Table I": ours(),
    "Softermax, out uq1.12": ours(out="uq1.12"),
    "Softermax, out uq1.15": ours(out="uq1.15"),
    "ours, wide chords": ours(**WIDE, reciprocal_segments="16"),
    "ours, wide minimax": ours(
        **WIDE, segments="8", fit="minimax", reciprocal_segments="16", reciprocal_fit="minimax"
    ),
    "by tables, small": by_tables("small"),
    "by tables, balanced": by_tables("balanced"),
    "by tables, accurate": by_tables("accurate"),
    "I-BERT, 8 bits": ibert_softmax,
    "I-BERT, 16 bits": lambda scores: ibert_softmax(scores, bits=16),
    "ITA": ita_softmax,
    "chords of e^x": piecewise_softmax,
    "Schraudolph, bfloat16": lambda scores: softex_softmax(scores, corrected=False),
    "SoftEx": softex_softmax,
}


@dataclass(frozen=True)
class Errors:
    """The errors of a method, for rows of one length and spread."""

    worst: float
    mean: float
    total: float
    divergence: float
    agreement: float


def errors(found: np.ndarray, want: np.ndarray, scores: np.ndarray) -> Errors:
    """What rows of results are worth."""
    floor = found + 2.0**-24
    q = floor / floor.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(want > 0, want * np.log2(want / q), 0)
    return Errors(
        worst=float(np.abs(found - want).max()),
        mean=float(np.abs(found - want).mean()),
        total=float(found.sum(axis=1).mean()),
        divergence=float(terms.sum(axis=1).mean()),
        agreement=float((found.argmax(axis=1) == scores.argmax(axis=1)).mean()),
    )


def scores_of(length: int, spread: float, count: int) -> np.ndarray:
    rng = np.random.default_rng([length, int(spread * 16)])
    return rng.standard_normal((count, length)) * spread


def fair_table(length: int, spread: float, count: int) -> dict[str, Errors]:
    """The errors of all methods for the same rows."""
    scores = scores_of(length, spread, count)
    want = truth(scores)
    return {name: errors(method(scores), want, scores) for name, method in METHODS.items()}


#: Errors of chords; those of the best lines are half of them.
CHORDS = {
    Curve.POWER: {2: "2.53e-02", 4: "6.89e-03", 8: "1.80e-03", 16: "4.6e-04"},
    Curve.RECIPROCAL: {2: "3.37e-02", 4: "1.11e-02", 8: "3.27e-03", 16: "8.9e-04"},
}


def line_errors(count: int) -> Study:
    """Errors of lines alone, computed."""
    del count
    rows = []
    for curve, known in CHORDS.items():
        what = "2^f" if curve is Curve.POWER else "1/t"
        for segments, figure in known.items():
            for fit in Fit:
                worst = max(float(line.error) for line in lines(curve, segments, fit))
                half = "3.44e-03" if (curve, segments) == (Curve.POWER, 4) else ""
                known_here = figure if fit is Fit.CHORD else half
                rows.append(Row(f"{what}, {segments} segments, {fit}", f"{worst:.2e}", known_here))
    return Study("Greatest errors of lines", rows)


#: By fraction bits of the result and elements: row sums for a standard deviation of 1, 2 and 4,
#: where the division is exact.
MASS = {
    (7, 384): ("0.571", "0.728", "0.904"),
    (7, 1024): ("0.070", "0.449", "0.828"),
    (8, 384): ("0.924", "0.874", "0.942"),
    (10, 384): ("1.000", "0.986", "0.983"),
    (12, 384): (">= 0.996",) * 3,
    (15, 384): ("1.000",) * 3,
}

#: The same for all formats of Table I, and 384 elements.
TABLE_1 = ("0.570", "0.730", "0.909")

#: A sum that loses next to nothing, and a reciprocal as good as exact.
EXACT = {
    "total": "uq11.13", "reciprocal": "uq1.20", "reciprocal_segments": "64",
    "reciprocal_fit": "minimax", "slope_bits": "20",
}  # fmt: skip


def row_sum(elements: int, spread: float, count: int, **options: str) -> str:
    """The mean sum of rows of base 2, in beats of 16."""
    scores = scores_of(elements, spread, count)
    config = SoftmaxConfig.from_json({"lanes": "16"} | options)
    assert isinstance(config.a, ScalarFormat)
    found = config.out.decode(softmax_rows(config, config.a.encode(scores)))
    return f"{found.sum(axis=1).mean():.3f}"


def lost_mass(count: int) -> Study:
    """Row sums of Softermax, by the fraction bits of its result."""
    rows = [
        Row(f"Table I, 384 elements, deviation {spread:g}", row_sum(384, spread, count), figure)
        for spread, figure in zip(SPREADS, TABLE_1, strict=True)
    ]
    for (bits, length), known in MASS.items():
        for spread, figure in zip(SPREADS, known, strict=True):
            measured = row_sum(length, spread, count, out=f"uq1.{bits}", length="1024", **EXACT)
            what = f"{bits} fraction bits, {length} elements, deviation {spread:g}"
            rows.append(Row(what, measured, figure))
    return Study("Row sums of Softermax, base 2", rows)


def exponentials(count: int) -> Study:
    """Errors of the rivals' exponentials."""
    part = np.linspace(-np.log(2), 0, 50 * count + 1)[1:]
    a, b, c = IBERT
    error = np.abs(a * (part + b) ** 2 + c - np.exp(part))
    f = np.linspace(0, 1, 50 * count)
    plain = np.abs((1 + f) / np.exp2(f) - 1)
    bfloat16 = Format.parse("bfloat16")
    x = bfloat16.decode(bfloat16.encode(-np.linspace(0, 20, 50 * count)))
    corrected = np.abs(schraudolph_exp(x) / np.exp(x) - 1)
    octaves = np.random.default_rng(0).integers(-128, 128, (count, 64))
    ita = errors(ita_softmax(octaves * np.log(2), octave=1), truth(octaves, 2.0), octaves)
    rows = [
        Row("I-BERT's polynomial, absolute", f"{error.max():.2e}", "2.13e-03"),
        Row("I-BERT's polynomial, relative", f"{(error / np.exp(part)).max():.1e}", "3.1e-03"),
        Row("Schraudolph, greatest relative", f"{plain.max():.2%}", "6.15%"),
        Row("Schraudolph, mean relative", f"{plain.mean():.2%}", "4.07%"),
        Row("SoftEx, mean relative", f"{corrected.mean():.2%}", "0.14%"),
        Row("ITA, whole octaves, greatest", f"{ita.worst:.4f}", ".006 to .008"),
        Row("ITA, whole octaves, mean", f"{ita.mean:.1e}", "0.3e-04 to 2.4e-04"),
        Row("ITA, whole octaves, row sum", f"{ita.total:.2f}", ".98 to .99"),
    ]
    return Study("Rivals", rows)


#: Each is given how many random rows to measure with.
STUDIES: list[Callable[[int], Study]] = [line_errors, lost_mass, exponentials]


def main() -> int:
    parser = argparse.ArgumentParser(description="Errors of softmax beside known figures.")
    parser.add_argument("--count", type=int, default=1000, help="rows to measure with")
    options = parser.parse_args()
    console = Console(highlight=False)
    # Tables are for files, too.
    console.width = max(console.width, 90)
    for study in STUDIES:
        found = study(options.count)
        table = Table(title=found.title, title_justify="left")
        table.add_column("what")
        for column in ("measured", "known"):
            table.add_column(column, justify="right", no_wrap=True)
        for row in found.rows:
            table.add_row(row.what, row.ours, row.known)
        console.print(table)
    for spread in SPREADS:
        table = Table(
            title=f"Scores of standard deviation {spread:g}, {options.count} rows",
            title_justify="left",
        )
        table.add_column("method", no_wrap=True)
        for column in ("elements", "max", "mean", "sum", "KL", "argmax"):
            table.add_column(column, justify="right", no_wrap=True)
        for length in LENGTHS:
            for name, e in fair_table(length, spread, options.count).items():
                table.add_row(
                    name, str(length), f"{e.worst:.1e}", f"{e.mean:.1e}", f"{e.total:.3f}",
                    f"{e.divergence:.1e}", f"{e.agreement:.3f}",
                )  # fmt: skip
            table.add_section()
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
