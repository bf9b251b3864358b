"""The bytes that a .NET service writes: no declaration or indentation, `h:` header blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import cache
from typing import Any, Final

import pybase64

from pytest_soblob.contract import COMPLEX_TYPES, Operation, Particle
from pytest_soblob.names import NETSERVER, SOAP11, XSI
from pytest_soblob.settings import WcfHost
from pytest_soblob.soap.messages import EXTRA, Response
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
# Characters that XML 1.0 cannot carry; a percent-encoded SOAPAction may contain them.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}
_ESCAPED: Final = str.maketrans(_ESCAPES)
_TO_ESCAPE: Final = re.compile(f"[{''.join(_ESCAPES)}]|{_ILLEGAL.pattern}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why and how the host rejects a request.

    Attributes:
        status: HTTP status.
        reason: HTTP reason phrase, or None for the standard one.
        code: Code of the SOAP fault; empty if the response has no body.
        namespace: Namespace of the code; empty for that of SOAP.
        text: Reason of the fault.
        detail: Reason of the fault if the host includes exception details; empty if it is the same.
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
    """Return the envelope of a normal response, with nil header blocks for missing values.

    Args:
        operation: Operation that is answered.
        response: The response.
        empty_extra_info: True to write an ExtraInfo without pairs as empty, not as nil [inferred].
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
    """Return the header blocks of a plain success, which nearly all answers share."""
    return _blocks(operation, Response(succeeded=True), empty_extra_info)


def _blocks(operation: Operation, response: Response, empty_extra_info: bool) -> str:
    values = response.block_values()
    if empty_extra_info and values["ExtraInfo"] is None:
        values["ExtraInfo"] = {EXTRA: []}
    return "".join(_block(block, values[block.name]) for block in operation.response_blocks)


def normal_response(body: bytes, host: WcfHost) -> HttpResponse:
    """Return an envelope as HTTP response, with the headers of that host."""
    return HttpResponse(status=200, headers=_headers(host), body=body)


def fault_response(rejection: Rejection, host: WcfHost) -> HttpResponse:
    """Return the HTTP response of a rejection: a fault, or no body.

    Args:
        rejection: The rejection.
        host: Settings for headers, language and exception details.
    """
    if not rejection.code:
        headers = _headers(host, typed=False)
        return HttpResponse(status=rejection.status, reason=rejection.reason, headers=headers)
    prefix, declaration = "s", ""
    if rejection.namespace:
        prefix, declaration = "a", f' xmlns:a="{rejection.namespace}"'
    language = f' xml:lang="{host.culture}"' if host.culture else ""
    said, detail = rejection.text, ""
    if host.exception_detail and rejection.detail:
        said, detail = rejection.detail, _exception_detail(rejection.detail)
    body = (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault>'
        f"<faultcode{declaration}>{prefix}:{rejection.code}</faultcode>"
        f"<faultstring{language}>{_escape(said)}</faultstring>{detail}"
        "</s:Fault></s:Body></s:Envelope>"
    )
    return HttpResponse(
        status=rejection.status, reason=rejection.reason, headers=_headers(host), body=body.encode()
    )


def _headers(host: WcfHost, *, typed: bool = True) -> tuple[tuple[str, str], ...]:
    content_type = (("Content-Type", "text/xml; charset=utf-8"),) if typed else ()
    date = (("Date", formatdate(usegmt=True)),)
    if host.hosting == "iis":
        return (("Cache-Control", "private"), *content_type, *_IIS, *date)
    return (*content_type, ("Server", "Microsoft-HTTPAPI/2.0"), *date)


def _exception_detail(said: str) -> str:
    """Return the detail of a fault; type and stack trace are inferred."""
    return (
        f'<detail><ExceptionDetail xmlns="{_EXCEPTION_DETAIL}"{_I}><HelpLink i:nil="true"/>'
        f'<InnerException i:nil="true"/><Message>{_escape(said)}</Message>'
        '<StackTrace i:nil="true"/><Type>System.ServiceModel.CommunicationException</Type>'
        "</ExceptionDetail></detail>"
    )


def action_not_supported(action: str) -> Rejection:
    """Return the rejection of a SOAPAction that no operation has."""
    return Rejection(
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


def destination_unreachable(address: str) -> Rejection:
    """Return the rejection of a path below the service; the text is inferred."""
    return Rejection(
        status=500,
        code="DestinationUnreachable",
        namespace=_NONE,
        text=f"The message with To '{address}' cannot be processed at the receiver, due to an "
        "AddressFilter mismatch at the EndpointDispatcher.  Check that the sender and receiver's "
        "EndpointAddresses agree.",
    )


def internal_service_fault(detail: str = "") -> Rejection:
    """Return the rejection for an exception; its details are sent only if the host says so."""
    return Rejection(
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


def deserialization_failed(operation: str, said: str, part: str | None = None) -> Rejection:
    """Return the rejection of a body that could not be read.

    Args:
        operation: Name of the operation.
        said: Text of the reader.
        part: Part that could not be read, or None if the XML broke between or after the parts.
    """
    if part is None:
        what = f"Error in deserializing body of request message for operation '{operation}'. {said}"
    else:
        what = (
            f"There was an error while trying to deserialize parameter {NETSERVER}:{part}. The "
            f"InnerException message was '{said}'.  Please see InnerException for more details."
        )
    return Rejection(
        status=500,
        code="DeserializationFailed",
        namespace=_DISPATCHER,
        text=f"The formatter threw an exception while trying to deserialize the message: {what}",
    )


def must_understand(name: str, namespace: str) -> Rejection:
    """Return the rejection of an unknown header block with mustUnderstand."""
    return Rejection(
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
    """Return a child of the response's wrapper, in the default namespace; nil for None."""
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
    """Return an element; an empty one is a single tag."""
    end = f">{inside}</{name}>" if inside else "/>"
    return f"<{name}{declarations}{end}"


def _escape(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not _TO_ESCAPE.search(text):
        return text
    return _ILLEGAL.sub("\ufffd", text).translate(_ESCAPED)
