"""The public face, as the tests walk it: each public name, its docstring, what its code raises."""

import ast
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest_soblob
from pytest_soblob import plugin, strategies, transports

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pytest_soblob"
# Members of public classes that the kit itself calls, from another folder than that of the class.
# They are no part of the public face, and so `docs/api.md` does not list them.
INTERNAL = {
    *("AuthenticateResponse.block_values", "AuthenticateResponse.result_values"),
    *("SaveImageStreamResponse.block_values", "SaveImageStreamResponse.result_values"),
    *("Blob.described", "Blob.kept", "Blob.shown"),
    *("EnvelopeValidator.examine", "EnvelopeValidator.judge_malformed"),
    *("EnvelopeValidator.too_large", "ExpectedCall.differences", "ExpectedCall.in_words"),
    *("ExpectedCall.number", "Exchange.secrets", "Violation.complete"),
    *("ExceptionInfo.from_values", "ExceptionInfo.to_values"),
    *("TimeZone.from_values", "TimeZone.to_values"),
}
# The same of every message: they take or give values that are internal.
_INTERNAL_OF_ALL = ("from_envelope", "from_values")
# What only the plugin calls, and what is about to leave `StubEndpoint` for that reason.
_OF_THE_PLUGIN = {
    *("begin", "calls_outside_examples", "discard_findings", "end_calls", "expect", "generate"),
    *("has_ended", "journal", "met", "not_entered", "remarks", "revive", "summary", "unplayed"),
    "untold",
}
# What a function hands out that makes an error, and the class of that error.
_MAKERS = {"failure": "ContractViolationError"}
_SECTION = re.compile(r"^(Args|Attributes|Returns|Yields|Raises):\n", re.MULTILINE)


class Public(NamedTuple):
    """One public name.

    Attributes:
        name: Such as `StubEndpoint.reply`.
        kind: `class`, `function` or `property`.
        value: The class, the function, or the getter of the property.
        doc: The docstring, cleaned; empty without one.
        owner: The class of a method or property, else None.
    """

    name: str
    kind: str
    value: Any
    doc: str
    owner: type | None = None


def is_internal(public: Public) -> bool:
    """Whether a name is public by its spelling only."""
    owner, _, name = public.name.rpartition(".")
    of_plugin = owner == "StubEndpoint" and name in _OF_THE_PLUGIN
    of_message = bool(owner) and name in _INTERNAL_OF_ALL
    return public.name in INTERNAL or of_plugin or of_message


def walk() -> list[Public]:
    """Return every public name, in a fixed order."""
    found: list[Public] = []
    for module in (pytest_soblob, strategies, transports):
        for name in module.__all__:
            value = getattr(module, name)
            if isinstance(value, type):
                found += walk_class(value)
            else:
                found.append(Public(name, "function", value, inspect.getdoc(value) or ""))
    for name in plugin.__all__:
        if not name.startswith("_"):
            fixture = getattr(plugin, name)
            found.append(Public(name, "fixture", fixture, inspect.getdoc(fixture) or ""))
    return found


def walk_class(cls: type) -> Iterator[Public]:
    """Yield a class and the public members that it has from classes of the kit."""
    yield Public(cls.__name__, "class", cls, inspect.getdoc(cls) or "")
    for name in sorted(dir(cls)):
        owner = next((c for c in cls.__mro__ if name in vars(c)), object)
        if name.startswith("_") or not owner.__module__.startswith("pytest_soblob"):
            continue
        member = vars(owner)[name]
        label = f"{cls.__name__}.{name}"
        if isinstance(member, classmethod | staticmethod):
            member = member.__func__
        if isinstance(member, types.FunctionType):
            yield Public(label, "function", member, inspect.getdoc(member) or "", owner)
        elif isinstance(member, property):
            yield Public(label, "property", member.fget, inspect.getdoc(member) or "", owner)


