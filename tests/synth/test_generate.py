"""Generated folders are the same wherever and whenever they are made."""

import os
import subprocess
import sys
from pathlib import Path

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.generate import generate

SCRIPT = """
import sys
from pathlib import Path
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.generate import generate
a, b = Format.parse("e3m2fn"), Format.parse("s0e2m1")
generate(MultiplierConfig(a=a, b=b, out=a, stages=3, enable=True, flags=True), Path(sys.argv[1]))
"""


def test_same_bytes_in_other_processes(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / seed)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            cwd=tmp_path,
            check=True,
        )
    for path in (tmp_path / "1").iterdir():
        content = path.read_bytes()
        assert content == (tmp_path / "2" / path.name).read_bytes()
        assert str(tmp_path).encode() not in content


def test_seed_changes_random_cases_only(tmp_path: Path) -> None:
    wide = Format.parse("float16")
    config = MultiplierConfig(a=wide, b=wide, stages=0)
    for seed in (1, 2):
        generate(config, tmp_path / str(seed), seed=seed, count=50)
    same = {
        path.name: path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()
        for path in (tmp_path / "1").iterdir()
    }
    assert same["design.v"]
    assert not same["vectors.hex"]
