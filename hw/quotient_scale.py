"""Scales that are quotients, and the divisors of a vector's elements."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range
from ffp8.golden.ratio import reduced
from ffp8.golden.rounding import Overflow, Rounding

from .encoder import Encoder, Status
from .logic import multiply, times_constant
from .normal_rounding import align_normal
from .pipeline import Pipeline
from .rounder import encode
from .short_division import divide
from .unpacked import Normal, normalise
from .vector_ticks import VectorTicks

__all__ = ["Divisor", "Outer", "divisor_of", "largest_element", "outer_scale", "quotient_scale"]

NEVER = Const(0, 1)


@dataclass(frozen=True)
class Outer:
    """A tensor scale, and the largest element times it.

    Attributes
    ----------
    normal
        The tensor scale; `zero` is low and the fraction empty where there is none.
    top
        The significand of the product, whose first bit is one.
    carry
        Whether the product's significand has an exponent more than the tensor scale's.
    """

    normal: Normal
    top: Value
    carry: Value


@dataclass(frozen=True)
class Divisor:
    """What elements are divided by: significand / 2^(len - 2) * 2^exponent.

    Attributes
    ----------
    significand
        One of its first two bits is one.
    exponent
        Signed.
    carry
        Its first bit.
    zero
        Whether it is zero or infinite: quotients of finite values are zero.
    """

    significand: Value
    exponent: Value
    carry: Value
    negative: Value
    zero: Value
    nan: Value


def largest_element(block: BlockFormat) -> tuple[int, int]:
    """The largest element: an odd number times a power of two, of which the exponent comes."""
    odd = reduced(block.element.max)
    return int(odd.significand), int(odd.exponent)


def outer_scale(m: Module, fmt: Format | None, code: Value) -> Normal:
    """The tensor scale taken apart; one where there is no format."""
    if fmt is not None:
        return normalise(m, fmt, code, "tensor")
    return Normal(
        NEVER, Const(0, 1), Const(0, 0), NEVER, NEVER, NEVER,
        low=0, high=0, zero_exponent=0, offset=0,
    )  # fmt: skip


def times_largest(m: Module, block: BlockFormat, outer: Normal) -> Outer:
    """The tensor scale, with its product with the largest element."""
    odd, _ = largest_element(block)
    size = odd.bit_length()
    significand = Cat(outer.fraction, Const(1, 1))
    product = times_constant(m, significand, odd, "tensor_times_largest")
    assert len(product) == len(significand) + size
    # A product of [1, 2) and [1, 2): below 2 it has a zero in front.
    carry = product[-1]
    top = Signal(len(product), name="tensor_top")
    m.d.comb += top.eq(Mux(carry, product, Cat(Const(0, 1), product[:-1])))
    return Outer(outer, top, carry)


def quotient_scale(
    m: Module,
    ticks: VectorTicks,
    block: BlockFormat,
    *,
    overflow: Overflow,
    largest: Normal,
    nan: Value,
    outer: Outer,
    digits: int,
    since: int,
    cuts: tuple[str, ...],
) -> tuple[Value, int]:
    """The scale's code, and in which tick it is there, given what is there from tick `since` on.

    That is tick `since` + `digits`, or a later one if there are registers at the places `quotient`
    and `rounding` of `cuts`.
    """
    fmt, tensor = block.scale, outer.normal
    _, power = largest_element(block)
    odd_log2 = largest_element(block)[0].bit_length() - 1
    significand = Cat(largest.fraction, Const(1, 1))
    width = max(len(significand), len(outer.top))
    dividend, divisor = (
        Cat(Const(0, width - len(number)), number) for number in (significand, outer.top)
    )
    constant = largest.offset - tensor.offset - power - odd_log2
    one, two = (bounds(normal.exponent) for normal in (largest, tensor))
    ends = Range(one[0] - two[1] + constant - 2, one[1] - two[0] + constant, 0)
    exponent = Signal(signed(ends.width), name="quotient_exponent")
    m.d.comb += exponent.eq(largest.exponent - tensor.exponent - outer.carry + constant)
    made_nan = (nan if fmt.has_nan else NEVER) | tensor.nan
    known = [exponent, made_nan, largest.infinity, largest.zero | tensor.zero | tensor.infinity]
    exponent, made_nan, infinity, zero = (
        ticks.carried(value, since, since + digits, f"quotient_{name}")
        for value, name in zip(known, ("power", "nan", "infinity", "zero"), strict=True)
    )
    quotient = divide(m, ticks, dividend, divisor, digits=digits, since=since, name="quotient")
    found = quotient.digits
    normal: Value = Cat(quotient.rest, found)
    scale: Value = exponent.as_signed()
    if fmt.exponent:
        # Without the zero that may be in front, and with all behind the last one in one bit.
        whole = found[-1]
        normal = Cat(quotient.rest | (whole & found[0]), Mux(whole, found[1:], found[:-1]))
        scale = Signal(signed(ends.width), name="scale_power")
        m.d.comb += scale.eq(exponent.as_signed() - ~whole)
    tick = since + digits
    encoder = Encoder(fmt, Rounding.NEAREST_EVEN, overflow)
    status = Status(NEVER, made_nan, infinity, zero & ~infinity, made_nan=NEVER)
    if "quotient" in cuts:
        normal = ticks.loaded(normal, tick, "quotient_normal")
        scale = ticks.loaded(scale, tick, "quotient_scale")
        status = ticks.all_loaded(status, tick, "quotient")
        tick += 1
    near = align_normal(m, encoder, normal, scale, half=not fmt.exponent)
    if "rounding" in cuts:
        near = ticks.all_loaded(near, tick, "rounding")
        status = ticks.all_loaded(status, tick, "rounding")
        tick += 1
    return encode(m, encoder, near, status)["out"], tick


def divisor_of(m: Module, pipeline: Pipeline, fmt: Format, scale: Value, tensor: Normal) -> Divisor:
    """The product of a scale and a tensor scale, with registers at the places `factors` and
    `divisor`."""
    x = pipeline.bundle("factors", normalise(m, fmt, scale, "scale"))
    tensor = pipeline.bundle("factors", tensor)
    one, two = (Cat(factor.fraction, Const(1, 1)) for factor in (x, tensor))
    product = multiply(m, one, two, "divisor_product")
    carry = product[-1]
    constant = x.offset + tensor.offset
    ends = [bounds(factor.exponent) for factor in (x, tensor)]
    low, high = (sum(end) + constant for end in zip(*ends, strict=True))
    exponent = Signal(signed(Range(low, high, 0).width), name="divisor_exponent")
    m.d.comb += exponent.eq(x.exponent + tensor.exponent + constant)
    zero, infinite = x.zero | tensor.zero, x.infinity | tensor.infinity
    nan = x.nan | tensor.nan | (zero & infinite)
    divisor = Divisor(product, exponent, carry, tensor.sign, zero | infinite, nan)
    return pipeline.bundle("divisor", divisor)


def bounds(exponent: Value) -> tuple[int, int]:
    """The least and the largest number of a width."""
    if exponent.shape().signed:
        half = 2 ** (len(exponent) - 1)
        return -half, half - 1
    return 0, 2 ** len(exponent) - 1
