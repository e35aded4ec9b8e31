"""What a unit is tested with: all codes where they can be counted, corners and chance beyond."""

import itertools
import zlib
from dataclasses import dataclass

import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port, Role
from ffp8.golden.scalar_format import ScalarFormat

__all__ = ["EXHAUSTIVE_BITS", "Stimuli", "cases", "corners", "cycles"]

#: Units with at most this many operand bits are tested with every combination.
EXHAUSTIVE_BITS = 20

#: Share of the cycles in which a unit with an enable port advances.
ADVANCE = 0.75


@dataclass(frozen=True)
class Stimuli:
    """Inputs of a unit, one set a case or a cycle.

    Attributes
    ----------
    inputs
        Codes by port.
    exhaustive
        Whether these are all combinations of operand codes.
    """

    inputs: dict[str, np.ndarray]
    exhaustive: bool

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))


def cases(config: BlockConfig, seed: int, count: int | None = None) -> Stimuli:
    """Operands to test a unit with.

    Parameters
    ----------
    seed
        Of the random cases; the name of the unit counts, too.
    count
        How many random cases where not all combinations are tested; fewer than all
        combinations are tested if this is given.
    """
    bits = sum(port.width for port in config.operands)
    if bits <= EXHAUSTIVE_BITS and (count is None or count >= 2**bits):
        return Stimuli(every_combination(config.operands), exhaustive=True)
    rng = np.random.default_rng([seed, zlib.crc32(config.identifier.encode())])
    directed = corner_combinations(config.operands, rng)
    random = {
        port.name: random_codes(port, 2**18 if count is None else count, rng)
        for port in config.operands
    }
    return Stimuli(
        {name: np.concatenate([directed[name], random[name]]) for name in random},
        exhaustive=False,
    )


def every_combination(ports: tuple[Port, ...]) -> dict[str, np.ndarray]:
    total = sum(port.width for port in ports)
    index = np.arange(2**total, dtype=np.int64)
    found = {}
    for port in ports:
        codes = [
            (index >> (place * port.element_width)) & (2**port.element_width - 1)
            for place in range(port.elements)
        ]
        index = index >> port.width
        array = codes[0] if port.elements == 1 else np.stack(codes, axis=1)
        found[port.name] = array.astype(port.dtype)
    return found


def corners(port: Port) -> np.ndarray:
    """Codes of a port where faults hide: limits, zeros, specials and their neighbours."""
    width = port.element_width
    if width <= 4:
        return np.arange(2**width).astype(port.dtype)
    codes = {0, 1, 2, 2**width - 1, 2**width - 2, 2 ** (width - 1), 2 ** (width - 1) - 1}
    if isinstance(port.format, ScalarFormat):
        codes |= port.format.corners
    return np.array(sorted(c for c in codes if 0 <= c < 2**width), dtype=port.dtype)


def corner_combinations(
    ports: tuple[Port, ...], rng: np.random.Generator, limit: int = 2**16
) -> dict[str, np.ndarray]:
    """All combinations of the ports' corners, or a random choice of them where they are many.

    The elements of a vector take corners independently.
    """
    lanes = [(port, lane) for port in ports for lane in range(port.elements)]
    codes = [corners(port) for port, _ in lanes]
    total = int(np.prod([float(len(c)) for c in codes])) if len(lanes) < 8 else limit + 1
    if total <= limit:
        table = np.array(list(itertools.product(*(range(len(c)) for c in codes))))
    else:
        table = np.stack([rng.integers(0, len(c), limit) for c in codes], axis=1)
    columns: dict[str, list[np.ndarray]] = {port.name: [] for port in ports}
    for place, (port, _) in enumerate(lanes):
        columns[port.name].append(codes[place][table[:, place]])
    return {
        port.name: columns[port.name][0]
        if port.elements == 1
        else np.stack(columns[port.name], axis=1)
        for port in ports
    }


def random_codes(port: Port, count: int, rng: np.random.Generator) -> np.ndarray:
    shape = (count,) if port.elements == 1 else (count, port.elements)
    if port.element_width > 64:
        words = -(-port.element_width // 32)
        total = np.zeros(shape, object)
        for _ in range(words):
            total = (total << 32) | rng.integers(0, 2**32, shape).astype(object)
        return total & (2**port.element_width - 1)
    top = 2**port.element_width - 1
    return rng.integers(0, top, shape, dtype=np.uint64, endpoint=True).astype(port.dtype)


def cycles(config: BlockConfig, stimuli: Stimuli, seed: int) -> Stimuli:
    """Spread cases over clock cycles: with random stalls where the unit has an enable port.

    All results have come out at the end. In a stalled cycle the operands are random, since a
    unit must not look at them.
    """
    enables = [port for port in config.inputs if port.role is Role.ENABLE]
    count = len(stimuli)
    rng = np.random.default_rng([seed, zlib.crc32(b"stalls" + config.identifier.encode())])
    needed = count + config.latency
    advance = np.ones(needed, bool)
    if enables:
        advance = rng.random(int(needed / ADVANCE * 1.05) + 100) < ADVANCE
        # The outputs of the last case show in the cycle after its last advance.
        last = int(np.searchsorted(np.cumsum(advance), needed))
        advance = np.append(advance[: last + 1], True)
    accepted = np.flatnonzero(advance)[:count]
    inputs = {}
    for port in config.operands:
        values = random_codes(port, len(advance), rng)
        values[accepted] = stimuli.inputs[port.name]
        inputs[port.name] = values
    inputs |= {port.name: advance.astype(np.uint8) for port in enables}
    return Stimuli(inputs, stimuli.exhaustive)
