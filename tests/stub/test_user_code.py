"""What a test has written runs outside every lock, for a limited time; its errors are its own.

Which frames are ours is asked of the private function: no answer shows it.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pytest

from pytest_soblob import ContractViolationError, SoblobError, StubEndpoint
from pytest_soblob.serving.control import ControlApi
from pytest_soblob.soap.messages import ChangePersonImageRequest, SaveImageStreamRequest
from pytest_soblob.stub.endpoint import ExpectedCall
from pytest_soblob.stub.endpoint._user_code import is_ours
from pytest_soblob.wire import HttpRequest, HttpResponse
from tests.sockets import connect, everything, written

LIMIT_S = 0.2


class OwnError(Exception):
    """A test's own."""


def upload(description: str = "d") -> SaveImageStreamRequest:
    return SaveImageStreamRequest(
        type="PersonImage", image=b"\x89PNG", description=description, ticket="7T:x"
    )


def by_socket(endpoint: StubEndpoint, description: str = "d") -> bytes:
    """Send an upload, and return the answer."""
    with closing(connect(endpoint)) as client:
        http = upload(description).to_http_request()
        closes = HttpRequest(
            target=http.target, headers=(*http.headers, ("Connection", "close")), body=http.body
        )
        client.sendall(written(closes))
        return everything(client)


def in_process(endpoint: StubEndpoint, description: str = "d") -> bytes:
    response = endpoint.handle(upload(description).to_http_request()).response
    assert isinstance(response, HttpResponse)
    return b"HTTP/1.1 %d " % response.status + response.body


@pytest.fixture(name="endpoint")
def running_endpoint() -> Iterator[StubEndpoint]:
    endpoint = StubEndpoint().start()
    yield endpoint
    endpoint.close()


def fail(*_: object) -> Any:
    raise OwnError("as it likes")


@pytest.mark.parametrize("send", [by_socket, in_process])
def test_what_a_function_raises_is_the_tests_own(
    endpoint: StubEndpoint, send: Callable[[StubEndpoint], bytes]
) -> None:
    endpoint.reply(blob_id=7, matching=fail)
    assert send(endpoint).startswith(b"HTTP/1.1 500 ")
    assert [exchange.operation for exchange in endpoint.exchanges] == ["SaveImageStream"]
    with pytest.raises(OwnError, match="as it likes") as raised:
        endpoint.check()
    assert raised.traceback[-1].name == "fail", "what is shown last is the test's own line"
    assert raised.value.__notes__ == [
        "raised by matching= of a scripted answer, which the endpoint called"
    ]
    endpoint.check()
    endpoint.clear()
    assert send(endpoint).startswith(b"HTTP/1.1 200 ")


