"""Guards of caches that no other test sees; `docs/decisions.md` lists every cache."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_soblob.cli.judging import _validator
from pytest_soblob.images.features import features_of
from pytest_soblob.serving.control import ControlApi
from pytest_soblob.serving.control._openapi import openapi
from pytest_soblob.strategies._malformed import _menu
from pytest_soblob.strategies._pieces import plan_for
from pytest_soblob.wire import HttpRequest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_soblob"
DECORATORS = {"cache", "lru_cache"}
# Nobody makes one of these to leave it as it is.
ALWAYS_WRITTEN = {"local", "WeakKeyDictionary", "WeakValueDictionary", "WeakSet"}
CHANGES = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "extend", "insert",
           "discard", "remove", "popleft", "appendleft", "move_to_end"}  # fmt: skip
# Classes whose objects are caches, and a decorator of ours: no search by syntax finds them.
BY_HAND = {"_xml/carving.py::SkeletonCache", "_xml/document.py::Document.memoize",
           "_basics/once.py::once"}  # fmt: skip


def test_the_served_description_is_as_it_was_made() -> None:
    api = ControlApi("only-for-this-run")
    asked = HttpRequest(
        method="GET",
        target="/_soblob/openapi.json",
        headers=(("Authorization", "Bearer only-for-this-run"),),
        body=b"",
    )
    answers = [api.intercept(asked) for _ in range(2)]
    assert answers[0] is not None
    assert answers[0].status == 200
    assert answers[0] == answers[1]
    assert openapi() == openapi.__wrapped__()


def test_the_tests_that_the_table_names_are_there() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    file = ""
    named = re.findall(r"`(tests/[\w/]+\.py)?::(test_\w+)`", text)
    assert len(named) > 5
    for path, name in named:
        file = path or file
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def called(node: ast.expr) -> str:
    """The name that a decorator or a call ends with."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def names_at_the_top(module: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in module.body:
        if isinstance(node, ast.Assign):
            yield from ((one.id, node.value) for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.value


def written_in_functions(module: ast.Module) -> Iterator[str]:
    """Names of which an item or attribute is set, or a method called that changes a container."""
    functions = [
        n for n in ast.walk(module) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.Global):
            yield from node.names
        elif isinstance(node, ast.Subscript | ast.Attribute):
            if isinstance(node.ctx, ast.Store | ast.Del) and isinstance(node.value, ast.Name):
                yield node.value.id
        elif isinstance(node, ast.Call) and called(node) in CHANGES:
            yield getattr(getattr(node.func, "value", None), "id", "")


def is_private_to_threads(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(called(base) == "local" for base in node.bases)


def caches_of(module: ast.Module) -> Iterator[str]:
    """Names of the functions that are cached, and of what is changed at the top of a module."""
    written = set(written_in_functions(module))
    yield from (name for name, _ in names_at_the_top(module) if name in written)
    yield from (
        name
        for name, value in names_at_the_top(module)
        if isinstance(value, ast.Call) and called(value) in ALWAYS_WRITTEN
    )
    for node in ast.walk(module):
        decorators = getattr(node, "decorator_list", [])
        if is_private_to_threads(node) or DECORATORS & set(map(called, decorators)):
            yield str(getattr(node, "name", ""))
        elif isinstance(node, ast.Call) and called(node) in DECORATORS and node.args:
            yield f"{called(node)}()"  # cache(function)
        if isinstance(node, ast.Name | ast.Attribute) and called(node) == "cached_property":
            yield "cached_property"


def found() -> set[str]:
    return {
        f"{file.relative_to(PACKAGE).as_posix()}::{name}"
        for file in PACKAGE.rglob("*.py")
        for name in caches_of(ast.parse(file.read_text(encoding="utf-8")))
    }


def test_the_table_has_every_cache_of_the_code_and_no_other() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    section = text.partition("## Caches")[2]
    named = re.findall(r"`([\w/]+\.py::[\w.()]+)`", section)
    listed = [name for name in named if not name.startswith("tests/")]
    assert len(listed) == len(set(listed)) > 20
    assert found() | BY_HAND == set(listed)
    for name in BY_HAND:
        file, _, last = name.partition("::")
        assert re.search(rf"(class|def) {last.rpartition('.')[2]}\b", (PACKAGE / file).read_text())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@cache\ndef f(): ...", {"f"}),
        ("@functools.lru_cache(maxsize=4)\ndef f(): ...", {"f"}),
        ("class A:\n    @cache\n    def f(self): ...", {"f"}),
        ("f = cache(len)", {"cache()"}),
        ("class A:\n    @cached_property\n    def f(self): ...", {"cached_property"}),
        ("known: dict[int, int] = {}\ndef f(): known[1] = 2", {"known"}),
        ("known = []\ndef f(): known.append(1)", {"known"}),
        ("known = []\nasync def f():\n    del known[0]", {"known"}),
        ("last = None\ndef f():\n    global last\n    last = 1", {"last"}),
        ("known = WeakKeyDictionary()", {"known"}),
        ("known = threading.local()", {"known"}),
        ("class A(threading.local): ...", {"A"}),
        ("known = {1: 2}\ndef f(): return known[1]", set()),
        ("known = dict(a=1)\ndef f():\n    other = {}\n    other[1] = known", set()),
    ],
)
def test_how_a_cache_is_found(text: str, names: set[str]) -> None:
    assert set(caches_of(ast.parse(text))) == names


def test_keys_that_a_caller_varies_do_not_fill_the_memory() -> None:
    for size in range(200):
        plan_for(None, size + 1, False, True)
        _menu("request", ("wsdl",), (f"rule {size}",))
        features_of("PNG", f"mode {size}")
    for function in (plan_for, _menu, features_of, _validator):
        most = function.cache_info().maxsize
        assert most is not None
        assert function.cache_info().currsize <= most <= 64
