"""The fast path: the common message is recognised by a narrow schema instead of by 150 rules.

`schemas/common-*.xsd` describe, far more narrowly than the contract, messages in which the families
`xml`, `envelope`, `header` and `body` can find nothing but a few warnings and notes, which the
`iter_remarks` of each family reports. libxml2 matches such a schema in a few microseconds. Every
other message, even if it is valid, is judged by the rules. What a schema does not check (processing
instructions, xsi:type and xsi:nil on elements whose types do not cover them, the number of blocks
in Header) is checked in the bytes and in the tree. A test on mutated messages compares the verdicts
of the fast path with those of the reference path.
"""

import re
import threading
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from pytest_soblob._xml import document as _xml
from pytest_soblob._xml.document import Document
from pytest_soblob._xml.encodings import is_of_dotnet
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.contract import SAVE_IMAGE_STREAM, Installation, Operation, Profile
from pytest_soblob.judge.validators import body as body_family
from pytest_soblob.judge.validators import envelope as envelope_family
from pytest_soblob.judge.validators import header as header_family
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.validators.xml import MOST_NAMESPACES
from pytest_soblob.judge.violations import Violation
from pytest_soblob.names import NETSERVER, SERVICE_PATHS, SOAP11, SOAP12, WS_ADDRESSING
from pytest_soblob.soap.binding import NIL
from pytest_soblob.soap.envelope import (
    SOAP_NAMESPACES,
    Element,
    Envelope,
    children,
    namespace,
    text_of,
)
from pytest_soblob.wire import HttpRequest

_ENCODINGS = ("utf-8", "UTF-8")
_MOST_COMMENTS = 20  # and CDATA sections
_MOST_BLOCKS = 50  # and other children: libxml2 compares each block with all before it
_SHORT = 64 * 1024  # bytes that are copied quickly
# The start tag of the image, or the same text in a comment, where it does no harm.
_IMAGE = re.compile(rb"<(?:[\w.-]+:)?Image>")
# Attributes of xsi, except for the values of xsi:nil and xsi:type that the schemas handle. libxml2
# would follow a schema location if it could.
_ODD = re.compile(
    rb""":(?:nil(?!=["'](?:true|1)["'])|(?:noNamespaceS|s)chemaLocation"""
    rb"""|type(?!=["'](?:[\w.-]{1,20}:)?(?:BlobLinkType|base64Binary|string)["']))"""
)
_SHORTEST_OF_MANY = MOST_NAMESPACES * len(' xmlns:a="b"')
_BLOCKS = frozenset(
    f"{{{NETSERVER}}}{block.name}"
    for block in (*SAVE_IMAGE_STREAM.request_blocks, *SAVE_IMAGE_STREAM.response_blocks)
)
_OF_A_BLOCK = tuple(f"{{{uri}}}{n}" for uri in SOAP_NAMESPACES for n in ("mustUnderstand", "relay"))
_NEEDED = {"request": f"{{{NETSERVER}}}Credentials", "response": f"{{{NETSERVER}}}Succeeded"}
_TOKEN = f"{{{NETSERVER}}}ApplicationToken"
_ONCE_IN_A_HEAD = ("content-type", "soapaction", "host")
_LENGTHS = tuple(map(len, _ONCE_IN_A_HEAD))
_CHARSET = '(?: ?; ?charset="?[Uu][Tt][Ff]-8"?)?'
_CONTENT_TYPES = {
    SOAP11: re.compile(f"text/xml{_CHARSET}"),
    SOAP12: re.compile(f'application/soap\\+xml{_CHARSET}(?: ?; ?action=("[^"\\\\]*"))?'),
}


