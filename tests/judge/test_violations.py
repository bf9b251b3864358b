"""The texts of a violation are built when one is read; they are always the same texts.

What is built when, and what the cache of parsed envelopes keeps alive, shows in no text.
"""

import copy
import gc
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, fields, replace
from threading import Barrier

import pytest

from pytest_soblob import (
    EnvelopeValidator,
    HttpRequest,
    SaveImageStreamRequest,
    Severity,
    StubEndpoint,
    Violation,
)
from pytest_soblob._xml.carving import SkeletonCache
from pytest_soblob._xml.document import Document
from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.violations import TEXTS, deferred, with_server, with_severity
from pytest_soblob.names import NETSERVER, SOAP11

TICKET = "7T:4f9aSecretTicketOfAda=="
NAMES = [field.name for field in fields(Violation)]
WRONG = (
    f'<s:Envelope xmlns:s="{SOAP11}" xmlns:ns="{NETSERVER}"><s:Header><ns:Credentials>'
    f"<ns:Ticket>{TICKET}</ns:Ticket></ns:Credentials></s:Header><s:Body><ns:SaveImageStream>"
    f"<ns:Type>{TICKET}</ns:Type><ns:Image>aGFsbG8=</ns:Image></ns:SaveImageStream></s:Body>"
    "</s:Envelope>"
).encode()


def over_http(body: bytes, action: str = f"{NETSERVER}/BLOB/SaveImageStream") -> HttpRequest:
    headers = (("Content-Type", "text/xml; charset=utf-8"), ("SOAPAction", f'"{action}"'))
    return HttpRequest(target="/Services86/BLOB.svc", headers=headers, body=body)


def found() -> tuple[Violation, ...]:
    violations = EnvelopeValidator("request").judge(WRONG).violations
    assert len(violations) >= 2
    return violations


def is_complete(violation: Violation) -> bool:
    return getattr(violation, "_build", None) is None


def test_rule_and_severity_are_set_before_the_texts_are_built() -> None:
    for violation in found():
        assert violation.rule in RULES
        assert violation.family == RULES[violation.rule].family
        assert violation.is_error == (violation.severity is Severity.ERROR)
        assert not is_complete(violation)
        assert violation.message
        assert is_complete(violation)


def completed(violation: Violation) -> Violation:
    violation.complete()
    return violation


READ: dict[str, Callable[[Violation], object]] = {
    "replace": lambda v: replace(v, severity=v.severity),
    "pickle": lambda v: pickle.loads(pickle.dumps(v)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "with_severity": lambda v: with_severity(v, v.severity),
    "with_server": lambda v: with_server(v, v.server),
    "complete": completed,
    "constructor": lambda v: Violation(**{name: getattr(v, name) for name in NAMES}),
}


@pytest.mark.parametrize("how", READ)
def test_a_copy_of_an_unread_violation_is_equal(how: str) -> None:
    for violation, other in zip(found(), found(), strict=True):
        same = READ[how](violation)
        assert same == other
        assert hash(same) == hash(other)
        assert repr(same) == repr(other)
        assert isinstance(same, Violation)
        assert same.to_json() == other.to_json()


@pytest.mark.parametrize("name", TEXTS)
def test_any_text_may_be_read_first(name: str) -> None:
    whole = [READ["constructor"](violation) for violation in found()]
    for violation, other in zip(found(), whole, strict=True):
        assert getattr(violation, name) == getattr(other, name)
        assert violation == other


def test_a_violation_is_frozen_and_has_no_other_attributes() -> None:
    violation, *_ = found()
    with pytest.raises(FrozenInstanceError):
        violation.message = "x"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="a violation has no 'text'"):
        violation.text  # type: ignore[attr-defined]  # noqa: B018
    assert not is_complete(violation)


def test_another_severity_or_server_text_builds_no_text() -> None:
    for violation in found():
        graded = with_server(with_severity(violation, Severity.NOTE), "accepts it")
        assert not is_complete(violation)
        assert (graded.rule, graded.severity) == (violation.rule, Severity.NOTE)
        assert graded == replace(violation, severity=Severity.NOTE, server="accepts it")


def test_an_error_in_building_is_raised_each_time() -> None:
    def build() -> dict[str, object]:
        raise ZeroDivisionError

    violation = deferred("xml.not-xml", Severity.ERROR, build)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            violation.complete()


def test_no_text_holds_a_secret_whichever_is_read_first() -> None:
    for name in TEXTS:
        for violation in found():
            getattr(violation, name)
            assert "4f9aSecret" not in repr(violation)
    request = over_http(WRONG, TICKET)
    for violation in EnvelopeValidator("request").judge(request).violations:
        assert "4f9aSecret" not in repr(violation)


def test_later_messages_do_not_change_texts_that_are_read_later() -> None:
    """Also if the messages differ only in their images."""
    known, judge = SkeletonCache(), EnvelopeValidator("request")

    def upload(image: bytes, description: str) -> bytes:
        return SaveImageStreamRequest(
            type="Portrait", image=image, description=description, ticket=TICKET
        ).to_bytes("wsdl")

    messages = [
        upload(b"%PDF-1.7 " * 500, "a" * 300),
        upload(b"\x89PNG" * 2_000, "a" * 300),
        upload(b"BM" * 4_000, "\r\n" * 300),
    ]
    at_once = [judge.examine(data, known=known)[0] for data in messages]
    for verdict in at_once:
        for violation in verdict.violations:
            violation.complete()
    known = SkeletonCache()
    later = [judge.examine(data, known=known)[0] for data in messages]
    assert [repr(verdict) for verdict in later] == [repr(verdict) for verdict in at_once]
    assert later[0] != later[1]


def test_threads_that_read_a_violation_at_once_get_the_same_texts() -> None:
    barrier = Barrier(8)

    def read(violation: Violation) -> str:
        barrier.wait(10)
        return repr(violation)

    with ThreadPoolExecutor(8) as pool:
        for violation in [violation for _ in range(20) for violation in found()]:
            texts = set(pool.map(read, [violation] * 8))
            assert len(texts) == 1


def test_the_violations_that_an_endpoint_keeps_hold_no_tree() -> None:
    """Otherwise every kept exchange, remark and finding would keep its own tree."""
    mark = b"kept-alive" * 1_000
    data = WRONG.replace(b"<ns:Image>", b"<ns:Mark>" + mark + b"</ns:Mark><ns:Image>")
    endpoint = StubEndpoint()
    endpoint.handle(over_http(data))
    gc.collect()
    held = [o for o in gc.get_objects() if isinstance(o, Document) and mark in o.data]
    assert held == []
    assert endpoint.exchanges[-1].violations
    assert endpoint._runner.remarks()


def test_a_violation_releases_the_tree_when_it_is_read() -> None:
    mark = b"let-go" * 1_000
    data = WRONG.replace(b"<ns:Image>", b"<ns:Mark>" + mark + b"</ns:Mark><ns:Image>")

    def held() -> int:
        gc.collect()
        return sum(isinstance(o, Document) and mark in o.data for o in gc.get_objects())

    violations = EnvelopeValidator("request").judge(data).violations
    assert held() == 1
    for violation in violations:
        violation.complete()
    assert held() == 0
