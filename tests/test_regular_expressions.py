"""No regular expression of the kit takes longer than its text is long, whatever the text.

Which method each one is used with is read from the source. What it matches is drawn by Hypothesis;
a piece of that is repeated some thousand times, and what stands behind it is spoiled.
"""

import ast
import importlib
import random
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.example_counts import at_length, either, untraced

PACKAGE: Final = Path(__file__).parents[1] / "pytest_soblob"
METHODS: Final = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
TIMES: Final = 4_000  # what is quadratic takes a tenth of a second for it
MOST_SECONDS: Final = 0.02
RUNS: Final = (" ", "\t", "\n", "\r\n", "-", "a", "A", "=", "<", ">", "&", "%", "\\", '"', "'", "/")


@cache
def patterns() -> dict[str, tuple["re.Pattern[Any]", str]]:
    """Each with one of the methods that it is used with, by the name of its module and its own."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join((PACKAGE.name, *file.relative_to(PACKAGE).with_suffix("").parts))
        name = name.removesuffix(".__init__")
        tree = ast.parse(file.read_text())
        module = importlib.import_module(name)
        for pattern, method in used(tree):
            value = getattr(module, pattern, None)
            if isinstance(value, re.Pattern):
                found[f"{name}.{pattern}.{method}"] = value, method
    return found


def used(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Which method is called of which name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in METHODS:
            continue
        if isinstance(node.value, ast.Name):
            yield node.value.id, node.attr


def seconds(pattern: "re.Pattern[Any]", method: str, text: Any) -> float:
    """How long it takes, of up to three times the least; a second at most, then it is given up."""
    least = 9.0
    for _ in range(3):
        started = time.thread_time()
        with given_up_after(1.0):
            if method in ("sub", "subn"):
                getattr(pattern, method)(text[:0], text)
            elif method == "finditer":
                for _ in pattern.finditer(text):
                    pass
            else:
                getattr(pattern, method)(text)
        least = min(least, time.thread_time() - started)
        if least <= MOST_SECONDS:
            break
    return least


@contextmanager
def given_up_after(limit_s: float) -> Iterator[None]:
    """End what takes longer: `re` looks for signals while it matches."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    except TimeoutError:
        return
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def test_many_are_looked_at() -> None:
    assert len(patterns()) > 80


def test_a_quadratic_one_would_be_seen() -> None:
    assert seconds(re.compile(r"\s*\Z"), "search", " " * TIMES + "x") > MOST_SECONDS


def test_none_is_compiled_where_it_is_used() -> None:
    """All that is not of the kit's own words would be out of this test's sight."""
    calls = {
        f"{file.name}: {ast.unparse(node)}"
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in METHODS
    }
    known = ("_row.py", "_signatures.py", "unread.py")  # each of a table, in the same way
    assert {call for call in calls if not call.startswith(known)} == set()


@at_length
@pytest.mark.slow
@untraced
@pytest.mark.parametrize("name", patterns())
def test_a_piece_that_comes_again_and_again_costs_little(name: str) -> None:
    pattern, method = patterns()[name]
    is_text = isinstance(pattern.pattern, str)
    for run in RUNS:
        for before, behind in (("", ""), ("", "\0"), ("a\n", "\0"), ("<", "a"), ("x" + run, "\n")):
            text = before + run * TIMES + behind
            taken = seconds(pattern, method, text if is_text else text.encode())
            assert taken <= MOST_SECONDS, (before, run, behind)

    if method == "search" and name.endswith("_LONG_PIECE.search"):
        return  # its length is fixed, and beyond what is drawn

    as_text = pattern
    if not is_text:  # Hypothesis draws no bytes in either case
        as_text = re.compile(pattern.pattern.decode("latin-1"), pattern.flags)

    @settings(
        max_examples=either(10, 30),
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.from_regex(as_text), st.randoms(use_true_random=False))
    def pump(text: Any, chance: random.Random) -> None:
        text = text[:200] if is_text else text[:200].encode("latin-1", "ignore")
        at = chance.randrange(len(text) + 1)
        piece = text[at : at + chance.choice([1, 1, 1, 2, 3, 8])]
        behind = text[at:] if chance.random() < 0.5 else text[:0]
        spoiler = chance.choice(["", "\0", "\n", "x", "<"])
        pumped = text[:at] + piece * TIMES + behind
        pumped += spoiler if is_text else spoiler.encode()
        assert seconds(pattern, method, pumped) <= MOST_SECONDS * max(len(piece), 1), pumped[:300]

    pump()
