"""All engines show the same: golden's cycle view, or what a small netlist must do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.ports import Direction, Port
from ffp8.synth.design import Design, elaborate
from ffp8.synth.engines import ENGINES, available, compiled, compiler, open_engine, open_engines
from ffp8.synth.errors import Mismatched, MissingTool, ToolFailed

E4M3, E5M2, FLOAT32 = (Format.parse(name) for name in ("e4m3fn", "e5m2", "float32"))

MISSING = {status.name: status.problem for status in available() if status.problem}

NETLIST_ENGINES = [name for name in ENGINES if name != "amaranth"]

CONFIGS = {
    "combinational": MultiplierConfig(a=E4M3, b=E5M2, out=E4M3, stages=0),
    "clocked": MultiplierConfig(a=E4M3, b=E4M3, out=E5M2, stages=2, flags=True, enable=True),
    "wide": MultiplierConfig(a=FLOAT32, b=FLOAT32),
}


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Nothing is found in a cache that an earlier run of the tests left."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FFP8_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(params=list(ENGINES))
def engine(request: pytest.FixtureRequest) -> str:
    if reason := MISSING.get(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture(params=NETLIST_ENGINES)
def netlist_engine(request: pytest.FixtureRequest) -> str:
    if reason := MISSING.get(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: None)


def port(name: str, direction: str, bits: int = 1, elements: int = 1) -> Port:
    return Port(
        name=name, direction=Direction(direction), bits=bits, elements=elements, meaning="test"
    )


def netlist(body: str, *ports: Port, clock: str | None = None) -> Design:
    """A design of RTLIL written by hand."""
    names = {p.name: (str(p.direction), p.width) for p in ports}
    if clock:
        names[clock] = ("input", 1)
    wires = "".join(
        f"  attribute \\init {width}'{width * '0'}\n" * (name == "q")
        + f"  wire width {width} {direction} {place} \\{name}\n"
        for place, (name, (direction, width)) in enumerate(names.items(), 1)
    )
    return Design("unit", ports, clock, f"module \\unit\n{wires}{body}end\n")


def random_inputs(config: MultiplierConfig, cycles: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        p.name: rng.integers(0, 2**p.width, cycles, dtype=np.uint64).astype(p.dtype)
        for p in config.inputs
    }


def assert_golden(
    config: MultiplierConfig, inputs: dict[str, np.ndarray], shown: dict[str, np.ndarray]
) -> None:
    schedule = config.schedule(inputs)
    operands = {p.name: inputs[p.name][schedule.taken] for p in config.operands}
    wanted, defined = schedule.show(multiply(config, **operands)), schedule.shown
    assert defined.sum() > len(defined) - 20
    assert set(shown) == {p.name for p in config.outputs}
    for p in config.outputs:
        assert shown[p.name].dtype == p.dtype
        np.testing.assert_array_equal(shown[p.name][defined], wanted[p.name][defined])


@pytest.mark.parametrize("kind", CONFIGS)
def test_engines_equal_golden_and_each_other(engine: str, kind: str) -> None:
    config = CONFIGS[kind]
    inputs = random_inputs(config, 400)
    design = elaborate(config)
    shown = open_engine(design, engine).run(inputs)
    assert_golden(config, inputs, shown)
    # Also where golden does not say what the outputs are.
    reference = open_engine(design, "amaranth").run(inputs)
    for name, values in reference.items():
        np.testing.assert_array_equal(shown[name], values)


def test_every_run_starts_from_the_initial_state(engine: str) -> None:
    config = CONFIGS["clocked"]
    simulation = open_engine(elaborate(config), engine)
    inputs = {"a": np.full(5, 0x38), "b": np.full(5, 0x38), "enable": np.ones(5, int)}
    first, second = (simulation.run(inputs)["out"].tolist() for _ in range(2))
    assert first == second
    assert first[0] != first[-1] == 0x3C


def test_no_cycles_give_empty_arrays(engine: str) -> None:
    design = elaborate(CONFIGS["combinational"])
    shown = open_engine(design, engine).run({"a": np.array([], int), "b": np.zeros(0, int)})
    assert shown["out"].shape == (0,)
    assert shown["out"].dtype == np.uint8


def test_vector_elements_of_odd_width_lie_from_the_lowest_bits(netlist_engine: str) -> None:
    rng = np.random.default_rng(2)
    slices = " ".join(f"\\a [{7 * e + 6}:{7 * e}]" for e in range(5))
    design = netlist(
        f"  connect \\y {{ {slices} }}\n", port("a", "input", 7, 5), port("y", "output", 7, 5)
    )
    a = rng.integers(0, 128, (50, 5), dtype=np.uint8)
    shown = open_engine(design, netlist_engine).run({"a": a})["y"]
    assert shown.dtype == np.uint8
    np.testing.assert_array_equal(shown, a[:, ::-1])


def test_elements_as_wide_as_words_and_wider(netlist_engine: str) -> None:
    design = netlist(
        """\
  wire width 300 \\not
  cell $not $1
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 300
    parameter \\Y_WIDTH 300
    connect \\A \\a
    connect \\Y \\not
  end
  connect \\y { \\not [99:0] \\not [299:100] }
  connect \\z { \\b [63:0] \\b [127:64] }
