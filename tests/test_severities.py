"""A team's threshold and its own severities, in every place that goes by them."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_soblob import (
    ContractViolationError,
    EnvelopeValidator,
    HttpResponse,
    Severity,
    SoblobError,
    SoblobSettings,
    StubEndpoint,
    assert_valid_request,
)
from pytest_soblob._ini import read_nearest
from pytest_soblob.severities import Severities, in_force, put_in_force
from tests.mistakes import DESCRIPTION, IMAGE, TYPE, http_request, request

NO_DESCRIPTION = request(TYPE, IMAGE).encode()
WRONG_ORDER = request(IMAGE, TYPE, DESCRIPTION).encode()


@pytest.fixture
def forced(request: pytest.FixtureRequest) -> Iterator[None]:
    put_in_force(request.param)
    yield
    put_in_force(Severities())


def test_an_ini_value_is_pairs() -> None:
    parsed = Severities.parse("body.image-missing=error, payload.animated = off\nxml.empty=note")
    assert parsed.overrides == (
        ("body.image-missing", "error"),
        ("payload.animated", "off"),
        ("xml.empty", "note"),
    )
    assert Severities.of({"xml.empty": "note"}, "warning").fail_on == "warning"
    assert pickle.loads(pickle.dumps(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "fail_on", "said"),
    [
        ("body.image-mising=error", "error", "did you mean 'body.image-missing'"),
        ("body.image-missing=fatal", "error", "must be one of error, warning, note, off"),
        ("body.image-missing", "error", "should be RULE=SEVERITY"),
        ("", "note", "fail_on must be 'error' or 'warning', not 'note'"),
    ],
)
def test_what_there_is_not_is_refused(text: str, fail_on: str, said: str) -> None:
    with pytest.raises(SoblobError, match=said):
        Severities.parse(text, fail_on)


def test_a_validator_goes_by_its_own() -> None:
    own = Severities.parse("body.description-missing=error, body.child-out-of-order=off")
    judge = EnvelopeValidator("request", "wsdl", severities=own)
    assert [v.severity for v in judge.judge(NO_DESCRIPTION).violations] == [Severity.ERROR]
    assert not judge.is_valid(NO_DESCRIPTION)
    assert judge.judge(WRONG_ORDER).violations == ()
    assert judge.requests.policy is own


@pytest.mark.parametrize("forced", [Severities(fail_on="warning")], indirect=True)
@pytest.mark.usefixtures("forced")
def test_assertions_fail_at_the_threshold() -> None:
    with pytest.raises(ContractViolationError, match="description-missing"):
        assert_valid_request(NO_DESCRIPTION)
    assert EnvelopeValidator("request").is_valid(NO_DESCRIPTION)


def test_without_configuration_errors_fail() -> None:
    assert in_force() == Severities()
    assert_valid_request(NO_DESCRIPTION)


def test_an_endpoint_fails_at_the_threshold_but_answers_what_a_server_takes() -> None:
    settings = SoblobSettings(severities=Severities(fail_on="warning"))
    endpoint = StubEndpoint(settings=settings)
    response = endpoint.handle(http_request(NO_DESCRIPTION.decode())).response
    assert endpoint.remarks() == []
    with pytest.raises(ContractViolationError, match="description-missing"):
        endpoint.check()
    assert isinstance(response, HttpResponse)
    assert response.status == 200


def test_an_endpoint_refuses_what_a_team_calls_an_error() -> None:
    own = Severities.parse("body.description-missing=error")
    endpoint = StubEndpoint(settings=SoblobSettings(severities=own))
    with endpoint.expecting("body.description-missing"):
        response = endpoint.handle(http_request(NO_DESCRIPTION.decode())).response
    assert isinstance(response, HttpResponse)
    assert response.status == 500


def test_an_endpoint_answers_even_where_every_rule_is_off() -> None:
    own = Severities.parse("xml.not-xml=off, http.soap-action-missing=off")
    endpoint = StubEndpoint(settings=SoblobSettings(severities=own))
    response = endpoint.handle(http_request("no envelope", soap_action=None)).response
    assert isinstance(response, HttpResponse)
    assert b"finds no operation" in response.body
    endpoint.check()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pytest.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        (".pytest.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        ("tox.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        ("setup.cfg", "[tool:pytest]\nsoblob_fail_on = warning\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nsoblob_fail_on = "warning"\n'),
        ("pyproject.toml", '[tool.pytest]\nsoblob_fail_on = ["warning"]\n'),
    ],
)
def test_the_nearest_configuration(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "tox.ini").write_text("[tox]\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\n")
    assert read_nearest(inner) == {"soblob_fail_on": "warning"}
    (inner / "pytest.ini").write_text("")
    assert read_nearest(inner) == {}


@pytest.mark.parametrize(
    ("name", "content"), [("pytest.ini", "oops"), ("pyproject.toml", "oops = [")]
)
def test_a_broken_configuration_is_misuse(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SoblobError, match="cannot be read"):
        read_nearest(tmp_path)
