"""The formats that people know by name, each with its source, and the parser of all names.

Spellings of 8-bit and smaller floats are those of the ml_dtypes package without its
``floatN_`` prefix, which is read, too.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cache

from .any_format import AnyFormat
from .formats import DERIVED, FIELDS, Format, Specials, fixed_point, integer, p3109
from .posit import Posit
from .raw import RawFormat
from .scalar_format import ScalarFormat

__all__ = ["CATALOGUE", "Entry", "aliases", "name_of", "parse"]

OCP_FP8 = "OCP 8-bit Floating Point Specification (OFP8) v1.0"
OCP_MX = "OCP Microscaling Formats (MX) Specification v1.0"
IEEE_754 = "IEEE 754-2019"
NOUNE = "Noune et al. 2022, 8-bit Numerical Formats for Deep Neural Networks, arXiv 2206.02915"
ML_DTYPES = "ml_dtypes (IEEE-style encoding)"
P3109 = "IEEE P3109 interim report v4.0"
POSIT = "Standard for Posit Arithmetic (2022)"
GUSTAFSON = "Gustafson and Yonemoto 2017 (es a parameter), rounding of the " + POSIT
SUN = "Sun et al. 2020, Ultra-Low Precision 4-bit Training of Deep Neural Networks, NeurIPS"


@dataclass(frozen=True)
class Entry:
    """A named format."""

    name: str
    format: ScalarFormat
    source: str


def float_format(exponent: int, fraction: int, specials: Specials, bias: int = DERIVED) -> Format:
    return Format(exponent=exponent, fraction=fraction, bias=bias, specials=specials)


#: First entry of a format wins: it gives the format's name, later ones are aliases.
CATALOGUE: tuple[Entry, ...] = (
    Entry("e4m3fn", float_format(4, 3, Specials.FN), OCP_FP8 + ", E4M3"),
    Entry("e5m2", float_format(5, 2, Specials.IEEE), OCP_FP8 + ", E5M2"),
    Entry("e4m3", float_format(4, 3, Specials.IEEE), ML_DTYPES),
    Entry("e3m4", float_format(3, 4, Specials.IEEE), ML_DTYPES),
    Entry("e4m3fnuz", float_format(4, 3, Specials.FNUZ, 8), NOUNE),
    Entry("e5m2fnuz", float_format(5, 2, Specials.FNUZ, 16), NOUNE),
    Entry(
        "e4m3b11fnuz",
        float_format(4, 3, Specials.FNUZ, 11),
        "ml_dtypes, after Sun et al. 2019 (HFP8), NeurIPS",
    ),
    Entry(
        "hfp8_1_4_3",
        float_format(4, 3, Specials.NONE, 11),
        "Sun et al. 2019 (HFP8), NeurIPS: forward format, bias 7 + 4; specials are our choice",
    ),
    Entry("e3m2fn", float_format(3, 2, Specials.NONE), OCP_MX + ", FP6"),
    Entry("e2m3fn", float_format(2, 3, Specials.NONE), OCP_MX + ", FP6"),
    Entry("e2m1fn", float_format(2, 1, Specials.NONE), OCP_MX + ", FP4"),
    Entry(
        "e8m0fnu",
        Format(
            sign=False,
            exponent=8,
            fraction=0,
            bias=127,
            specials=Specials.FN,
            subnormals=False,
            zero=False,
        ),
        OCP_MX + ", E8M0 scale",
    ),
    Entry("float16", float_format(5, 10, Specials.IEEE), IEEE_754 + ", binary16"),
    Entry("bfloat16", float_format(8, 7, Specials.IEEE), "upper half of " + IEEE_754 + " binary32"),
    Entry("float32", float_format(8, 23, Specials.IEEE), IEEE_754 + ", binary32"),
    Entry(
        "fp16_1_6_9",
        float_format(6, 9, Specials.NONE),
        "Wang et al. 2018, NeurIPS (accumulator of FP8 training); specials are our choice",
    ),
    Entry(
        "fp4_radix4",
        Format(exponent=3, fraction=0, step=2),
        SUN + ": gradients, (1,3,0); the bias is our choice",
    ),
    *(Entry(f"int{n}", integer(n), f"two's complement, {n} bits") for n in (4, 8, 16, 32)),
    *(Entry(f"uint{n}", integer(n, sign=False), f"unsigned, {n} bits") for n in (4, 8, 16, 32)),
    Entry("binary8p3se", p3109(8, 3), P3109),
    Entry("binary8p4se", p3109(8, 4), P3109),
    Entry("binary8p3sf", p3109(8, 3, extended=False), P3109),
    Entry("binary8p4sf", p3109(8, 4, extended=False), P3109),
    Entry("binary8p4ue", p3109(8, 4, sign=False), P3109),
    Entry("binary8p1uf", p3109(8, 1, sign=False, extended=False), P3109 + ", scale"),
    Entry("binary4p2sf", p3109(4, 2, extended=False), P3109),
    Entry("posit8_0", Posit(n=8, es=0), GUSTAFSON),
    Entry("posit8_1", Posit(n=8, es=1), GUSTAFSON),
    Entry("posit8_2", Posit(n=8, es=2), POSIT + ", posit8"),
)

BY_NAME = {entry.name: entry.format for entry in CATALOGUE}

P3109_NAME = re.compile(r"binary(\d+)p(\d+)([su])([ef])")
INTEGER_NAME = re.compile(r"(u?)int(\d+)")
POSIT_NAME = re.compile(r"posit(\d+)_(\d+)")
FIXED_NAME = re.compile(r"(u?)q(-?\d+)\.(-?\d+)")
ML_DTYPES_PREFIX = re.compile(r"float\d+_(?=e\d)")
SUFFIXES = {
    "ieee": {"specials": Specials.IEEE},
    "fn": {"specials": Specials.FN},
    "fnuz": {"specials": Specials.FNUZ},
    "extended": {"specials": Specials.EXTENDED},
    "nosub": {"subnormals": False},
    "nozero": {"subnormals": False, "zero": False},
}
#: One spelling of each way to write a format, for messages.
EXAMPLES = (
    "s1e4m3b7, s0e3m5b12, s1e5m2_ieee, q6.2, uq1.15, int8, binary8p4se, posit8_2 or a "
    "catalogue name"
)


@cache
def name_of(fmt: ScalarFormat) -> str:
    """The first name that the catalogue has for a format, or its spelling."""
    for name, known in BY_NAME.items():
        if known == fmt:
            return name
    if not isinstance(fmt, Format):
        return fmt.spelling
    if fmt.complement and fmt.quantum_exponent == 0:
        return f"int{fmt.width}"
    flushed = None if fmt.subnormals or not fmt.zero else fmt.replace(subnormals=True)
    if flushed is not None and flushed in BY_NAME.values():
        return f"{name_of(flushed)}_nosub"
    return fmt.spelling


def aliases(fmt: ScalarFormat) -> tuple[str, ...]:
    """What else a format is called: other catalogue names, and its spelling."""
    names = [name for name, known in BY_NAME.items() if known == fmt] + [fmt.spelling]
    return tuple(dict.fromkeys(name for name in names if name != name_of(fmt)))


def parse(text: str) -> AnyFormat:
    """Make the format that a text names; see `AnyFormat.parse`."""
    if not isinstance(text, str):
        raise TypeError(f"Format name must be a str, not {text!r}")
    return parse_text(text)


@cache
def parse_text(text: str) -> AnyFormat:
    name = ML_DTYPES_PREFIX.sub("", text.strip().lower())
    base, suffixes = name, []
    # Names come before suffixes: fp16_1_6_9 has underscores of its own.
    while base not in BY_NAME and "_" in base and base.rpartition("_")[2] in SUFFIXES:
        base, _, suffix = base.rpartition("_")
        suffixes.append(suffix)
    fields: dict[str, object] = {}
    for suffix in suffixes:
        if fields.keys() & SUFFIXES[suffix].keys():
            raise ValueError(f"Format suffixes must not contradict each other as in {text!r}")
        fields |= SUFFIXES[suffix]
    known = BY_NAME.get(base)
    if known is not None and not fields:
        return known
    if isinstance(known, Format):
        return known.replace(**fields)
    if match := FIELDS.fullmatch(base):
        sign, exponent, fraction, bias, radix_4 = match.groups()
        fields |= {"sign": sign == "1", "exponent": int(exponent), "fraction": int(fraction)}
        fields |= {"bias": None if bias is None else int(bias)}
        fields["step"] = 2 if radix_4 else 1
        return Format(**fields)  # type: ignore[arg-type]
    other = None if fields else parse_other(base)
    if other is not None:
        return other
    nearest = difflib.get_close_matches(base, BY_NAME, n=1, cutoff=0.4)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise ValueError(f"Format must be like {EXAMPLES}, not {text!r}{hint}")


def parse_other(text: str) -> AnyFormat | None:
    """The format of a text that neither is in the catalogue nor has fields, if any."""
    if match := P3109_NAME.fullmatch(text):
        width, precision, sign, domain = match.groups()
        return p3109(int(width), int(precision), sign=sign == "s", extended=domain == "e")
    if match := INTEGER_NAME.fullmatch(text):
        return integer(int(match[2]), sign=not match[1])
    if match := FIXED_NAME.fullmatch(text):
        return fixed_point(int(match[2]), int(match[3]), sign=not match[1])
    if match := POSIT_NAME.fullmatch(text):
        return Posit(n=int(match[1]), es=int(match[2]))
    return RawFormat.of_name(text)
