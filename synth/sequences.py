"""Operands for units with state: sums of many lengths, of terms that have something in common.

Independent random codes would hide most of what such a unit does: a sum of floats of random
exponents is nearly always that of the largest, and it ends at the first NaN.
"""

import numpy as np

from ffp8.golden.block import BlockConfig
from ffp8.golden.ports import Port, Role
from ffp8.golden.stream import StreamConfig

from .corners import corners, finite, random_codes

__all__ = ["sequence"]

#: Sums have up to this many terms; all orders of magnitude are equally likely.
LONGEST = 2**11

#: Share of the terms that are corners.
CORNERS = 1 / 16


def sequence(config: BlockConfig, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Operands in the order of time.

    A new sum begins at random, with the port of role FIRST high, and in the first place. Other
    ports of that role are high in the first place, too, and else independent. Instead of sums,
    streams have frames of beats, which end with the port of role LAST high if there is one. In
    each sum or frame, the codes of a port have their first bits in common, any number of them,
    but often not the sign. Half of them have finite terms only. Random words have nothing in
    common.
    """
    if isinstance(config, StreamConfig):
        # The last frame ends with the sequence.
        count = max(count // config.grain, 1) * config.grain
        begins = frames(config, count, rng)
        bounds = dict.fromkeys(names(config, Role.LAST), np.roll(begins, -1))
    else:
        bounds = {name: starts(count, rng) for name in names(config, Role.FIRST)}
        begins = next(iter(bounds.values()))
    which = np.cumsum(begins) - 1
    return {
        port.name: bounds[port.name].astype(port.dtype)
        if port.name in bounds
        else random_codes(port, count, rng)
        if port.role is Role.RANDOM
        else terms(port, which, rng)
        for port in config.operands
    }


def names(config: BlockConfig, role: Role) -> list[str]:
    """The operands of a role."""
    return [port.name for port in config.operands if port.role is role]


def frames(config: StreamConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    """Where frames begin."""
    if config.beats is None:
        begins = np.zeros(count, bool)
        begins[:: config.grain] = starts(count // config.grain, rng, config.longest // config.grain)
        return begins
    return np.arange(count) % config.beats == 0


def starts(count: int, rng: np.random.Generator, longest: int = LONGEST) -> np.ndarray:
    """Where sums begin."""
    lengths = np.exp2(rng.random(count + 1) * np.log2(longest + 1)).astype(np.int64)
    lengths = np.minimum(lengths, longest)
    places = np.cumsum(lengths) - lengths
    first = np.zeros(count, bool)
    first[places[places < count]] = True
    return first


def terms(port: Port, which: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes of a port, given the sum that each belongs to."""
    count, sums = len(which), int(which.max(initial=0)) + 1
    width = port.element_width
    wide = object if width > 62 else np.int64
    code, common = (random_codes(port, length, rng).astype(wide) for length in (count, sums))
    edges = rng.choice(corners(port), common.shape).astype(wide)
    common = np.where(rng.random(common.shape) < 1 / 4, edges, common)

    def spread(values: np.ndarray) -> np.ndarray:
        """What is the same for all terms of a sum, for each of its terms."""
        found = values[which]
        return found if port.elements == 1 else found[:, np.newaxis]

    free = np.array([2**bits - 1 for bits in range(width + 1)], wide)
    mask = spread(rng.choice(free, sums))
    either = spread(rng.random(sums) < 3 / 4)
    mask = np.where(either, mask | (1 << width - 1), mask)
    found = (common[which] & ~mask) | (code & mask)
    edges = rng.choice(corners(port), found.shape).astype(wide)
    found = np.where(rng.random(found.shape) < CORNERS, edges, found).astype(port.dtype)
    keep = spread(rng.random(sums) < 1 / 2) | finite(port, found)
    return np.where(keep, found, 0).astype(port.dtype)
