"""What happens to an answer on its way: slow, broken off, reset, or never sent."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pytest_soblob.failures._failure import Knowledge, Situation, make
from pytest_soblob.wire import Delivery, Ending, HttpResponse

_CHUNKED: Final = ("Transfer-Encoding", "chunked")


def _own(**how: Any) -> Callable[[Situation], Delivery]:
    return lambda situation: Delivery(response=situation.own, **how)


def _paced(name: str) -> Callable[[Situation], Delivery]:
    def deliver(situation: Situation) -> Delivery:
        return Delivery(response=situation.own, **{name: situation.parameters["bytes_per_s"]})

    return deliver


def _late(situation: Situation) -> Delivery:
    return Delivery(response=situation.own, delay_s=situation.parameters["seconds"])


def _half(ending: Ending) -> Callable[[Situation], Delivery]:
    def deliver(situation: Situation) -> Delivery:
        assert situation.own is not None  # noqa: S101 -- each of these works
        half = len(situation.own.body) // 2
        return Delivery(response=situation.own, cut_at=half, ending=ending)

    return deliver


def _chunked(situation: Situation) -> Delivery:
    assert situation.own is not None  # noqa: S101 -- it works
    own = situation.own
    return Delivery(
        response=HttpResponse(status=own.status, headers=(*own.headers, _CHUNKED), body=own.body)
    )


def _bad_chunk(situation: Situation) -> Delivery:
    """A size that is none, in the middle: what WireMock calls MALFORMED_RESPONSE_CHUNK."""
    assert situation.own is not None  # noqa: S101 -- it works
    body = situation.own.body
    half = len(body) // 2
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    return Delivery(response=head + b"%x\r\n%b\r\nno size\r\n" % (half, body[:half]) + body[half:])


_failure = partial(make, group="transport", works=True)

FAILURES: Final = (
    _failure("delay", "the answer comes late, but it comes", _late, knowledge=Knowledge.TOLD,
             seconds=1.0),
    _failure("slow-head", "status line and headers come drop by drop",
             _paced("head_bytes_per_s"), knowledge=Knowledge.TOLD, bytes_per_s=200),
    _failure("slow-body", "the envelope comes drop by drop", _paced("body_bytes_per_s"),
             knowledge=Knowledge.TOLD, bytes_per_s=1000),
    _failure("chunked", "the answer comes in chunks, which is right", _chunked,
             knowledge=Knowledge.TOLD),
    _failure("bad-chunk", "the answer comes in chunks, one of which has no size", _bad_chunk),
    _failure("garbage", "bytes that are no HTTP",
             lambda s: Delivery(response=b"\x00\xffSSH-2.0-nobody\r\n"), works=False),
    _failure("reset-before-answer", "the connection is reset before a byte of the answer",
             lambda s: Delivery(response=None, ending=Ending.RESET), works=False),
    _failure("reset-during-answer", "half of the answer, then a reset", _half(Ending.RESET)),
    _failure("reset-after-answer", "the whole answer, then a reset", _own(ending=Ending.RESET),
             knowledge=Knowledge.TOLD),
    _failure("close-without-answer", "the connection is closed without a byte",
             lambda s: Delivery(response=None), works=False),
    _failure("close-during-answer", "half of the answer, then the end", _half(Ending.CLOSE)),
    _failure("half-open", "nothing: the connection stays open and nobody is there any more",
             lambda s: Delivery(response=None, ending=Ending.HOLD), works=False),
    _failure("stale-keep-alive", "the answer promises to keep the connection alive, and the next "
             "request on it meets a reset", _own(ending=Ending.STALE), knowledge=Knowledge.TOLD),
)  # fmt: skip
