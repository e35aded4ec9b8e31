# amaranth: UnusedElaboratable=no

"""The post-processor's hardware is what golden says, in every cycle."""

from typing import Any

import pytest
from amaranth.hdl import Cat, Const
from full_post_processors import mismatches, processors
from processor_cases import processor
from stream_checker import check_stream

from ffp8.golden.activation import Activation
from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.post_processor import PostProcessorConfig
from ffp8.golden.rounding import Rounding
from ffp8.hw import post_processor
from ffp8.hw.post_processor import PostProcessor
from ffp8.synth.devices import DEVICES
from ffp8.synth.verify import verify

AMARANTH = "amaranth"

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

LEAKY = COLUMNS[4]

#: Of the default formats, in a compiled simulation.
LARGE = PostProcessorConfig(
    values=Format.parse("int11"),
    to=BlockFormat.parse("int4_x16_uint8_quotient_symmetric"),
    lanes=2,
    activation=Activation.CLIPPED_RELU,
    unrounded=True,
    reciprocal_bits=8,
)


@pytest.mark.parametrize("config", COLUMNS, ids=lambda config: config.identifier)
def test_values_are_goldens_in_every_cycle(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 250, engine=AMARANTH)


@pytest.mark.parametrize("config", VECTORS, ids=lambda config: config.identifier)
def test_vectors_are_goldens_in_every_cycle(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 40, engine=AMARANTH)


@pytest.mark.parametrize("config", [COLUMNS[4], VECTORS[1]], ids=lambda config: config.identifier)
def test_carry_cells_do_the_same(config: PostProcessorConfig) -> None:
    assert not mismatches(config, 200, device=DEVICES["ecp5-25k"])


@pytest.mark.parametrize("config", [COLUMNS[3], VECTORS[0]], ids=lambda config: config.identifier)
def test_random_beats_and_rules_of_streams(config: PostProcessorConfig) -> None:
    """Stalls on both sides, resets within vectors, no bubbles without stalls."""
    record = verify(config, engine=AMARANTH, count=300)
    assert record.passed, record.first
    check_stream(config, count=300, engine=AMARANTH)


def test_default_formats() -> None:
    assert not mismatches(LARGE, 1000)
    check_stream(LARGE, count=10_000)


def test_sweep_covers_what_it_says() -> None:
    configs = list(processors())
    assert len(set(configs)) == len(configs) > 60
    assert {config.activation for config in configs} == set(Activation)
    assert {config.rounding for config in configs} == {r for r in Rounding if not r.stochastic}
    assert {config.stages for config in configs} == {1, 2, 3, 4, 5}
    assert {config.blocks for config in configs} == {False, True}
    quantizers = [config.quantizer for config in configs if config.quantizer is not None]
    assert {str(config.to) for config in quantizers} >= {e.name for e in BLOCK_FORMATS}


@pytest.mark.parametrize(
    ("where", "name", "bug", "config"),
    [
        (post_processor, "rectified", lambda code: code, COLUMNS[1]),
        (post_processor, "clipped", lambda m, code, clip, name: code, COLUMNS[3]),
        (
            post_processor,
            "leaky",
            lambda m, number, slope: Cat(Const(0, slope), number),
            COLUMNS[4],
        ),
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
    assert mismatches(config, 100, engine=AMARANTH)


def test_config_must_be_one() -> None:
    with pytest.raises(TypeError, match=r"^Post-processor config must be of type .*, not 8$"):
        PostProcessor(8)  # pyright: ignore[reportArgumentType]
