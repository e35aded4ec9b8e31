"""A streaming block to test the contract with: maxima of frames."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ffp8.golden.block import option
from ffp8.golden.ports import Direction, Port, Role
from ffp8.golden.stream import StreamConfig, stream_ports

__all__ = ["ToyConfig", "maxima"]


@dataclass(frozen=True, kw_only=True)
class ToyConfig(StreamConfig):
    """Frames of beats of two numbers, each with the maximum of its frame.

    Without `echo`, the maximum of a frame comes out alone.
    """

    block: ClassVar[str] = "toy-stream"

    length: int = option("beats of a frame", default=4, minimum=1)
    depth: int = option("latency", default=2, minimum=1)
    echo: bool = option("frames come out again", default=True)

    @property
    def beats(self) -> int:
        return self.length

    @property
    def results(self) -> int:
        return self.length if self.echo else 1

    @property
    def latency(self) -> int:
        return self.depth

    @property
    def ports(self) -> tuple[Port, ...]:
        a = Port(name="a", direction=Direction.INPUT, bits=5, elements=2, meaning="numbers")
        out = Port(name="out", direction=Direction.OUTPUT, bits=5, elements=2, meaning="the same")
        top = Port(name="top", direction=Direction.OUTPUT, bits=5, meaning="their maximum")
        last = Port(
            name="last", direction=Direction.OUTPUT, role=Role.LAST, meaning="end of the frame"
        )
        return stream_ports([a], [out, top, last] if self.echo else [top])


def maxima(config: ToyConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """The golden model."""
    frames = operands["a"].reshape(-1, config.length, 2)
    top = frames.max(axis=(1, 2))
    if not config.echo:
        return {"top": top}
    count = len(frames) * config.length
    return {
        "out": frames.reshape(-1, 2),
        "top": np.repeat(top, config.length),
        "last": (np.arange(count) % config.length == config.length - 1).astype(np.uint8),
    }
