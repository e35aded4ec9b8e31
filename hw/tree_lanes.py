"""The operands of a tree, taken apart."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.golden.posit import Posit
from ffp8.golden.raw import RawFormat

from .encoder import Status
from .logic import hold
from .operand import unpack
from .raw import raw_fields
from .specials import Specials
from .table import lookup
from .unpacked import Unpacked

__all__ = ["Lanes", "Operand", "decode", "operand"]

#: Up to this many exponent bits, the distance from the least exponent is a table.
TABLE_EXPONENT = 5


@dataclass(frozen=True)
class Operand:
    """An operand's value as a number to be moved left.

    Attributes
    ----------
    parts
        The sign, and what is known besides the number. The significand is an integer in units
        of the format's least step, once it is moved left by `distance`.
    distance
        Unsigned; None for formats without exponents.
    signed
        The number with its sign where the code is in two's complement, else None.
    """

    parts: Unpacked
    distance: Value | None
    signed: Value | None


@dataclass(frozen=True)
class Lanes:
    """The operands of all lanes, the addend if there is one, and what is known of the terms."""

    a: list[Operand]
    b: list[Operand]
    c: Operand | None
    specials: Specials


def decode(m: Module, config: FmaTreeConfig, a: Value, b: Value, c: Value | None) -> Lanes:
    """Take the codes of a tree's ports apart."""
    left, right = (
        [
            operand(m, fmt, code, f"{name}_{lane}")
            for lane, code in enumerate(split(port, config.ways))
        ]
        for name, fmt, port in (("a", config.a, a), ("b", config.b, b))
    )
    statuses = [
        hold(m, Status.of_product(x.parts, y.parts), f"product_{lane}")
        for lane, (x, y) in enumerate(zip(left, right, strict=True))
    ]
    parts = [one.parts for one in (*left, *right)]
    addend = None
    if config.c is not None and c is not None:
        addend = operand(m, config.c, c, "c")
        known = addend.parts
        parts.append(known)
        statuses.append(Status(known.sign, known.nan, known.infinity, known.zero, Const(0, 1)))
    return Lanes(left, right, addend, hold(m, Specials.of_terms(parts, statuses), "terms"))


def operand(m: Module, fmt: AnyFormat, code: Value, name: str) -> Operand:
    """Take a code apart."""
    parts = hold(m, unpack(m, fmt, code, name), name)
    match fmt:
        case Posit():
            return posit(m, fmt, parts, name)
        case Format():
            signed = code.as_signed() if fmt.complement else None
            return Operand(parts, distance(m, fmt, parts.exponent, name), signed)
        case RawFormat():
            signed = raw_fields(fmt, code)["significand"].as_signed() if fmt.complement else None
            return Operand(parts, parts.exponent if fmt.exponent else None, signed)
    raise TypeError(f"Operand format must be a Format, a Posit or a RawFormat, not {fmt!r}")


def posit(m: Module, fmt: Posit, parts: Unpacked, name: str) -> Operand:
    """A posit's number and how far it is to move.

    The exponents of fractions' last bits go below the least step. There the fraction's last bits
    are zeros, so the significand is moved to the right instead.
    """
    size = fmt.fraction
    exponent, significand = parts.exponent, parts.significand
    entries = range(2 ** len(exponent))

    def left(field: int) -> int:
        return max(field - size, 0)

    def right(field: int) -> int:
        return max(size - field, 0)

    amount = lookup(m, exponent, max(map(right, entries)).bit_length(), right, f"{name}_right")
    for level, bit in enumerate(amount):
        moved = Signal(len(significand), name=f"{name}_right_{1 << level}")
        m.d.comb += moved.eq(Mux(bit, significand[1 << level :], significand))
        significand = moved
    width = max(map(left, entries)).bit_length()
    amount = lookup(m, exponent, width, left, f"{name}_distance")
    return Operand(replace(parts, significand=significand), amount, None)


def distance(m: Module, fmt: Format, exponent: Value, name: str) -> Value | None:
    """How far an exponent is above the least one; None for formats without any."""
    if not fmt.exponent:
        return None
    if not fmt.zero:
        return exponent
    size = fmt.exponent
    field = exponent[fmt.step - 1 :]
    if size <= TABLE_EXPONENT:
        field = lookup(m, field, size, lambda e: max(e - 1, 0), f"{name}_distance")
    else:
        field = (field - 1)[:size]
    return Cat(Const(0, fmt.step - 1), field)


def split(port: Value, ways: int) -> list[Value]:
    """The codes of a port, one a lane."""
    width = len(port) // ways
    return [port[lane * width : (lane + 1) * width] for lane in range(ways)]
