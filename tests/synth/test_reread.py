import dataclasses

import pytest

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.synth.design import Design, elaborate
from ffp8.synth.errors import ToolFailed
from ffp8.synth.reread import reread
from ffp8.synth.verify import verify, verify_verilog

SMALL = Format.parse("e2m1fn")
CONFIG = MultiplierConfig(a=SMALL, b=SMALL, out=SMALL, stages=2, enable=True)


class Edited(Design):
    """A design whose Verilog was changed by somebody."""

    old, new = "", ""

    @property
    def verilog(self) -> str:  # type: ignore[override]
        text = super().verilog
        assert self.old in text
        return text.replace(self.old, self.new, 1)


def test_verilog_equals_golden() -> None:
    record = verify_verilog(CONFIG)
    assert record.passed
    assert record.what == "Verilog"
    assert record.cases == 256
    assert record.stalls > 0


def test_it_is_the_verilog_that_counts() -> None:
    design = elaborate(CONFIG)

    class Inverted(Edited):
        old, new = "assign out = ", "assign out = ~"

    fields = {field.name: getattr(design, field.name) for field in dataclasses.fields(design)}
    changed = reread(Inverted(**fields))
    # Nothing of the original is left that could be simulated in its place.
    assert changed.config is None
    assert not verify(CONFIG, design=changed).passed

    class Broken(Edited):
        old, new = "endmodule", "endmodul"

    with pytest.raises(ToolFailed):
        reread(Broken(**fields))
