"""Block formats against a second definition in rationals, gfloat and ml_dtypes."""

import bisect
import itertools
import math
import re
from dataclasses import fields
from fractions import Fraction
from typing import Any

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from block_cases import blocks
from block_oracle import BlockOracle

from ffp8.golden.block_catalogue import BLOCK_FORMATS
from ffp8.golden.block_format import BlockFormat, ScaleRule
from ffp8.golden.exact import Exact
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, RandomBits, Rounding

parse = BlockFormat.parse
NVFP4 = parse("nvfp4")
MX = [entry.name for entry in BLOCK_FORMATS if entry.name.startswith("mx")]
GFLOAT = {
    "mxfp8_e4m3": gfloat.formats.format_info_mxfp8_e4m3,
    "mxfp8_e5m2": gfloat.formats.format_info_mxfp8_e5m2,
    "mxfp6_e2m3": gfloat.formats.format_info_mxfp6_e2m3,
    "mxfp6_e3m2": gfloat.formats.format_info_mxfp6_e3m2,
    "mxfp4": gfloat.formats.format_info_mxfp4_e2m1,
    "mxint8": gfloat.formats.format_info_mxint8,
}
ML_DTYPES = {
    "mxfp8_e4m3": (ml_dtypes.float8_e4m3fn, 8, 448.0),
    "mxfp8_e5m2": (ml_dtypes.float8_e5m2, 15, 57344.0),
    "mxfp6_e2m3": (ml_dtypes.float6_e2m3fn, 2, 7.5),
    "mxfp6_e3m2": (ml_dtypes.float6_e3m2fn, 4, 28.0),
    "mxfp4": (ml_dtypes.float4_e2m1fn, 2, 6.0),
}
#: One of each rule, element and scale; short, so that the slow oracle sees many.
KINDS = [
    "mxfp8_e4m3_x4",
    "mxint8_x4",
    "e2m1fn_x4_e8m0fnu_fit",
    "e4m3fn_x4_e8m0fnu_ceil",
    "q2.6_x4_e8m0fnu_fit_symmetric",
    "s1e4m3b7_x3_s0e6m0b20_nozero_fit",
    "s0e3m5b7_x3_s0e8m0b100_nozero_ceil",
    "nvfp4_x4",
    "int4_x4_uint4_quotient_symmetric_by_float32",
    "uint4_x4_uint8_quotient_by_float16",
    "e3m2fn_x1_e5m2fnuz_quotient",
    "e2m1fn_x2_e8m0fnu_quotient",
]


def quantise(block: BlockFormat, values: np.ndarray, **options: Any) -> tuple[Any, Any]:
    exact = Exact.from_floats(values)
    tensor = None if block.tensor is None else block.tensor_scale(Exact.from_floats(values.ravel()))
    return block.quantise(exact, tensor, **options)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("special", [False, True])
def test_codes_are_those_of_the_second_definition(name: str, special: bool) -> None:
    block = parse(name)
    oracle = BlockOracle(block)
    values = blocks(block, 12, seed=int(special))
    specials = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -(2.0**-149)]
    corners = np.random.default_rng(1).choice(np.array(specials, np.float32), (40, block.length))
    values = np.concatenate([values, corners])
    tensors: list[float | None] = [None]
    if block.tensor is not None:
        tensors = [1.0, 0.0, 3.0, 2.0**-24, 1e4, -0.25]
    overflow = Overflow.SPECIAL if special else Overflow.SATURATE
    modes = [False, True] if block.rule is ScaleRule.QUOTIENT else [False]
    for tensor, unrounded in itertools.product(tensors, modes):
        code = None if block.tensor is None else block.tensor.encode(tensor or 0.0)
        outer = Fraction(1)
        if block.tensor is not None:
            outer = Fraction(float(block.tensor.decode(np.asarray(code))))
        scales, elements = block.quantise(
            Exact.from_floats(values), code, overflow=overflow, unrounded=unrounded
        )
        for row, scale, codes in zip(values.tolist(), scales, elements, strict=True):
            want = oracle.quantise(row, outer, special=special, unrounded=unrounded)
            assert (int(scale), codes.tolist()) == want, (row, tensor, unrounded)


