"""The operands of a tree, taken apart."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from amaranth.hdl import Const, Module, Value

from ffp8.golden.fma_tree import FmaTreeConfig

from .encoder import Status
from .logic import hold
from .run_time_bias import bias_shift
from .specials import Specials
from .tree_operand import Operand, either, operand

__all__ = ["Lanes", "decode", "split"]


@dataclass(frozen=True)
class Lanes:
    """The operands of all lanes, the addend if there is one, and what is known of the terms.

    Attributes
    ----------
    zero
        For each lane, whether an operand is zero.
    skip
        For each lane, whether its product is zero whatever the operands say; None for never.
    """

    a: list[Operand]
    b: list[Operand]
    c: Operand | None
    specials: Specials
    zero: list[Value]
    skip: list[Value] | None = None


def decode(m: Module, config: FmaTreeConfig, ports: Mapping[str, Value]) -> Lanes:
    """Take the codes of a tree's ports apart."""
    left, right = (
        [
            either(m, config.formats(name), code, ports.get(f"{name}_mode"), f"{name}_{lane}")
            for lane, code in enumerate(split(ports[name], config.ways))
        ]
        for name in "ab"
    )
    statuses = [
        hold(m, Status.of_product(x.parts, y.parts), f"product_{lane}")
        for lane, (x, y) in enumerate(zip(left, right, strict=True))
    ]
    zero = [status.zero for status in statuses]
    parts = [one.parts for one in (*left, *right)]
    addend = None
    if config.c is not None:
        addend = operand(m, config.c, ports["c"], "c")
        known = addend.parts
        parts.append(known)
        statuses.append(Status(known.sign, known.nan, known.infinity, known.zero, Const(0, 1)))
    specials = hold(m, Specials.of_terms(parts, statuses), "terms")
    if config.bias_bits:
        formats = {name: config.formats(name) for name in ("a", "b", "out")}
        specials = replace(specials, exponent=bias_shift(ports, formats))
    return Lanes(left, right, addend, specials, zero)


def split(port: Value, ways: int) -> list[Value]:
    """The codes of a port, one a lane."""
    width = len(port) // ways
    return [port[lane * width : (lane + 1) * width] for lane in range(ways)]
