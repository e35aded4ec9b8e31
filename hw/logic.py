"""Small pieces of logic, written so that synthesis needs no carry chain for them."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from .table import lookup

__all__ = ["above", "plus_constant", "resize", "shift_right_jam"]

#: Up to this many bits, a table of one result bit is cheaper than its share of an adder.
TABLE_BITS = 5


def above(number: Value, limit: int) -> Value:
    """Whether a number is greater than a constant: a chain of ANDs and ORs."""
    width = len(number)
    signed = number.shape().signed
    low = -(2 ** (width - 1)) if signed else 0
    if limit < low:
        return Const(1, 1)
    if limit >= low + 2**width - 1:
        return Const(0, 1)
    bits = list(number.as_unsigned())
    if signed:
        # Offset by the lowest number, all are in the order of their bits.
        bits[-1] = ~bits[-1]
    greater: Value = Const(0, 1)
    for place, bit in enumerate(bits):
        if (limit - low) >> place & 1:
            greater = bit & greater
        else:
            greater = bit | greater
    return greater


def plus_constant(m: Module, number: Value, constant: int, width: int, name: str) -> Value:
    """The sum of a number and a constant, modulo 2^width and as signed.

    Bits below the constant's last one pass unchanged, and few bits above them are a table.
    """
    number = resize(number, width)
    constant %= 2**width
    if not constant:
        return number.as_signed()
    place = (constant & -constant).bit_length() - 1
    upper = number[place:]
    if len(upper) <= TABLE_BITS:
        size = 2 ** len(upper)
        total = lookup(
            m, upper, len(upper), lambda x: (x + (constant >> place)) % size, f"{name}_upper"
        )
    else:
        total = (upper + (constant >> place))[: len(upper)]
    return Cat(number[:place], total).as_signed()


def resize(number: Value, width: int) -> Value:
    """A number's two's complement of a width, which must be enough."""
    missing = width - len(number)
    if missing <= 0:
        return number[:width]
    extension = number[-1] if number.shape().signed and len(number) else Const(0, 1)
    return Cat(number, extension.replicate(missing))


def shift_right_jam(m: Module, number: Value, amount: Value, name: str) -> Value:
    """A number moved right; its last bit is also set if a one was moved out.

    The width stays. An amount beyond it leaves the last bit alone, so that the upper bits of
    the amount need no shifter of their own.
    """
    width = len(number)
    steps = max((width - 1).bit_length(), 1)
    for level in range(min(steps, len(amount))):
        step = 1 << level
        moved = Signal(width, name=f"{name}_{step}")
        jammed = Cat(number[: step + 1].any(), number[step + 1 :])[:width]
        m.d.comb += moved.eq(Mux(amount[level], jammed, number))
        number = moved
    if len(amount) > steps:
        far = amount[steps:].any()
        number = Cat(Mux(far, number.any(), number[0]), Mux(far, 0, number[1:]))
    return number
