"""RTLIL as Verilog and C++."""

import pytest

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig
from ffp8.golden.table_softmax import TableSoftmaxConfig
from ffp8.synth import convert
from ffp8.synth.design import elaborate

E4M3, E5M2 = Format.parse("e4m3fn"), Format.parse("e5m2")

CONFIGS = [
    MultiplierConfig(a=E4M3, b=E4M3, out=E4M3, stages=0),
    MultiplierConfig(a=E5M2, b=E4M3, out=E4M3),
    MultiplierConfig(a=E5M2, b=E5M2),
]


def test_many_designs_give_what_each_one_gives() -> None:
    designs = [elaborate(config) for config in CONFIGS]
    together = convert.to_cxxrtl_all([design.rtlil for design in designs])
    for design, text in zip(designs, together, strict=True):
        name = design.top.replace("_", "__")
        assert f"struct p_{name} : public module" in text
        assert text.count(": public module") == 1
        alone = convert.to_cxxrtl(design.rtlil)
        assert alone.count("\n") == text.count("\n")


def test_no_designs_need_no_run() -> None:
    assert convert.to_cxxrtl_all([]) == []


def test_the_texts_hold_no_tables_of_values() -> None:
    design = elaborate(CONFIGS[0])
    assert "enum_value" not in design.rtlil
    assert "enum_value" not in design.verilog
    assert "enum_value" not in convert.to_cxxrtl(design.rtlil)


def test_values_are_left_out_and_nothing_else() -> None:
    text = (
        "attribute \\top 1\nmodule \\unit\n"
        '  attribute \\enum_base_type "x"\n  attribute \\enum_value_01 "1.5"\n'
        "  wire width 2 input 1 \\a\nend\n"
    )
    wanted = "attribute \\top 1\nmodule \\unit\n  wire width 2 input 1 \\a\nend\n"
    assert convert.without_values(text) == wanted


def test_names_of_elements_are_no_names_of_bits() -> None:
    text = (
        "  wire width 64 input 1 \\a\n  wire width 16 \\i__payload.a[3]\n"
        "  wire width 8 \\i__payload.a[3].fields[0]\n  connect \\i__payload.a[3] \\a [63:48]\n"
    )
    wanted = (
        "  wire width 64 input 1 \\a\n  wire width 16 \\i__payload.a.3\n"
        "  wire width 8 \\i__payload.a.3.fields.0\n  connect \\i__payload.a.3 \\a [63:48]\n"
    )
    assert convert.without_brackets(text) == wanted


def test_verilog_is_the_same_each_time() -> None:
    first, second = (elaborate(CONFIGS[1]).verilog for _ in range(2))
    assert first == second
    assert f"module {CONFIGS[1].identifier}(" in first


def test_broken_rtlil_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"^Yosys conversion failed: .*ERROR"):
        convert.to_verilog("module broken")


def test_words_that_are_read_while_written_may_be_any() -> None:
    config = TableSoftmaxConfig(length=16, memory=True)
    text = elaborate(config).rtlil
    found = convert.without_collisions(text)
    # Both rings have such a port; tables are never written.
    changed = [line for line in found.splitlines() if "COLLISION_X_MASK 1'1" in line]
    assert len(changed) == 2
    assert found.replace("COLLISION_X_MASK 1'1", "COLLISION_X_MASK 1'0") == text
