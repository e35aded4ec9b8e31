"""Scales that are powers of two, from the largest magnitude of a vector."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat, ScaleRule
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format, Specials
from ffp8.golden.ranges import Range
from ffp8.golden.ratio import ratio
from ffp8.golden.rounding import Overflow

from .logic import above
from .unpacked import Normal

__all__ = ["PowerScale", "exponents_do", "power_scale"]


@dataclass(frozen=True)
class PowerScale:
    """A scale, and what elements need to know of it.

    Attributes
    ----------
    code
        Its code.
    nan
        Whether it is NaN. Then `exponent` means nothing.
    exponent
        The scale is 2^(exponent + min_exponent of its format).
    """

    code: Value
    nan: Value
    exponent: Value


def exponents_do(a: Format, block: BlockFormat) -> bool:
    """Whether the exponents of normal values are all that a scale depends on."""
    if block.rule is not ScaleRule.FLOOR or not a.exponent:
        return False
    if a.specials not in (Specials.NONE, Specials.IEEE, Specials.FN):
        return False
    # Anything below the normal values has the least scale.
    top = int(block.element.max.magnitude_log2)
    return a.min_exponent - 1 - top <= block.scale.min_exponent


def first_above(fraction: int, found: Callable[[Exact], bool]) -> int:
    """The first fraction f of so many bits of which 1.f is found; 2^bits if none is."""
    low, high = 0, 2**fraction
    while low < high:
        middle = (low + high) // 2
        exact = Exact.from_integers(np.array([2**fraction + middle])).scaled(-fraction)
        low, high = (low, middle) if found(exact) else (middle + 1, high)
    return low


def first_raised(block: BlockFormat, fraction: int) -> int:
    """The first fraction of a largest magnitude whose scale is twice that of the rule FLOOR."""
    element = block.element
    top = int(element.max.magnitude_log2)
    match block.rule:
        case ScaleRule.CEIL:

            def raised(exact: Exact) -> bool:
                quotient = ratio(exact.scaled(top), element.max, element.significand_width)
                (value,) = quotient.to_fractions()
                return value > 1

        case ScaleRule.FIT:

            def raised(exact: Exact) -> bool:
                return bool(element.round(exact.scaled(top))[1].overflow[0])

        case _:
            return 2**fraction
    return first_above(fraction, raised)


def power_scale(
    m: Module, block: BlockFormat, overflow: Overflow, largest: Normal, nan: Value
) -> PowerScale:
    """The scale of a vector, given its largest magnitude and whether there is a NaN in it."""
    fmt = block.scale
    constant = largest.offset - int(block.element.max.magnitude_log2) - fmt.min_exponent
    raised = above(largest.fraction, first_raised(block, len(largest.fraction)) - 1)
    size = len(largest.exponent)
    least = -(2 ** (size - 1)) if largest.exponent.shape().signed else 0
    ends = least + constant, least + 2**size + constant
    exponent = Signal(signed(Range(*ends, 0).width), name="scale_exponent")
    if isinstance(raised, Const):
        m.d.comb += exponent.eq(largest.exponent + (constant + raised.value))
    else:
        m.d.comb += exponent.eq(largest.exponent + constant + raised)
    low, high = (bound + constant for bound in (largest.low, largest.high + 1))
    below = largest.zero | exponent[-1] if low < 0 else largest.zero
    beyond = above(exponent, fmt.max_index) if high > fmt.max_index else Const(0, 1)
    beyond = (beyond & ~largest.zero) | largest.infinity
    made_nan: Value = Const(0, 1)
    if fmt.has_nan:
        made_nan = nan | beyond if overflow is Overflow.SPECIAL else nan
    inside = Signal(fmt.width, name="scale_inside")
    m.d.comb += inside.eq(
        Mux(beyond, fmt.max_index, exponent[: fmt.width] & (~below).replicate(fmt.width))
    )
    code = Signal(fmt.width, name="scale_code")
    m.d.comb += code.eq(Mux(made_nan, fmt.nan_code or 0, inside))
    return PowerScale(code, made_nan, inside)
