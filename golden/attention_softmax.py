"""Which softmax an attention has, as a text: the name of a preset or of a block, and options."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .formats import Format, fixed_point
from .scalar_format import ScalarFormat
from .softmax import SoftmaxConfig, softmax
from .softmax_options import MAX_INNER_WIDTH
from .table_softmax import TableSoftmaxConfig, table_softmax

__all__ = ["SOFTMAXES", "AnySoftmax", "rows_of", "softmax_of"]

#: The configurations of all blocks whose ports are those of `softmax`.
AnySoftmax = SoftmaxConfig | TableSoftmaxConfig

#: These blocks, and their golden models. The first is that of options without a name.
SOFTMAXES: dict[type[AnySoftmax], Callable[..., dict[str, np.ndarray]]] = {
    SoftmaxConfig: softmax,
    TableSoftmaxConfig: table_softmax,
}

#: Options that attention has itself, or says by others.
OWN = ("a", "out", "lanes", "length", "mask", "log2e_bits", "to")


def rows_of(text: str, *, lanes: int, length: int, mask: bool, out: ScalarFormat) -> AnySoftmax:
    """The softmax that a text names, of arguments that need no conversion.

    Where it has no `total` of its own, that has as many integer bits as the longest row needs,
    and no more fraction bits than there is room for.

    Raises
    ------
    ValueError
        If the text names none, or its options do not go together.
    """
    name, _, rest = text.partition(",")
    if "=" in name:
        name, rest = "", text
    kind, options = named(name, text)
    given = {}
    for word in filter(None, rest.split(",")):
        option, equals, value = word.partition("=")
        if not equals or option in OWN:
            raise ValueError(
                f"Option softmax must have options as segments=4, and none of {', '.join(OWN)}, "
                f"not {word!r}"
            )
        given[option] = value
    options = {option: value for option, value in options.items() if option not in OWN}
    # The least row, as long as the sum's width is not known.
    found = kind.from_json(options | given | {"lanes": lanes, "mask": mask, "length": 1})
    found = replace(found, a=found.argument, out=out)
    total = getattr(found, "total", None)
    if "total" in given or not isinstance(total, Format):
        return replace(found, length=length)
    elements = -(-length // lanes) * lanes
    whole = elements.bit_length()
    fraction = min(-total.quantum_exponent, MAX_INNER_WIDTH - whole)
    total = fixed_point(whole, fraction, sign=False)
    return replace(found, length=length, total=total)


def named(name: str, text: str) -> tuple[type[AnySoftmax], dict[str, object]]:
    """The configuration that a name stands for, and the options of a preset."""
    for kind in SOFTMAXES:
        if name in {"", kind.block}:
            return kind, {}
        if name in kind.presets:
            return kind, dict(kind.presets[name].options({}))
    known = [name for kind in SOFTMAXES for name in (kind.block, *kind.presets)]
    raise ValueError(
        f"Option softmax must begin with {', '.join(known)}, or an option as segments=4, "
        f"not {text!r}"
    )


def softmax_of(config: AnySoftmax, **operands: np.ndarray) -> dict[str, np.ndarray]:
    """What the golden model of a configuration's block gives."""
    return SOFTMAXES[type(config)](config, **operands)
