"""What is common to all blocks: configurations, their options, and the cycle view.

A block's configuration is a frozen dataclass. One declaration of a field, with `option`,
feeds the constructor's check, the command line, JSON, the docs and sweeps.
"""

import dataclasses
import operator
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Self

import numpy as np

from .any_format import AnyFormat
from .block_format import BlockFormat
from .ports import Direction, Port, Role
from .preset import Preset
from .rounding import MAX_RANDOM_BITS
from .schedule import Schedule, fixed_latency

__all__ = ["BlockConfig", "Option", "option", "random_bits_option"]

MISSING = dataclasses.MISSING

#: Roles of ports that control the flow, of which a golden model knows nothing.
CONTROL = (Role.ENABLE, Role.RESET, Role.VALID, Role.READY)

#: Kinds of options whose values have names of their own.
NAMED = (AnyFormat, BlockFormat)


def option(
    meaning: str, *, default: Any = MISSING, minimum: int | None = None, maximum: int | None = None
) -> Any:
    """A field of a configuration, with its meaning and, for integers, its bounds."""
    metadata = {"meaning": meaning, "minimum": minimum, "maximum": maximum}
    return dataclasses.field(default=default, metadata=metadata)


def random_bits_option() -> Any:
    """The field `random_bits` of a block that rounds; see `rounding.block_random_bits`."""
    meaning = "bits of the port random, for stochastic roundings only (0: 8 with these)"
    return option(meaning, default=0, minimum=0, maximum=MAX_RANDOM_BITS)


@dataclass(frozen=True)
class Option:
    """A configuration's field as the command line and the docs see it."""

    name: str
    kind: type
    optional: bool
    meaning: str
    default: Any
    minimum: int | None
    maximum: int | None

    @property
    def required(self) -> bool:
        return self.default is MISSING

    @property
    def choices(self) -> list[str] | None:
        """The possible texts, where they can be listed."""
        return [str(choice) for choice in self.kind] if issubclass(self.kind, Enum) else None

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")

    def parse(self, text: Any) -> Any:
        """Make a value of a text, or of what JSON or TOML holds in its place."""
        if text is None and self.optional:
            return None
        if issubclass(self.kind, NAMED):
            return text if isinstance(text, NAMED) else self.kind.parse(typing.cast(str, text))
        if self.kind is bool:
            return self._parse_bool(text)
        if self.kind is int:
            return self._parse_int(text)
        if self.choices is not None and text not in self.choices:
            raise ValueError(
                f"Option {self.name} must be {' or '.join(self.choices)}, not {text!r}"
            )
        return self.kind(text)

    def _parse_bool(self, text: Any) -> bool:
        if isinstance(text, bool):
            return text
        if text not in ("true", "false"):
            raise ValueError(f"Option {self.name} must be true or false, not {text!r}")
        return text == "true"

    def _parse_int(self, text: Any) -> int:
        try:
            # Of numbers, only integers: JSON's 1.5 is none. Codes are often hexadecimal.
            return int(text, 0) if isinstance(text, str) else operator.index(text)
        except (TypeError, ValueError):
            raise ValueError(f"Option {self.name} must be an integer, not {text!r}") from None

    def check(self, value: Any) -> None:
        """Raise unless a value is of the option's kind and within its bounds."""
        if value is None and self.optional:
            return
        # A bool is an int to Python, but not to people.
        wrong = self.kind is int and isinstance(value, bool)
        if value is None or wrong or not isinstance(value, self.kind):
            raise TypeError(
                f"Option {self.name} must be of type {self.kind.__name__}, not {value!r}"
            )
        low, high = self.minimum, self.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            bounds = f"{low} or more" if high is None else f"{low} to {high}"
            raise ValueError(f"Option {self.name} must be {bounds}, not {value}")


