"""What `SOBLOB_FULL=1` tries more often is marked `at_length`, or CI would not run it at length."""

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = [
    file for file in HERE.rglob("test_*.py") if "tests.example_counts import" in file.read_text()
]


def names_in(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def is_marked(test: ast.FunctionDef) -> bool:
    return any("at_length" in names_in(decorator) for decorator in test.decorator_list)


def unmarked(source: str) -> list[str]:
    """The tests that depend on a count of `example_counts`, directly or not, without the mark."""
    counts: set[str] = set()
    found = []
    for node in ast.parse(source).body:
        match node:
            case ast.ImportFrom(module="tests.example_counts"):
                counts = {alias.asname or alias.name for alias in node.names}
                counts -= {"at_length", "untraced", "NIGHTLY"}
            case ast.Assign(targets=[ast.Name(id="pytestmark")]) if "at_length" in names_in(node):
                return []
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if names_in(node) & counts:
                    counts.add(name)
            case ast.FunctionDef(name=name) if names_in(node) & counts:
                if not name.startswith("test_"):
                    counts.add(name)
                elif not is_marked(node):
                    found.append(name)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_each_test_with_a_count_is_marked(file: Path) -> None:
    assert unmarked(file.read_text()) == []


def test_one_that_is_not_marked_is_seen() -> None:
    source = """
from tests.example_counts import at_length, either as one_of

COUNT = one_of(1, 2)

def helper(): return COUNT

def test_it(): helper()

@at_length
def test_marked(): helper()

def test_without(): pass
"""
    assert unmarked(source) == ["test_it"]
