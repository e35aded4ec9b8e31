"""From a component to Verilog, simulation, gates, timing and reports."""
