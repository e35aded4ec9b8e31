"""Vector quantizer: the largest magnitude of a vector, its scale, and elements by that scale."""

from typing import Any

from amaranth.hdl import Cat, Const, Module, Value

from ffp8.golden.vector_quantizer import VectorQuantizerConfig

from .pipeline import Pipeline
from .power_scale import exponents_do
from .quotient_scale import Outer, outer_scale, times_largest
from .signed_magnitude import signed_magnitude
from .stream import StreamComponent
from .vector_delay import delayed, follow, held
from .vector_maximum import Magnitudes, largest
from .vector_ticks import VectorTicks
from .vector_ways import ByComparisons, ByPowers, ByProducts, Found, Way

__all__ = ["VectorQuantizer", "quantised_vectors"]

#: For scales that are powers of two, registers in the tree of comparisons and at other places,
#: by their number. One more is behind the tree.
POWERS: dict[int, tuple[int, tuple[str, ...]]] = {
    1: (0, ()),
    2: (0, ("operand",)),
    3: (1, ("operand",)),
    4: (1, ("scale", "neighbour")),
    5: (2, ("scale", "neighbour")),
    6: (2, ("scale", "operand", "neighbour")),
    7: (3, ("scale", "operand", "neighbour")),
    8: (4, ("scale", "operand", "neighbour")),
}

#: The same for quotients; one more is behind the scale.
COMPARED: dict[int, tuple[int, tuple[str, ...]]] = {
    2: (0, ()),
    3: (0, ("limits",)),
    4: (0, ("divisor", "limits")),
    5: (0, ("divisor", "limits", "neighbour")),
    6: (1, ("divisor", "limits", "neighbour")),
    7: (1, ("divisor", "limits", "operand", "neighbour")),
    8: (2, ("divisor", "limits", "operand", "neighbour")),
}

#: The same with reciprocals, behind which there is one more, too.
MULTIPLIED: dict[int, tuple[int, tuple[str, ...]]] = {
    3: (0, ("factor",)),
    4: (0, ("factor", "operand")),
    5: (0, ("divisor", "factor", "operand")),
    6: (0, ("divisor", "factor", "operand", "neighbour")),
    7: (1, ("divisor", "factor", "operand", "neighbour")),
    8: (2, ("divisor", "factor", "operand", "neighbour")),
}

#: The same with the scale before it is rounded, for which the reciprocal does not wait.
UNROUNDED: dict[int, tuple[int, tuple[str, ...]]] = {
    2: (0, ("factor",)),
    3: (0, ("factor", "operand")),
    4: (0, ("factor", "operand", "neighbour")),
    5: (1, ("factor", "operand", "neighbour")),
    6: (2, ("factor", "operand", "neighbour")),
}


class VectorQuantizer(StreamComponent[VectorQuantizerConfig]):
    """Vectors of values in a block format: a scale each, and narrow elements.

    The first beat of a vector's elements shows `config.latency` ticks after the last beat of its
    values was taken. A beat is taken in each tick.

    Parameters
    ----------
    config : :class:`VectorQuantizerConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of values: ``a``, and where there are such ``tensor`` and ``random``.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of elements: ``out``, ``scale``, ``maximum`` if asked for, and ``last``.
    """

    kind = VectorQuantizerConfig
    title = "Vector quantizer"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        return quantised_vectors(m, self.config, advance, valid, operands)


