"""Streaming blocks: beats in, frames of beats out, and one rule of stalling for all of them.

A transfer takes place in a cycle in which `valid` and `ready` of a stream are high; what is
offered stays until it is taken (Amaranth's streams, RFC 61). A block stands still in a cycle in
which it shows an output beat that is not taken, and else advances: such a cycle is a tick. All
times within a block count in ticks, so the datapath is a pipeline with one enable, and golden
knows what shows in each cycle.
"""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .block import BlockConfig
from .ports import Direction, Port, Role
from .schedule import Schedule

__all__ = ["Flow", "FrameFlow", "StreamConfig", "StreamState", "stream_ports"]

INPUT, OUTPUT = "i", "o"


class Flow(ABC):
    """When a block takes and shows beats, tick by tick, from its first one or a reset on.

    Rows of outputs are numbered from 0 on in the order of their frames, lost ones included.
    """

    @property
    def room(self) -> bool:
        """Whether the block takes a beat in this tick."""
        return True

    @property
    @abstractmethod
    def row(self) -> int | None:
        """The row of outputs that shows in this tick, if any."""

    @property
    @abstractmethod
    def empty(self) -> bool:
        """Whether all rows of the frames that are complete have shown."""

    @abstractmethod
    def tick(self, *, taken: bool, last: bool) -> int:
        """End this tick, in which a beat was taken or not.

        Returns
        -------
        How many rows of outputs a frame has that was complete with that beat; 0 where none was.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all that is inside."""


class FrameFlow(Flow):
    """Frames of one length in, frames of one length out.

    Parameters
    ----------
    beats
        Beats of a frame that goes in.
    results
        Beats of a frame that comes out, at most as many.
    latency
        Ticks from the one in which the last beat of a frame is taken to that in which its first
        row shows; one row follows in each tick.

    Raises
    ------
    ValueError
        If frames come out that are longer than those that go in.
    """

    def __init__(self, beats: int, results: int, latency: int):
        if results > beats:
            raise ValueError(f"Frame of {beats} beats must give at most as many, not {results}")
        self.beats, self.results, self.latency = beats, results, latency
        self.time = self.rows = self.count = 0
        self.due: deque[tuple[int, int]] = deque()

    @property
    def row(self) -> int | None:
        return self.due[0][1] if self.due and self.due[0][0] == self.time else None

    @property
    def empty(self) -> bool:
        return not self.due

    def tick(self, *, taken: bool, last: bool) -> int:
        complete = 0
        if self.row is not None:
            self.due.popleft()
        if taken:
            self.count += 1
            if self.count == self.beats:
                start = self.time + self.latency
                self.due.extend((start + k, self.rows + k) for k in range(self.results))
                self.rows += self.results
                self.count, complete = 0, self.results
        self.time += 1
        return complete

    def reset(self) -> None:
        self.due.clear()
        self.count = 0


class StreamState:
    """A block's handshakes, cycle by cycle."""

    def __init__(self, config: "StreamConfig"):
        self.flow = config.flow()

    @property
    def row(self) -> int | None:
        """The row of outputs that shows in this cycle; output `valid` is whether there is one."""
        return self.flow.row

    def advances(self, ready: bool) -> bool:
        """Whether this cycle is a tick, given the output's `ready`."""
        return self.row is None or ready

    def accepts(self, ready: bool) -> bool:
        """The input's `ready` in this cycle, given the output's."""
        return self.advances(ready) and self.flow.room

    def step(self, *, valid: bool, ready: bool, last: bool, reset: bool) -> int:
        """End this cycle; the rows of outputs of a frame that was completed, as `Flow.tick`."""
        if reset:
            self.flow.reset()
            return 0
        if not self.advances(ready):
            return 0
        return self.flow.tick(taken=valid and self.flow.room, last=last)


