"""Files that are made once and kept: each is named by a hash of all that it was made from."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from ffp8.synth.errors import ToolFailed

__all__ = ["digest", "failure", "folder", "make"]


def folder() -> Path:
    """The cache: $FFP8_CACHE_DIR, or ffp8 among the user's caches."""
    if chosen := os.environ.get("FFP8_CACHE_DIR"):
        return Path(chosen).absolute()
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "ffp8"


def digest(parts: Iterable[str]) -> str:
    """A name for what is made from some texts."""
    found = hashlib.sha256()
    for part in parts:
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        found.update(f"{len(part)}:{part}".encode())
    return found.hexdigest()[:32]


def make(name: str, write: Callable[[Path], object]) -> Path:
    """The kept file or folder of a name; `write` makes it where there is none yet.

    It appears when it is complete, so that other processes never see half of it.
    """
    path = folder() / name
    if path.exists():
        return path
    writable(path.parent)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as scratch:
        new = Path(scratch) / path.name
        write(new)
        try:
            new.replace(path)
        except OSError:
            # A folder cannot replace one that another process has made meanwhile.
            if not path.exists():
                raise
    return path


def writable(place: Path) -> None:
    """Make a folder in the cache, and raise a ValueError that says what to do if it can't be."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        error = None if os.access(place, os.W_OK) else "Permission denied"
    except OSError as problem:
        error = problem.strerror
    if error:
        raise ValueError(
            f"Cache {folder()} must be writable, not so: {error}; name another folder in the "
            "environment variable FFP8_CACHE_DIR"
        )


def failure(what: str, said: str) -> ToolFailed:
    """The error for a tool that failed; all that it said is kept in the cache."""
    writable(folder())
    log = folder() / "failed.log"
    log.write_text(said)
    return ToolFailed(what, log)
