"""Without a socket the same as with one: for each client, each failure, and each way to be slow."""

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import httpx
import pytest
import requests

from pytest_soblob import HttpRequest, SaveImageStreamRequest, SoblobError, StubEndpoint
from pytest_soblob.clients import close_client, new_zeep_client
from pytest_soblob.failures import FAILURES, Failure
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.transports import httpx_transport, requests_adapter, zeep_transport

RIGHT = SaveImageStreamRequest(
    type="PersonImage", image=b"12345", description="a portrait", ticket="7T:x"
).to_http_request()
# Long enough for what comes, short enough for what does not.
PATIENCE_S = 2.0
# So that nothing takes long: the wire has the same shape at any pace.
QUICK: dict[str, dict[str, Any]] = {
    "delay": {"seconds": 0.01},
    "slow-head": {"bytes_per_s": 5_000},
    "slow-body": {"bytes_per_s": 10_000},
}
SAVES = [f for f in FAILURES.values() if not f.operations or "SaveImageStream" in f.operations]
each = pytest.mark.parametrize("failure", SAVES, ids=lambda failure: failure.name)


@pytest.fixture(scope="module")
def running() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint().start()
    yield endpoint
    endpoint.stop()


def outcome(call: Callable[[], Any]) -> tuple[object, ...]:
    """What the client sees: the class that it raises, or status and body."""
    try:
        answer = call()
    except (requests.RequestException, httpx.HTTPError) as error:
        return (type(error),)
    return answer.status_code, answer.content


def by_requests(url: str, session: requests.Session) -> Callable[[], Any]:
    return lambda: session.post(
        url, data=RIGHT.body, headers=dict(RIGHT.headers), timeout=PATIENCE_S,
        allow_redirects=False,
    )  # fmt: skip


def by_httpx(url: str, client: httpx.Client) -> Callable[[], Any]:
    return lambda: client.post(url, content=RIGHT.body, headers=dict(RIGHT.headers))


def seen_by(call: Callable[[], Any], failure: Failure) -> list[tuple[object, ...]]:
    """What the client sees of two calls.

    After a reset that follows an answer it is a matter of luck whether the next call meets it.
    """
    calls = 1 if failure.name == "reset-after-answer" else 2
    return [outcome(call) for _ in range(calls)]


