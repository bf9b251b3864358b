"""A tree written out by the choices of a `Serialization`."""

import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final, Protocol
from xml.sax.saxutils import escape, quoteattr

from pytest_soblob.names import NETSERVER, SOAP11, SOAP12, XSD, XSI
from pytest_soblob.names import XML as XML_NAMESPACE
from pytest_soblob.soap.envelope import Element, children, local_name, namespace, split_name

_PREFIXES: Final[dict[str, dict[str, str]]] = {
    "usual": {SOAP11: "s", SOAP12: "s", NETSERVER: "ns", XSI: "xsi", XSD: "xsd"},
    "soap default": {SOAP11: "", SOAP12: "", NETSERVER: "h", XSI: "i", XSD: "d"},
    "netserver default": {SOAP11: "soap", SOAP12: "soap", NETSERVER: "", XSI: "xsi", XSD: "xsd"},
    "odd": {SOAP11: "_", SOAP12: "_", NETSERVER: "a.b-c", XSI: "ns", XSD: "s"},
}
_SIGN: Final = re.compile(r"^([+-]?)")
_CARRIAGE_RETURN: Final = re.compile(r"(\r)")
_COMMENTS: Final = ("<!-- x -->", "<!---->", "<!--<Image>-->")
_INTEGERS: Final = frozenset({"Response", "SoTimeZoneId"})
# Elements whose content is a QName: its prefix has to be in scope.
_QNAMES: Final = frozenset({"faultcode", f"{{{SOAP12}}}Value"})
# One character in so many is written as a reference.
_REFERENCE_EVERY: Final = 5
_MOST_REFERENCES: Final = 50


class WritingChoices(Protocol):
    """The fields of a `Serialization` that the writer uses."""

    @property
    def prefixes(self) -> str: ...
    @property
    def declarations(self) -> str: ...
    @property
    def space(self) -> str: ...
    @property
    def comments(self) -> bool: ...
    @property
    def cdata(self) -> bool: ...
    @property
    def references(self) -> str: ...
    @property
    def nil(self) -> str: ...
    @property
    def wrap(self) -> int: ...
    @property
    def line_end(self) -> str: ...
    @property
    def numbers(self) -> str: ...
    @property
    def tags(self) -> str: ...


