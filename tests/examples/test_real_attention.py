"""A head of a trained transformer, kept in a file, and a small part of it in hardware."""

from pathlib import Path

import numpy as np
import pytest
import real_attention
from minilm import Head, attention

DATA = Path(__file__).parent / "data" / "minilm_head.npz"


@pytest.fixture(scope="module")
def head() -> Head:
    with np.load(DATA) as tensors:
        return Head(*(tensors[name].astype(np.float64) for name in ("query", "key", "value")))


def test_attention_is_its_definition(head: Head) -> None:
    weights, results = attention(head)
    # One query, in plain Python.
    scores = [float(head.query[7] @ key) / 32**0.5 for key in head.key]
    powers = [np.exp(score) for score in scores]
    np.testing.assert_allclose(weights[7], np.array(powers) / sum(powers), rtol=1e-12)
    mean = sum(power * value for power, value in zip(powers, head.value, strict=True))
    np.testing.assert_allclose(results[7], mean / sum(powers), rtol=1e-9, atol=1e-12)


def test_errors_of_a_real_head(head: Head) -> None:
    formats = real_attention.formats_of([head])
    ways = real_attention.ways(formats)
    found = {name: real_attention.measure([head], options) for name, options in ways.items()}
    good = found["FFP8, wide, argument q8.6"]
    assert good.ratio == good.worst > 30
    assert good.weight < 0.02
    assert good.row_sum == pytest.approx(1, abs=2e-3)
    assert good.agreement > 0.9
    # Fewer bits of the argument, or fewer of the operands' fraction, are worse.
    assert found["FFP8, the same, argument q8.2"].ratio < good.ratio - 3
    assert found["E4M3, wide, argument q8.6"].ratio < good.ratio - 3
    assert found["E5M2, wide, argument q8.6"].ratio < found["E4M3, wide, argument q8.6"].ratio - 3


def test_hardware_is_compared(head: Head, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_attention, "HEAD_SIZE", 2)
    monkeypatch.setattr(real_attention, "SHOWN_COLUMNS", 2)
    part = Head(head.query[:12, :2], head.key[:12, :2], head.value[:12])
    options: dict[str, object] = dict.fromkeys("qkv", "s1e2m2b1")
    options["softmax"] = ""
    run = real_attention.in_hardware(part, options, 12)
    assert (run.rows, run.mismatches) == (12, 0)
    assert run.cycles > 12 * 12
    honest = real_attention.golden

    def wrong(*arguments: object, **operands: np.ndarray) -> dict[str, np.ndarray]:
        out = honest(*arguments, **operands)["out"].copy()  # pyright: ignore[reportArgumentType]
        out[5, 0] ^= 1
        return {"out": out}

    monkeypatch.setattr(real_attention, "golden", wrong)
    assert real_attention.in_hardware(part, options, 12).mismatches == 1
