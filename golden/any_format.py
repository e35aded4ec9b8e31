"""What all formats have in common: codes of a width, each with an exact value."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from .exact import Exact

__all__ = ["AnyFormat"]


class AnyFormat(ABC):
    """What the codes of a port mean: numbers of a format, or exact results in raw fields.

    Attributes
    ----------
    kind
        What formats of the class are called.
    """

    kind: ClassVar[str] = "a format"

    @property
    @abstractmethod
    def width(self) -> int:
        """Bits of a code."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The format as text, which `parse` reads."""

    @abstractmethod
    def unpack(self, codes: ArrayLike) -> Exact:
        """The exact values of an array of codes."""

    @property
    def identifier(self) -> str:
        """The name, as a part of a Verilog identifier or a file name."""
        return self.name.replace("-", "n").replace(".", "p")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, text: str) -> Self:
        """Make the format that a text names.

        Parameters
        ----------
        text
            A name of the catalogue (``e4m3fn``, ``float16``, ``int8``), fields
            (``s1e4m3b7``, ``s0e3m5``, ``s1e3m0b3r4``), fixed point (``q6.2``, ``uq1.15``), a
            P3109 name (``binary8p4se``) or a posit (``posit8_2``: width and es); fields and
            names may be followed by ``_ieee``, ``_fn``, ``_fnuz``, ``_extended`` and ``_nosub``.
            Or the fields of an exact result (``raw_m42e0b18_cn``).

        Raises
        ------
        ValueError
            If no format has this name; the message holds the nearest known name. Or if the
            format is not of the class that was asked: `Format` does not read posits.
        """
        from .catalogue import parse  # The catalogue is made of formats.

        fmt = parse(text)
        if not isinstance(fmt, cls):
            raise ValueError(f"Format must be {cls.kind}, not {fmt}")
        return fmt

    def decode(self, codes: ArrayLike) -> np.ndarray:
        """The values of an array of codes, as float64.

        Raises
        ------
        ValueError
            If a value is no float64 (`unpack` takes formats of any range).
        """
        return self.unpack(codes).to_floats()
