"""Real clients call a running stub: they read the blob id, and what they uploaded is stored.

The same calls as those that were recorded, and some that are too large to keep.
"""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
import requests
import suds  # type: ignore[import-untyped]
import zeep.exceptions

from pytest_soblob import StubEndpoint, assert_saved
from tests.clients.calls import by_curl, by_node_soap, by_requests, by_suds, by_zeep
from tests.clients.calls.case import TICKET, Case

IN_PYTHON = by_zeep.CASES + by_suds.CASES + by_requests.CASES
CASES = IN_PYTHON + by_curl.CASES + by_node_soap.CASES
RIGHT = [case for case in CASES if not case.breaks]
WRONG = [case for case in CASES if case.breaks]
# The first upload of each client stays; what all of them send is seen by `test_recorded.py`, too.
FIRST = {case.client: case for case in reversed(RIGHT)}
FIRST_NOT_SLOW = [
    case if case is FIRST[case.client] else pytest.param(case, marks=pytest.mark.slow, id=case.name)
    for case in RIGHT
]
# What each client makes of the fault: nobody takes the refusal for a success.
REFUSALS = (
    zeep.exceptions.Fault,
    suds.WebFault,
    requests.HTTPError,
    subprocess.CalledProcessError,
)


@pytest.fixture(scope="module")
def running() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint(tickets=[TICKET]).start()
    yield endpoint
    endpoint.close()


@pytest.fixture
def endpoint(running: StubEndpoint) -> StubEndpoint:
    running.reset()
    return running


@pytest.fixture(scope="session")
def node_soap() -> bool:
    return by_node_soap.is_there()


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The call, where its client is on this machine."""
    given: Case = request.param
    if given.client == "curl" and shutil.which("curl") is None:
        pytest.skip("curl is not on this machine")
    if given.client == "node-soap" and not request.getfixturevalue("node_soap"):
        pytest.skip("node, or its module soap, is not on this machine: see README.md")
    return given


@pytest.mark.parametrize("case", FIRST_NOT_SLOW, ids=lambda case: case.name, indirect=True)
def test_the_client_uploads(endpoint: StubEndpoint, case: Case) -> None:
    endpoint.reply(blob_id=4711)
    assert case.call(endpoint.url, endpoint.wsdl_url) == 4711
    assert_saved(endpoint, type="PersonImage", image=case.image, description=case.description)
    (exchange,) = endpoint.exchanges
    assert exchange.blob_id == 4711
    endpoint.check()


@pytest.fixture(scope="module")
def running_host() -> Iterator[StubEndpoint]:
    limit = 16 * 1024 * 1024  # WCF's default is less than one large picture
    endpoint = StubEndpoint(behaviour="wcf", tickets=[TICKET], max_message_size=limit).start()
    yield endpoint
    endpoint.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "case", [c for c in RIGHT if c.soap == "1.1"], ids=lambda case: case.name, indirect=True
)
def test_the_client_uploads_to_a_wcf_host(running_host: StubEndpoint, case: Case) -> None:
    running_host.reset()
    running_host.reply(blob_id=4711)
    assert case.call(running_host.url, running_host.wsdl_url) == 4711
    assert_saved(running_host, type="PersonImage", image=case.image, description=case.description)
    (exchange,) = running_host.exchanges
    assert exchange.dropped == ()
    running_host.check()


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.name, indirect=True)
def test_the_client_is_refused(endpoint: StubEndpoint, case: Case) -> None:
    with endpoint.expecting(*case.breaks), pytest.raises(REFUSALS):
        case.call(endpoint.url, endpoint.wsdl_url)
    assert_saved(endpoint, count=0)
    endpoint.check()
