"""The steps of handling a call, without a socket: judge, follow the flow, answer, record.

`_behaviours` has the steps that differ between `strict` and `wcf`.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from pytest_soblob._basics.numbers import parse_length
from pytest_soblob._http import HttpSyntaxError, parse_message
from pytest_soblob._text import ascii_controls, clip, hide
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import SAVE_IMAGE_STREAM, Operation, Profile
from pytest_soblob.images.inspection import BytesReader, Reader
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.judge.validators.validator import resolve_profile
from pytest_soblob.judge.violations import LONGEST_TEXT
from pytest_soblob.soap.messages import (
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    read_credentials,
)
from pytest_soblob.stub import wcf
from pytest_soblob.stub.endpoint import _user_code
from pytest_soblob.stub.endpoint._behaviours import Behaviour
from pytest_soblob.stub.endpoint._call import Call, CallResult
from pytest_soblob.stub.endpoint._replies import SCRIPTED_FAILURE, Reply, Unset
from pytest_soblob.stub.endpoint._script import ScriptedAnswer
from pytest_soblob.stub.endpoint._user_code import Raised, UserCodeError
from pytest_soblob.stub.endpoint._view import View
from pytest_soblob.stub.exchange import Exchange, Recording
from pytest_soblob.stub.failures import Failure, FailureContext, Knowledge
from pytest_soblob.stub.netserver import BusinessFailure, ServiceResult, fail
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (("Content-Type", "text/plain; charset=utf-8"),)
_OF_THE_BODY = ("http.content-length",)


def judge(
    request: HttpRequest,
    connection: int | None,
    validator: EnvelopeValidator,
    behaviour: Behaviour,
    view: View,
    base_url: str,
) -> Call:
    """Judge a request on its own.

    Args:
        request: Complete request.
        connection: Number of its connection, or None if it came without one.
        validator: Judge of requests.
        behaviour: Behaviour that reads the request.
        view: View in which it came.
        base_url: URL under which the client reached the endpoint.
    """
    verdict, envelope = validator.examine(request, known=view.known)
    for violation in verdict.violations:
        violation.complete()  # it is kept, and the tree takes ten times the memory of its message
    # The answer has the profile of the request, whatever profile the endpoint demands.
    profile = (
        _profile_of_headers(request)
        if envelope is None
        else resolve_profile(envelope, Profile.AUTO)
    )
    ticket, token = (None, None) if envelope is None else read_credentials(envelope)
    call = Call(
        request=request,
        connection=connection,
        verdict=verdict,
        envelope=envelope,
        profile=profile,
        recording=Recording(request, behaviour.read, view.spool),
        reader=behaviour,
        ticket=ticket,
        application_token=token,
    )
    behaviour.look_at(call, base_url)
    if not (view.flow.is_quiet and view.script.is_empty):
        _ = call.attempt  # computed here, since it is needed under the lock
    return call


def judge_head(
    head: HttpRequest,
    connection: int,
    validator: EnvelopeValidator,
    behaviour: Behaviour,
    rejection_response: HttpResponse,
    view: View,
) -> Call:
    """Judge the head of a request that was rejected before its body was read."""
    verdict, _ = validator.examine(head)
    found = [v for v in verdict.violations if v.family == "http" and v.rule not in _OF_THE_BODY]
    if rejection_response.status == 413:
        too_large = validator.too_large(parse_length(head.header("Content-Length") or "") or 0)
        found[:0] = validator.policy.apply([too_large])
    chosen = wcf.choose_operation(head)
    name = chosen.name if isinstance(chosen, Operation) else None
    return Call(
        request=head,
        connection=connection,
        verdict=replace(verdict, violations=tuple(found), operation=name),
        envelope=None,
        profile=_profile_of_headers(head),
        recording=Recording(head, lambda request: None, view.spool),
        reader=behaviour,
        rejection_response=rejection_response,
    )


def follow(
    call: Call, view: View, severities: Severities, is_open: "Callable[[int], bool]"
) -> None:
    """Judge a request as the next step of the flow."""
    found = tuple(view.flow.judge(call, view.netserver.blobs, is_open))
    for violation in found:
        violation.complete()
    if found:
        violations = (*severities.apply(found), *call.verdict.violations)
        call.verdict = replace(call.verdict, violations=violations)


def waiting(call: Call, view: View) -> list[ScriptedAnswer]:
    """Return the scripted answers that a call could get, if its message matches."""
    if call.rejection_response is not None or call.operation is None:
        return []
    return view.script.waiting(call.operation.name)


def match(call: Call, entries: list[ScriptedAnswer]) -> AbstractSet[ScriptedAnswer]:
    """Return the scripted answers whose conditions a call's message meets.

    This calls code of the test, so the caller must not hold a lock.

    Raises:
        UserCodeError: A function of the test, or the comparison with its value, has raised.
    """
    asking = [entry.when for entry in entries if entry.when.matching is not None]
    if not asking:
        return set(entries)
    message = call.message(image=any(when.looks_at_image for when in asking))

    def compare() -> AbstractSet[ScriptedAnswer]:
        return {entry for entry in entries if entry.when.takes(message)}

    if not any(when.is_user_code for when in asking):
        return compare()
    what = "matching= of a scripted answer"
    return _user_code.run(what, compare, in_server=call.connection is not None)


def answer(
    call: Call, behaviour: Behaviour, view: View, matching: AbstractSet[ScriptedAnswer]
) -> CallResult:
    """Return the answer to a judged call.

    Args:
        call: The call.
        behaviour: Behaviour that writes the answer.
        view: View in which it came.
        matching: Scripted answers whose conditions it meets, from `match`.
    """
    operation = call.operation
    if call.rejection_response is not None or operation is None:
        return CallResult(
            delivery=Delivery(response=call.rejection_response),
            knowledge=Knowledge.REJECTED,
            reason="the endpoint rejected the request",
        )
    scripted = view.script.take(matching)
    if scripted is None:
        return _normal_answer(call, operation, behaviour, _work(call, operation, view))
    if isinstance(scripted, Failure):
        return _play(call, operation, behaviour, view, scripted)
    return _reply(call, operation, behaviour, view, scripted)


def give_up(error: UserCodeError) -> CallResult:
    """Return the answer to a call for which code of the test has raised."""
    return CallResult(
        delivery=Delivery(response=failed_response_of(error.raised)),
        knowledge=Knowledge.UNKNOWN,
        reason="code of the test failed",
    )


def failed_response_of(raised: Raised) -> HttpResponse:
    """Return the response to that client, which says no more than what has raised."""
    text = f"{raised.what} raised {type(raised.error).__name__}: the test fails with it\n"
    return HttpResponse(status=500, headers=_PLAIN, body=text.encode())


def record(call: Call, result: CallResult, view: View) -> Exchange:
    """Record a call in the view, and return its exchange."""
    exchange = Exchange(
        recording=call.recording,
        response=_as_response(result.delivery.response),
        operation=call.verdict.operation,
        violations=call.verdict.violations,
        blob_id=result.blob_id,
        profile=call.verdict.profile,
        dropped=call.dropped,
        business_failure_text=_business_failure_text(call, result),
        failure_name=result.failure_name,
        connection=call.connection,
        known=view.netserver.secrets,
    )
    view.keep(exchange)
    return exchange


def _business_failure_text(call: Call, result: CallResult) -> str | None:
    """Return why `Succeeded` was false, without secrets; None for a failure that was played."""
    if result.knowledge is not Knowledge.BUSINESS_FAILURE or result.failure_name:
        return None
    if result.reason is None:
        return None
    secrets = (call.ticket or "", call.application_token or "")
    return clip(ascii_controls(hide(result.reason, secrets)), LONGEST_TEXT)


def _profile_of_headers(request: HttpRequest) -> Profile:
    """Return the profile of the answer to bytes that are not an envelope, by the Content-Type."""
    soap12 = "application/soap+xml" in (request.header("Content-Type") or "").lower()
    return Profile.SOAP12 if soap12 else Profile.WSDL


def _work(
    call: Call, operation: Operation, view: View, blob_id: int | None = None
) -> ServiceResult:
    """Let the small NetServer perform the operation."""
    netserver = view.netserver
    business_failure = netserver.admit(operation, call.ticket, call.application_token)
    if business_failure is not None:
        return fail(operation, business_failure)
    if operation is SAVE_IMAGE_STREAM:
        # Keep the recording, not the call, which holds a parsed tree.
        read = cast("Callable[[], SaveImageStreamRequest]", call.recording.message)
        return netserver.save(read, blob_id, lambda: _image_of(call))
    message = call.message()
    assert message is not None  # noqa: S101 -- the operation is known, so it can be read
    return netserver.perform(message)


def _image_of(call: Call) -> Reader:
    """Return a reader of an upload's image, for a check that reads only parts of it."""
    parts = call.reader.read_parts(call)
    image = None if parts is None else parts.values.get("Image")
    return image if isinstance(image, Base64Text) else BytesReader(image or b"")


