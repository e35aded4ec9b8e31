"""Files that are made once and kept: each is named by a hash of all that it was made from."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["digest", "folder", "make"]


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
    path.parent.mkdir(parents=True, exist_ok=True)
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