def play(endpoint: StubEndpoint, failure: Failure) -> None:
    endpoint.reset()
    endpoint.fail(failure.name, **QUICK.get(failure.name, {}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("behaviour", ["strict", "wcf"])
def test_looking_around_is_the_same(method: str, behaviour: str) -> None:
    """Body, length and type, for clients that compare the two."""
    seen = []
    names = ("Content-Length", "Content-Type")
    with requests.Session() as mounted, requests.Session() as plain:
        endpoint = StubEndpoint(behaviour=behaviour).start()
        mounted.mount("http://", requests_adapter(endpoint))
        transport = httpx_transport(endpoint)
        with httpx.Client(transport=transport) as inside, httpx.Client(trust_env=False) as outside:
            for client in (mounted, plain, inside, outside):
                said = client.request(method, f"{endpoint.url}?wsdl", timeout=PATIENCE_S)
                found = [said.headers.get(name) for name in names]
                seen.append((said.status_code, said.content, found))
        endpoint.stop()
    assert seen == [seen[1]] * 4
    assert (method == "HEAD") <= (seen[0][1] == b"")


@each
def test_requests_sees_the_same(running: StubEndpoint, failure: Failure) -> None:
    offline = StubEndpoint()
    seen = []
    for endpoint in (running, offline):
        play(endpoint, failure)
        with requests.Session() as session:
            if endpoint is offline:
                session.mount("http://", requests_adapter(endpoint))
            call = by_requests(endpoint.in_process_url, session)
            seen.append([seen_by(call, failure), len(endpoint.blobs)])
    assert seen[0] == seen[1]


@each
def test_httpx_sees_the_same(running: StubEndpoint, failure: Failure) -> None:
    offline = StubEndpoint()
    seen = []
    for endpoint in (running, offline):
        play(endpoint, failure)
        transport = httpx_transport(endpoint) if endpoint is offline else None
        with httpx.Client(transport=transport, timeout=PATIENCE_S, trust_env=False) as client:
            call = by_httpx(endpoint.in_process_url, client)
            outcomes = seen_by(call, failure)
            if failure.name == "stale-keep-alive" and outcomes[1] == (httpx.RemoteProtocolError,):
                # httpx writes in two pieces: the reset may meet the second one, which it passes
                # over, and then there is only an end to be read.
                outcomes[1] = (httpx.ReadError,)
            seen.append([outcomes, len(endpoint.blobs)])
    assert seen[0] == seen[1]


@each
def test_httpx_sees_the_same_asynchronously(failure: Failure) -> None:
    endpoint = StubEndpoint()

    def sync() -> Any:
        with httpx.Client(transport=httpx_transport(endpoint), timeout=PATIENCE_S) as client:
            return by_httpx(endpoint.in_process_url, client)()

    async def post() -> Any:
        async with httpx.AsyncClient(
            transport=httpx_transport(endpoint), timeout=PATIENCE_S
        ) as client:
            return await client.post(
                endpoint.in_process_url, content=RIGHT.body, headers=dict(RIGHT.headers)
            )

    play(endpoint, failure)
    first = outcome(sync)
    play(endpoint, failure)
    assert outcome(lambda: asyncio.run(post())) == first


def test_zeep_uploads_and_looks_its_wsdl_up_without_a_socket() -> None:
    endpoint = StubEndpoint()
    client = new_zeep_client(
        f"{endpoint.in_process_url}?wsdl", SoblobSettings(), zeep_transport(endpoint)
    )
    answer = client.service.SaveImageStream("PersonImage", b"12345", "a portrait")
    assert answer.body.Response == 1
    assert endpoint.blobs[1].image == b"12345"
    close_client(client)


def test_the_exchanges_are_the_same_but_come_on_no_connection(running: StubEndpoint) -> None:
    running.reset()
    offline = StubEndpoint()
    with requests.Session() as session:
        by_requests(running.url, session)()
        session.mount("http://", requests_adapter(offline))
        by_requests(offline.in_process_url, session)()
    one, other = running.exchanges[0], offline.exchanges[0]
    assert one.request.body == other.request.body
    assert (one.operation, one.message, one.violations) == (
        other.operation,
        other.message,
        other.violations,
    )
    assert (one.connection is None, other.connection) == (False, None)
    host = ("Host", f"127.0.0.1:{running.base_url.rpartition(':')[2]}")
    assert set(one.request.headers) - set(other.request.headers) <= {host}


@pytest.mark.parametrize("body", [b"ab", "ab", BytesIO(b"ab"), (p for p in (b"a", b"b"))])
def test_whatever_requests_takes_as_a_body_arrives(body: Any) -> None:
    endpoint = StubEndpoint(behaviour="wcf")
    with requests.Session() as session:
        session.mount("http://", requests_adapter(endpoint))
        with endpoint.expecting("xml.not-xml"):
            session.post(endpoint.in_process_url, data=body, headers={"Content-Type": "text/xml"})
    assert endpoint.exchanges[0].request.body == b"ab"


def test_for_ever_is_misuse() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("half-open")
    with requests.Session() as session:
        session.mount("http://", requests_adapter(endpoint))
        with pytest.raises(SoblobError, match="would wait for ever: give it a timeout"):
            session.post(endpoint.in_process_url, data=RIGHT.body, headers=dict(RIGHT.headers))


def test_who_does_not_wait_leaves_it_open_whether_it_was_stored(running: StubEndpoint) -> None:
    for endpoint in (running, StubEndpoint()):
        endpoint.reset()
        endpoint.fail("delay", seconds=30)
        with requests.Session() as session:
            if endpoint is not running:
                session.mount("http://", requests_adapter(endpoint))
            call = by_requests(endpoint.in_process_url, session)
            assert outcome(call) == (requests.ReadTimeout,)
            assert outcome(call)[0] == 200
        assert [v.rule for v in endpoint.exchanges[1].violations if v.family == "flow"] == [
            "flow.sent-again-unsure"
        ]
        assert [blob.id for blob in endpoint.orphans] == [1]


def test_a_handler_may_be_asked_directly() -> None:
    endpoint = StubEndpoint()
    delivery = endpoint.handle(HttpRequest(method="GET", target="/"))
    assert getattr(delivery.response, "status", None) == 404