def sections(doc: str) -> dict[str, str]:
    """Return a docstring by section; what comes before the first is under the empty name."""
    first, *rest = _SECTION.split(doc)
    return {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}


def entries(text: str) -> dict[str, str]:
    """Return what a section says of each name."""
    found = re.split(r"^ {4}(\*{0,2}\w+)(?: \([^)]*\))?: ", text, flags=re.MULTILINE)
    return {n.lstrip("*"): said for n, said in zip(found[1::2], found[2::2], strict=True)}


def may_be_none(annotation: object) -> bool:
    """Whether None is one of the values of an annotation, and not the only one."""
    if isinstance(annotation, str):
        return bool(re.search(r"\| None$|^None \||Optional", annotation))
    return types.NoneType in typing.get_args(annotation)


def returned(public: Public) -> object:
    """Return the annotation of what a function returns."""
    return inspect.signature(public.value).return_annotation


def nullable(public: Public) -> list[str]:
    """Return the parameters of a function, or the fields of a class, that may be None."""
    try:
        signature = inspect.signature(public.value)
    except ValueError:  # an enumeration
        return []
    return [p.name for p in signature.parameters.values() if may_be_none(p.annotation)]


def described(public: Public) -> dict[str, str]:
    """Return what the docstrings of a function or class say of its parameters and fields.

    The class comes first, then its bases, then `__new__`: each a paragraph.
    """
    value = public.value
    docs = [inspect.getdoc(c) for c in value.__mro__] if isinstance(value, type) else [public.doc]
    if isinstance(value, type):
        docs += [inspect.getdoc(getattr(value, name)) for name in ("__new__", "__init__")]
    found: dict[str, str] = {}
    for doc in docs:
        parts = sections(doc or "")
        for name, text in (
            *entries(parts.get("Attributes", "")).items(),
            *entries(parts.get("Args", "")).items(),
        ):
            found[name] = f"{found[name]}\n\n{text}" if name in found else text
    return found


