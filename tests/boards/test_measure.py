import dataclasses

from ffp8.boards.board import find_board
from ffp8.boards.exerciser import expected_signature
from ffp8.boards.measure import CONFIG, HEADER, measure, row


def test_row_has_the_figures_of_the_first_seed_and_fmax_of_all(tmp_path):
    built = measure(find_board("icebreaker"), tmp_path, range(3, 4))
    assert [bitstream.seed for bitstream in built] == [3]
    first = dataclasses.replace(built[0], fmax_mhz=20.04)
    faster = [dataclasses.replace(first, fmax_mhz=fmax, size=1) for fmax in (30.0, 10.0)]
    text = row([first, *faster])
    assert text.startswith(f"| `icebreaker` | {first.cells.used} | 5280 ICESTORM_LC |")
    assert "| 20.0 (10.0 to 30.0) | 12 | icebreaker.bin | 104,090 |" in text
    assert text.count("|") == HEADER.splitlines()[0].count("|")


def test_all_but_the_unit_is_small(tmp_path):
    (built,) = measure(find_board("icebreaker"), tmp_path, range(1, 2), unit=False)
    assert built.signature == f"0x{expected_signature(CONFIG):x}"
    # A twentieth of the smallest FPGA here.
    assert built.cells.used < built.cells.available / 20
