import pytest

from ffp8.boards.board import BOARDS, Show, find_board
from ffp8.synth.tools import PACK


def test_boards_are_those_promised():
    clocks = {board.name: board.clock_mhz for board in BOARDS.values()}
    assert clocks == {
        "icebreaker": 12,
        "ulx3s-85f": 25,
        "tinyfpga-bx": 16,
        "orangecrab": 48,
        "tang-nano-9k": 27,
    }


def test_parts():
    assert [board.part for board in BOARDS.values()] == [
        "iCE40UP5K-SG48",
        "LFE5U-85F-6BG381",
        "iCE40LP8K-CM81",
        "LFE5U-25F-8MG285",
        "GW1NR-LV9QN88PC6/I5",
    ]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_lights_tell_match_from_mismatch(board):
    shown = [light.shows for light in board.lights]
    assert len(set(shown)) == len(shown)
    assert Show.VERDICT in shown or {Show.MATCH, Show.MISMATCH} <= set(shown)
    assert len({light.label for light in board.lights}) == len(shown)


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_pins_exist(board):
    platform = board.platform()
    for pin in [light.pin for light in board.lights] + [board.button] * (board.button is not None):
        ios = platform.lookup(pin.resource, pin.number).ios
        assert not pin.member or pin.member in [io.name for io in ios if hasattr(io, "name")]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_board_can_be_built_and_programmed(board):
    assert board.family in PACK
    assert board.program_command("x.bin").endswith(" x.bin")
    assert (board.button is None) == (not board.button_label)


def test_json_says_what_people_need():
    assert find_board("tinyfpga-bx").to_json() == {
        "name": "tinyfpga-bx",
        "title": "TinyFPGA BX (iCE40 LP8K)",
        "device": "ice40-lp8k",
        "part": "iCE40LP8K-CM81",
        "clock_mhz": 16.0,
        "lights": {"LED": "blinks once a second: match; eight times a second: mismatch; on: runs"},
        "button": None,
        "program": "tinyprog -p {file}",
        "notes": "press the button first: it starts the bootloader, not the self-test",
        "extra": None,
    }


def test_unknown_board_gets_the_nearest():
    message = (
        r"^Board must be one of icebreaker, ulx3s-85f, tinyfpga-bx, orangecrab, tang-nano-9k, "
        r"not 'icebraker'; did you mean icebreaker\?$"
    )
    with pytest.raises(ValueError, match=message):
        find_board("icebraker")
    with pytest.raises(ValueError, match=r"not 'zzz'$"):
        find_board("zzz")
