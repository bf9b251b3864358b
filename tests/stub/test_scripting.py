"""When a scripted answer is due, which failures there are, and which calls are expected.

Matching and the script are private, pure and tested by themselves, too: against brute force.
"""

import itertools
import re
from typing import Any

import pytest
import requests as http_client
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_soblob import (
    ContractViolationError,
    EnvelopeValidator,
    ExpectedCall,
    Fault,
    ImageBytes,
    SaveImageStreamRequest,
    SoblobError,
    StubEndpoint,
)
from pytest_soblob.contract import OPERATIONS
from pytest_soblob.soap.messages import (
    AuthenticateUsernamePasswordRequest,
    ChangePersonImageRequest,
    ExceptionInfo,
    GetBlobStreamRequest,
    GetPersonImageRequest,
    Request,
)
from pytest_soblob.stub.endpoint._matching import assign, find_disorder
from pytest_soblob.stub.endpoint._script import Script, When
from pytest_soblob.stub.failures import (
    FAILURES,
    Failure,
    Knowledge,
    explain_failure,
    failure_to_json,
    list_failures,
)
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse
from tests.cpu import growth, spent_s
from tests.example_counts import untraced

IMAGE = ImageBytes(format="PNG", width=2, height=2)


def upload(description: str = "d", link_type: str = "PersonImage") -> SaveImageStreamRequest:
    return SaveImageStreamRequest(
        type=link_type, image=IMAGE, description=description, ticket="7T:x"
    )


def call(endpoint: StubEndpoint, request: Request, profile: str = "wsdl") -> Delivery:
    http = request.to_http_request(profile)
    length = ("Content-Length", str(len(http.body)))
    return endpoint.handle(
        HttpRequest(target=http.target, headers=(*http.headers, length), body=http.body)
    )


def statuses(endpoint: StubEndpoint, count: int) -> list[int]:
    """Upload so often, each time another image; the status of each answer."""
    found = []
    for number in range(count):
        response = call(endpoint, upload(str(number))).response
        assert isinstance(response, HttpResponse)
        found.append(response.status)
    return found


# -- when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [503, 200, 200, 200]),
        ({"times": 2}, [503, 503, 200, 200]),
        ({"times": None}, [503, 503, 503, 503]),
        ({"nth": 3}, [200, 200, 503, 200]),
        ({"nth": 2, "times": 2}, [200, 503, 503, 200]),
        ({"nth": 3, "times": None}, [200, 200, 503, 503]),
        ({"share": 1.0}, [503, 503, 503, 503]),
        ({"share": 1.0, "times": 1}, [503, 200, 200, 200]),
    ],
)
def test_for_which_calls(when: dict[str, Any], expected: list[int]) -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", **when)
    assert statuses(endpoint, 4) == expected


def test_a_share_is_a_share_and_the_same_for_the_same_seed() -> None:
    def played(seed: int) -> list[int]:
        endpoint = StubEndpoint()
        endpoint.fail("http-503", share=0.25, seed=seed)
        return statuses(endpoint, 200)

    first = played(7)
    assert played(7) == first != played(8)
    assert 30 <= first.count(503) <= 70


def test_a_share_begins_anew_in_each_example() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", share=0.5, seed=3)
    found = []
    for _ in range(2):
        with endpoint.example():
            found.append(statuses(endpoint, 20))
    assert found[0] == found[1]
    assert set(found[0]) == {200, 503}


def test_answers_come_in_the_order_in_which_they_were_scripted() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-500")
    endpoint.fail("http-502", times=2)
    endpoint.reply(response=HttpResponse(status=418))
    endpoint.fail("http-503", nth=5)
    assert statuses(endpoint, 6) == [500, 502, 502, 418, 503, 200]


def test_of_two_that_stand_the_later_one_wins() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-500", times=None)
    endpoint.fail("http-502", times=None, matching={"description": "0"})
    endpoint.fail("http-503", times=None, matching={"description": "0"})
    assert statuses(endpoint, 2) == [503, 500]


def test_one_that_stands_from_the_nth_call_on_leaves_those_before_to_what_stood() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", times=None)
    endpoint.fail("http-500", nth=3, times=None)
    assert statuses(endpoint, 5) == [503, 503, 500, 500, 500]


