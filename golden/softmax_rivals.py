"""Other approximations of softmax, to compare with: rows of scores to rows of probabilities.

Integer arithmetic is that of the papers, and where these leave something open, of their authors'
programs; what is still ours to choose is a parameter. Scores are float64 and so are results,
which are exactly what the integers or bfloat16 numbers of a method stand for.
"""

import numpy as np

from .formats import Format

__all__ = [
    "IBERT",
    "ibert_exp",
    "ibert_softmax",
    "ita_softmax",
    "piecewise_softmax",
    "schraudolph_exp",
    "softex_softmax",
]

#: The polynomial a (p + b)^2 + c for e^p on (-ln 2, 0], as printed in I-BERT (Kim et al. 2021).
IBERT = 0.3585, 1.353, 0.344


def ibert_exp(
    numbers: np.ndarray,
    scale: float,
    coefficients: tuple[float, float, float] = IBERT,
    extra_bits: int = 0,
) -> tuple[np.ndarray, float]:
    """I-BERT's i-exp: e^(number * scale) for integers that are not positive.

    The number is cut to -z ln 2 + p; the polynomial of p is one square of integers, and z a shift
    to the right.

    Parameters
    ----------
    extra_bits
        Bits below the polynomial's last one that the shift leaves; none in the paper. The
        authors' program keeps 30.

    Returns
    -------
    Integers, and what they are to be multiplied with.
    """
    a, b, c = coefficients
    ln2 = int(np.floor(np.log(2) / scale))
    offset, constant = int(np.floor(b / scale)), int(np.floor(c / (a * scale**2)))
    # Beyond that many halvings nothing is left.
    numbers = np.maximum(np.asarray(numbers).astype(np.int64), -30 * ln2)
    halvings = -numbers // ln2
    rest = numbers + halvings * ln2
    square = (rest + offset) ** 2 + constant
    return (square << extra_bits) >> halvings, a * scale**2 / 2**extra_bits


def ibert_softmax(
    scores: np.ndarray, *, scale: float = 2.0**-10, bits: int = 8, extra_bits: int = 0
) -> np.ndarray:
    """I-BERT's softmax: i-exp, and a division of integers, as the authors' program does it.

    Parameters
    ----------
    scale
        Of the integers that scores are rounded to, to nearest.
    bits
        Fraction bits of the result; 8 in the authors' program.
    """
    numbers = np.rint(scores / scale).astype(np.int64)
    powers, _ = ibert_exp(
        numbers - numbers.max(axis=1, keepdims=True), scale, extra_bits=extra_bits
    )
    factor = 2**32 // powers.sum(axis=1, keepdims=True)
    return (powers * factor >> 32 - bits) / 2**bits


#: ITA: bits of a score and of a result, and scores that are added at a time.
ITA_BITS, ITA_GROUP = 8, 16


