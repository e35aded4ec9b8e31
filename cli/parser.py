"""Arguments: one parser for each verb, with a block's options where the verb takes a block."""

import argparse
import difflib
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from ffp8.golden.any_format import AnyFormat
from ffp8.golden.block import BlockConfig, Option
from ffp8.hw.blocks import BLOCKS
from ffp8.synth.programs import TOOL_SETS

__all__ = [
    "Parser",
    "UsageError",
    "add_block",
    "add_tool_options",
    "choose",
    "config_of",
    "seeds_of",
]


class UsageError(Exception):
    """What somebody typed cannot be done; the message says what can."""


class Parser(argparse.ArgumentParser):
    """A parser that raises `UsageError` instead of printing its usage."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


def choose(what: str, name: str, known: Iterable[str]) -> str:
    """Check that a name is known.

    Raises
    ------
    UsageError
        If it is not, with the known ones and the nearest.
    """
    names = list(known)
    if name in names:
        return name
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else ""
    raise UsageError(f"{what} must be {' or '.join(names)}, not {name!r}{hint}")


def find_block(arguments: Sequence[str]) -> str | None:
    """The block that arguments name: the first of them, if it is no option."""
    named = [word for word in arguments if word in BLOCKS]
    if named:
        return named[0]
    if arguments and not arguments[0].startswith("-"):
        return choose("Block", arguments[0], BLOCKS)
    return None


def add_block(parser: argparse.ArgumentParser, arguments: Sequence[str], default: str = "") -> None:
    """Add the block that the arguments name, and its configuration's options.

    Parameters
    ----------
    default
        The block where none is named; it must be named if this is empty.
    """
    name = find_block(arguments) or default
    if not name:
        if not {"-h", "--help"} & set(arguments):
            raise UsageError(f"Block must be given: {' or '.join(BLOCKS)}")
        parser.add_argument("block", choices=list(BLOCKS), help="its options: --help after it")
        return
    block = BLOCKS[name]
    parser.add_argument("block", nargs="?", default=name, choices=[name], help="name of the block")
    group = parser.add_argument_group(f"{name}: {block.summary.rstrip('.').lower()}")
    if block.config.presets:
        group.add_argument(
            "--preset",
            choices=list(block.config.presets),
            help="options of a known machine; those given besides come first",
        )
    for opt in block.config.options():
        settings: dict[str, Any] = {"help": describe(opt), "default": argparse.SUPPRESS}
        if opt.kind is bool:
            settings["action"] = argparse.BooleanOptionalAction
        elif opt.choices:
            settings["choices"] = opt.choices
        else:
            settings["metavar"] = (
                "FORMAT" if issubclass(opt.kind, AnyFormat) else opt.kind.__name__.upper()
            )
        group.add_argument(opt.flag, dest=f"option_{opt.name}", **settings)


def add_tool_options(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a tool set."""
    parser.add_argument(
        "--tools",
        help=f"tool set: {', '.join(TOOL_SETS)} (default: $FFP8_TOOLS, or yowasp)",
    )


def seeds_of(text: str) -> list[int]:
    """Seeds as numbers.

    Raises
    ------
    UsageError
        If they are none.
    """
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise UsageError(f"Seeds must be numbers separated by commas, not {text!r}") from None


def describe(opt: Option) -> str:
    if opt.required:
        return f"{opt.meaning} (required)"
    return opt.meaning if opt.default is None else f"{opt.meaning} (default: {opt.default})"


def config_of(args: argparse.Namespace) -> BlockConfig:
    """The configuration that the options give.

    Where none of the required options is given, the rest changes the block's example.

    Raises
    ------
    UsageError
        If the options contradict each other.
    """
    block = BLOCKS[args.block]
    prefix = "option_"
    values = {
        name.removeprefix(prefix): value
        for name, value in vars(args).items()
        if name.startswith(prefix)
    }
    preset = getattr(args, "preset", None)
    required = [opt.name for opt in block.config.options() if opt.required]
    try:
        if preset is not None:
            return block.config.preset(preset, **values)
        if not any(name in values for name in required):
            values = block.example.to_json() | values
        return block.config.from_json(values)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