class _Schemas(threading.local):
    """Compiled schemas, one set for each thread: lxml keeps the last error log on the schema."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, str], etree.XMLSchema] = {}

    def of(self, kind: str, soap_namespace: str) -> etree.XMLSchema:
        """Return the schema of the common message of a kind in a SOAP version."""
        key = kind, soap_namespace
        if key not in self._compiled:
            schema = _xml.parse_trusted(schema_file(f"common-{kind}.xsd"))
            schema.set("targetNamespace", soap_namespace)
            self._compiled[key] = etree.XMLSchema(schema)
        return self._compiled[key]


_schemas = _Schemas()


def is_common_head(
    request: HttpRequest, encoding: str, soap_namespace: str, operation: Operation
) -> bool:
    """Whether the head of a request is a common one, which breaks no rule.

    Args:
        request: The request; its body is not read.
        encoding: Encoding of the body.
        soap_namespace: Namespace of the envelope.
        operation: The operation that is called.
    """
    if request.method != "POST" or encoding not in _ENCODINGS:
        return False
    found: dict[str, str] = {}
    for name, value in request.headers:
        if len(name) in _LENGTHS and (lower := name.lower()) in _ONCE_IN_A_HEAD:
            if lower in found:
                return False
            found[lower] = value
    match = _CONTENT_TYPES[soap_namespace].fullmatch(found.get("content-type", ""))
    if match is None or request.path != SERVICE_PATHS[operation.service]:
        return False
    action = f'"{operation.soap_action}"'
    if soap_namespace == SOAP11:
        return found.get("soapaction") == action
    return match[1] in (None, action)


class CommonMessage(NamedTuple):
    """A common message, and the places where rules can still find something.

    Attributes:
        profile: Profile of the message.
        parts: Type, Image and, if present, Description; empty for a response.
        is_plain: Whether the envelope is SOAP 1.1 and has no attributes.
        addressing: The first WS-Addressing block; None if there is none.
    """

    profile: Profile
    parts: list[Element]
    is_plain: bool
    addressing: Element | None


def find_common(envelope: Envelope, kind: str, installation: Installation) -> CommonMessage | None:
    """Return the message as a common one; None if it has to be judged by the rules.

    Args:
        envelope: The message.
        kind: `request` or `response`.
        installation: The installation; `online` requires an application token.
    """
    return envelope.document.memoize(
        ("common", kind, installation), lambda: _find_common(envelope, kind, installation)
    )


def iter_remarks(context: Context, common: CommonMessage) -> Iterator[Violation]:
    """Yield the warnings and notes on a common message, in the order of the rules."""
    if not common.is_plain:
        yield from envelope_family.iter_remarks(context)
    if common.addressing is not None:
        yield header_family.find_addressing(context, common.addressing)
    if common.parts:
        yield from body_family.iter_remarks(context, common.parts)


def _find_common(envelope: Envelope, kind: str, installation: Installation) -> CommonMessage | None:
    root, uri, markup = envelope.root, envelope.soap_namespace, _markup_of(envelope.document)
    # The root must be an envelope: a schema would accept any of its global elements as the root.
    if markup is None or uri is None or not _is_known_to_schemas(markup, root):
        return None
    if any(len(element) > _MOST_BLOCKS for element in (root, *root)):
        return None
    if not _schemas.of(kind, uri).validate(root):
        return None
    *blocks, body = children(root)
    is_documented = len(blocks) != 1 or blocks[0].tag != f"{{{uri}}}Header"
    is_plain = not root.keys()
    if uri == SOAP11:
        profile = Profile.WSDL
        if is_documented:
            return None
    elif is_plain:
        profile = Profile.DOCUMENTED if is_documented else Profile.SOAP12
    else:
        return None  # attributes mean something else in SOAP 1.2
    if not is_documented:
        blocks = children(blocks[0])
    if not _are_common(blocks, kind, installation, markup):
        return None
    (wrapper,) = children(body)
    parts = children(wrapper) if kind == "request" else []
    addressing = (block for block in blocks if namespace(block) in WS_ADDRESSING)
    is_alone = _BLOCKS.issuperset([block.tag for block in blocks])
    first = None if is_alone else next(addressing, None)
    return CommonMessage(profile, parts, is_plain and uri == SOAP11, first)


def _markup_of(document: Document) -> bytes | None:
    """Return the message in UTF-8; None if its encoding, or the spelling of it, is unusual."""
    encoding, data = document.encoding, document.data
    if document.declared_encoding is not None and not is_of_dotnet(document.declared_encoding):
        return None
    if encoding in _ENCODINGS:
        return data
    if encoding.startswith("utf-16") and document.declared_encoding and len(data) <= _SHORT:
        return data.decode(encoding, "replace").removeprefix("\ufeff").encode()
    return None


def _is_known_to_schemas(markup: bytes, root: Element) -> bool:
    """Whether the message has nothing of importance that the schemas do not check."""
    declaration = markup.find(b"?>") + 2 if markup.startswith(b"<?xml ") else 0
    # A single character is found fastest.
    if markup.find(b"?", declaration) >= 0 and markup.find(b"<?", declaration) >= 0:
        return False
    if b"!" in markup and markup.count(b"<!") > _MOST_COMMENTS:
        return False  # libxml2 reports each text between them
    if root.getprevious() is not None or root.getnext() is not None:
        return False
    return not _has_odd_attributes(markup, root) or (
        len(markup) <= _SHORT and not _has_odd_attributes(_without_image(markup), root)
    )


def _without_image(markup: bytes) -> bytes:
    """Return the message without the text of the image, up to the next tag."""
    image = _IMAGE.search(markup)
    if image is None:
        return markup
    return markup[: image.end()] + markup[markup.find(b"<", image.end()) :]


def _has_odd_attributes(markup: bytes, root: Element) -> bool:
    """Whether there is, or seems to be, an attribute that schemas treat differently."""
    if len(markup) > _SHORTEST_OF_MANY and markup.count(b"xmlns") > MOST_NAMESPACES:
        return True
    if _ODD.search(markup) is not None:
        return True
    # libxml2 accepts white space in a nil element.
    return b":nil" in markup and any(
        element.get(NIL) and (element.text or len(element)) for element in root.iter("{*}*")
    )


def _are_common(
    blocks: list[Element], kind: str, installation: Installation, markup: bytes
) -> bool:
    """Whether the required header blocks are there, each once, and others need not be read."""
    names = [block.tag for block in blocks]
    if names.count(_NEEDED[kind]) != 1 or len(set(names)) != len(names):
        return False
    if not _BLOCKS.issuperset(names) and (b"mustUnderstand=" in markup or b"relay=" in markup):
        foreign = (block for block in blocks if block.tag not in _BLOCKS)
        if any(block.get(name) is not None for block in foreign for name in _OF_A_BLOCK):
            return False
    if kind == "request" and installation is Installation.ONLINE:
        token = blocks[names.index(_TOKEN)] if _TOKEN in names else None
        return token is not None and bool(text_of(token).strip())
    return True