def _normal_answer(
    call: Call, operation: Operation, behaviour: Behaviour, outcome: ServiceResult
) -> CallResult:
    """Return the answer that carries a result of the small NetServer."""
    delivery = Delivery(response=behaviour.write(call, operation, outcome.response))
    if outcome.business_failure is None:
        return CallResult(delivery=delivery, blob_id=outcome.blob_id)
    return CallResult(
        delivery=delivery,
        knowledge=Knowledge.BUSINESS_FAILURE,
        reason=_reason(outcome.business_failure),
        business_failure_name=outcome.business_failure.name,
    )


def _reason(business_failure: BusinessFailure) -> str:
    said = (business_failure.info.exception_type, business_failure.info.message)
    return ": ".join(("Succeeded was false", *(text for text in said if text)))


def _play(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, failure: Failure
) -> CallResult:
    """Answer with a failure by name, or with the server's own business failure."""
    outcome = _work(call, operation, view) if failure.works else None
    if outcome is not None and outcome.business_failure is not None:
        return _normal_answer(call, operation, behaviour, outcome)
    success = None if outcome is None else outcome.response
    delivery = failure.deliver(
        FailureContext(
            operation=operation,
            profile=call.profile,
            success=success,
            own=None if success is None else behaviour.write(call, operation, success),
            write=lambda response: behaviour.write(call, operation, response),
            write_fault=behaviour.write_fault,
            parameters=failure.all_parameters,
        )
    )
    answered = failure.knowledge is Knowledge.ANSWERED
    return CallResult(
        delivery=delivery,
        knowledge=failure.knowledge,
        blob_id=None if outcome is None else outcome.blob_id,
        reason=None if answered else f"{failure.name}: {failure.sentence}",
        business_failure_name=(
            failure.name if failure.knowledge is Knowledge.BUSINESS_FAILURE else None
        ),
        failure_name=failure.name,
    )


