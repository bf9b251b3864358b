"""Tests of the hand-written envelope."""

import pytest
from requests_uploader import UploadError, upload

from pytest_soblob import (
    ExceptionInfo,
    HttpResponse,
    ImageBytes,
    StubEndpoint,
    assert_saved,
    assert_valid_request,
)

LOGO = ImageBytes(format="PNG", width=64, height=64)


def test_envelope_and_headers_are_right(soblob_endpoint: StubEndpoint) -> None:
    blob_id = upload(soblob_endpoint.url, "7T:example", "token", LOGO, "Logo", "ProjectImage")
    assert blob_id == 70001
    assert_saved(soblob_endpoint, type="ProjectImage", image=LOGO, description="Logo")
    assert_valid_request(soblob_endpoint.exchanges[0], profile="wsdl", installation="online")


@pytest.mark.parametrize(
    "description", ["Tom & Jerry", "<b>", "two\r\nlines", "]]>", "日本 🙂", ""]
)
def test_description_arrives_as_it_was(soblob_endpoint: StubEndpoint, description: str) -> None:
    upload(soblob_endpoint.url, "7T:example", "token", LOGO, description)
    assert_saved(soblob_endpoint, description=description)


def test_a_failure_is_raised(soblob_endpoint: StubEndpoint) -> None:
    soblob_endpoint.reply(exception_info=ExceptionInfo(message="Your ticket has expired."))
    with pytest.raises(UploadError, match="expired"):
        upload(soblob_endpoint.url, "7T:example", "token", LOGO, "Logo")


def test_a_proxy_in_between_is_raised(soblob_endpoint: StubEndpoint) -> None:
    page = HttpResponse(
        status=502, headers=(("Content-Type", "text/html"),), body=b"<html>Bad</html>"
    )
    soblob_endpoint.reply(response=page)
    with pytest.raises(UploadError, match="HTTP 502"):
        upload(soblob_endpoint.url, "7T:example", "token", LOGO, "Logo")
