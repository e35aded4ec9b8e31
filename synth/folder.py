"""Folders that appear when they are complete, and not before."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["complete_folder"]


@contextmanager
def complete_folder(destination: Path, marker: str) -> Iterator[Path]:
    """A folder to write to, which takes the place of `destination` when all is written.

    An earlier result is replaced then, and stays untouched if anything goes wrong before.

    Parameters
    ----------
    marker
        Name of a file that tells an earlier result from somebody's other files.

    Raises
    ------
    ValueError
        If the destination holds something else, or cannot be written.
    """
    destination = Path(destination)
    if destination.exists() and not destination.is_dir():
        raise ValueError(f"Output {destination} must be a folder, not a file")
    if destination.is_dir() and any(destination.iterdir()) and not (destination / marker).exists():
        raise ValueError(
            f"Output {destination} must be empty or hold an earlier result, not other files; "
            f"choose another folder with -o"
        )
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
    except OSError as error:
        raise ValueError(
            f"Output {destination} must be writable, not so: {error.strerror}; "
            f"choose another folder with -o"
        ) from None
    try:
        yield work
        work.chmod(0o755)
        if destination.is_dir():
            old = Path(tempfile.mkdtemp(prefix=f".{destination.name}.", dir=destination.parent))
            destination.replace(old / "old")
            work.replace(destination)
            shutil.rmtree(old)
        else:
            work.replace(destination)
    finally:
        shutil.rmtree(work, ignore_errors=True)
