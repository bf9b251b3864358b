"""The layers of ARCHITECTURE.md, held by reading every import, those in functions and for typing
included."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pytest_soblob"
ARCHITECTURE = Path(__file__).parents[1] / "ARCHITECTURE.md"

# Third-party module: the only modules of ours that may import it.
ONLY_IN = {
    "pytest": {"fixtures", "plugin"},
    "hypothesis": {"strategies"},
    "zeep": {"clients", "transports"},
    "requests": {"clients", "transports"},
    "urllib3": {"transports"},
    "httpx": {"transports"},
    "socket": {"_server"},
    "asyncio": {"_server", "transports"},
    "trustme": {"certificates"},
    "PIL": {"images"},
    "httptools": {"_http"},
    "click": {"cli", "judging", "_printer"},
    "concurrent": {"_workers"},
    "multiprocessing": {"_workers"},
}
APART = ({"validators"}, {"mutations", "specimens", "strategies"})


def layers() -> dict[str, int]:
    block = re.search(r"```layers\n(.*?)```", ARCHITECTURE.read_text(), re.DOTALL)
    assert block is not None
    rows = [line.split() for line in block[1].splitlines()]
    return {name: int(rank) for rank, *names in rows for name in names}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def home(file: Path) -> str:
    """The module's name below the package, or that of the sub-package it is in."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
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


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_where_it_belongs(library: str) -> None:
    users = {
        home(file)
        for file in modules()
        if any(name.partition(".")[0] == library for name in imports(file))
    }
    assert users <= ONLY_IN[library]


def test_what_a_package_keeps_to_itself_is_imported_inside_it_alone() -> None:
    for file in modules():
        for name in imports(file):
            parts = name.removeprefix("pytest_soblob.").split(".")
            private = name.startswith("pytest_soblob.") and len(parts) > 1 and parts[1][0] == "_"
            assert not private or parts[0] == home(file), f"{file}: {name}"


def test_judging_and_generating_never_meet() -> None:
    for file in modules():
        for one, other in (APART, APART[::-1]):
            if home(file) in one:
                assert not ours(file) & other, file


def test_the_test_sees_a_breach() -> None:
    ranks = layers() | {"_text": 99}
    assert any(breaches(file, ranks) for file in modules() if home(file) == "messages")


def test_no_module_is_longer_than_400_lines_and_no_function_than_60() -> None:
    for file in modules():
        text = file.read_text()
        assert len(text.splitlines()) <= 400, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                assert length <= 60, f"{file}: {node.name} has {length} lines"


def test_namespaces_stand_in_names_only() -> None:
    for file in modules():
        if home(file) not in ("names", "catalogue"):
            code = ast.unparse(ast.parse(file.read_text()))
            assert "http://schemas.xmlsoap.org" not in code, file
            assert "http://www.superoffice.net" not in code, file