def quantised_vectors(
    m: Module,
    config: VectorQuantizerConfig,
    advance: Value,
    valid: Value,
    operands: dict[str, Value],
) -> tuple[Value, dict[str, Value]]:
    """What is between the streams of a quantizer, for other blocks to have within theirs.

    Parameters
    ----------
    advance
        Registers change only at the end of cycles in which it is high.
    valid, operands
        Whether there is a beat, and its payload by port.

    Returns
    -------
    Whether there is an output beat, from a register, and its payload by port, `config.latency`
    ticks after the last beat of a vector.
    """
    tree, places = cuts_of(config)
    size = config.a.width
    codes = [operands["a"][lane * size :][:size] for lane in range(config.lanes)]
    pipeline = Pipeline(m, places, advance)
    beat = follow(m, advance, valid, config.beats)
    ticks = VectorTicks(m, advance, beat.valid & beat.last, config.beats)
    magnitudes = Magnitudes(
        config.a,
        short=exponents_do(config.a, config.to) and not config.maximum,
        nan_counts=config.to.scale.has_nan and not config.maximum,
    )
    top = largest(m, pipeline, magnitudes, beat, codes, cuts=tree)
    outer = outer_of(m, ticks, config, operands, tree) if config.quotient else None
    found = Found(tree + 1, magnitudes.normal(m, top.code), top.nan, outer)
    way = way_of(m, pipeline, ticks, config, found)

    words = [signed_magnitude(config.a, code) for code in codes]
    if config.random_bits:
        words.append(operands["random"])
    kept = held(m, advance, beat, Cat(words), beats=config.beats, delay=way.read, name="vector")
    outputs = {
        "out": elements_of(m, pipeline, config, way, kept.word),
        "scale": way.scale,
        "last": pipeline.bits(way.place, kept.last, "last"),
    }
    if config.maximum:
        maximum = ticks.carried(top.code, found.tick, way.read, "maximum")
        outputs["maximum"] = pipeline.bits(way.place, maximum, "maximum")
    for name in sorted(outputs.keys() - {"out"}):
        for place in ("operand", "neighbour"):
            outputs[name] = pipeline.bits(place, outputs[name], name)
    behind = [place for place in places if place in (way.place, "operand", "neighbour")]
    return delayed(m, advance, kept.valid, len(behind), "valid"), outputs


def cuts_of(config: VectorQuantizerConfig) -> tuple[int, tuple[str, ...]]:
    """Registers in the tree of comparisons, and the other places that have some."""
    if not config.quotient:
        table = POWERS
    elif config.reciprocal_bits is None:
        table = COMPARED
    else:
        table = UNROUNDED if config.unrounded else MULTIPLIED
    return table[config.stages]


def outer_of(
    m: Module,
    ticks: VectorTicks,
    config: VectorQuantizerConfig,
    operands: dict[str, Value],
    tree: int,
) -> Outer:
    """The tensor scale, from the tick on in which the largest magnitude is there."""
    normal = outer_scale(m, config.to.tensor, operands.get("tensor", Const(0, 0)))
    for tick in range(tree):
        normal = ticks.all_loaded(normal, tick, f"tensor_{tick}")
    outer = times_largest(m, config.to, normal)
    return Outer(
        ticks.all_loaded(outer.normal, tree, "outer"),
        ticks.loaded(outer.top, tree, "outer_top"),
        ticks.loaded(outer.carry, tree, "outer_carry"),
    )


def way_of(
    m: Module,
    pipeline: Pipeline,
    ticks: VectorTicks,
    config: VectorQuantizerConfig,
    found: Found,
) -> Way:
    """How scales and elements are made."""
    if not config.quotient:
        return ByPowers(m, pipeline, config, found)
    kind = ByComparisons if config.reciprocal_bits is None else ByProducts
    return kind(m, pipeline, ticks, config, found)


def elements_of(
    m: Module, pipeline: Pipeline, config: VectorQuantizerConfig, way: Way, word: Value
) -> Value:
    """The elements of a beat."""
    size, bits = config.a.width + config.a.complement, config.random_bits
    codes = []
    for lane in range(config.lanes):
        x = way.operand(m, word[lane * size :][:size])
        x = pipeline.bundle(way.place, x)
        random = None
        if bits:
            random = word[config.lanes * size + lane * bits :][:bits]
            random = pipeline.bits(way.place, random, "random")
        codes.append(way.element(m, pipeline, x, random))
    return Cat(codes)
