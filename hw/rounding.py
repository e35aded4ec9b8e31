"""Roundings as logic: how many bits they decide by, and whether they go up."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.rounding import Rounding

from .logic import goes_up

__all__ = ["Decision"]


@dataclass(frozen=True)
class Decision:
    """Decides between two neighbours.

    Parameters
    ----------
    random
        The random bits of a stochastic rounding, at the time of the decision.
    """

    rounding: Rounding
    random: Value | None = None

    @property
    def bits(self) -> int:
        """Bits below the last one kept: those to decide by, and one for all that is below them.

        With N random bits these are N (A), or N and one more that rounds them (B and C).
        """
        if self.random is None:
            return 2
        return len(self.random) + (1 if self.rounding is Rounding.STOCHASTIC_A else 2)

    def goes_up(self, m: Module, last: Value, rest: Value, lost: Value | None = None) -> Value:
        """Whether an inexact magnitude goes to the next neighbour.

        Parameters
        ----------
        last
            The last bit kept.
        rest
            The bits below it, as many as `bits`.
        lost
            Whether anything is below the last bit, where the rest does not say so.
        """
        assert len(rest) == self.bits
        if self.random is None:
            return goes_up(self.rounding, last, rest[1], rest[0], lost)
        carry: Value = Const(0, 1)
        if self.rounding is Rounding.STOCHASTIC_B:
            carry = rest[1]
        elif self.rounding is Rounding.STOCHASTIC_C:
            carry = rest[1] & (rest[0] | rest[2])
        return self.reaches_one(m, rest, self.random, carry)

    def value_goes_up(self, m: Module, last: Value, rest: Value, negative: Value) -> Value:
        """Whether a value goes to the greater neighbour, by its distance from the lesser one.

        A negative value's magnitude goes up where the value goes down. With the distance w from
        below, the magnitude stays if w is more than the random word, as `reaches_one` of the
        word's complement says once w is rounded up where the magnitude would be cut.
        """
        assert len(rest) == self.bits
        guard, sticky = rest[1], rest[0]
        if self.random is None:
            match self.rounding:
                case Rounding.TOWARD_ZERO:
                    return negative & (guard | sticky)
                case Rounding.HALF_AWAY:
                    return guard & (sticky | ~negative)
            return goes_up(self.rounding, last, guard, sticky)
        carry = negative & sticky
        if self.rounding is Rounding.STOCHASTIC_B:
            carry = guard & (sticky | ~negative)
        elif self.rounding is Rounding.STOCHASTIC_C:
            carry = guard & (sticky | rest[2])
        word = self.random ^ negative.replicate(len(self.random))
        return self.reaches_one(m, rest, word, carry)

    def thirds_go_up(self, m: Module, distance: Value, thirds: Value) -> Value:
        """The same where the neighbours are 1 or 3 apart instead of a power of two.

        Parameters
        ----------
        distance
            What is above the lesser neighbour, with as many bits below its point as `bits`, the
            last of which is set for all that is below them.
        thirds
            Whether the neighbours are 3 apart, and not 1.
        """
        assert self.random is not None
        word, sticky = self.random, distance[0]
        if self.rounding is not Rounding.STOCHASTIC_A:
            word = Cat(Const(1, 1), word)
        number = distance[1:]
        # The way to go and the word's share of it, against the whole way.
        total = Signal(max(len(number), len(word) + 2) + 1, name="with_random")
        m.d.comb += total.eq(number + word + Mux(thirds, word << 1, 0))
        whole = Mux(thirds, 3 << len(word), 1 << len(word))
        if self.rounding is not Rounding.STOCHASTIC_C:
            return total >= whole
        # Half a step more than an even number, and no more, is rounded down to it.
        return (total > whole) | ((total == whole) & (sticky | ~self.random[0]))

    def reaches_one(self, m: Module, rest: Value, word: Value, carry: Value) -> Value:
        """Whether the first bits of the rest, a word of as many and a carry have a carry."""
        bits = rest[len(rest) - len(word) :]
        if isinstance(carry, Const):
            total = Signal(len(word) + 1, name="with_random")
            m.d.comb += total.eq(bits + word)
        else:
            total = Signal(len(word) + 2, name="with_random")
            m.d.comb += total.eq(Cat(Const(1, 1), bits) + Cat(carry, word))
        return total[-1]
