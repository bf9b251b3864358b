"""The pure endpoint: judge a request, follow the flow, answer, record.

What a behaviour makes of a wrong request stands in `_behaviours`; all else is the same for both.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from pytest_soblob import wcf
from pytest_soblob._http import HttpSyntaxError, parse_message
from pytest_soblob._text import ascii_controls, clip, hide
from pytest_soblob.contract import SAVE_IMAGE_STREAM, Operation, Profile
from pytest_soblob.endpoint._behaviours import Behaviour
from pytest_soblob.endpoint._call import Answer, Call
from pytest_soblob.endpoint._replies import SCRIPTED_FAILURE, Reply, Unset
from pytest_soblob.endpoint._script import Playing
from pytest_soblob.endpoint._view import View
from pytest_soblob.exchange import Exchange, Recording
from pytest_soblob.failures import Knowledge, Situation
from pytest_soblob.messages import (
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    read_credentials,
)
from pytest_soblob.netserver import Outcome, Refusal, failed_response
from pytest_soblob.severities import Severities
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.validators.validator import resolve_profile
from pytest_soblob.violations import LONGEST_TEXT
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_THE_BODY = ("http.content-length",)
_LOOKING_AROUND = ("GET", "HEAD")


def is_call(request: HttpRequest) -> bool:
    """Whether a request is judged and recorded: everything but looking around with GET."""
    return request.method not in _LOOKING_AROUND


def judge(
    request: HttpRequest,
    connection: int | None,
    validator: EnvelopeValidator,
    behaviour: Behaviour,
    view: View,
) -> Call:
    """Judge a request on its own."""
    verdict, envelope = validator.examine(request, known=view.known)
    # The answer has the form that was spoken, whatever form was asked for.
    profile = (
        _profile_of_headers(request)
        if envelope is None
        else resolve_profile(envelope, Profile.AUTO)
    )
    ticket, token = (None, None) if envelope is None else read_credentials(envelope)
    return Call(
        request=request,
        connection=connection,
        verdict=verdict,
        envelope=envelope,
        profile=profile,
        recording=Recording(request, behaviour.read, view.spool),
        ticket=ticket,
        application_token=token,
    )


def judge_head(
    head: HttpRequest,
    connection: int,
    validator: EnvelopeValidator,
    refusal: HttpResponse,
    view: View,
) -> Call:
    """Judge a head that was refused before its body came: by what can be known of it."""
    verdict, _ = validator.examine(head)
    found = [v for v in verdict.violations if v.family == "http" and v.rule not in _OF_THE_BODY]
    if refusal.status == 413:
        found.insert(0, validator.too_large(int(head.header("Content-Length") or 0)))
    chosen = wcf.choose_operation(head)
    name = chosen.name if isinstance(chosen, Operation) else None
    return Call(
        request=head,
        connection=connection,
        verdict=replace(verdict, violations=tuple(found), operation=name),
        envelope=None,
        profile=_profile_of_headers(head),
        recording=Recording(head, lambda request: None, view.spool),
        refusal=refusal,
    )


def follow(
    call: Call, view: View, severities: Severities, is_open: "Callable[[int], bool]"
) -> None:
    """Judge a request as the next step of what the view has seen."""
    found = tuple(view.flow.judge(call, view.netserver.blobs, is_open))
    if found:
        violations = (*severities.apply(found), *call.verdict.violations)
        call.verdict = replace(call.verdict, violations=violations)


def answer(call: Call, behaviour: Behaviour, view: View) -> Answer:
    """Return the answer to a judged call that was received."""
    operation = call.operation
    if call.refusal is not None or operation is None:
        return Answer(
            delivery=Delivery(response=call.refusal),
            knowledge=Knowledge.DECLINED,
            why="the endpoint refused the request",
        )
    scripted = view.script.take(operation.name, call.message)
    if scripted is None:
        return _told(call, operation, behaviour, _work(call, operation, view))
    if isinstance(scripted, Playing):
        return _play(call, operation, behaviour, view, scripted)
    return _reply(call, operation, behaviour, view, scripted)


def record(call: Call, answered: Answer, view: View) -> Exchange:
    """Return the exchange, which the view keeps."""
    exchange = Exchange(
        recording=call.recording,
        response=_as_response(answered.delivery.response),
        operation=call.verdict.operation,
        violations=call.verdict.violations,
        blob_id=answered.blob_id,
        profile=call.verdict.profile,
        dropped=call.dropped,
        refusal=_refusal(call, answered),
        failure=answered.failure,
        connection=call.connection,
    )
    view.keep(exchange)
    return exchange


def _refusal(call: Call, answered: Answer) -> str | None:
    """Why a call was refused, as it may be shown; a failure by name is told by its name."""
    if answered.knowledge is not Knowledge.REFUSED or answered.failure or answered.why is None:
        return None
    secrets = (call.ticket or "", call.application_token or "")
    return clip(ascii_controls(hide(answered.why, secrets)), LONGEST_TEXT)


def _profile_of_headers(request: HttpRequest) -> Profile:
    """Answer bytes that are no envelope in the SOAP version that the Content-Type promises."""
    soap12 = "application/soap+xml" in (request.header("Content-Type") or "").lower()
    return Profile.SOAP12 if soap12 else Profile.WSDL


def _work(call: Call, operation: Operation, view: View, blob_id: int | None = None) -> Outcome:
    """Let the small NetServer do what is asked for."""
    netserver = view.netserver
    refusal = netserver.admit(operation, call.ticket, call.application_token)
    if refusal is not None:
        return Outcome(failed_response(operation, refusal), refusal=refusal)
    if operation is SAVE_IMAGE_STREAM:
        # The recording, not the call, which holds a parsed tree.
        read = cast("Callable[[], SaveImageStreamRequest]", call.recording.message)
        return netserver.save(read, blob_id)
    message = call.message()
    assert message is not None  # noqa: S101 -- the operation is known, so it can be read
    return netserver.perform(message)


def _told(call: Call, operation: Operation, behaviour: Behaviour, outcome: Outcome) -> Answer:
    """Return the answer that says what became of the call."""
    delivery = Delivery(response=behaviour.write(call, operation, outcome.response))
    if outcome.refusal is None:
        return Answer(delivery=delivery, blob_id=outcome.blob_id)
    return Answer(
        delivery=delivery,
        knowledge=Knowledge.REFUSED,
        why=_why(outcome.refusal),
        refusal=outcome.refusal.name,
    )


def _why(refusal: Refusal) -> str:
    said = (refusal.info.exception_type, refusal.info.message)
    return ": ".join(("Succeeded was false", *(text for text in said if text)))


def _play(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, playing: Playing
) -> Answer:
    """Answer with a failure by name; what the server would refuse is refused all the same."""
    failure = playing.failure
    outcome = _work(call, operation, view) if failure.works else None
    if outcome is not None and outcome.refusal is not None:
        return _told(call, operation, behaviour, outcome)
    success = None if outcome is None else outcome.response
    delivery = failure.deliver(
        Situation(
            operation=operation,
            profile=call.profile,
            success=success,
            own=None if success is None else behaviour.write(call, operation, success),
            write=lambda response: behaviour.write(call, operation, response),
            write_fault=behaviour.write_fault,
            parameters=playing.parameters,
        )
    )
    told = failure.knowledge is Knowledge.TOLD
    return Answer(
        delivery=delivery,
        knowledge=failure.knowledge,
        blob_id=None if outcome is None else outcome.blob_id,
        why=None if told else f"{failure.name}: {failure.sentence}",
        refusal=failure.name if failure.knowledge is Knowledge.REFUSED else None,
        failure=failure.name,
    )


def _reply(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, reply: Reply
) -> Answer:
    """Answer with what a test has made by hand."""
    delay_s = reply.delay_s
    if reply.close:
        return Answer(
            delivery=Delivery(response=None, delay_s=delay_s),
            knowledge=Knowledge.UNSURE,
            why="the connection was closed",
        )
    if reply.fault is not None:
        response = behaviour.write_fault(reply.fault, call.profile, reply.status)
        return Answer(
            delivery=Delivery(response=response, delay_s=delay_s),
            knowledge=_knowledge_of(response),
            why=f"a fault was answered: {reply.fault.reason}",
        )
    if reply.response is not None:
        return Answer(
            delivery=Delivery(response=reply.response, delay_s=delay_s),
            knowledge=_knowledge_of(_as_response(reply.response)),
            why="another answer was scripted",
        )
    return _message(call, operation, behaviour, view, reply)


def _message(
    call: Call, operation: Operation, behaviour: Behaviour, view: View, reply: Reply
) -> Answer:
    """Answer with a normal response, of which a test has said some."""
    blob_id = reply.blob_id
    if reply.is_failure:
        info = reply.exception_info or SCRIPTED_FAILURE
        refusal = Refusal("scripted", "as the test asked for", info)
        response = failed_response(operation, refusal)
        if isinstance(response, SaveImageStreamResponse) and not isinstance(blob_id, Unset):
            response = replace(response, blob_id=blob_id)
        outcome = Outcome(response, refusal=refusal)
    elif isinstance(blob_id, Unset):
        outcome = _work(call, operation, view)
    elif operation is SAVE_IMAGE_STREAM and blob_id is not None and blob_id > 0:
        outcome = _work(call, operation, view, blob_id)
    else:
        return _no_usable_id(call, operation, behaviour, reply)
    if outcome.refusal is None:
        said = replace(outcome.response, exception_info=reply.exception_info)
        outcome = replace(outcome, response=said)
    answered = _told(call, operation, behaviour, outcome)
    return replace(answered, delivery=replace(answered.delivery, delay_s=reply.delay_s))


def _no_usable_id(call: Call, operation: Operation, behaviour: Behaviour, reply: Reply) -> Answer:
    """An id that no blob can have: nothing is stored, whatever Succeeded says."""
    blob_id = None if isinstance(reply.blob_id, Unset) else reply.blob_id
    response = SaveImageStreamResponse(
        blob_id=blob_id, succeeded=True, exception_info=reply.exception_info
    )
    return Answer(
        delivery=Delivery(
            response=behaviour.write(call, operation, response), delay_s=reply.delay_s
        ),
        knowledge=Knowledge.UNSURE,
        why=f"no usable blob id was answered: {blob_id}",
    )


def _knowledge_of(response: HttpResponse | None) -> Knowledge:
    """Return what a client can know after a scripted answer, from its status."""
    if response is None or (response.status >= 500 and b"Client<" not in response.body):
        return Knowledge.UNSURE
    return Knowledge.DECLINED if response.status >= 300 else Knowledge.UNSURE


def _as_response(sent: HttpResponse | bytes | None) -> HttpResponse | None:
    if not isinstance(sent, bytes):
        return sent
    try:
        parsed = parse_message(sent)
    except HttpSyntaxError:
        return None
    return parsed if isinstance(parsed, HttpResponse) else None
