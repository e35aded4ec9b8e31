"""Post-processor: each column scaled, biased, activated and rounded; then vectors quantised."""

from typing import Any

from amaranth.hdl import Cat, Module, Value

from ffp8.golden.activation import Activation
from ffp8.golden.converter import ConverterConfig
from ffp8.golden.post_processor import PostProcessorConfig
from ffp8.golden.ranges import value_range

from .activation import clipped, leaky, rectified
from .converter import Converter
from .pipeline import Pipeline
from .scaled_sum import ScaledSum
from .stream import StreamComponent
from .target import Target
from .vector_delay import delayed
from .vector_quantizer import VectorQuantizer

__all__ = ["PostProcessor"]

#: The places that get registers, by their number. That of the neighbour is in the converter.
CUTS = {
    1: ("value",),
    2: ("product", "value"),
    3: ("rows", "product", "value"),
    4: ("rows", "product", "neighbour", "value"),
    5: ("rows", "product", "sum", "neighbour", "value"),
}


class PostProcessor(StreamComponent[PostProcessorConfig]):
    """Partial sums scaled, biased, activated and rounded, then quantised in vectors.

    A beat is taken in each tick. The first beat of a vector's elements shows `config.latency`
    ticks after the last beat of its sums was taken; without a quantizer each beat's values do.

    Parameters
    ----------
    config : :class:`PostProcessorConfig`

    Members
    -------
    i : ``In(stream.Signature(StructLayout))``
        Beats of sums: ``a``, ``factor`` and ``bias``; where there are such ``clip``, ``tensor``
        and ``random``.
    o : ``Out(stream.Signature(StructLayout))``
        Beats of results: ``out``, and of the quantizer ``scale``, ``maximum`` if asked for, and
        ``last``.
    """

    kind = PostProcessorConfig
    title = "Post-processor"

    def datapath(
        self, m: Module, advance: Value, valid: Value, operands: dict[str, Value], platform: Any
    ) -> tuple[Value, dict[str, Value]]:
        config = self.config
        pipeline = Pipeline(m, CUTS[config.stages], advance)
        clip = None
        if "clip" in operands:
            clip = along(pipeline, operands["clip"], "clip", pipeline.cuts[:-1])
        target = Target.of(platform)
        values = Cat(
            self.value(m, pipeline, operands, lane=lane, clip=clip, target=target)
            for lane in range(config.lanes)
        )
        valid = delayed(m, advance, valid, len(pipeline.cuts), "values_valid")
        if config.quantizer is None:
            return valid, {"out": values}
        m.submodules.quantizer = quantizer = VectorQuantizer(config.quantizer)
        given: dict[str, Value] = {"a": values}
        for port in config.quantizer.operands:
            if port.name != "a":
                given[port.name] = along(pipeline, operands[port.name], port.name, pipeline.cuts)
        # It stalls when this block does, because it shows the same beats.
        m.d.comb += [quantizer.i.valid.eq(valid), quantizer.o.ready.eq(self.o.ready)]
        payload = quantizer.i.payload
        m.d.comb += [Value.cast(payload[name]).eq(value) for name, value in given.items()]
        outputs = {
            port.name: Value.cast(quantizer.o.payload[port.name])
            for port in config.quantizer.data_outputs
        }
        return quantizer.o.valid, outputs

    def value(
        self,
        m: Module,
        pipeline: Pipeline,
        operands: dict[str, Value],
        *,
        lane: int,
        clip: Value | None,
        target: Target,
    ) -> Value:
        """The code of a lane's value, behind all registers."""
        config = self.config

        def of(name: str) -> Value:
            fmt = getattr(config, name)
            code = operands[name][lane * fmt.width :][: fmt.width]
            return code.as_signed() if fmt.sign else code

        columns = ScaledSum(
            m,
            pipeline,
            target,
            number=value_range(config.a),
            factor=value_range(config.factor),
            addend=value_range(config.bias),
            blocks=config.blocks,
        )
        number = columns.of(of("a"), of("factor"), of("bias"))
        if config.slope is not None:
            number = leaky(m, number, config.slope)
        code = self.rounded(m, pipeline, lane, number)
        if config.activation in (Activation.RELU, Activation.CLIPPED_RELU) and config.values.sign:
            code = rectified(code)
        if clip is not None:
            signs = config.values.sign
            one, other = (x.as_signed() if signs else x for x in (code, clip))
            code = clipped(m, one, other, f"clipped_{lane}")
        return pipeline.bits("value", code, f"value_{lane}")

    def rounded(self, m: Module, pipeline: Pipeline, lane: int, number: Value) -> Value:
        """The number in the format of values, behind the place of the neighbour."""
        config = self.config
        stages = int("neighbour" in pipeline.cuts)
        converter = Converter(
            ConverterConfig(
                a=config.exact,
                out=config.values,
                rounding=config.rounding,
                stages=stages,
                enable=bool(stages),
            )
        )
        m.submodules[f"converter_{lane}"] = converter
        assert len(number) >= config.exact.significand
        m.d.comb += Value.cast(converter.a).eq(number)
        if stages:
            assert pipeline.enable is not None
            m.d.comb += converter.enable.eq(pipeline.enable)
        return Value.cast(converter.out)


def along(pipeline: Pipeline, value: Value, name: str, places: tuple[str, ...]) -> Value:
    """A value behind the registers of some places."""
    for place in places:
        value = pipeline.bits(place, value, name)
    return value
