"""What the documents say can be typed, and works."""

import re
import shlex
from pathlib import Path

import pytest

from ffp8.cli.main import VERBS, main

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Commands that take long, and that other tests run with smaller units.
LONG = ("build", "synth")


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.M | re.S)


def commands(document: Path) -> list[str]:
    lines = "".join(blocks(document, "console")).splitlines()
    return [line.removeprefix("$ ").partition(" # ")[0] for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python(document: Path) -> None:
    scope: dict[str, object] = {"__name__": "document"}
    for block in blocks(document, "python"):
        exec(compile(block, document.name, "exec"), scope)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands(
    document: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in commands(document):
        program, *words = shlex.split(command)
        if program != "ffp8":
            continue
        if words[0] in LONG:
            # The options exist, at least.
            with pytest.raises(SystemExit) as stopped:
                main([*words, "--help"])
            assert stopped.value.code == 0
        else:
            assert main(words) == 0, command
        capsys.readouterr()


def test_each_command_is_in_the_readme() -> None:
    text = DOCUMENTS[0].read_text()
    shown = {verb for verb in VERBS if f"ffp8 {verb}" in text}
    assert shown >= {"build", "generate", "verify", "synth", "formats", "doctor"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target
    for named in re.findall(
        r"`(?:python )?((?:tests|bench|examples)/\S+\.py)", document.read_text()
    ):
        assert (ROOT / named).exists(), named
