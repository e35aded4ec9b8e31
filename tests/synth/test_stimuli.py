import numpy as np
import pytest

from ffp8.golden.fma_tree import FmaTreeConfig, fma_tree
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.ports import Direction, Port
from ffp8.golden.scalar_format import ScalarFormat
from ffp8.synth.corners import corners, landmarks, patterns, random_codes
from ffp8.synth.stimuli import Stimuli, cases, cycles, every_combination


def config(a: str, b: str, **options: object) -> MultiplierConfig:
    return MultiplierConfig(a=Format.parse(a), b=Format.parse(b), **options)  # type: ignore


def test_all_pairs_of_small_formats() -> None:
    made = cases(config("e2m1fn", "s0e2m1"), seed=0)
    assert made.exhaustive
    assert sorted(zip(*(made.inputs[n].tolist() for n in "ab"), strict=True)) == [
        (a, b) for a in range(16) for b in range(8)
    ]


def test_wide_formats_get_corners_and_chance() -> None:
    unit = config("float16", "bfloat16")
    made = cases(unit, seed=1, count=1000)
    assert not made.exhaustive
    pairs = set(zip(made.inputs["a"].tolist(), made.inputs["b"].tolist(), strict=True))
    for a in (0, 0x8000, 0x7BFF, 0x7C00, 0x7E00, 0x0400, 0x03FF):
        for b in (0, 0x8000, 0x7F7F, 0x7F80, 0x7FC0, 0x0080, 0x007F):
            assert (a, b) in pairs
    again = cases(unit, seed=1, count=1000)
    other = cases(unit, seed=2, count=1000)
    assert np.array_equal(made.inputs["a"], again.inputs["a"])
    assert not np.array_equal(made.inputs["a"], other.inputs["a"])


def test_count_overrides_exhaustive() -> None:
    assert not cases(config("e4m3fn", "e4m3fn"), seed=0, count=10).exhaustive


def test_vector_elements_are_combined() -> None:
    port = Port(name="v", direction=Direction.INPUT, meaning="", bits=2, elements=3)
    made = every_combination((port,))["v"]
    assert made.shape == (64, 3)
    assert len({tuple(row) for row in made.tolist()}) == 64


@pytest.mark.parametrize("width", [3, 64, 70])
def test_random_codes_use_all_bits(width: int) -> None:
    port = Port(name="v", direction=Direction.INPUT, meaning="", bits=width)
    codes = [int(code) for code in random_codes(port, 500, np.random.default_rng(0))]
    assert min(codes) >= 0
    assert max(codes) < 2**width
    for bit in range(width):
        assert {code >> bit & 1 for code in codes} == {0, 1}


def test_corners_hold_every_special() -> None:
    fmt = Format.parse("e5m2")
    port = Port(name="a", direction=Direction.INPUT, meaning="", format=fmt)
    assert {0, 0x80, 0x7B, 0xFB, 0x7C, 0xFC, 0x7E, 0x04, 0x03, 0x3C} <= set(corners(port).tolist())


@pytest.mark.parametrize(
    ("name", "marks"),
    [
        (
            "e4m3fn",
            {
                "zero": 0, "-zero": 0x80, "min": 1, "-min": 0x81, "max": 0x7E, "-max": 0xFE,
                "nan": 0x7F, "subnormal": 7,
            },
        ),
        (
            "e5m2_nosub",
            {
                "zero": 0, "-zero": 0x80, "min": 4, "-min": 0x84, "max": 0x7B, "-max": 0xFB,
                "inf": 0x7C, "-inf": 0xFC, "nan": 0x7D,
            },
        ),
        ("int8", {"zero": 0, "min": 1, "-min": 0xFF, "max": 0x7F, "-max": 0x80}),
        ("posit8_0", {"zero": 0, "min": 1, "-min": 0xFF, "max": 0x7F, "-max": 0x81, "nan": 0x80}),
        ("e8m0fnu", {"min": 0, "max": 0xFE, "nan": 0xFF}),
    ],
)  # fmt: skip
def test_landmarks(name: str, marks: dict[str, int]) -> None:
    fmt = ScalarFormat.parse(name)
    port = Port(name="a", direction=Direction.INPUT, meaning="", format=fmt, elements=4)
    assert landmarks(port) == marks


