"""Where a tree can have registers."""

from typing import TYPE_CHECKING

from .formats import Format

if TYPE_CHECKING:
    from .fma_tree import FmaTreeConfig

__all__ = ["integer_rows", "places"]

#: Bits of the shorter operand, up to which products of integers are made of rows.
MAX_INTEGER_ROWS = 8


def integer_rows(config: "FmaTreeConfig") -> int:
    """How many rows a product of integers is made of, one a bit of the shorter operand.

    It is 0 where products are made otherwise: those of signs and magnitudes, and wide ones.
    """
    formats = [*config.formats("a"), *config.formats("b")]
    if config.window is not None or len(formats) > 2:
        return 0
    widths = []
    for fmt in formats:
        if not isinstance(fmt, Format) or fmt.exponent or (fmt.sign and not fmt.complement):
            return 0
        widths.append(fmt.width)
    return min(widths) if min(widths) <= MAX_INTEGER_ROWS else 0


def places(config: "FmaTreeConfig") -> tuple[str, ...]:
    """Where a tree can have registers, in the order of the data's way.

    With a bypass, in front of all else; with blocks, behind the memories and in front of the
    multipliers. Behind the sums of half of a product's rows each, where
    its shorter significand has more than two bits, and behind the products; integers have
    neither, and more adders instead, for their rows are terms of the sum. With a window, behind
    each level of the search for their largest exponent, behind the comparison with the addend's,
    and behind the distances from it; behind the shifters that bring terms to their places, where
    operands have exponents or there is a window; behind each level of adders, the addend's after
    all others. Where the sum is rounded to a format with exponents: behind its magnitude, in the
    middle and behind the shifter that brings its first one to the front, and behind the neighbour
    that rounding starts from; else only the last of these.
    """
    found = ["operand"] if config.bypass else []
    formats = [fmt for name in "abc" for fmt in config.formats(name)]
    terms = integer_rows(config)
    if config.blocks:
        found = ["table", "fixed", "product"]
        formats = list(config.formats("c"))
    elif not terms:
        widths = [max(fmt.significand_width for fmt in config.formats(name)) for name in "ab"]
        if config.window is None and min(widths) > 2:
            found.append("rows")
        found.append("product")
    if config.window is not None:
        found += [f"largest_{level}" for level in range(1, (config.ways - 1).bit_length() + 1)]
        found += ["distance"] if config.c is None else ["largest", "distance"]
    moves = any(fmt.max_exponent_field for fmt in formats)
    if config.window is not None or moves:
        found.append("shift")
    levels = (config.ways - 1).bit_length() + max(terms - 1, 0).bit_length()
    found += [f"sum_{level}" for level in range(1, levels + 1)]
    if config.c is not None:
        found.append("addend")
    if config.out is not None:
        if config.out.max_exponent_field:
            found += ["magnitude", "coarse", "normal"]
        found.append("neighbour")
    return tuple(found)