def test_one_that_suits_some_operations_leaves_the_others_to_what_stood() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", operation=None, times=None)
    endpoint.fail("zero-id", operation=None, times=None)
    endpoint.fail("http-500", times=None)
    for request in (upload(), GetPersonImageRequest(person_id=1, ticket="7T:x")):
        call(endpoint, request)
    assert [exchange.failure_name for exchange in endpoint.exchanges] == ["http-500", "http-503"]


def test_what_will_never_be_due_again_is_not_kept() -> None:
    script = Script()
    for name, when in (
        ("http-503", When(times=None)),
        ("zero-id", When(times=None, operation=None)),
        ("http-500", When(times=None, operation="GetPersonImage", nth=3)),
        ("http-429", When(times=None, operation=None)),
    ):
        script.add(when, FAILURES[name])
    assert len(script.unplayed) == 1


def test_a_share_leaves_the_rest_to_what_stood_before() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-500", times=None)
    endpoint.fail("http-503", share=0.5, seed=3)
    assert set(statuses(endpoint, 20)) == {503, 500}


def test_clear_takes_all_back() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", times=None)
    endpoint.fail("http-500", nth=2)
    assert statuses(endpoint, 1) == [503]
    endpoint.clear()
    assert statuses(endpoint, 2) == [200, 200]


def test_matching_by_value_and_by_function() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", matching={"type": "ProductImage"})
    endpoint.fail("http-500", matching=lambda message: message.description == "bad", times=None)
    found = [
        getattr(call(endpoint, request).response, "status", None)
        for request in (
            upload("good"),
            upload("product", "ProductImage"),
            upload("product again", "ProductImage"),
            upload("bad"),
            upload("bad"),
        )
    ]
    assert found == [200, 503, 200, 500, 500]


def test_an_attribute_that_a_message_has_not_matches_nothing() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", operation=None, matching={"description": None}, times=None)
    requests = (
        GetPersonImageRequest(person_id=1, ticket="7T:x"),
        SaveImageStreamRequest(type="PersonImage", image=IMAGE, ticket="7T:x"),
    )
    for request in requests:
        endpoint.handle(request.to_http_request())
    assert [exchange.failure_name for exchange in endpoint.exchanges] == [None, "http-503"]


def test_nth_counts_only_what_matches() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", nth=2, matching={"type": "ProductImage"})
    kinds = ["ProductImage", "PersonImage", "ProductImage"]
    found = [call(endpoint, upload(str(n), kind)).response for n, kind in enumerate(kinds)]
    assert [getattr(response, "status", None) for response in found] == [200, 200, 503]


def test_a_function_that_raises_is_an_error_of_the_test() -> None:
    with StubEndpoint() as endpoint:
        endpoint.fail("http-503", matching=lambda message: message.nothing)
        http = upload().to_http_request()
        answer = http_client.post(
            endpoint.url, data=http.body, headers=dict(http.headers), timeout=10
        )
        assert answer.status_code == 500
        with pytest.raises(AttributeError, match="'nothing'"):
            endpoint.check()


def test_an_operation_of_its_own_or_any() -> None:
    endpoint = StubEndpoint()
    endpoint.fail("http-503", operation="GetPersonImage")
    endpoint.fail("http-500", operation=None)
    requests = (
        upload("first"),
        upload("second"),
        GetPersonImageRequest(person_id=1, ticket="7T:x"),
        AuthenticateUsernamePasswordRequest(user="a", password="b"),
    )
    found = [getattr(call(endpoint, request).response, "status", None) for request in requests]
    assert found == [500, 200, 503, 200]


def test_what_is_for_any_operation_waits_for_one_that_it_suits() -> None:
    """Otherwise a change of a picture would be told to have worked, and have done nothing."""
    endpoint = StubEndpoint()
    endpoint.person_images[1] = 7
    endpoint.fail("wrong-password", operation=None)
    endpoint.fail("zero-id", operation=None)
    endpoint.reply(blob_id=9, operation=None)
    remove = ChangePersonImageRequest(person_id=1, ticket="7T:x")
    call(endpoint, remove)
    assert endpoint.person_images == {}
    for number in range(2):
        call(endpoint, upload(str(number)))
    call(endpoint, AuthenticateUsernamePasswordRequest(user="a", password="b"))
    assert [exchange.failure_name for exchange in endpoint.exchanges] == [
        None, "zero-id", None, "wrong-password",
    ]  # fmt: skip
    assert list(endpoint.blobs) == [9]


