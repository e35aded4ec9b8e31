"""Amaranth components: how each block is built."""
