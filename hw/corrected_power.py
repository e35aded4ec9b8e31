"""The fraction of 2^f by a parabola in each half of f, as SoftEx has it."""

from collections.abc import Callable

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.softmax_rivals import ALPHA, BETA, FRACTION, GAMMA_1, GAMMA_2

__all__ = ["corrected_fraction"]

#: Bits behind those of the fraction that a product has; see golden.
CUT = FRACTION + 4 + 1


def corrected_fraction(
    m: Module, f: Value, keep: Callable[[Value, str], Value], name: str
) -> Value:
    """The 7 bits behind the leading one of 2^f, for the 7 bits of f.

    Parameters
    ----------
    keep
        Makes of a value, and its name, what it is behind a register: there are two on the way.
    """
    upper = f[-1]
    factor = Signal(FRACTION + 3, name=f"{name}_factor")
    scaled = Signal(FRACTION + 4, name=f"{name}_scaled")
    other = Signal(FRACTION, name=f"{name}_other")
    # Twice 1 - f, less one: the complement with a one behind.
    falling = Cat(Const(1, 1), other)
    # As a shift and a difference: synthesis would take a multiplier block for a constant.
    assert (ALPHA, BETA) == (4, 7)
    m.d.comb += [
        factor.eq(f + Mux(upper, GAMMA_2, GAMMA_1)),
        other.eq(Mux(upper, ~f, f)),
        scaled.eq(Mux(upper, (falling << 3) - falling, other << 3)),
    ]
    factor, scaled = keep(factor, f"{name}_factor_kept"), keep(scaled, f"{name}_scaled_kept")
    upper = keep(upper, f"{name}_upper")
    product = Signal(len(factor) + len(scaled), name=f"{name}_product")
    m.d.comb += product.eq(scaled * factor)
    found = keep(product[CUT : CUT + FRACTION], f"{name}_product_kept")
    return Mux(keep(upper, f"{name}_upper_late"), ~found, found)[:FRACTION]
