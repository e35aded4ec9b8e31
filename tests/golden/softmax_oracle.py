"""Softmax by the words of its definition: one element after the other, in exact rationals."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np

from ffp8.golden.piecewise import Fit
from ffp8.golden.score_options import ScoreOptions
from ffp8.golden.softmax import SoftmaxConfig
from ffp8.golden.softmax_options import CommonOptions, ResultOptions

__all__ = [
    "arguments_oracle",
    "floor_to",
    "line",
    "results_oracle",
    "root_of_two",
    "round_to",
    "row_oracle",
    "value",
]

NOTHING = Fraction(0)


def floor_to(value: Fraction, bits: int) -> Fraction:
    return Fraction(math.floor(value * 2**bits), 2**bits)


def round_to(value: Fraction, bits: int) -> Fraction:
    """To nearest, ties up."""
    return Fraction(math.floor(value * 2**bits + Fraction(1, 2)), 2**bits)


def root_of_two(power: Fraction) -> Fraction:
    """2^power to more than 100 bits, by a root of an integer."""
    scale = 120 * power.denominator
    number = 2 ** (power.numerator + scale)
    root = number
    for _ in range(power.denominator.bit_length() - 1):
        root = math.isqrt(root)
    return Fraction(root, 2**120)


def line(kind: str, segments: int, fit: Fit, fraction: Fraction) -> tuple[Fraction, Fraction]:
    """Start and slope of the line for a fraction, not rounded."""
    place = math.floor(fraction * segments)
    start, end = Fraction(place, segments), Fraction(place + 1, segments)
    if kind == "power":
        low, high = root_of_two(start), root_of_two(end)
    else:
        low, high = 1 / (1 + start), 1 / (1 + end)
    slope = (high - low) * segments
    if fit is Fit.MINIMAX:
        with localcontext() as context:
            context.prec = 50
            if kind == "power":
                steep = Decimal(slope.numerator) / slope.denominator
                ln2 = Decimal(2).ln()
                touching = steep / ln2
                at = touching.ln() / ln2
                begin = Decimal(low.numerator) / low.denominator
                gap = begin + steep * (at - Decimal(place) / segments) - touching
            else:
                a, b = 1 + Decimal(place) / segments, 1 + Decimal(place + 1) / segments
                gap = (1 / a.sqrt() - 1 / b.sqrt()) ** 2
            low -= Fraction(gap) / 2
    return low, slope


def value(kind: str, config: CommonOptions, fraction: Fraction, steps: int) -> Fraction:
    """The table's value at a fraction that is a multiple of 2^-steps."""
    if kind == "power":
        segments, fit, fmt = config.segments, config.fit, config.power
    else:
        assert isinstance(config, ResultOptions)
        segments, fit = config.reciprocal_segments, config.reciprocal_fit
        fmt = config.reciprocal
    bits = -fmt.quantum_exponent
    if not segments:
        return Fraction(1)
    if segments >= 2**steps:
        exact, _ = line(kind, 2**steps, Fit.CHORD, fraction)
        return round_to(exact, bits)
    low, slope = line(kind, segments, fit, fraction)
    distance = fraction - Fraction(math.floor(fraction * segments), segments)
    return round_to(low, bits) + round_to(slope, config.slope_bits) * distance


def arguments_oracle(
    config: ScoreOptions, row: list[Fraction | float], mask: list[bool]
) -> tuple[list[Fraction], list[bool]]:
    """The arguments of a row's scores, and which of them are left out."""
    left_out = [out or x == -math.inf for x, out in zip(row, mask, strict=True)]
    steps = -config.argument.quantum_exponent
    values = [Fraction(0) if isinstance(x, float) and math.isnan(x) else x for x in row]
    highest = Fraction(2 ** (config.argument.width - 1) - 1, 2**steps)
    lowest = -highest - Fraction(1, 2**steps)
    factor = Fraction(round(np.log2(np.e) * 2**config.log2e_bits), 2**config.log2e_bits)
    if not config.log2e_bits:
        factor = Fraction(1)
    arguments = []
    for x in values:
        if isinstance(x, float):
            arguments.append(highest if x > 0 else lowest)
        else:
            nearest = Fraction(round(x * factor * 2**steps), 2**steps)
            arguments.append(min(max(nearest, lowest), highest))
    return arguments, left_out


def row_oracle(
    config: SoftmaxConfig, row: list[Fraction | float], mask: list[bool]
) -> list[Fraction]:
    """The exact numbers that the results of a row are rounded from; zero for masked elements."""
    arguments, left_out = arguments_oracle(config, row, mask)
    steps = -config.argument.quantum_exponent
    lowest = Fraction(-(2 ** (config.argument.width - 1)), 2**steps)
    power_bits, total_bits = (-fmt.quantum_exponent for fmt in (config.power, config.total))
    top, total = math.floor(lowest), NOTHING
    powers: list[tuple[Fraction, int]] = []
    for start in range(0, len(row), config.lanes):
        beat = range(start, min(start + config.lanes, len(row)))
        before = top
        top = max([top, *(math.ceil(arguments[k]) for k in beat if not left_out[k])])
        total = floor_to(total / 2 ** (top - before), total_bits)
        added = NOTHING
        for k in beat:
            power = NOTHING
            if not left_out[k]:
                whole = math.floor(arguments[k])
                found = value("power", config, arguments[k] - whole, steps)
                power = floor_to(found * Fraction(2) ** (whole - top), power_bits)
            powers.append((power, top))
            added += power
        total += round_to(added, total_bits)
    moved = [floor_to(power / 2 ** (top - then), power_bits) for power, then in powers]
    return results_oracle(config, moved, total)


def results_oracle(
    config: ResultOptions, powers: list[Fraction], total: Fraction
) -> list[Fraction]:
    """The exact numbers that results are rounded from, given powers below the row's top."""
    if not total:
        return [NOTHING] * len(powers)
    exponent = math.floor(math.log2(total))
    part = total / Fraction(2) ** exponent - 1
    found = value("reciprocal", config, part, config.total.width - 1)
    reciprocal = round_to(found, -config.reciprocal.quantum_exponent) / Fraction(2) ** exponent
    return [power * reciprocal for power in powers]
