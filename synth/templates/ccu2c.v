// Carry cell of the Lattice ECP5. Synthesis has its own; for it this is a shell to check against.
// Simulators get two 4-input tables in front of two bits of a carry chain, as it is used here.
`ifdef SYNTHESIS
(* blackbox *) (* syn_black_box *)
`endif
module CCU2C(
    input CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);
    parameter [15:0] INIT0 = 16'h0000;
    parameter [15:0] INIT1 = 16'h0000;
    parameter INJECT1_0 = "YES";
    parameter INJECT1_1 = "YES";
`ifndef SYNTHESIS
    wire table_0 = INIT0[{D0, C0, B0, A0}];
    wire table_1 = INIT1[{D1, C1, B1, A1}];
    wire carry = table_0 ? CIN : INIT0[{2'b00, B0, A0}];
    assign S0 = table_0 ^ CIN;
    assign S1 = table_1 ^ carry;
    assign COUT = table_1 ? carry : INIT1[{2'b00, B1, A1}];
`endif
endmodule
