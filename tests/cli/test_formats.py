import json

import pytest

from ffp8.cli.main import main
from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.catalogue import CATALOGUE
from ffp8.golden.formats import Format


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def test_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "formats")
    names = [entry.name for entry in (*CATALOGUE, *BLOCK_FORMATS)]
    for name in names:
        assert name in shown
    told = json.loads(run(capsys, "formats", "--json"))
    assert [entry["name"] for entry in told] == names
    assert all(entry["source"] for entry in told)


def test_facts(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "e4m3fn", "--json"))
    assert told["fields"] == "s1e4m3b7_fn"
    assert (told["largest"], told["lowest"]) == ("448", "-448")
    assert told["least_normal"] == "0.015625"
    assert told["least_positive"] == "0.001953125"
    assert (told["infinity"], told["nan"]) == (None, "0x7f")
    assert told["precision_bits"] == 4
    assert told["negative_zero"] is True


def test_posit_facts(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "posit8_2", "--codes", "--json"))
    assert (told["largest"], told["lowest"]) == ("16777216", "-16777216")
    assert told["least_positive"] == "5.960464478e-08" or told["least_positive"] == "2^-24"
    assert (told["infinity"], told["nan"], told["precision_bits"]) == (None, "0x80", 4)
    assert told["codes"]["0xc0"] == "-1"


def test_radix_4_facts(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "fp4_radix4", "--json"))
    assert (told["fields"], told["radix"]) == ("s1e3m0b3r4", 4)
    assert (told["largest"], told["least_positive"]) == ("256", "0.0625")


def test_integer_facts(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "int8", "--json"))
    assert (told["largest"], told["lowest"], told["least_normal"]) == ("127", "-128", None)


def test_block_facts(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "nvfp4", "--json"))
    assert (told["element"], told["length"], told["scale"]) == ("e2m1fn", 16, "e4m3fn")
    assert (told["tensor_scale"], told["bits"], told["bits_per_element"]) == ("float32", 72, 4.5)
    own = json.loads(run(capsys, "formats", "INT4_x64_uint8_symmetric", "--json"))
    assert own["name"] == own["spelling"] == "int4_x64_uint8_quotient_symmetric"
    shown = run(capsys, "formats", "mxfp4_x16")
    assert "mxfp4_x16" in shown
    assert "e8m0fnu" in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nvfp4", "--codes"], "--codes must be of a format of one number, not nvfp4"),
        (["mxfp5"], "did you mean mxfp4?"),
        (["int4_x64"], "Block format must be one of the catalogue"),
        (["e4m3fm"], "did you mean e4m3fn?"),
    ],
)
def test_refusals(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(["formats", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_range_beyond_floats(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "s0e15m1", "--json"))
    assert told["largest"] == "3*2^16383"
    assert told["least_positive"] == "2^-16383"


def test_codes(capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(run(capsys, "formats", "e5m2", "--codes", "--json"))["codes"]
    fmt = Format.parse("e5m2")
    assert len(told) == 256
    assert told["0x80"] == "-0"
    assert (told["0x7c"], told["0xfc"], told["0x7e"]) == ("inf", "-inf", "nan")
    assert float(told["0x7b"]) == fmt.decode([0x7B])[0]
    shown = run(capsys, "formats", "e2m1fn", "--codes")
    assert "0111" in shown
    assert " 6 " in shown
