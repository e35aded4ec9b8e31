"""An operand of a tree: a number to be moved left, from a code of any format."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

from .logic import hold
from .operand import unpack
from .raw import raw_fields
from .table import lookup
from .unpacked import Unpacked

__all__ = ["Operand", "either", "operand"]

#: Up to this many exponent bits, the distance from the least exponent is a table.
TABLE_EXPONENT = 5


@dataclass(frozen=True)
class Operand:
    """An operand's value as a number to be moved left.

    Attributes
    ----------
    parts
        The sign, and what is known besides the number. The significand is an integer in units
        of the operand's least step, once it is moved left by `distance`.
    distance
        Unsigned; None for no move.
    signed
        The number with its sign where the code is in two's complement, else None.
    """

    parts: Unpacked
    distance: Value | None
    signed: Value | None


def operand(m: Module, fmt: AnyFormat, code: Value, name: str, above: int = 0) -> Operand:
    """Take a code apart.

    Parameters
    ----------
    above
        By how much the exponent of the format's least step is above that of the unit.
    """
    parts = hold(m, unpack(m, fmt, code, name), name)
    match fmt:
        case Posit():
            return posit(m, fmt, parts, above, name)
        case Format():
            signed = code.as_signed() if fmt.complement else None
            return Operand(parts, distance(m, fmt, parts.exponent, above, name), signed)
        case RawFormat():
            signed = raw_fields(fmt, code)["significand"].as_signed() if fmt.complement else None
            if not fmt.exponent and not above:
                return Operand(parts, None, signed)
            return Operand(parts, parts.exponent + above if above else parts.exponent, signed)
    raise TypeError(f"Operand format must be a Format, a Posit or a RawFormat, not {fmt!r}")


def either(
    m: Module, formats: tuple[ScalarFormat, ...], code: Value, mode: Value | None, name: str
) -> Operand:
    """Take a code apart that is of one format, or also of a second one, if the mode is high.

    The unit is the least step of both, and the significand is as wide as the wider one, so that
    what follows is made for the least format that holds the values of both.
    """
    if mode is None:
        return operand(m, formats[0], code, name)
    unit = min(fmt.quantum_exponent for fmt in formats)
    low, high = (
        operand(m, fmt, code[: fmt.width], f"{name}_{place}", fmt.quantum_exponent - unit)
        for place, fmt in enumerate(formats)
    )
    distance = signed = None
    if low.distance is not None or high.distance is not None:
        distance = choose(mode, high.distance, low.distance)
    if low.signed is not None and high.signed is not None:
        signed = Mux(mode, high.signed, low.signed).as_signed()
    parts = Unpacked(
        sign=choose(mode, high.parts.sign, low.parts.sign),
        exponent=Const(0, 0),
        significand=Mux(mode, high.parts.significand, low.parts.significand),
        zero=choose(mode, high.parts.zero, low.parts.zero),
        infinity=choose(mode, high.parts.infinity, low.parts.infinity),
        nan=choose(mode, high.parts.nan, low.parts.nan),
    )
    return Operand(hold(m, parts, name), distance, signed)


def choose(mode: Value, high: Value | None, low: Value | None) -> Value:
    """One of two values, of which None is zero; a constant where they are the same one."""
    high, low = (Const(0, 1) if value is None else value for value in (high, low))
    if isinstance(high, Const) and isinstance(low, Const) and high.value == low.value:
        return low
    return Mux(mode, high, low)


def posit(m: Module, fmt: Posit, parts: Unpacked, above: int, name: str) -> Operand:
    """A posit's number and how far it is to move.

    The exponents of fractions' last bits go below the least step. There the fraction's last bits
    are zeros, so the significand is moved to the right instead.
    """
    exponent, significand = parts.exponent, parts.significand
    entries = range(2 ** len(exponent))

    def left(field: int) -> int:
        return max(field - fmt.fraction, 0) + above

    def right(field: int) -> int:
        return max(fmt.fraction - field, 0)

    amount = lookup(m, exponent, max(map(right, entries)).bit_length(), right, f"{name}_right")
    for level, bit in enumerate(amount):
        moved = Signal(len(significand), name=f"{name}_right_{1 << level}")
        m.d.comb += moved.eq(Mux(bit, significand[1 << level :], significand))
        significand = moved
    width = max(map(left, entries)).bit_length()
    amount = lookup(m, exponent, width, left, f"{name}_distance")
    return Operand(replace(parts, significand=significand), amount, None)


def distance(m: Module, fmt: Format, exponent: Value, above: int, name: str) -> Value | None:
    """How far an exponent is above the unit's; None if it is there always."""
    if not fmt.exponent:
        return Const(above) if above else None
    size, step = fmt.exponent, fmt.step
    field, least = exponent[step - 1 :], int(fmt.zero)
    if not least and not above:
        return field
    if size <= TABLE_EXPONENT:

        def amount(code: int) -> int:
            return step * max(code - least, 0) + above

        return lookup(m, field, amount(2**size - 1).bit_length(), amount, f"{name}_distance")
    moved = Cat(Const(0, step - 1), (field - least)[:size])
    return moved + above if above else moved
