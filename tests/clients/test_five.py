"""Each client uploads five images and meets five failures, in both behaviours."""

import shutil
import subprocess
from collections.abc import Callable, Iterator

import httpx
import pytest
import requests
import suds  # type: ignore[import-untyped]
import zeep.exceptions

from pytest_soblob import ImageBytes, StubEndpoint, assert_saved
from tests.clients.calls import by_curl, by_httpx, by_node_soap, by_requests, by_suds, by_zeep
from tests.clients.calls.case import DESCRIPTION, TICKET, Call

IMAGES = {
    "png": ImageBytes(format="PNG", width=1, height=1),
    "jpeg": ImageBytes(format="JPEG", width=64, height=48),
    "gif": ImageBytes(format="GIF", width=7, height=5),
    "tiff": ImageBytes(format="TIFF", width=30, height=20),
    "large png": ImageBytes(format="PNG", width=600, height=400, noise=60),
}
# Not one that a client would take for a success.
FAILURES = ("fault-server", "http-503", "http-413", "close-without-answer", "reset-before-answer")
CLIENTS: dict[str, Callable[[bytes], Call]] = {
    "zeep": lambda image: by_zeep.call(image=image),
    "suds": lambda image: by_suds.call(image=image),
    "requests": lambda image: by_requests.call("1.1", by_requests.envelope("1.1", image)),
    "httpx": lambda image: by_httpx.call("1.1", by_requests.envelope("1.1", image)),
    "httpx asynchronously": lambda image: by_httpx.call(
        "1.1", by_requests.envelope("1.1", image), asynchronous=True
    ),
    "curl": lambda image: by_curl.call(by_requests.envelope("1.1", image), "1.1"),
    "node-soap": lambda image: by_node_soap.call(image=image),
}
RAISED = (
    zeep.exceptions.Error,
    suds.WebFault,
    requests.RequestException,
    httpx.HTTPError,
    subprocess.CalledProcessError,
    OSError,  # suds hands on what the socket says
    Exception,  # and makes a bare one of a status
)


@pytest.fixture(scope="module", params=["strict", "wcf"])
def running(request: pytest.FixtureRequest) -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint(behaviour=request.param, tickets=[TICKET], max_message_size=1 << 22)
    endpoint.start()
    yield endpoint
    endpoint.close()


@pytest.fixture
def endpoint(running: StubEndpoint) -> StubEndpoint:
    running.reset()
    return running


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> Callable[[bytes], Call]:
    if request.param == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    if request.param == "node-soap" and not by_node_soap.is_there():
        pytest.skip("node, or its module soap, is not on this machine: see README.md")
    return CLIENTS[request.param]


@pytest.mark.slow
def test_five_images_arrive(endpoint: StubEndpoint, client: Callable[[bytes], Call]) -> None:
    for name, image in IMAGES.items():
        blob_id = client(image)(endpoint.url, endpoint.wsdl_url)
        assert blob_id == list(endpoint.blobs)[-1], name
        assert_saved(endpoint, type="PersonImage", image=image, description=DESCRIPTION)
    assert len(endpoint.blobs) == len(IMAGES)
    endpoint.check()


@pytest.mark.slow
def test_five_failures_are_met(endpoint: StubEndpoint, client: Callable[[bytes], Call]) -> None:
    for name in FAILURES:
        endpoint.fail(name)
        with pytest.raises(RAISED):
            client(IMAGES["png"])(endpoint.url, endpoint.wsdl_url)
        assert endpoint.exchanges[-1].failure_name == name
    assert endpoint.blobs == {}
    assert [client(IMAGES["png"])(endpoint.url, endpoint.wsdl_url)] == list(endpoint.blobs)
    endpoint.check()
