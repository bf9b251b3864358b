"""Without a socket the same as with one: for each client, each failure, and each way to be slow.

The channel that all transports share is tested by itself, too: each client shows a part of it.
"""

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO, StringIO
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests

from pytest_soblob import (
    HttpRequest,
    HttpResponse,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
)
from pytest_soblob.clients import close_client, new_zeep_client
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.stub.failures import FAILURES, Failure
from pytest_soblob.transports import httpx_transport, requests_adapter, zeep_transport
from pytest_soblob.transports._channel import InProcessChannel, TransportError, _simulate
from pytest_soblob.wire import Delivery, Ending
from tests.wire import to_bytes

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
    endpoint.close()


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
        endpoint.close()
    assert seen == [seen[1]] * 4
    assert (method == "HEAD") <= (seen[0][1] == b"")


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
    assert answer.body.Response == 70001
    assert endpoint.blobs[70001].image == b"12345"
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


@pytest.mark.parametrize(
    "body",
    [
        *(b"ab", "ab", bytearray(b"ab"), BytesIO(b"ab"), StringIO("ab")),
        *((p for p in (b"a", b"b")), (p for p in ("a", b"b"))),
    ],
)
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
        with pytest.raises(SoblobError, match="would wait forever: set a timeout"):
            session.post(endpoint.in_process_url, data=RIGHT.body, headers=dict(RIGHT.headers))


@pytest.mark.slow
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
            "flow.retry-after-unknown-outcome"
        ]
        assert [blob.id for blob in endpoint.orphans] == [70001]


def test_a_handler_may_be_asked_directly() -> None:
    endpoint = StubEndpoint()
    delivery = endpoint.handle(HttpRequest(method="GET", target="/"))
    assert getattr(delivery.response, "status", None) == 404


# -- when something arrives -----------------------------------------------------------------------

ANSWER = HttpResponse(body=b"x" * 100)
HEAD_BYTES = len(to_bytes(ANSWER)) - 100
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"


@pytest.mark.parametrize(
    ("how", "timeout_s", "after_s", "error"),
    [
        ({}, None, 0, None),
        ({"delay_s": 2}, 2.0, 2, TransportError.TIMED_OUT),
        ({"delay_s": 2}, 2.5, 2, None),
        ({"body_bytes_per_s": 100}, 1.0, 1, None),
        ({"head_bytes_per_s": HEAD_BYTES}, None, 1, None),
        ({"head_bytes_per_s": HEAD_BYTES, "body_bytes_per_s": 50, "delay_s": 2}, None, 5, None),
        ({"body_bytes_per_s": 0.5}, 2.0, 2, TransportError.TIMED_OUT),
        ({"body_bytes_per_s": 0.5, "delay_s": 1}, 2.0, 3, TransportError.TIMED_OUT),
        ({"body_bytes_per_s": 1000}, 0.05, 0.05, TransportError.TIMED_OUT),
        ({"cut_at": 5}, None, 0, TransportError.CUT_OFF),
        ({"cut_at": 5, "ending": Ending.RESET, "delay_s": 1}, None, 1, TransportError.RESET_INSIDE),
        ({"cut_at": 100, "ending": Ending.RESET}, None, 0, None),
        ({"response": None, "delay_s": 1}, None, 1, TransportError.CLOSED),
        ({"response": None, "delay_s": 1, "ending": Ending.RESET}, None, 1, TransportError.RESET),
        ({"response": None, "ending": Ending.HOLD}, 3.0, 3, TransportError.TIMED_OUT),
        ({"response": b"what is this", "delay_s": 1}, None, 1, TransportError.NOT_HTTP),
        ({"response": b"GET / HTTP/1.1\r\n\r\n", "delay_s": 1}, None, 1, TransportError.NOT_HTTP),
        ({"response": CUT_OFF, "delay_s": 1}, None, 1, TransportError.CUT_OFF),
        ({"response": to_bytes(ANSWER), "delay_s": 1}, None, 1, None),
    ],
)
def test_when_an_answer_arrives_and_how_it_is_lost(
    how: dict[str, Any], timeout_s: float | None, after_s: float, error: TransportError | None
) -> None:
    simulated = _simulate(Delivery(**{"response": ANSWER, **how}), timeout_s)
    assert simulated.after_s == pytest.approx(after_s)
    assert simulated.error is error
    assert (simulated.response is None) == (error is not None)


def test_only_the_chunks_are_taken_from_the_headers() -> None:
    headers = (("Transfer-Encoding", "chunked"), ("X", "a"))
    simulated = _simulate(Delivery(response=HttpResponse(headers=headers)), None)
    assert simulated.open().headers == (("X", "a"),)


