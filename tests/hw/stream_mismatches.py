"""Streaming blocks against golden, with operands of one's own."""

from collections.abc import Mapping

import numpy as np

from ffp8.golden.stream import StreamConfig
from ffp8.synth.design import elaborate
from ffp8.synth.devices import Device
from ffp8.synth.engines import open_engine
from ffp8.synth.stimuli import Stimuli, cycles
from ffp8.synth.verify import expected

__all__ = ["stream_mismatches"]


def stream_mismatches(
    config: StreamConfig,
    operands: Mapping[str, np.ndarray],
    *,
    engine: str | None = None,
    device: Device | None = None,
    seed: int = 0,
) -> dict[str, int]:
    """In how many cycles each output is not golden's, given beats of whole frames."""
    stimuli = cycles(config, Stimuli(dict(operands), exhaustive=False), seed)
    want, defined, _ = expected(config, stimuli)
    got = open_engine(elaborate(config, device, models=True), engine).run(stimuli.inputs)
    found = {}
    for port in config.outputs:
        differs = got[port.name] != want[port.name]
        if differs.ndim > 1:
            differs = differs.any(axis=1)
        found[port.name] = int(np.count_nonzero(differs & defined[port.name]))
    return found
