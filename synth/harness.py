"""The harness around a unit whose speed is measured: registers on all its ports, three pins."""

from ffp8.golden.ports import Direction

from .design import Design

__all__ = ["HARNESS", "harness_verilog"]

#: The harness's module.
HARNESS = "ffp8_harness"


def harness_verilog(design: Design) -> str:
    """A module that holds a unit between registers.

    Each bit of the unit's inputs comes from a flip-flop of one shift register that a pin
    feeds. Each bit of its outputs goes straight to a flip-flop, and from there to a register
    that is loaded or shifted out through a pin. So all paths into, through and out of the
    unit lie between flip-flops, and pins set no limit.

    The flip-flop that says load or shift is the input shift register's last: it has no other
    load, so that it does not slow an input.
    """
    inputs = [port for port in design.ports if port.direction is Direction.INPUT]
    outputs = [port for port in design.ports if port.direction is Direction.OUTPUT]
    declarations = [f"    reg [{port.width - 1}:0] in_{port.name};" for port in inputs]
    for port in outputs:
        declarations += [
            f"    wire [{port.width - 1}:0] unit_{port.name};",
            f"    reg [{port.width - 1}:0] out_{port.name};",
        ]
    connections = [f".{port.name}(in_{port.name})" for port in inputs]
    connections += [f".{port.name}(unit_{port.name})" for port in outputs]
    if design.clock is not None:
        connections.append(f".{design.clock}(clock)")
    captures = [f"        out_{port.name} <= unit_{port.name};" for port in outputs]
    shifter = ", ".join(["load", *(f"in_{port.name}" for port in inputs)])
    captured = ", ".join(f"out_{port.name}" for port in outputs)
    total = sum(port.width for port in outputs)
    return "\n".join(
        [
            f"module {HARNESS}(input clock, input serial_in, output serial_out);",
            *declarations,
            "    reg load;",
            f"    reg [{total - 1}:0] sent;",
            "    assign serial_out = sent[0];",
            "    always @(posedge clock) begin",
            f"        {{{shifter}}} <= {{{shifter}, serial_in}};",
            *captures,
            f"        sent <= load ? {{{captured}}} : sent >> 1;",
            "    end",
            f"    {design.top} unit({', '.join(connections)});",
            "endmodule",
            "",
        ]
    )
