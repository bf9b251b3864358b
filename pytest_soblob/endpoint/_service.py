"""The pure endpoint: an HTTP request and a view in, a delivery and an exchange out.

It judges each request. What it makes of one that is wrong is its behaviour: `strict` answers a SOAP
fault that carries the rule ids, and stores nothing; `wcf` reads it as a .NET host does. All else is
the same for both.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final

from pytest_soblob import _schemas, wcf
from pytest_soblob._http import HttpSyntaxError, parse_message
from pytest_soblob.binding import Spelling
from pytest_soblob.contract import (
    CHANGE_PERSON_IMAGE,
    OPERATIONS,
    SAVE_IMAGE_STREAM,
    Operation,
    Profile,
)
from pytest_soblob.endpoint._replies import SCRIPTED_FAILURE, Reply, Unset
from pytest_soblob.endpoint._view import Blob, View
from pytest_soblob.envelope import Envelope
from pytest_soblob.exchange import Exchange, Message
from pytest_soblob.messages import (
    ChangePersonImageRequest,
    ExceptionInfo,
    Fault,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    to_http_response,
)
from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.rendering import summary_line
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.severities import Severities
from pytest_soblob.validators import EnvelopeValidator, flow
from pytest_soblob.validators.http import is_path_of
from pytest_soblob.validators.validator import resolve_profile
from pytest_soblob.violations import Verdict
from pytest_soblob.wire import Delivery, HttpRequest, HttpResponse

_NIL_BLOCKS: Final = Spelling(nil=True)  # as WCF writes blocks that have no value

# The class names exist in NetServer; which failure has which is inferred, and the texts are ours.
_UNKNOWN_TICKET: Final = ExceptionInfo(
    message="The ticket is not one that this endpoint knows.",
    friendly_text="You are not logged in.",
    exception_type="SuperOffice.Exceptions.SoSessionException",
)
_UNKNOWN_TOKEN: Final = ExceptionInfo(
    message="The application token is not one that this endpoint knows.",
    friendly_text="The application is not known.",
    exception_type="SuperOffice.Exceptions.SoSessionException",
)


@dataclass(frozen=True, slots=True)
class Call:
    """One judged request: what the answer depends on.

    Attributes:
        request: As it came.
        verdict: Of the message and, after `follow`, of the flow.
        envelope: None where the bytes are none.
        message: As far as it can be read.
        profile: Of the answer.
        operation: That is answered; None where there is none.
        refusal: What is sent in place of an answer; None where one is given.
        dropped: Paths of what the server passed over in silence.
        is_wcf: Whether the answer has the bytes of a .NET service.
    """

    request: HttpRequest
    verdict: Verdict
    envelope: Envelope | None
    message: Message | None
    profile: Profile
    operation: Operation | None = None
    refusal: Delivery | None = None
    dropped: tuple[str, ...] = ()
    is_wcf: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent, and what was stored for it.

    Attributes:
        delivery: What is sent.
        blob: To be stored; None for none.
        failure: Why the call failed; None where it did not.
    """

    delivery: Delivery
    blob: Blob | None = None
    failure: str | None = None


def is_call(request: HttpRequest) -> bool:
    """Whether a request is judged and recorded: everything but looking around with GET."""
    return request.method not in ("GET", "HEAD")


def look_up(request: HttpRequest, base_url: str) -> HttpResponse:
    """Answer GET and HEAD: the WSDL at `?wsdl`, a line of help at the service, 404 elsewhere."""
    plain = (("Content-Type", "text/plain; charset=utf-8"),)
    if not is_path_of("BLOB", request.path):
        text = f"There is nothing here. The service is at {base_url}{SERVICE_PATHS['BLOB']}\n"
        return HttpResponse(status=404, headers=plain, body=text.encode())
    address = base_url + SERVICE_PATHS["BLOB"]
    if request.query.lower() in ("wsdl", "singlewsdl"):
        headers = (("Content-Type", "text/xml; charset=utf-8"),)
        return HttpResponse(headers=headers, body=_schemas.served_wsdl("BLOB", address))
    text = f"This is a stub of BLOB.svc. POST SOAP envelopes here; the WSDL is at {address}?wsdl\n"
    return HttpResponse(headers=plain, body=text.encode())


