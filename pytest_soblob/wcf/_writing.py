"""The bytes that a .NET service writes: no declaration, no indentation, `h:` header blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from typing import Any, Final

import pybase64

from pytest_soblob.contract import COMPLEX_TYPES, Operation, Particle
from pytest_soblob.messages import EXTRA, Response
from pytest_soblob.names import NETSERVER, SOAP11, XSI
from pytest_soblob.settings import WcfHost
from pytest_soblob.wire import HttpResponse

_NONE: Final = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
_DISPATCHER: Final = (
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
)
_H: Final = f' xmlns:h="{NETSERVER}"'
_I: Final = f' xmlns:i="{XSI}"'
_IIS: Final = (
    ("Server", "Microsoft-IIS/10.0"),
    ("X-AspNet-Version", "4.0.30319"),
    ("X-Powered-By", "ASP.NET"),
)
_EXCEPTION_DETAIL: Final = "http://schemas.datacontract.org/2004/07/System.ServiceModel"
# What XML 1.0 cannot carry, and a percent-encoded SOAPAction may hold.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_TO_ESCAPE: Final = re.compile(f"[{''.join(_ESCAPES)}]|{_ILLEGAL.pattern}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is no normal response.

    Attributes:
        status: HTTP status.
        reason: The phrase beside it; None means the standard one.
        code: Of a SOAP fault; empty where the body is empty.
        namespace: Of the code: SOAP's own is empty.
        text: The fault's reason.
        detail: What a host says instead that includes details; empty where it says no more.
    """

    status: int
    reason: str | None = None
    code: str = ""
    namespace: str = ""
    text: str = ""
    detail: str = ""


