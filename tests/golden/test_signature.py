import itertools

import numpy as np
import pytest

from ffp8.golden import signature
from ffp8.golden.accumulator import AccumulatorConfig, Kind
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply

E4M3 = Format.parse("e4m3fn")
TINY = Format.parse("s1e2m1")
HALF = Format.parse("float16")

CONFIGS = [
    MultiplierConfig(a=E4M3, b=E4M3, out=E4M3),
    MultiplierConfig(a=TINY, b=Format.parse("s0e2m1b3"), out=TINY, flags=True),
    # More than one word of outputs, and an operand across two words.
    MultiplierConfig(a=HALF, b=HALF),
    MultiplierConfig(a=HALF, b=HALF, out=E4M3, bias_bits=7, flags=True),
]


def carryless_product(a: int, b: int, modulus: int) -> int:
    """The product of two polynomials over GF(2), modulo a third."""
    result = 0
    while b:
        if b & 1:
            result ^= a
        a, b = a << 1, b >> 1
        if a.bit_length() == modulus.bit_length():
            a ^= modulus
    return result


def power_of_x(exponent: int, modulus: int) -> int:
    result, base = 1, 2
    while exponent:
        if exponent & 1:
            result = carryless_product(result, base, modulus)
        base = carryless_product(base, base, modulus)
        exponent >>= 1
    return result


