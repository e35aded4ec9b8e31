"""The terms of an exact sum: products, and how far each is to move left."""

from dataclasses import dataclass, replace

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.ranges import Range, value_range
from ffp8.golden.tree_places import integer_rows
from ffp8.golden.tree_ranges import product_range

from .carry import add
from .gate import Gate
from .logic import multiply_signed
from .pipeline import Pipeline
from .specials import Specials
from .target import Target
from .tree_blocks import block_products
from .tree_lanes import Lanes
from .tree_operand import Operand
from .tree_scale import Scale, fixed_point
from .tree_sum import Term, exclusive

__all__ = ["Products", "negate", "signed_number"]

#: Up to this many rows, an operand in fixed point costs less in plain logic, too.
FEW_ROWS = 2


@dataclass(frozen=True)
class Products:
    """Makes the terms of a tree.

    Parameters
    ----------
    m, pipeline, target
        Where the logic and its registers go, and what they are for.
    config
        The tree's configuration.
    """

    m: Module
    pipeline: Pipeline
    target: Target
    config: FmaTreeConfig

    def terms(self, lanes: Lanes) -> tuple[list[list[Term]], Term | None, Specials]:
        """Groups of terms, the addend if there is one, and what else is known of them."""
        addend = self.addend(lanes.c)
        if integer_rows(self.config):
            return self.rows(lanes), addend, lanes.specials
        if self.config.blocks:
            return block_products(
                self.m, self.pipeline, self.config, lanes, addend, target=self.target
            )
        lanes_of = enumerate(zip(lanes.a, lanes.b, strict=True))
        factors = oppose([self.factors(lane, a, b) for lane, (a, b) in lanes_of])
        if lanes.skip is not None:
            pairs = zip(factors, lanes.skip, strict=True)
            factors = [replace(term, skip=skip) for term, skip in pairs]
        factors = [self.pipeline.bundle("rows", term) for term in factors]
        addend = None if addend is None else self.pipeline.bundle("rows", addend)
        # What is known of each term is put together behind these registers: it is much.
        statuses = [self.pipeline.bundle("rows", status) for status in lanes.statuses]
        specials = self.pipeline.bundle("rows", lanes.specials)
        if lanes.skip is None:
            specials = specials.with_terms(statuses)
        products = [self.pipeline.bundle("product", term.product(self)) for term in factors]
        addend = None if addend is None else self.pipeline.bundle("product", addend)
        return [products], addend, self.pipeline.bundle("product", specials)

    def rows(self, lanes: Lanes) -> list[list[Term]]:
        """The products of integers: for each bit of one operand, what it makes the other count.

        Rows of one weight come together, because their sums are the narrowest.
        """
        config = self.config
        sides = sorted(((config.a, lanes.a), (config.b, lanes.b)), key=lambda side: side[0].width)
        (short, factors), (long, numbers) = sides
        known = value_range(long)
        least = known.unit + value_range(short).unit
        groups: list[list[Term]] = [[] for _ in range(short.width)]
        for lane, (a, b) in enumerate(zip(numbers, factors, strict=True)):
            number = a.parts.significand if a.signed is None else a.signed
            factor = b.parts.significand if b.signed is None else b.signed
            for place, bit in enumerate(factor):
                top = b.signed is not None and place == short.width - 1
                groups[place].append(
                    Term(
                        number,
                        None,
                        Range(min(known.low, 0), known.high, least + place),
                        gate=bit if lanes.skip is None else bit & ~lanes.skip[lane],
                        minus=Const(1, 1) if top else None,
                    )
                )
        return groups

    def factors(self, lane: int, a: Operand, b: Operand) -> "Factors":
        """A product half made: two sums of rows, or two factors."""
        config, m = self.config, self.m
        known = product_range(config)
        if a.signed is not None or b.signed is not None:
            one = Scale.of(m, config.a, a, f"a_{lane}")
            two = Scale.of(m, config.b, b, f"b_{lane}")
            shift = self.shift(one, two, f"shift_{lane}")
            left = signed_number(m, a, f"product_{lane}_a")
            right = signed_number(m, b, f"product_{lane}_b")
            return Factors(left, right, None, 0, known, shift, 1, one.excess + two.excess, None)
        signed = any(fmt.sign for name in "ab" for fmt in config.formats(name))
        sign = a.parts.sign ^ b.parts.sign if signed else None
        # Of as many signs as terms, adders have a carry for all but one.
        signs = signed and lane == 0
        one, two, shift = self.scales(lane, a, b, sign if signs else None)
        if signed and not signs:
            known = Range(0, max(-known.low, known.high), known.unit)
        excess, step = one.excess + two.excess, max(one.step, two.step)
        number, rows = one.significand, two.significand
        # The registers in the middle come after sums of rows, not after rows.
        half = (len(rows) + 1) // 2 if len(rows) > 2 else len(rows)
        low = self.row_sum(number, rows[:half], signs, f"product_{lane}_low")
        high = self.row_sum(number, rows[half:], signs, f"product_{lane}_high")
        left, right = (Cat(gate.value for gate in side) for side in (low, high))
        if signs:
            left, sign = left.as_signed(), None
        width = len(number) + len(rows)
        return Factors(left, right, half, width, known, shift, step, excess, sign)

    def scales(
        self, lane: int, a: Operand, b: Operand, sign: Value | None
    ) -> tuple[Scale, Scale, Value | None]:
        """A product's operands and how far to move it.

        The first is a number, which has the sign if there is one. The second makes its rows.
        """
        config, m = self.config, self.m
        one = Scale.of(m, config.a, a, f"a_{lane}")
        two = Scale.of(m, config.b, b, f"b_{lane}")
        fixed = None
        for fmt, operand, other in ((config.a, a, two), (config.b, b, one)):
            if fixed is None and (self.target.carry_cells or len(other.significand) <= FEW_ROWS):
                fixed = fixed_point(m, fmt, operand, other, sign=sign, name=f"fixed_{lane}")
        short, long = sorted(fixed or (one, two), key=lambda scale: len(scale.significand))
        shift = self.shift(short, long, f"shift_{lane}")
        if sign is None:
            return long, short, shift
        if fixed is not None:
            return *fixed, shift
        number = Signal(len(short.significand), name=f"product_{lane}_factor")
        m.d.comb += number.eq(Cat(gate.value for gate in short.significand))
        negated = negate(m, number, sign, f"product_{lane}_negated")
        return replace(short, significand=Gate.bits(negated)), long, shift

    def row_sum(self, number: list[Gate], rows: list[Gate], signs: bool, name: str) -> list[Gate]:
        """The bits of a number times another of one bit or more."""
        if not rows:
            return []
        if len(rows) == 1:
            return [bit & rows[0] for bit in number]
        half = (len(rows) + 1) // 2
        low = self.row_sum(number, rows[:half], signs, f"{name}_low")
        high = self.row_sum(number, rows[half:], signs, f"{name}_high")
        return self.join(low, high, half, width=len(number) + len(rows), signs=signs, name=name)

    def join(
        self, low: list[Gate], high: list[Gate], place: int, *, width: int, signs: bool, name: str
    ) -> list[Gate]:
        """The bits of low + 2^place high."""
        if not high:
            return low
        zero = Gate.bit(0)
        x = [*low, *[low[-1] if signs else zero] * (width - len(low))]
        y = [*[zero] * place, *high]
        y += [high[-1] if signs else zero] * (width - len(y))
        if (width - place) % 2 and len(x[place - 1].inputs) > 1:
            # A carry cell has two bits, so the chain has room for one that needs no adder.
            place -= 1
        total = add(self.m, self.target, x[place:width], y[place:width], name)
        return [*x[:place], *Gate.bits(total)]

    def shift(self, one: "Scale", two: "Scale", name: str) -> Value | None:
        """The sum of the exponents that there are."""
        if not (one.exponent and two.exponent and self.target.carry_cells):
            amounts = (
                Cat(gate.value for gate in side.exponent) if side.exponent else None
                for side in (one, two)
            )
            return sum_of(self.m, tuple(amounts), name)
        width = max(len(one.exponent), len(two.exponent)) + 1
        x, y = (
            [*side.exponent, *[Gate.bit(0)] * (width - len(side.exponent))] for side in (one, two)
        )
        return add(self.m, self.target, x, y, name)

    def addend(self, c: Operand | None) -> Term | None:
        """The addend, if there is one."""
        fmt = self.config.c
        if fmt is None or c is None:
            return None
        scale = Scale.of(self.m, fmt, c, "c")
        number = signed_number(self.m, c, "c")
        shift = Cat(gate.value for gate in scale.exponent) if scale.exponent else None
        return Term(number, shift, value_range(fmt), excess=scale.excess)