def test_landmarks_of_plain_bits() -> None:
    port = Port(name="a", direction=Direction.INPUT, meaning="", bits=3)
    assert landmarks(port) == {"zero": 0, "min": 1, "max": 7}


TREE = FmaTreeConfig(
    a=Format.parse("e4m3fn"), b=Format.parse("e5m2"), c=Format.parse("float16"), ways=24
)


def test_corners_of_wide_vectors_are_not_all_special() -> None:
    made = cases(TREE, seed=0, count=1).inputs
    total = TREE.result.unpack(fma_tree(TREE, **made)["out"])
    assert total.finite.mean() > 0.3
    assert total.nan.mean() > 0.1
    assert total.infinite.mean() > 0.01


def test_patterns_of_a_tree() -> None:
    made = patterns(TREE.operands, np.random.default_rng(0))
    a, b = landmarks(TREE.operands[0]), landmarks(TREE.operands[1])
    rows = np.stack([made["a"], made["b"]], axis=2)

    def has(lanes: list[tuple[int, int]]) -> bool:
        return bool((rows == np.array(lanes)).all(axis=(1, 2)).any())

    for x in a.values():
        for y in b.values():
            assert has([(x, y)] * 24), "equal lanes"
    # One huge among tiny ones, and specials, in each place.
    tiny = (a["min"], b["min"])
    for x, y in ((a["max"], b["max"]), (a["nan"], b["max"]), (a["max"], b["-inf"])):
        for place in range(24):
            assert has([tiny] * place + [(x, y)] + [tiny] * (23 - place))
    assert has([(a["max"], b["max"])] * 12 + [(a["-max"], b["max"])] * 12), "halves that cancel"
    # Random lanes that cancel: rows of more values than there are landmarks.
    plain = FmaTreeConfig(a=TREE.a, b=TREE.b, ways=24)
    total = plain.result.unpack(fma_tree(plain, a=made["a"], b=made["b"])["out"])
    varied = np.array([len(set(row.tolist())) > 10 for row in made["a"]])
    assert (varied & total.zero).sum() > 3000


@pytest.mark.parametrize("name", ["int8", "posit8_1", "s0e4m3", "e8m0fnu", "e4m3fnuz"])
def test_patterns_of_other_formats(name: str) -> None:
    fmt = ScalarFormat.parse(name)
    port = Port(name="v", direction=Direction.INPUT, meaning="", format=fmt, elements=5)
    few = Port(name="w", direction=Direction.INPUT, meaning="", bits=3, elements=2)
    one = Port(name="c", direction=Direction.INPUT, meaning="", bits=1)
    made = patterns((port, few, one), np.random.default_rng(0), limit=300)
    assert {name: codes.shape for name, codes in made.items()} == {
        "v": (4396, 5), "w": (4396, 2), "c": (4396,)
    }  # fmt: skip
    assert set(made["c"].tolist()) == {0, 1}
    values = fmt.unpack(made["v"])
    if fmt.sign:
        mirrored = values.negative[:, 2:4] != values.negative[:, :2]
        assert (mirrored.all(axis=1) & values.finite.all(axis=1)).sum() > 3000


def test_units_without_vectors_have_no_patterns() -> None:
    assert patterns(config("e4m3fn", "e5m2").operands, np.random.default_rng(0)) == {}


def test_cycles_stall_and_lose_nothing() -> None:
    unit = config("e2m1fn", "e2m1fn", stages=3, enable=True)
    chosen = cases(unit, seed=0)
    spread = cycles(unit, chosen, seed=0)
    advance = spread.inputs["enable"].astype(bool)
    assert 0.5 < advance.mean() < 0.9
    assert not advance.all()
    assert np.array_equal(spread.inputs["a"][advance][: len(chosen)], chosen.inputs["a"])
    # All results have come out: the last case advanced through all stages before the last cycle.
    assert advance[:-1].sum() >= len(chosen) + unit.latency


def test_cycles_without_enable() -> None:
    unit = config("e2m1fn", "e2m1fn", stages=2)
    chosen = cases(unit, seed=0)
    spread = cycles(unit, chosen, seed=0)
    assert isinstance(spread, Stimuli)
    assert len(spread) == len(chosen) + 2