@pytest.mark.parametrize("name", KINDS)
def test_values_of_codes_are_those_of_the_second_definition(name: str) -> None:
    block = parse(name)
    oracle = BlockOracle(block)
    rng = np.random.default_rng(2)
    elements = rng.integers(0, 2**block.element.width, (60, block.length))
    scales = rng.integers(0, 2**block.scale.width, 60)
    outer = None if block.tensor is None else block.tensor.encode(0.75)
    factor = Fraction(1) if outer is None else Fraction(3, 4)
    got = block.unpack(scales, elements, outer)
    for row, (scale, codes) in enumerate(zip(scales.tolist(), elements.tolist(), strict=True)):
        part = Exact(*(getattr(got, field.name)[row] for field in fields(Exact)))
        for value, want in zip(
            part.to_fractions(), oracle.decode(scale, codes, factor), strict=True
        ):
            assert value == want or (math.isnan(float(value)) and math.isnan(float(want)))


@pytest.mark.parametrize("name", MX)
def test_microscaling_is_gfloats(name: str) -> None:
    block, info = parse(name), GFLOAT[name]
    values = blocks(block, 2, seed=3).astype(np.float64)
    scales, elements = block.encode(values)
    for row, scale, codes in zip(values, scales.tolist(), elements.tolist(), strict=True):
        wanted = gfloat.compute_scale_amax(info.etype.emax, row)
        encoded = list(gfloat.encode_block(info, wanted, row / wanted))
        assert [scale, *codes] == [int(code) for code in encoded]


@pytest.mark.parametrize("name", ML_DTYPES)
def test_microscaling_is_that_of_casts_in_ml_dtypes(name: str) -> None:
    block = parse(name)
    dtype, emax, limit = ML_DTYPES[name]
    values = blocks(block, 300, seed=5)
    scales, elements = block.encode(values)
    amax = np.abs(values).max(axis=-1)
    power = np.where(amax > 0, np.frexp(amax)[1] - 1 - emax, -127).clip(-127, 127)
    np.testing.assert_array_equal(scales, (power + 127).astype(np.uint8))
    # Exact: a float64 holds a float32 times a power of two, and float32 what a clip leaves
    # where it matters to a cast of at most 4 significant bits above 2^-25.
    scaled = np.ldexp(values.astype(np.float64), -power[:, None]).clip(-limit, limit)
    tiny = np.abs(scaled) < 2.0**-100
    cast = np.where(tiny, np.copysign(0.0, scaled), scaled).astype(np.float32).astype(dtype)
    got = elements.astype(np.uint8)
    np.testing.assert_array_equal(got, cast.view(np.uint8))
    # And back.
    want = cast.astype(np.float64) * np.ldexp(1.0, power)[:, None]
    np.testing.assert_array_equal(block.decode(scales, elements), want)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_values_of_other_types_are_exact(dtype: str) -> None:
    block = parse("mxfp4")
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    values = np.random.default_rng(6).standard_normal((20, 32)).astype(kind)
    scales, elements = block.encode(values)
    oracle = BlockOracle(block)
    for row, scale, codes in zip(values.astype(float).tolist(), scales, elements, strict=True):
        assert (int(scale), codes.tolist()) == oracle.quantise(row)


@pytest.mark.parametrize("rounding", [r for r in Rounding if not r.stochastic])
def test_elements_take_any_rounding(rounding: Rounding) -> None:
    block = parse("mxfp6_e2m3_x8")
    values = blocks(block, 6, seed=7)
    scales, elements = block.quantise(Exact.from_floats(values), rounding=rounding)
    assert (scales == block.encode(values)[0]).all()
    scaled = Exact.from_floats(values).scaled(127 - scales[:, None].astype(np.int64))
    assert (elements == block.element.round(scaled, rounding)[0]).all()


@pytest.mark.parametrize("bits", [3, 20])
def test_stochastic_elements_go_up_as_often_as_their_quotients_say(bits: int) -> None:
    """Rounding A: of the 2^N words, floor(v 2^N) send a value up that is v on the way."""
    values = np.array([6.5, 0.1, 1.3, 2.7, 3.9, 5.2], np.float32)
    block = NVFP4.replace(length=len(values))
    one = np.uint32(0x3F800000)
    scale, _ = block.encode(values, one)
    divisor = Fraction(float(block.scale.decode(scale)))
    magnitudes = sorted({Fraction(v) for v in block.element.decode(np.arange(8)).tolist()})
    for column, value in enumerate(values[1:].tolist(), 1):
        quotient = Fraction(value) / divisor
        place = bisect.bisect_right(magnitudes, quotient) - 1
        way = (quotient - magnitudes[place]) / (magnitudes[place + 1] - magnitudes[place])
        # The words from which on the value goes up, and the one before.
        first = 2**bits - math.floor(way * 2**bits)
        for word, up in ((first, 1), (first - 1, 0)):
            words = np.full(block.length, word)
            _, elements = block.quantise(
                Exact.from_floats(values),
                one,
                rounding=Rounding.STOCHASTIC_A,
                random=RandomBits(words, bits),
            )
            assert elements[column] == place + up