@dataclass(frozen=True)
class Factors:
    """A product in two parts: to be multiplied, or to be added.

    Attributes
    ----------
    place, width
        How much higher the second part is, and the product's width; None to multiply.
    shift, step, excess
        As a term has them.
    minus, inverted
        As a term has them.
    skip
        Whether the product is zero, whatever the parts are; None for never.
    """

    low: Value
    high: Value
    place: int | None
    width: int
    range: Range
    shift: Value | None
    step: int
    excess: int
    minus: Value | None
    inverted: Value | None = None
    skip: Value | None = None

    def product(self, make: Products) -> Term:
        if self.place is None:
            number = multiply_signed(make.m, self.low, self.high, "product")
        else:
            signs = self.low.shape().signed
            low, high = Gate.bits(self.low), Gate.bits(self.high)
            bits = make.join(low, high, self.place, width=self.width, signs=signs, name="product")
            number = Cat(gate.value for gate in bits)
            number = number.as_signed() if signs else number
        if self.skip is not None:
            kept = number.as_unsigned() & ~self.skip.replicate(len(number))
            number = kept.as_signed() if number.shape().signed else kept
        return Term(
            number, self.shift, self.range,
            step=self.step, excess=self.excess, minus=self.minus, inverted=self.inverted,
        )  # fmt: skip


