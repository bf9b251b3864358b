"""The usual message, told at a glance: most have nothing wrong, and asking 150 rules takes time.

`schemas/usual-*.xsd` describe, far more narrowly than the contract, messages of profile `wsdl`
about which the families `xml`, `envelope`, `header` and `body` have nothing to say; libxml2 needs
2 microseconds to see that a message is one. Whatever is out of the ordinary, even if it is allowed,
is left to the rules. What a schema does not see (comments, processing instructions, attributes of
xsi) is looked for in the bytes. That the rules would agree is held by a test on mutated messages.
"""

import re
import threading
from functools import cache

from lxml import etree

from pytest_soblob import _xml
from pytest_soblob._schemas import schema_file
from pytest_soblob.contract import Installation
from pytest_soblob.envelope import Envelope, text_of
from pytest_soblob.names import NETSERVER, SOAP11
from pytest_soblob.validators.xml import MOST_NAMESPACES

# Of xsi's attributes only nil="true" is usual: a schema would follow a location, if it could.
_NIL = re.compile(rb":nil(?!=\"true\")")
_SHORT = 64 * 1024  # of what is copied in no time
_ENCODINGS = ("utf-8", "UTF-8")
_DECLARATION = re.compile(
    rb"""<\?xml version=["']1\.0["']( encoding=["'][Uu][Tt][Ff]-8["'])? ?\?>\s*"""
)
_ENVELOPE = f"{{{SOAP11}}}Envelope"
_TOKEN = f"{{*}}Header/{{{NETSERVER}}}ApplicationToken"
# lxml keeps the log of the last validation on the schema: one thread at a time.
_one_at_a_time = threading.Lock()


def is_usual(envelope: Envelope, kind: str, installation: Installation) -> bool:
    """Whether a SaveImageStream message is so usual that only its payload has to be judged.

    Args:
        envelope: The message.
        kind: `request` or `response`.
        installation: `online` needs an application token.
    """
    return envelope.document.recall(
        f"usual {kind} {installation}", lambda: _is_usual(envelope, kind, installation)
    )


def _is_usual(envelope: Envelope, kind: str, installation: Installation) -> bool:
    data = envelope.document.data
    if envelope.root.tag != _ENVELOPE or envelope.document.encoding not in _ENCODINGS:
        return False  # a schema takes any of its global elements as the root
    declaration = _DECLARATION.match(data)
    if b"!" in data or data.find(b"?", declaration.end() if declaration else 0) >= 0:
        return False
    if len(data) <= _SHORT:
        start = data.find(b"Image>") + 6
        # Up to the next tag there is text alone, in which nothing of this can be.
        data = data[:start] + data[data.find(b"<", start) :]
    if data.count(b"xmlns") > MOST_NAMESPACES:
        return False
    if b":type" in data or b"chemaLocation" in data or (b"nil" in data and _NIL.search(data)):
        return False
    schema = _schema(kind)
    with _one_at_a_time:
        if not schema.validate(envelope.root):
            return False
    if kind == "request" and installation is Installation.ONLINE:
        token = envelope.root.find(_TOKEN)
        return token is not None and bool(text_of(token).strip())
    return True


@cache
def _schema(kind: str) -> etree.XMLSchema:
    return etree.XMLSchema(_xml.parse_trusted(schema_file(f"usual-{kind}.xsd")))
