"""Board tops: a unit with its self-test, as a bitstream."""