def ita_softmax(scores: np.ndarray, *, octave: int = 2**ITA_BITS // ITA_BITS) -> np.ndarray:
    """ITA's streaming softmax (Islamoglu et al. 2023): int8, shifts alone, base 2.

    A score is an integer of 8 bits in units of ln(2) / `octave`: of ln(2) / 32 in the paper, so
    that all 256 of them are 8 octaves, and of ln(2) in the authors' program of 2024. We put the
    largest one of a row at 127. Powers are shifts of 256 by the distance from the
    maximum, in octaves to nearest, ties up. A sum is moved right where the maximum of a group of 16
    is greater than before. The result is 255 * 256 / sum, cut off, moved right by the distance.
    """
    numbers = np.rint(scores * np.log2(np.e) * octave).astype(np.int64)
    lowest, highest = -(2 ** (ITA_BITS - 1)), 2 ** (ITA_BITS - 1) - 1
    numbers = np.maximum(numbers - numbers.max(axis=1, keepdims=True) + highest, lowest)
    rows = len(numbers)
    total, top = np.zeros(rows, np.int64), np.full(rows, lowest)
    for place in range(0, numbers.shape[1], ITA_GROUP):
        group = numbers[:, place : place + ITA_GROUP]
        before, top = top, np.maximum(top, group.max(axis=1))
        total >>= octaves(top - before, octave)
        total += (2**ITA_BITS >> octaves(top[:, np.newaxis] - group, octave)).sum(axis=1)
    inverse = (2**ITA_BITS - 1) * 2**ITA_BITS // total
    found = inverse[:, np.newaxis] >> octaves(top[:, np.newaxis] - numbers, octave)
    return found / (2**ITA_BITS - 1)


def octaves(distance: np.ndarray, octave: int) -> np.ndarray:
    return (distance + octave // 2) // octave


def piecewise_softmax(
    scores: np.ndarray, *, segments: int = 16, reach: int = 8, bits: int = 15
) -> np.ndarray:
    """Chords of e^x between 0 and -`reach`, zero below, and an exact division.

    No paper's in particular: what is often made of an exponential. Its values, and the results,
    are rounded to so many fraction bits.
    """
    below = scores - scores.max(axis=1, keepdims=True)
    points = np.linspace(-reach, 0, segments + 1)
    powers = np.where(below < -reach, 0, np.interp(below, points, np.exp(points)))
    powers = np.rint(powers * 2**bits)
    return np.rint(powers / powers.sum(axis=1, keepdims=True) * 2**bits) / 2**bits


BFLOAT16 = Format.parse("bfloat16")

#: SoftEx: fraction bits of bfloat16 and of 1 / ln 2, and of the coefficients that follow.
FRACTION, LOG2E_FRACTION = 7, 14
#: alpha and beta in 16ths, both gammas in 128ths: those of the authors' program, rounded as there.
ALPHA, BETA, GAMMA_1, GAMMA_2 = 4, 7, 363, 278


def bfloat16(values: np.ndarray) -> np.ndarray:
    """Values rounded to bfloat16."""
    return BFLOAT16.decode(BFLOAT16.encode(values))


def schraudolph_exp(values: np.ndarray, *, corrected: bool = True) -> np.ndarray:
    """e^x as a bfloat16 number, of bfloat16 numbers that are not positive (Schraudolph 1999).

    The number x / ln 2 in fixed point with 7 fraction bits, as exponent and fraction of a float,
    stands for 2^i (1 + f) instead of 2^(i + f). With `corrected`, the fraction is replaced as in
    SoftEx (Belano et al. 2024): by a f (f + c) in the lower half of its range, and by what
    b (1 - f) (f + d) leaves to 1 in the upper half, cut to 7 bits.
    """
    exact = BFLOAT16.unpack(BFLOAT16.encode(values))
    factor = round(2**LOG2E_FRACTION / np.log(2))
    # The significand has 8 bits, and its last one is worth 2^exponent.
    number = exact.significand * factor
    drop = np.clip(LOG2E_FRACTION - FRACTION - exact.exponent, 1, 62)
    magnitude = ((number >> (drop - 1)) + 1) >> 1
    fixed = np.where(exact.negative, -magnitude, magnitude)
    whole, fraction = fixed >> FRACTION, fixed & 2**FRACTION - 1
    if corrected:
        fraction = corrected_fraction(fraction)
    found = np.ldexp(1 + fraction / 2**FRACTION, np.maximum(whole, -1000))
    # bfloat16 without subnormals.
    return np.where(whole < -126, 0.0, found)


def corrected_fraction(fraction: np.ndarray) -> np.ndarray:
    """The fraction of 2^f for f, both in 128ths; all products are integers."""
    one = 2**FRACTION
    # One bit more than the fraction, 4 of alpha or beta, 7 of a gamma.
    cut = FRACTION + 4 + 1
    lower = 2 * fraction * ALPHA * (fraction + GAMMA_1) >> cut
    upper = BETA * (2 * one - 2 * fraction - 1) * (fraction + GAMMA_2) >> cut
    return np.where(fraction < one // 2, lower, one - 1 - upper)


def softex_softmax(scores: np.ndarray, *, corrected: bool = True, group: int = 8) -> np.ndarray:
    """SoftEx's softmax: bfloat16 exponentials, a float32 sum, and a reciprocal of two Newton steps.

    The sum is multiplied with an exponential where the maximum of a group is greater than before.
    The reciprocal begins with (1 - f)^2 / 2 of 7 bits for the fraction f of the sum.
    """
    rows = bfloat16(np.asarray(scores, np.float64))
    total, top = np.zeros(len(rows), np.float32), np.full(len(rows), -np.inf)

    def exponential(below: np.ndarray) -> np.ndarray:
        return schraudolph_exp(below, corrected=corrected)

    for place in range(0, rows.shape[1], group):
        part = rows[:, place : place + group]
        before, top = top, np.maximum(top, part.max(axis=1))
        fall = np.where(np.isinf(before), 0.0, before) - np.where(np.isinf(before), 0.0, top)
        total = total * exponential(fall).astype(np.float32)
        added = exponential(part - top[:, np.newaxis]).sum(axis=1)
        total = (total + bfloat16(added)).astype(np.float32)
    inverse = bfloat16(newton_reciprocal(total).astype(np.float64))
    return bfloat16(exponential(rows - top[:, np.newaxis]) * inverse[:, np.newaxis])


def newton_reciprocal(numbers: np.ndarray) -> np.ndarray:
    """The reciprocal of float32 numbers, by a seed of 7 bits and two Newton steps."""
    fraction, exponent = np.frexp(numbers.astype(np.float64))
    part = np.floor((2 * fraction - 1) * 2**FRACTION).astype(np.int64)
    rest = 2**FRACTION - 1 - part
    square = rest * (rest >> 1) / 2 ** (2 * FRACTION - 1)
    seed = np.where(part == 0, np.ldexp(1.0, 1 - exponent), np.ldexp(1 + square, -exponent))
    found = seed.astype(np.float32)
    two = np.float32(2)
    for _ in range(2):
        found = found * (two - found * numbers)
    return found
