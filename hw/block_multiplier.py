"""Multiplier blocks of a device family, with the register behind the product that they have."""

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Signal, Value

from .pipeline import Pipeline
from .target import Target

__all__ = ["BLOCK_BITS", "block_product"]

#: Bits of a block's operands.
BLOCK_BITS = 18


def block_product(
    m: Module, pipeline: Pipeline, target: Target, place: str, factors: tuple[Value, Value]
) -> Value:
    """The product of two unsigned numbers of up to 18 bits, behind the registers of a place.

    On an ECP5, where synthesis puts no registers into multiplier blocks, it is such a block by
    name (MULT18X18D) if the place is cut: then the way from the block has a cycle of its own.
    """
    a, b = factors
    width = len(a) + len(b)
    if not target.multiplier_cells or place not in pipeline.cuts:
        product = Signal(width, name="product")
        m.d.comb += product.eq(a * b)
        return pipeline.bits(place, product, "product")
    product = Signal(2 * BLOCK_BITS, name=f"{place}_product")
    ports: dict[str, Value | str] = {
        "i_CLK0": ClockSignal("sync"),
        "i_CE0": Const(1, 1) if pipeline.enable is None else pipeline.enable,
        "p_REG_OUTPUT_CLK": "CLK0",
    }
    for name in ("RST0", "SIGNEDA", "SIGNEDB", "SOURCEA", "SOURCEB"):
        ports[f"i_{name}"] = Const(0, 1)
    for side, number in (("A", a), ("B", b)):
        padded = Cat(number, Const(0, BLOCK_BITS - len(number)))
        for bit in range(BLOCK_BITS):
            ports[f"i_{side}{bit}"] = padded[bit]
    for bit in range(2 * BLOCK_BITS):
        ports[f"o_P{bit}"] = product[bit]
    m.submodules += Instance("MULT18X18D", **ports)
    return product[:width]