REFUSED: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    (("http-53",), {}, r"no failure 'http-53'; did you mean 'http-503'\? \(`soblob failures` "),
    (("",), {}, "there is no failure ''"),
    (("delay",), {"second": 1}, r"'delay' has no parameter 'second'; did you mean 'seconds'\?"),
    (("http-400",), {"retry_after_s": 1}, r"has no parameter 'retry_after_s' \(it has none\)"),
    (("delay",), {"seconds": -1}, "seconds must be a number over 0, not -1"),
    (("delay",), {"seconds": "1"}, "seconds must be a number over 0, not '1'"),
    (("slow-body",), {"bytes_per_s": float("inf")}, "must be a number over 0, not inf"),
    (("http-503",), {"retry_after_s": 0.5}, "retry_after_s must be whole seconds, 0 or more, not"),
    (("http-503",), {"retry_after_s": 1e6}, "must be whole seconds, 0 or more, not 1000000.0"),
    (("http-429",), {"retry_after_s": -1}, "must be whole seconds, 0 or more, not -1"),
    (("http-429",), {"retry_after_s": True}, "must be whole seconds, 0 or more, not True"),
    (("http-429",), {"retry_after_s": 10**400}, "retry_after_s must be whole seconds, 0 or more"),
    (("fault-server",), {"soap": "1.3"}, "soap must be '1.1', '1.2', or None"),
    (("redirect",), {"location": "a\r\nb"}, "location must be a URL or a path"),
    (("huge-id",), {"blob_id": "x"}, "blob_id must be a number"),
    (("zero-id",), {"operation": "GetPersonImage"}, "makes no sense for GetPersonImage, only for"),
    (("wrong-password",), {}, "makes no sense for SaveImageStream, only for Authenticate"),
    (("http-500",), {"operation": "SaveImage"}, r"did you mean 'SaveImageStream'\?"),
    (("http-500",), {"times": 0}, "times must be 1 or more"),
    (("http-500",), {"nth": 0}, "nth must be 1 or more"),
    (("http-500",), {"share": 0}, "share must be over 0 and at most 1"),
    (("http-500",), {"share": 1.5}, "share must be over 0 and at most 1"),
    (("http-500",), {"share": 0.5, "nth": 2}, "a reply takes nth or share, not both"),
    (("http-500",), {"matching": {"typ": "x"}}, r"has no 'typ'; did you mean 'type'\?"),
    (("http-500",), {"matching": {"person_id": 1}}, "SaveImageStream has no 'person_id'"),
    (("http-500",), {"matching": {"x": 1}, "operation": None}, "any operation has no 'x'"),
    (("http-500",), {"matching": {"type": "Personimage"}}, r"did you mean 'PersonImage'\?"),
    (("http-500",), {"matching": {"type": ["x"]}}, "type is a text in a message, never"),
    (("http-500",), {"matching": {"image": 5}}, "image is bytes in a message, never 5"),
    (("http-500",), {"matching": "x"}, "matching must be values by attribute, or a function"),
    (("http-500",), {"times": "2"}, "times must be 1 or more, or None for all, not '2'"),
    (("http-500",), {"times": 2.5}, "times must be 1 or more"),
    (("http-500",), {"nth": "2"}, "nth must be 1 or more, not '2'"),
    (("http-500",), {"nth": 1.5}, "nth must be 1 or more"),
    (("http-500",), {"share": "0.1"}, "share must be over 0 and at most 1"),
    (("http-500",), {"share": float("nan")}, "share must be over 0 and at most 1"),
    (("http-500",), {"seed": [1]}, "seed must be a whole number"),
    (("http-500",), {"seed": 7}, "seed chooses the calls of a share: it needs a share"),
    (("http-500",), {"seed": 7, "times": 2}, "seed chooses the calls of a share"),
    (("http-500",), {"operation": ["a"]}, r"there is no operation \['a'\]"),
    (("http-500",), {"operation": None, "matching": {"person_id": 2**40}}, "is an xs:int"),
    (("huge-id",), {"blob_id": 10**5000}, "more digits than any client reads"),
    (("redirect",), {"location": ""}, "location must be a URL or a path"),
    (("delay",), {"seconds": 10**400}, "seconds must be a number over 0"),
    (("slow-body",), {"bytes_per_s": 10**400}, "bytes_per_s must be a number over 0"),
    (("negative-id",), {"blob_id": 7}, "blob_id must be a number below 0, not 7"),
    (("negative-id",), {"blob_id": True}, "blob_id must be a number below 0, not True"),
    (("huge-id",), {"blob_id": 5}, "blob_id must be a number 2147483648 or more, not 5"),
]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"delay_s": "x"}, "delay_s must be 0 or more seconds, not 'x'"),
        ({"fault": "x"}, "fault must be a Fault, not 'x'"),
        ({"exception_info": "x"}, "exception_info must be a ExceptionInfo, not 'x'"),
        (
            {"blob_id": 1, "operation": "ChangePersonImage"},
            "blob_id is in the answer to SaveImageStream, not to ChangePersonImage",
        ),
        ({"blob_id": "1"}, "blob_id must fit an xs:int, not '1'"),
        ({"succeeded": "no"}, "succeeded must be True or False, not 'no'"),
        ({"fault": Fault(), "status": 100}, "status must have three digits"),
        ({"fault": Fault(code=3)}, "fault has a part of the wrong type"),  # type: ignore[arg-type]
        ({"response": HttpResponse(status="200")}, "three digits"),  # type: ignore[arg-type]
        ({"response": HttpResponse(body="x")}, "of the wrong type"),  # type: ignore[arg-type]
        ({"response": HttpResponse(headers={"A": "b"})}, "wrong type"),  # type: ignore[arg-type]
        ({"response": HttpResponse(headers=(("A", "c\r\nX: y"),))}, "must not contain a line end"),
        ({"response": HttpResponse(headers=(("A b", "c"),))}, "'A b' is not a valid header name"),
    ],
)
def test_a_reply_that_cannot_be_is_refused_at_once(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        StubEndpoint().reply(**arguments)


@pytest.mark.parametrize("given", [{"seconds": "x"}, {"hours": 10**400}, {"minutes": None}])
def test_time_is_a_number(given: dict[str, Any]) -> None:
    with pytest.raises(SoblobError, match="must be a number, not"):
        StubEndpoint().clock.advance(**given)
    with pytest.raises(SoblobError, match="lifetime_s must be 0 or more seconds"):
        StubEndpoint().issue_ticket(lifetime_s="x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"tickets": "7T:x"}, "tickets must be a list or tuple of strings, not a str"),
        (
            {"application_tokens": "x"},
            "application_tokens must be a list or tuple of strings, not a str",
        ),
        ({"tickets": None}, "tickets must be a list or tuple of strings, not a NoneType"),
        ({"max_message_size": "3"}, "max_message_size must be 1 or more, not '3'"),
        ({"keep": 0}, "keep must be 1 or more, or None for all, not 0"),
    ],
)
def test_an_endpoint_that_cannot_be(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        StubEndpoint(**arguments)


@pytest.mark.parametrize(("names", "arguments", "text"), REFUSED)
def test_what_cannot_be_is_refused_at_once(
    names: tuple[Any, ...], arguments: dict[str, Any], text: str
) -> None:
    endpoint = StubEndpoint()
    with pytest.raises(SoblobError, match=text):
        endpoint.fail(*names, **arguments)
    assert statuses(endpoint, 1) == [200]


@pytest.mark.parametrize(
    ("arguments", "request_", "stored"),
    [
        ({}, upload(), [70001]),
        ({"blob_id": 7}, upload(), [7]),
        ({"blob_id": 0}, upload(), []),
        ({}, ChangePersonImageRequest(person_id=1, ticket="7T:x"), []),
    ],
)
def test_a_success_with_an_exception_is_sent_as_it_was_scripted(
    arguments: dict[str, Any], request_: Request, stored: list[int]
) -> None:
    endpoint = StubEndpoint()
    endpoint.reply(
        succeeded=True, exception_info=ExceptionInfo(message="Odd."), operation=None, **arguments
    )
    response = call(endpoint, request_).response
    assert isinstance(response, HttpResponse)
    assert b">true</h:Succeeded>" in response.body
    assert b">Odd.</" in response.body
    assert list(endpoint.blobs) == stored


def test_what_the_server_refuses_keeps_its_own_exception() -> None:
    endpoint = StubEndpoint(tickets=["7T:good"])
    endpoint.reply(succeeded=True, exception_info=ExceptionInfo(message="Odd."))
    response = call(endpoint, upload()).response
    assert isinstance(response, HttpResponse)
    assert b">false</h:Succeeded>" in response.body
    assert b"Odd." not in response.body


def test_a_reply_that_no_xml_can_carry_is_refused_at_once() -> None:
    with pytest.raises(SoblobError, match=r"XML 1\.0 cannot carry"):
        StubEndpoint().reply(fault=Fault(reason="\x00"))


# -- the registry ---------------------------------------------------------------------------------

each = pytest.mark.parametrize("failure", FAILURES.values(), ids=lambda failure: failure.name)


@each
def test_a_failure_says_what_it_is(failure: Failure) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", failure.name)
    assert 10 <= len(failure.sentence) <= 100
    assert (
        failure.sentence[0].islower()
        or failure.sentence[0].isdigit()
        or failure.sentence[:3] in ("WCF", "Suc")
    )
    assert failure.operations <= set(OPERATIONS)
    assert failure.name in explain_failure(failure, 80)
    assert failure_to_json(failure)["name"] == failure.name


@each
def test_its_example_plays_it(failure: Failure) -> None:
    endpoint = StubEndpoint()
    exec(failure.example, {"soblob_endpoint": endpoint})
    for request in (
        upload(),
        attach(),
        AuthenticateUsernamePasswordRequest(user="ada", password="x"),
        GetBlobStreamRequest(blob_id=70001, ticket="7T:x"),
    ):
        call(endpoint, request)
    assert [e.failure_name for e in endpoint.exchanges if e.failure_name] == [failure.name]


def test_the_list_keeps_to_its_width() -> None:
    text = list_failures(FAILURES.values(), 70)
    assert max(map(len, text.splitlines())) <= 70
    assert all(f"  {name}:" in text for name in FAILURES)


FORMS = [  # a .NET host speaks SOAP 1.1 only
    ("strict", "wsdl"),
    ("strict", "soap12"),
    ("strict", "documented"),
    ("wcf", "wsdl"),
]
SAVES = [f for f in FAILURES.values() if not f.operations or "SaveImageStream" in f.operations]


@pytest.mark.parametrize(("behaviour", "profile"), FORMS)
@pytest.mark.parametrize("failure", SAVES, ids=lambda failure: failure.name)
def test_each_failure_in_each_form(failure: Failure, behaviour: str, profile: str) -> None:
    """What has an envelope that is right has one in the form that was spoken."""
    endpoint = StubEndpoint(behaviour=behaviour)
    endpoint.fail(failure.name)
    response = call(endpoint, upload(), profile).response
    (exchange,) = endpoint.exchanges
    assert exchange.failure_name == failure.name
    assert (exchange.blob_id is not None) == failure.works
    if failure.group in ("business", "fault"):
        assert isinstance(response, HttpResponse)
        verdict = EnvelopeValidator("response").judge(response)
        assert verdict.errors == ()
        assert (verdict.profile == "wsdl") == (profile == "wsdl")


@pytest.mark.parametrize("soap", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "name", [name for name, failure in FAILURES.items() if failure.group == "fault"]
)
def test_a_fault_in_either_soap_version(name: str, soap: str) -> None:
    endpoint = StubEndpoint()
    endpoint.fail(name, soap=soap)
    response = call(endpoint, upload()).response
    assert isinstance(response, HttpResponse)
    verdict = EnvelopeValidator("response", "wsdl" if soap == "1.1" else "soap12").judge(response)
    assert verdict.errors == ()


def test_a_failure_is_not_used_up_by_a_call_that_the_server_refuses() -> None:
    endpoint = StubEndpoint(tickets=["7T:good"])
    endpoint.fail("saved-but-503")
    assert statuses(endpoint, 1) == [200]  # Succeeded false: the ticket is unknown
    assert endpoint.blobs == {}
    assert endpoint.exchanges[0].failure_name is None


@pytest.mark.parametrize("knowledge", Knowledge)
def test_what_a_client_can_know_is_what_the_flow_goes_by(knowledge: Knowledge) -> None:
    """Sent again after that: an orphan may come of it only where it was left open."""
    for failure in SAVES:
        if failure.knowledge is knowledge:
            endpoint = StubEndpoint()
            endpoint.fail(failure.name)
            for _ in range(2):
                call(endpoint, upload())
            rules = {v.rule for v in endpoint.exchanges[1].violations}
            unsure = knowledge is Knowledge.UNKNOWN
            assert ("flow.retry-after-unknown-outcome" in rules) == unsure, failure.name


# -- expected calls -------------------------------------------------------------------------------

SAVE = ExpectedCall("SaveImageStream", type="PersonImage")
ATTACH = ExpectedCall("ChangePersonImage", person_id=42, blob_id=70001)


def attach(person: int = 42, blob: int = 70001) -> ChangePersonImageRequest:
    return ChangePersonImageRequest(person_id=person, blob_id=blob, ticket="7T:x")


def test_calls_as_expected_say_nothing() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE, ATTACH, in_order=True)
    call(endpoint, upload())
    call(endpoint, attach())
    endpoint.check()


