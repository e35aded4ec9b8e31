# amaranth: UnusedElaboratable=no
"""The whole top of each board, from power-up to what its lights show."""

from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from ffp8.boards.board import BOARDS, find_board
from ffp8.boards.exerciser import Exerciser
from ffp8.boards.simulate import SECOND, read_verdict, simulate
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.hw.multiplier import Multiplier
from ffp8.hw.ports import members

TINY = Format.parse("s1e2m1")
SMALL = MultiplierConfig(a=TINY, b=TINY, out=TINY)
E4M3 = Format.parse("e4m3fn")
DEFAULT = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3)
SMALL_CASES = 256

#: Whether a light is on when its pin is high, as the boards' schematics have it.
ON_WHEN_HIGH = {
    "icebreaker": False,
    "ulx3s-85f": True,
    "tinyfpga-bx": True,
    "orangecrab": False,
    "tang-nano-9k": False,
}


class OneWrongPair(wiring.Component):
    """The default multiplier, but for the last bit of one product."""

    a: Any
    b: Any
    out: Any

    def __init__(self):
        super().__init__(members(DEFAULT))

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        inner: Any = Multiplier(DEFAULT)
        m.submodules.inner = inner
        a, b = Value.cast(self.a), Value.cast(self.b)
        wrong = Signal()
        m.d.sync += wrong.eq((a == 0x7E) & (b == 0x01))
        m.d.comb += [
            Value.cast(inner.a).eq(a),
            Value.cast(inner.b).eq(b),
            Value.cast(self.out).eq(Value.cast(inner.out) ^ wrong),
        ]
        return m


def blinks(lit: np.ndarray) -> int:
    """How often a light goes on or off in the last second."""
    return int(np.count_nonzero(lit[-SECOND:] != lit[-SECOND - 1 : -1]))


def test_default_unit_matches_on_the_default_board():
    shown = simulate(find_board("icebreaker"), Exerciser(DEFAULT))
    assert shown.verdict == "match"
    assert shown.cycles > 65536
    green, red = shown.pads["led_g 0"], shown.pads["led_r 0"]
    # Both lights are off (high) till the verdict; then the green one blinks.
    assert green[:65536].all()
    assert red.all()
    assert blinks(green) == 2


def test_one_wrong_product_of_65536_is_a_mismatch():
    shown = simulate(find_board("icebreaker"), Exerciser(DEFAULT, unit=OneWrongPair()))
    assert shown.verdict == "mismatch"
    assert shown.pads["led_g 0"].all()
    assert blinks(shown.pads["led_r 0"]) == 2


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
@pytest.mark.parametrize("verdict", ["match", "mismatch"])
def test_lights_of_each_board(board, verdict):
    expected = 1 if verdict == "mismatch" else None
    shown = simulate(board, Exerciser(SMALL, expected=expected))
    assert shown.verdict == verdict
    high = ON_WHEN_HIGH[board.name]
    for light in board.lights:
        pad = shown.pads[light.pin.name] == high
        assert (pad == shown.lit[light.label]).all()
        running, changes = pad[1:SMALL_CASES].all(), blinks(pad)
        told = {
            "match": (False, 2 * (verdict == "match")),
            "mismatch": (False, 2 * (verdict == "mismatch")),
            "running": (True, 0),
            "heartbeat": (False, 2),
            "verdict": (True, 2 if verdict == "match" else 16),
        }
        assert (running, changes) == told[light.shows]


def test_verdict_is_what_one_light_says():
    board = find_board("tinyfpga-bx")
    cycle = np.arange(4 * SECOND)
    assert read_verdict(board, {"LED": cycle >= 0}) == "running"
    assert read_verdict(board, {"LED": cycle // (SECOND // 2) % 2 == 0}) == "match"
    assert read_verdict(board, {"LED": cycle // (SECOND // 16) % 2 == 0}) == "mismatch"
    assert read_verdict(board, {"LED": cycle < 0}) == "unclear"


def test_verdict_is_unclear_where_lights_contradict():
    blink = np.arange(4 * SECOND) // (SECOND // 2) % 2 == 0
    board = find_board("icebreaker")
    assert read_verdict(board, {"green LED": blink, "red LED": blink}) == "unclear"
    assert read_verdict(board, {"green LED": ~blink & blink, "red LED": blink}) == "mismatch"


def test_button_starts_again():
    board = find_board("orangecrab")
    pressed = range(100, 400)
    shown = simulate(board, Exerciser(SMALL), pressed=pressed)
    assert shown.verdict == "match"
    blue = shown.lit["RGB LED, blue"]
    assert blue[: 400 + SMALL_CASES].all()
    assert not blue[400 + SMALL_CASES + 10 :].any()


def test_button_after_the_verdict_runs_again():
    shown = simulate(find_board("ulx3s-85f"), Exerciser(SMALL), pressed=range(300, 310))
    running = shown.lit["LED 2"]
    assert not running[280:300].any()
    assert running[320 : 300 + SMALL_CASES].all()
    assert shown.verdict == "match"


def test_no_button_to_hold():
    message = r"^Board must be one with a button to hold, not tinyfpga-bx$"
    with pytest.raises(ValueError, match=message):
        simulate(find_board("tinyfpga-bx"), Exerciser(SMALL), pressed=range(1))


@pytest.mark.parametrize("verdict", ["match", "mismatch"])
def test_gates_of_the_top(verdict):
    expected = 1 if verdict == "mismatch" else None
    shown = simulate(find_board("icebreaker"), Exerciser(SMALL, expected=expected), gates=True)
    assert shown.verdict == verdict