class Writer:
    """Writes elements as text.

    Args:
        choices: How the text is written.
        rng: Says where, for what stands in some places only.
    """

    def __init__(self, choices: WritingChoices, rng: Random) -> None:
        self._choices, self._rng = choices, rng
        self._prefixes = _PREFIXES[choices.prefixes]

    def document(self, root: Element) -> str:
        """Return the root element and all that is in it."""
        return "".join(self._element(root, {"xml": XML_NAMESPACE}))

    def _element(self, element: Element, scope: Mapping[str, str]) -> Iterator[str]:
        scope = dict(scope)
        new: dict[str, str] = {}
        if self._choices.declarations == "root" and element.getparent() is None:
            used = {namespace(one) for one in element.iter("*")} | {XSI, XSD}
            new = {self._prefixes[uri]: uri for uri in sorted(used) if uri in self._prefixes}
            scope.update(new)
        name = self._name(str(element.tag), scope, new)
        attributes = self._attributes(element, scope, new)
        text = element.text or ""
        if element.tag in _QNAMES:
            text = self._qname(element, text, scope, new)
        space = "\n  " if self._choices.tags == "loose" else " "
        declared = [f"xmlns{':' if p else ''}{p}={quoteattr(uri)}" for p, uri in new.items()]
        head = space.join((name, *declared, *attributes))
        inner = children(element)
        if not inner and not text:
            yield f"<{head} ></{name} >" if self._choices.tags == "loose" else f"<{head}/>"
            return
        yield f"<{head} >" if self._choices.tags == "loose" else f"<{head}>"
        if inner:
            for child in inner:
                yield self._between()
                yield from self._element(child, scope)
            yield self._between()
        else:
            yield self._text(element, text)
        yield f"</{name} >" if self._choices.tags == "loose" else f"</{name}>"

    def _between(self) -> str:
        comment = self._rng.choice(_COMMENTS) if self._choices.comments else ""
        return self._choices.space + comment + (self._choices.space if comment else "")

    def _name(self, tag: str, scope: dict[str, str], new: dict[str, str]) -> str:
        uri, local = split_name(tag)
        if not uri:
            if scope.get(""):
                scope[""] = new[""] = ""
            return local
        prefix = self._declared(uri, scope, new)
        return f"{prefix}:{local}" if prefix else local

    def _declared(
        self, uri: str, scope: dict[str, str], new: dict[str, str], *, prefixed: bool = False
    ) -> str:
        """Return the prefix for a namespace, declared here unless it is in scope."""
        if uri == XML_NAMESPACE:
            return "xml"
        prefix = self._prefixes.get(uri, "x")
        if prefixed and not prefix:
            prefix = "q"
        if scope.get(prefix) != uri:
            scope[prefix] = new[prefix] = uri
        return prefix

    def _attributes(
        self, element: Element, scope: dict[str, str], new: dict[str, str]
    ) -> list[str]:
        written = []
        for key, value in element.attrib.items():
            uri, local = split_name(str(key))
            text = str(value)
            if uri == XSI and local == "type":
                text = self._qname(element, text, scope, new)
            elif uri == XSI and local == "nil":
                text = self._choices.nil or text
            prefix = f"{self._declared(uri, scope, new, prefixed=True)}:" if uri else ""
            quoted = quoteattr(text)
            if self._choices.tags == "loose" and "'" not in text and '"' not in text:
                quoted = f"'{quoted[1:-1]}'"
            written.append(f"{prefix}{local}={quoted}")
        return written

    def _qname(
        self, element: Element, text: str, scope: dict[str, str], new: dict[str, str]
    ) -> str:
        """Return a QName with a prefix that is in scope here, as it was there."""
        prefix, _, local = text.rpartition(":")
        uri = element.nsmap.get(prefix or None)
        return f"{self._declared(uri, scope, new, prefixed=True)}:{local}" if uri else text

    def _text(self, element: Element, text: str) -> str:
        name = local_name(element) if namespace(element) == NETSERVER else ""
        if name == "Image" and self._choices.wrap:
            width = self._choices.wrap
            lines = (text[start : start + width] for start in range(0, len(text), width))
            return self._choices.line_end.join(lines)
        if name == "Succeeded" and self._choices.numbers != "canonical":
            text = {"true": "1", "false": "0"}[text]
        if self._choices.numbers == "padded" and name in {*_INTEGERS, "Succeeded"}:
            text = f" {_padded(text) if name in _INTEGERS else text}\n"
        if self._choices.cdata:
            return _cdata(text)
        return self._escaped(text)

    def _escaped(self, text: str) -> str:
        every = {}
        if self._choices.references and text:
            count = min(len(text) // _REFERENCE_EVERY + 1, _MOST_REFERENCES)
            form = "&#%d;" if self._choices.references == "decimal" else "&#x%X;"
            every = {i: form % ord(text[i]) for i in self._rng.sample(range(len(text)), count)}
        if not every:
            return escape(text, {"\r": "&#13;"})
        pieces, last = [], 0
        for index in sorted(every):
            pieces += [escape(text[last:index], {"\r": "&#13;"}), every[index]]
            last = index + 1
        return "".join((*pieces, escape(text[last:], {"\r": "&#13;"})))


def _padded(text: str) -> str:
    """Return an integer with its sign and leading zeros."""
    return _SIGN.sub(lambda found: (found[1] or "+") + "00", text, count=1)


def _cdata(text: str) -> str:
    """Return text as CDATA, which cannot hold its own end, nor a CR that is to stay one."""
    parts = _CARRIAGE_RETURN.split(text.replace("]]>", "]]]]><![CDATA[>"))
    written = ("&#xD;" if part == "\r" else f"<![CDATA[{part}]]>" for part in parts if part)
    return "".join(written)
