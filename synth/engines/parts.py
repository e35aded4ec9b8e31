"""Long C++ functions cut into parts.

CXXRTL computes all of a design in one function, and compilers take more than twice as long over
a function of twice the length: minutes for ten thousand gates.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["PART", "in_parts"]

#: Characters of a part, or little more. Smaller ones are not compiled faster.
PART = 20_000

EVALUATION = re.compile(
    r"^bool (?P<module>\w+)::eval\(performer \*performer\) \{\n"
    r"(?P<body>.*?)"
    r"^\treturn converged;\n\}\n",
    re.MULTILINE | re.DOTALL,
)

#: Local variables: a wire, a clock's edge, and whether the design has come to rest.
WIRE = re.compile(r"\tvalue<\d+> (\w+);")
CONVERGED = re.compile(r"\tbool converged = .*;")
EDGE = re.compile(r"\tbool (\w+edge_\w+) = .*;")

#: A place in a memory, which the statements behind this one use.
INDEX = re.compile(r"\tauto (\w+) = ")


def in_parts(text: str) -> str:
    """A design as CXXRTL writes it, with each long evaluation as several functions.

    Wires that several parts see become members of the module. That they keep what they were in
    the evaluation before makes no difference: each is computed before it is used.
    """
    for found in reversed(list(EVALUATION.finditer(text))):
        if len(found["body"]) > PART:
            members, functions = divided(found["module"], found["body"])
            text = text[: found.start()] + functions + text[found.end() :]
            struct = f"struct {found['module']} : public module {{\n"
            text = text.replace(struct, struct + members, 1)
    return text


def divided(module: str, body: str) -> tuple[str, str]:
    """Members that are added to a module, and its evaluation in parts."""
    wires: dict[str, str] = {}
    edges: dict[str, str] = {}
    converged, statements = "", []
    index = None
    for line in body.splitlines():
        if line.lstrip().startswith("//"):
            continue
        if declared := WIRE.fullmatch(line):
            wires[declared[1]] = line
        elif declared := EDGE.fullmatch(line):
            edges[declared[1]] = line
        elif CONVERGED.fullmatch(line):
            converged = line
        elif re.match(r"\t[^\t}]", line) and not (index and index in line):
            statements.append(line)
            index = found[1] if (found := INDEX.match(line)) else None
        else:
            statements[-1] += f"\n{line}"
    parts = [join(group, edges) for group in groups(statements)]
    seen = [wires.keys() & set(re.findall(r"\w+", part)) for part in parts]
    places = Counter(name for names in seen for name in names)
    lines = []
    for number, (part, names) in enumerate(zip(parts, seen, strict=True)):
        own = [wires[name] for name in sorted(names) if places[name] == 1]
        lines += [f"void {module}::eval_{number}(bool &converged) {{", *edges.values(), *own]
        lines += [part, "}", ""]
    calls = [f"\teval_{number}(converged);" for number in range(len(parts))]
    lines += [f"bool {module}::eval(performer *performer) {{", converged, *calls]
    lines += ["\treturn converged;", "}", ""]
    members = [line for name, line in wires.items() if places[name] > 1]
    members += [f"\tvoid eval_{number}(bool &converged);" for number in range(len(parts))]
    return "".join(f"{line}\n" for line in members), "\n".join(lines)


def groups(statements: Sequence[str]) -> Iterator[list[str]]:
    """Statements in their order, as many at a time as make up a part."""
    group, length = [], 0
    for statement in statements:
        group.append(statement)
        length += len(statement)
        if length > PART:
            yield group
            group, length = [], 0
    if group:
        yield group


def join(statements: Sequence[str], edges: Iterable[str]) -> str:
    """The text of a part, in which statements at a clock edge that follow each other are one."""
    lines: list[str] = []
    last = None
    for statement in statements:
        opening, _, rest = statement.partition("\n")
        edge = opening if opening in {f"\tif ({edge}) {{" for edge in edges} else None
        if edge and edge == last:
            lines[-1] = lines[-1].removesuffix("\n\t}") + f"\n{rest}"
        else:
            lines.append(statement)
        last = edge
    return "\n".join(lines)
