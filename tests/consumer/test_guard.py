"""Values and methods of a team that are not what they have to be: each is said, and said once."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from unittest.mock import Mock, patch

import pytest

from pytest_soblob.consumer import Abilities, NotUploaded, Upload, check_consumer
from pytest_soblob.consumer.choice import Choice
from pytest_soblob.consumer.guard import check_class
from pytest_soblob.consumer.python import check_callable
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings
from tests.consumer.conftest import Run


class _Raises:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def upload(target: object, call: Upload) -> int:
    raise NotUploaded("never")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"types": []}, "types must name at least one link type: leave it out for all 16"),
        ({"types": None}, "types must be a list of link types, not None"),
        ({"types": 7}, "types must be a list of link types, not 7"),
        ({"types": {"PersonImage": 1}}, "types must be a list of link types, not {"),
        ({"types": ["PersonImge"]}, "there is no type 'PersonImge'; did you mean 'PersonImage'"),
        ({"retries": ["never"]}, "retries must be one of never, once-if-not-stored, not ["),
        ({"retries": "nevr"}, "did you mean 'never'"),
        ({"retries": _Raises()}, "not <_Raises whose repr() raises RuntimeError>"),
        ({"timeout_s": "5"}, "timeout_s must be more than 0 seconds, not '5'"),
        ({"timeout_s": 10**6000}, "timeout_s must be more than 0 seconds, not an int of"),
        ({"max_image_bytes": 10**6000}, "max_image_bytes must be 1 or more, or None, not an int"),
        ({"property_examples": -(10**6000)}, "property_examples must be 0 or more, not an int"),
        ({"images_only": 1}, "images_only must be True or False, not 1"),
    ],
    ids=range(13),
)
def test_abilities(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SoblobError) as error:
        Abilities(**given)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("reasons", "says"),
    [
        (["answer.utf16"], "deselected must be a dictionary of reasons, such as "),
        ("answer.utf16", "deselected must be a dictionary of reasons, such as "),
        (None, "deselected must be a dictionary of reasons, such as "),
        ({3: "x"}, "deselected: a key must be the id of a scenario, not 3"),
        ({"answer.utf16": 212}, "deselected: 'answer.utf16' needs a reason as text, not"),
        ({"answer.utf16": None}, "deselected: 'answer.utf16' needs a reason as text, not"),
        ({"answer.utf16": ["x"]}, "deselected: 'answer.utf16' needs a reason as text, not"),
        ({"answer.utf17": "x"}, "deselected: no scenario 'answer.utf17'; did you mean"),
    ],
)
def test_reasons(reasons: Any, says: str) -> None:
    with pytest.raises(SoblobError) as error:
        Choice({}, reasons)
    assert str(error.value).startswith(says)
    with pytest.raises(SoblobError) as error:
        Choice(reasons, {})
    assert str(error.value).startswith(says.replace("deselected", "expected_failures"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"failures": None}, "failures must be exception classes, not None"),
        ({"failures": "UploadFailed"}, "failures must be exception classes, not 'UploadFailed'"),
        ({"failures": [ValueError()]}, "failures must be exception classes, not ValueError()"),
        ({"failures": (int,)}, "failures must be exception classes, not <class 'int'>"),
        ({"failures": {ValueError: "x"}}, "failures must be exception classes, not {"),
        ({"abilities": {"timeout_s": 1}}, "abilities must be Abilities(...), not {'timeout_s': 1}"),
        ({"abilities": 0}, "abilities must be Abilities(...), not 0"),
        ({"settings": {}}, "settings must be SoblobSettings(...), not {}"),
        ({"expected_failures": ["x"]}, "expected_failures must be a dictionary of reasons"),
        ({"deselected": ()}, "deselected must be a dictionary of reasons"),
    ],
)
def test_arguments_of_check_consumer(given: dict[str, Any], says: str) -> None:
    with pytest.raises(SoblobError) as error:
        check_consumer(upload, **{"failures": (ValueError,), **given})
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (3, "upload must be a function, not a int"),
        (lambda call: 1, "upload() must take 2 arguments, (uploader, call); it takes (call)"),
        (lambda: 1, "upload() must take 2 arguments, (uploader, call); it takes ()"),
        (lambda a, b, c: 1, "upload() must take 2 arguments, (uploader, call); it takes (a, b, c)"),
        (lambda a, *, call: 1, "it takes (a, *, call)"),
    ],
)
def test_functions_with_other_arguments(function: Any, says: str) -> None:
    with pytest.raises(SoblobError) as error:
        check_consumer(function, failures=(ValueError,))
    assert says in str(error.value)


def says_of(check: Callable[[], object]) -> str | None:
    """Return what a check objects to, or None."""
    try:
        check()
    except SoblobError as error:
        return str(error)
    return None


@patch("time.tzname")
def _patched(target: object, call: Upload, tzname: object) -> int:
    raise NotUploaded("never")


@pytest.mark.parametrize(
    "function",
    [_patched, partial(lambda a, b, c: 1, 1), lambda *given: 1, lambda a, b, c=None: 1, Mock()],
    ids=range(5),
)
def test_functions_that_take_the_arguments_in_another_way(function: Any) -> None:
    assert says_of(lambda: check_callable("upload", function, ("uploader", "call"))) is None


FIELDS, METHODS = ("failures", "expected_failures", "deselected"), ("upload", "attach", "logs")


class _Base:
    failures: Any = ()

    def upload(self) -> None: ...


@pytest.mark.parametrize(
    ("defined", "says"),
    [
        ({}, "Mine has no method upload: write `def upload(self, uploader, call): return "),
        ({"expected_failure": {}}, "Mine has expected_failure; did you mean expected_failures?"),
        ({"deselect": {}}, "Mine has deselect; did you mean deselected?"),
        ({"failure": ValueError}, "Mine has failure; did you mean failures?"),
        ({"Upload": lambda self: 1}, "Mine has Upload; did you mean upload?"),
        ({"upload": lambda self: 1, "log": lambda self: ""}, "Mine has log; did you mean logs?"),
    ],
)
def test_names(defined: dict[str, Any], says: str) -> None:
    with pytest.raises(SoblobError) as error:
        check_class(type("Mine", (_Base,), defined), _Base, FIELDS, METHODS)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"_log": lambda self: ""},
        {"logs": lambda self: "", "log": lambda self: ""},
        {"deselect": 3},
        {"test_upload": lambda self: 1},
        {"client": lambda self: 1, "image": b"", "ids": [1]},
    ],
)
def test_names_of_a_teams_own(more: dict[str, Any]) -> None:
    kind = type("Mine", (_Base,), {"upload": lambda self: 1, **more})
    derived = type("Derived", (kind,), {})
    assert says_of(lambda: check_class(derived, _Base, FIELDS, METHODS)) is None


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("deselected = ['answer.utf16']", "deselected must be a dictionary of reasons*"),
        (
            "expected_failures = {'answer.utf16': 3}",
            "*'answer.utf16' needs a reason as text, not 3",
        ),
        ("failures = UploadFailed('x')", "failures must be exception classes, not UploadFailed*"),
        ("failures = None", "failures must be exception classes, not None"),
        ("abilities = {'timeout_s': 1}", "abilities must be Abilities(...), not {'timeout_s': 1}"),
        ("deselect = {'answer.utf16': 'x'}", "TestUploader has deselect; did you mean deselected*"),
        ("def attach(self, call): pass", "attach() must take 3 arguments, (uploader, call, per*"),
    ],
)
def test_what_is_wrong_with_a_class_is_said_once_and_by_the_guard(
    run: Run, more: str, says: str
) -> None:
    result = run("-k", "business or team_says", "-p", "no:randomly", more=more)
    assert result.parseoutcomes().keys() - {"warnings"} == {"failed", "deselected"}
    result.stdout.fnmatch_lines([says])
    said = [line for line in result.outlines if fnmatchcase(line.replace("[", "("), says)]
    assert len(said) <= 2  # at the first scenario, and at the guard
    assert "Traceback" not in result.stdout.str()
    assert "pytest_soblob/consumer" not in result.stdout.str()


def test_the_settings_of_check_consumer_may_be_left_out() -> None:
    (gate, *_) = check_consumer(upload, failures=(ValueError,), settings=SoblobSettings())
    assert gate.got == "a refusal before sending (never)"
