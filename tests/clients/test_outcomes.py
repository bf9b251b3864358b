"""What zeep, requests, suds and node-soap make of each failure is what the table says."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from pytest_soblob import StubEndpoint
from pytest_soblob.stub.failures import FAILURES, Failure, Knowledge
from tests.clients.calls import by_node_soap
from tests.clients.outcomes import CLIENTS, Client, known_outcomes, measure, operation_of

each = pytest.mark.parametrize("failure", FAILURES.values(), ids=lambda failure: failure.name)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint().start()
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest, endpoint: StubEndpoint) -> Iterator[Client]:
    if request.param == "node-soap" and not by_node_soap.is_there():
        pytest.skip("node, or its module soap, is not on this machine: see README.md")
    client = CLIENTS[request.param](endpoint)
    yield client
    client.close()


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["client"])


@pytest.mark.slow
@each
def test_the_client_sees_what_the_table_says(
    endpoint: StubEndpoint, client: Client, name: str, failure: Failure
) -> None:
    assert measure(name, client, endpoint, failure) == known_outcomes()[failure.name][name]
    operation = operation_of(failure)
    calls = [exchange for exchange in endpoint.exchanges if exchange.operation == operation]
    assert calls[0].failure_name == failure.name
    stored = [exchange.blob_id for exchange in calls[:1] if exchange.blob_id is not None]
    assert bool(stored) == (failure.works and operation == "SaveImageStream")
    told = failure.knowledge is Knowledge.ANSWERED
    assert [blob.id for blob in endpoint.orphans] == ([] if told else stored)
    with suppress(AssertionError):  # a client that sends the same again, say
        endpoint.check()


def test_every_failure_has_been_measured() -> None:
    known = known_outcomes()
    assert list(known) == list(FAILURES)
    assert {tuple(row) for row in known.values()} == {tuple(CLIENTS)}


def test_no_client_raises_for_a_business_failure() -> None:
    """It is why `Succeeded` has to be looked at."""
    for failure in FAILURES.values():
        if failure.group == "business":
            row = known_outcomes()[failure.name]
            assert "Succeeded false" in row["zeep"]
            assert row["suds"].startswith("returns ")
