"""Division digit by digit: as many rows of a subtraction as the time between vectors demands."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .vector_ticks import VectorTicks

__all__ = ["Quotient", "divide"]


@dataclass(frozen=True)
class Quotient:
    """The first digits of a quotient, and whether they leave a rest."""

    digits: Value
    rest: Value


def divide(
    m: Module,
    ticks: VectorTicks,
    dividend: Value,
    divisor: Value,
    *,
    digits: int,
    since: int,
    name: str,
) -> Quotient:
    """The digits of dividend / divisor, the first of which is the one before the point.

    It is there in tick `since` + `digits`, in that one only. The dividend and the divisor are
    there from tick `since` on, as unsigned numbers of which the dividend is less than twice the
    divisor. A row finds a digit in each tick, and serves for the interval of vectors; there are
    as many rows as are needed.
    """
    width = max(len(dividend), len(divisor))
    interval = ticks.interval
    remainder: Value = dividend
    found: Value = Const(0, 0)
    for first in range(0, digits, interval):
        count = min(interval, digits - first)
        row = f"{name}_{first}"
        start = since + first
        # What is left is less than twice the divisor.
        left = Signal(width + 1, name=f"{row}_left", reset_less=True)
        known = Signal(first + count, name=f"{row}_digits", reset_less=True)
        given, before = remainder, found
        if count > 1:
            given = Signal(width + 1, name=f"{row}_given")
            before = Signal(first + count - 1, name=f"{row}_before")
            begins = ticks.at(start)
            m.d.comb += [
                given.eq(Mux(begins, remainder, left)),
                before.eq(Mux(begins, found, known)),
            ]
        by = ticks.carried(divisor, since, start, f"{name}_divisor")
        less = Signal(width + 2, name=f"{row}_less")
        m.d.comb += less.eq(given - by)
        fits = ~less[-1]
        with m.If(ticks.advance):
            m.d.sync += [
                left.eq(Cat(Const(0, 1), Mux(fits, less[:width], given[:width]))),
                known.eq(Cat(fits, before)),
            ]
        remainder, found = left, known
    return Quotient(found, remainder.any())
