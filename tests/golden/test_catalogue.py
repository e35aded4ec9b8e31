"""Names of formats: the catalogue, the parser and what it says of names that it does not know."""

import re

import pytest
from format_oracle import valid_fields

from ffp8.golden.catalogue import CATALOGUE, EXAMPLES, Entry, aliases
from ffp8.golden.formats import Format, Specials, fixed_point, integer, p3109
from ffp8.golden.posit import Posit
from ffp8.golden.scalar_format import ScalarFormat

parse = ScalarFormat.parse


def test_each_format_up_to_8_bits_is_parsed_from_its_names() -> None:
    for fields in valid_fields(8, [-20, 0, 7, 40]):
        fmt = Format(**fields)
        assert parse(str(fmt)) == fmt
        assert parse(fmt.spelling) == fmt
        assert parse(fmt.spelling.upper()) == fmt
        assert re.fullmatch(r"\w+", fmt.identifier)


def test_identifiers_differ_where_formats_do() -> None:
    formats = [Format(**fields) for fields in valid_fields(7, [-7, 0, 7])]
    assert len({fmt.identifier for fmt in formats}) == len(formats)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
def test_catalogue_entry(entry: Entry) -> None:
    assert parse(entry.name) == entry.format
    assert entry.source
    assert entry.name in (str(entry.format), *aliases(entry.format))
    assert parse(entry.format.spelling) == entry.format


def test_catalogue_names_and_formats_are_unique() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("s1e4m3b7", Format(exponent=4, fraction=3)),
        ("s1e4m3", Format(exponent=4, fraction=3, bias=7)),
        ("s1e4m3b-3", Format(exponent=4, fraction=3, bias=-3)),
        ("s0e3m5b12", Format(sign=False, exponent=3, fraction=5, bias=12)),
        ("s1e0m7", Format(exponent=0, fraction=7, bias=0)),
        ("s1e5m2_ieee", Format(exponent=5, fraction=2, specials=Specials.IEEE)),
        ("s1e4m3_fn_nosub", Format(exponent=4, fraction=3, specials=Specials.FN, subnormals=False)),
        ("s1e4m3_nosub_fn", Format(exponent=4, fraction=3, specials=Specials.FN, subnormals=False)),
        ("e4m3fn_nosub", Format(exponent=4, fraction=3, specials=Specials.FN, subnormals=False)),
        ("float8_e4m3fn", Format(exponent=4, fraction=3, specials=Specials.FN)),
        ("float4_e2m1fn", Format(exponent=2, fraction=1)),
        (" E5M2 ", Format(exponent=5, fraction=2, specials=Specials.IEEE)),
        ("fp16_1_6_9_ieee", Format(exponent=6, fraction=9, specials=Specials.IEEE)),
        ("int5", integer(5)),
        ("uint5", integer(5, sign=False)),
        ("q6.2", fixed_point(6, 2)),
        ("uq1.15", fixed_point(1, 15, sign=False)),
        ("q-2.10", fixed_point(-2, 10)),
        ("q12.-4", fixed_point(12, -4)),
        ("binary8p4se", p3109(8, 4)),
        ("s1e3m0r4", Format(exponent=3, fraction=0, bias=3, step=2)),
        (
            "s0e5m0b-2r4_fn",
            Format(sign=False, exponent=5, fraction=0, bias=-2, step=2, specials=Specials.FN),
        ),
        ("posit8_2", Posit(n=8, es=2)),
        ("Posit16_1", Posit(n=16, es=1)),
        ("binary6p3uf", p3109(6, 3, sign=False, extended=False)),
    ],
)
def test_spelling(text: str, fmt: ScalarFormat) -> None:
    assert parse(text) == fmt
    assert parse(str(fmt)) == fmt