@cache
def _functions(file: str) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module by name, and its methods as `Class.name`."""
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef):
                found[f"{owner.name}.{node.name}"] = node
    return found


def raises(public: Public) -> set[str]:
    """Return the kit's errors that the code of a name raises by itself.

    Its own code, and that of the functions which it calls in the same module.
    """
    value = public.value
    if not isinstance(value, type):
        owner = None if public.owner is None else public.owner.__name__
        return _raised(inspect.unwrap(value), owner)
    makers = ("__init__", "__post_init__", "__new__")
    own = [vars(value)[name] for name in makers if name in vars(value)]
    plain = [getattr(maker, "__func__", maker) for maker in own]  # __new__ is a staticmethod
    return {
        error
        for maker in plain
        if isinstance(maker, types.FunctionType)
        for error in _raised(maker, value.__name__)
    }


def _raised(function: Callable[..., Any], owner: str | None) -> set[str]:
    file = inspect.getsourcefile(function)
    if file is None or not Path(file).is_relative_to(PACKAGE):
        return set()
    known = _functions(file)
    name = function.__name__
    todo, seen, found = [name if owner is None else f"{owner}.{name}"], set(), set()
    while todo:
        node = known.get(current := todo.pop())
        if node is None or current in seen:
            continue
        seen.add(current)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Raise):
                found |= _error_of(inner)
            elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
                todo.append(inner.func.id)
            elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                base = inner.func.value
                if isinstance(base, ast.Name) and base.id in ("self", "cls"):
                    todo.append(f"{owner}.{inner.func.attr}")
    return found


def _error_of(node: ast.Raise) -> set[str]:
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if not isinstance(raised, ast.Name):
        return set()
    name = _MAKERS.get(raised.id, raised.id)
    return {name} if name in ("SoblobError", "ContractViolationError", "InvalidArgument") else set()


def lacks(public: Public) -> list[str]:
    """Return what the docstring of a public name does not say."""
    if not public.doc:
        return ["docstring"]
    parts = sections(public.doc)
    found = []
    if public.kind == "function" and not _says_result(public, parts):
        found.append("what it returns")
    if public.kind in ("function", "property") and may_be_none(returned(public)):
        found += [] if "None" in public.doc else ["None, as a result"]
    if public.kind in ("function", "class"):
        texts = described(public)
        found += [f"None, for {n}" for n in nullable(public) if "None" not in texts.get(n, "")]
    if public.kind != "fixture":
        said = parts.get("Raises", "") + _raises_of_new(public)
        found += [error for error in sorted(raises(public)) if error not in said]
    return found


def _says_result(public: Public, parts: dict[str, str]) -> bool:
    annotation = returned(public)
    if annotation in (None, "None") or parts.keys() & {"Returns", "Yields"}:
        return True
    is_strategy = "SearchStrategy" in str(annotation)
    return bool(re.match("Draw " if is_strategy else r"(Return|Yield|Whether)\b", public.doc))


def _raises_of_new(public: Public) -> str:
    if not isinstance(public.value, type) or "__new__" not in vars(public.value):
        return ""
    return sections(inspect.getdoc(public.value.__new__) or "").get("Raises", "")


@cache
def documented_code() -> str:
    """Return all code of README.md and of the pages in docs: blocks and spans."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    blocks = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *re.findall(r"`[^`]+`", rest)])


def is_documented(public: Public) -> bool:
    """Whether README.md or a page in docs has the name in code."""
    return bool(re.search(rf"\b{public.name.rpartition('.')[2]}\b", documented_code()))


def render_api() -> str:
    """Return `docs/api.md`: every public name with what its docstring says first."""
    names = [public for public in walk() if not is_internal(public)]
    parts = [_API_HEAD]
    for title, kind in (("Functions", "function"), ("Fixtures", "fixture")):
        rows = [public for public in names if public.kind == kind and public.owner is None]
        parts += [f"## {title}\n", _table(_row(each.name, each.doc) for each in rows)]
    parts.append("## Classes\n")
    for public in names:
        if public.kind == "class":
            parts += _class_page(public, [each for each in names if _is_of(each, public)])
    return "\n".join(parts)


_API_HEAD = """# Public names

All of these can be imported from `pytest_soblob`; strategies are in `pytest_soblob.strategies`,
transports in `pytest_soblob.transports`. Fixtures need no import. What is not listed here, in
[settings.md](settings.md), [strategies.md](strategies.md), [rules.md](rules.md) and
[failures.md](failures.md) is internal and may change in any version.

This file is written from the docstrings (`python -m tests.write_documents`); a test keeps it equal.
"""


def _is_of(member: Public, cls: Public) -> bool:
    return member.owner is not None and member.name.startswith(f"{cls.name}.")


def _class_page(cls: Public, members: list[Public]) -> list[str]:
    """Return the part about one class: its first paragraph, its fields, its members."""
    kinds = {member.name.rpartition(".")[2]: member for member in members}
    rows = [_row(name, text) for name, text in described(cls).items() if name not in kinds]
    if issubclass(cls.value, Enum):
        rows += [_row(name, f"`{member.value}`") for name, member in cls.value.__members__.items()]
    for name, member in kinds.items():
        call = "" if member.kind == "property" else "()"
        rows.append(_row(f"{name}{call}", member.doc))
    return [f"### `{cls.name}`\n", _first(cls.doc), "", *([_table(rows)] if rows else [])]


def _table(rows: Iterable[str]) -> str:
    return "\n".join(["| name | meaning |", "| --- | --- |", *rows, ""])


def _row(name: str, text: str) -> str:
    return f"| `{name}` | {_first(text)} |".replace("<", "&lt;")


def _first(text: str) -> str:
    """Return the first paragraph of a text, in one line."""
    return " ".join(text.strip().partition("\n\n")[0].split()).replace("|", "\\|")
