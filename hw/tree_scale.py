"""Operands of products: a significand, and how far the product is to move left for it."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Module, Signal, Value

from ffp8.golden.formats import Format
from ffp8.golden.scalar_format import ScalarFormat

from .gate import Gate
from .table import lookup
from .tree_operand import Operand

__all__ = ["Scale", "fixed_point"]

#: Inputs of a look-up table, and the greatest exponent field of what is brought to fixed point.
TABLE_BITS, FEW_EXPONENTS = 4, 3


@dataclass(frozen=True)
class Scale:
    """An operand's significand and exponent.

    Attributes
    ----------
    significand
        Unsigned, or in two's complement where `fixed_point` was given a sign.
    exponent
        Empty where there is none.
    excess
        What the exponent is where that of the least value is 0.
    step
        How many places each step of the exponent moves.
    """

    significand: list[Gate]
    exponent: list[Gate]
    excess: int
    step: int = 1

    @classmethod
    def of(cls, m: Module, fmt: ScalarFormat, operand: Operand, name: str) -> "Scale":
        """An operand without its sign."""
        if (
            not isinstance(fmt, Format)
            or not fmt.exponent
            or not fmt.zero
            or fmt.step != 1
            or (operand.code is None)
        ):
            exponent = [] if operand.distance is None else Gate.bits(operand.distance)
            return cls(Gate.bits(operand.parts.significand), exponent, 0)
        field = operand.code[fmt.fraction : fmt.magnitude_width]
        tiny = Signal(name=f"{name}_tiny")
        m.d.comb += tiny.eq(~field.any())
        bits = Gate.bits(field)
        exponent = [Gate.of(lambda bit, low: bit | low, bits[0], tiny), *bits[1:]]
        if not fmt.subnormals:
            return cls(Gate.bits(operand.parts.significand), exponent, 1)
        normal = ~Gate.bit(tiny)
        return cls([*Gate.bits(operand.code[: fmt.fraction]), normal], exponent, 1)


def fixed_point(
    m: Module,
    fmt: ScalarFormat,
    operand: Operand,
    other: Scale,
    *,
    sign: Value | None,
    name: str,
) -> tuple[Scale, Scale] | None:
    """Both operands of a product, the first of few bits in fixed point; None if that is no gain.

    So a product needs no sum of exponents, and is moved less. Tables make the number. Where they
    have an input left, they also move it by the last bit of the other exponent, which is then
    without that bit. If a sign is given, the number has it.
    """
    if not isinstance(fmt, Format) or not fmt.exponent or operand.code is None:
        return None
    if fmt.magnitude_width > TABLE_BITS or fmt.max_exponent_field > FEW_EXPONENTS:
        return None
    least = int(fmt.zero)

    def magnitude(code: int) -> int:
        field, fraction = divmod(code, 2**fmt.fraction)
        if field < least:
            return fraction if fmt.subnormals else 0
        return (2**fmt.fraction + fraction) << field - least

    index = [operand.code[: fmt.magnitude_width]]
    moved = int(bool(other.exponent) and fmt.magnitude_width < TABLE_BITS)
    if moved:
        index.append(other.exponent[0].value)
        other = replace(other, exponent=other.exponent[1:], step=2 * other.step)
    if sign is not None:
        index.append(sign)
    size = (magnitude(2**fmt.magnitude_width - 1) << moved).bit_length() + (sign is not None)

    def number(inputs: int) -> int:
        code, inputs = inputs % 2**fmt.magnitude_width, inputs >> fmt.magnitude_width
        if moved:
            found = magnitude(code) << inputs % 2
            inputs >>= 1
        else:
            found = magnitude(code)
        return (-found if inputs else found) % 2**size

    table = lookup(m, Cat(index), size, number, name)
    return Scale(Gate.bits(table), [], 0), other