def write_response(
    operation: Operation, response: Response, *, empty_extra_info: bool = False
) -> bytes:
    """Return the envelope of a normal response, header blocks that are null included.

    Args:
        operation: That is answered.
        response: What is answered.
        empty_extra_info: Whether an ExtraInfo without pairs is empty instead of null [inferred].
    """
    said = (response.exception_info, response.extra_info, response.time_zone)
    if response.succeeded and said == (None, None, None):
        blocks = _blocks_of_success(operation, empty_extra_info)
    else:
        blocks = _blocks(operation, response, empty_extra_info)
    results = response.result_values()
    inside = "".join(_result(part, results.get(part.name)) for part in operation.results)
    wrapper = operation.response_element
    body = _element(wrapper, inside, f' xmlns="{NETSERVER}"')
    return (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header>{blocks}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


@cache
def _blocks_of_success(operation: Operation, empty_extra_info: bool) -> str:
    """The same of nearly every answer."""
    return _blocks(operation, Response(succeeded=True), empty_extra_info)


def _blocks(operation: Operation, response: Response, empty_extra_info: bool) -> str:
    values = response.block_values()
    if empty_extra_info and values["ExtraInfo"] is None:
        values["ExtraInfo"] = {EXTRA: []}
    return "".join(_block(block, values[block.name]) for block in operation.response_blocks)


def normal_response(body: bytes, host: WcfHost) -> HttpResponse:
    """Return an envelope with the headers of that host."""
    return HttpResponse(status=200, headers=_headers(host), body=body)


def fault_response(refusal: Refusal, host: WcfHost) -> HttpResponse:
    """Return the HTTP response of a refusal: a fault, or no body at all.

    Args:
        refusal: What is refused, and how.
        host: Which headers it adds, which language it speaks, how much it says.
    """
    if not refusal.code:
        headers = _headers(host, typed=False)
        return HttpResponse(status=refusal.status, reason=refusal.reason, headers=headers)
    prefix, declaration = "s", ""
    if refusal.namespace:
        prefix, declaration = "a", f' xmlns:a="{refusal.namespace}"'
    language = f' xml:lang="{host.culture}"' if host.culture else ""
    said, detail = refusal.text, ""
    if host.exception_detail and refusal.detail:
        said, detail = refusal.detail, _exception_detail(refusal.detail)
    body = (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault>'
        f"<faultcode{declaration}>{prefix}:{refusal.code}</faultcode>"
        f"<faultstring{language}>{_escape(said)}</faultstring>{detail}"
        "</s:Fault></s:Body></s:Envelope>"
    )
    return HttpResponse(
        status=refusal.status, reason=refusal.reason, headers=_headers(host), body=body.encode()
    )


def _headers(host: WcfHost, *, typed: bool = True) -> tuple[tuple[str, str], ...]:
    content_type = (("Content-Type", "text/xml; charset=utf-8"),) if typed else ()
    date = (("Date", formatdate(usegmt=True)),)
    if host.hosting == "iis":
        return (("Cache-Control", "private"), *content_type, *_IIS, *date)
    return (*content_type, ("Server", "Microsoft-HTTPAPI/2.0"), *date)


def _exception_detail(said: str) -> str:
    """The type and the trace are inferred."""
    return (
        f'<detail><ExceptionDetail xmlns="{_EXCEPTION_DETAIL}"{_I}><HelpLink i:nil="true"/>'
        f'<InnerException i:nil="true"/><Message>{_escape(said)}</Message>'
        '<StackTrace i:nil="true"/><Type>System.ServiceModel.CommunicationException</Type>'
        "</ExceptionDetail></detail>"
    )


def action_not_supported(action: str) -> Refusal:
    """The operation is chosen by SOAPAction alone, and none has this one."""
    return Refusal(
        status=500,
        code="ActionNotSupported",
        namespace=_NONE,
        text=f"The message with Action '{action}' cannot be processed at the receiver, due to a "
        "ContractFilter mismatch at the EndpointDispatcher. This may be because of either a "
        "contract mismatch (mismatched Actions between sender and receiver) or a binding/security "
        "mismatch between the sender and the receiver.  Check that sender and receiver have the "
        "same contract and the same binding (including security requirements, e.g. Message, "
        "Transport, None).",
    )


def destination_unreachable(address: str) -> Refusal:
    """The path goes on after the service's; the text is inferred."""
    return Refusal(
        status=500,
        code="DestinationUnreachable",
        namespace=_NONE,
        text=f"The message with To '{address}' cannot be processed at the receiver, due to an "
        "AddressFilter mismatch at the EndpointDispatcher.  Check that the sender and receiver's "
        "EndpointAddresses agree.",
    )


def internal_service_fault(detail: str = "") -> Refusal:
    """An exception whose details the server keeps to itself, unless it is told otherwise."""
    return Refusal(
        status=500,
        code="InternalServiceFault",
        namespace=_DISPATCHER,
        text="The server was unable to process the request due to an internal error.  For more "
        "information about the error, either turn on IncludeExceptionDetailInFaults (either from "
        "ServiceBehaviorAttribute or from the <serviceDebug> configuration behavior) on the server "
        "in order to send the exception information back to the client, or turn on tracing as per "
        "the Microsoft .NET Framework SDK documentation and inspect the server trace logs.",
        detail=detail,
    )


def deserialization_failed(operation: str, said: str, part: str | None = None) -> Refusal:
    """The body could not be read.

    Args:
        operation: Its name.
        said: By the reader.
        part: Which one failed; None where the XML broke between or after them.
    """
    if part is None:
        what = f"Error in deserializing body of request message for operation '{operation}'. {said}"
    else:
        what = (
            f"There was an error while trying to deserialize parameter {NETSERVER}:{part}. The "
            f"InnerException message was '{said}'.  Please see InnerException for more details."
        )
    return Refusal(
        status=500,
        code="DeserializationFailed",
        namespace=_DISPATCHER,
        text=f"The formatter threw an exception while trying to deserialize the message: {what}",
    )


def must_understand(name: str, namespace: str) -> Refusal:
    """A header block that nobody knows must be understood."""
    return Refusal(
        status=500,
        code="MustUnderstand",
        text=f"The header '{name}' from the namespace '{namespace}' was not understood by the "
        "recipient of this message, causing the message to not be processed.  This error typically "
        "indicates that the sender of this message has enabled a communication protocol that the "
        "receiver cannot process.  Please ensure that the configuration of the client's binding is "
        "consistent with the service's binding. ",
    )


def _block(particle: Particle, value: Any) -> str:
    name = f"h:{particle.name}"
    if value is None:
        return f'<{name} i:nil="true"{_H}{_I}/>'
    if particle.type not in COMPLEX_TYPES:
        return _element(name, _escape(value), _H)
    return _element(name, _members(particle.type, value), _H + _I)


def _members(type_name: str, values: Mapping[str, Any]) -> str:
    rows = []
    for particle in COMPLEX_TYPES[type_name]:
        value = values.get(particle.name)
        items = value or [] if particle.max_occurs is None else [value]
        rows += [_member(particle, item) for item in items]
    return "".join(rows)


def _member(particle: Particle, value: Any) -> str:
    name = f"h:{particle.name}"
    if value is None:
        return f'<{name} i:nil="true"/>' if particle.nillable else ""
    complex_ = particle.type in COMPLEX_TYPES
    return _element(name, _members(particle.type, value) if complex_ else _escape(value))


def _result(particle: Particle, value: Any) -> str:
    """Return a child of the response's wrapper, in the default namespace; null ones are nil."""
    name = particle.name
    if value is None:
        return f'<{name} i:nil="true"{_I}/>' if particle.nillable else ""
    if isinstance(value, Mapping):
        inside = "".join(_element(child, _escape(text)) for child, text in value.items())
        return _element(name, inside, _I)
    if isinstance(value, bytes):
        return _element(name, pybase64.b64encode(value).decode())
    return _element(name, _escape(value))


def _element(name: str, inside: str, declarations: str = "") -> str:
    """Return an element as this writer ends it: with one tag where there is nothing inside."""
    end = f">{inside}</{name}>" if inside else "/>"
    return f"<{name}{declarations}{end}"


def _escape(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not _TO_ESCAPE.search(text):
        return text
    return "".join(_ESCAPES.get(character, character) for character in _ILLEGAL.sub("\ufffd", text))
