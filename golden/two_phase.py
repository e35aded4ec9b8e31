"""Two-phase rounding: a tensor in a format of radix 4 twice, on two grids.

Sun et al. 2020 (Ultra-Low Precision 4-bit Training of Deep Neural Networks, NeurIPS) round a
gradient to FP4 of radix 4 twice, once for each of the two products of the backward pass: in
one phase to even powers of two, in the other to odd ones. Together both grids are that of
radix 2, and the errors of the two products are not those of one rounding.

What is theirs: two phases, of even and of odd powers, one for each product. What is our choice,
because we know of no published definition: phase 0 is the format's own grid and phase 1 the
grid of twice its values, so that hardware differs in nothing but the scale of a result, a power
of two; each phase rounds to the nearest value (the middle of 1 and 4 is 2.5), ties to the even
code; and the least phase-1 value is twice that of phase 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact
from .formats import Format
from .rounding import Overflow, Rounding

__all__ = ["TwoPhase", "two_phase"]


@dataclass(frozen=True)
class TwoPhase:
    """A tensor in both phases.

    Attributes
    ----------
    fmt
        The format of the codes, of radix 4.
    codes
        The codes in phase 0 and in phase 1.
    """

    fmt: Format
    codes: tuple[np.ndarray, np.ndarray]

    def unpack(self, phase: int) -> Exact:
        """The exact values of a phase: those of the codes, times 2 in phase 1."""
        return self.fmt.unpack(self.codes[phase]).scaled(phase)

    def decode(self, phase: int) -> np.ndarray:
        """The values of a phase, as float64."""
        return self.unpack(phase).to_floats()


def two_phase(
    values: ArrayLike,
    fmt: Format,
    rounding: Rounding = Rounding.NEAREST_EVEN,
    overflow: Overflow = Overflow.SATURATE,
) -> TwoPhase:
    """Round floats or integers to both phases of a format.

    Raises
    ------
    ValueError
        If the format is not of radix 4.
    """
    if fmt.step != 2:
        raise ValueError(f"Two-phase format must be of radix 4, not {fmt}")
    exact = Exact.from_floats(values)
    even, odd = (fmt.round(exact.scaled(-phase), rounding, overflow)[0] for phase in (0, 1))
    return TwoPhase(fmt, (even, odd))
