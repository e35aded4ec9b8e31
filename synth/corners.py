"""Operands where faults hide: limits, zeros and specials of one number, and patterns of many.

With independent corners in each lane, nearly every row of a wide unit holds a special code,
which hides the numbers. So vectors also get rows of finite corners, and patterns in which few
lanes differ from the rest or in which lanes cancel each other.
"""

import dataclasses
import itertools

import numpy as np

from ffp8.golden.formats import Format
from ffp8.golden.ports import Port
from ffp8.golden.scalar_format import ScalarFormat

__all__ = [
    "cancelling",
    "combinations",
    "corners",
    "finite",
    "landmarks",
    "patterns",
    "random_codes",
]

#: Most rows of corners taken independently, and of patterns.
MAX_ROWS = 2**16

#: Rows of random lanes that cancel each other.
CANCELLING_ROWS = 2**12


def corners(port: Port) -> np.ndarray:
    """Codes of a port where faults hide: limits, zeros, specials and their neighbours."""
    width = port.element_width
    if width <= 4:
        return np.arange(2**width).astype(port.dtype)
    codes = {0, 1, 2, 2**width - 1, 2**width - 2, 2 ** (width - 1), 2 ** (width - 1) - 1}
    for fmt in formats(port):
        codes |= fmt.corners
    return np.array(sorted(c for c in codes if 0 <= c < 2**width), dtype=port.dtype)


def formats(port: Port) -> list[ScalarFormat]:
    """The formats that a port's codes can have."""
    return [fmt for fmt in (port.format, port.other) if isinstance(fmt, ScalarFormat)]


def landmarks(port: Port) -> dict[str, int]:
    """The corners that stand for all others, by name, as far as the port has them.

    ``zero``, ``min`` and ``max``, the same with a minus sign, ``subnormal`` for the largest of
    these, ``nan``, ``inf`` and ``-inf``; of plain bits no more than the first three. Of a port
    with two formats, the names of the second one begin with ``other``.
    """
    if port.other is not None:
        plain = dataclasses.replace(port, other=None)
        more = landmarks(dataclasses.replace(plain, format=port.other))
        return landmarks(plain) | {f"other {name}": code for name, code in more.items()}
    if port.format is None:
        return {"zero": 0, "min": 1, "max": 2**port.element_width - 1}
    codes = corners(port)
    exact = port.format.unpack(codes)
    found: dict[str, int] = {}
    values = zip(exact.to_fractions(), codes.tolist(), exact.negative.tolist(), strict=True)
    ordinary = itertools.compress(values, exact.finite)
    # In the order of magnitudes, the first one of a name is the least.
    for value, code, negative in sorted(ordinary, key=lambda item: (abs(item[0]), item[1])):
        minus = "-" if negative else ""
        if value == 0:
            found.setdefault(f"{minus}zero", code)
        else:
            found.setdefault(f"{minus}min", code)
            found[f"{minus}max"] = code
    for name, where in (
        ("nan", exact.nan),
        ("inf", exact.infinite & ~exact.negative),
        ("-inf", exact.infinite & exact.negative),
    ):
        if where.any():
            found[name] = int(codes[where][0])
    fmt = port.format
    if isinstance(fmt, Format) and fmt.exponent and fmt.fraction and fmt.subnormals:
        found["subnormal"] = 2**fmt.fraction - 1
    return found


def combinations(
    ports: tuple[Port, ...], rng: np.random.Generator, limit: int = MAX_ROWS
) -> dict[str, np.ndarray]:
    """All combinations of the ports' corners, or a random choice of them where they are many.

    The elements of a vector take corners independently; in every second row of a random choice
    only finite ones.
    """
    lanes = [(port, lane) for port in ports for lane in range(port.elements)]
    codes = [corners(port) for port, _ in lanes]
    total = int(np.prod([float(len(c)) for c in codes])) if len(lanes) < 8 else limit + 1
    if total <= limit:
        table = np.array(list(itertools.product(*(c.tolist() for c in codes))), object)
    else:
        columns = [rng.choice(c, limit) for c in codes]
        for column, (port, _), c in zip(columns, lanes, codes, strict=True):
            if port.elements > 1:
                column[::2] = rng.choice(c[finite(port, c)], len(column[::2]))
        table = np.stack([column.astype(object) for column in columns], axis=1)
    found, start = {}, 0
    for port in ports:
        columns = table[:, start : start + port.elements]
        found[port.name] = shaped(port, columns)
        start += port.elements
    return found


