"""The configured threshold and severities, in every place that uses them."""

import pickle
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.config import findpaths

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
from pytest_soblob.cli.ini import read_nearest
from pytest_soblob.judge.severities import Severities, default_severities, set_default_severities
from tests.mistakes import DESCRIPTION, IMAGE, TYPE, http_request, request
from tests.sockets import connect, everything, hosted
from tests.wire import HttpSyntaxError, to_bytes

NO_DESCRIPTION = request(TYPE, IMAGE).encode()
WRONG_ORDER = request(IMAGE, TYPE, DESCRIPTION).encode()


@pytest.fixture
def forced(request: pytest.FixtureRequest) -> Iterator[None]:
    end = set_default_severities(request.param)
    yield
    end()


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
def test_unknown_rules_severities_and_thresholds_are_errors(
    text: str, fail_on: str, said: str
) -> None:
    with pytest.raises(SoblobError, match=said):
        Severities.parse(text, fail_on)


def test_a_validator_uses_its_own_severities() -> None:
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
    assert default_severities() == Severities()
    assert_valid_request(NO_DESCRIPTION)  # a warning
    with pytest.raises(ContractViolationError, match="child-out-of-order"):
        assert_valid_request(WRONG_ORDER)


def test_an_endpoint_fails_at_the_threshold_but_answers_like_a_server() -> None:
    settings = SoblobSettings(severities=Severities(fail_on="warning"))
    endpoint = StubEndpoint(settings=settings)
    response = endpoint.handle(http_request(NO_DESCRIPTION.decode())).response
    assert endpoint._runner.remarks() == []
    with pytest.raises(ContractViolationError, match="description-missing"):
        endpoint.check()
    assert isinstance(response, HttpResponse)
    assert response.status == 200


def test_an_endpoint_rejects_what_is_configured_as_an_error() -> None:
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


def test_an_inner_run_leaves_the_severities_of_the_outer_one() -> None:
    outer, inner = Severities(fail_on="warning"), Severities.parse("xml.empty=off")
    end_outer = set_default_severities(outer)
    end_inner = set_default_severities(inner)
    assert default_severities() is inner
    end_inner()
    end_inner()
    assert default_severities() is outer
    end_later = set_default_severities(inner)
    end_outer()  # runs that are no more nested, as in threads, end in any order
    assert default_severities() is inner
    end_later()
    assert default_severities() == Severities()


def test_malformed_http_has_the_configured_severity() -> None:
    error = HttpSyntaxError("no HTTP")
    for own, found in (("off", []), ("note", [Severity.NOTE])):
        graded = Severities.parse(f"http.malformed={own}")
        judge = EnvelopeValidator.of_service("request", severities=graded)
        verdict = judge.judge_malformed(error)
        assert [violation.severity for violation in verdict.violations] == found


def exchange(endpoint: StubEndpoint, data: bytes) -> bytes:
    with connect(endpoint) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return everything(connection)


@pytest.mark.parametrize(("own", "told"), [("off", 0), ("warning", 1)])
def test_malformed_http_at_the_endpoint_has_the_configured_severity(own: str, told: int) -> None:
    settings = SoblobSettings(severities=Severities.parse(f"http.malformed={own}"))
    with StubEndpoint(settings=settings) as endpoint:
        assert b"400" in exchange(endpoint, b"no HTTP at all\r\n\r\n").partition(b"\r\n")[0]
        endpoint.check()
        assert [v.rule for v in endpoint._runner.remarks()] == ["http.malformed"] * told


@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
@pytest.mark.parametrize("more", [(), (("Expect", "100-continue"),)])
@pytest.mark.parametrize(("own", "told"), [("off", 0), ("warning", 1)])
def test_a_body_that_is_too_large_has_the_configured_severity(
    behaviour: str, more: tuple[tuple[str, str], ...], own: str, told: int
) -> None:
    settings = SoblobSettings(
        behaviour=behaviour, severities=Severities.parse(f"payload.message-too-large={own}")
    )
    data = to_bytes(hosted(http_request(), *more))
    with StubEndpoint(settings=settings, max_message_size=100) as endpoint:
        assert b" 413 " in exchange(endpoint, data)
        endpoint.check()
        found = [v.rule for v in endpoint._runner.remarks()]
        assert found == ["payload.message-too-large"] * told


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pytest.toml", '[pytest]\nsoblob_fail_on = "warning"\n'),
        (".pytest.toml", '[pytest]\nsoblob_fail_on = "warning"\n'),
        ("pytest.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        (".pytest.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        ("tox.ini", "[pytest]\nsoblob_fail_on = warning\n"),
        ("setup.cfg", "[tool:pytest]\nsoblob_fail_on = warning\n"),
        ("pyproject.toml", '[tool.pytest.ini_options]\nsoblob_fail_on = "warning"\n'),
        ("pyproject.toml", '[tool.pytest]\nsoblob_fail_on = ["warning"]\n'),
    ],
)
def test_the_nearest_configuration_is_read(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / "tox.ini").write_text("[tox]\n")
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\n")
    assert read_nearest(inner) == {"soblob_fail_on": "warning"}
    (inner / "pytest.ini").write_text("")
    assert read_nearest(inner) == {}


NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini",
         "setup.cfg")  # fmt: skip


@pytest.mark.parametrize("first", range(len(NAMES)))
def test_the_files_of_a_folder_count_in_the_order_of_pytest(first: int, tmp_path: Path) -> None:
    """The oracle is pytest 9 itself; an older one does not know all of them."""
    for name in NAMES[first:]:
        table = {"pyproject.toml": "tool.pytest.ini_options", "setup.cfg": "tool:pytest"}
        quoted = f'"{name}"' if name.endswith("toml") else name
        text = f"[{table.get(name, 'pytest')}]\nsoblob_severity = {quoted}\n"
        (tmp_path / name).write_text(text)
    assert read_nearest(tmp_path) == {"soblob_severity": NAMES[first]}
    if pytest.version_tuple >= (9,):
        _, file, *_ = findpaths.locate_config(tmp_path, [])
        assert file == tmp_path / NAMES[first]


@pytest.mark.parametrize("name", NAMES[:4])
def test_a_file_of_pytests_own_is_read_even_if_it_is_empty(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    (tmp_path / "tox.ini").write_text("[pytest]\nsoblob_fail_on = warning\n")
    assert read_nearest(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pytest.ini", "oops"),
        ("pyproject.toml", "oops = ["),
        ("pyproject.toml", "tool = 1"),
        ("pyproject.toml", '[tool]\npytest = "x"'),
        ("pyproject.toml", "[tool.pytest]\na = 1\n[tool.pytest.ini_options]\nb = 1\n"),
        ("pytest.toml", 'soblob_fail_on = "warning"\n'),
        (".pytest.toml", "pytest = 3"),
        ("pytest.toml", "oops = ["),
    ],
)
def test_a_broken_configuration_is_misuse(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(SoblobError, match="cannot be read"):
        read_nearest(tmp_path)
