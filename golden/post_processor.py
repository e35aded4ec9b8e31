"""Post-processor: sums of a matrix product, scaled, biased, activated, rounded and quantised.

The chain behind the accumulators of Keller et al. 2023, A 95.6-TOPS/W Deep Learning Inference
Accelerator With Per-Vector Scaled 4-bit Quantization in 5 nm, IEEE JSSC 58(4), Fig. 6: a scale
and a bias for each column, ReLU, truncation, and then the largest magnitude of a vector, its
reciprocal and the quantised elements.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .activation import Activation, activate
from .block import option, random_bits_option
from .exact import INT64_BITS, Exact
from .formats import Format, fixed_point, integer, is_fixed_point
from .ports import Direction, Port
from .ranges import Range, value_range
from .raw import RawFormat
from .rounding import Rounding
from .stream import stream_ports
from .vector_options import VectorOptions
from .vector_quantizer import quantise_vectors

__all__ = ["PostProcessorConfig", "column_values", "post_process"]


@dataclass(frozen=True, kw_only=True)
class PostProcessorConfig(VectorOptions):
    """Partial sums scaled, biased, activated and rounded, then quantised in vectors.

    * A beat has `lanes` sums, each with the scale `factor` and the `bias` of its column. The value
      of a sum is its activated a * factor + bias, which is exact until it is rounded once to the
      format `values`, and saturates there.
    * The clip of `clipped-relu` comes with each beat, in the format of the values: it is learned,
      and differs from layer to layer.
    * With `to`, values are quantised in vectors as `vector-quantizer` does, with options of the
      same names but `element_rounding` and `quantizer_stages`. Without it, the values are the
      results, a beat for each beat.
    * The latency is `stages` ticks, and that of the quantizer.

    Raises
    ------
    TypeError, ValueError
        If an option is of the wrong kind or out of range, or options contradict each other.
    """

    block: ClassVar[str] = "post-processor"
    quantizer_options: ClassVar[dict[str, str]] = VectorOptions.quantizer_options | {
        "random_bits": "random_bits"
    }

    a: Format = option("format of the partial sums, in fixed point", default=integer(24))
    factor: Format = option(
        "format of the columns' scales, in fixed point without a sign",
        default=fixed_point(0, 16, sign=False),
    )
    bias: Format = option("format of the columns' biases, in fixed point", default=integer(24))
    values: Format = option("format that activated values are rounded to: the result's without to")
    lanes: int = option("sums that come in a beat; divides the length of a block", minimum=1)
    activation: Activation = option("what becomes of scaled sums", default=Activation.NONE)
    slope: int | None = option(
        "negative values are multiplied by 2^-slope, for leaky-relu only",
        default=None,
        minimum=1,
        maximum=16,
    )
    rounding: Rounding = option("rounding of the values", default=Rounding.NEAREST_EVEN)
    random_bits: int = random_bits_option()
    blocks: bool = option("multiply in the multiplier blocks of the device", default=False)
    stages: int = option("pipeline registers up to the values", default=4, minimum=1, maximum=5)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("a", "factor", "bias"):
            fmt = getattr(self, name)
            if not is_fixed_point(fmt) or (name == "factor" and fmt.sign):
                sign = " without a sign" if name == "factor" else ""
                raise ValueError(f"Format of {name} must be fixed point{sign}, not {fmt}")
        if self.rounding.stochastic:
            raise ValueError(
                f"Option rounding must be one without random bits, not {self.rounding}"
            )
        clipped = self.activation is Activation.CLIPPED_RELU
        if clipped and not is_fixed_point(self.values):
            raise ValueError(
                f"Format of values must be fixed point with clipped-relu, not {self.values}"
            )
        leaky = self.activation is Activation.LEAKY_RELU
        if leaky != (self.slope is not None):
            wanted = "given" if leaky else "absent"
            raise ValueError(f"Option slope must be {wanted} with activation {self.activation}")
        if self.quantizer is not None:
            object.__setattr__(self, "random_bits", self.quantizer.random_bits)

    @property
    def beat(self) -> tuple[Format, int]:
        return self.values, self.lanes

    # Ranges, from which the widths come.

    @property
    def product(self) -> Range:
        """The scaled sums."""
        return value_range(self.a) * value_range(self.factor)

    @property
    def total(self) -> Range:
        """The scaled sums with their biases."""
        return self.product + value_range(self.bias)

    @property
    def activated(self) -> Range:
        """What is rounded: the same, in a lesser unit if negative ones are multiplied.

        Clipping comes after the rounding in hardware, where it is the same.
        """
        total = self.total
        if self.slope is None:
            return total
        high = max(total.high, 0) << self.slope
        return Range(min(total.low, 0), high, total.unit - self.slope)

    @property
    def exact(self) -> RawFormat:
        """What is rounded, as a format: signed integers times a power of two."""
        return RawFormat(
            significand=self.activated.width,
            exponent=0,
            bias=-self.activated.unit,
            sign=False,
            infinity=False,
            nan=False,
            complement=True,
        )

    # The stream.

    @property
    def latency(self) -> int:
        return self.stages + (0 if self.quantizer is None else self.quantizer.latency)

    @property
    def beats(self) -> int:
        return 1 if self.quantizer is None else self.quantizer.beats

    @property
    def results(self) -> int:
        return 1 if self.quantizer is None else self.quantizer.results

    @property
    def ports(self) -> tuple[Port, ...]:
        columns = {
            "a": (self.a, "partial sums"),
            "factor": (self.factor, "scales of their columns"),
            "bias": (self.bias, "biases of their columns, added to the scaled sums"),
        }
        inputs = [
            Port(
                name=name,
                direction=Direction.INPUT,
                format=fmt,
                elements=self.lanes,
                meaning=meaning,
            )
            for name, (fmt, meaning) in columns.items()
        ]
        if self.activation is Activation.CLIPPED_RELU:
            meaning = "values of the beat above this one become it"
            inputs.append(
                Port(name="clip", direction=Direction.INPUT, format=self.values, meaning=meaning)
            )
        if self.quantizer is not None:
            inputs += [port for port in self.quantizer.operands if port.name != "a"]
            return stream_ports(inputs, self.quantizer.data_outputs)
        out = Port(
            name="out",
            direction=Direction.OUTPUT,
            format=self.values,
            elements=self.lanes,
            meaning="values",
        )
        return stream_ports(inputs, [out])


def numbers(fmt: Format, codes: np.ndarray, unit: int, width: int) -> np.ndarray:
    """Codes in fixed point as integers in a unit; in int64 where that holds `width` bits."""
    exact = fmt.unpack(codes)
    wide = object if width > INT64_BITS else np.int64
    magnitude = exact.significand.astype(wide) * 2 ** (fmt.quantum_exponent - unit)
    return np.where(exact.negative, -magnitude, magnitude)


def column_values(config: PostProcessorConfig, **operands: np.ndarray) -> np.ndarray:
    """The codes of the values of beats, in the shape of the sums.

    Parameters
    ----------
    operands
        Codes of `a`, `factor` and `bias` (beat, lane), and with a clip of `clip` (beat). One lane
        has no axis of its own.
    """
    common = config.total
    if config.activation is Activation.CLIPPED_RELU:
        common = common | value_range(config.values)
    unit, width = common.unit, common.width
    # The factor's own unit makes the unit of products that of the sum.
    a = numbers(config.a, operands["a"], unit - config.factor.quantum_exponent, width)
    factor = numbers(config.factor, operands["factor"], config.factor.quantum_exponent, width)
    total = a * factor + numbers(config.bias, operands["bias"], unit, width)
    clip = None
    if config.activation is Activation.CLIPPED_RELU:
        clip = numbers(config.values, operands["clip"], unit, width)
        clip = clip.reshape(clip.shape + (1,) * (total.ndim - 1))
    slope = config.slope or 0
    result = activate(config.activation, total, slope=slope, clip=clip)
    exact = Exact.from_integers(result).scaled(unit - slope)
    return config.values.round(exact, config.rounding)[0]


def post_process(config: PostProcessorConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """Process beats of sums, in whole vectors.

    Parameters
    ----------
    operands
        Codes as `column_values` takes them; and those that the quantizer takes, but for its
        values.

    Returns
    -------
    Codes of `out` (beat, lane), and with `to` all else that the quantizer gives.

    Raises
    ------
    ValueError
        If the beats are no whole number of vectors.
    """
    values = column_values(config, **operands)
    if config.quantizer is None:
        return {"out": values}
    rest = {
        port.name: operands[port.name] for port in config.quantizer.operands if port.name != "a"
    }
    return quantise_vectors(config.quantizer, a=values, **rest)
