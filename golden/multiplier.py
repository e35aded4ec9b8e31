"""Multiplier: the product of two formats, exact or rounded once."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import BlockConfig, option, random_bits_option
from .exact import Exact
from .ports import FLAGS, Direction, Port, enable_port, flag_ports, random_ports
from .raw import RawFormat
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .run_time_bias import bias_ports, bias_shift, check_bias
from .scalar_format import ScalarFormat

__all__ = ["MultiplierConfig", "multiply"]


@dataclass(frozen=True, kw_only=True)
class MultiplierConfig(BlockConfig):
    """The product of two formats, exact or rounded once.

    * NaN times anything is NaN, and so is infinity times zero. Infinity times anything else
      is infinity. The sign is the exclusive or of the operands' signs, for zeros too.
    * The exact product is a `RawFormat`: the operands' significands multiplied, and their
      exponent fields added (a subnormal's counts as 1), not normalised. Fields of radix 4
      count twice, and that of a posit is its exponent above the least value's.
    * Latency is `stages` cycles, with one product a cycle.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range.
    """

    block: ClassVar[str] = "multiplier"

    a: ScalarFormat = option("format of operand a")
    b: ScalarFormat = option("format of operand b")
    out: ScalarFormat | None = option(
        "format of the result; the exact raw product if absent", default=None
    )
    rounding: Rounding = option("rounding of the result", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    stages: int = option("pipeline registers", default=1, minimum=0, maximum=3)
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    bias_bits: int = option(
        "bits of the ports that replace the formats' biases at run time; 0 for no such ports",
        default=0,
        minimum=0,
        maximum=16,
    )
    enable: bool = option("a port that stalls the pipeline when low", default=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        unrounded = "the exact raw product" if self.out is None else None
        bits = block_random_bits(self.rounding, self.random_bits, unrounded)
        object.__setattr__(self, "random_bits", bits)
        if self.out is None:
            for name in ("flags", "bias_bits"):
                if getattr(self, name):
                    raise ValueError(
                        f"Option {name} must be off for the exact raw product, which is not "
                        f"rounded and has no bias"
                    )
        check_bias(self.bias_bits, [fmt for fmt in (self.a, self.b, self.out) if fmt is not None])
        if self.enable and not self.stages:
            raise ValueError("Option enable must be off with 0 stages, which hold nothing")

    @property
    def latency(self) -> int:
        return self.stages

    @property
    def result(self) -> AnyFormat:
        """The format of port `out`."""
        return raw_product(self.a, self.b) if self.out is None else self.out

    @property
    def ports(self) -> tuple[Port, ...]:
        ports = [
            Port(name=name, direction=Direction.INPUT, format=fmt, meaning=f"operand {name}")
            for name, fmt in (("a", self.a), ("b", self.b))
        ]
        ports += bias_ports(self.bias_bits)
        ports += random_ports(self.random_bits, "product")
        if self.enable:
            ports.append(enable_port())
        ports.append(
            Port(
                name="out",
                direction=Direction.OUTPUT,
                format=self.result,
                meaning="product of a and b",
            )
        )
        if self.flags:
            ports += flag_ports("product")
        return tuple(ports)


def raw_product(a: ScalarFormat, b: ScalarFormat) -> RawFormat:
    """The format of exact products: widths from the largest significands and exponents."""
    significand = (a.max_significand * b.max_significand).bit_length()
    exponent = (a.max_exponent_field + b.max_exponent_field).bit_length()
    infinity = a.has_infinity or b.has_infinity
    return RawFormat(
        significand=significand,
        exponent=exponent,
        bias=-(a.exponent_offset + b.exponent_offset),
        sign=a.sign or b.sign,
        infinity=infinity,
        nan=a.has_nan or b.has_nan or infinity,
    )


def multiply(config: MultiplierConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Products of arrays of codes.

    Parameters
    ----------
    operands
        Codes of `a` and `b`, of one shape; with `bias_bits` also of `a_bias`, `b_bias` and
        `out_bias`, and with a stochastic rounding the words `random`.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`.
    """
    a, b = (fmt.unpack(operands[name]) for name, fmt in (("a", config.a), ("b", config.b)))
    product = a * b
    if config.out is None:
        return {"out": join_raw(config, operands["a"], operands["b"], product)}
    if config.bias_bits:
        formats = {"a": [config.a], "b": [config.b], "out": [config.out]}
        product = product.scaled(bias_shift(config.bias_bits, operands, formats))
    random = RandomBits(operands["random"], config.random_bits) if config.random_bits else None
    codes, flags = config.out.round(product, config.rounding, config.overflow, random)
    if not config.flags:
        return {"out": codes}
    invalid = flags.invalid | (product.nan & ~a.nan & ~b.nan)
    found = {**vars(flags), "invalid": invalid}
    return {"out": codes} | {name: found[name].astype(np.uint8) for name in FLAGS}


def join_raw(config: MultiplierConfig, a: np.ndarray, b: np.ndarray, product: Exact) -> np.ndarray:
    raw = config.result
    assert isinstance(raw, RawFormat)
    # Fields of special codes are taken as those of finite numbers.
    plain = [fmt.unpack_fields(x) for fmt, x in ((config.a, a), (config.b, b))]
    exact = plain[0] * plain[1]
    return raw.join(
        significand=exact.significand,
        exponent=exact.exponent + raw.bias,
        sign=product.negative,
        infinity=product.infinite,
        nan=product.nan,
    )
