"""The documentation page's two examples, verbatim: data to compare with, no part of the project."""

import re
from pathlib import Path

import pytest

from pytest_soblob import EnvelopeValidator, SaveImageStreamRequest, SaveImageStreamResponse
from tests.wire import envelope_of

PAGE = Path(__file__).parents[3] / "shared" / "page" / "SaveImageStream.md"

pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="the documentation page (../shared/page) is not at hand"
)


def example(kind: str) -> bytes:
    request, response = re.findall(r"```xml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(request if kind == "request" else response).encode()


@pytest.mark.parametrize("kind", ["request", "response"])
@pytest.mark.parametrize("profile", ["documented", "auto"])
def test_the_examples_are_valid(kind: str, profile: str) -> None:
    verdict = EnvelopeValidator(kind, profile).judge(example(kind))
    assert (verdict.is_valid, verdict.profile) == (True, "documented")
    assert {str(v.severity) for v in verdict.violations} == {"note", "warning"}


def test_the_request_fails_as_wsdl_for_its_version_and_its_blocks() -> None:
    errors = EnvelopeValidator("request", "wsdl").judge(example("request")).errors
    assert [(v.rule, v.path, v.line) for v in errors] == [
        ("envelope.soap-version", "s12:Envelope", 2),
        ("header.outside-header", "s12:Envelope/ns:ApplicationToken", 9),
        ("header.outside-header", "s12:Envelope/ns:Credentials", 10),
    ]
    assert "the one on the documentation page" in errors[0].message
    assert all("documentation page" in violation.message for violation in errors)


def test_the_response_fails_as_wsdl_for_its_version() -> None:
    (error,) = EnvelopeValidator("response", "wsdl").judge(example("response")).errors
    assert error.rule == "envelope.soap-version"
    assert "the one on the documentation page" in error.message


def test_the_examples_are_read() -> None:
    request, response = (envelope_of(example(k)) for k in ("request", "response"))
    assert request is not None
    assert response is not None
    message = SaveImageStreamRequest.from_envelope(request)
    assert message is not None
    assert (message.type, message.image, message.description) == ("PersonImage", b"", "")
    assert message.ticket == "7T:1234abcxyzExample=="
    assert SaveImageStreamResponse.from_envelope(response) == SaveImageStreamResponse(blob_id=0)
