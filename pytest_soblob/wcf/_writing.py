"""The bytes that a .NET service writes: no declaration, no indentation, `h:` header blocks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_soblob.contract import COMPLEX_TYPES, Operation, Particle
from pytest_soblob.messages import SaveImageStreamResponse
from pytest_soblob.names import NETSERVER, SOAP11, XSI
from pytest_soblob.wire import HttpResponse

_NONE: Final = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
_DISPATCHER: Final = (
    "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
)
_H: Final = f' xmlns:h="{NETSERVER}"'
_I: Final = f' xmlns:i="{XSI}"'
_HEADERS: Final = (
    ("Content-Type", "text/xml; charset=utf-8"),
    ("Server", "Microsoft-HTTPAPI/2.0"),
)
# What XML 1.0 cannot carry, and a percent-encoded SOAPAction may hold.
_ILLEGAL: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that is no normal response.

    Attributes:
        status: HTTP status.
        reason: The phrase beside it; None means the standard one.
        code: Of a SOAP fault; empty where the body is empty.
        namespace: Of the code: SOAP's own is empty.
        text: The fault's reason.
    """

    status: int
    reason: str | None = None
    code: str = ""
    namespace: str = ""
    text: str = ""


def write_response(operation: Operation, response: SaveImageStreamResponse) -> bytes:
    """Return the envelope of a normal response, header blocks that are null included."""
    values = response.block_values()
    blocks = "".join(_block(block, values[block.name]) for block in operation.response_blocks)
    results = {"Response": response.blob_id}
    inside = "".join(
        f"<{part.name}>{_escape(results[part.name])}</{part.name}>"
        for part in operation.results
        if results.get(part.name) is not None
    )
    wrapper = operation.response_element
    body = f'<{wrapper} xmlns="{NETSERVER}">{inside}</{wrapper}>'
    if not inside:
        body = f'<{wrapper} xmlns="{NETSERVER}"/>'
    return (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Header>{blocks}</s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def normal_response(body: bytes) -> HttpResponse:
    """Return an envelope with the headers of a self-hosted service."""
    return HttpResponse(status=200, headers=_HEADERS, body=body)


def fault_response(refusal: Refusal, culture: str = "en-US") -> HttpResponse:
    """Return the HTTP response of a refusal: a fault, or no body at all.

    Args:
        refusal: What is refused, and how.
        culture: Of the server's thread; empty leaves xml:lang out.
    """
    if not refusal.code:
        headers = (("Server", "Microsoft-HTTPAPI/2.0"),)
        return HttpResponse(status=refusal.status, reason=refusal.reason, headers=headers)
    prefix, declaration = "s", ""
    if refusal.namespace:
        prefix, declaration = "a", f' xmlns:a="{refusal.namespace}"'
    language = f' xml:lang="{culture}"' if culture else ""
    body = (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault>'
        f"<faultcode{declaration}>{prefix}:{refusal.code}</faultcode>"
        f"<faultstring{language}>{_escape(refusal.text)}</faultstring>"
        "</s:Fault></s:Body></s:Envelope>"
    )
    return HttpResponse(
        status=refusal.status, reason=refusal.reason, headers=_HEADERS, body=body.encode()
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


def internal_service_fault() -> Refusal:
    """An exception whose details the server keeps to itself."""
    return Refusal(
        status=500,
        code="InternalServiceFault",
        namespace=_DISPATCHER,
        text="The server was unable to process the request due to an internal error.  For more "
        "information about the error, either turn on IncludeExceptionDetailInFaults (either from "
        "ServiceBehaviorAttribute or from the <serviceDebug> configuration behavior) on the server "
        "in order to send the exception information back to the client, or turn on tracing as per "
        "the Microsoft .NET Framework SDK documentation and inspect the server trace logs.",
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
        return f"<{name}{_H}>{_escape(value)}</{name}>"
    inside = _members(particle.type, value)
    return f"<{name}{_H}{_I}>{inside}</{name}>" if inside else f"<{name}{_H}{_I}/>"


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
    if particle.type in COMPLEX_TYPES:
        inside = _members(particle.type, value)
        return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"
    return f"<{name}>{_escape(value)}</{name}>" if value != "" else f"<{name}/>"


def _escape(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = _ILLEGAL.sub("\ufffd", text)
    return "".join(_ESCAPES.get(character, character) for character in text)
