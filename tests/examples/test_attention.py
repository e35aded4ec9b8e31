"""Attention in few bits is as near to that of float64 as it is said to be."""

from attention import WAYS, measure, tensors


def test_errors() -> None:
    heads = tensors(64, 16)
    found = {name: measure(heads, way) for name, way in WAYS.items()}
    plain = found["FFP8 s1e4m3"]
    # What the formats of the operands lose is far more than what the block adds.
    assert 20 < plain.whole < 30
    assert plain.own > 45
    assert plain.weight < 1e-2
    assert plain.agreement > 0.95
    # Each of these loses something.
    for name in ("weights uq0.8", "weights e4m3fn", "softmax of Table I", "result s1e4m3"):
        assert found[f"FFP8 s1e4m3, {name}"].own < plain.own - 5, name
    assert found["FFP8 s1e4m3, softmax accurate"].own > plain.own
    assert found["int8"].whole > plain.whole > found["E5M2"].whole
    assert found["int8"].own > 45
