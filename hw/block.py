"""What the components of all blocks have in common."""

from typing import ClassVar, Generic, TypeVar

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data, wiring

from ffp8.golden.block import BlockConfig

from .ports import members, value

__all__ = ["BlockComponent"]

Config = TypeVar("Config", bound=BlockConfig)


class BlockComponent(wiring.Component, Generic[Config]):
    """A component whose members are the ports of a configuration.

    Parameters
    ----------
    config
        The configuration, of the class that the component is for.

    Raises
    ------
    TypeError
        If the configuration is of another class.
    """

    #: The class of its configuration, and what messages call the component.
    kind: ClassVar[type[BlockConfig]]
    title: ClassVar[str]

    config: Config
    a: data.View
    out: data.View
    random: Signal
    enable: Signal

    def __init__(self, config: Config):
        if not isinstance(config, self.kind):
            wanted = self.kind.__name__
            raise TypeError(f"{self.title} config must be of type {wanted}, not {config!r}")
        self.config = config
        super().__init__(members(config))

    def drive(self, m: Module, outputs: dict[str, Value]) -> None:
        """Connect all output ports that are data."""
        for port in self.config.data_outputs:
            m.d.comb += value(self, port).eq(outputs[port.name])

    @property
    def stall(self) -> Value | None:
        """The port `enable`; None where the block has none."""
        return self.enable if getattr(self.config, "enable", False) else None