def test_nvfp4_by_hand() -> None:
    # amax 6 of a tensor of 2688 = 6 * 448: tensor scale 1, block scale 1.
    values = np.zeros(16)
    values[:8] = [6, -5, 2.5, 0.25, 0.75, -0.0, 0.26, 3.5]
    one = np.uint32(0x3F800000)
    scale, elements = NVFP4.encode(values, one)
    assert scale == 0x38
    assert elements[:8].tolist() == [7, 8 + 6, 4, 0, 2, 8, 1, 6]
    # amax 6.5: 6.5 / 6 = 1.08, between 1 and 1.125 and nearer to the latter. Then 6.5 / 1.125
    # is 5.78, so 6, and 2.9 / 1.125 = 2.58, so 3.
    values[:2] = [6.5, 2.9]
    scale, elements = NVFP4.encode(values, one)
    assert scale == 0x39
    assert elements[:2].tolist() == [7, 5]
    assert NVFP4.decode(scale, elements, one)[:2].tolist() == [6.75, 3.375]
    # amax 6.2: 1.033 is nearer to 1, and 6.2 saturates.
    values[0] = 6.2
    scale, elements = NVFP4.encode(values, one)
    assert (scale, elements[0]) == (0x38, 7)
    assert NVFP4.bits_per_element == 4.5


def test_tensor_scale_is_amax_by_the_largest_block() -> None:
    tensor = NVFP4.tensor_scale(Exact.from_floats([[1.0, -2688.0], [0.0, 0.0], [5.0, 1.0]]))
    want = [1.0, 1.0, float(np.float32(Fraction(5, 2688)))]
    assert NVFP4.tensor is not None
    assert NVFP4.tensor.decode(tensor).tolist() == want
    values = blocks(NVFP4, 20)
    for row in values:
        scale, _ = NVFP4.encode(row, NVFP4.tensor_scale(Exact.from_floats(row)))
        amax = float(np.abs(row).max())
        # Unless the tensor scale is a subnormal of float32, which has few bits.
        if amax > 2.0**-100:
            assert scale == 0x7E


def test_reciprocals_are_off_by_less_than_their_bound() -> None:
    block = parse("int8_x4_uint6_quotient_symmetric_by_float32")
    values = np.concatenate([blocks(block, 40, seed=9)])
    values = values[np.abs(values).max(axis=-1) > 2.0**-100]
    tensor = block.tensor_scale(Exact.from_floats(np.abs(values)))
    oracle = BlockOracle(block)
    outers = block.tensor.decode(tensor).tolist() if block.tensor else []
    different = 0
    for bits, unrounded in itertools.product((8, 12, 20), (False, True)):
        exact = Exact.from_floats(values)
        scales, elements = block.quantise(exact, tensor, unrounded=unrounded)
        same, near = block.quantise(exact, tensor, unrounded=unrounded, reciprocal_bits=bits)
        assert (scales == same).all()
        changed = np.argwhere(elements != near)
        different += len(changed)
        for row, place in changed.tolist():
            top = Fraction(float(np.abs(values[row]).max())) / 127
            code = int(scales[row])
            divisor = top if unrounded else code * Fraction(outers[row])
            quotient = abs(Fraction(float(values[row, place]))) / divisor
            # The quotient is as near to a midpoint as the bound says.
            distance = abs(quotient - math.floor(quotient) - Fraction(1, 2))
            assert distance <= quotient / 2**bits
            assert abs(int(np.int8(elements[row, place])) - int(np.int8(near[row, place]))) == 1
    assert different > 20
    assert oracle.element.max == 127


@pytest.mark.parametrize("name", ["mxfp8_e4m3_x4", "s0e3m5b7_x4_uint4_quotient"])
def test_reciprocals_of_powers_of_two_are_exact(name: str) -> None:
    block = parse(name)
    specials = np.array([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, 12.0], np.float32)
    corners = np.random.default_rng(1).choice(specials, (60, block.length))
    values = Exact.from_floats(np.concatenate([blocks(block, 10), corners]))
    scales, elements = block.quantise(values)
    powers = np.isin(block.scale.decode(scales), [0, *2.0 ** np.arange(-127, 128)])
    assert powers.sum() > 20
    near = block.quantise(values, reciprocal_bits=1)
    np.testing.assert_array_equal(scales, near[0])
    np.testing.assert_array_equal(elements[powers], near[1][powers])