def _reply(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, reply: Reply
) -> CallResult:
    """Answer with a reply scripted by hand."""
    delay_s = reply.delay_s
    if reply.close:
        return CallResult(
            delivery=Delivery(response=None, delay_s=delay_s),
            knowledge=Knowledge.UNKNOWN,
            reason="the connection was closed",
        )
    if reply.fault is not None:
        response = behaviour.write_fault(reply.fault, call.profile, reply.status)
        return CallResult(
            delivery=Delivery(response=response, delay_s=delay_s),
            knowledge=_knowledge_of(response),
            reason=f"a fault was answered: {reply.fault.reason}",
        )
    if reply.response is not None:
        return CallResult(
            delivery=Delivery(response=reply.response, delay_s=delay_s),
            knowledge=_knowledge_of(_as_response(reply.response)),
            reason="another answer was scripted",
        )
    return _message(call, operation, behaviour, view, reply)


def _message(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, reply: Reply
) -> CallResult:
    """Answer with a normal response, parts of which are scripted."""
    blob_id = reply.blob_id
    if reply.is_failure:
        info = reply.exception_info or SCRIPTED_FAILURE
        outcome = fail(operation, BusinessFailure("scripted", "as the test asked for", info))
        response = outcome.response
        if isinstance(response, SaveImageStreamResponse) and not isinstance(blob_id, Unset):
            outcome = replace(outcome, response=replace(response, blob_id=blob_id))
    elif isinstance(blob_id, Unset):
        outcome = _work(call, operation, view)
    elif operation is SAVE_IMAGE_STREAM and blob_id is not None and blob_id > 0:
        outcome = _work(call, operation, view, blob_id)
    else:
        return _no_usable_id(call, operation, behaviour, reply)
    if outcome.business_failure is None:
        said = replace(outcome.response, exception_info=reply.exception_info)
        outcome = replace(outcome, response=said)
    result = _normal_answer(call, operation, behaviour, outcome)
    return replace(result, delivery=replace(result.delivery, delay_s=reply.delay_s))


def _no_usable_id(
    call: Call, operation: Operation, behaviour: Behaviour, reply: Reply
) -> CallResult:
    """Answer with an id that no blob can have; nothing is stored, although Succeeded is true."""
    blob_id = None if isinstance(reply.blob_id, Unset) else reply.blob_id
    response = SaveImageStreamResponse(
        blob_id=blob_id, succeeded=True, exception_info=reply.exception_info
    )
    return CallResult(
        delivery=Delivery(
            response=behaviour.write(call, operation, response), delay_s=reply.delay_s
        ),
        knowledge=Knowledge.UNKNOWN,
        reason=f"no usable blob id was answered: {blob_id}",
    )


def _knowledge_of(response: HttpResponse | None) -> Knowledge:
    """Return what a client can know after a scripted answer, by its status."""
    if response is None or (response.status >= 500 and b"Client<" not in response.body):
        return Knowledge.UNKNOWN
    return Knowledge.REJECTED if response.status >= 300 else Knowledge.UNKNOWN


def _as_response(sent: HttpResponse | bytes | None) -> HttpResponse | None:
    if not isinstance(sent, bytes):
        return sent
    try:
        parsed = parse_message(sent)
    except HttpSyntaxError:
        return None
    return parsed if isinstance(parsed, HttpResponse) else None