def look_up_as_wcf(request: HttpRequest, base_url: str) -> HttpResponse:
    """Answer GET and HEAD as a WCF host: a help page, the WSDL, its schema, 400 for the rest."""
    path, service = request.path.lower().removesuffix("/"), SERVICE_PATHS["BLOB"].lower()
    if service not in path:
        return wcf.fault_response(wcf.Refusal(status=404))
    if request.method != "GET" or not path.endswith(service):
        return wcf.fault_response(wcf.Refusal(status=400))
    address = base_url + SERVICE_PATHS["BLOB"]
    query = request.query.lower()
    if query in ("wsdl", "singlewsdl"):
        return _as_xml(_schemas.served_wsdl("BLOB", address))
    if query == "xsd=xsd0":
        return _as_xml(_schemas.schema_file("netserver.xsd").read_bytes())
    page = (
        "<html><head><title>BLOB Service</title></head><body><h1>BLOB Service</h1>"
        f'<p>A stub. Its WSDL is at <a href="{address}?wsdl">{address}?wsdl</a>.</p></body></html>'
    )
    headers = (("Content-Type", "text/html; charset=UTF-8"),)
    return HttpResponse(headers=headers, body=page.encode())


def _as_xml(body: bytes) -> HttpResponse:
    return HttpResponse(headers=(("Content-Type", "text/xml; charset=UTF-8"),), body=body)


def judge(request: HttpRequest, validator: EnvelopeValidator) -> Call:
    """Judge a request on its own."""
    verdict, envelope = validator.examine(request)
    if envelope is None:
        return Call(request, verdict, None, None, _profile_of_headers(request))
    message: Message | None = SaveImageStreamRequest.from_envelope(
        envelope
    ) or ChangePersonImageRequest.from_envelope(envelope)
    # The answer has the form that was spoken, whatever form was asked for.
    return Call(request, verdict, envelope, message, resolve_profile(envelope, Profile.AUTO))


def follow(call: Call, view: View, severities: Severities) -> Call:
    """Judge a request as the next step of what the view has seen."""
    if view.failed_save is None or not isinstance(call.message, ChangePersonImageRequest):
        return call
    assert call.envelope is not None  # noqa: S101 -- the message was read from it
    lost = severities.apply(flow.iter_lost_picture(call.envelope, view.failed_save))
    violations = (*lost, *call.verdict.violations)
    return replace(call, verdict=replace(call.verdict, violations=violations))


def answer(call: Call, view: View, settings: SoblobSettings, tickets: AbstractSet[str]) -> Answer:
    """Return the answer to a judged call; of the view only a scripted reply is used up.

    Args:
        call: Judged, the flow included.
        view: What the test has seen so far.
        settings: Installation and application tokens.
        tickets: The good ones; empty takes any.
    """
    operation = call.operation
    if call.refusal is not None or operation is None:
        delivery = call.refusal or _refuse(call)
        return Answer(delivery, failure="the endpoint refused the request")
    reply = view.script.take(operation.name)
    if reply is not None:
        return _scripted(call, operation, reply, view, settings, tickets)
    return _own_answer(call, operation, view, settings, tickets)


def receive_strictly(call: Call) -> Call:
    """Refuse whatever has an error, louder than any server."""
    # Nothing to answer is left where a team has switched off what makes bytes an envelope.
    if call.verdict.errors or call.verdict.operation is None:
        return replace(call, refusal=_refuse(call))
    return replace(call, operation=OPERATIONS[str(call.verdict.operation)])