def patterns(
    ports: tuple[Port, ...], rng: np.random.Generator, limit: int = MAX_ROWS
) -> dict[str, np.ndarray]:
    """Rows for units with vectors: patterns of lanes; no rows for other units.

    A lane is one landmark of each vector. There are rows of equal lanes, of one lane that
    differs from all others, each kind in each place, of two halves, and of two lanes among
    zeros or least values; and random finite rows whose second half cancels the first. The
    patterns are a random choice where they are more than the limit. Other ports take landmarks
    at random.
    """
    vectors = [port for port in ports if port.elements > 1]
    if not vectors:
        return {}
    ways = max(port.elements for port in vectors)
    named = [landmarks(port) for port in vectors]
    lanes = list(itertools.product(*(marks.values() for marks in named)))
    rests = [
        tuple(marks.get(name, next(iter(marks.values()))) for marks in named)
        for name in ("zero", "min", "max")
    ]
    kinds = [*rests, *lanes]
    others = {port.name: list(landmarks(port).values()) for port in ports if port.elements == 1}
    table = pattern_table(len(rests), len(kinds), ways, rng, limit)
    # Equal lanes come with each landmark of the other ports.
    equal = np.repeat(np.arange(len(kinds)), max(map(len, others.values()), default=1))
    table = np.concatenate([np.repeat(equal[:, np.newaxis], ways, axis=1), table])[:limit]
    found = {}
    for place, port in enumerate(vectors):
        codes = np.array([kind[place] for kind in kinds], port.dtype)
        # A port of fewer elements shows the pattern in larger steps.
        picked = np.arange(port.elements) * ways // port.elements
        found[port.name] = np.concatenate(
            [codes[table[:, picked]], cancelling(port, place, CANCELLING_ROWS, rng)]
        )
    rows = len(next(iter(found.values())))
    for port in ports:
        if port.elements == 1:
            marks = np.array(others[port.name], port.dtype)
            chosen = rng.choice(marks, rows)
            chosen[: len(equal)] = np.resize(marks, len(equal))
            found[port.name] = chosen
    return {port.name: found[port.name] for port in ports}


def pattern_table(
    rests: int, kinds: int, ways: int, rng: np.random.Generator, limit: int
) -> np.ndarray:
    """Which kind of lane is where, for each row; the first kinds are those of a background."""
    kind, rest, place = (x.ravel() for x in np.indices((kinds, rests, ways)))
    single = np.repeat(rest[:, np.newaxis], ways, axis=1)
    single[np.arange(len(single)), place] = kind
    first, second = (x.ravel() for x in np.indices((kinds, kinds)))
    half = ways // 2
    halves = np.zeros((len(first), ways), np.int64)
    halves[:, :half] = first[:, np.newaxis]
    halves[:, half : 2 * half] = second[:, np.newaxis]
    couple = np.repeat((np.arange(len(first)) % 2)[:, np.newaxis], ways, axis=1)
    at = rng.permuted(np.tile(np.arange(ways), (len(first), 1)), axis=1)
    couple[np.arange(len(first)), at[:, 0]] = first
    couple[np.arange(len(first)), at[:, 1]] = second
    table = np.concatenate([single, halves, couple])
    return table if len(table) <= limit else table[rng.choice(len(table), limit, replace=False)]


def cancelling(port: Port, place: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random finite rows whose second half is the first, negated in the vector of place 0."""
    codes = random_codes(port, count, rng)
    codes = np.where(finite(port, codes), codes, 0).astype(port.dtype)
    half = port.elements // 2
    mirrored = codes[:, :half]
    fmt = port.format
    if place == 0 and isinstance(fmt, ScalarFormat) and fmt.sign:
        exact = fmt.unpack(mirrored)
        mirrored, _ = fmt.round(dataclasses.replace(exact, negative=~exact.negative))
    codes[:, half : 2 * half] = mirrored
    return codes


def finite(port: Port, codes: np.ndarray) -> np.ndarray:
    """Whether codes of a port are finite in each format; plain bits are."""
    found = np.ones(codes.shape, bool)
    for fmt in formats(port):
        found = found & fmt.unpack(codes & (2**fmt.width - 1)).finite
    return found


def random_codes(port: Port, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random codes of a port; all codes are equally likely."""
    shape = (count,) if port.elements == 1 else (count, port.elements)
    if port.element_width > 64:
        words = -(-port.element_width // 32)
        total = np.zeros(shape, object)
        for _ in range(words):
            total = (total << 32) | rng.integers(0, 2**32, shape).astype(object)
        return total & (2**port.element_width - 1)
    top = 2**port.element_width - 1
    return rng.integers(0, top, shape, dtype=np.uint64, endpoint=True).astype(port.dtype)


def shaped(port: Port, columns: np.ndarray) -> np.ndarray:
    """A port's columns of codes as its array."""
    array = columns.astype(port.dtype)
    return array[:, 0] if port.elements == 1 else array