class Unequal(str):
    """A text whose comparison fails."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise OwnError("compared")

    def __ne__(self, other: object) -> bool:
        raise OwnError("compared")

    __hash__ = str.__hash__


def test_a_value_whose_comparison_fails_is_the_tests_own(endpoint: StubEndpoint) -> None:
    endpoint.reply(blob_id=7, matching={"description": Unequal("d")})
    by_socket(endpoint)
    with pytest.raises(OwnError, match="compared"):
        endpoint.check()
    endpoint.clear()
    endpoint.expect_calls(ExpectedCall(description=Unequal("d")), ExpectedCall())
    by_socket(endpoint)
    with pytest.raises(OwnError, match="compared"):
        endpoint.check()


def test_findings_are_told_beside_it(endpoint: StubEndpoint) -> None:
    endpoint.reply(blob_id=7, matching=fail)
    by_socket(endpoint)
    endpoint.clear()
    http = upload().to_http_request()
    endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=b"<"))
    with pytest.raises(OwnError) as raised:
        endpoint.check()
    assert "request 2 breaks" in raised.value.__notes__[1]


@pytest.mark.parametrize("name", ["on_exchange", "intercept", "on_malformed", "on_failed", "waits"])
def test_what_another_callable_raises_is_the_tests_own(name: str) -> None:
    callbacks: dict[str, Any] = {name: fail}
    with StubEndpoint(**callbacks) as endpoint:
        if name == "on_failed":
            endpoint._answering._note_breakdown(RuntimeError("of the stub"))
        elif name == "on_malformed":
            with closing(connect(endpoint)) as client:
                client.sendall(b"nothing\r\n\r\n")
                assert everything(client).startswith(b"HTTP/1.1 400 ")
        else:
            status = b"500" if name == "intercept" else b"200"
            assert by_socket(endpoint).startswith(b"HTTP/1.1 %s " % status)
        with pytest.raises(OwnError) as raised:
            endpoint.check()
        assert raised.value.__notes__[0] == f"raised by {name}=, which the endpoint called"


ASKED: dict[str, Callable[[StubEndpoint], object]] = {
    "exchanges": lambda endpoint: endpoint.exchanges,
    "blobs": lambda endpoint: [blob.image for blob in endpoint.blobs.values()],
    "orphans": lambda endpoint: endpoint.orphans,
    "last_request": lambda endpoint: endpoint.last_request,
    "check": lambda endpoint: endpoint.check(),
    "clear": lambda endpoint: endpoint.clear(),
    "reply": lambda endpoint: endpoint.reply(blob_id=9),
    "expect_calls": lambda endpoint: endpoint.expect_calls(ExpectedCall(), only=False),
    "remarks": lambda endpoint: endpoint._runner.remarks(),
    "handle": lambda endpoint: endpoint.handle(
        ChangePersonImageRequest(person_id=1, blob_id=0, ticket="7T:x").to_http_request()
    ),
    "repr": repr,
}


@pytest.mark.parametrize("send", [by_socket, in_process])
@pytest.mark.parametrize("what", ASKED)
@pytest.mark.parametrize("where", ["matching", "value", "on_exchange", "intercept"])
def test_it_may_ask_the_endpoint_anything(
    where: str, what: str, send: Callable[[StubEndpoint], bytes]
) -> None:
    asked: list[str] = []

    def ask(*_: object) -> None:
        if not asked:  # it is a call itself
            asked.append(what)
            ASKED[what](endpoint)

    class Asking(str):
        __slots__ = ()

        def __ne__(self, other: object) -> bool:
            ask()
            return str(self) != other

        __hash__ = str.__hash__

    callbacks: dict[str, Any] = {where: ask} if where in ("on_exchange", "intercept") else {}
    with StubEndpoint(**callbacks) as endpoint:
        if where == "matching":
            endpoint.reply(blob_id=7, matching=ask)
        elif where == "value":
            endpoint.reply(blob_id=7, matching={"description": Asking("other")})
        assert send(endpoint).startswith(b"HTTP/1.1 200 ")
        assert asked == [what]


@pytest.mark.parametrize("where", ["matching", "on_exchange", "intercept"])
def test_one_that_calls_the_endpoint_by_its_socket_is_told_so(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_soblob.stub.endpoint._user_code.LONGEST_S", LIMIT_S)
    first = threading.Lock()  # the calls that it makes are calls as well

    def call(*_: object) -> None:
        if first.acquire(blocking=False):
            by_socket(endpoint)

    callbacks: dict[str, Any] = {where: call} if where != "matching" else {}
    with StubEndpoint(**callbacks) as endpoint:
        if where == "matching":
            endpoint.reply(blob_id=7, matching=call)
        status = b"200" if where == "on_exchange" else b"500"
        assert by_socket(endpoint).startswith(b"HTTP/1.1 %s " % status)
        with pytest.raises(SoblobError) as raised:
            endpoint.check()
    said = str(raised.value)
    assert said.startswith(f"{where}=")
    assert f"has not returned within {LIMIT_S:g} s" in said
    assert "sockets.py" in said, "where it waits"
    assert "must not call this endpoint through its socket" in said


def test_what_was_raised_in_an_example_that_was_left_is_told_at_the_end() -> None:
    endpoint = StubEndpoint()
    endpoint.reply(blob_id=7, matching=fail, times=None)
    with suppress(ZeroDivisionError), endpoint.example():
        in_process(endpoint)
        raise ZeroDivisionError
    with endpoint.example():
        pass
    assert "OwnError: as it likes (" in (endpoint._runner.unreported() or "")
    with pytest.raises(OwnError):
        endpoint.check()
    with pytest.raises(OwnError), endpoint.example():
        in_process(endpoint)
    endpoint.check()


@pytest.mark.parametrize("error", [pytest.skip.Exception, SystemExit, AssertionError])
def test_what_ends_a_test_ends_it(endpoint: StubEndpoint, error: type[BaseException]) -> None:
    def end(message: object) -> None:
        raise error("enough")

    endpoint.reply(blob_id=7, matching=end)
    by_socket(endpoint)
    with pytest.raises(error, match="enough"):
        endpoint.check()


def test_who_interrupts_a_client_in_the_process_is_heard_at_once() -> None:
    def interrupt(message: object) -> None:
        raise KeyboardInterrupt

    endpoint = StubEndpoint()
    endpoint.reply(blob_id=7, matching=interrupt)
    with pytest.raises(KeyboardInterrupt):
        in_process(endpoint)


def test_each_answer_is_given_once_however_many_ask_at_the_same_time() -> None:
    """Eight clients are in the functions of all answers at once, before any is given."""
    clients = 8
    barrier = threading.Barrier(clients, timeout=10)
    asked = threading.local()

    def match(message: object) -> bool:
        if not getattr(asked, "before", False):
            asked.before = True
            barrier.wait()
        return True

    endpoint = StubEndpoint()
    for number in range(clients):
        endpoint.reply(blob_id=100 + number, matching=match)
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda n: in_process(endpoint, str(n)), range(clients)))
    assert [exchange.blob_id for exchange in endpoint.exchanges] == list(range(100, 108))
    assert endpoint._ledger.view.script.is_empty


def test_what_is_scripted_while_a_call_is_asked_about_is_for_later_calls() -> None:
    endpoint = StubEndpoint()

    def script(message: object) -> bool:
        endpoint.reply(blob_id=9)
        return False

    endpoint.reply(blob_id=7, matching=script)
    in_process(endpoint)
    endpoint.clear()
    assert [exchange.blob_id for exchange in endpoint.exchanges] == [70001]


def test_a_function_is_asked_once_for_each_call_and_not_for_one_that_is_refused() -> None:
    asked: list[object] = []
    endpoint = StubEndpoint()
    endpoint.reply(blob_id=7, matching=asked.append)
    in_process(endpoint, "a")
    http = upload("b").to_http_request()
    endpoint.handle(HttpRequest(target=http.target, headers=http.headers, body=http.body[:-9]))
    assert [message.description for message in asked] == ["a"]  # type: ignore[attr-defined]
    with pytest.raises(ContractViolationError):
        endpoint.check()


def test_functions_of_ours_run_in_the_servers_own_thread() -> None:
    assert is_ours(ControlApi.intercept)
    assert not is_ours(fail)
    assert not is_ours([].append)