def receive_as_wcf(call: Call, largest: int) -> Call:
    """Read the request as a WCF host does, whatever the judge says of it.

    Args:
        call: Judged.
        largest: Bytes that a message may have.
    """
    call = replace(call, is_wcf=True, profile=Profile.WSDL)
    received = wcf.read_request(call.request, largest)
    if isinstance(received, wcf.Refusal):
        return replace(call, refusal=Delivery(response=wcf.fault_response(received)))
    return replace(
        call,
        operation=received.operation,
        message=_as_read(received),
        dropped=received.dropped,
    )


def _as_read(received: wcf.Received) -> Message:
    blocks, values = received.blocks, received.values
    ticket, token = blocks.get("Credentials"), blocks.get("ApplicationToken")
    if received.operation is CHANGE_PERSON_IMAGE:
        return ChangePersonImageRequest(
            person_id=values["PersonId"],
            blob_id=values["BlobId"],
            ticket=ticket,
            application_token=token,
        )
    return SaveImageStreamRequest(
        type=values["Type"],
        image=values["Image"],
        description=values["Description"],
        ticket=ticket,
        application_token=token,
    )


def record(call: Call, answered: Answer, view: View) -> Exchange:
    """Store what the call stored, and return the exchange."""
    if answered.blob is not None:
        view.blobs[answered.blob.id] = answered.blob
    if call.verdict.operation == SAVE_IMAGE_STREAM.name:
        view.failed_save = answered.failure
    elif isinstance(call.message, ChangePersonImageRequest) and answered.failure is None:
        _attach(call.message, view)
    exchange = Exchange(
        request=call.request,
        response=_as_response(answered.delivery.response),
        operation=call.verdict.operation,
        message=call.message,
        violations=call.verdict.violations,
        blob_id=None if answered.blob is None else answered.blob.id,
        profile=call.verdict.profile,
        dropped=call.dropped,
    )
    view.exchanges.append(exchange)
    return exchange


def _attach(message: ChangePersonImageRequest, view: View) -> None:
    """Blob id 0, or none, which WCF reads as 0, removes the picture [WSDL, ChangeProjectImage]."""
    person = message.person_id or 0
    if message.blob_id:
        view.person_images[person] = message.blob_id
    else:
        view.person_images.pop(person, None)


def _profile_of_headers(request: HttpRequest) -> Profile:
    """Answer bytes that are no envelope in the SOAP version that the Content-Type promises."""
    soap12 = "application/soap+xml" in (request.header("Content-Type") or "").lower()
    return Profile.SOAP12 if soap12 else Profile.WSDL


def _refuse(call: Call) -> Delivery:
    """Return the fault of a strict server: rule ids and messages in its reason."""
    errors = call.verdict.errors
    if not is_path_of("BLOB", call.request.path):
        text = f"{summary_line(errors)}\n".encode()
        headers = (("Content-Type", "text/plain; charset=utf-8"),)
        return Delivery(response=HttpResponse(status=404, headers=headers, body=text))
    reason = summary_line(errors) or "the endpoint finds no operation in the message"
    fault = Fault(code="Client", reason=reason)
    return Delivery(response=_fault_response(fault, call.profile))


def _fault_response(fault: Fault, profile: Profile, status: int | None = None) -> HttpResponse:
    """SOAP 1.1 binds every fault to 500; SOAP 1.2 a sender's to 400 (part 2, 7.5.2.2)."""
    sender = fault.code in ("Client", "Sender")
    bound = 400 if sender and profile is not Profile.WSDL else 500
    return to_http_response(fault.to_bytes(profile), profile, status or bound)


def _own_answer(
    call: Call,
    operation: Operation,
    view: View,
    settings: SoblobSettings,
    tickets: AbstractSet[str],
) -> Answer:
    refusal = _find_refusal(call, settings, tickets)
    if refusal is not None:
        return _failure(call, operation, refusal)
    if isinstance(call.message, SaveImageStreamRequest):
        return _saved(call, call.message, view.new_id())
    if operation is CHANGE_PERSON_IMAGE:
        return Answer(_message(call, operation, SaveImageStreamResponse(succeeded=True)))
    fault = Fault(code="Server", reason=f"the stub of BLOB.svc does not answer {operation.name}")
    return Answer(Delivery(response=_fault_response(fault, call.profile)), failure=fault.reason)