""",
        port("a", "input", 100, 3),
        port("b", "input", 64, 2),
        port("y", "output", 100, 3),
        port("z", "output", 64, 2),
    )
    rng = np.random.default_rng(3)
    a = (rng.integers(0, 2, (40, 3, 100)).astype(object) << np.arange(100)).sum(axis=2)
    a[0] = [0, 2**100 - 1, 1]
    b = rng.integers(0, 2**64 - 1, (40, 2), dtype=np.uint64, endpoint=True)
    shown = open_engine(design, netlist_engine).run({"a": a, "b": b})
    assert (shown["y"].dtype, shown["z"].dtype) == (object, np.uint64)
    np.testing.assert_array_equal(shown["y"], (2**100 - 1 - a)[:, [1, 2, 0]])
    np.testing.assert_array_equal(shown["z"], b[:, ::-1])


def flip_flop(kind: str, parameters: dict[str, str], connections: str) -> str:
    lines = "".join(f"    parameter \\{name} {value}\n" for name, value in parameters.items())
    return f"  cell {kind} $ff\n    parameter \\WIDTH 4\n{lines}{connections}  end\n"


COMMON = "    connect \\CLK \\clk\n    connect \\D \\d\n    connect \\Q \\q\n"

D = np.array([3, 5, 7, 9, 11, 13])
R = np.array([0, 0, 1, 0, 0, 1])


@pytest.mark.parametrize(
    ("cell", "control", "expected"),
    [
        # The reset shows in its own cycle, not after the edge.
        (
            flip_flop(
                "$adff",
                {"CLK_POLARITY": "1", "ARST_POLARITY": "1", "ARST_VALUE": "4'0000"},
                COMMON + "    connect \\ARST \\r\n",
            ),
            R,
            [0, 3, 0, 0, 9, 0],
        ),
        (
            flip_flop("$dff", {"CLK_POLARITY": "1"}, COMMON),
            R,
            [0, 3, 5, 7, 9, 11],
        ),
        # A latch that is open shows its input at once.
        (
            flip_flop(
                "$dlatch",
                {"EN_POLARITY": "1"},
                "    connect \\EN \\r\n    connect \\D \\d\n    connect \\Q \\q\n",
            ),
            np.array([1, 0, 1, 0, 0, 1]),
            [3, 3, 7, 7, 7, 13],
        ),
    ],
    ids=["asynchronous-reset", "flip-flop", "latch"],
)
@pytest.mark.parametrize("engine", ["cxxrtl", "icarus"], indirect=True)
def test_state_of_netlists(
    engine: str, cell: str, control: np.ndarray, expected: list[int]
) -> None:
    ports = (
        port("d", "input", 4),
        port("r", "input"),
        port("q", "output", 4),
        port("y", "output", 4),
    )
    # What depends on the state must settle, too.
    body = cell + INCREMENT
    shown = open_engine(netlist(body, *ports, clock="clk"), engine).run({"d": D, "r": control})
    assert shown["q"].tolist() == expected
    assert shown["y"].tolist() == [(value + 1) % 16 for value in expected]


@pytest.mark.parametrize("engine", ["cxxrtl"], indirect=True)
def test_a_loop_that_never_settles(engine: str) -> None:
    loop = """\
  wire \\n
  cell $not $1
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 1
    parameter \\Y_WIDTH 1
    connect \\A \\y
    connect \\Y \\n
  end
  cell $and $2
    parameter \\A_SIGNED 0
    parameter \\A_WIDTH 1
    parameter \\B_SIGNED 0
    parameter \\B_WIDTH 1
    parameter \\Y_WIDTH 1
    connect \\A \\n
    connect \\B \\a
    connect \\Y \\y
  end
