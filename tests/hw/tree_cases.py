"""Operands at which a tree of products may go wrong, for the tests of golden and hardware."""

import itertools

import numpy as np

from ffp8.golden.fma_tree import FmaTreeConfig
from ffp8.golden.formats import Format

__all__ = ["directed", "random"]


def special_codes(fmt: Format) -> dict[str, int]:
    """Codes of a format that stand for what their names say, where it has them."""
    sign = 2**fmt.magnitude_width
    found = {"max": fmt.max_index, "min": fmt.min_index, "zero": 0}
    if fmt.sign:
        low = sign if fmt.complement else sign + fmt.max_index
        found |= {"-max": low, "-min": 2 * sign - 1 if fmt.complement else sign + fmt.min_index}
    if fmt.has_negative_zero:
        found["-zero"] = sign
    if fmt.exponent and fmt.subnormals and fmt.fraction:
        found["subnormal"] = 2**fmt.fraction - 1
    if fmt.nan_code is not None:
        found["nan"] = fmt.nan_code
    if fmt.magnitude_codes.infinity is not None:
        found["inf"] = fmt.magnitude_codes.infinity
        if fmt.sign:
            found["-inf"] = fmt.magnitude_codes.infinity + sign
    return found


def directed(config: FmaTreeConfig) -> dict[str, np.ndarray]:
    """Corners: equal lanes, each special code in each lane, all pairs of them in two lanes.

    Equal lanes are all-maximum, all-subnormal and all kinds of zeros. A lane that differs from
    all others is one huge among tiny ones, or a special one. Lanes of both signs cancel.
    """
    a, b = special_codes(config.a), special_codes(config.b)
    lanes = [(x, y) for x in a.values() for y in b.values()]
    rows = [[lane] * config.ways for lane in lanes]
    plain = [(a["min"], b["min"]), (a["zero"], b["zero"]), (a["max"], b["max"])]
    if "-zero" in a:
        plain.append((a["-zero"], b["zero"]))
    for lane, rest, place in itertools.product(lanes, plain, range(config.ways)):
        rows.append([rest] * place + [lane] + [rest] * (config.ways - place - 1))
    if config.ways > 1:
        for first, second in itertools.product(lanes, repeat=2):
            half = config.ways // 2
            rows.append([first] * half + [second] * half + plain[1:2] * (config.ways % 2))
            rows.append([first, second] + plain[0:1] * (config.ways - 2))
    table = np.array(rows)
    found = {"a": table[:, :, 0], "b": table[:, :, 1]}
    if config.ways == 1:
        found = {name: codes[:, 0] for name, codes in found.items()}
    if config.c is not None:
        # Each case with another addend, and the first ones with all.
        codes = list(special_codes(config.c).values())
        whole = len(lanes)
        repeated = {
            name: np.concatenate([rows] + [rows[:whole]] * len(codes))
            for name, rows in found.items()
        }
        chosen = np.resize(codes, len(table))
        found = repeated | {"c": np.concatenate([chosen, np.repeat(codes, whole)])}
    return with_dtypes(config, found)


def random(config: FmaTreeConfig, count: int, seed: int) -> dict[str, np.ndarray]:
    """Random codes; in every second case only finite ones, and in every third of opposite lanes."""
    chance = np.random.default_rng(seed)
    found = {}
    for port in config.operands:
        fmt = port.format
        assert isinstance(fmt, Format)
        shape = (count, port.elements) if port.elements > 1 else (count,)
        codes = chance.integers(0, 2**fmt.width, shape)
        if not fmt.complement:
            signs = codes & (2**fmt.width - 2**fmt.magnitude_width)
            finite = chance.integers(0, fmt.max_index + 1, shape) | signs
            if not fmt.has_negative_zero:
                finite = np.where(finite == signs, 0, finite)
            codes[::2] = finite[::2]
            if port.name == "a" and port.elements > 1 and fmt.sign:
                half = port.elements // 2
                codes[::3, half : 2 * half] = codes[::3, :half] ^ 2**fmt.magnitude_width
        if port.name == "b" and port.elements > 1:
            half = port.elements // 2
            codes[::3, half : 2 * half] = codes[::3, :half]
        found[port.name] = codes
    return with_dtypes(config, found)


def with_dtypes(config: FmaTreeConfig, codes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {port.name: codes[port.name].astype(port.dtype) for port in config.operands}
