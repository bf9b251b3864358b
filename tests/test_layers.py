"""The layers of ARCHITECTURE.md, held by reading every import, those in functions and for typing
included."""

import ast
import graphlib
import re
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_soblob"
ARCHITECTURE = Path(__file__).parents[1] / "ARCHITECTURE.md"

# Third-party module: the only modules of ours that may import it, and what is below them.
ONLY_IN = {
    "pytest": {"_pytest_compat", "fixtures", "plugin", "consumer.contract", "consumer.front"},
    "hypothesis": {"strategies", "consumer.scenarios.properties"},
    "zeep": {"clients", "transports"},
    "requests": {"clients", "transports"},
    "urllib3": {"transports"},
    "httpx": {"transports"},
    "socket": {
        *("_http.server", "conformance.providers"),
        *("consumer.refusing", "consumer.resetting"),
    },
    "asyncio": {"_http.server", "transports", "consumer.calling"},
    "trustme": {"certificates"},
    "PIL": {"images"},
    "httptools": {"_http"},
    "click": {"cli"},
    "concurrent": {
        *("cli.workers", "consumer.calling", "consumer.check"),
        *("consumer.scenarios.load", "conformance.providers", "conformance.recording"),
    },
    "ijson": {"conformance"},
    "zipfile": {"conformance"},
    "multiprocessing": {"cli.workers"},
}
APART = ({"judge"}, {"generate", "strategies"})


def layers() -> dict[str, int]:
    block = re.search(r"```layers\n(.*?)```", ARCHITECTURE.read_text(), re.DOTALL)
    assert block is not None
    rows = [line.split() for line in block[1].splitlines()]
    return {name: int(rank) for rank, *names in rows for name in names}


@cache
def modules() -> tuple[Path, ...]:
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def home(file: Path) -> str:
    """The module's name below the package, or that of the sub-package it is in."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(str(node.module))
            if node.module == "pytest_soblob":
                found |= {f"pytest_soblob.{alias.name}" for alias in node.names}
    return found


def ours(file: Path) -> set[str]:
    parts = {name.split(".")[1] for name in imports(file) if name.startswith("pytest_soblob.")}
    return parts - {home(file)}


def breaches(file: Path, ranks: dict[str, int]) -> list[str]:
    return [name for name in ours(file) if ranks[name] >= ranks[home(file)]]


@pytest.mark.parametrize(
    "file", [f for f in modules() if home(f) != "__init__"], ids=lambda f: f.stem
)
def test_a_module_imports_only_from_lower_layers(file: Path) -> None:
    assert breaches(file, layers()) == []


def test_every_module_has_a_layer_and_every_layer_its_modules() -> None:
    assert {home(file) for file in modules()} - {"__init__"} == set(layers())


def name_of(file: Path) -> str:
    """The module's dotted name below the package."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    users = {
        name_of(file)
        for file in modules()
        if any(name.partition(".")[0] == library for name in imports(file))
    }
    places = tuple(ONLY_IN[library])
    assert {
        name for name in users if not f"{name}.".startswith(tuple(f"{p}." for p in places))
    } == set()


def test_what_a_package_keeps_to_itself_is_imported_inside_it_alone() -> None:
    for file in modules():
        for name in imports(file):
            parts = name.removeprefix("pytest_soblob.").split(".")
            if not name.startswith("pytest_soblob."):
                continue
            for depth, part in enumerate(parts[1:], 1):
                owner = ".".join(parts[:depth])
                is_inside = f"{name_of(file)}.".startswith(f"{owner}.")
                assert part[0] != "_" or is_inside, f"{file}: {name}"


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return modules of which each imports the next, and the last the first; else none."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not by way of others either; a package may import what is in it."""
    known = {f"pytest_soblob.{name_of(file)}": file for file in modules()}
    graph = {
        name: {
            target
            for target in imports(file) & set(known)
            if not f"{target}.".startswith(f"{name}.") and not f"{name}.".startswith(f"{target}.")
        }
        for name, file in known.items()
    }
    assert sum(map(len, graph.values())) > 500  # else nothing has been looked at
    assert find_circle(graph) == []
    deepest = max(graph, key=lambda name: len(graph[name]))
    below = next(iter(graph[deepest]))
    assert set(find_circle(graph | {below: graph[below] | {deepest}})) >= {deepest, below}


def test_judging_and_generating_never_meet() -> None:
    for file in modules():
        for one, other in (APART, APART[::-1]):
            if home(file) in one:
                assert not ours(file) & other, file


def test_the_test_sees_a_breach() -> None:
    ranks = layers() | {"_redacted": 99}
    assert any(breaches(file, ranks) for file in modules() if home(file) == "soap")


def test_no_module_is_longer_than_400_lines_and_no_function_than_60() -> None:
    for file in modules():
        assert len(file.read_text().splitlines()) <= 400, file
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 60, f"{file}: {node.name} has {length} lines"


def test_namespaces_stand_in_names_only() -> None:
    for file in modules():
        if home(file) != "names" and "catalogue" not in file.parts:
            code = ast.unparse(tree(file))
            assert "http://schemas.xmlsoap.org" not in code, file
            assert "http://www.superoffice.net" not in code, file
