"""The operands of a tree, taken apart."""

from dataclasses import dataclass

from amaranth.hdl import Const, Module, Value

from ffp8.golden.fma_tree import FmaTreeConfig

from .encoder import Status
from .logic import hold
from .specials import Specials
from .unpacked import Unpacked, unpack

__all__ = ["Lanes", "Operand", "decode"]


@dataclass(frozen=True)
class Operand:
    """A code, and what it is made of."""

    code: Value
    parts: Unpacked


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
            Operand(code, hold(m, unpack(fmt, code), f"{name}_{lane}"))
            for lane, code in enumerate(split(port, config.ways))
        ]
        for name, fmt, port in (("a", config.a, a), ("b", config.b, b))
    )
    statuses = [
        hold(m, Status.of_product(x.parts, y.parts), f"product_{lane}")
        for lane, (x, y) in enumerate(zip(left, right, strict=True))
    ]
    operands = [operand.parts for operand in (*left, *right)]
    addend = None
    if config.c is not None and c is not None:
        parts = hold(m, unpack(config.c, c), "c")
        addend = Operand(c, parts)
        operands.append(parts)
        statuses.append(Status(parts.sign, parts.nan, parts.infinity, parts.zero, Const(0, 1)))
    return Lanes(left, right, addend, hold(m, Specials.of_terms(operands, statuses), "terms"))


def split(port: Value, ways: int) -> list[Value]:
    """The codes of a port, one a lane."""
    width = len(port) // ways
    return [port[lane * width : (lane + 1) * width] for lane in range(ways)]
