"""Formats as Amaranth shapes: signals that know their format and show decimals in waveforms."""

from functools import cache
from typing import Any

from amaranth.hdl import Format as HdlFormat
from amaranth.hdl import Shape, Value
from amaranth.lib import data

from ffp8.golden.formats import Format, Scalar
from ffp8.golden.raw import RawFormat
from ffp8.golden.scalar_format import ScalarFormat

__all__ = ["FormatLayout", "FormatView", "RawLayout"]

#: Waveforms show the values of formats up to this width; a table of them all is needed.
MAX_SHOWN_WIDTH = 10


@cache
def decimals(fmt: ScalarFormat) -> dict[int, str]:
    """The value of each code as text."""
    return dict(enumerate(fmt.unpack(fmt.codes).to_texts()))


class FormatLayout(data.StructLayout):
    """The shape of a signal that holds codes of a format.

    The simulator takes and gives `Scalar`s. A layout equals one of the same format only, not
    one that merely has the same fields, so that signatures of different formats differ.

    Parameters
    ----------
    fmt : :class:`ScalarFormat`

    Members
    -------
    body : ``unsigned(fmt.width - 1)``
        Of posits, instead of fraction and exponent. Those of negative ones are in two's
        complement, with the sign.
    fraction : ``unsigned(fmt.fraction)``
    exponent : ``unsigned(fmt.exponent)``
        Only where the format has an exponent field.
    sign : ``unsigned(1)``
        Only where the format has a sign.
    """

    def __init__(self, fmt: ScalarFormat):
        if not isinstance(fmt, ScalarFormat):
            raise TypeError(f"Layout format must be a Format, not {fmt!r}")
        if isinstance(fmt, Format):
            members = {"fraction": fmt.fraction, "exponent": fmt.exponent, "sign": int(fmt.sign)}
        else:
            members = {"body": fmt.width - fmt.sign, "sign": int(fmt.sign)}
        super().__init__({name: bits for name, bits in members.items() if bits})
        self.fmt = fmt

    def const(self, init: Any) -> data.Const:
        """A constant of a `Scalar` of this format, or of None for code 0."""
        if init is None:
            init = Scalar(self.fmt, 0)
        if not isinstance(init, Scalar):
            raise TypeError(f"Constant of {self!r} must be a Scalar, not {init!r}")
        if init.fmt != self.fmt:
            raise TypeError(f"Constant of {self!r} must be of format {self.fmt}, not {init.fmt}")
        return data.Const(self, init.code)

    def from_bits(self, raw: int) -> Any:
        return Scalar(self.fmt, raw)

    def __call__(self, target: Any) -> "FormatView":
        return FormatView(self, target)

    def format(self, value: Any, format_spec: str) -> Any:
        if self.fmt.width > MAX_SHOWN_WIDTH:
            return super().format(value, format_spec)
        return HdlFormat.Enum(Value.cast(value), decimals(self.fmt))

    def __eq__(self, other: object) -> bool:
        return type(other) is FormatLayout and other.fmt == self.fmt

    def __hash__(self) -> int:
        return hash(self.fmt)

    def __repr__(self) -> str:
        return f"FormatLayout({self.fmt})"


class FormatView(data.View):
    """A signal of a format, and its fields. Values of other formats cannot be assigned to it."""

    def eq(self, other: Any) -> Any:
        """Assign a signal of the same format, a `Scalar` of it, or bits (a `Value`)."""
        layout = self.shape()
        if isinstance(other, Scalar):
            other = layout.const(other)
        elif isinstance(other, data.View | data.Const):
            if other.shape() != layout:
                raise TypeError(f"Value assigned to {layout!r} must be that, not {other.shape()!r}")
        elif not isinstance(other, Value):
            raise TypeError(f"Value assigned to {layout!r} must be a Scalar or bits, not {other!r}")
        return super().eq(other)


class RawLayout(data.StructLayout):
    """The shape of a signal that holds codes of a `RawFormat`; its fields are the members."""

    def __init__(self, fmt: RawFormat):
        if not isinstance(fmt, RawFormat):
            raise TypeError(f"Layout format must be a RawFormat, not {fmt!r}")
        super().__init__({name: Shape(bits) for name, bits in fmt.fields.items()})
        self.fmt = fmt

    def __eq__(self, other: object) -> bool:
        return type(other) is RawLayout and other.fmt == self.fmt

    def __hash__(self) -> int:
        return hash(self.fmt)

    def __repr__(self) -> str:
        return f"RawLayout({self.fmt})"
