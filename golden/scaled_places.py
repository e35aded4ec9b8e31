"""Where a scaled dot product can have registers."""

from typing import TYPE_CHECKING

from . import accumulator, tree_places
from .formats import Format
from .scaled_ranges import exponent_bits, factor_range, significands

if TYPE_CHECKING:
    from .scaled_dot import ScaledDotConfig

__all__ = ["BEHIND_SUM", "factors", "front_places", "places"]

#: What comes before the name of a place that is behind an exact sum.
BEHIND_SUM = "total_"


def factors(config: "ScaledDotConfig") -> tuple[int, ...]:
    """What a dot product is multiplied by, one after the other: the largest of each.

    These are two significands, which costs less than multiplying by their product, or that product
    if it is rounded. A power of two is none.
    """
    if config.factor_bits is not None:
        return (factor_range(config).high,)
    most = [significands(block.scale).most for block in (config.a, config.b)]
    return tuple(high for high in most if high > 1)


def front_places(config: "ScaledDotConfig") -> tuple[str, ...]:
    """The places before a sum, or all.

    Those of the tree without an addend and a result. Behind the dot product with its sign changed
    or taken away, where that is to be done; behind each level of adders of each multiplication by
    a factor; and behind the shifter that brings it to fixed point, for an exact sum. Without a
    sum, those that round to `out` as a tree does, but for that behind the magnitude.
    """
    found = [*tree_places.places(config.tree)]
    if config.negates:
        found.append("dot")
    for index, most in enumerate(factors(config)):
        width = most.bit_length()
        found += [f"factor_{index}_{level}" for level in range(1, (width - 1).bit_length() + 1)]
    if config.fixed and exponent_bits(config):
        found.append("fixed")
    if config.accumulate == "none" and config.out is not None:
        if config.out.max_exponent_field:
            found += ["coarse", "normal"]
        found.append("neighbour")
    return tuple(found)


def places(config: "ScaledDotConfig") -> tuple[str, ...]:
    """All places but the register of a sum, in the order of the data's way.

    Behind an exact sum, where it is rounded, they are those of `accumulator`, and before a running
    one in a format with exponents there is that behind the term that is ready to be added.
    """
    found = front_places(config)
    if config.accumulate == "running" and isinstance(config.out, Format):
        return (*found, "term") if config.out.exponent else found
    if config.accumulate == "exact" and config.out is not None:
        behind = accumulator.BEHIND if config.out.max_exponent_field else accumulator.BEHIND[-1:]
        return (*found, *(BEHIND_SUM + place for place in behind))
    return found
