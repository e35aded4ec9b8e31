from pathlib import Path

import pytest

from ffp8.synth.folder import complete_folder

MARKER = "design.json"


def write(folder: Path, text: str) -> None:
    with complete_folder(folder, MARKER) as work:
        (work / MARKER).write_text(text)
        assert not (folder / MARKER).exists() or (folder / MARKER).read_text() != text


def write_half(folder: Path, error: type[BaseException]) -> None:
    with complete_folder(folder, MARKER) as work:
        (work / MARKER).write_text("half")
        raise error


def test_appears_when_complete(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b", "new")
    assert (tmp_path / "a" / "b" / MARKER).read_text() == "new"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_replaces_earlier_result(tmp_path: Path) -> None:
    write(tmp_path / "out", "old")
    (tmp_path / "out" / "stale").touch()
    write(tmp_path / "out", "new")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [MARKER]
    assert (tmp_path / "out" / MARKER).read_text() == "new"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_leaves_all_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    write(tmp_path / "out", "old")
    for name in ("out", "other"):
        with pytest.raises(error):
            write_half(tmp_path / name, error)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / MARKER).read_text() == "old"


def test_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ValueError, match="must be empty or hold an earlier result, not other"):
        write(tmp_path, "new")
    assert (tmp_path / "thesis.txt").exists()


def test_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(ValueError, match=r"must be a folder, not a file$"):
        write(tmp_path / "out", "new")


def test_refuses_unwritable_place() -> None:
    # Not even root can make folders in there.
    place = Path("/proc/ffp8") if Path("/proc").is_dir() else Path("/nowhere/ffp8")
    with pytest.raises(ValueError, match=r"^Output .* must be writable, not so: .*-o$"):
        write(place, "new")
