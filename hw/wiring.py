"""Connections between interfaces that agree on their formats."""

from typing import Any

from amaranth.hdl import Module, Shape
from amaranth.lib import data, wiring

__all__ = ["connect"]


def connect(m: Module, *interfaces: Any, **named: Any) -> None:
    """Connect interfaces as :func:`amaranth.lib.wiring.connect` does, if their shapes agree.

    Amaranth's own function compares widths only, so that it takes codes of one format for those
    of another one.

    Raises
    ------
    ConnectionError
        If members of the same name are of different formats, or for one of Amaranth's reasons.
    """
    objects = dict(enumerate(interfaces)) | named
    found: dict[tuple[str | int, ...], tuple[object, Any]] = {}
    for handle, interface in objects.items():
        if not hasattr(interface, "signature"):
            continue  # Amaranth tells what is wrong with it.
        for path, member in interface.signature.members.flatten():
            if not member.is_port:
                continue
            other, shape = found.setdefault(path, (handle, member.shape))
            if not agree(shape, member.shape):
                name = ".".join(str(part) for part in path)
                raise wiring.ConnectionError(
                    f"Member {name} must have one shape in all interfaces, not {shape!r} in "
                    f"{other!r} and {member.shape!r} in {handle!r}"
                )
    wiring.connect(m, *interfaces, **named)


def agree(one: Any, other: Any) -> bool:
    """Whether two shapes are equal, the formats inside of vectors and structures included.

    Plain bits may differ in signedness, and are left to Amaranth, which compares their widths.
    """
    if isinstance(one, data.ArrayLayout) and isinstance(other, data.ArrayLayout):
        return one.length == other.length and agree(one.elem_shape, other.elem_shape)
    if type(one) is data.StructLayout and type(other) is data.StructLayout:
        return list(one.members) == list(other.members) and all(
            agree(shape, other.members[name]) for name, shape in one.members.items()
        )
    plain = isinstance(one, int | Shape) and isinstance(other, int | Shape)
    return plain or one == other