def test_what_did_not_come_shows_what_came_nearest_and_only_what_differs() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(
        ExpectedCall("SaveImageStream", type="PersonImage", description="Kari", times=2),
        ATTACH,
        only=False,
    )
    call(endpoint, upload("Kari"))
    call(endpoint, upload("Kåre"))
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert str(caught.value).splitlines() == [
        "the calls were not as expected (2 calls received)",
        "  expected 2 of SaveImageStream, type 'PersonImage', description 'Kari'; 1 received",
        "    the nearest is call 2, which has",
        "      description 'Kåre' instead of 'Kari'",
        "  expected 1 of ChangePersonImage, person_id 42, blob_id 70001; 0 received",
    ]
    endpoint.check()  # told once


def test_of_two_that_come_as_near_the_later_one_is_shown() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(description="Kari"), only=False)
    for description in ("Kåre", "Kaja"):
        call(endpoint, upload(description))
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert str(caught.value).splitlines()[2:] == [
        "    the nearest is call 2, which has",
        "      description 'Kaja' instead of 'Kari'",
    ]


def test_what_was_not_expected_is_reported_with_what_did_not_come() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ATTACH)
    call(endpoint, upload())
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    text = str(caught.value)
    assert "expected 1 of ChangePersonImage, person_id 42, blob_id 70001; 0 received" in text
    assert "call 1 was not expected: <Exchange SaveImageStream: 200, blob 70001>" in text


