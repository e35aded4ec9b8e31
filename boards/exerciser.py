"""Exerciser: feeds a unit, compresses what comes out, and knows what should have."""

from functools import cached_property
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Role
from ffp8.golden.signature import (
    FEEDBACK,
    GENERATOR,
    WORD_BITS,
    cases,
    operands,
    places,
    seeds,
    signature,
)
from ffp8.hw.blocks import BLOCKS

__all__ = ["Exerciser", "expected_signature"]

HANDSHAKE = (Role.VALID, Role.READY)


def expected_signature(config: BlockConfig) -> int:
    """The signature of a unit that does what golden does."""
    return signature(config, BLOCKS[config.block].golden(config, **operands(config)))


class Exerciser(wiring.Component):
    """A self-test: runs a unit once after reset and compares its signature with golden's.

    What is fed and what a signature is stands in `ffp8.golden.signature`. All operands, mode
    ports too, come from that sequence; enable ports are held high. The verdict is there
    `cases + latency + 2` clock cycles after reset, and stays.

    The unit's operands come from registers and its outputs go to registers, so that the
    exerciser adds nothing to the unit's paths.

    Parameters
    ----------
    config : :class:`BlockConfig`
        A block of fixed latency that takes operands in each cycle.
    unit : :class:`Component`
        The unit under test; the configuration's own hardware if absent.
    expected : :class:`int`
        The signature to compare with; golden's if absent.

    Members
    -------
    running, match, mismatch : ``Out(1)``
        Exactly one of them is high.

    Raises
    ------
    ValueError
        If the block is not one that takes operands in each cycle.
    """

    running: Signal
    match: Signal
    mismatch: Signal

    def __init__(
        self,
        config: BlockConfig,
        *,
        unit: wiring.Component | None = None,
        expected: int | None = None,
    ):
        if config.interval != 1 or any(port.role in HANDSHAKE for port in config.ports):
            raise ValueError(
                f"Exerciser block must take operands in each cycle, not {config.block!r}"
            )
        self.config = config
        self._unit = unit
        self._expected = expected
        super().__init__({name: Out(1) for name in ("running", "match", "mismatch")})

    @cached_property
    def unit(self) -> Any:
        # Any, as a component's base class does not tell checkers that all have an `elaborate`.
        return (
            BLOCKS[self.config.block].component(self.config) if self._unit is None else self._unit
        )

    @cached_property
    def expected(self) -> int:
        return expected_signature(self.config) if self._expected is None else self._expected

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.unit = self.unit
        feeding = self.feed(m)

        # Operands of a cycle give captured outputs `latency + 1` cycles later.
        valid = Signal(self.config.latency + 1)
        m.d.sync += valid.eq(Cat(feeding, valid))
        registers = self.compress(m, valid[-1])

        equal = Signal()
        done = Signal()
        m.d.sync += [
            equal.eq(registers == self.expected),
            done.eq(~feeding & ~valid.any()),
        ]
        m.d.comb += [
            self.running.eq(~done),
            self.match.eq(done & equal),
            self.mismatch.eq(done & ~equal),
        ]
        return m

    def feed(self, m: Module) -> Value:
        """Drive the unit's inputs; whether a case is fed in this cycle."""
        counter = Signal(range(2 * cases(self.config)))
        # The counter's highest bit says that all cases are through, so it needs no comparison.
        feeding = ~counter[-1]
        with m.If(feeding):
            m.d.sync += counter.eq(counter + 1)
        source: Value = counter
        if seeds(self.config):
            source = Cat(
                self.shift_register(m, f"operands_{index}", seed)
                for index, seed in enumerate(seeds(self.config))
            )
        for place in places(self.config.operands):
            port = Value.cast(getattr(self.unit, place.port.name))
            code = source[place.offset : place.offset + place.width]
            if place.port.role is Role.FIRST:
                code = code.all()
            size = place.port.element_width
            m.d.comb += port[place.element * size :][:size].eq(code)
        for port in self.config.inputs:
            if port.role is Role.ENABLE:
                m.d.comb += getattr(self.unit, port.name).eq(1)
        return feeding

    def shift_register(self, m: Module, name: str, seed: int) -> Signal:
        register = Signal(WORD_BITS, name=name, init=seed)
        m.d.sync += register.eq(shifted(register, GENERATOR))
        return register

    def compress(self, m: Module, valid: Value) -> Value:
        """The signature of the unit's outputs; `valid` says that the captured ones count."""
        outputs = Cat(Value.cast(getattr(self.unit, port.name)) for port in self.config.outputs)
        captured = Signal(len(outputs))
        m.d.sync += captured.eq(outputs)
        registers = []
        for start in range(0, len(outputs), WORD_BITS):
            register = Signal(
                WORD_BITS, name=f"signature_{start // WORD_BITS}", init=2**WORD_BITS - 1
            )
            with m.If(valid):
                m.d.sync += register.eq(
                    shifted(register, FEEDBACK) ^ captured[start : start + WORD_BITS]
                )
            registers.append(register)
        return Cat(registers)


def shifted(register: Signal, feedback: int) -> Value:
    """A linear feedback shift register's next contents."""
    wrapped = register[-1].replicate(WORD_BITS) & feedback
    return (register << 1)[:WORD_BITS] ^ wrapped