@pytest.mark.parametrize(
    ("url", "headers", "body", "target", "sent"),
    [
        ("http://a", {}, b"", "/", {}),
        ("http://a/b?c", {}, b"hi", "/b?c", {"Content-Length": "2"}),
        ("http://a/b", {"content-length": "2"}, b"hi", "/b", {"content-length": "2"}),
        ("http://a/", {"Transfer-Encoding": "x"}, b"hi", "/", {"Transfer-Encoding": "x"}),
    ],
)
def test_a_request_arrives_as_a_socket_would_bring_it(
    url: str, headers: dict[str, str], body: bytes, target: str, sent: dict[str, str]
) -> None:
    seen: list[HttpRequest] = []

    def intercept(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    InProcessChannel(StubEndpoint(intercept=intercept)).send(
        "POST", url, headers.items(), body, None
    )
    assert [(r.target, dict(r.headers), r.body) for r in seen] == [(target, sent, body)]


def test_a_stale_connection_is_met_once_and_an_answer_that_arrives_is_not_lost() -> None:
    endpoint = StubEndpoint()
    passage = InProcessChannel(endpoint)

    def send() -> TransportError | None:
        url = endpoint.in_process_url
        return passage.send("POST", url, RIGHT.headers, RIGHT.body, None).error

    endpoint.fail("stale-keep-alive")
    assert [send(), send(), send()] == [None, TransportError.RESET, None]
    endpoint.reset()
    endpoint.fail("delay", seconds=30)
    assert [send(), send()] == [None, None]
    assert [v.rule for e in endpoint.exchanges for v in e.violations if v.family == "flow"] == []
    assert endpoint.orphans == []


# -- what each client says and is told ------------------------------------------------------------


def answered(status: int, reason: str) -> StubEndpoint:
    endpoint = StubEndpoint()
    endpoint.reply(response=HttpResponse(status=status, reason=reason))
    return endpoint


def test_requests_is_told_the_reason_and_waits_for_as_long_as_it_says() -> None:
    endpoint = answered(415, "Of our own")
    with requests.Session() as session:
        session.mount("http://", requests_adapter(endpoint))
        assert by_requests(endpoint.in_process_url, session)().reason == "Of our own"
        endpoint.fail("delay", seconds=0.02)
        answer = session.post(
            endpoint.in_process_url, RIGHT.body, headers={**dict(RIGHT.headers), "X": b"a"},
            timeout=(0.01, 5),
        )  # fmt: skip
    assert answer.status_code == 200
    assert endpoint.exchanges[-1].request.header("X") == "a"


def test_httpx_is_told_the_reason_and_waits_for_as_long_as_it_says() -> None:
    endpoint = answered(415, "Of our own")
    timeout = httpx.Timeout(0.01, read=5)
    with httpx.Client(transport=httpx_transport(endpoint), timeout=timeout) as client:
        call = by_httpx(endpoint.in_process_url, client)
        assert call().reason_phrase == "Of our own"
        endpoint.fail("delay", seconds=0.02)
        assert call().status_code == 200
    bare = httpx.Request("GET", f"{endpoint.in_process_url}?wsdl")
    bare.extensions = {}
    assert httpx_transport(endpoint).handle_request(bare).status_code == 200


def test_a_late_answer_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    for module in ("_httpx", "_requests"):
        fake = SimpleNamespace(sleep=slept.append)
        monkeypatch.setattr(f"pytest_soblob.transports.{module}.time", fake)
    monkeypatch.setattr("pytest_soblob.transports._httpx.anyio", SimpleNamespace(sleep=sleep))
    endpoint = StubEndpoint()
    endpoint.fail("delay", seconds=30, times=None)

    async def post() -> None:
        async with httpx.AsyncClient(transport=httpx_transport(endpoint), timeout=60) as client:
            await client.post(
                endpoint.in_process_url, content=RIGHT.body, headers=dict(RIGHT.headers)
            )

    with (
        requests.Session() as session,
        httpx.Client(transport=httpx_transport(endpoint), timeout=60) as client,
    ):
        session.mount("http://", requests_adapter(endpoint))
        session.post(endpoint.in_process_url, RIGHT.body, headers=dict(RIGHT.headers), timeout=60)
        by_httpx(endpoint.in_process_url, client)()
        asyncio.run(post())
    assert slept == [30, 30, 30]


def test_zeep_s_session_goes_nowhere_else() -> None:
    transport = zeep_transport(StubEndpoint(), operation_timeout=7)
    with transport.session as session:
        assert transport.operation_timeout == 7
        assert session.trust_env is False
        kinds = {type(session.get_adapter(f"{scheme}://a")) for scheme in ("http", "https")}
        assert kinds == {type(requests_adapter(StubEndpoint()))}