def test_one_call_too_many() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE)
    for number in range(2):
        call(endpoint, upload(str(number)))
    with pytest.raises(
        ContractViolationError, match=r"expected 1 of SaveImageStream.*; 2 received"
    ):
        endpoint.check()


@pytest.mark.parametrize(("times", "count", "good"), [
    ((0, 1), 0, True), ((0, 1), 1, True), ((0, 1), 2, False), ((2, None), 1, False),
    ((2, None), 5, True), (0, 0, True), (0, 1, False),
])  # fmt: skip
def test_how_many(times: Any, count: int, good: bool) -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(times=times), only=False)
    for number in range(count):
        call(endpoint, upload(str(number)))
    if good:
        endpoint.check()
    else:
        with pytest.raises(ContractViolationError, match="the calls were not as expected"):
            endpoint.check()


def test_the_order_is_told_by_number() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(
        ExpectedCall("GetPersonImage"), ExpectedCall("SaveImageStream"), in_order=True
    )
    call(endpoint, upload())
    call(endpoint, GetPersonImageRequest(person_id=1, ticket="7T:x"))
    with pytest.raises(
        ContractViolationError,
        match="call 1, SaveImageStream, is out of order: expected GetPersonImage",
    ):
        endpoint.check()


GET = ExpectedCall("GetPersonImage", person_id=1)
READ = GetPersonImageRequest(person_id=1, ticket="7T:x")


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("first", [True, False])
def test_calls_that_are_expected_by_themselves_come_at_any_time(at: int, first: bool) -> None:
    endpoint = StubEndpoint()
    if first:
        endpoint.expect_calls(GET)
    endpoint.expect_calls(SAVE, ATTACH, in_order=True)
    if not first:
        endpoint.expect_calls(GET)
    messages: list[Request] = [upload(), attach()]
    messages.insert(at, READ)
    for message in messages:
        call(endpoint, message)
    endpoint.check()


