"""Products of a device's blocks: fixed point from memories, multiplied, with no shifter behind."""

from amaranth.hdl import Module, Value, unsigned
from amaranth.lib.memory import Memory

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format
from ffp8.golden.ranges import Range, value_range
from ffp8.golden.tree_ranges import product_range

from .block_multiplier import block_product
from .pipeline import Pipeline
from .specials import Specials
from .target import Target
from .tree_lanes import Lanes
from .tree_operand import Operand
from .tree_sum import Term

__all__ = ["block_products", "fixed_point"]


def block_products(
    m: Module,
    pipeline: Pipeline,
    config: FmaTreeConfig,
    lanes: Lanes,
    addend: Term | None,
    *,
    target: Target,
) -> tuple[list[list[Term]], Term | None, Specials]:
    """Groups of terms, the addend if there is one, and what else is known of them.

    Operands of E4M3 are 18 bits in fixed point, which is what multiplier blocks take.
    """
    statuses, specials = lanes.statuses, lanes.specials
    signs = [x.parts.sign ^ y.parts.sign for x, y in zip(lanes.a, lanes.b, strict=True)]
    signed = config.a.sign or config.b.sign
    for place in ("table", "fixed"):
        statuses = [pipeline.bundle(place, status) for status in statuses]
        specials = pipeline.bundle(place, specials)
        signs = [pipeline.bits(place, sign, f"sign_{lane}") for lane, sign in enumerate(signs)]
        addend = None if addend is None else pipeline.bundle(place, addend)
    known = product_range(config)
    numbers = [
        numbers_of(m, pipeline, fmt, operands, name)
        for name, fmt, operands in (("a", config.a, lanes.a), ("b", config.b, lanes.b))
    ]
    terms = []
    for lane, (a, b) in enumerate(zip(*numbers, strict=True)):
        product = block_product(m, pipeline, target, "product", (a, b))
        within = Range(0, max(-known.low, known.high), known.unit)
        minus = pipeline.bits("product", signs[lane], "minus") if signed else None
        terms.append(Term(product, None, within, minus=minus))
    specials = pipeline.bundle("product", specials.with_terms(statuses))
    return [terms], None if addend is None else pipeline.bundle("product", addend), specials


def numbers_of(
    m: Module, pipeline: Pipeline, fmt: object, operands: list[Operand], name: str
) -> list[Value]:
    """The operands' magnitudes in units of the least step, from memories of two ports each."""
    assert isinstance(fmt, Format)
    width = value_range(fmt).high.bit_length()
    table = fixed_point(fmt)
    found: list[Value] = []
    for first in range(0, len(operands), 2):
        memory = Memory(
            shape=unsigned(width), depth=len(table), init=table, attrs={"rom_style": "block"}
        )
        m.submodules[f"table_{name}_{first}"] = memory
        for lane, operand in enumerate(operands[first : first + 2], first):
            port = memory.read_port()
            assert operand.code is not None
            m.d.comb += port.addr.eq(operand.code[: fmt.magnitude_width])
            if pipeline.enable is not None:
                m.d.comb += port.en.eq(pipeline.enable)
            found.append(pipeline.bits("fixed", port.data, f"{name}_{lane}"))
    return found


def fixed_point(fmt: Format) -> list[int]:
    """The magnitudes of a format's codes without their sign, in units of the least step."""
    width = value_range(fmt).high.bit_length()
    exact = fmt.unpack_fields(range(2**fmt.magnitude_width))
    parts = zip(exact.significand, exact.exponent, strict=True)
    # Codes of NaN and infinity are beyond the largest number; what they give does not matter.
    return [(int(x) << int(e) - fmt.quantum_exponent) % 2**width for x, e in parts]