def _find_refusal(
    call: Call, settings: SoblobSettings, tickets: AbstractSet[str]
) -> ExceptionInfo | None:
    message = call.message
    if message is None:
        return None
    # Without a ticket a strict endpoint has answered a fault already.
    missing = call.is_wcf and not (message.ticket or "").strip()
    if missing or (tickets and message.ticket not in tickets):
        return _UNKNOWN_TICKET
    online = settings.installation == "online"
    if online and settings.tokens and message.application_token not in settings.tokens:
        return _UNKNOWN_TOKEN
    return None


def _saved(
    call: Call, message: SaveImageStreamRequest, blob_id: int, delay_s: float = 0.0
) -> Answer:
    blob = Blob(id=blob_id, type=message.type, image=message.image, description=message.description)
    response = SaveImageStreamResponse(blob_id=blob_id, succeeded=True)
    return Answer(_message(call, SAVE_IMAGE_STREAM, response, delay_s), blob=blob)


def _failure(
    call: Call,
    operation: Operation,
    why: ExceptionInfo,
    blob_id: int | None = 0,
    delay_s: float = 0.0,
) -> Answer:
    response = SaveImageStreamResponse(blob_id=blob_id, succeeded=False, exception_info=why)
    text = f"Succeeded was false: {why.exception_type}: {why.message}"
    return Answer(_message(call, operation, response, delay_s), failure=text)


def _message(
    call: Call, operation: Operation, response: SaveImageStreamResponse, delay_s: float = 0.0
) -> Delivery:
    if call.is_wcf:
        sent = wcf.normal_response(wcf.write_response(operation, response))
        return Delivery(response=sent, delay_s=delay_s)
    data = response.to_bytes(call.profile, _NIL_BLOCKS, operation)
    return Delivery(response=to_http_response(data, call.profile), delay_s=delay_s)


def _scripted(
    call: Call,
    operation: Operation,
    reply: Reply,
    view: View,
    settings: SoblobSettings,
    tickets: AbstractSet[str],
) -> Answer:
    delay_s = reply.delay_s
    if reply.close:
        return Answer(Delivery(response=None, delay_s=delay_s), failure="the connection was closed")
    if reply.fault is not None:
        response = _fault_response(reply.fault, call.profile, reply.status)
        text = f"a fault was answered: {reply.fault.reason}"
        return Answer(Delivery(response=response, delay_s=delay_s), failure=text)
    if reply.response is not None:
        delivery = Delivery(response=reply.response, delay_s=delay_s)
        return Answer(delivery, failure="another answer was scripted")
    blob_id = reply.blob_id
    if reply.is_failure:
        why = reply.exception_info or SCRIPTED_FAILURE
        given = 0 if isinstance(blob_id, Unset) else blob_id
        return _failure(call, operation, why, given, delay_s)
    if isinstance(blob_id, Unset):
        own = _own_answer(call, operation, view, settings, tickets)
        return replace(own, delivery=replace(own.delivery, delay_s=delay_s))
    if isinstance(call.message, SaveImageStreamRequest) and blob_id is not None and blob_id > 0:
        return _saved(call, call.message, blob_id, delay_s)
    # An id that no blob can have: nothing is stored, whatever Succeeded says.
    response_message = SaveImageStreamResponse(
        blob_id=blob_id, succeeded=True, exception_info=reply.exception_info
    )
    delivery = _message(call, operation, response_message, delay_s)
    return Answer(delivery, failure=f"no usable blob id was answered: {blob_id}")


def _as_response(sent: HttpResponse | bytes | None) -> HttpResponse | None:
    if not isinstance(sent, bytes):
        return sent
    try:
        parsed = parse_message(sent)
    except HttpSyntaxError:
        return None
    return parsed if isinstance(parsed, HttpResponse) else None