def test_each_order_is_judged_by_itself() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE, ATTACH, in_order=True)
    remove = ExpectedCall("ChangePersonImage", person_id=7)
    endpoint.expect_calls(GET, remove, in_order=True)
    for message in (attach(7, 0), attach(), READ, upload()):
        call(endpoint, message)
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert str(caught.value).splitlines()[1:] == [
        "  call 2, ChangePersonImage, is out of order: expected "
        "SaveImageStream, type 'PersonImage'",
        "  call 1, ChangePersonImage, is out of order: expected GetPersonImage, person_id 1",
    ]


def test_a_call_that_others_expect_as_well_may_be_theirs() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE, ATTACH, in_order=True)
    endpoint.expect_calls(ExpectedCall("ChangePersonImage", times=(0, None)))
    for message in (attach(), upload(), attach()):
        call(endpoint, message)
    endpoint.check()


def test_one_that_allows_others_does_not_allow_them_for_the_rest() -> None:
    for only in (True, False):
        endpoint = StubEndpoint()
        endpoint.expect_calls(SAVE, only=only)
        endpoint.expect_calls(ATTACH, only=not only)
        for message in (attach(), READ, upload()):
            call(endpoint, message)
        with pytest.raises(ContractViolationError, match=r"\n  call 2 was not expected: [^\n]*$"):
            endpoint.check()


