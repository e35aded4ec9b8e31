"""Softmax by tables by the words of its definition: one element after the other, in rationals."""

import math
from fractions import Fraction

from softmax_oracle import arguments_oracle, floor_to, line, root_of_two, round_to

from ffp8.golden.piecewise import Fit
from ffp8.golden.rounding import Rounding
from ffp8.golden.table_softmax import TableSoftmaxConfig

__all__ = ["row_oracle"]

NOTHING = Fraction(0)


def odd_to(value: Fraction, bits: int, guard: int) -> Fraction:
    """Cut off behind so many bits; the last one is set if one of the next `guard` bits is."""
    cut = math.floor(value * 2 ** (bits + guard))
    kept, lost = divmod(cut, 2**guard)
    return Fraction(kept | (lost > 0), 2**bits)


def corrected(f: Fraction) -> Fraction:
    """2^f of 7 bits by SoftEx's parabolas."""
    if 2 * f < 1:
        return floor_to(1 + Fraction(4, 16) * f * (f + Fraction(363, 128)), 7)
    left = Fraction(7, 16) * (1 - f - Fraction(1, 256)) * (f + Fraction(278, 128))
    return 2 - Fraction(1, 128) - floor_to(left, 7)


def power_of(config: TableSoftmaxConfig, argument: Fraction, top: int) -> Fraction:
    """2^(argument - top), as the table has it."""
    below = argument - top
    octave = 0 - math.floor(below)
    if octave >= 16:
        return NOTHING
    bits = config.power_bits
    if config.octaves == 16:
        # Ties are powers of two below the last bit, which are rounded to even.
        return Fraction(round(root_of_two(below) * 2**bits), 2**bits)
    moved = octave // config.octaves * config.octaves
    entry = floor_to(root_of_two(below + moved), bits)
    if config.correction:
        entry = corrected(below + moved)
    return floor_to(entry / 2**moved, bits) + Fraction(1, 2 ** (bits + 1))


def reciprocal_of(config: TableSoftmaxConfig, total: Fraction) -> Fraction:
    """That of a number from 1 to 2."""
    steps = 2**config.index_bits
    middle = (Fraction(math.floor((total - 1) * steps)) + Fraction(1, 2)) / steps
    bits = config.factor_bits
    if not config.segments:
        return round_to(1 / (1 + middle), bits)
    low, slope = line("reciprocal", config.segments, Fit.MINIMAX, middle)
    distance = middle - Fraction(math.floor(middle * config.segments), config.segments)
    found = round_to(low, bits) + round_to(slope, config.slope_bits) * distance
    return round_to(found, bits)


def row_oracle(
    config: TableSoftmaxConfig, row: list[Fraction | float], mask: list[bool]
) -> list[Fraction]:
    """The exact numbers that the results of a row are rounded from; zero for masked elements."""
    arguments, left_out = arguments_oracle(config, row, mask)
    lowest = Fraction(-(2 ** (config.argument.width - 1)), 2**-config.argument.quantum_exponent)
    top, total = math.floor(lowest), NOTHING
    base = top + (3 - top) % 4
    powers: list[tuple[Fraction, int]] = []
    for start in range(0, len(row), config.lanes):
        beat = range(start, min(start + config.lanes, len(row)))
        before = base
        top = max([top, *(math.floor(arguments[k]) for k in beat if not left_out[k])])
        base = top + (3 - top) % 4
        if base - before >= 16:
            total = NOTHING
        total = floor_to(total / 2 ** (base - before), config.total_bits)
        found = [NOTHING if left_out[k] else power_of(config, arguments[k], top) for k in beat]
        powers += [(power, top) for power in found]
        total += round_to(sum(found, NOTHING) / 2 ** (base - top), config.total_bits)
    if not total:
        return [NOTHING] * len(row)
    exponent = math.floor(math.log2(total))
    reciprocal = reciprocal_of(config, total / Fraction(2) ** exponent)
    results = []
    for power, then in powers:
        places = exponent + base - then
        multiplier = NOTHING
        if places < 16:
            multiplier = odd_to(reciprocal / 2**places, config.factor_bits, 2)
        product = power * multiplier
        if config.rounding is Rounding.TO_ODD and config.plain:
            product = floor_to(product, 3 - config.out.quantum_exponent)
        results.append(product)
    return results
