import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ffp8.golden.multiplier import MultiplierConfig, multiply

PATH = Path(__file__).parents[2] / "examples" / "in_amaranth.py"


@pytest.fixture
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("in_amaranth", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_gain_stage_equals_golden_and_loses_nothing(example: ModuleType) -> None:
    samples = [0.5 * number for number in range(-20, 20)]
    config = MultiplierConfig(a=example.SAMPLE, b=example.GAIN, out=example.SAMPLE)
    codes = multiply(
        config, a=example.SAMPLE.encode(samples), b=example.GAIN.encode([1.5] * len(samples))
    )
    assert example.run(samples, 1.5) == example.SAMPLE.decode(codes["out"]).tolist()