@dataclass(frozen=True, kw_only=True)
class StreamConfig(BlockConfig):
    """Base of the configurations of streaming blocks: one stream of beats in, one out.

    Operands are those of beats. A golden model takes whole frames of them, in their order, and
    gives the beats that come out, in theirs. The block starts as after a reset; a reset, which is
    synchronous, loses all beats inside.
    """

    @property
    def has_state(self) -> bool:
        return True

    @property
    def beats(self) -> int | None:
        """Beats of a frame that goes in; None where its last one says so (role LAST)."""
        raise NotImplementedError

    @property
    def longest(self) -> int:
        """Most beats of a frame that goes in."""
        assert self.beats is not None
        return self.beats

    @property
    def grain(self) -> int:
        """Beats that frames have a multiple of, where their last one says where they end."""
        return 1

    @property
    def results(self) -> int:
        """Beats of a frame that comes out, where all that go in have one length."""
        raise NotImplementedError

    @property
    def latency(self) -> int:
        """Clock cycles from a frame's last beat to the first that comes out, without stalls."""
        raise NotImplementedError

    @property
    def beatwise(self) -> bool:
        """Whether a beat comes out `latency` ticks after it was taken, however frames end.

        It may depend on earlier ones of its frame, which a reset ends: golden takes the beats
        from one reset to the next, whether the last frame of them is complete or not. Of other
        blocks a frame comes out when all of it was taken.
        """
        return False

    @property
    def drain(self) -> int:
        """Most ticks from a beat that is taken to the one behind the last that it causes."""
        return self.latency + (1 if self.beatwise else self.results)

    def flow(self) -> Flow:
        """When beats are taken and shown."""
        if self.beatwise:
            return FrameFlow(1, 1, self.latency)
        assert self.beats is not None
        return FrameFlow(self.beats, self.results, self.latency)

    def ends(self, operands: Mapping[str, np.ndarray]) -> np.ndarray:
        """Whether beats are the last of their frames, given the operands of a sequence of them."""
        for port in self.operands:
            if port.role is Role.LAST:
                return np.asarray(operands[port.name]) == 1
        assert self.beats is not None
        count = len(next(iter(operands.values())))
        return np.arange(count) % self.beats == self.beats - 1

    def complete(self, operands: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        if self.beatwise:
            return dict(operands)
        ends = np.flatnonzero(self.ends(operands))
        count = ends[-1] + 1 if len(ends) else 0
        return {name: codes[:count] for name, codes in operands.items()}

    def schedule(self, inputs: Mapping[str, np.ndarray]) -> Schedule:
        names = {(port.stream, port.role): port.name for port in self.ports}
        valid, ready, reset = (
            np.asarray(inputs[names[key]]).astype(bool).tolist()
            for key in ((INPUT, Role.VALID), (OUTPUT, Role.READY), ("", Role.RESET))
        )
        last = self._last(inputs).tolist()
        state = StreamState(self)
        cycles = len(valid)
        row, accepts = np.full(cycles, -1), np.zeros(cycles, np.uint8)
        advance, fresh = np.zeros(cycles, bool), np.zeros(cycles, bool)
        taken: list[int] = []
        origin: list[int] = []
        frame: list[int] = []
        starts = [0]
        fresh[:1] = True
        for cycle in range(cycles):
            shown = state.row
            row[cycle] = -1 if shown is None else shown
            advance[cycle] = state.advances(ready[cycle])
            accepts[cycle] = state.accepts(ready[cycle])
            if accepts[cycle] and valid[cycle]:
                frame.append(cycle)
            count = state.step(
                valid=valid[cycle], ready=ready[cycle], last=last[cycle], reset=reset[cycle]
            )
            if reset[cycle]:
                frame = []
                if self.beatwise:
                    starts.append(len(taken))
                fresh[cycle + 1 : cycle + 2] = True
            elif count:
                places = len(taken) + np.minimum(np.arange(count), len(frame) - 1)
                origin += places.tolist()
                taken += frame
                frame = []
        return Schedule(
            taken=np.array(taken, np.int64),
            row=np.maximum(row, 0),
            shown=row >= 0,
            origin=np.array(origin, np.int64),
            advance=advance,
            fresh=fresh,
            starts=starts,
            control={
                names[INPUT, Role.READY]: accepts,
                names[OUTPUT, Role.VALID]: (row >= 0).astype(np.uint8),
            },
        )

    def _last(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """What the port of role LAST is in each cycle; zeros where there is none."""
        for port in self.operands:
            if port.role is Role.LAST:
                return np.asarray(inputs[port.name]) == 1
        return np.zeros(len(next(iter(inputs.values()))), bool)


def stream_ports(inputs: Sequence[Port], outputs: Sequence[Port]) -> tuple[Port, ...]:
    """All ports of a streaming block, given the payloads of the beats that go in and come out."""

    def handshake(stream: str, role: Role, direction: Direction, meaning: str) -> Port:
        return Port(
            name=f"{stream}_{role}", direction=direction, role=role, stream=stream, meaning=meaning
        )

    return (
        Port(
            name="reset",
            direction=Direction.INPUT,
            role=Role.RESET,
            meaning="at a clock edge where this is high, all beats inside are lost",
        ),
        *(replace(port, stream=INPUT) for port in inputs),
        handshake(INPUT, Role.VALID, Direction.INPUT, "a beat is offered"),
        handshake(OUTPUT, Role.READY, Direction.INPUT, "an output beat is taken, if there is one"),
        *(replace(port, stream=OUTPUT) for port in outputs),
        handshake(OUTPUT, Role.VALID, Direction.OUTPUT, "there is an output beat"),
        handshake(INPUT, Role.READY, Direction.OUTPUT, "the beat is taken, if one is offered"),
    )