def test_no_call_at_all() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls()
    endpoint.check()
    endpoint.expect_calls()
    call(endpoint, upload())
    with pytest.raises(ContractViolationError, match="call 1 was not expected"):
        endpoint.check()


def test_after_a_check_only_what_comes_then_is_judged() -> None:
    endpoint = StubEndpoint(keep=2)
    endpoint.expect_calls(SAVE)
    call(endpoint, upload())
    endpoint.check()
    call(endpoint, attach())  # before it is expected, as a first call may be
    endpoint.expect_calls(ATTACH)
    endpoint.check()
    endpoint.expect_calls(ATTACH)
    assert "expected 1 of ChangePersonImage" in (endpoint._runner.unreported() or "")
    call(endpoint, upload("2"))
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert str(caught.value).splitlines() == [
        "the calls were not as expected (1 call received since the last check)",
        "  expected 1 of ChangePersonImage, person_id 42, blob_id 70001; 0 received",
        "  call 3 was not expected: <Exchange SaveImageStream: 200, blob 70008>",
    ]
    endpoint.expect_calls(ExpectedCall(times=3))
    for number in range(3):
        call(endpoint, upload(str(number + 3)))
    with pytest.raises(ContractViolationError, match="the first call is no longer kept"):
        endpoint.check()


def test_with_violations_both_are_told_together() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE, only=False)
    wrong = upload().to_http_request()
    endpoint.handle(
        HttpRequest(
            target=wrong.target, headers=wrong.headers, body=wrong.body.replace(b"Type>", b"Typ>")
        )
    )
    with pytest.raises(ContractViolationError, match=r"(?s)child-unknown.*not as expected"):
        endpoint.check()


def test_a_ticket_in_an_expectation_is_not_shown() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(ticket="7T:LeakedTicket=="))
    call(endpoint, upload())
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert "Leaked" not in str(caught.value)
    assert "ticket '7T:…' instead of '7T:Le…'" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"operation": "Save"}, r"there is no operation 'Save'; did you mean 'SaveImageStream'\?"),
        ({"typ": "x"}, r"has no 'typ'; did you mean 'type'\?"),
        ({"times": -1}, "times must be"),
        ({"times": (3, 1)}, "times must be"),
        ({"times": "2"}, "times must be"),
        ({"times": None}, "times must be"),
        ({"times": (1,)}, "times must be"),
        ({"times": (None, 2)}, "times must be"),
        ({"times": 1.5}, "times must be"),
        ({"type": "Personimage"}, r"there is no type 'Personimage'; did you mean 'PersonImage'\?"),
    ],
)
def test_an_expectation_that_cannot_be(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(SoblobError, match=text):
        ExpectedCall(**arguments)


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3), max_size=6), st.integers(0, 6), st.integers(0, 6))
def test_it_is_right_about_how_many(found: list[int], least: int, more: int) -> None:
    """An independent count: how many descriptions are the wanted one."""
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(description="1", times=(least, least + more)), only=False)
    for number in found:
        call(endpoint, upload(str(number)))
    right = least <= found.count(1) <= least + more
    assert (endpoint._runner.unreported() is None) == right


FITS = st.lists(st.lists(st.integers(0, 3), unique=True, max_size=3).map(sorted), max_size=5)
BOUND = st.tuples(st.integers(0, 2), st.none() | st.integers(0, 2)).map(
    lambda b: (b[0], None if b[1] is None else b[0] + b[1])
)
BOUNDS = st.lists(BOUND, min_size=4, max_size=4)


def holds(counts: list[int], bounds: list[tuple[int, int | None]]) -> bool:
    return all(
        least <= count and (most is None or count <= most)
        for count, (least, most) in zip(counts, bounds, strict=True)
    )


