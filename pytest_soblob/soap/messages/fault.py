"""SOAP faults, 1.1 and 1.2."""

from dataclasses import dataclass, replace
from typing import Self

from lxml import etree

from pytest_soblob._redacted import Redacted
from pytest_soblob.contract import Profile
from pytest_soblob.names import NETSERVER, SOAP12, XML
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.envelope import Element, Envelope, children, local_name, namespace, text_of
from pytest_soblob.soap.messages._xml_form import checked, new_envelope, serialise


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Fault(Redacted):
    """A SOAP fault as a value; it is not an exception.

    Attributes:
        code: SOAP 1.1 faultcode or SOAP 1.2 Code/Value: the local name of a SOAP code (`Client`,
            `Sender`, ...), or a code in another namespace in Clark notation:
            `{uri}ActionNotSupported`.
        reason: Text of faultstring, or of the first Reason/Text.
        language: xml:lang of the reason; None means absent in SOAP 1.1 and `en` in SOAP 1.2, which
            requires it.
        actor: Text of faultactor or Role; None means absent.
        detail: Text inside detail or Detail; None means absent.
        subcode: SOAP 1.2 Code/Subcode/Value, in Clark notation; None means absent. SOAP 1.1 has no
            subcode and omits it.
    """

    code: str = "Client"
    reason: str = ""
    language: str | None = "en"
    actor: str | None = None
    detail: str | None = None
    subcode: str | None = None

    def to_bytes(
        self, profile: Profile | str = Profile.WSDL, spelling: Spelling | None = None
    ) -> bytes:
        """Return an envelope with the fault as its body.

        Args:
            profile: Form of the message; `auto` means `wsdl`.
            spelling: Way of writing it, or None for `Spelling()`.

        Raises:
            SoblobError: A text holds a character that XML 1.0 cannot carry.
        """
        spelling = spelling or Spelling()
        # A default namespace would apply to the children in SOAP 1.1, which must be in none.
        spelling = replace(
            spelling,
            soap_prefix=spelling.soap_prefix or "s",
            netserver_prefix=spelling.netserver_prefix or "ns",
        )
        root = new_envelope(profile, spelling, (), {})
        uri = str(etree.QName(root).namespace)
        body = etree.SubElement(root, f"{{{uri}}}Body")
        fault = etree.SubElement(body, f"{{{uri}}}Fault")
        checked(self._write_soap12 if uri == SOAP12 else self._write_soap11, fault, uri)
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
        element = etree.SubElement(fault, f"{{{uri}}}Code")
        _write_code(element, f"{{{uri}}}Value", code, uri)
        if self.subcode is not None:
            subcode = etree.SubElement(element, f"{{{uri}}}Subcode")
            _write_code(subcode, f"{{{uri}}}Value", self.subcode, uri)
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
        """Return the fault in the body, as far as it can be read; None if there is none."""
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
            detail=_read_detail(found[detail]) if detail in found else None,
            subcode=_read_subcode(found.get(code)) if soap12 else None,
        )


def _write_code(parent: Element, tag: str, code: str, uri: str) -> None:
    """Append a fault code as prefix:name; a namespace other than `uri` is declared there."""
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


def _read_subcode(code: Element | None) -> str | None:
    inside = [] if code is None else children(code)
    subcode = next((child for child in inside if local_name(child) == "Subcode"), None)
    value = _first_inside(subcode)
    return None if value is None else _read_code(value)


def _read_detail(element: Element) -> str:
    """Return the text inside the child elements, or the own text if there are none."""
    inside = children(element)
    if not inside:
        return text_of(element)
    return "".join(str(text) for child in inside for text in child.itertext())


def _first_inside(element: Element | None) -> Element | None:
    inside = [] if element is None else children(element)
    return inside[0] if inside else None
