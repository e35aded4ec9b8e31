"""Fused multiply-add tree: the sum of many products and an addend, exact or rounded once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .any_format import AnyFormat
from .block import BlockConfig, option, random_bits_option
from .exact import Exact
from .exact_sum import exact_sum
from .formats import Format
from .narrowed import round_narrowed
from .ports import FLAGS, Direction, Port, Role, enable_port, flag_ports, random_ports
from .preset import Preset
from .ranges import value_range
from .raw import RawFormat
from .rounding import Overflow, RandomBits, Rounding, block_random_bits
from .run_time_bias import bias_ports, bias_shift, check_bias
from .scalar_format import ScalarFormat
from .tree_places import places
from .tree_presets import TREE_PRESETS
from .tree_ranges import raw_sum, sum_range, windowed_ranges
from .windowed_ranges import reference_exponents
from .windowed_sum import Cut, Reference

__all__ = [
    "MAX_EXACT_WIDTH",
    "FmaTreeConfig",
    "fma_tree",
]

#: Widest exact sum of a tree; a float32 addend needs 278 bits.
MAX_EXACT_WIDTH = 1024

#: Bits of a multiplier block's operands, and of a memory block's words.
MAX_BLOCK_BITS = 18

#: Options that mean nothing without a window.
WINDOW_OPTIONS = ("reference", "cut", "align_addend", "least_exponent")


@dataclass(frozen=True, kw_only=True)
class FmaTreeConfig(BlockConfig):
    """The sum of many products, with an addend if wanted: exact, or rounded once.

    out = a[0] * b[0] + ... + a[ways - 1] * b[ways - 1] + c

    * No bit is lost before the one rounding, so the order of the terms makes no difference.
    * NaN in any lane or in the addend gives NaN. So does infinity times zero, and so do
      infinities of both signs among the terms; these raise `invalid` unless an operand was NaN.
      Otherwise, one or more infinities give that infinity.
    * The sign of a product is the exclusive or of its operands' signs, for zeros too. A sum of
      zero is -0 if all terms are -0. It is +0 else, also where terms cancel.
    * The exact sum is a `RawFormat` in fixed point, in two's complement if it can be negative. Its
      unit is the product of the operands' least steps, or the addend's if that is less; its
      width is the least that holds all sums of finite terms. It has a single zero. Where it is
      NaN or infinity its number is 0, but for infinity's sign in the first bit.
    * With `window`, terms lose what is below a grid first (`ffp8.golden.windowed_sum.Window`), and
      a sum of zero is always +0. NaN and infinities are as above, and flags are those of
      rounding the sum of what is left. Without `out`, the sum is an integer of two's complement
      with the exponent of the grid, which counts from the least; it is 0 besides NaN and
      infinity.
    * With `keep`, the result has only so many fraction bits of its own exponent, and zeros
      behind them (`ffp8.golden.narrowed.round_narrowed`).
    * Latency is `stages` cycles, with one sum a cycle. Where the registers go is said by
      `places` and `FmaTreeConfig.cuts`.
    * With `bypass`, the first registers are in front of all else, and those of a lane with an
      operand of zero hold, so that what multiplies does not toggle. No result changes.
    * With `blocks`, the first registers are those of the memory blocks that hold the operands'
      numbers. No result changes.
    * With `a_other`, the operands a are of that format in cycles in which the port `a_mode` is
      high, all of them; `b_other` is the same for b. All formats of an operand take one way.
    * With `bias_bits`, the ports `a_bias`, `b_bias` and `out_bias` replace the formats' biases.
      They are common to all lanes, and move the exact sum by a power of two, once, before it is
      rounded. The addend is moved with the sum: it has the scale that the products have with
      the formats' own biases.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range.
    """

    block: ClassVar[str] = "fma-tree"
    presets: ClassVar[Mapping[str, Preset]] = TREE_PRESETS

    a: ScalarFormat = option("format of the operands a")
    b: ScalarFormat = option("format of the operands b")
    c: ScalarFormat | None = option("format of the addend; no addend if absent", default=None)
    out: ScalarFormat | None = option("format of the result; the exact sum if absent", default=None)
    a_other: ScalarFormat | None = option(
        "second format of the operands a, chosen by a port", default=None
    )
    b_other: ScalarFormat | None = option(
        "second format of the operands b, chosen by a port", default=None
    )
    ways: int = option("number of products", default=8, minimum=1, maximum=128)
    rounding: Rounding = option("rounding of the result", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    overflow: Overflow = option(
        "results beyond the largest finite one: that one, or infinity or NaN",
        default=Overflow.SATURATE,
    )
    stages: int = option("pipeline registers", default=1, minimum=0, maximum=24)
    bypass: bool = option(
        "lanes with an operand of zero hold what they multiply; no result changes", default=False
    )
    bias_bits: int = option(
        "bits of the ports that replace the formats' biases at run time; 0 for no such ports",
        default=0,
        minimum=0,
        maximum=16,
    )
    flags: bool = option("ports for overflow, underflow, inexact and invalid", default=False)
    enable: bool = option("a port that stalls the pipeline when low", default=False)
    # The windowed sum, and what machines that have one do besides.
    window: int | None = option(
        "bits kept below the reference exponent of all terms; all bits if absent",
        default=None,
        minimum=1,
        maximum=128,
    )
    reference: Reference = option(
        "reference exponents of windowed terms: of the operands' fields, or of the magnitudes",
        default=Reference.FIELDS,
    )
    cut: Cut = option("how windowed terms lose the bits below", default=Cut.TOWARD_ZERO)
    align_addend: bool = option(
        "the addend counts in the reference exponent; else products alone do", default=True
    )
    least_exponent: int | None = option("least reference exponent of all terms", default=None)
    keep: int | None = option(
        "fraction bits that results are rounded to; those of their format if absent",
        default=None,
        minimum=0,
    )
    nan_code: int | None = option(
        "code of NaN results; the format's own if absent", default=None, minimum=0
    )

    blocks: bool = option(
        "operands in fixed point from memory blocks, and products in multiplier blocks",
        default=False,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        unrounded = "the exact sum" if self.out is None else None
        bits = block_random_bits(self.rounding, self.random_bits, unrounded)
        object.__setattr__(self, "random_bits", bits)
        if self.out is None and self.flags:
            raise ValueError("Option flags must be off for the exact sum, which is not rounded")
        if self.enable and not self.stages:
            raise ValueError("Option enable must be off with 0 stages, which hold nothing")
        if self.bypass and not self.stages:
            raise ValueError("Option bypass must be off with 0 stages, which hold nothing")
        self._check_blocks()
        if self.stages > len(places(self)):
            raise ValueError(
                f"Option stages must be 0 to {len(places(self))} for this tree, not {self.stages}"
            )
        self._check_modes()
        self._check_window()
        self._check_result()
        if sum_range(self).width > MAX_EXACT_WIDTH:
            raise ValueError(
                f"Exact sum must be at most {MAX_EXACT_WIDTH} bits wide, "
                f"not {sum_range(self).width}"
            )

    def _check_blocks(self) -> None:
        if not self.blocks:
            return
        if not self.stages:
            raise ValueError(
                "Option blocks must be off with 0 stages: memory blocks have registers"
            )
        if self.bypass or self.window is not None:
            raise ValueError("Option blocks must be off with a bypass or a window")
        for name in ("a", "b"):
            first, *others = self.formats(name)
            if others or not isinstance(first, Format) or not first.exponent:
                raise ValueError(
                    f"Option blocks must be off where operands {name} are not of one format with "
                    f"exponents"
                )
            if value_range(first).high >= 2**MAX_BLOCK_BITS:
                raise ValueError(
                    f"Option blocks must be off for {first}, whose numbers in fixed point have "
                    f"more than {MAX_BLOCK_BITS} bits"
                )

    def _check_modes(self) -> None:
        if self.out is None and self.bias_bits:
            raise ValueError(
                "Option bias_bits must be 0 for the exact sum, whose unit is a constant"
            )
        check_bias(
            self.bias_bits, [fmt for name in ("a", "b", "out") for fmt in self.formats(name)]
        )
        for name in ("a", "b"):
            first, *others = self.formats(name)
            if others and self.window is not None:
                raise ValueError(f"Option {name}_other must be left out with a window")
            if others and others[0].width > first.width:
                raise ValueError(
                    f"Option {name}_other must be a format of at most {first.width} bits, those "
                    f"of {name}, not {others[0]}"
                )

    def _check_window(self) -> None:
        if self.window is None:
            for opt in self.options():
                if opt.name in WINDOW_OPTIONS and getattr(self, opt.name) != opt.default:
                    raise ValueError(f"Option {opt.name} must be left out without a window")
        if self.c is None and not self.align_addend:
            raise ValueError("Option align_addend must be left out without an addend")

    def _check_result(self) -> None:
        out = self.out
        if self.keep is not None:
            if not isinstance(out, Format) or not 1 <= out.exponent <= 15:
                raise ValueError(
                    "Option keep must be left out for results without 1 to 15 exponent bits"
                )
            if self.keep > out.fraction:
                raise ValueError(
                    f"Option keep must be 0 to {out.fraction} for {out}, not {self.keep}"
                )
        if self.nan_code is not None:
            known = out is not None and self.nan_code < 2**out.width
            if out is None or not (known and out.unpack(np.array(self.nan_code)).nan):
                raise ValueError(
                    f"Option nan_code must be a NaN of the result, not {self.nan_code}"
                )

    @property
    def latency(self) -> int:
        return self.stages

    @property
    def cuts(self) -> tuple[str, ...]:
        """The places that get registers: as many as there are stages, evenly spread.

        With a bypass or blocks, the first place is one of them.
        """
        # Registers that hold are what a bypass is made of, and memory blocks have registers.
        first = places(self)[: int(self.bypass or self.blocks)]
        offered = places(self)[len(first) :]
        count = self.stages - len(first)
        chosen = [(step + 1) * (len(offered) + 1) // (count + 1) - 1 for step in range(count)]
        return first + tuple(offered[index] for index in chosen)

    def formats(self, name: str) -> tuple[ScalarFormat, ...]:
        """The formats of `a`, `b`, `c` or `out`: none, one, or also that of a mode."""
        found = (getattr(self, name), getattr(self, f"{name}_other", None))
        return tuple(fmt for fmt in found if fmt is not None)

    @property
    def result(self) -> AnyFormat:
        """The format of port `out`."""
        return raw_sum(self) if self.out is None else self.out

    @property
    def ports(self) -> tuple[Port, ...]:
        ports = [
            Port(
                name=name,
                direction=Direction.INPUT,
                format=fmt,
                other=other,
                mode=f"{name}_mode" if other is not None else "",
                elements=self.ways,
                meaning=f"operands {name}, one a product",
            )
            for name, fmt, other in (("a", self.a, self.a_other), ("b", self.b, self.b_other))
        ]
        if self.c is not None:
            ports.append(Port(name="c", direction=Direction.INPUT, format=self.c, meaning="addend"))
        ports += [
            Port(
                name=port.mode,
                direction=Direction.INPUT,
                role=Role.MODE,
                meaning=f"whether operands {port.name} are {port.other}, not {port.format}",
            )
            for port in ports
            if port.mode
        ]
        ports += bias_ports(self.bias_bits)
        ports += random_ports(self.random_bits, "sum")
        if self.enable:
            ports.append(enable_port())
        meaning = "sum of the products of a and b" + (" and of c" if self.c is not None else "")
        ports.append(
            Port(name="out", direction=Direction.OUTPUT, format=self.result, meaning=meaning)
        )
        if self.flags:
            ports += flag_ports("sum")
        return tuple(ports)


def fma_tree(config: FmaTreeConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Sums of products of arrays of codes.

    Parameters
    ----------
    operands
        Codes of `a` and `b`, whose last axis is that of the ways if these are more than one.
        Without that axis, where there are such ports: codes of the addend `c`, of the modes
        `a_mode` and `b_mode`, and of the biases `a_bias`, `b_bias` and `out_bias`, and the words
        `random` of a stochastic rounding.

    Returns
    -------
    Codes of `out`; with `flags` also `overflow`, `underflow`, `inexact` and `invalid`.
    """
    a, b = (unpack(config, name, operands) for name in ("a", "b"))
    terms = a * b
    exponents = reference_exponents(config.a, a) + reference_exponents(config.b, b)
    operand_nan = (a.nan | b.nan).any(axis=-1)
    if config.c is not None:
        c = config.c.unpack(operands["c"])
        terms = with_term(terms, c)
        last = reference_exponents(config.c, c)[..., np.newaxis]
        exponents = np.append(exponents, last, axis=-1)
        operand_nan = operand_nan | c.nan
    windowed = windowed_ranges(config)
    if windowed is None:
        total, exponent = exact_sum(terms), None
    else:
        total, exponent = windowed.sum(terms, exponents)
    if config.out is None:
        return {"out": join_raw(raw_sum(config), total, exponent)}
    if config.bias_bits:
        formats = {name: config.formats(name) for name in ("a", "b", "out")}
        total = total.scaled(bias_shift(config.bias_bits, operands, formats))
    random = RandomBits(operands["random"], config.random_bits) if config.random_bits else None
    codes, flags = round_narrowed(
        config.out, total, config.keep, config.rounding, config.overflow, random=random
    )
    if config.nan_code is not None:
        codes = np.where(config.out.unpack(codes).nan, codes.dtype.type(config.nan_code), codes)
    if not config.flags:
        return {"out": codes}
    found = {**vars(flags), "invalid": flags.invalid | (total.nan & ~operand_nan)}
    return {"out": codes} | {name: found[name].astype(np.uint8) for name in FLAGS}


