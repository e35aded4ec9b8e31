"""Options of a softmax: those of each pass, and those that both must have alike."""

from dataclasses import dataclass
from functools import cached_property

from .block import option
from .formats import Format, fixed_point
from .online_softmax import Online
from .piecewise import MAX_SEGMENTS, Curve, Fit, piecewise
from .ports import Direction, Port
from .preset import Preset
from .rounding import Rounding
from .scalar_format import ScalarFormat
from .score_options import RowOptions, ScoreOptions, last_port
from .softmax_normaliser import Normaliser, least_total
from .softmax_stages import SoftmaxStages

__all__ = ["CommonOptions", "PowersOptions", "ResultOptions", "wide"]

#: Other fixed-point formats of Table I of the Softermax paper (Stevens et al., DAC 2021).
POWER = fixed_point(1, 15, sign=False)
TOTAL = fixed_point(10, 6, sign=False)
RECIPROCAL = fixed_point(1, 7, sign=False)

#: Widest fixed-point number inside, so that numpy's integers hold all products.
MAX_INNER_WIDTH = 24

#: Formats that lose no more than a step of an argument of 6 fraction bits does.
WIDE = {
    "argument": "q6.6",
    "power": "uq1.17",
    "total": "uq10.12",
    "reciprocal": "uq1.12",
    "reciprocal_segments": 16,
    "out": "uq1.15",
}


def wide(*names: str) -> dict[str, Preset]:
    """The presets of a block that has the options of these names."""
    values = {name: WIDE[name] for name in names or WIDE}
    meaning = "formats with a fifth of the paper's errors, or less"
    return {"wide": Preset(meaning, lambda _: values)}


@dataclass(frozen=True, kw_only=True)
class CommonOptions(RowOptions):
    """What both passes must have alike: the formats between them, and how powers are made."""

    segments: int = option(
        "segments of 2^f: a power of two, or 0 for powers of two alone",
        default=4,
        minimum=0,
        maximum=16,
    )
    fit: Fit = option("lines of 2^f", default=Fit.CHORD)
    power: Format = option("format of powers", default=POWER)
    total: Format = option("format of the sum of a row", default=TOTAL)
    slope_bits: int = option("fraction bits of slopes", default=10, minimum=1, maximum=20)
    blocks: bool = option("multiply in the multiplier blocks of the device", default=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_fixed_point("argument", sign=True)
        self._check_fixed_point("power", sign=False)
        self._check_fixed_point("total", sign=False)
        if integer_bits(self.argument) > 8:
            raise ValueError(
                f"Option argument must have at most 8 integer bits, not {self.argument}"
            )
        self._check_one("power")
        if self.longest * self.lanes >= 2 ** integer_bits(self.total):
            raise ValueError(
                f"Option total must hold a sum of {self.longest * self.lanes}, not {self.total}"
            )
        if fraction_bits(self.total) < 1:
            raise ValueError(f"Option total must have fraction bits, not {self.total}")
        self._check_segments("segments")

    def _check_fixed_point(self, name: str, *, sign: bool) -> None:
        fmt = getattr(self, name)
        plain = fmt == fixed_point(integer_bits(fmt), fraction_bits(fmt), sign=sign)
        if fmt.exponent or not plain or not 0 <= fraction_bits(fmt) <= fmt.width:
            kind = "signed" if sign else "unsigned"
            raise ValueError(f"Option {name} must be a format of {kind} fixed point, not {fmt}")
        if fmt.width > MAX_INNER_WIDTH:
            raise ValueError(
                f"Option {name} must be at most {MAX_INNER_WIDTH} bits wide, not {fmt}"
            )

    def _check_one(self, name: str) -> None:
        if integer_bits(getattr(self, name)) < 1:
            raise ValueError(f"Option {name} must hold 1, not {getattr(self, name)}")

    def _check_segments(self, name: str) -> None:
        count = getattr(self, name)
        if count & count - 1:
            raise ValueError(f"Option {name} must be a power of two, not {count}")

    @property
    def top(self) -> Format:
        """The format of the running maximum: integers, up to one above all arguments."""
        return fixed_point(integer_bits(self.argument) + 1, 0)

    @property
    def argument_stages(self) -> int:
        """Registers from a score to its argument, with the one behind it."""
        return 0

    @property
    def result_stages(self) -> int:
        """Registers from a product to its result."""
        return 0

    @property
    def stages(self) -> SoftmaxStages:
        """Where registers are."""
        return SoftmaxStages(
            argument=self.argument_stages,
            lanes=self.lanes,
            line=2 if any(self.online.table.slopes) else 0,
            result=self.result_stages,
        )

    @cached_property
    def online(self) -> Online:
        """The units of the pass before normalisation."""
        argument_fraction = fraction_bits(self.argument)
        return Online(
            argument_fraction=argument_fraction,
            lowest=-(2 ** (integer_bits(self.argument) - 1)),
            table=piecewise(
                Curve.POWER,
                self.segments,
                self.fit,
                argument_bits=argument_fraction,
                fraction=fraction_bits(self.power),
                slope_fraction=self.slope_bits,
            ),
            power_fraction=fraction_bits(self.power),
            total_fraction=fraction_bits(self.total),
        )


@dataclass(frozen=True, kw_only=True)
class PowersOptions(ScoreOptions, CommonOptions):
    """What the pass before normalisation has besides: its scores, and the way to arguments."""


@dataclass(frozen=True, kw_only=True)
class ResultOptions(CommonOptions):
    """What the pass that normalises has besides: reciprocals, and results."""

    out: ScalarFormat = option("format of the results", default=RECIPROCAL)
    reciprocal: Format = option("format of the reciprocal of 1 to 2", default=RECIPROCAL)
    reciprocal_segments: int = option(
        "segments of the reciprocal: a power of two",
        default=8,
        minimum=1,
        maximum=MAX_SEGMENTS,
    )
    reciprocal_fit: Fit = option("lines of the reciprocal", default=Fit.CHORD)
    rounding: Rounding = option("rounding of the results", default=Rounding.NEAREST_EVEN)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_fixed_point("reciprocal", sign=False)
        self._check_one("reciprocal")
        self._check_segments("reciprocal_segments")
        if self.rounding.stochastic:
            raise ValueError(f"Option rounding must not be {self.rounding}: no bits are random")

    @property
    def result_stages(self) -> int:
        floating = not isinstance(self.out, Format) or bool(self.out.exponent)
        return 2 if floating else 1

    @property
    def result_ports(self) -> list[Port]:
        """The beats that come out."""
        results = Port(
            name="out",
            direction=Direction.OUTPUT,
            format=self.out,
            elements=self.lanes,
            meaning="softmax of the row",
        )
        return [results, last_port("out_last", Direction.OUTPUT)]

    @cached_property
    def normaliser(self) -> Normaliser:
        """The units of the pass that normalises."""
        return Normaliser(
            power_fraction=fraction_bits(self.power),
            total_fraction=fraction_bits(self.total),
            total_bits=self.total.width,
            least=least_total(self.online),
            table=piecewise(
                Curve.RECIPROCAL,
                self.reciprocal_segments,
                self.reciprocal_fit,
                argument_bits=self.total.width - 1,
                fraction=fraction_bits(self.reciprocal),
                slope_fraction=self.slope_bits,
            ),
            reciprocal_fraction=fraction_bits(self.reciprocal),
        )


def integer_bits(fmt: Format) -> int:
    """Bits of a fixed-point format before the point, with the sign."""
    return fmt.width - fraction_bits(fmt)


def fraction_bits(fmt: Format) -> int:
    """Bits of a fixed-point format behind the point."""
    return -fmt.quantum_exponent
