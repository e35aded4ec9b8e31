"""Records of many multipliers, whose simulations are compiled side by side."""

from collections.abc import Sequence

from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engines
from ffp8.synth.verify import Verification, verify

__all__ = ["all_pairs_are_goldens", "many_pairs_are_goldens", "records_of"]


def records_of(configs: Sequence[MultiplierConfig]) -> dict[MultiplierConfig, Verification]:
    open_engines([elaborate(config) for config in configs])
    return {config: verify(config) for config in configs}


def all_pairs_are_goldens(record: Verification, config: MultiplierConfig) -> None:
    assert record.exhaustive
    assert record.cases == 2 ** (config.a.width + config.b.width)
    assert not record.first


def many_pairs_are_goldens(record: Verification) -> None:
    """For operands too wide for all pairs: corners and random codes."""
    assert record.cases > 10_000
    assert not record.first