"""
    simulation = open_engine(netlist(loop, port("a", "input"), port("y", "output")), engine)
    assert simulation.run({"a": np.array([0, 0])})["y"].tolist() == [0, 0]
    with pytest.raises(Mismatched, match=r"^unit does not settle in cycle 2, because of a comb"):
        simulation.run({"a": np.array([0, 0, 1])})


@pytest.mark.parametrize("engine", ["icarus"], indirect=True)
def test_unknown_bits_are_no_codes(engine: str) -> None:
    design = netlist("  connect \\y 2'0x\n", port("a", "input"), port("y", "output", 2))
    message = r"^Output y of unit is unknown in cycle 0: [Xx]$"
    with pytest.raises(Mismatched, match=message):
        open_engine(design, engine).run({"a": np.array([0])})


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FFP8_CACHE_DIR", str(tmp_path / "file"))
    message = r"^Cache \S+file must be writable, not so: .*; name another folder in the environment"
    with pytest.raises(ValueError, match=message):
        open_engine(elaborate(CONFIGS["combinational"]), "cxxrtl")


INCREMENT = """\
  cell $add $2
    parameter \\A_SIGNED 0
    parameter \\B_SIGNED 0
    parameter \\A_WIDTH 4
    parameter \\B_WIDTH 4
    parameter \\Y_WIDTH 4
    connect \\A \\q
    connect \\B 4'0001
    connect \\Y \\y
  end
