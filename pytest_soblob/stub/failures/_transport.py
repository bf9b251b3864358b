"""Failures of the transport: an answer that is slow, cut off, reset, or never sent."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pytest_soblob.stub.failures._failure import FailureContext, Knowledge, make
from pytest_soblob.wire import Delivery, Ending, HttpResponse

_CHUNKED: Final = ("Transfer-Encoding", "chunked")


def _own(**how: Any) -> Callable[[FailureContext], Delivery]:
    return lambda context: Delivery(response=context.own, **how)


def _paced(name: str) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        return Delivery(response=context.own, **{name: context.parameters["bytes_per_s"]})

    return deliver


def _late(context: FailureContext) -> Delivery:
    return Delivery(response=context.own, delay_s=context.parameters["seconds"])


def _half(ending: Ending) -> Callable[[FailureContext], Delivery]:
    def deliver(context: FailureContext) -> Delivery:
        assert context.own is not None  # noqa: S101 -- each of these works
        half = len(context.own.body) // 2
        return Delivery(response=context.own, cut_at=half, ending=ending)

    return deliver


def _chunked(context: FailureContext) -> Delivery:
    assert context.own is not None  # noqa: S101 -- it works
    own = context.own
    return Delivery(
        response=HttpResponse(status=own.status, headers=(*own.headers, _CHUNKED), body=own.body)
    )


def _bad_chunk(context: FailureContext) -> Delivery:
    """Send an invalid chunk size in the middle, WireMock's MALFORMED_RESPONSE_CHUNK."""
    assert context.own is not None  # noqa: S101 -- it works
    body = context.own.body
    half = len(body) // 2
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Delivery(response=head + b"%x\r\n%b\r\nno size\r\n" % (half, body[:half]) + body[half:])


_failure = partial(make, group="transport", works=True)

FAILURES: Final = (
    _failure("delay", "the answer is sent, but late", _late, knowledge=Knowledge.ANSWERED,
             seconds=1.0),
    _failure("slow-head", "status line and headers are sent slowly",
             _paced("head_bytes_per_s"), knowledge=Knowledge.ANSWERED, bytes_per_s=200),
    _failure("slow-body", "the envelope is sent slowly", _paced("body_bytes_per_s"),
             knowledge=Knowledge.ANSWERED, bytes_per_s=1000),
    _failure("chunked", "the answer is sent in chunks, which is correct", _chunked,
             knowledge=Knowledge.ANSWERED),
    _failure("bad-chunk", "the answer is sent in chunks, one of which has no size", _bad_chunk),
    _failure("garbage", "bytes that are not HTTP",
             lambda s: Delivery(response=b"\x00\xffSSH-2.0-nobody\r\n"), works=False),
    _failure("reset-before-answer", "the connection is reset before a byte of the answer",
             lambda s: Delivery(response=None, ending=Ending.RESET), works=False),
    _failure("reset-during-answer", "half of the answer, then a reset", _half(Ending.RESET)),
    _failure("reset-after-answer", "the whole answer, then a reset", _own(ending=Ending.RESET),
             knowledge=Knowledge.ANSWERED),
    _failure("close-without-answer", "the connection is closed without a byte",
             lambda s: Delivery(response=None), works=False),
    _failure("close-during-answer", "half of the answer, then the connection is closed",
             _half(Ending.CLOSE)),
    _failure("half-open", "no answer: the connection stays open",
             lambda s: Delivery(response=None, ending=Ending.HOLD), works=False),
    _failure("stale-keep-alive", "the answer promises to keep the connection alive, and the next "
             "request on it meets a reset", _own(ending=Ending.STALE),
             knowledge=Knowledge.ANSWERED),
)  # fmt: skip