@pytest.mark.parametrize("bits", [None, 6])
def test_infinity_saturates_whatever_it_is_divided_by(bits: int | None) -> None:
    block = parse("int4_x4_uint4_quotient_symmetric_by_float32")
    values = Exact.from_floats([math.inf, 1.0, -math.inf, 0.0])
    assert block.tensor is not None
    for tensor, unrounded in ((0.0, False), (1.0, True)):
        scale, elements = block.quantise(
            values, block.tensor.encode(tensor), unrounded=unrounded, reciprocal_bits=bits
        )
        assert scale == 15
        assert elements.tolist() == [7, 0, 9, 0]


def test_names_are_read_back() -> None:
    for entry in BLOCK_FORMATS:
        assert entry.format.name == entry.name
        assert parse(entry.name) == parse(entry.format.spelling) == entry.format
        assert entry.source
        longer = entry.format.replace(length=64)
        assert longer.name == str(longer) == f"{entry.name}_x64"
        assert parse(longer.name) == parse(longer.spelling) == longer
    for name in KINDS:
        assert parse(parse(name).spelling) == parse(name)
    own = "int4_x16_uint4_quotient_symmetric_by_float32"
    assert parse(own).name == own
    assert parse(own.replace("_quotient", "")) == parse(own)
    assert parse("q2.6_x4_e8m0fnu") == parse("q2.6_x4_e8m0fnu_floor")
    assert parse("s1e4m3b-3_x4_e8m0fnu").identifier == "s1e4m3bn3_x4_e8m0fnu_floor"
    assert parse("mxfp4_x16").identifier == "mxfp4_x16"
    sizes = {entry.name: float(entry.format.bits_per_element) for entry in BLOCK_FORMATS}
    assert sizes["mxfp4"] == 4.25
    assert sizes["mxfp8_e4m3"] == 8.25
    assert parse(own).bits_per_element == 4.25


INT8 = Format.parse("int8")


@pytest.mark.parametrize(
    ("fields_of", "error", "message"),
    [
        ({"element": "int8"}, TypeError, "Block element must be a Format, not 'int8'"),
        ({"scale": None}, TypeError, "Block scale must be a Format, not None"),
        ({"tensor": 1}, TypeError, "Block tensor must be a Format, not 1"),
        ({"length": 2.0}, TypeError, "Block length must be a number of elements, not 2.0"),
        ({"length": 0}, ValueError, "Block length must be 1 or more, not 0"),
        (
            {"rule": "top"},
            ValueError,
            "Block rule must be floor, fit, ceil or quotient, not 'top'",
        ),
        (
            {"element": Format.parse("e4m3fn"), "symmetric": True},
            ValueError,
            "Block must be symmetric only with elements in two's complement",
        ),
    ],
)
def test_constructor_refusals(
    fields_of: dict[str, Any], error: type[Exception], message: str
) -> None:
    given: dict[str, Any] = {"element": INT8, "length": 4, "scale": Format.parse("e8m0fnu")}
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        BlockFormat(**(given | fields_of))


def test_refusals_of_quantise() -> None:
    four = Exact.from_floats(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^Values must have 32 to a block .* shape \(2, 4\)$"):
        parse("mxfp4").quantise(four)
    with pytest.raises(ValueError, match=r"^Scale must be rounded with the rule floor$"):
        parse("mxfp4_x4").quantise(four, unrounded=True)
    with pytest.raises(ValueError, match=r"^Blocks of nvfp4_x4 must be given a tensor scale$"):
        parse("nvfp4_x4").quantise(four)
    with pytest.raises(ValueError, match=r"^Blocks of mxfp4_x4 must be given no tensor scale$"):
        parse("mxfp4_x4").quantise(four, np.array(0))
    with pytest.raises(ValueError, match=r"^Block format must have a tensor scale, not mxfp4$"):
        parse("mxfp4").tensor_scale(four)
    message = "Block format must be one of the catalogue, .* not 'mxfp5'; did you mean mxfp4"
    with pytest.raises(ValueError, match=f"^{message}"):
        parse("mxfp5")
    assert parse("mxfp4").rule is ScaleRule.FLOOR