"""


@pytest.mark.parametrize("engine", ["cxxrtl", "icarus"], indirect=True)
def test_mutants_differ(engine: str) -> None:
    config = CONFIGS["clocked"]
    design = elaborate(config)
    assert " $and " in design.rtlil
    mutant = Design(
        design.top, design.ports, design.clock, design.rtlil.replace(" $and ", " $or ", 1)
    )
    inputs = random_inputs(config, 4000)
    shown = open_engine(mutant, engine).run(inputs)
    with pytest.raises(AssertionError):
        assert_golden(config, inputs, shown)


def test_many_designs_at_once_keep_their_order() -> None:
    configs = [
        MultiplierConfig(a=a, b=b, out=out, stages=stages)
        for a, b, out, stages in [
            (E4M3, E5M2, E4M3, 0),
            (E5M2, E5M2, E4M3, 1),
            (E4M3, E4M3, None, 1),
            (E4M3, E5M2, E4M3, 0),
        ]
    ]
    simulations = open_engines([elaborate(config) for config in configs], "cxxrtl", jobs=2)
    for config, simulation in zip(configs, simulations, strict=True):
        inputs = random_inputs(config, 500)
        assert_golden(config, inputs, simulation.run(inputs))


def test_no_designs_need_no_engine(without_compiler: None) -> None:
    assert open_engines([], "cxxrtl") == []


def test_long_runs_in_parts_keep_their_state(monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS["clocked"]
    inputs = random_inputs(config, 100)
    simulation = open_engine(elaborate(config), "cxxrtl")
    whole = simulation.run(inputs)
    monkeypatch.setattr(compiled, "MAX_CYCLES", 7)
    for name, values in simulation.run(inputs).items():
        np.testing.assert_array_equal(values, whole[name])


def test_a_compiled_design_is_compiled_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FFP8_CACHE_DIR", str(tmp_path))
    design = elaborate(MultiplierConfig(a=E5M2, b=E5M2, out=E5M2))
    first = open_engine(design, "cxxrtl")
    made = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    monkeypatch.setattr(compiler.Compiler, "compile", fail)
    again = open_engine(design, "cxxrtl")
    inputs = {"a": np.arange(256), "b": np.arange(256)[::-1]}
    np.testing.assert_array_equal(again.run(inputs)["out"], first.run(inputs)["out"])
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == made
    with pytest.raises(RuntimeError, match=r"^compiled$"):
        open_engine(elaborate(MultiplierConfig(a=E5M2, b=E5M2, out=E5M2, stages=2)), "cxxrtl")


def fail(*arguments: object, **options: object) -> None:
    raise RuntimeError("compiled")


def test_a_failed_compilation_leaves_nothing_to_reuse(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FFP8_CACHE_DIR", str(tmp_path))
    design = elaborate(MultiplierConfig(a=E5M2, b=E4M3, out=E5M2))
    found = compiler.find_compiler()
    broken = compiler.Compiler(found.command, found.version, found.gcc, ("-fno-such-flag",))
    with monkeypatch.context() as patch:
        patch.setattr("ffp8.synth.engines.cxxrtl.find_compiler", lambda: broken)
        with pytest.raises(ToolFailed, match=r"(?s)^C\+\+ compilation failed; .*no-such-fl"):
            open_engine(design, "cxxrtl")
    assert not list(tmp_path.rglob("*.so"))
    open_engine(design, "cxxrtl")


def test_without_a_compiler_the_amaranth_simulator_runs(without_compiler: None) -> None:
    design = elaborate(CONFIGS["combinational"])
    assert open_engine(design).name == "amaranth"
    with pytest.raises(MissingTool, match=r"^No C\+\+ compiler was found; install one .*ziglang"):
        open_engine(design, "cxxrtl")
    problems = {status.name: status.problem for status in available()}
    assert list(problems) == list(ENGINES)
    assert "ziglang" in (problems["cxxrtl"] or "")
    assert problems["amaranth"] is None


def test_a_compiler_that_is_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler -v")
    message = r"^The C\+\+ compiler that the environment variable CXX names was not found: 'no-such"
    with pytest.raises(MissingTool, match=message):
        open_engine(elaborate(CONFIGS["combinational"]), "cxxrtl")


def test_ziglang_stands_in_for_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler.importlib.util, "find_spec", lambda name: name)
    described = []
    monkeypatch.setattr(compiler, "describe", described.append)
    compiler.find_compiler()
    assert described[0][1:] == ("-m", "ziglang", "c++")


def test_the_default_engine_and_what_it_says_of_itself() -> None:
    simulation = open_engine(elaborate(CONFIGS["combinational"]))
    assert simulation.name == "cxxrtl"
    assert "Amaranth Yosys" in simulation.version


def test_netlists_are_not_for_the_amaranth_simulator(without_compiler: None) -> None:
    design = netlist("  connect \\y \\a\n", port("a", "input"), port("y", "output"))
    with pytest.raises(ValueError, match=r"^Engine of unit must not be amaranth: .* netlist"):
        open_engine(design, "amaranth")


def test_no_engine_for_a_netlist(without_compiler: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ffp8.synth.engines.icarus.shutil.which", lambda name: None)
    design = netlist("  connect \\y \\a\n", port("a", "input"), port("y", "output"))
    with pytest.raises(MissingTool, match=r"^No engine can run unit here\. cxxrtl: No C"):
        open_engine(design)


def test_waveforms_show_decimals(tmp_path: Path) -> None:
    design = elaborate(CONFIGS["clocked"])
    inputs = random_inputs(CONFIGS["clocked"], 20)
    inputs["a"][3] = 0x3C
    path = tmp_path / "waves.vcd"
    shown = open_engine(design, "amaranth").run(inputs, vcd=path)
    assert_golden(CONFIGS["clocked"], inputs, shown)
    assert "s1.5 " in path.read_text()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda i: i.pop("b"), ValueError, r"^Input b of \S+ must be given$"),
        (lambda i: i.update(c=i["a"]), ValueError, r"^Input of \S+ must be a, b, not 'c'$"),
        (
            lambda i: i.update(a=np.zeros((4, 2), int)),
            ValueError,
            r"^Input a must be of shape \(cycles,\), not \(4, 2\)$",
        ),
        (
            lambda i: i.update(a=np.zeros(5, int)),
            ValueError,
            r"^Inputs of \S+ must be of one length, not \[4, 5\]$",
        ),
        (
            lambda i: i.update(a=np.array([0, 1, 256, 3])),
            ValueError,
            r"^Input a must be codes of 8 bits, not 256$",
        ),
        (
            lambda i: i.update(a=np.array([0, -1, 2, 3])),
            ValueError,
            r"^Input a must be codes of 8 bits, not -1$",
        ),
        (
            lambda i: i.update(a=np.zeros(4)),
            TypeError,
            r"^Input a must be codes \(integers\), not float64$",
        ),
    ],
)
def test_inputs_are_checked(
    change: Callable[[dict[str, np.ndarray]], object], error: type[Exception], message: str
) -> None:
    inputs = {"a": np.arange(4), "b": np.arange(4)}
    change(inputs)
    simulation = open_engine(elaborate(CONFIGS["combinational"]), "amaranth")
    with pytest.raises(error, match=message):
        simulation.run(inputs)


def test_an_unknown_engine_is_named() -> None:
    message = r"^Engine must be one of cxxrtl, amaranth, icarus, verilator, not 'modelsim'$"
    with pytest.raises(ValueError, match=message):
        open_engine(elaborate(CONFIGS["combinational"]), "modelsim")


def test_only_the_amaranth_simulator_writes_waveforms(tmp_path: Path) -> None:
    simulation = open_engine(elaborate(CONFIGS["combinational"]), "cxxrtl")
    with pytest.raises(
        ValueError, match=r"^Engine must be amaranth to write waveforms, not cxxrtl$"
    ):
        simulation.run({"a": np.arange(4), "b": np.arange(4)}, vcd=tmp_path / "waves.vcd")
