"""Reports: one JSON file that says what a unit is, what was proven of it, and what it costs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from ffp8.golden.block import BlockConfig

from .design import Design

__all__ = ["REPORT_FILE", "SCHEMA_VERSION", "Report", "check_comparable", "load_report", "unit"]

#: Version of the JSON of a report.
SCHEMA_VERSION = 1

#: A report's name in its folder.
REPORT_FILE = "report.json"


def own_versions() -> dict[str, str]:
    """Versions of what decides a unit's text."""
    return {name: version(name) for name in ("ffp8", "amaranth")}


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report, in plain JSON values. Tables and the HTML page are made of it alone.

    Attributes
    ----------
    title
        Its heading.
    unit
        What is reported on; see `unit`.
    verification
        Records of `Verification.to_json`.
    synthesis
        Records of `Synthesis.to_json`.
    bitstreams
        Records of `Bitstream.to_json`.
    command
        The words of the command that makes the report again.
    versions
        Of what decides the unit's text; the tools' versions stand with their results.
    date
        When it was made; None leaves it out, so that the same results give the same bytes.
    """

    title: str
    unit: Mapping[str, Any]
    verification: Sequence[Mapping[str, Any]] = ()
    synthesis: Sequence[Mapping[str, Any]] = ()
    bitstreams: Sequence[Mapping[str, Any]] = ()
    command: Sequence[str] = ()
    versions: Mapping[str, str] = field(default_factory=own_versions)
    date: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "title": self.title,
            "unit": dict(self.unit),
            "verification": [dict(record) for record in self.verification],
            "synthesis": [dict(record) for record in self.synthesis],
            "bitstreams": [dict(record) for record in self.bitstreams],
            "command": list(self.command),
            "versions": dict(self.versions),
            "date": self.date,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Make a report of what `to_json` gave.

        Raises
        ------
        ValueError
            If it is none, or of a version that is not known here.
        """
        found = values.get("schema_version") if isinstance(values, Mapping) else None
        if found != SCHEMA_VERSION:
            raise ValueError(f"Report must be of schema version {SCHEMA_VERSION}, not {found!r}")
        fields = {name: value for name, value in values.items() if name != "schema_version"}
        try:
            return cls(**fields)
        except TypeError:
            expected = ", ".join(cls.__dataclass_fields__)
            raise ValueError(
                f"Report must have the fields {expected}, not {', '.join(fields)}"
            ) from None

    def save(self, folder: Path) -> None:
        """Write ``report.json`` to a folder."""
        text = json.dumps(self.to_json(), indent=2) + "\n"
        (Path(folder) / REPORT_FILE).write_text(text)


def unit(config: BlockConfig, design: Design) -> dict[str, Any]:
    """What a report says of a unit."""
    return {
        "block": config.block,
        "identifier": config.identifier,
        "configuration": config.to_json(),
        "latency": config.latency,
        "interval": config.interval,
        "sha256": design.hash,
    }


def load_report(path: Path | str) -> Report:
    """Read a report from its file or its folder.

    Raises
    ------
    ValueError
        If there is none.
    """
    path = Path(path)
    file = path / REPORT_FILE if path.is_dir() else path
    try:
        values = json.loads(file.read_text())
    except OSError as error:
        raise ValueError(f"Report must be readable, not so: {file}: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"Report must be JSON, not what is in {file}") from None
    return Report.from_json(values)


def check_comparable(reports: Sequence[Report]) -> None:
    """Make sure that all results on one device family were made with the same tools.

    Raises
    ------
    ValueError
        If not: versions of the tools move area and speed as much as designs do.
    """
    first: dict[str, tuple[str, str]] = {}
    for report in reports:
        for record in report.synthesis:
            tools = record["tools"]
            name = tools["set"]
            for program, number in tools["versions"].items():
                seen = first.setdefault(program, (name, number))
                if seen != (name, number):
                    raise ValueError(
                        f"Results to compare must be made with one version of {program}, not "
                        f"{seen[1]} ({seen[0]}) and {number} ({name})"
                    )
