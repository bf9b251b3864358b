"""The assertions: what they take, what they raise, what is read."""

import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from pytest_soblob import (
    ContractViolationError,
    ExceptionInfo,
    Exchange,
    HttpRequest,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
    assert_saved,
    assert_valid_request,
    assert_valid_response,
    assertions,
)
from pytest_soblob.errors import (
    BodyViolationError,
    EnvelopeViolationError,
    FaultViolationError,
    HeaderViolationError,
    HttpViolationError,
    PayloadViolationError,
    XmlViolationError,
)
from pytest_soblob.judge.rendering import (
    count_text,
    failure,
    headline,
    render_findings,
    render_violations,
)
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators._context import make_violation  # one of each severity
from pytest_soblob.stub.exchange import Recording
from tests import mistakes
from tests.mistakes import DESCRIPTION, IMAGE, TYPE

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def saved(*requests: SaveImageStreamRequest) -> StubEndpoint:
    """An endpoint that has answered these, without a socket."""
    endpoint = StubEndpoint()
    for request in requests:
        endpoint.handle(request.to_http_request())
    return endpoint


def request(**more: Any) -> SaveImageStreamRequest:
    values = {"type": "PersonImage", "image": PNG, "description": "d", "ticket": "7T:x"}
    return SaveImageStreamRequest(**(values | more))


# -- messages -------------------------------------------------------------------------------------


def test_right_messages_of_every_kind_pass() -> None:
    exchange = saved(request()).exchanges[0]
    assert_valid_request(exchange.request.body, profile="wsdl")
    assert_valid_request(exchange.request)
    assert_valid_request(exchange)
    assert exchange.response is not None
    assert_valid_response(exchange.response.body, profile="wsdl")
    assert_valid_response(exchange.response)
    assert_valid_response(exchange)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (XmlViolationError, b""),
        (EnvelopeViolationError, b"<x/>"),
        (HeaderViolationError, mistakes.request(header="").encode()),
        (BodyViolationError, mistakes.request(IMAGE, TYPE).encode()),
        (PayloadViolationError, mistakes.request(TYPE, "<n:Image>!</n:Image>").encode()),
        (HttpViolationError, mistakes.http_request(soap_action='""')),
    ],
)
def test_the_error_has_the_class_of_the_family(
    error: type[ContractViolationError], message: bytes | HttpRequest
) -> None:
    with pytest.raises(error) as caught:
        assert_valid_request(message)
    assert type(caught.value) is error
    assert caught.value.violations[0].family in error.__name__.lower()


def test_a_malformed_fault_is_an_error_of_family_fault() -> None:
    with pytest.raises(FaultViolationError):
        assert_valid_response(mistakes.fault("<faultcode>e:Server</faultcode>").encode())


def test_online_asks_for_a_token() -> None:
    assert_valid_request(request(application_token="a").to_bytes(), installation="online")
    with pytest.raises(HeaderViolationError, match="application-token-missing"):
        assert_valid_request(request().to_bytes(), installation="online")


@pytest.mark.parametrize("message", ["<x/>", None, 1, mistakes.http_response("")])
def test_what_is_no_request_is_misuse(message: Any) -> None:
    with pytest.raises(SoblobError, match="a request is bytes or an HttpRequest, not "):
        assert_valid_request(message)


def test_an_error_survives_pickling_and_carries_its_violations() -> None:
    import pickle

    with pytest.raises(XmlViolationError) as caught:
        assert_valid_request(b"")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.violations) == (str(caught.value), caught.value.violations)


# -- one screen -----------------------------------------------------------------------------------


def test_however_bad_the_message_is_it_fits_a_screen(snapshot: SnapshotAssertion) -> None:
    data = mistakes.request(*["<n:Typ/>"] * 60, IMAGE, TYPE, header="").encode()
    with pytest.raises(ContractViolationError) as caught:
        assert_valid_request(data)
    text = str(caught.value)
    assert len(text.splitlines()) <= 60
    assert "and 48 more: body.child-unknown (46)" in text
    assert text == snapshot


def test_a_violation_in_a_line_keeps_the_ends_of_path_and_message() -> None:
    violation = make_violation(
        "fault.child-unknown",
        f"'{'x' * 220}' is no type of ExceptionInfo; did you mean SoSentryException?",
        path="s:Envelope/s:Body/s:Fault/detail" + "/ns:InnerException" * 20 + "/ns:Type",
    )
    line = " ".join(render_violations([violation] * 4).split("\n\n")[-1].split())
    assert line.startswith("4. fault.child-unknown …")
    assert "/ns:Type: 'xxx" in line
    assert line.endswith("did you mean SoSentryException?")
    assert len(line) <= 2 * 92


def test_many_messages_fit_a_screen() -> None:
    verdict = EnvelopeValidator().judge(mistakes.request(IMAGE, TYPE).encode())
    title = headline(verdict, verdict.errors)
    text = render_findings([(title, verdict.errors)] * 40)
    assert len(text.splitlines()) <= 60
    assert "and 27 more messages" in text
    assert count_text(verdict.violations) == "1 error, 1 warning"
    assert len(failure([(title, verdict.errors)] * 3).violations) == 3


# -- what was stored ------------------------------------------------------------------------------


def test_what_is_left_out_is_not_compared() -> None:
    endpoint = saved(request(), request(type="ProjectImage", image=b"2", description=None))
    assert_saved(endpoint, count=2)
    assert_saved(endpoint, image=PNG)
    assert_saved(endpoint, type="ProjectImage", image=b"2", description=None)
    assert_saved(endpoint, image=b"3", count=0)
    assert_saved(saved(), count=0)


