"""A product that synthesis makes of a multiplier block."""

from ffp8.golden.ports import Direction, Port
from ffp8.synth.design import Design

__all__ = ["block_product"]

PRODUCT = """
module \\product
  wire width 9 input 1 \\a
  wire width 9 input 2 \\b
  wire width 18 output 3 \\out
  cell $mul \\mul
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 9
    parameter \\B_SIGNED 0
    parameter \\B_WIDTH 9
    parameter \\Y_WIDTH 18
    connect \\A \\a
    connect \\B \\b
    connect \\Y \\out
  end
end
"""


def block_product() -> Design:
    """The product of two numbers of 9 bits, as multiplier blocks have it."""
    ports = (
        Port(name="a", direction=Direction.INPUT, bits=9, meaning="one"),
        Port(name="b", direction=Direction.INPUT, bits=9, meaning="other"),
        Port(name="out", direction=Direction.OUTPUT, bits=18, meaning="product"),
    )
    return Design(top="product", ports=ports, clock=None, rtlil=PRODUCT)
