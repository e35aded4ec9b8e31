"""A report as one HTML page that needs nothing else."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .charts import bar_chart, range_chart, stack_chart
from .figures import AreaRow, TimingRow, area_rows, timing_rows, verdict
from .folder import complete_folder
from .report import REPORT_FILE, Report

__all__ = ["PAGE_FILE", "report_html", "save_report", "write_report"]

#: The page's name in its folder.
PAGE_FILE = "report.html"

TEMPLATES = Path(__file__).parent / "templates"

#: Resources that the chart shows, with their classes.
CHARTED = {"lut": ("LUT", "one"), "carry": ("carry", "two"), "ff": ("FF", "three")}


def report_html(reports: Sequence[Report], title: str | None = None) -> str:
    """The page of one report, or of several to compare.

    Parameters
    ----------
    title
        Its heading; that of the first report if absent.

    Raises
    ------
    ValueError
        If there is no report, or results were made with different tools.
    """
    if not reports:
        raise ValueError("Reports must be one or more, not none")
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["shell"] = shlex.join
    areas, timings = area_rows(reports), timing_rows(reports)
    timed = [row for row in timings if row.median is not None]
    return environment.get_template("report.html.j2").render(
        title=title or reports[0].title,
        reports=reports,
        passed=verdict(reports),
        cases=sum(record["cases"] for report in reports for record in report.verification),
        tiles=tiles(reports, areas, timed),
        areas=areas,
        timings=timings,
        area_chart=Markup(area_chart(areas)) if areas else None,
        speed_chart=Markup(speed_chart(timed)) if timed else None,
        path_chart=Markup(path_chart(timed)) if timed else None,
        tools=tool_versions(reports),
    )


def write_report(report: Report, folder: Path) -> None:
    """Write a report to a folder that is there: the JSON and the page."""
    report.save(folder)
    (Path(folder) / PAGE_FILE).write_text(report_html([report]))


def save_report(report: Report, destination: Path) -> None:
    """Make a folder of a report, complete or not at all; see `complete_folder`.

    Raises
    ------
    ValueError
        If the destination holds something else than an earlier report, or cannot be written.
    """
    with complete_folder(destination, REPORT_FILE) as folder:
        write_report(report, folder)


def tiles(
    reports: Sequence[Report], areas: Sequence[AreaRow], timed: Sequence[TimingRow]
) -> list[tuple[str, str, str]]:
    """The figures at the top of a page on one unit: what, how much, of what."""
    if len(reports) > 1:
        return []
    report = reports[0]
    found = []
    if report.verification:
        record = max(report.verification, key=lambda record: record["cases"])
        extent = "all there are" if record["exhaustive"] else f"random, seed {record['seed']}"
        found.append(("cases compared", f"{record['cases']:,}", extent))
    if areas:
        row = areas[0]
        equivalent = row.counts["lut4_equivalent"]
        name, count = ("LUT", row.counts["lut"]) if equivalent is None else ("LUT4-eq", equivalent)
        found.append((name, f"{count:,}", row.label))
    if timed:
        found.append(("MHz, median", f"{timed[0].median:.1f}", timed[0].label))
    found.append(("cycles of latency", str(report.unit["latency"]), "one result a cycle"))
    if report.bitstreams:
        record = report.bitstreams[0]
        margin = f"{record['fmax_mhz']:.1f} MHz for a clock of {record['clock_mhz']:g}"
        found.append(("bytes of bitstream", f"{record['size']:,}", f"{record['board']}: {margin}"))
    return found


def area_chart(rows: Sequence[AreaRow]) -> str:
    groups = [
        (
            row.label,
            [(title, row.counts[name] or 0, style) for name, (title, style) in CHARTED.items()],
        )
        for row in rows
    ]
    return bar_chart(groups, unit="cells", name="Area by device")


def speed_chart(rows: Sequence[TimingRow]) -> str:
    targets = {row.target for row in rows}
    target = targets.pop() if len(targets) == 1 else None
    groups = [(row.label, list(row.seeds.values()), row.median or 0) for row in rows]
    return range_chart(groups, target=target, unit="MHz", name="Highest clock frequency")


def path_chart(rows: Sequence[TimingRow]) -> str:
    groups = [
        (row.label, [("logic", row.logic, "one"), ("routing", row.routing, "four")]) for row in rows
    ]
    return stack_chart(groups, unit="ns", name="Critical path")


def tool_versions(reports: Sequence[Report]) -> dict[str, str]:
    """All versions that stand behind the results, by program."""
    found: dict[str, str] = {}
    for report in reports:
        found |= report.versions
        for record in report.verification:
            found[f"simulation, {record['engine']}"] = record["engine_version"]
        for record in report.synthesis:
            kind = record["tools"]["set"]
            for program, number in record["tools"]["versions"].items():
                found[program] = f"{number} ({kind})"
        for record in report.bitstreams:
            for program, number in record["versions"].items():
                found.setdefault(program, f"{number} ({record['tools']})")
    return found
