"""The post-processor's hardware is what golden says, in every cycle."""

from typing import Any

import numpy as np
import pytest
from processor_cases import processor, sums
from stream_checker import check_stream

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.post_processor import PostProcessorConfig
from ffp8.hw import post_processor
from ffp8.hw.post_processor import PostProcessor
from ffp8.synth.design import elaborate
from ffp8.synth.devices import DEVICES, Device
from ffp8.synth.engines import open_engine
from ffp8.synth.stimuli import Stimuli, cycles
from ffp8.synth.verify import expected, verify

#: Values alone: each activation, each kind of value, each number of stages.
COLUMNS = (
    processor("int4", stages=1),
    processor("int4", activation="relu", rounding="toward-zero", stages=2),
    processor("uint4", activation="clipped-relu", rounding="half-away", blocks=True, stages=3),
    processor("q3.1", activation="clipped-relu", rounding="to-odd", stages=4),
    processor("q2.3", activation="leaky-relu", slope=3, stages=5),
    processor("uq2.2", activation="leaky-relu", slope=1, factor="uq3.6", stages=3),
    processor("e4m3fn", activation="leaky-relu", slope=2, lanes=1, blocks=True, stages=4),
    processor("bfloat16", activation="relu", a="uint7", bias="uq3.2"),
    processor("s1e0m6b0", factor="uq3.1", lanes=3),
    processor("int8", a="uint8", factor="uq2.9", bias="q-1.6", blocks=True),
)

#: Vectors: powers of two, quotients by comparisons and by both kinds of reciprocals.
VECTORS = (
    processor("int11", "int4_x8_uint8_quotient_symmetric", activation="relu"),
    processor("int11", "int4_x8_uint8_quotient_symmetric", reciprocal_bits=8, maximum=True),
    processor("int8", "mxint8_x4", lanes=4, activation="clipped-relu", quantizer_stages=1),
    processor("bfloat16", "mxfp4_x6", overflow="special", element_rounding="half-away"),
    processor("int10", "nvfp4_x4", stages=1, element_rounding="toward-zero"),
)

#: Those that are too large for a slow simulator.
LARGE = (
    PostProcessorConfig(
        values=Format.parse("int11"),
        to=BlockFormat.parse("int4_x16_uint8_quotient_symmetric"),
        lanes=4,
        activation="relu",
        unrounded=True,
        reciprocal_bits=8,
    ),
    PostProcessorConfig(
        values=Format.parse("bfloat16"),
        to=BlockFormat.parse("mxfp8_e4m3"),
        lanes=8,
        activation="leaky-relu",
        slope=4,
        element_rounding="stochastic-b",
    ),
    PostProcessorConfig(values=Format.parse("int8"), lanes=4, activation="clipped-relu"),
)


def mismatches(
    config: PostProcessorConfig,
    count: int,
    engine: str | None = "amaranth",
    device: Device | None = None,
) -> int:
    """In how many cycles an output is not golden's, with `count` vectors of `sums`."""
    stimuli = cycles(config, Stimuli(sums(config, count), exhaustive=False), 0)
    want, defined, _ = expected(config, stimuli)
    got = open_engine(elaborate(config, device, models=True), engine).run(stimuli.inputs)
    found = 0
    for port in config.outputs:
        differs = (got[port.name] != want[port.name]).reshape(len(stimuli), -1).any(axis=1)
        found += int(np.count_nonzero(differs & defined[port.name]))
    return found


@pytest.mark.parametrize("config", COLUMNS, ids=lambda config: config.identifier)
def test_values_are_goldens_in_every_cycle(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 250)


@pytest.mark.parametrize("config", VECTORS, ids=lambda config: config.identifier)
def test_vectors_are_goldens_in_every_cycle(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 40)


@pytest.mark.parametrize("config", [COLUMNS[4], VECTORS[1]], ids=lambda config: config.identifier)
def test_carry_cells_do_the_same(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 200, engine=None, device=DEVICES["ecp5-25k"])


@pytest.mark.parametrize("config", [COLUMNS[3], VECTORS[0]], ids=lambda config: config.identifier)
def test_random_beats_and_rules_of_streams(config: PostProcessorConfig) -> None:
    """Stalls on both sides, resets within vectors, no bubbles without stalls."""
    record = verify(config, engine="amaranth", count=300)
    assert record.passed, record.first
    check_stream(config, count=300, engine="amaranth")


@pytest.mark.parametrize("config", LARGE, ids=lambda config: config.identifier)
def test_large_ones_in_compiled_simulation(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 2000, engine=None)
    check_stream(config, count=10_000)


@pytest.mark.parametrize(
    ("where", "name", "bug", "config"),
    [
        (post_processor, "rectified", lambda code: code, COLUMNS[1]),
        (post_processor, "clipped", lambda m, code, clip, name: code, COLUMNS[3]),
        (post_processor, "leaky", lambda m, number, slope: number, COLUMNS[4]),
        (post_processor, "along", lambda pipeline, value, name, places: value, COLUMNS[2]),
        (post_processor, "CUTS", {4: ("product", "neighbour", "value")}, COLUMNS[3]),
    ],
)
def test_deliberate_bugs_are_found(
    where: Any,
    name: str,
    bug: Any,
    config: PostProcessorConfig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(where, name, bug)
    assert mismatches(config, 100)


def test_config_must_be_one() -> None:
    with pytest.raises(TypeError, match=r"^Post-processor config must be of type .*, not 8$"):
        PostProcessor(8)  # pyright: ignore[reportArgumentType]
