"""Bypass of zeros: lanes whose product is zero keep their operands from what multiplies them."""

from collections.abc import Mapping
from dataclasses import replace

from amaranth.hdl import Cat, Module, Signal, Value

from ffp8.golden.fma_tree import FmaTreeConfig

from .pipeline import Pipeline
from .tree_lanes import Lanes, decode, split

__all__ = ["bypassed"]


def bypassed(
    m: Module,
    config: FmaTreeConfig,
    pipeline: Pipeline,
    ports: Mapping[str, Value],
    enable: Value | None,
) -> Lanes:
    """The operands behind registers that hold in lanes with an operand of zero.

    What is known of the terms besides their numbers comes of the operands before the registers.
    """
    seen = decode(m, config, ports)
    held = {
        name: pipeline.bits("operand", value, name)
        for name, value in ports.items()
        if name not in ("a", "b")
    }
    for name in "ab":
        registers = []
        for lane, code in enumerate(split(ports[name], config.ways)):
            register = Signal(len(code), name=f"held_{name}_{lane}", reset_less=True)
            advance = ~seen.zero[lane] if enable is None else enable & ~seen.zero[lane]
            with m.If(advance):
                m.d.sync += register.eq(code)
            registers.append(register)
        held[name] = Cat(registers)
    skip = [pipeline.bits("operand", zero, f"skip_{lane}") for lane, zero in enumerate(seen.zero)]
    specials = pipeline.bundle("operand", seen.specials)
    return replace(decode(m, config, held), specials=specials, skip=skip)
