"""Simulation engines behind one interface."""

from .engine import Engine
from .select import ENGINES, Status, available, open_engine, open_engines

__all__ = ["ENGINES", "Engine", "Status", "available", "open_engine", "open_engines"]
