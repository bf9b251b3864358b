"""Guards of caches that no other test sees; `docs/decisions.md` lists every cache."""

import re
from pathlib import Path

from pytest_soblob.serving.control import ControlApi
from pytest_soblob.serving.control._openapi import openapi
from pytest_soblob.wire import HttpRequest

ROOT = Path(__file__).parents[1]


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
