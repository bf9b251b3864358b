"""Where the two behaviours differ: what is refused, how a request is read, the bytes that leave.

`Strict` is louder than any server: each error is a fault that names its rule. `Wcf` reads and
writes as a .NET host does. What comes before (the judge) and after (scripts, the small NetServer,
the flow, recording) is the same for both, and stands elsewhere.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from pytest_soblob import _schemas, _xml, wcf
from pytest_soblob._http import HttpSyntaxError, TooLargeError
from pytest_soblob._server import Limits, plain_refusal
from pytest_soblob.binding import Spelling
from pytest_soblob.contract import OPERATIONS, OTHER_OPERATIONS, Operation, Profile
from pytest_soblob.endpoint._call import Call
from pytest_soblob.envelope import Envelope
from pytest_soblob.failures import fault_of
from pytest_soblob.messages import (
    REQUESTS,
    Fault,
    Request,
    Response,
    read_request,
    to_http_response,
)
from pytest_soblob.names import NETSERVER, SERVICE_PATHS
from pytest_soblob.rendering import summary_line
from pytest_soblob.settings import SoblobSettings, WcfHost
from pytest_soblob.validators.http import is_path_of
from pytest_soblob.wire import HttpRequest, HttpResponse

_PLAIN: Final = (("Content-Type", "text/plain; charset=utf-8"),)
_NIL_BLOCKS: Final = Spelling(nil=True)  # as WCF writes blocks that have no value


class Behaviour(Protocol):
    """How a server behaves towards right and wrong requests."""

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer GET and HEAD: the WSDL, a page of help, or nothing there."""

    @property
    def largest(self) -> int | None:
        """Bytes that a message may have; None where the connection minds that alone."""

    def preview(self, head: HttpRequest) -> HttpResponse | None:
        """Answer a head whose body is not wanted; None where it is."""

    def refuse(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer what is no HTTP request, or too large a one."""

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message as this server reads it; None where it cannot."""

    def receive(self, call: Call) -> None:
        """Say of a judged call what is answered: an operation, or a refusal."""

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a normal response."""

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """Return a fault; without a status with that which SOAP binds it to."""


class Strict:
    """Refuses whatever has an error, with a fault that says which."""

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer with the WSDL at `?wsdl`, a line of help at a service, 404 elsewhere."""
        service = next((name for name in SERVICE_PATHS if is_path_of(name, request.path)), None)
        if service is None:
            text = f"There is nothing here. The service is at {base_url}{SERVICE_PATHS['BLOB']}\n"
            return HttpResponse(status=404, headers=_PLAIN, body=text.encode())
        address = base_url + SERVICE_PATHS[service]
        if request.query.lower() in ("wsdl", "singlewsdl"):
            return _xml_response(_schemas.served_wsdl(service, address), "utf-8")
        text = (
            f"This is a stub of {service}.svc. POST SOAP envelopes here; the WSDL is at "
            f"{address}?wsdl\n"
        )
        return HttpResponse(headers=_PLAIN, body=text.encode())

    largest: int | None = None

    def preview(self, head: HttpRequest) -> None:
        """Whatever is wrong with a head is told together with what is wrong with the body."""

    def refuse(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer in one line."""
        return plain_refusal(error)

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message that stands in the envelope."""
        envelope = Envelope.from_document(_xml.parse(request.body))
        element = None if envelope is None else envelope.payload_element
        if envelope is None or element is None:
            return None
        return read_request(envelope, str(element.tag).rpartition("}")[2])

    def receive(self, call: Call) -> None:
        """Refuse a call that has an error, or that is one of another operation."""
        name = call.verdict.operation
        if call.verdict.errors or name is None:
            call.refusal = self._refuse(call)
        elif name in OTHER_OPERATIONS:
            call.refusal = self._refuse_other(call, name)
        else:
            call.operation = OPERATIONS[name]

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a response in the form that was spoken."""
        if call.profile is Profile.WSDL:
            body = wcf.write_response(operation, response)
        else:
            body = response.to_bytes(call.profile, _NIL_BLOCKS, operation)
        return to_http_response(body, call.profile)

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """SOAP 1.1 binds every fault to 500; SOAP 1.2 a sender's to 400 (part 2, 7.5.2.2)."""
        sender = fault.code in ("Client", "Sender")
        bound = 400 if sender and profile is not Profile.WSDL else 500
        return to_http_response(fault.to_bytes(profile), profile, status or bound)

    def _refuse(self, call: Call) -> HttpResponse:
        errors = call.verdict.errors
        if not any(is_path_of(service, call.request.path) for service in SERVICE_PATHS):
            text = f"{summary_line(errors)}\n".encode()
            return HttpResponse(status=404, headers=_PLAIN, body=text)
        # A team may have switched off what makes bytes an envelope.
        reason = summary_line(errors) or "the endpoint finds no operation in the message"
        return self.write_fault(Fault(code="Client", reason=reason), call.profile, None)

    def _refuse_other(self, call: Call, name: str) -> HttpResponse:
        """An operation that is only known by name: as WCF answers an action it does not know."""
        service = next((s for s in SERVICE_PATHS if is_path_of(s, call.request.path)), "BLOB")
        refusal = wcf.action_not_supported(f"{NETSERVER}/{service}/{name}")
        fault = fault_of(refusal, call.profile)
        return self.write_fault(fault, call.profile, refusal.status)


class Wcf:
    """Reads and answers as a .NET host does, which takes much that is wrong.

    Args:
        host: What differs between hosts.
    """

    def __init__(self, host: WcfHost) -> None:
        self._host = host

    def look_up(self, request: HttpRequest, base_url: str) -> HttpResponse:
        """Answer with a help page, the WSDL, its schema, 400 for the rest."""
        found = wcf.find_service(request.path)
        if found is None:
            return wcf.fault_response(wcf.Refusal(status=404), self._host)
        service, rest = found
        if request.method != "GET" or wcf.is_below(rest):
            return wcf.fault_response(wcf.Refusal(status=400), self._host)
        address = base_url + SERVICE_PATHS[service]
        query = request.query.lower()
        if query in ("wsdl", "singlewsdl"):
            return _xml_response(_schemas.served_wsdl(service, address), "UTF-8")
        if query == "xsd=xsd0":
            return _xml_response(_schemas.schema_file("netserver.xsd").read_bytes(), "UTF-8")
        page = (
            f"<html><head><title>{service} Service</title></head><body><h1>{service} Service</h1>"
            f'<p>A stub. Its WSDL is at <a href="{address}?wsdl">{address}?wsdl</a>.</p></body>'
            "</html>"
        )
        headers = (("Content-Type", "text/html; charset=UTF-8"),)
        return HttpResponse(headers=headers, body=page.encode())

    @property
    def largest(self) -> int:
        """MaxReceivedMessageSize."""
        return self._host.max_message_size

    def preview(self, head: HttpRequest) -> HttpResponse | None:
        """Answer what this host refuses before it reads the body."""
        if wcf.find_service(head.path) is None:
            return None  # who else listens there may want it
        refused = wcf.check_head(head, self._host.max_message_size)
        return None if refused is None else wcf.fault_response(refused, self._host)

    def refuse(self, error: HttpSyntaxError) -> HttpResponse:
        """Answer with words of ours what is no HTTP: whose words a host sends is not known."""
        if isinstance(error, TooLargeError):
            return wcf.fault_response(wcf.Refusal(status=error.status), self._host)
        return plain_refusal(error)

    def read(self, request: HttpRequest) -> Request | None:
        """Return the message without what this host drops."""
        received = wcf.read_request(request, self._host.max_message_size)
        return None if isinstance(received, wcf.Refusal) else _as_message(received)

    def receive(self, call: Call) -> None:
        """Refuse a call only where this host does, whatever the judge says of it."""
        call.profile = Profile.WSDL
        received = wcf.read_request(call.request, self._host.max_message_size)
        if isinstance(received, wcf.Refusal):
            call.refusal = wcf.fault_response(received, self._host)
            return
        call.operation, call.dropped = received.operation, received.dropped

    def write(self, call: Call, operation: Operation, response: Response) -> HttpResponse:
        """Return a response to the byte as that host writes it."""
        body = wcf.write_response(operation, response, empty_extra_info=self._host.empty_extra_info)
        return wcf.normal_response(body, self._host)

    def write_fault(self, fault: Fault, profile: Profile, status: int | None) -> HttpResponse:
        """Return a fault that a test asks for, with bytes of ours: its form is its own."""
        return Strict().write_fault(fault, profile, status)


def behave(
    settings: SoblobSettings, max_message_size: int | None, limits: Limits | None
) -> tuple[Behaviour, Limits]:
    """Return the behaviour, and what a connection may cost: a WCF host minds the size itself."""
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


def _as_message(received: wcf.Received) -> Request:
    return REQUESTS[received.operation.name].from_values(
        received.values,
        ticket=received.blocks.get("Credentials"),
        application_token=received.blocks.get("ApplicationToken"),
    )


_: Callable[[], Behaviour] = Strict  # both are