def test_values_of_fixed_point() -> None:
    assert parse("q6.2").decode([1, 0x7F, 0x80, 0xFF]).tolist() == [0.25, 31.75, -32.0, -0.25]
    assert parse("fp4_radix4").decode(range(16)).tolist() == [
        *(0.0, 0.0625, 0.25, 1.0, 4.0, 16.0, 64.0, 256.0),
        *(-0.0, -0.0625, -0.25, -1.0, -4.0, -16.0, -64.0, -256.0),
    ]
    assert parse("uq1.7").decode([1, 0x80, 0xFF]).tolist() == [2.0**-7, 1.0, 2 - 2.0**-7]
    assert parse("q12.-4").decode([1, 0xFF]).tolist() == [16.0, -16.0]
    assert parse("int8").decode([0x80, 0x7F]).tolist() == [-128.0, 127.0]
    assert parse("uint8").decode([0x80, 0xFF]).tolist() == [128.0, 255.0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s1e4m3_fn", "e4m3fn"),
        ("s1e4m3b8_fnuz", "e4m3fnuz"),
        ("s1e8m23_ieee", "float32"),
        ("s1e4m3b8_extended", "binary8p4se"),
        ("s1e4m3_fn_nosub", "e4m3fn_nosub"),
        ("s1e4m3b7", "s1e4m3b7"),
        ("s1e3m0b3r4", "fp4_radix4"),
        ("s1e3m0b3r4_nosub", "fp4_radix4_nosub"),
        ("q8.0", "int8"),
        ("q5.0", "int5"),
        ("uq8.0", "uint8"),
        ("q4.4", "q4.4"),
        ("binary8p4sf", "e4m3fnuz"),
    ],
)
def test_name_is_the_first_of_the_catalogue(text: str, name: str) -> None:
    assert str(parse(text)) == name


def test_aliases() -> None:
    assert aliases(parse("e4m3fnuz")) == ("binary8p4sf", "s1e4m3b8_fnuz")
    assert aliases(parse("e4m3fn")) == ("s1e4m3b7_fn",)
    assert aliases(parse("s1e4m3b7")) == ()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("e4m3fm", "; did you mean e4m3fn?"),
        ("bfloat", "; did you mean bfloat16?"),
        ("float8_e5m2fnu", "; did you mean e5m2fnuz?"),
        ("e4m3fn_fnord", "; did you mean e4m3fn?"),
        ("posit8_2_fn", "; did you mean posit8_2?"),
        ("xyzzy", ""),
        ("", ""),
        ("s2e4m3", "; did you mean e4m3?"),
        ("q6.2_nosub", ""),
        ("binary8p4sx", "; did you mean binary8p4sf?"),
    ],
)
def test_unknown_name_is_refused_with_the_nearest(text: str, hint: str) -> None:
    message = f"Format must be like {EXAMPLES}, not {text!r}{hint}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("s1e9m30", "Format width must be 2 to 32 bits, not 40"),
        (
            "s1e4m3_fn_ieee",
            "Format suffixes must not contradict each other as in 's1e4m3_fn_ieee'",
        ),
        (
            "s0e8m0_nosub_nosub",
            "Format suffixes must not contradict each other as in 's0e8m0_nosub_nosub'",
        ),
        ("s1e3m1r4", "Format of radix 4 must have a zero, an exponent and no fraction"),
        ("posit40_2", "Posit n must be 3 to 32 bits, not 40"),
        ("int1", "Fixed point width must be 2 to 32 bits, not 1"),
        ("q0.0", "Fixed point width must be 2 to 32 bits, not 0"),
        (
            "int8_nosub",
            "Format without an exponent field must have subnormals and a zero, because it has "
            "nothing else",
        ),
        ("binary8p9se", "P3109 precision must be 1 to 7 in 8 bits, not 9"),
    ],
)
def test_name_of_an_impossible_format_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(text)


@pytest.mark.parametrize("text", [8, None, ["e4m3fn"]])
def test_name_that_is_no_text_is_refused(text: object) -> None:
    message = f"Format name must be a str, not {text!r}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        parse(text)  # type: ignore[arg-type]
