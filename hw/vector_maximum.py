"""The largest magnitude of a vector that comes in beats."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ffp8.golden.formats import Format, Specials
from ffp8.golden.vector_quantizer import magnitude_format

from .pipeline import Pipeline
from .unpacked import Normal, absolute, normalise, unpack
from .vector_delay import Beat, delayed

__all__ = ["Largest", "Magnitudes", "largest"]


@dataclass(frozen=True)
class Largest:
    """The largest magnitude of a vector, without NaN.

    Attributes
    ----------
    code
        Its code in the `magnitude_format`; with `Magnitudes.short` no more than the exponent.
    nan
        Whether there is a NaN in the vector.
    """

    code: Value
    nan: Value


@dataclass(frozen=True)
class Magnitudes:
    """Keys of values, which are in the order of their magnitudes.

    Parameters
    ----------
    fmt
        Format of the values.
    short
        Only exponents count: those of subnormals mean nothing.
    nan_counts
        A vector with a NaN has no other largest magnitude, so that NaN may be a key above all.
    """

    fmt: Format
    short: bool
    nan_counts: bool

    @cached_property
    def above_all(self) -> bool:
        """Whether NaN is a key like others."""
        return self.nan_counts and self.fmt.specials in (Specials.IEEE, Specials.FN)

    def key(self, code: Value) -> tuple[Value, Value]:
        """The key of a code, and whether this is NaN."""
        fmt = self.fmt
        fraction, field = code[: fmt.fraction], code[fmt.fraction : fmt.magnitude_width]
        x = unpack(fmt, code)
        if self.short and self.above_all:
            return Cat(self.marker(fraction), field), x.nan
        if self.short:
            return field & (~x.nan).replicate(len(field)), x.nan
        if fmt.complement:
            return absolute(code), Const(0, 1)
        magnitude = code[: fmt.magnitude_width]
        if fmt.exponent and not fmt.subnormals:
            magnitude = Cat(fraction & field.any().replicate(fmt.fraction), field)
        if self.above_all or not fmt.has_nan:
            return magnitude, Const(0, 1)
        return magnitude & (~x.nan).replicate(len(magnitude)), x.nan

    def marker(self, fraction: Value) -> Value:
        """The bit that tells NaN from other codes with the largest exponent field."""
        return fraction.any() if self.fmt.specials is Specials.IEEE else fraction.all()

    def found(self, key: Value, nan: Value) -> Largest:
        """What the largest key says."""
        fmt = self.fmt
        if not self.above_all:
            return Largest(key, nan)
        if self.short:
            return Largest(key[1:], key.all())
        return Largest(key, unpack(fmt, Cat(key, Const(0, fmt.width - len(key)))).nan)

    def normal(self, m: Module, code: Value) -> Normal:
        """The largest magnitude, normalised; its exponent alone if it is short."""
        fmt = magnitude_format(self.fmt)
        if self.short:
            nothing = Const(0, 0)
            infinity = Const(0, 1)
            if fmt.has_infinity:
                infinity = code.all()
            return Normal(
                Const(0, 1), code, nothing, Const(0, 1), infinity, Const(0, 1),
                low=0, high=fmt.max_exponent_field, zero_exponent=0, offset=fmt.min_exponent - 1,
            )  # fmt: skip
        return normalise(m, fmt, Cat(code, Const(0, fmt.width - len(code))), "largest")


def greater(m: Module, left: Value, right: Value, name: str) -> Value:
    """The greater one of two keys."""
    found = Signal(len(left), name=name)
    m.d.comb += found.eq(Mux(left > right, left, right))
    return found


def tree(m: Module, keys: Sequence[Value], cut: Callable[[int, Value], Value], name: str) -> Value:
    """The greatest of many keys; `cut` may put a register behind each level."""
    level = 0
    while len(keys) > 1:
        pairs = [keys[place : place + 2] for place in range(0, len(keys), 2)]
        found = []
        for place, pair in enumerate(pairs):
            one = pair[0]
            if len(pair) == 2:
                one = greater(m, pair[0], pair[1], f"{name}_{level}_{place}")
            found.append(cut(level, one))
        keys = found
        level += 1
    return keys[0]


def largest(
    m: Module,
    pipeline: Pipeline,
    magnitudes: Magnitudes,
    beat: Beat,
    codes: Sequence[Value],
    *,
    cuts: int,
) -> Largest:
    """The largest magnitude, `cuts` + 1 ticks after a vector's last beat.

    It stays until that of the next vector comes.

    Parameters
    ----------
    codes
        The values of a beat.
    cuts
        Registers within the tree of comparisons.
    """
    advance = pipeline.enable
    assert advance is not None
    pairs = [magnitudes.key(code) for code in codes]
    nan: Value = Cat(bit for _, bit in pairs).any()
    if all(isinstance(bit, Const) for _, bit in pairs):
        nan = Const(0, 1)
    # Comparisons between registers, the one with the beats before this one included.
    depth = (len(codes) - 1).bit_length()
    steps = depth + (not isinstance(beat.last, Const))
    places = [min(steps * (cut + 1) // (cuts + 1), depth) for cut in range(cuts)]

    def cut(level: int, key: Value) -> Value:
        """A key behind the registers that a level has; level 0 is that of the keys."""
        for _ in range(places.count(level)):
            register = pipeline.register(len(key), f"key_{level}")
            pipeline.load(register, key)
            key = register
        return key

    keys = [cut(0, key) for key, _ in pairs]
    top = tree(m, keys, lambda level, key: cut(level + 1, key), "greater")
    for place in range(cuts):
        if not isinstance(nan, Const):
            register = pipeline.register(1, f"nan_{place}")
            pipeline.load(register, nan)
            nan = register
    valid, first, last = (
        bit if isinstance(bit, Const) else delayed(m, advance, bit, cuts, f"largest_{name}")
        for name, bit in (("valid", beat.valid), ("first", beat.first), ("last", beat.last))
    )
    found = pipeline.register(len(top), "largest_key")
    any_nan = pipeline.register(1, "largest_nan")
    if isinstance(last, Const):
        pipeline.load(found, top)
        pipeline.load(any_nan, nan)
    else:
        running = pipeline.register(len(top), "running_key")
        running_nan = pipeline.register(1, "running_nan")
        total = Signal(len(top), name="greatest_so_far")
        m.d.comb += total.eq(Mux(first | (top > running), top, running))
        total_nan = Signal(name="nan_so_far")
        m.d.comb += total_nan.eq(nan | (running_nan & ~first))
        with m.If(advance & valid):
            m.d.sync += [running.eq(total), running_nan.eq(total_nan)]
        with m.If(advance & valid & last):
            m.d.sync += [found.eq(total), any_nan.eq(total_nan)]
    return magnitudes.found(found, Const(0, 1) if isinstance(nan, Const) else any_nan)