def oppose(products: list[Factors]) -> list[Factors]:
    """The products, which are added in pairs, the second of each inverted where signs differ.

    The shifter takes the inversion in.
    """
    found = list(products)
    for at in range(0, len(products) - 1, 2):
        one, two = products[at : at + 2]
        if two.minus is not None and two.shift is not None and len(two.shift) > 1:
            inverted = exclusive(one.minus, two.minus)
            found[at + 1] = replace(two, minus=None, inverted=inverted)
    return found


def signed_number(m: Module, operand: Operand, name: str) -> Value:
    """An operand's significand with its sign."""
    if operand.signed is not None:
        return operand.signed
    return negate(m, operand.parts.significand, operand.parts.sign, name)


def negate(m: Module, number: Value, minus: Value, name: str) -> Value:
    """An unsigned number as a signed one, with its sign changed on demand."""
    if isinstance(minus, Const):
        return Cat(number, Const(0, 1)).as_signed()
    bits = []
    # Behind the last one, all bits are inverted.
    below: Value = Const(0, 1)
    for place in range(len(number)):
        bits.append(number[place] ^ (minus & below))
        below = number[: place + 1].any()
    negated = Signal(signed(len(number) + 1), name=name)
    m.d.comb += negated.eq(Cat(*bits, minus & below))
    return negated


def sum_of(m: Module, amounts: tuple[Value | None, ...], name: str) -> Value | None:
    """The sum of the amounts that there are."""
    known = [amount for amount in amounts if amount is not None]
    if len(known) < 2:
        return known[0] if known else None
    total = Signal(max(len(amount) for amount in known) + 1, name=name)
    m.d.comb += total.eq(known[0] + known[1])
    return total
