"""The least format that holds all values of several: one datapath for all of them."""

from .formats import Format
from .posit import Posit
from .ranges import value_range
from .scalar_format import ScalarFormat

__all__ = ["holds", "superset"]


def superset(*formats: ScalarFormat) -> Format:
    """The least format with an exponent whose values are all finite ones of the given formats.

    It has subnormals, and all codes are finite: infinity and NaN of a format are known from its
    own code. Of several formats of the least width, it is the one with the shortest fraction.
    Of the biases that do, it has the one that makes the least normal exponent of the given
    formats its own, or that next to it: HFP8's (1,4,3) of bias 11 and (1,5,2) are both in
    (1,5,3) of bias 15 (Sun et al. 2019).

    Raises
    ------
    ValueError
        If it would need more bits than a format may have.
    """
    if not formats:
        raise ValueError("Superset must be of one format or more, not none")
    precision = max(map(longest_significand, formats))
    lowest = min(map(last_place, formats))
    highest = max(top_exponent(fmt) for fmt in formats)
    wanted = 1 - min(map(least_normal, formats))
    sign = any(fmt.sign for fmt in formats)
    exponent, fraction = min(
        (
            (exponent, fraction)
            for exponent in range(1, highest - lowest + 2)
            for fraction in [max(precision - 1, highest - lowest - (2**exponent - 2), 0)]
        ),
        key=lambda fields: (sum(fields), fields[1]),
    )
    # The last place must not be above the lowest one, nor the top exponent below the highest.
    most, least = 2**exponent - 1 - highest, 1 - fraction - lowest
    bias = min(max(wanted, least), most)
    return Format(sign=sign, exponent=exponent, fraction=fraction, bias=bias)


def holds(fmt: ScalarFormat, other: ScalarFormat) -> bool:
    """Whether all finite values of another format are values of a format, by trying them."""
    exact = other.unpack(other.codes)
    _, flags = fmt.round(exact)
    return not (flags.inexact & exact.finite).any()


def longest_significand(fmt: ScalarFormat) -> int:
    """Bits of the longest significand of a finite value, its last zeros left out."""
    match fmt:
        case Posit():
            return fmt.significand_width
        case Format() if fmt.exponent and (not fmt.fraction or fmt.max_index > 2**fmt.fraction):
            return fmt.fraction + 1
        case Format() if not fmt.subnormals:
            return 1
        case Format():
            # The magnitudes are the multiples of one step.
            largest_odd = fmt.max_index - (fmt.max_index % 2 == 0)
            return largest_odd.bit_length()
    raise TypeError(f"Superset must be of a Format or a Posit, not {fmt!r}")


def last_place(fmt: ScalarFormat) -> int:
    """Exponent of the greatest power of two that all finite values are multiples of."""
    if isinstance(fmt, Format) and fmt.max_index == fmt.min_index:
        return int(fmt.max.magnitude_log2)
    return fmt.quantum_exponent


def top_exponent(fmt: ScalarFormat) -> int:
    """The exponent of the largest magnitude."""
    known = value_range(fmt)
    return max(-known.low, known.high).bit_length() - 1 + known.unit


def least_normal(fmt: ScalarFormat) -> int:
    """The exponent of the least normal value; of the least one where there is no such."""
    return fmt.min_exponent if isinstance(fmt, Format) else fmt.quantum_exponent