@dataclass(frozen=True, kw_only=True)
class BlockConfig:
    """Base of all configurations: a block of fixed latency that takes inputs in each cycle.

    A golden model takes arrays of inputs in the order of time, one set an item of axis 0, and
    gives the outputs that belong to each set. A block may have state: outputs then depend on
    earlier inputs too, back to those with a port of role FIRST high. What they are before the
    first of these is not defined, and golden refuses a sequence that does not begin with one.
    Streaming blocks are `stream.StreamConfig`s.

    Attributes
    ----------
    block
        The block's name on the command line.
    presets
        Named values of its options.
    """

    block: ClassVar[str]
    presets: ClassVar[Mapping[str, Preset]] = {}

    def __post_init__(self) -> None:
        for opt in self.options():
            value = getattr(self, opt.name)
            if not issubclass(opt.kind, NAMED) and isinstance(value, str):
                value = opt.parse(value)
                object.__setattr__(self, opt.name, value)
            opt.check(value)

    @classmethod
    def options(cls) -> tuple[Option, ...]:
        """The options, in the order of their declaration."""
        hints = typing.get_type_hints(cls)
        found = []
        for field in dataclasses.fields(cls):
            hint = hints[field.name]
            members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
            kind = next(member for member in members if member is not types.NoneType)
            found.append(
                Option(
                    name=field.name,
                    kind=kind,
                    optional=types.NoneType in members,
                    default=field.default,
                    **field.metadata,
                )
            )
        return tuple(found)

    @property
    def latency(self) -> int:
        """Clock cycles from inputs to the outputs that belong to them; 0 is combinational."""
        raise NotImplementedError

    @property
    def interval(self) -> int:
        """Clock cycles from one set of inputs to the next."""
        return 1

    @property
    def ports(self) -> tuple[Port, ...]:
        """All ports but clock and reset, inputs first."""
        raise NotImplementedError

    @property
    def inputs(self) -> tuple[Port, ...]:
        return tuple(port for port in self.ports if port.direction is Direction.INPUT)

    @property
    def outputs(self) -> tuple[Port, ...]:
        return tuple(port for port in self.ports if port.direction is Direction.OUTPUT)

    @property
    def operands(self) -> tuple[Port, ...]:
        """The inputs that a golden model takes: all but those that control the flow."""
        return tuple(port for port in self.inputs if port.role not in CONTROL)

    @property
    def data_outputs(self) -> tuple[Port, ...]:
        """The outputs that a golden model gives: all but those that control the flow."""
        return tuple(port for port in self.outputs if port.role not in CONTROL)

    @property
    def has_state(self) -> bool:
        """Whether outputs depend on earlier inputs, too."""
        return any(port.role is Role.FIRST for port in self.inputs)

    @property
    def drain(self) -> int:
        """Cycles from inputs to the end of all that they cause, without stalls."""
        return self.latency

    def complete(self, operands: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The part of a sequence of operands that outputs come of without more of them."""
        return dict(operands)

    def schedule(self, inputs: Mapping[str, np.ndarray]) -> Schedule:
        """The cycle view, given what each input port is in each cycle."""
        cycles = len(next(iter(inputs.values())))

        def all_high(role: Role) -> np.ndarray:
            """Where all ports of a role are high; everywhere if there are none."""
            ports = [inputs[port.name] for port in self.inputs if port.role is role]
            return np.all([np.ones(cycles), *ports], axis=0)

        fresh = all_high(Role.FIRST)
        return fixed_latency(self.latency, all_high(Role.ENABLE), fresh)

    @property
    def edges(self) -> dict[str, np.ndarray]:
        """Codes of operands to test the block with besides those that their formats give.

        By port, and only of ports where results change at codes that are special in no other way.
        """
        return {}

    @property
    def identifier(self) -> str:
        """Name of the Verilog module: the block, and each option that is not the default."""
        parts = [self.block.replace("-", "_")]
        for opt in self.options():
            value = getattr(self, opt.name)
            if value is None or value == opt.default:
                continue
            if isinstance(value, NAMED):
                parts.append(
                    value.identifier if opt.name in ("a", "b") else f"{opt.name}_{value.identifier}"
                )
            else:
                text = "" if isinstance(value, bool) else re.sub(r"\W", "_", str(value))
                parts.append(f"{'no_' if value is False else ''}{opt.name}{text}")
        return "_".join(parts)

    @property
    def arguments(self) -> list[str]:
        """The options on the command line that make this configuration."""
        words = []
        for opt in self.options():
            value = getattr(self, opt.name)
            if value == opt.default or value is None:
                continue
            if isinstance(value, bool):
                words.append(opt.flag if value else opt.flag.replace("--", "--no-", 1))
            else:
                words += [opt.flag, str(value)]
        return words

    def to_json(self) -> dict[str, object]:
        """The options as JSON values."""
        values = {opt.name: getattr(self, opt.name) for opt in self.options()}
        plain = (bool, int, type(None))
        return {
            name: value if isinstance(value, plain) else str(value)
            for name, value in values.items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Make a configuration of what `to_json` gave, or of texts.

        Raises
        ------
        ValueError
            If an option is unknown or missing, or a value is none of its option.
        """
        options = {opt.name: opt for opt in cls.options()}
        for name in values:
            if name not in options:
                raise ValueError(
                    f"Option of {cls.block} must be {', '.join(options)}, not {name!r}"
                )
        parsed = {name: options[name].parse(value) for name, value in values.items()}
        for opt in options.values():
            if opt.required and opt.name not in values:
                raise ValueError(f"Option {opt.name} of {cls.block} must be given")
        return cls(**parsed)

    @classmethod
    def preset(cls, name: str, **options: object) -> Self:
        """Make a configuration of a preset, and of options that come before the preset's.

        Raises
        ------
        ValueError
            As `from_json`, or if there is no preset of the name.
        """
        if name not in cls.presets:
            known = ", ".join(cls.presets) or "left out"
            raise ValueError(f"Preset of {cls.block} must be {known}, not {name!r}")
        kinds = {opt.name: opt for opt in cls.options()}
        given = {key: kinds[key].parse(value) for key, value in options.items() if key in kinds}
        return cls.from_json({**cls.presets[name].options(given), **options})
