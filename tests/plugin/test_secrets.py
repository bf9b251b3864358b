"""No secret in anything that the kit writes or represents, whatever pytest is asked to show."""

from pathlib import Path

import pytest

from tests.example_counts import untraced
from tests.leaks import ENCODINGS, PLACES, SECRETS, forms

# That no secret is shown is seen by `tests/text/test_redacting.py` and `tests/cli/`, too.
pytestmark = [pytest.mark.slow, untraced]

# The secrets come from a module of their own: a test's source is the test's own.
CONSUMER = """
import http.client
from dataclasses import replace

import pytest
from hypothesis import given, settings, strategies as st
from pytest_soblob import (
    Account, ExpectedCall, SaveImageStreamRequest, SoblobSettings, StubEndpoint,
    assert_saved, assert_valid_request,
)
from pytest_soblob.strategies import requests as any_requests
from tests import leaks


@pytest.fixture(scope="session")
def soblob_settings():
    return SoblobSettings(
        ticket=leaks.SECRETS["ticket"],
        application_tokens=(leaks.SECRETS["application token"],),
        accounts=(Account(user="ada", password=leaks.SECRETS["password"]),),
    )


def send(endpoint, given):
    host = endpoint.base_url.partition("://")[2]
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.request("POST", given.target, given.body, dict(given.headers))
    answer = connection.getresponse()
    status = (answer.status, answer.read())[0]
    connection.close()
    return status


@pytest.mark.parametrize("place", leaks.PLACES)
@pytest.mark.parametrize("encoding", leaks.ENCODINGS)
@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_endpoint(soblob_endpoint, kind, encoding, place):
    given = leaks.message(kind, encoding, place)
    status = send(soblob_endpoint, given)
    exchange = soblob_endpoint.exchanges[0]
    request, blobs = exchange.request, soblob_endpoint.blobs
    # A message by itself knows what it holds, not what its HTTP request did.
    message = exchange.message if kind in leaks.HELD else None
    assert status == 0, (exchange, request, message, blobs, soblob_endpoint)


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_assertion(kind):
    given = leaks.message(kind, "percent", "description")
    assert_valid_request(given)


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_client_raised(soblob_endpoint, kind):
    given = leaks.message(kind, "base64", "an unknown child")
    status = send(soblob_endpoint, given)
    raise ValueError(status)


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_http_requests_differ(kind):
    one, other = leaks.message(kind, "plain", "description"), leaks.message(kind, "base64", "type")
    assert one == other


def a_request(kind):
    secret = leaks.SECRETS[kind]
    return SaveImageStreamRequest(
        type="PersonImage", image=b"x" * 500, description="d " + secret,
        ticket=secret, application_token=secret,
    )


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_messages_differ(kind):
    one = a_request(kind)
    assert one == replace(one, description="d"), one


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_accounts_and_settings_differ(kind):
    def account():
        return Account(user="ada", password=leaks.SECRETS[kind], tickets=(leaks.SECRETS[kind],))

    one = SoblobSettings(accounts=(account(),), ticket=leaks.SECRETS[kind],
                         application_tokens=(leaks.SECRETS[kind],))
    assert [account()] == [replace(account(), user="bob")]
    assert one == SoblobSettings()


@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_settings_differ(kind):
    one = SoblobSettings(
        accounts=(Account(user="ada", password=leaks.SECRETS[kind]),), ticket=leaks.SECRETS[kind]
    )
    assert one == SoblobSettings(), one


@pytest.mark.parametrize("kind", ["ticket", "access token", "application token"])
def test_saved_and_expected(soblob_endpoint, kind):
    send(soblob_endpoint, leaks.message(kind, "plain", "description", wrong=False))
    soblob_endpoint.expect_calls(ExpectedCall(ticket=leaks.SECRETS[kind], description="other"))
    with pytest.raises(AssertionError) as caught:
        soblob_endpoint.check()
    said = str(caught.value)
    assert_saved(soblob_endpoint, description="other", image=b"1")


@settings(max_examples=3)
@given(given=any_requests().map(lambda request: replace(request, ticket=leaks.SECRETS["ticket"])))
def test_falsifying_example(given):
    assert not given, given


@settings(max_examples=3)
@given(given=st.sampled_from([a_request(kind) for kind in leaks.SECRETS]), more=st.data())
def test_falsifying_example_of_given_values(given, more):
    more.draw(st.just([a_request("ticket")]), label="more")
    assert not given


@pytest.mark.parametrize("encoding", leaks.ENCODINGS)
@pytest.mark.parametrize("kind", leaks.SECRETS)
def test_saved_otherwise(soblob_endpoint, kind, encoding):
    send(soblob_endpoint, leaks.message(kind, encoding, "description", wrong=False))
    assert_saved(soblob_endpoint, description=leaks.SECRETS[kind] + " and more")


@settings(max_examples=3)
@given(kind=any_requests())
def test_falsifying_example_at_the_endpoint(soblob_endpoint, kind):
    with soblob_endpoint.example():
        given = leaks.message("application token", "base64", "an unknown child")
        send(soblob_endpoint, given)
"""


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """All that a run of it prints, and its JUnit report."""
    import os
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("secrets")
    (folder / "test_consumer.py").write_text(CONSUMER, encoding="utf-8")
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "--showlocals", "-rA", "--junitxml=junit.xml",
         "-p", "no:cacheprovider", "--tb=long", "test_consumer.py"],
        cwd=folder, env=os.environ | {"PYTHONPATH": root}, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr
    return done.stdout + done.stderr + (folder / "junit.xml").read_text(encoding="utf-8")


def test_the_run_has_failed_at_all_of_it(said: str) -> None:
    total = len(SECRETS) * len(ENCODINGS) * (len(PLACES) + 1) + 6 * len(SECRETS) + 3 + 3
    assert f"{total} failed" in said
    for rule in ("body.child-out-of-order", "body.child-unknown"):
        assert rule in said
    assert "Falsifying example" in said or "Failing test case" in said


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_what_pytest_shows(said: str, kind: str) -> None:
    for form in forms(SECRETS[kind]):
        place = said.find(form)
        assert place < 0, said[max(place - 700, 0) : place + 200]
