"""What is installed is what is in the folders, and the floors stand on each other in order."""

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = ("golden", "hw", "synth", "boards", "cli")


def sources(floor: str) -> list[Path]:
    return sorted((ROOT / floor).rglob("*.py"))


def imported(file: Path) -> set[str]:
    """Absolute names of the modules that a file imports from elsewhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_package_is_listed() -> None:
    """A package that is not listed is missing in the wheel, and nowhere else."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        "ffp8." + ".".join(file.parent.relative_to(ROOT).parts)
        for floor in FLOORS
        for file in sources(floor)
    }
    assert set(listed) == found


@pytest.mark.parametrize("floor", FLOORS)
def test_no_import_runs_upward(floor: str) -> None:
    above = [f"ffp8.{name}" for name in FLOORS[FLOORS.index(floor) + 1 :]]
    for file in sources(floor):
        for name in imported(file):
            assert not name.startswith(tuple(above)), f"{file} imports {name}"
            if floor == "golden":
                assert name.partition(".")[0] != "amaranth", f"{file} imports {name}"


@pytest.mark.parametrize("floor", FLOORS)
def test_each_package_says_that_it_is_typed(floor: str) -> None:
    assert (ROOT / floor / "py.typed").exists()
    assert (ROOT / "typings" / "ffp8" / floor).resolve() == ROOT / floor


def test_hardware_keeps_its_annotations() -> None:
    """Amaranth reads ports from annotations, which this import would turn into text."""
    for file in sources("hw"):
        assert "__future__.annotations" not in imported(file)
