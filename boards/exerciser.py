"""Exerciser: feeds a unit, compresses what comes out, and knows what should have."""

from functools import cached_property
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Direction, Role
from ffp8.golden.signature import (
    FEEDBACK,
    GENERATOR,
    RARE,
    WORD_BITS,
    cases,
    operands,
    places,
    seeds,
    signature,
)
from ffp8.golden.stream import StreamConfig
from ffp8.hw.blocks import BLOCKS
from ffp8.hw.ports import value

__all__ = ["Exerciser", "expected_signature"]


def expected_signature(config: BlockConfig) -> int:
    """The signature of a unit that does what golden does."""
    taken = config.complete(operands(config))
    return signature(config, BLOCKS[config.block].golden(config, **taken))


class Exerciser(wiring.Component):
    """A self-test: runs a unit once after reset and compares its signature with golden's.

    What is fed and what a signature is stands in `ffp8.golden.signature`. All operands, mode
    ports too, come from that sequence; enable ports are held high, and so is the `ready` of an
    output stream. The verdict is there `duration` clock cycles after reset, and stays.

    The unit's operands come from registers and its outputs go to registers, so that the
    exerciser adds nothing to the unit's paths.

    Parameters
    ----------
    config : :class:`BlockConfig`
        A block that takes operands in each cycle.
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
        if config.interval != 1:
            raise ValueError(
                f"Exerciser block must take operands in each cycle, not {config.block!r}"
            )
        self.config = config
        self._unit = unit
        self._expected = expected
        super().__init__({name: Out(1) for name in ("running", "match", "mismatch")})

    @property
    def duration(self) -> int:
        """Clock cycles from the reset to the verdict."""
        return cases(self.config) + self.config.drain + 2

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

        counts, pending = self.follow(m, feeding)
        registers = self.compress(m, counts)

        equal = Signal()
        done = Signal()
        m.d.sync += [
            equal.eq(registers == self.expected),
            done.eq(~feeding & ~pending),
        ]
        m.d.comb += [
            self.running.eq(~done),
            self.match.eq(done & equal),
            self.mismatch.eq(done & ~equal),
        ]
        return m

    def feed(self, m: Module) -> Value:
        """Drive the unit's inputs; whether a case is offered in this cycle."""
        counter = Signal(range(2 * cases(self.config)))
        # The counter's highest bit says that all cases are through, so it needs no comparison.
        feeding = ~counter[-1]
        taken = self.handshake(Role.READY, Direction.OUTPUT)
        step = feeding & (Const(1) if taken is None else taken)
        with m.If(step):
            m.d.sync += counter.eq(counter + 1)
        source: Value = counter
        if seeds(self.config):
            source = Cat(
                self.shift_register(m, f"operands_{index}", seed, taken)
                for index, seed in enumerate(seeds(self.config))
            )
        for place in places(self.config.operands):
            port = value(self.unit, place.port)
            code = source[place.offset : place.offset + place.width]
            if place.port.role in RARE:
                code = code.all()
            if place.port.role is Role.LAST:
                code = self.end(m, step, code)
            size = place.port.element_width
            m.d.comb += port[place.element * size :][:size].eq(code)
        for port in self.config.inputs:
            if port.role in (Role.ENABLE, Role.READY):
                m.d.comb += value(self.unit, port).eq(1)
            elif port.role is Role.VALID:
                m.d.comb += value(self.unit, port).eq(feeding)
        return feeding

    def end(self, m: Module, step: Value, last: Value) -> Value:
        """Whether a beat ends its frame, which it does at the latest when that is full."""
        assert isinstance(self.config, StreamConfig)
        place = Signal(range(self.config.longest))
        if self.config.grain > 1:
            # Of vectors, of which frames are made.
            beat = Signal(range(self.config.grain))
            full = beat == self.config.grain - 1
            last = last & full
            with m.If(step):
                m.d.sync += beat.eq(Mux(full, 0, beat + 1))
        ends = Signal()
        m.d.comb += ends.eq(last | (place == self.config.longest - 1))
        with m.If(step):
            m.d.sync += place.eq(Mux(ends, 0, place + 1))
        return ends

    def handshake(self, role: Role, direction: Direction) -> Value | None:
        """The unit's port of a role; None where it has no streams."""
        for port in self.config.ports:
            if port.role is role and port.direction is direction:
                return value(self.unit, port)
        return None

    def follow(self, m: Module, feeding: Value) -> tuple[Value, Value]:
        """Whether the captured outputs of this cycle count, and whether some may still come."""
        valid = self.handshake(Role.VALID, Direction.OUTPUT)
        if valid is None:
            # Operands of a cycle give captured outputs `latency + 1` cycles later.
            pending = Signal(self.config.latency + 1)
            m.d.sync += pending.eq(Cat(feeding, pending))
            return pending[-1], pending.any()
        counts = Signal()
        rest = Signal(range(self.config.drain + 2), init=self.config.drain + 1)
        m.d.sync += [counts.eq(valid), rest.eq(Mux(feeding, rest.init, rest - rest.any()))]
        return counts, rest.any()

    def shift_register(self, m: Module, name: str, seed: int, step: Value | None) -> Signal:
        register = Signal(WORD_BITS, name=name, init=seed)
        with m.If(Const(1) if step is None else step):
            m.d.sync += register.eq(shifted(register, GENERATOR))
        return register

    def compress(self, m: Module, valid: Value) -> Value:
        """The signature of the unit's outputs; `valid` says that the captured ones count."""
        outputs = Cat(value(self.unit, port) for port in self.config.data_outputs)
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
