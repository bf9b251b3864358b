"""The two behaviours: which requests are rejected, how they are read, which bytes are written.

`Strict` is stricter than any server: each error is answered with a fault that names its rule. `Wcf`
reads and writes as a .NET host does. Judging, scripts, the small NetServer, the flow and recording
are the same for both, and are in other modules.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from pytest_soblob._http import HttpSyntaxError, TooLargeError
from pytest_soblob._http.server import Limits, plain_refusal
from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation, Profile
from pytest_soblob.judge.rendering import summary_line
from pytest_soblob.judge.validators.http import is_path_of
from pytest_soblob.judge.validators.packing import is_compressed, unpack
from pytest_soblob.names import NETSERVER, SERVICE_PATHS
from pytest_soblob.settings import SoblobSettings, WcfHost
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.envelope import Envelope, local_name
from pytest_soblob.soap.messages import (
    REQUESTS,
    Fault,
    Request,
    Response,
    read_parts,
    read_request,
    to_http_response,
)
from pytest_soblob.stub import wcf, wsdl
from pytest_soblob.stub.endpoint._attempts import Parts
from pytest_soblob.stub.endpoint._call import Call
from pytest_soblob.stub.failures import fault_of
from pytest_soblob.wire import HttpRequest, HttpResponse

_PLAIN: Final = (("Content-Type", "text/plain; charset=utf-8"),)
_NIL_BLOCKS: Final = Spelling(nil=True)  # WCF writes blocks without a value as nil


class Behaviour(Protocol):
    """How a server reads and answers right and wrong requests."""

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer GET and HEAD: with the WSDL, a help page, or an error status."""

    @property
    def largest(self) -> int | None:
        """Largest message in bytes, or None if only the connection has a limit."""

    def preview(self, head: HttpRequest) -> HttpResponse | None:
        """Answer a head whose body is not to be read, or return None."""

    def reject(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer bytes that are not an HTTP request, or a request that is too large."""

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message as this server reads it, or None if it cannot."""

    def read_parts(self, call: Call) -> Parts | None:
        """Return the parts that this server read, with the image undecoded, or None."""

    def read_message(self, call: Call, *, image: bool = True) -> Request | None:
        """Return the message of a call as `read` does, from the parsed request.

        Args:
            call: Call after `look_at`.
            image: True to decode a large image; otherwise the value in its place is arbitrary.
        """

    def look_at(self, call: Call, base_url: str) -> None:
        """Do the slow part of reading a judged call, while the endpoint's lock is not held."""

    def receive(self, call: Call) -> None:
        """Set the operation or the rejection of a judged call; the lock is held."""

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a normal response."""

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """Return a fault, with an HTTP status, or None for that of SOAP."""


class Strict:
    """Rejects every request that has an error, with a fault that names the rule."""

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer with the WSDL at `?wsdl`, a help page at a service, or 404."""
        service = next((name for name in SERVICE_PATHS if is_path_of(name, request.path)), None)
        if service is None:
            text = f"There is nothing here. The service is at {base_url}{SERVICE_PATHS['BLOB']}\n"
            return HttpResponse(status=404, headers=_PLAIN, body=text.encode())
        address = base_url + SERVICE_PATHS[service]
        if request.query.lower() in ("wsdl", "singlewsdl"):
            return _xml_response(wsdl.served_wsdl(service, address), "utf-8")
        return _help_page(service, address)

    largest: int | None = None

    def preview(self, head: HttpRequest) -> None:
        """Return None: violations of the head are reported together with those of the body."""

    def reject(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer with one line of text."""
        return plain_refusal(error)

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message in the envelope."""
        envelope = Envelope.from_document(_carving.parse(unpack(request).data))
        return None if envelope is None else read_request(envelope, _name_in_body(envelope))

    def read_parts(self, call: Call) -> Parts | None:
        """Return the parts in the envelope."""
        envelope = call.envelope
        operation = None if envelope is None else OPERATIONS.get(_name_in_body(envelope) or "")
        if envelope is None or operation is None:
            return None
        values = read_parts(envelope, operation.name, operation.parts)
        return None if values is None else Parts(operation, values)

    def read_message(self, call: Call, *, image: bool = True) -> Request | None:
        """Return the message in the envelope."""
        envelope = call.envelope
        if envelope is None:
            return None
        return read_request(envelope, _name_in_body(envelope), image=image)

    def look_at(self, call: Call, base_url: str) -> None:
        """Do nothing: the judge has read the whole call."""

    def receive(self, call: Call) -> None:
        """Reject a call that has an error, or an operation known by name only."""
        name = call.verdict.operation
        if call.verdict.errors or name is None:
            call.rejection_response = self._reject(call)
        elif name in OTHER_OPERATIONS:
            call.rejection_response = self._reject_operation(call, name)
        else:
            call.operation = OPERATIONS[name]

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a response in the profile of the request."""
        if call.profile is Profile.WSDL:
            body = wcf.write_response(operation, response)
        else:
            body = response.to_bytes(call.profile, _NIL_BLOCKS, operation)
        return to_http_response(body, call.profile)

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """Return a fault; by default with 500, or 400 for a sender's in SOAP 1.2.

        SOAP 1.1 binds every fault to 500; SOAP 1.2 a sender's fault to 400 (part 2, 7.5.2.2).
        """
        sender = fault.code in ("Client", "Sender")
        bound = 400 if sender and profile is not Profile.WSDL else 500
        return to_http_response(fault.to_bytes(profile), profile, status or bound)

    def _reject(self, call: Call) -> HttpResponse:
        errors = call.verdict.errors
        if not any(is_path_of(service, call.request.path) for service in SERVICE_PATHS):
            text = f"{summary_line(errors)}\n".encode()
            return HttpResponse(status=404, headers=_PLAIN, body=text)
        # No errors are left if a team has switched off the rules that were broken.
        reason = summary_line(errors) or "the endpoint finds no operation in the message"
        return self.write_fault(Fault(code="Client", reason=reason), call.profile, None)

    def _reject_operation(self, call: Call, name: str) -> HttpResponse:
        """Answer an operation known by name only, as WCF answers an unknown action."""
        service = next((s for s in SERVICE_PATHS if is_path_of(s, call.request.path)), "BLOB")
        rejection = wcf.action_not_supported(f"{NETSERVER}/{service}/{name}")
        fault = fault_of(rejection, call.profile)
        return self.write_fault(fault, call.profile, rejection.status)


class Wcf:
    """Reads and answers as a .NET host does, which accepts much that is wrong.

    Args:
        host: Settings in which hosts differ.
    """

    def __init__(self, host: WcfHost) -> None:
        self._host = host

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer with a help page, the WSDL, its schema, or an error status."""
        found = wcf.find_service(request.path)
        if found is None:
            return wcf.fault_response(wcf.Rejection(status=404), self._host)
        service, rest = found
        if request.method != "GET" or wcf.is_below(rest):
            return wcf.fault_response(wcf.Rejection(status=400), self._host)
        address = base_url + SERVICE_PATHS[service]
        query = request.query.lower()
        if query in ("wsdl", "singlewsdl"):
            return _xml_response(wsdl.served_wsdl(service, address), "UTF-8")
        if query == "xsd=xsd0":
            return _xml_response(wsdl.served_schema(service), "UTF-8")
        return _help_page(service, address)

    @property
    def largest(self) -> int:
        """MaxReceivedMessageSize of the host, in bytes."""
        return self._host.max_message_size

    def preview(self, head: HttpRequest) -> HttpResponse | None:
        """Answer a request that this host rejects before it reads the body, or return None."""
        if wcf.find_service(head.path) is None:
            return None  # an unknown path is answered after the body was read
        rejection = wcf.check_head(head, self._host.max_message_size)
        return None if rejection is None else wcf.fault_response(rejection, self._host)

    def reject(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer as this host does if the message is too large, otherwise with one line of text.

        What a host answers to bytes that are not HTTP is not known.
        """
        if isinstance(error, TooLargeError):
            return wcf.fault_response(wcf.Rejection(status=error.status), self._host)
        return plain_refusal(error)

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message without the elements that this host drops."""
        read = wcf.read_request(request, self._host.max_message_size)
        return None if isinstance(read, wcf.Rejection) else _as_message(read)

    def read_parts(self, call: Call) -> Parts | None:
        """Return the parts without the elements that this host drops."""
        read = call.wcf_request
        return None if read is None else Parts(read.operation, read.values)

    def read_message(self, call: Call, *, image: bool = True) -> Request | None:
        """Return the message without the elements that this host drops."""
        return None if call.wcf_request is None else _as_message(call.wcf_request, image=image)

    def look_at(self, call: Call, base_url: str) -> None:
        """Read the call as this host does, regardless of the verdict.

        The host answers a GET with its page, even if the request has a body.
        """
        if call.request.method == "GET":
            call.profile, call.rejection_response = (
                Profile.WSDL,
                self.look_up(call.request, base_url),
            )
            return
        envelope = None if is_compressed(call.request) else call.envelope
        document = None if envelope is None else envelope.document
        read = wcf.read_request(call.request, self._host.max_message_size, document)
        call.profile = Profile.WSDL
        if isinstance(read, wcf.Rejection):
            call.rejection_response = wcf.fault_response(read, self._host)
        else:
            call.wcf_request = read

    def receive(self, call: Call) -> None:
        """Accept whatever the host could read."""
        read = call.wcf_request
        if read is not None:
            call.operation, call.dropped = read.operation, read.dropped

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a response with the bytes that this host writes."""
        body = wcf.write_response(operation, response, empty_extra_info=self._host.empty_extra_info)
        return wcf.normal_response(body, self._host)

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """Return a scripted fault as `Strict` does, since its form is the test's choice."""
        return Strict().write_fault(fault, profile, status)


def behave(
    settings: SoblobSettings, max_message_size: int | None, limits: Limits | None
) -> tuple[Behaviour, Limits]:
    """Return the behaviour and the limits of connections; a WCF host checks the size itself."""
    limits = limits or Limits()
    if settings.behaviour == "wcf":
        host = settings.wcf_host
        if max_message_size is not None:
            host = replace(host, max_message_size=max_message_size)
        return Wcf(host), limits
    if max_message_size is not None:
        limits = replace(limits, body_bytes=max_message_size)
    return Strict(), limits


def _xml_response(body: bytes, charset: str) -> HttpResponse:
    return HttpResponse(headers=(("Content-Type", f"text/xml; charset={charset}"),), body=body)


def _help_page(service: str, address: str) -> HttpResponse:
    headers = (("Content-Type", "text/html; charset=UTF-8"),)
    return HttpResponse(headers=headers, body=wsdl.help_page(service, address))


def _name_in_body(envelope: Envelope) -> str | None:
    element = envelope.payload_element
    return None if element is None else local_name(element)


def _as_message(read: wcf.WcfRequest, *, image: bool = True) -> Request:
    values = dict(read.values)
    text = values.get("Image")
    if isinstance(text, Base64Text):
        values["Image"] = text.decode() if image else b""
    return REQUESTS[read.operation.name].from_values(
        values,
        ticket=read.blocks.get("Credentials"),
        application_token=read.blocks.get("ApplicationToken"),
    )


_: Callable[[], Behaviour] = Strict  # lets mypy check that it is a Behaviour
