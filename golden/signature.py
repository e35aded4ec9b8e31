"""The self-test's meaning: which operands a block is fed, and the signature of its outputs.

The test runs on the board without a host. It must therefore be made of what hardware does
cheaply, and golden says what comes out of it.

Operands
    All operand bits, those of mode ports too, stand side by side: the first port of
    `config.operands` in the least significant bits, a vector's element 0 below element 1.
    Up to `COUNTED_BITS` of them are a counter from zero, so that each combination occurs once
    (two 8-bit operands: 65,536 pairs). Above, they are 2^20 cases of linear feedback shift
    registers, one of 32 bits for each 32 operand bits: in each case
    ``s = (s << 1) ^ (GENERATOR if the bit shifted out is 1)``, from the seed of `seeds`.
    A block with state is fed from registers, however few operand bits it has. A port of role FIRST
    or LAST is made of `RARE_BITS` operand bits, and high where all of them are ones, as they are
    in the first case. One of role LAST is high with the last beat of the longest frame, too, and
    never where the frame's length would be no multiple of the block's `grain`.

Signature
    All output bits, flags too, stand side by side in the same way, and are cut into words of 32
    bits. Each word has a multiple-input signature register, which starts as all ones and takes
    in each case ``s = (s << 1) ^ (FEEDBACK if the bit shifted out is 1) ^ word``.
    Of a stream, cases are its beats.
    The signature is the registers' contents, the first in the least significant bits.

`FEEDBACK` is the CRC-32 of IEEE 802.3 (3.2.9), a primitive polynomial; `GENERATOR` is its
reciprocal, primitive as well, so that operands and signature do not run in step. The step is
invertible, so wrong outputs in a single case always change the signature. Of all sequences of
wrong words, one in 2^32 leaves a register unchanged (aliasing).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .block import BlockConfig
from .formats import code_dtype
from .ports import Direction, Port, Role
from .stream import StreamConfig

__all__ = [
    "COUNTED_BITS",
    "FEEDBACK",
    "GENERATOR",
    "RARE",
    "RARE_BITS",
    "WORD_BITS",
    "Place",
    "cases",
    "lfsr",
    "operands",
    "places",
    "seeds",
    "signature",
]

WORD_BITS = 32

#: Operand bits up to which each combination is fed; above, this many bits of cases.
COUNTED_BITS = 20

#: Operand bits of a port that is seldom high.
RARE_BITS = 6

#: Roles of ports that are seldom high.
RARE = (Role.FIRST, Role.LAST)

#: x^32 + x^26 + x^23 + x^22 + x^16 + x^12 + x^11 + x^10 + x^8 + x^7 + x^5 + x^4 + x^2 + x + 1,
#: without its highest term.
FEEDBACK = 0x04C11DB7

#: The reciprocal of `FEEDBACK`, without its highest term.
GENERATOR = 0xDB710641

#: 2^32 over the golden ratio, made odd: its multiples differ in all bits.
SEED = 0x9E3779B9

MASK = 2**WORD_BITS - 1


@dataclass(frozen=True)
class Place:
    """Where an element of a port lies among all bits side by side."""

    port: Port
    element: int
    offset: int

    @property
    def width(self) -> int:
        """Bits of the element, or operand bits that it is made of."""
        rare = self.port.role in RARE and self.port.direction is Direction.INPUT
        return RARE_BITS if rare else self.port.element_width


@dataclass(frozen=True)
class LinearMap:
    """A linear map of words over GF(2), as the words that the single bits become."""

    columns: tuple[int, ...]

    @classmethod
    def step(cls, polynomial: int) -> "LinearMap":
        """One shift of a register with the given feedback."""
        shifted = [1 << bit + 1 for bit in range(WORD_BITS - 1)]
        return cls((*shifted, polynomial))

    @cached_property
    def tables(self) -> np.ndarray:
        """What each value of each byte of a word becomes."""
        tables = np.zeros((WORD_BITS // 8, 256), np.uint32)
        for bit, column in enumerate(self.columns):
            values = np.arange(256) >> bit % 8 & 1
            tables[bit // 8] ^= values.astype(np.uint32) * np.uint32(column)
        return tables

    def __call__(self, words: np.ndarray) -> np.ndarray:
        result = self.tables[0][words & 0xFF]
        for byte in range(1, WORD_BITS // 8):
            result ^= self.tables[byte][words >> np.uint32(8 * byte) & 0xFF]
        return result

    def repeated(self, times: int) -> "LinearMap":
        """The map applied so many times, which is at least once."""
        columns = np.array(self.columns, np.uint32)
        for _ in range(times - 1):
            columns = self(columns)
        return LinearMap(tuple(int(column) for column in columns))

    def squared(self) -> "LinearMap":
        """The map applied twice."""
        columns = self(np.array(self.columns, np.uint32))
        return LinearMap(tuple(int(column) for column in columns))


def places(ports: tuple[Port, ...]) -> tuple[Place, ...]:
    """The elements of ports, side by side from bit 0."""
    found = []
    offset = 0
    for port in ports:
        for element in range(port.elements):
            place = Place(port, element, offset)
            found.append(place)
            offset += place.width
    return tuple(found)


def operand_bits(config: BlockConfig) -> int:
    return sum(place.width for place in places(config.operands))


def counted(config: BlockConfig) -> bool:
    """Whether a block is fed by a counter."""
    return operand_bits(config) <= COUNTED_BITS and not config.has_state


def cases(config: BlockConfig) -> int:
    """How many cases a block is fed."""
    return 2 ** (operand_bits(config) if counted(config) else COUNTED_BITS)


def seeds(config: BlockConfig) -> tuple[int, ...]:
    """The first contents of the shift registers that feed a block; none if a counter does."""
    if counted(config):
        return ()
    count = -(-operand_bits(config) // WORD_BITS)
    # All ones are a first term, and no register may start with zeros only.
    ones = sum(
        2**place.width - 1 << place.offset
        for place in places(config.operands)
        if place.port.role in RARE
    )
    return tuple(
        (word + 1) * SEED & MASK | ones >> WORD_BITS * word & MASK for word in range(count)
    )


def lfsr(seed: int, length: int, shifts: int = 1) -> np.ndarray:
    """The contents of a shift register of the operands, from its seed on, each so many shifts."""
    words = np.array([seed], np.uint32)
    step = LinearMap.step(GENERATOR).repeated(shifts)
    while len(words) < length:
        # What is known, moved on by its own length.
        words = np.concatenate([words, step(words)])
        step = step.squared()
    return words[:length]


def operands(config: BlockConfig) -> dict[str, np.ndarray]:
    """The codes that a block is fed, by port: one case a row, in the order of the test."""
    length = cases(config)
    words = [lfsr(seed, length) for seed in seeds(config)] or [np.arange(length, dtype=np.uint32)]
    codes = {port.name: np.zeros((length, port.elements), port.dtype) for port in config.operands}
    for place in places(config.operands):
        codes[place.port.name][:, place.element] = gather(words, place)
        if place.port.role is Role.LAST:
            assert isinstance(config, StreamConfig)
            last = codes[place.port.name][:, 0]
            last &= np.arange(length) % config.grain == config.grain - 1
            last |= full(last, config.longest)
    return {
        port.name: codes[port.name] if port.elements > 1 else codes[port.name][:, 0]
        for port in config.operands
    }


def full(last: np.ndarray, longest: int) -> np.ndarray:
    """Where frames are as long as they may be, if they end there and at the given beats."""
    index = np.arange(len(last))
    begins = np.append(True, last[:-1] == 1)
    start = np.maximum.accumulate(np.where(begins, index, 0))
    return (index - start) % longest == longest - 1


def gather(words: list[np.ndarray], place: Place) -> np.ndarray:
    """The code that lies at a place in words of bits."""
    wide = code_dtype(max(place.width, 33))
    code = np.zeros(len(words[0]), wide)
    for index in word_range(place):
        shift = index * WORD_BITS - place.offset
        part = words[index].astype(wide)
        code |= part << shift if shift >= 0 else part >> -shift
    mask = 2**place.width - 1
    if place.port.role in RARE:
        return (code & mask == mask).astype(place.port.dtype)
    return (code & mask).astype(place.port.dtype)


def word_range(place: Place) -> range:
    """The words that a place has bits in."""
    return range(place.offset // WORD_BITS, -(-(place.offset + place.width) // WORD_BITS))


def signature(config: BlockConfig, outputs: Mapping[str, np.ndarray]) -> int:
    """The signature of a block's outputs.

    Parameters
    ----------
    outputs
        Codes by output port, one case a row, in the order of `operands`.

    Raises
    ------
    ValueError
        If the outputs are not of one length.
    """
    lengths = {len(outputs[port.name]) for port in config.data_outputs}
    if len(lengths) != 1:
        raise ValueError(f"Outputs must be of one length, not {sorted(lengths)}")
    words = [np.zeros(min(lengths), np.uint32) for _ in range(register_count(config))]
    for place in places(config.data_outputs):
        codes = np.asarray(outputs[place.port.name])
        column = codes[:, place.element] if place.port.elements > 1 else codes
        wide = column.astype(code_dtype(max(place.width, 33)))
        for index in word_range(place):
            shift = place.offset - index * WORD_BITS
            part = wide << shift if shift >= 0 else wide >> -shift
            words[index] |= (part & MASK).astype(np.uint32)
    return sum(fold(word) << index * WORD_BITS for index, word in enumerate(words))


def register_count(config: BlockConfig) -> int:
    """How many signature registers a block needs."""
    return -(-sum(port.width for port in config.data_outputs) // WORD_BITS)


def fold(words: np.ndarray) -> int:
    """What a signature register holds after words of outputs."""
    # The register is linear, so its start is a word like any other, before the first. Halves
    # of the sequence are joined, which is as many steps as the length has binary digits.
    rest = np.concatenate([np.array([MASK], np.uint32), words])
    step = LinearMap.step(FEEDBACK)
    while len(rest) > 1:
        if len(rest) % 2:
            rest = np.concatenate([np.zeros(1, np.uint32), rest])
        rest = step(rest[0::2]) ^ rest[1::2]
        step = step.squared()
    return int(rest[0])
