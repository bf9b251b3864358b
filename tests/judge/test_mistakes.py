"""Every mistake breaks its rule at its path, and no other error is reported."""

import pytest
from syrupy.assertion import SnapshotAssertion

from pytest_soblob.judge.catalogue import RULES
from pytest_soblob.judge.rendering import render_violations
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.violations import LONGEST_TEXT, Verdict
from tests import mistakes
from tests.mistakes import MISTAKES as FIRST_MISTAKES
from tests.mistakes import Mistake
from tests.mistakes_by_family import MORE_MISTAKES

MISTAKES = [*FIRST_MISTAKES, *MORE_MISTAKES]

each = pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)


def judge(mistake: Mistake) -> Verdict:
    validator = EnvelopeValidator(
        mistake.kind,
        mistake.profile,
        mistake.installation,
        operation=mistake.operation,
        max_message_size=mistake.max_message_size,
    )
    return validator.judge(mistake.message)


@each
def test_mistake_breaks_its_rule_at_its_path(mistake: Mistake) -> None:
    found = judge(mistake).violations
    assert (mistake.rule, mistake.path) in [(v.rule, v.path) for v in found]


@each
def test_mistake_breaks_no_other_error_rule(mistake: Mistake) -> None:
    errors = {violation.rule for violation in judge(mistake).errors}
    assert errors <= {mistake.rule, *mistake.also}


@each
def test_mistake_reads_like_this(mistake: Mistake, snapshot: SnapshotAssertion) -> None:
    found = [v for v in judge(mistake).violations if v.rule == mistake.rule]
    assert render_violations(found) == snapshot


def test_names_are_unique() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(names) == len(set(names))


def test_there_is_a_mistake_for_every_rule_about_a_single_message() -> None:
    """Rules of family `flow` have stories instead; bytes that are not HTTP are no message."""
    rules = {rule.id for rule in RULES.values() if rule.family != "flow"}
    assert rules - {mistake.rule for mistake in MISTAKES} == {"http.malformed"}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("request", mistakes.request()),
        ("response", mistakes.response()),
        ("response", mistakes.fault("<faultcode>e:Server</faultcode><faultstring/>")),
    ],
)
def test_the_valid_messages_beside_them_have_no_findings(kind: str, data: str) -> None:
    assert EnvelopeValidator(kind, "wsdl").judge(data.encode()).violations == ()


def test_valid_http_messages_have_no_findings() -> None:
    request = EnvelopeValidator("request", "wsdl").judge(mistakes.http_request())
    response = EnvelopeValidator("response", "wsdl").judge(
        mistakes.http_response(mistakes.response())
    )
    assert (request.violations, response.violations) == ((), ())


@each
def test_no_text_is_long_and_the_ticket_is_nowhere(mistake: Mistake) -> None:
    for violation in judge(mistake).violations:
        texts = [violation.message, violation.expected, violation.got, *violation.excerpt]
        assert all(len(text or "") <= LONGEST_TEXT for text in texts)
        text = render_violations([violation])
        assert "LeakedTicket" not in text
        assert len(text.encode()) <= 1024
