"""Rounding: an exact raw value becomes a code of a format, once."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from ffp8.golden.formats import Format
from ffp8.golden.rounding import Overflow, Rounding

from .unpacked import Unpacked

__all__ = ["Rounded", "Rounder"]


@dataclass(frozen=True)
class Rounded:
    """A code, and the exceptions of its rounding."""

    code: Value
    overflow: Value
    underflow: Value
    inexact: Value
    invalid: Value


class Rounder:
    """Rounds values significand * 2^(exponent + offset) to a format.

    As in the golden model, a magnitude becomes an index: the code that it has, or would have
    if there were more exponents.
    """

    def __init__(self, out: Format, rounding: Rounding, overflow: Overflow):
        self.out = out
        self.rounding = rounding
        self.overflow = overflow

    def __call__(self, m: Module, raw: Unpacked, offset: int, shift: Value | None = None) -> Rounded:
        """Round a value, times 2^shift if given. All signals are combinational in `m`."""
        index, guard, sticky, tiny = (
            self.align_float(m, raw, offset, shift)
            if self.out.exponent
            else self.align_fixed(m, raw, offset, shift)
        )
        return self.finish(m, raw, index, guard, sticky, tiny)

    def align_float(
        self, m: Module, raw: Unpacked, offset: int, shift: Value | None
    ) -> tuple[Value, Value, Value, Value]:
        out = self.out
        # At least one bit below the last one kept.
        padding = max(out.fraction + 2 - len(raw.significand), 0)
        width = len(raw.significand) + padding
        significand = Cat(Const(0, padding), raw.significand)
        # Exponent of the significand's first bit, over that of the least normal.
        top = raw.exponent + (offset + len(raw.significand) - 1 - out.min_exponent)
        if shift is not None:
            top = top + shift
        t = Signal(signed(max(len(top), width.bit_length() + 1) + 1))
        m.d.comb += t.eq(top)
        zeros = Signal(range(width + 1))
        m.d.comb += zeros.eq(width)
        for place in range(width):
            with m.If(significand[place]):
                m.d.comb += zeros.eq(width - 1 - place)
        binades = Signal(signed(len(t) + 1))
        m.d.comb += binades.eq(t - zeros)
        left = Signal(range(width + 1))
        right = Signal(range(width + 2))
        if out.subnormals or not out.zero:
            with m.If(binades >= 0):
                m.d.comb += left.eq(zeros)
            with m.Elif(t >= 0):
                m.d.comb += left.eq(t)
            with m.Else():
                m.d.comb += right.eq(Mux(-t > width + 1, width + 1, -t))
        else:
            m.d.comb += left.eq(zeros)
        shifted = Signal(width)
        m.d.comb += shifted.eq(significand << left)
        long = Signal(2 * width + 1)
        m.d.comb += long.eq(Cat(Const(0, width + 1), shifted) >> right)
        kept = long[-out.fraction - 1 :]
        guard = long[-out.fraction - 2]
        sticky = long[: -out.fraction - 2].any()
        index = Signal(signed(len(binades) + out.fraction + 2))
        scale = 2**out.fraction
        if out.subnormals or not out.zero:
            m.d.comb += index.eq(Mux(binades > 0, binades * scale, 0) + kept - (not out.zero))
        else:
            m.d.comb += index.eq(binades * scale + kept)
        return index, guard, sticky, binades < 0

    def align_fixed(
        self, m: Module, raw: Unpacked, offset: int, shift: Value | None
    ) -> tuple[Value, Value, Value, Value]:
        out = self.out
        exponent = raw.exponent if shift is None else raw.exponent + shift
        # All exponents as left shifts from the lowest one.
        if exponent.shape().signed:
            low = -(2 ** (len(exponent) - 1))
        else:
            low = 0
        high = low + 2 ** len(exponent) - 1 if len(exponent) else 0
        base = offset + low - out.quantum_exponent
        amount = (exponent - low).as_unsigned()[: max(len(exponent), 1)]
        wide = Signal(len(raw.significand) + high - low)
        m.d.comb += wide.eq(raw.significand << amount if len(exponent) else raw.significand)
        drop = max(-base, 0)
        padded = Cat(Const(0, 2), wide) if drop == 0 else Cat(Const(0, 1), wide)
        cut = drop + 1 if drop else 2
        body = padded[cut:] if cut < len(padded) else Const(0, 1)
        index = Signal(signed(len(body) + max(base, 0) + 2))
        m.d.comb += index.eq(body << max(base, 0))
        guard = padded[cut - 1] if cut - 1 < len(padded) else Const(0, 1)
        sticky = padded[: cut - 1].any()
        return index, guard, sticky, Const(0, 1)

    def finish(
        self, m: Module, raw: Unpacked, index: Value, guard: Value, sticky: Value, tiny: Value
    ) -> Rounded:
        out = self.out
        up = {
            Rounding.TOWARD_ZERO: Const(0, 1),
            Rounding.HALF_AWAY: guard,
            Rounding.NEAREST_EVEN: guard & (sticky | index[0]),
        }[self.rounding]
        rounded = Signal(signed(len(index) + 1))
        m.d.comb += rounded.eq(index + up)
        special = raw.nan | raw.infinity
        small = Const(0, 1)
        if not out.zero:
            small = raw.zero | (rounded < 0)
        elif not out.subnormals:
            small = raw.zero | (rounded < out.min_index)
        sign = raw.sign if out.sign else Const(0, 1)
        clamped = raw.sign & ~raw.zero & ~raw.nan & (not out.sign)
        limit = Signal(unsigned(out.magnitude_width + 1))
        m.d.comb += limit.eq(out.max_index + (raw.sign & out.complement))
        beyond = (rounded > limit) & ~special & ~raw.zero & ~clamped
        infinite = raw.infinity & ~clamped
        over = beyond | infinite
        magnitude = Signal(out.magnitude_width + 1)
        with m.If(raw.nan | clamped):
            m.d.comb += magnitude.eq(0)
        with m.Elif(over):
            m.d.comb += magnitude.eq(limit)
        with m.Elif(raw.zero | small):
            m.d.comb += magnitude.eq(0)
        with m.Else():
            m.d.comb += magnitude.eq(rounded)
        code = Signal(out.width)
        m.d.comb += code.eq(self.join(sign, magnitude))
        kept = Const(0, 1)
        if self.overflow is Overflow.SPECIAL:
            replaced = infinite if self.rounding is Rounding.TOWARD_ZERO else over
            top = out.magnitude_codes.infinity
            with m.If(replaced):
                if top is not None:
                    m.d.comb += code.eq(self.join(sign, Const(top, out.magnitude_width + 1)))
                elif out.nan_code is not None:
                    m.d.comb += code.eq(out.nan_code)
            if top is not None:
                kept = infinite
        with m.If(raw.nan):
            m.d.comb += code.eq(out.nan_code or 0)
        ordinary = ~special & ~raw.zero
        lost = ordinary & (guard | sticky | small)
        if not out.zero:
            tiny, lost = (ordinary & tiny) | (small & ~special), lost | (small & ~special)
        over = over & ~kept
        return Rounded(
            code=code,
            overflow=over,
            underflow=lost & tiny & ~clamped,
            inexact=lost | over | clamped,
            invalid=clamped | (raw.nan & (not out.has_nan)),
        )

    def join(self, sign: Value, magnitude: Value) -> Value:
        out = self.out
        if out.complement:
            return Mux(sign, -magnitude.as_signed(), magnitude)[: out.width]
        if not out.sign:
            return magnitude[: out.width]
        if not out.has_negative_zero:
            sign = sign & magnitude.any()
        return Cat(magnitude[: out.magnitude_width], sign)
