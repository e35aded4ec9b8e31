"""Vector quantizer: the largest magnitude of a vector, its scale, and elements by that scale."""

from dataclasses import replace
from typing import Any

from amaranth.hdl import Cat, Const, Module, Value

from ffp8.golden.vector_quantizer import VectorQuantizerConfig

from .pipeline import Pipeline
from .power_scale import exponents_do
from .quotient_scale import Outer, outer_scale, times_largest
from .signed_magnitude import signed_magnitude
from .stream import StreamComponent
from .target import PORTABLE, Target
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

#: For quotients, the places in the order in which they get registers, behind the least number of
#: stages; `tree` is a level in the tree of comparisons.
COMPARED = (
    "limits", "divisor", "quotient", "tree", "largest", "operand", "tree", "rounding", "multiples",
    "neighbour",
)  # fmt: skip

#: The same with reciprocals.
MULTIPLIED = (
    "divisor", "operand", "quotient", "largest", "tree", "neighbour", "tree", "rows", "rounding",
    "factors",
)  # fmt: skip

#: The same with the scale before it is rounded, for which the reciprocal does not wait.
UNROUNDED = ("operand", "largest", "neighbour", "tree", "quotient", "rows", "tree", "rounding")


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
        return quantised_vectors(
            m, self.config, advance, valid, operands, target=Target.of(platform)
        )


def quantised_vectors(
    m: Module,
    config: VectorQuantizerConfig,
    advance: Value,
    valid: Value,
    operands: dict[str, Value],
    *,
    target: Target = PORTABLE,
) -> tuple[Value, dict[str, Value]]:
    """What is between the streams of a quantizer, for other blocks to have within theirs.

    Parameters
    ----------
    advance
        Registers change only at the end of cycles in which it is high.
    valid, operands
        Whether there is a beat, and its payload by port.
    target
        What the logic is for.

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
    found = Found(tree + 1, magnitudes.normal(m, top.code), top.nan, None)
    if "largest" in places:
        normal = ticks.all_loaded(found.largest, found.tick, "largest")
        nan = ticks.loaded(found.nan, found.tick, "largest_any_nan")
        found = Found(found.tick + 1, normal, nan, None)
    if config.quotient:
        found = replace(found, outer=outer_of(m, ticks, config, operands, found.tick))
    way = way_of(m, pipeline, ticks, config, found, target=target)

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
        maximum = ticks.carried(top.code, tree + 1, way.read, "maximum")
        outputs["maximum"] = pipeline.bits(way.place, maximum, "maximum")
    for name in sorted(outputs.keys() - {"out"}):
        for place in ("rows", "operand", "neighbour"):
            outputs[name] = pipeline.bits(place, outputs[name], name)
    behind = [place for place in places if place in (way.place, "rows", "operand", "neighbour")]
    return delayed(m, advance, kept.valid, len(behind), "valid"), outputs


def cuts_of(config: VectorQuantizerConfig) -> tuple[int, tuple[str, ...]]:
    """Registers in the tree of comparisons, and the other places that have some."""
    if not config.quotient:
        return POWERS[config.stages]
    order, always = COMPARED, ()
    if config.reciprocal_bits is not None:
        order, always = UNROUNDED if config.unrounded else MULTIPLIED, ("factor",)
    least, most = config.registers
    assert len(order) == most - least
    places = order[: config.stages - least]
    return places.count("tree"), (*always, *places)


def outer_of(
    m: Module,
    ticks: VectorTicks,
    config: VectorQuantizerConfig,
    operands: dict[str, Value],
    tick: int,
) -> Outer:
    """The tensor scale, from a tick on: that in which the largest magnitude is there."""
    normal = outer_scale(m, config.to.tensor, operands.get("tensor", Const(0, 0)))
    last = tick - 1
    if last:
        normal = ticks.all_loaded(normal, 0, "tensor")
        normal = ticks.all_carried(normal, 1, last, "tensor")
    outer = times_largest(m, config.to, normal)
    return Outer(
        ticks.all_loaded(outer.normal, last, "outer"),
        ticks.loaded(outer.top, last, "outer_top"),
        ticks.loaded(outer.carry, last, "outer_carry"),
    )


def way_of(
    m: Module,
    pipeline: Pipeline,
    ticks: VectorTicks,
    config: VectorQuantizerConfig,
    found: Found,
    *,
    target: Target,
) -> Way:
    """How scales and elements are made."""
    if not config.quotient:
        return ByPowers(m, pipeline, config, found)
    if config.reciprocal_bits is None:
        return ByComparisons(m, pipeline, ticks, config, found)
    return ByProducts(m, pipeline, ticks, config, found, target=target)


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
