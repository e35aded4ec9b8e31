"""The last step of each rounding: one code of a rounded magnitude and its special cases."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, Rounding

from .rounding import Decision
from .unpacked import Normal, Unpacked

__all__ = ["Body", "Case", "Encoder", "Status"]


@dataclass(frozen=True)
class Status:
    """What is known of a value besides its magnitude.

    NaN comes before infinity, and that before zero: what comes later means nothing then.
    """

    sign: Value
    nan: Value
    infinity: Value
    zero: Value
    #: Whether the value is NaN and came of operands that were not.
    made_nan: Value

    @classmethod
    def of_product(cls, a: Unpacked | Normal, b: Unpacked | Normal) -> "Status":
        """What is known of a product of two operands."""
        invalid = (a.infinity & b.zero) | (b.infinity & a.zero)
        operand = a.nan | b.nan
        return cls(
            sign=a.sign ^ b.sign,
            nan=operand | invalid,
            infinity=a.infinity | b.infinity,
            zero=a.zero | b.zero,
            made_nan=invalid & ~operand,
        )


@dataclass(frozen=True)
class Case:
    """A condition under which the code is a constant, whatever the rounded magnitude is."""

    when: Value
    code: int
    #: Whether the code's sign bit is that of the value.
    signed: bool = False


@dataclass(frozen=True)
class Body:
    """The ordinary magnitude: one of two numbers, or the same in both."""

    number: Value
    #: The other number, and what chooses it.
    other: Value | None = None
    choose: Value | None = None

    def bit(self, place: int) -> Value:
        bit = self.number[place]
        if self.other is not None and self.choose is not None:
            bit = (bit & ~self.choose) | (self.other[place] & self.choose)
        return bit


@dataclass(frozen=True)
class Encoder:
    """Makes codes of a format. Cases come in the order of their priority.

    Attributes
    ----------
    nan
        The code of NaN results; the format's own if None.
    """

    out: Format
    rounding: Rounding
    overflow: Overflow
    #: The random bits of a stochastic rounding, at the time of the decision.
    random: Value | None = None
    nan: int | None = None

    @property
    def nan_code(self) -> int | None:
        return self.out.nan_code if self.nan is None else self.nan

    @property
    def decision(self) -> Decision:
        """How the neighbour is chosen."""
        return Decision(self.rounding, self.random)

    def clamped(self, status: Status) -> Value:
        """Whether a value is negative and the format has no sign."""
        if self.out.sign:
            return Const(0, 1)
        return status.sign & ~status.zero & ~status.nan

    def cases(self, status: Status, beyond: Value, zero: Value) -> list[Case]:
        """The special cases.

        Parameters
        ----------
        beyond
            Whether the rounded finite magnitude is above the largest one. It means nothing
            for NaN and infinity.
        zero
            Whether the result is zero or, in a format without zero, the least value.
        """
        cases = [Case(status.nan, self.nan_code or 0), Case(self.clamped(status), 0)]
        finite, infinite = self.overflow_codes
        if finite == infinite:
            cases += self.by_sign(beyond | status.infinity, status, *finite)
        else:
            cases += self.by_sign(status.infinity, status, *infinite)
            cases += self.by_sign(beyond, status, *finite)
        cases.append(Case(zero, 0, signed=True))
        return cases

    @property
    def keeps_infinity(self) -> bool:
        """Whether infinity comes out as infinity."""
        return self.overflow is Overflow.SPECIAL and self.out.has_infinity

    @property
    def overflow_codes(self) -> tuple[tuple[int, bool], tuple[int, bool]]:
        """Codes, and whether they keep the sign, for finite overflow and for infinity."""
        out = self.out
        limit = (out.max_index, True)
        special = limit
        if out.magnitude_codes.infinity is not None:
            special = (out.magnitude_codes.infinity, True)
        elif self.nan_code is not None:
            special = (self.nan_code, False)
        if self.overflow is Overflow.SATURATE:
            return limit, limit
        return limit if self.rounding is Rounding.TOWARD_ZERO else special, special

    def by_sign(self, when: Value, status: Status, code: int, signed: bool) -> list[Case]:
        """The case of an overflow; two in two's complement, which is not symmetric."""
        if not self.out.complement:
            return [Case(when, code, signed)]
        lowest = 2**self.out.magnitude_width
        return [Case(when & status.sign, lowest), Case(when & ~status.sign, code)]

    def code(self, m: Module, status: Status, cases: list[Case], ordinary: Body) -> Value:
        """The code: of the first case that is true, else the ordinary one."""
        out = self.out
        forced = Signal()
        m.d.comb += forced.eq(Cat(case.when for case in cases).any())
        size = out.width if out.complement else out.magnitude_width
        magnitude = Signal(size)
        for place in range(size):
            bit = ordinary.bit(place) & ~forced
            m.d.comb += magnitude[place].eq(with_constants(bit, cases, place))
        if out.complement or not out.sign:
            return magnitude
        sign = status.sign
        if not out.has_negative_zero:
            sign = sign & magnitude.any()
        fixed = [case for case in cases if not case.signed]
        place = out.magnitude_width
        zeros = [case.when for case in fixed if not case.code >> place & 1]
        sign = with_constants(sign & ~Cat(zeros).any(), fixed, place)
        return Cat(magnitude, sign)


def with_constants(bit: Value, cases: list[Case], place: int) -> Value:
    """A bit that is 0 in all cases, made what it is in each of them."""
    ones = False
    for case in reversed(cases):
        if case.code >> place & 1:
            bit = bit | case.when
            ones = True
        elif ones:
            # A case of less priority may have set it.
            bit = bit & ~case.when
    return bit
