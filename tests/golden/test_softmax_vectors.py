"""Results of a softmax in block formats: those of the softmax, quantised, of rows of vectors."""

from dataclasses import replace

import numpy as np
import pytest
from softmax_cases import codes_of

from ffp8.golden.block_format import BlockFormat
from ffp8.golden.formats import Format
from ffp8.golden.softmax import SoftmaxConfig, softmax, softmax_rows
from ffp8.synth.stimuli import cases

#: Scales of 8 bits in units of 2^-14, of which 1 / 127 is 129.
INT8 = "int8_x16_s0e0m8b7_quotient_symmetric"
FP4 = "e2m1fn_x16_e4m3fn"

PLAIN = SoftmaxConfig(out=Format.parse("uq1.15"), length=96)


def vectors(to: str, **options: object) -> SoftmaxConfig:
    return SoftmaxConfig.from_json(PLAIN.to_json() | {"to": to} | options)


@pytest.mark.parametrize(
    ("to", "options"),
    [(INT8, {"reciprocal_bits": 10}), ("mxfp8_e4m3", {}), (FP4, {"maximum": True, "lanes": 8})],
)
def test_elements_are_those_of_the_results(to: str, options: dict[str, object]) -> None:
    config = vectors(to, **options)
    plain = replace(PLAIN, lanes=config.lanes)
    length = config.to.length if config.to else 0
    rng = np.random.default_rng(0)
    codes = np.concatenate([codes_of(plain, rng, 50, 96), rng.integers(-9, 10, (50, 96)) & 255])
    beats = codes.reshape(-1, config.lanes)
    last = np.arange(len(beats)) % (96 // config.lanes) == 96 // config.lanes - 1
    got = softmax(config, a=beats, last=last)
    values = plain.out.unpack(softmax_rows(plain, codes).reshape(-1, length))
    scale, elements = BlockFormat.parse(to).quantise(values, reciprocal_bits=config.reciprocal_bits)
    assert got["out"].reshape(-1, length).tolist() == elements.tolist()
    assert got["scale"].reshape(len(scale), -1).tolist() == [
        [one] * (length // config.lanes) for one in scale.tolist()
    ]
    assert got["out_last"].tolist() == last.tolist()
    grain = length // config.lanes
    assert got["vector_last"].tolist() == [k % grain == grain - 1 for k in range(len(beats))]
    assert ("maximum" in got) == config.maximum
    assert (elements > 0).mean() > 0.2
    # Rows that are no multiple of a vector end with masked positions.
    short = softmax_rows(config, codes[:, :70])
    masked = softmax_rows(config, codes, np.broadcast_to(np.arange(96) >= 70, codes.shape))
    assert short.tolist() == masked[:, :70].tolist()


def test_rows_must_be_whole_vectors() -> None:
    config = vectors("mxfp8_e4m3")
    beats = np.zeros((24, 4), int)
    softmax(config, a=beats, last=np.isin(np.arange(24), (7, 23)))
    with pytest.raises(ValueError, match=r"^Row must be whole vectors of 8 beats, not 9$"):
        softmax(config, a=beats, last=np.isin(np.arange(24), (8, 23)))


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("nvfp4", {}, "Block format of to must have no tensor scale, not nvfp4"),
        ("mxfp4", {"length": 80}, "Option length must be a multiple of the 32 elements of a"),
        ("mxfp4", {"lanes": 3}, "Option lanes must divide the 32 elements of a block, not 3"),
        ("mxfp4", {"out": "posit8_1"}, "Values must be floats or in fixed point with to, not pos"),
        ("mxfp4", {"element_rounding": "stochastic-a"}, "Option element_rounding must not be stoc"),
        (INT8, {}, "Option reciprocal_bits must be given with elements of more than 16"),
    ],
)
def test_options_must_go_together(to: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        vectors(to, **options)


def test_options_of_vectors_need_a_block_format() -> None:
    with pytest.raises(ValueError, match=r"^Option maximum must be left out without to, not True$"):
        replace(PLAIN, maximum=True)


def lengths(last: np.ndarray) -> np.ndarray:
    return np.diff(np.flatnonzero(last), prepend=-1)


@pytest.mark.parametrize("lanes", [1, 8])
def test_rows_of_tests_are_whole_vectors(lanes: int) -> None:
    config = vectors("mxfp4", lanes=lanes)
    grain = 32 // lanes
    found = cases(config, 0, 3000).inputs["last"]
    assert len(found) > 2500
    assert set(lengths(found)) == {grain, 2 * grain, 3 * grain}