@pytest.mark.parametrize(
    ("requests", "wanted"),
    [
        ([], {"image": PNG}),
        ([request(ticket=None)], {"image": PNG}),
        ([request()], {"image": b"other", "type": "ProjectImage", "description": "e"}),
        ([request(image=b"iVBORw0KGgo=")], {"image": b"\x89PNG\r\n\x1a\n"}),
        ([request()], {"image": b"iVBORw0KGgoAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}),
        ([request(image=PNG[:-4])], {"image": PNG}),
        ([request(image=PNG + b"x")], {"image": PNG}),
        ([request(description="a\nb\nc")], {"description": "a\r\nb\rc"}),
        ([request(description="a&amp;b")], {"description": "a&b"}),
        ([request(description=None)], {"description": ""}),
        ([request(), request()], {"image": PNG, "count": 1}),
        ([request()], {"count": 0}),
        ([request(description=d) for d in "abcdefgh"], {"description": "x", "type": "PersonImage"}),
    ],
)
def test_a_miss_reads_like_this(
    requests: list[SaveImageStreamRequest], wanted: dict[str, Any], snapshot: SnapshotAssertion
) -> None:
    with pytest.raises(ContractViolationError) as caught:
        assert_saved(saved(*requests), **wanted)
    assert str(caught.value) == snapshot


def test_a_miss_after_a_refusal_says_why_it_was_refused() -> None:
    endpoint = StubEndpoint(tickets=["7T:other"])
    endpoint.handle(request().to_http_request())
    refusal = (
        "Succeeded was false: SuperOffice.Exceptions.SoSessionException: "
        "The ticket is not one that this endpoint knows."
    )
    with pytest.raises(ContractViolationError) as caught:
        assert_saved(endpoint)
    assert str(caught.value).endswith(
        f"from 1 request: the last one was <Exchange SaveImageStream: 200, {refusal}>"
    )
    assert endpoint.exchanges[0].business_failure_text == refusal


def test_a_refusal_is_told_before_a_rule_that_a_net_host_does_not_mind() -> None:
    endpoint = StubEndpoint(behaviour="wcf", tickets=["7T:other"])
    late = mistakes.http_request(mistakes.request(IMAGE, TYPE))
    length = ("Content-Length", str(len(late.body)))
    endpoint.handle(replace(late, headers=(*late.headers, length)))
    with pytest.raises(ContractViolationError, match="SoSessionException"):
        assert_saved(endpoint)


def test_a_refusal_that_a_test_has_worded_gives_no_secret_away() -> None:
    endpoint = StubEndpoint()
    message = "7T:LeakedTicket== is of nobody\n" + "x" * 1000
    endpoint.reply(exception_info=ExceptionInfo(message=message))
    endpoint.handle(request().to_http_request())
    refusal = endpoint.exchanges[0].business_failure_text
    assert refusal is not None
    assert refusal.startswith("Succeeded was false: 7T:Le… is of nobody\\nxxx")
    assert len(refusal) == 300


def test_what_cannot_be_compared_is_misuse() -> None:
    with pytest.raises(SoblobError, match="image must be bytes, not str"):
        assert_saved(saved(), image="text")  # type: ignore[arg-type]
    for count in (-1, "1"):
        with pytest.raises(SoblobError, match="count must be 0 or more"):
            assert_saved(saved(), count=count)  # type: ignore[arg-type]
    with pytest.raises(SoblobError, match=r"there is no type 'PersonImag'; did you mean 'Person"):
        assert_saved(saved(), type="PersonImag", count=0)


def test_an_exchange_without_a_response_is_misuse() -> None:
    recording = Recording(HttpRequest(), lambda request: None)
    exchange = Exchange(
        recording=recording, response=None, operation=None, violations=(), blob_id=None
    )
    assert repr(exchange) == "<Exchange unknown operation: no answer>"
    with pytest.raises(SoblobError, match="no response"):
        assert_valid_response(exchange)


def test_warnings_pass() -> None:
    assert_valid_request(mistakes.request(DESCRIPTION).encode())


def test_images_that_are_not_kept_are_not_counted_in_silence() -> None:
    endpoint = StubEndpoint(keep=2)
    for number in range(3):
        endpoint.handle(request(description=str(number)).to_http_request())
    with pytest.raises(ContractViolationError) as caught:
        assert_saved(endpoint, count=3)
    assert str(caught.value).splitlines()[:2] == [
        "expected 3 stored images, found 2 of 2",
        "  the first 1 exchange, and the images stored there, are no longer kept",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1_000])
def test_the_first_difference_is_where_a_loop_finds_it(size: int) -> None:
    for at in {0, 1, size // 2, size - 1} - {size}:
        for kind in (bytes, str):
            wanted: Any = b"a" * size if kind is bytes else "a" * size
            other: Any = b"b" if kind is bytes else "b"
            changed = wanted[:at] + other + wanted[at + 1 :]
            assert assertions._first_difference(wanted, changed) == at
            assert assertions._first_difference(changed, changed + other) == size
            assert assertions._first_difference(changed[:at], wanted) == at


def test_a_failing_example_of_a_large_image_runs_few_lines() -> None:
    """Hypothesis traces each of them while it shrinks and explains: a loop over bytes has many."""
    endpoint = StubEndpoint()
    image = bytes(400_000)
    request = SaveImageStreamRequest(type="PersonImage", image=image + b"!", ticket="7T:x")
    endpoint.handle(request.to_http_request())
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(ContractViolationError, match="more bytes at byte 400,000"):
            assert_saved(endpoint, image=image)
    finally:
        sys.settrace(before)
    assert lines < 3_000
