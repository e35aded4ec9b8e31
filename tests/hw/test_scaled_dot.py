# amaranth: UnusedElaboratable=no

"""The scaled dot product's hardware is what golden says, in every cycle."""

from dataclasses import replace
from functools import cache

import pytest
from full_scaled_dots import COMPILED, SAMPLED, scaled

from ffp8.golden.scaled_dot import ScaledDotConfig
from ffp8.golden.scaled_places import places
from ffp8.hw.scaled_dot import ScaledDot
from ffp8.synth.design import elaborate
from ffp8.synth.devices import find_device
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import verify, verify_gates

ECP5 = find_device("ecp5-25k")

#: Those that are also compared as made for the ECP5.
OF_CARRY_CELLS = (COMPILED[0], COMPILED[4])

SMALL = scaled(
    "int3_x2_uint3", "int3_x2_uint3", factor_bits=3, accumulate="running", out="q13.-3", flags=True
)


@cache
def compiled() -> None:
    """Compile the simulations side by side."""
    plain = [elaborate(config, models=True) for config in COMPILED]
    open_engines([*plain, *(elaborate(config, ECP5, models=True) for config in OF_CARRY_CELLS)])


@pytest.mark.parametrize("config", COMPILED, ids=lambda config: config.identifier)
def test_many_blocks_are_goldens(config: ScaledDotConfig) -> None:
    compiled()
    record = verify(config, count=20_000)
    assert not record.first
    assert record.cycles > 20_000
    assert (record.stalls > 5_000) == config.enable


@pytest.mark.parametrize("config", OF_CARRY_CELLS, ids=lambda config: config.identifier)
def test_carry_cells_do_the_same(config: ScaledDotConfig) -> None:
    compiled()
    assert not verify(config, device=ECP5, count=20_000).first


@pytest.mark.parametrize("config", SAMPLED, ids=lambda config: config.identifier)
def test_sampled_sums_are_goldens(config: ScaledDotConfig) -> None:
    assert not verify(config, engine="amaranth", count=80).first


@pytest.mark.parametrize("accumulate", ["running", "exact"])
def test_latency_is_the_number_of_stages(accumulate: str) -> None:
    options = {"terms": 4} if accumulate == "exact" else {}
    base = scaled(
        "s1e2m1_x2_s0e2m1", "s1e2m0_x2_s0e2m1", accumulate=accumulate, out="e4m3fn", enable=True,
        **options,
    )  # fmt: skip
    most = 1 + len(places(base))
    for stages in (1, 4, most - 1, most):
        config = replace(base, stages=stages)
        assert config.latency == stages
        assert len(config.cuts) == stages - 1
        record = verify(config, engine="amaranth", count=60)
        assert not record.first
        assert record.stalls > 5


def test_gates_do_the_same() -> None:
    record = verify_gates(SMALL, ECP5, count=5_000)
    assert not record.first
    assert record.cycles > 5_000


def test_config_must_be_one() -> None:
    message = r"^Scaled dot config must be of type ScaledDotConfig, not 'nvfp4'$"
    with pytest.raises(TypeError, match=message):
        ScaledDot("nvfp4")  # pyright: ignore[reportArgumentType]