def unpack(config: FmaTreeConfig, name: str, operands: Mapping[str, np.ndarray]) -> Exact:
    """The exact values of operands a or b, in their mode's format."""
    codes = vector(config, operands[name])
    first, *others = config.formats(name)
    exact = first.unpack(codes)
    for fmt in others:
        chosen = np.asarray(operands[f"{name}_mode"]).astype(bool)[..., np.newaxis]
        pairs = zip(
            vars(fmt.unpack(codes & (2**fmt.width - 1))).values(), vars(exact).values(), strict=True
        )
        exact = Exact(*(np.where(chosen, two, one) for two, one in pairs))
    return exact


def vector(config: FmaTreeConfig, codes: np.ndarray) -> np.ndarray:
    """Codes with a last axis of as many as there are ways."""
    array = np.asarray(codes)
    if config.ways == 1:
        array = array[..., np.newaxis]
    if not array.ndim or array.shape[-1] != config.ways:
        raise ValueError(f"Codes must be in rows of {config.ways}, not of shape {array.shape}")
    return array


def with_term(terms: Exact, more: Exact) -> Exact:
    """Rows of terms, each with one more."""
    pairs = zip(vars(terms).values(), vars(more).values(), strict=True)
    return Exact(*(np.append(row, one[..., np.newaxis], axis=-1) for row, one in pairs))


def join_raw(raw: RawFormat, total: Exact, exponent: np.ndarray | None) -> np.ndarray:
    """Codes of sums whose exponent fields are given; 0 where the sum is no number."""
    wide = total.significand.astype(object) if raw.significand > 62 else total.significand
    known = total.finite & ~total.zero
    field = np.where(total.finite, 0 if exponent is None else exponent, 0)
    shift = np.where(known, total.exponent + raw.bias - field, 0)
    number = np.where(known, wide, 0) << np.maximum(shift, 0).astype(wide.dtype)
    # Below the least step there is nothing but a posit's zeros.
    number = number >> np.maximum(-shift, 0).astype(wide.dtype)
    if raw.complement:
        number = np.where(known & total.negative, -number, number)
        lowest = np.where(total.infinite & total.negative, 1, 0).astype(wide.dtype)
        number = (number & 2**raw.significand - 1) | lowest << raw.significand - 1
    return raw.join(significand=number, exponent=field, infinity=total.infinite, nan=total.nan)