def is_primitive(polynomial: int) -> bool:
    """Whether the order of x modulo a polynomial of degree 32 is 2^32 - 1."""
    order = 2**32 - 1
    primes = (3, 5, 17, 257, 65537)
    assert np.prod(primes, dtype=np.int64) == order
    full = power_of_x(order, polynomial) == 1
    return full and all(power_of_x(order // prime, polynomial) != 1 for prime in primes)


def naive_fields(ports, codes: dict[str, np.ndarray], case: int) -> int:
    """All bits of a case side by side, by plain integers."""
    bits, offset = 0, 0
    for port in ports:
        for code in np.atleast_1d(codes[port.name][case]):
            bits |= int(code) << offset
            offset += port.element_width
    return bits


def naive_signature(config: MultiplierConfig, outputs: dict[str, np.ndarray], length: int) -> int:
    width = sum(port.width for port in config.outputs)
    registers = [2**32 - 1] * -(-width // 32)
    for case in range(length):
        bits = naive_fields(config.outputs, outputs, case)
        for index, state in enumerate(registers):
            shifted = (state << 1) ^ (0x104C11DB7 if state >> 31 else 0)
            registers[index] = shifted ^ (bits >> 32 * index & 0xFFFFFFFF)
    return sum(state << 32 * index for index, state in enumerate(registers))


def test_polynomials_are_primitive():
    assert is_primitive(2**32 | signature.FEEDBACK)
    assert is_primitive(2**32 | signature.GENERATOR)
    reversed_feedback = int(f"{2**32 | signature.FEEDBACK:033b}"[::-1], 2)
    assert reversed_feedback == 2**32 | signature.GENERATOR


def test_primitivity_test_finds_others():
    assert not is_primitive(2**32 | 0x1EDC6F41)  # CRC-32C has the factor x + 1.
    assert not is_primitive(2**32 | 1)


def test_pairs_are_counted():
    fed = signature.operands(CONFIGS[0])
    assert signature.cases(CONFIGS[0]) == 65536
    assert fed["a"].tolist() == list(range(256)) * 256
    assert fed["b"].tolist() == [b for b in range(256) for _ in range(256)]
    assert fed["a"].dtype == np.uint8


def test_all_combinations_occur_once():
    config = CONFIGS[1]
    fed = signature.operands(config)
    pairs = list(zip(fed["a"].tolist(), fed["b"].tolist(), strict=True))
    assert sorted(pairs) == list(itertools.product(range(16), range(8)))


@pytest.mark.parametrize("config", CONFIGS[2:], ids=lambda config: config.identifier)
def test_many_bits_come_from_shift_registers(config):
    fed = signature.operands(config)
    states = list(signature.seeds(config))
    width = sum(port.width for port in config.operands)
    assert len(states) == -(-width // 32)
    assert {len(codes) for codes in fed.values()} == {2**20}
    for case in range(200):
        bits = sum(state << 32 * index for index, state in enumerate(states)) % 2**width
        assert naive_fields(config.operands, fed, case) == bits
        states = [state << 1 ^ (0x1DB710641 if state >> 31 else 0) for state in states]


def test_shift_register_has_no_repetition():
    assert len(np.unique(signature.lfsr(1, 2**20))) == 2**20


@pytest.mark.parametrize("length", [1, 2, 3, 1000])
def test_shift_register_length(length):
    assert signature.lfsr(1, length).tolist() == signature.lfsr(1, 2000)[:length].tolist()


@pytest.mark.parametrize("config", CONFIGS[:2], ids=lambda config: config.identifier)
def test_signature_equals_registers(config):
    outputs = multiply(config, **signature.operands(config))
    length = signature.cases(config)
    assert signature.signature(config, outputs) == naive_signature(config, outputs, length)


@pytest.mark.parametrize("config", CONFIGS[2:], ids=lambda config: config.identifier)
def test_signature_of_short_runs_equals_registers(config, monkeypatch):
    monkeypatch.setattr(signature, "COUNTED_BITS", 9)
    outputs = multiply(config, **signature.operands(config))
    assert signature.cases(config) == 512
    assert signature.signature(config, outputs) == naive_signature(config, outputs, 512)


def test_any_single_wrong_case_changes_the_signature():
    config = CONFIGS[1]
    outputs = multiply(config, **signature.operands(config))
    right = signature.signature(config, outputs)
    for name, codes in outputs.items():
        width = next(port.width for port in config.outputs if port.name == name)
        for case, bit in itertools.product(range(len(codes)), range(width)):
            wrong = codes.copy()
            wrong[case] ^= 1 << bit
            assert signature.signature(config, outputs | {name: wrong}) != right


def test_swapped_cases_change_the_signature():
    config = CONFIGS[0]
    outputs = multiply(config, **signature.operands(config))
    swapped = outputs["out"].copy()
    swapped[[0x3838, 0x3839]] = swapped[[0x3839, 0x3838]]
    assert (swapped != outputs["out"]).sum() == 2
    assert signature.signature(config, {"out": swapped}) != signature.signature(config, outputs)


def test_signature_refuses_missing_cases():
    outputs = {port.name: np.zeros(5, port.dtype) for port in CONFIGS[1].data_outputs}
    outputs["inexact"] = outputs["inexact"][1:]
    with pytest.raises(ValueError, match=r"^Outputs must be of one length, not \[4, 5\]$"):
        signature.signature(CONFIGS[1], outputs)


def test_shift_registers_differ():
    found = signature.seeds(CONFIGS[3])
    assert len(found) == 2
    assert len(set(found)) == 2
    assert 0 not in found


def test_blocks_with_state_are_fed_sums(monkeypatch):
    monkeypatch.setattr(signature, "COUNTED_BITS", 12)
    config = AccumulatorConfig(a=Format.parse("e2m1fn"), kind=Kind.EXACT, terms=4)
    # As few bits as these would come from a counter without state.
    assert signature.operand_bits(config) == 4 + signature.RARE_BITS
    assert len(signature.seeds(config)) == 1
    assert signature.cases(config) == 2**12
    fed = signature.operands(config)
    words = [next(state) for state in [registers(signature.seeds(config)[0])] for _ in range(2**12)]
    assert fed["a"].tolist() == [word & 15 for word in words]
    assert fed["first"].tolist() == [int(word >> 4 & 63 == 63) for word in words]
    assert fed["first"][0] == 1
    lengths = np.diff(np.flatnonzero(fed["first"]))
    assert lengths.min() == 1
    assert lengths.max() > 100


def registers(seed):
    """A shift register's contents, one after the other."""
    while True:
        yield seed
        seed = seed << 1 & 2**32 - 1 ^ (signature.GENERATOR if seed >> 31 else 0)