@pytest.mark.slow
@settings(max_examples=500)
@given(FITS, BOUNDS)
def test_calls_are_given_out_so_that_all_is_met_where_it_can_be(
    fits: list[list[int]], bounds: list[tuple[int, int | None]]
) -> None:
    """The oracle tries every way to give them out."""
    takers = assign(fits, bounds)
    for taker, indexes in zip(takers, fits, strict=True):
        assert taker in indexes if indexes else taker is None
    ways = itertools.product(*[indexes for indexes in fits if indexes])
    possible = any(holds([way.count(call) for call in range(4)], bounds) for way in ways)
    assert holds([takers.count(call) for call in range(4)], bounds) == possible


@pytest.mark.slow
@settings(max_examples=500)
@given(FITS, BOUNDS, st.sets(st.integers(0, 4), max_size=2))
def test_calls_are_in_order_where_any_reading_of_them_is(
    fits: list[list[int]], bounds: list[tuple[int, int | None]], elsewhere: set[int]
) -> None:
    """The oracle tries every way to give them out that never goes back."""
    found = find_disorder(fits, bounds, elsewhere)
    possible = False
    nowhere = -1
    for choice in itertools.product(
        *[
            [*indexes, nowhere] if number in elsewhere else indexes
            for number, indexes in enumerate(fits)
            if indexes
        ]
    ):
        way = [call for call in choice if call != nowhere]
        counts = [way.count(call) for call in range(4)]
        possible |= way == sorted(way) and holds(counts, bounds)
    assert (found is None) == possible
    if found is not None:
        assert 0 <= found[0] <= len(fits)


def test_the_same_expectation_twice_is_two_calls() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(SAVE, SAVE)
    call(endpoint, upload())
    with pytest.raises(
        ContractViolationError, match=r"expected 1 of SaveImageStream.*; 0 received"
    ):
        endpoint.check()


def test_what_fits_in_some_way_is_as_expected() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(), ExpectedCall(description="1"))
    call(endpoint, upload("1"))
    call(endpoint, upload("2"))
    endpoint.check()
    endpoint.reset()
    endpoint.expect_calls(ExpectedCall(times=(0, None)), ATTACH, ExpectedCall(), in_order=True)
    for message in (upload("1"), upload("2"), attach(), upload("3")):
        call(endpoint, message)
    endpoint.check()


def test_calls_besides_are_none_of_those_whose_order_is_told() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(
        ExpectedCall(times=(1, 3)), ExpectedCall("ChangePersonImage", times=(1, 2)),
        in_order=True, only=False,
    )  # fmt: skip
    for message in (
        attach(),
        upload(),
        attach(),
        GetPersonImageRequest(person_id=1, ticket="7T:x"),
    ):
        call(endpoint, message)
    with pytest.raises(ContractViolationError, match="call 1, ChangePersonImage, is out of order"):
        endpoint.check()


def test_what_must_never_come_is_no_other_call() -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(ExpectedCall(times=(0, None)), ExpectedCall(type="PersonImage", times=0))
    call(endpoint, upload())
    with pytest.raises(ContractViolationError, match="expected 0 of SaveImageStream, type 'Person"):
        endpoint.check()


def test_hundreds_of_calls_are_given_out() -> None:
    assert assign([list(range(600))] * 600, [(1, 1)] * 600) == list(range(600))
    assert assign([[0]] * 5_000, [(2_000, 2_000)]).count(0) == 5_000


def test_what_is_not_kept_is_not_guessed_at() -> None:
    endpoint = StubEndpoint(keep=2)
    endpoint.expect_calls(ExpectedCall(times=3))
    for number in range(3):
        call(endpoint, upload(str(number)))
    with pytest.raises(ContractViolationError) as caught:
        endpoint.check()
    assert str(caught.value).splitlines()[:2] == [
        "the calls were not as expected (3 calls received)",
        "  the first call is no longer kept, and cannot be judged: create the endpoint with a "
        "larger keep",
    ]


@pytest.mark.parametrize("wrong", ["SaveImageStream", [ExpectedCall()], None])
def test_only_expected_calls_are_expected(wrong: Any) -> None:
    with pytest.raises(SoblobError, match=r"expect_calls takes ExpectedCall\(...\), one by one"):
        StubEndpoint().expect_calls(wrong)


@untraced
def test_calls_in_order_of_which_each_may_be_absent_cost_what_they_are() -> None:
    def cost_s(count: int) -> float:
        fits = [range(count)] * 30
        return spent_s(lambda: find_disorder(fits, [(0, 3)] * count), 2)

    # More, and what does not fit a cache any more would be measured; it was cubic.
    assert growth(cost_s, 300) < 3
