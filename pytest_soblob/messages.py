"""The typed messages: requests, responses and faults as frozen values, to and from envelopes.

::

    request = SaveImageStreamRequest(type="PersonImage", image=b"...", ticket="7T:...")
    data = request.to_bytes(Profile.WSDL)          # an envelope, as bytes
    http = request.to_http_request(Profile.WSDL)   # the same, with its HTTP headers

Text is exactly what the XML carries: nothing is stripped, folded or normalised. A `repr` redacts
tickets and tokens, and rebuilds the value where a strategy drew it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from lxml import etree

from pytest_soblob._text import mask
from pytest_soblob.binding import Spelling, read, read_sequence, write, write_sequence
from pytest_soblob.contract import (
    CHANGE_PERSON_IMAGE,
    RESPONSE_BLOCKS,
    SAVE_IMAGE_STREAM,
    BlobLinkType,
    Operation,
    Particle,
    Profile,
)
from pytest_soblob.envelope import Element, Envelope, children, local_name, namespace, text_of
from pytest_soblob.errors import SoblobError
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP12, XML, XSD, XSI
from pytest_soblob.wire import HttpRequest, HttpResponse

Pairs = tuple[tuple[str | None, str | None], ...]

_SECRETS = frozenset({"ticket", "application_token"})
_SHOWN_BYTES = 24


class _ShortRepr:
    """A `repr` without default values, secrets or long bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = []
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name)
            if value != field.default:
                shown.append(f"{field.name}={_show(field.name, value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


def _show(name: str, value: Any) -> str:
    if name in _SECRETS and isinstance(value, str):
        return repr(mask(value))
    if type(value) is bytes and len(value) > _SHOWN_BYTES:
        return f"<{len(value):,} bytes>"
    if isinstance(value, BlobLinkType):
        return repr(str(value))
    return repr(value)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TimeZone(_ShortRepr):
    """The TimeZone header block [WSDL, SoTimeZone].

    Attributes:
        id: SoTimeZoneId, xs:int; None means absent.
        location_code: SoTimeZoneLocationCode; None means nil or absent.
    """

    id: int | None = None
    location_code: str | None = None

    def _values(self) -> dict[str, Any]:
        return {"SoTimeZoneId": self.id, "SoTimeZoneLocationCode": self.location_code}

    @classmethod
    def _from_values(cls, values: Mapping[str, Any] | None) -> Self | None:
        if values is None:
            return None
        return cls(id=values["SoTimeZoneId"], location_code=values["SoTimeZoneLocationCode"])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ExceptionInfo(_ShortRepr):
    """The ExceptionInfo header block: why a call failed [WSDL, SoExceptionInfo].

    Attributes:
        message: For developers.
        stack_trace: Of the server.
        friendly_text: For users.
        exception_type: A .NET class name, `SuperOffice.Exceptions.SoSessionException`.
        source: The assembly that threw.
        inner_exception: What caused it, any depth.
        parameters: Pairs of key and value; None means nil or absent.
    """

    message: str | None = None
    stack_trace: str | None = None
    friendly_text: str | None = None
    exception_type: str | None = None
    source: str | None = None
    inner_exception: "ExceptionInfo | None" = None
    parameters: Pairs | None = None

    def _values(self) -> dict[str, Any]:
        inner = self.inner_exception
        pairs = None if self.parameters is None else {_PARAMETER: _pair_values(self.parameters)}
        return {
            "Message": self.message,
            "StackTrace": self.stack_trace,
            "FriendlyText": self.friendly_text,
            "ExceptionType": self.exception_type,
            "Source": self.source,
            "InnerException": None if inner is None else inner._values(),
            "Parameters": pairs,
        }

    @classmethod
    def _from_values(cls, values: Mapping[str, Any] | None) -> "ExceptionInfo | None":
        if values is None:
            return None
        return cls(
            message=values["Message"],
            stack_trace=values["StackTrace"],
            friendly_text=values["FriendlyText"],
            exception_type=values["ExceptionType"],
            source=values["Source"],
            inner_exception=cls._from_values(values["InnerException"]),
            parameters=_pairs(values["Parameters"], _PARAMETER),
        )


_PARAMETER = "SoExceptionInfoParametersKeyValuePair"
_EXTRA = "ExtraInfoNameValuePair"


def _pair_values(pairs: Pairs) -> list[dict[str, str | None]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


def _pairs(values: Mapping[str, Any] | None, name: str) -> Pairs | None:
    if values is None:
        return None
    return tuple((pair["Key"], pair["Value"]) for pair in values[name] if pair is not None)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Request(_ShortRepr):
    """What every request to `BLOB.svc` shares: its header blocks, and how it is written."""

    operation: ClassVar[Operation]
    _attributes: ClassVar[Mapping[str, str]]  # part name: attribute name

    ticket: str | None = None
    application_token: str | None = None
    time_zone: TimeZone | None = None

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return what can be read of such a request; None where the body holds another."""
        values = _read_body(envelope, cls.operation.name, cls.operation.parts)
        if values is None:
            return None
        blocks = _read_blocks(envelope, cls.operation.request_blocks)
        credentials = blocks["Credentials"]
        return cls(
            ticket=None if credentials is None else credentials["Ticket"],
            application_token=blocks["ApplicationToken"],
            time_zone=TimeZone._from_values(blocks["TimeZone"]),
            **{cls._attributes[part]: value for part, value in values.items()},
        )

    def to_bytes(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> bytes:
        """Return the envelope in that form; `auto` means the WSDL's.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        blocks = {
            "ApplicationToken": self.application_token,
            "Credentials": None if self.ticket is None else {"Ticket": self.ticket},
            "TimeZone": None if self.time_zone is None else self.time_zone._values(),
        }
        parts = {part: getattr(self, name) for part, name in self._attributes.items()}
        root = _new_envelope(profile, spelling, self.operation.request_blocks, blocks)
        wrapper = _append_wrapper(root, self.operation.name)
        _checked(write_sequence, wrapper, self.operation.parts, parts, spelling)
        return serialise(root, spelling)

    def to_http_request(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> HttpRequest:
        """Return the envelope with the HTTP headers that its SOAP version asks for."""
        spelling = spelling or Spelling()
        headers = http_request_headers(profile, self.operation.soap_action, spelling.encoding)
        return HttpRequest(
            target=SERVICE_PATHS[self.operation.service],
            headers=headers,
            body=self.to_bytes(profile, spelling),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SaveImageStreamRequest(_Request):
    """A request to store an image.

    Attributes:
        type: A `BlobLinkType` or its name; None means absent. What was received keeps any text.
        image: The image's bytes, decoded; None means nil, absent or not decodable.
        description: As XML carries it; None means nil or absent.
        ticket: Of Credentials; None means that there are none.
        application_token: None means nil or absent.
        time_zone: None means nil or absent.
    """

    operation: ClassVar[Operation] = SAVE_IMAGE_STREAM
    _attributes: ClassVar[Mapping[str, str]] = {
        "Type": "type",
        "Image": "image",
        "Description": "description",
    }

    type: BlobLinkType | str | None = None
    image: bytes | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ChangePersonImageRequest(_Request):
    """A request to attach a blob to a person; blob id 0, or none, removes the picture.

    Attributes:
        person_id: None means absent, which WCF reads as 0.
        blob_id: None means nil or absent, which WCF reads as 0.
        ticket: Of Credentials; None means that there are none.
        application_token: None means nil or absent.
        time_zone: None means nil or absent.
    """

    operation: ClassVar[Operation] = CHANGE_PERSON_IMAGE
    _attributes: ClassVar[Mapping[str, str]] = {"PersonId": "person_id", "BlobId": "blob_id"}

    person_id: int | None = None
    blob_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SaveImageStreamResponse(_ShortRepr):
    """A normal response: the blob id, and whether it is one.

    Attributes:
        blob_id: Response, xs:int; None means absent.
        succeeded: The only failure signal; None means that the block is absent.
        exception_info: Why it failed; None means nil or absent.
        extra_info: Pairs of key and value; None means nil or absent.
        time_zone: None means nil or absent.
    """

    blob_id: int | None = None
    succeeded: bool | None = None
    exception_info: ExceptionInfo | None = None
    extra_info: Pairs | None = None
    time_zone: TimeZone | None = None

    def _block_values(self) -> dict[str, Any]:
        return {
            "ExceptionInfo": None if self.exception_info is None else self.exception_info._values(),
            "ExtraInfo": None
            if self.extra_info is None
            else {_EXTRA: _pair_values(self.extra_info)},
            "Succeeded": self.succeeded,
            "TimeZone": None if self.time_zone is None else self.time_zone._values(),
        }

    def to_bytes(
        self,
        profile: Profile | str = Profile.WSDL,
        spelling: Spelling | None = None,
        operation: Operation = SAVE_IMAGE_STREAM,
    ) -> bytes:
        """Return the envelope in that form, as the answer to `operation`.

        In the page's form only a failure has header blocks, in a SOAP 1.2 Header [inferred].
        """
        spelling = spelling or Spelling()
        bare = Profile(profile) is Profile.DOCUMENTED and self.succeeded is not False
        blocks = () if bare else operation.response_blocks
        root = _new_envelope(profile, spelling, blocks, self._block_values())
        wrapper = _append_wrapper(root, operation.response_element)
        _checked(write_sequence, wrapper, operation.results, {"Response": self.blob_id}, spelling)
        return serialise(root, spelling)

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return what can be read of such a response; None where the body holds another."""
        operation = SAVE_IMAGE_STREAM
        values = _read_body(envelope, operation.response_element, operation.results)
        if values is None:
            return None
        blocks = _read_blocks(envelope, RESPONSE_BLOCKS)
        return cls(
            blob_id=values["Response"],
            succeeded=blocks["Succeeded"],
            exception_info=ExceptionInfo._from_values(blocks["ExceptionInfo"]),
            extra_info=_pairs(blocks["ExtraInfo"], _EXTRA),
            time_zone=TimeZone._from_values(blocks["TimeZone"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Fault(_ShortRepr):
    """A SOAP fault, as data: never raised.

    Attributes:
        code: SOAP 1.1 faultcode or SOAP 1.2 Code/Value, local name (`Client`, `Sender`, ...). With
            a namespace, in Clark's notation: `{uri}ActionNotSupported`.
        reason: faultstring, or the first Reason/Text.
        language: xml:lang of the reason; None means absent (SOAP 1.2 must have one: `en`).
        actor: faultactor or Role; None means absent.
        detail: Text inside detail or Detail; None means absent.
    """

    code: str = "Client"
    reason: str = ""
    language: str | None = "en"
    actor: str | None = None
    detail: str | None = None

    def to_bytes(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> bytes:
        """Return the envelope of that SOAP version with the fault as its body."""
        spelling = spelling or Spelling()
        # A default namespace would swallow SOAP 1.1's children, which must be in none.
        spelling = replace(
            spelling,
            soap_prefix=spelling.soap_prefix or "s",
            netserver_prefix=spelling.netserver_prefix or "ns",
        )
        root = _new_envelope(profile, spelling, (), {})
        uri = str(etree.QName(root).namespace)
        body = etree.SubElement(root, f"{{{uri}}}Body")
        fault = etree.SubElement(body, f"{{{uri}}}Fault")
        _checked(self._write_soap12 if uri == SOAP12 else self._write_soap11, fault, uri)
        return serialise(root, spelling)

    def _write_soap11(self, fault: Element, uri: str) -> None:
        _write_code(fault, "faultcode", self.code, uri)
        reason = etree.SubElement(fault, "faultstring")
        reason.text = self.reason
        if self.language is not None:
            reason.set(f"{{{XML}}}lang", self.language)
        if self.actor is not None:
            etree.SubElement(fault, "faultactor").text = self.actor
        if self.detail is not None:
            detail = etree.SubElement(fault, "detail")
            etree.SubElement(detail, f"{{{NETSERVER}}}Text").text = self.detail

    def _write_soap12(self, fault: Element, uri: str) -> None:
        code = {"Client": "Sender", "Server": "Receiver"}.get(self.code, self.code)
        _write_code(etree.SubElement(fault, f"{{{uri}}}Code"), f"{{{uri}}}Value", code, uri)
        text = etree.SubElement(etree.SubElement(fault, f"{{{uri}}}Reason"), f"{{{uri}}}Text")
        text.text = self.reason
        text.set(f"{{{XML}}}lang", self.language or "en")
        if self.actor is not None:
            etree.SubElement(fault, f"{{{uri}}}Role").text = self.actor
        if self.detail is not None:
            detail = etree.SubElement(fault, f"{{{uri}}}Detail")
            etree.SubElement(detail, f"{{{NETSERVER}}}Text").text = self.detail

    @classmethod
    def from_envelope(cls, envelope: Envelope) -> Self | None:
        """Return what can be read of the fault; None where the body holds none."""
        fault = envelope.fault
        if fault is None:
            return None
        soap12 = namespace(fault) == SOAP12
        code, reason, actor, detail = (
            ("Code", "Reason", "Role", "Detail")
            if soap12
            else ("faultcode", "faultstring", "faultactor", "detail")
        )
        found = {local_name(child): child for child in reversed(children(fault))}
        reason_element = _first_inside(found.get(reason)) if soap12 else found.get(reason)
        code_element = _first_inside(found.get(code)) if soap12 else found.get(code)
        return cls(
            code=_read_code(code_element),
            reason="" if reason_element is None else text_of(reason_element),
            language=None if reason_element is None else reason_element.get(f"{{{XML}}}lang"),
            actor=text_of(found[actor]) if actor in found else None,
            detail="".join(found[detail].itertext()) if detail in found else None,
        )


def http_request_headers(
    profile: Profile | str, action: str, charset: str = "utf-8"
) -> tuple[tuple[str, str], ...]:
    """Return Content-Type and, for SOAP 1.1, the quoted SOAPAction (SOAP 1.2 part 2, 7.1.4)."""
    if Profile(profile).soap_namespace == SOAP12:
        return (("Content-Type", f'application/soap+xml; charset={charset}; action="{action}"'),)
    return (("Content-Type", f"text/xml; charset={charset}"), ("SOAPAction", f'"{action}"'))


def to_http_response(body: bytes, profile: Profile | str, status: int = 200) -> HttpResponse:
    """Return an envelope with the headers that its SOAP version asks for."""
    soap12 = Profile(profile).soap_namespace == SOAP12
    media_type = "application/soap+xml" if soap12 else "text/xml"
    headers = (("Content-Type", f"{media_type}; charset=utf-8"),)
    return HttpResponse(status=status, headers=headers, body=body)


def serialise(root: Element, spelling: Spelling) -> bytes:
    """Return the tree as bytes, a CR in text as `&#13;`, so that no parser loses it."""
    if spelling.indent:
        etree.indent(root)
    utf16 = spelling.encoding == "utf-16"
    return etree.tostring(
        root, encoding=spelling.encoding, xml_declaration=spelling.declaration or utf16
    )


def _new_envelope(
    profile: Profile | str,
    spelling: Spelling,
    blocks: Iterable[Particle],
    values: Mapping[str, Any],
) -> Element:
    profile = Profile(profile)
    soap = profile.soap_namespace
    nsmap: dict[str | None, str] = {
        spelling.soap_prefix or None: soap,
        spelling.netserver_prefix or None: NETSERVER,
        "xsi": XSI,
        "xsd": XSD,
    }
    root = etree.Element(f"{{{soap}}}Envelope", nsmap=nsmap)
    _write_blocks(root, profile, tuple(blocks), values, spelling)
    return root


def _write_blocks(
    root: Element,
    profile: Profile,
    blocks: tuple[Particle, ...],
    values: Mapping[str, Any],
    spelling: Spelling,
) -> None:
    """Write header blocks where the profile has them, and no empty Header."""
    header = etree.SubElement(root, f"{{{profile.soap_namespace}}}Header")
    plain = Spelling(nil=spelling.nil, cdata=spelling.cdata)
    for block in blocks:
        beside = profile is Profile.DOCUMENTED and block.name in ("ApplicationToken", "Credentials")
        # A nil TimeZone beside Body would be one more thing that the page does not show.
        _checked(write, root if beside else header, block, values.get(block.name), plain)
    if not len(header):
        root.remove(header)


def _checked(function: Any, *arguments: Any) -> None:
    try:
        function(*arguments)
    except ValueError as error:  # lxml: "All strings must be XML compatible"
        raise SoblobError(f"a text holds a character that XML 1.0 cannot carry: {error}") from None


def _append_wrapper(root: Element, wrapper: str) -> Element:
    body = etree.SubElement(root, f"{{{etree.QName(root).namespace}}}Body")
    return etree.SubElement(body, f"{{{NETSERVER}}}{wrapper}")


def _read_body(
    envelope: Envelope, name: str, particles: Iterable[Particle]
) -> dict[str, Any] | None:
    element = envelope.payload_element
    if element is None or element.tag != f"{{{NETSERVER}}}{name}":
        return None
    return read_sequence(element, particles)


def _read_blocks(envelope: Envelope, particles: Iterable[Particle]) -> dict[str, Any]:
    values = {}
    for particle in particles:
        block = envelope.find_block(particle.name)
        values[particle.name] = None if block is None else read(block.element, particle.type)
    return values


def _link_type(text: str | None) -> BlobLinkType | str | None:
    return BlobLinkType.__members__.get(text, text) if text is not None else None


def _write_code(parent: Element, tag: str, code: str, uri: str) -> None:
    """Append a fault code as prefix:name; a namespace of its own is declared right there."""
    name = etree.QName(code) if code.startswith("{") else etree.QName(uri, code)
    nsmap = {"a": str(name.namespace)} if name.namespace != uri else None
    element = etree.SubElement(parent, tag, nsmap=nsmap)
    prefix = next(p for p, bound in element.nsmap.items() if bound == name.namespace)
    element.text = f"{prefix}:{name.localname}" if prefix else name.localname


def _read_code(element: Element | None) -> str:
    if element is None:
        return ""
    prefix, _, local = text_of(element).strip().rpartition(":")
    uri = element.nsmap.get(prefix or None)
    soap = uri is None or uri == SOAP12 or uri.endswith("/soap/envelope/")
    return local if soap else f"{{{uri}}}{local}"


def _first_inside(element: Element | None) -> Element | None:
    inside = [] if element is None else children(element)
    return inside[0] if inside else None
