"""Mutations of the bytes, for rules that cannot be broken in a tree."""

from collections.abc import Callable
from dataclasses import replace

from pytest_soblob.generate.mutations._mutation import BOTH, ONLY_WSDL, Mutation


def _utf8(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Return an edit of the text without declaration and byte order mark, written in UTF-8."""

    def edit(data: bytes) -> bytes:
        utf16 = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = data.decode("utf-16" if utf16 else "utf-8")
        if text.startswith("<?xml"):
            text = text.partition("?>")[2].lstrip()
        return change(text).encode()

    return edit


def _unescaped(text: str) -> str:
    end = text.rindex("</")
    return f"{text[:end]}Tom & Jerry{text[end:]}"


def _twice(text: str) -> str:
    """Add an attribute to the root twice."""
    start = text.index("Envelope") + len("Envelope")
    return f"{text[:start]} xml:lang='en' xml:lang='en'{text[start:]}"


def _declare(declaration: str) -> Callable[[str], str]:
    """Return a change that adds a namespace declaration, or an attribute, to the root."""

    def change(text: str) -> str:
        start = text.index("Envelope") + len("Envelope")
        return f"{text[:start]} {declaration}{text[start:]}"

    return change


def _in_body(what: str) -> Callable[[str], str]:
    """Return a change that inserts a text before the end tag of Body."""

    def change(text: str) -> str:
        end = text.rindex("</", 0, text.rindex("</"))
        return text[:end] + what + text[end:]

    return change


def _latin1(data: bytes) -> bytes:
    return _utf8(_in_body("<!-- caf\xe9 -->"))(data).replace("caf\xe9".encode(), b"caf\xe9")


def _mutation(name: str, rule: str, change: Callable[[str], str]) -> Mutation:
    return Mutation(name=name, rule=rule, edit_bytes=_utf8(change), kinds=BOTH)


MUTATIONS = (
    _mutation("nothing", "xml.empty", lambda text: ""),
    _mutation("JSON", "xml.not-xml", lambda text: '{"Type": "PersonImage"}'),
    _mutation("an HTML page", "xml.html", lambda text: "<html><body>502 Bad Gateway</body></html>"),
    _mutation("truncated", "xml.truncated", lambda text: text[: text.rindex("</")]),
    _mutation(
        "truncated inside a tag", "xml.truncated", lambda text: text[: text.rindex("</") - 2]
    ),
    _mutation("an ampersand unescaped", "xml.ampersand-unescaped", _unescaped),
    _mutation("an element after the root", "xml.after-root", lambda text: text + "<x/>"),
    _mutation("sent twice", "xml.after-root", lambda text: text + text),
    _mutation("an end tag without its start tag", "xml.not-well-formed", _in_body("</x>")),
    _mutation("a control character", "xml.character-illegal", _in_body("\x0b")),
    _mutation("a reference to NUL", "xml.character-illegal", _in_body("&#0;")),
    _mutation("a prefix without a namespace", "xml.prefix-unbound", _in_body("<q:Trace/>")),
    _mutation("a prefix bound to nothing", "xml.prefix-reserved", _declare('xmlns:q=""')),
    _mutation("an attribute twice", "xml.attribute-duplicate", _twice),
    _mutation(
        "more attributes than a real message has",
        "xml.too-many-nodes",
        _declare("".join(f' a{i}=""' for i in range(1001)).lstrip()),
    ),
    _mutation("an entity of HTML", "xml.entity-undeclared", _in_body("&nbsp;")),
    _mutation("XML 1.1", "xml.version", lambda text: f'<?xml version="1.1"?>{text}'),
    _mutation(
        "UTF-16 declared, UTF-8 sent",
        "xml.encoding-contradicts",
        lambda text: f'<?xml version="1.0" encoding="UTF-16"?>{text}',
    ),
    replace(
        _mutation(
            "utf8 declared, without the hyphen",
            "xml.encoding-unusual",
            lambda text: f'<?xml version="1.0" encoding="utf8"?>{text}',
        ),
        profiles=ONLY_WSDL,
    ),
    _mutation("a language with an underscore", "xml.language", _declare('xml:lang="en_US"')),
    Mutation(
        name="a byte of Latin-1",
        rule="xml.bytes-not-in-encoding",
        edit_bytes=_latin1,
        kinds=BOTH,
    ),
    Mutation(
        name="UTF-16 without a byte order mark",
        rule="xml.utf16-undeclared",
        edit_bytes=lambda data: _utf8(str)(data).decode().encode("utf-16-le"),
        kinds=BOTH,
    ),
    Mutation(
        name="UTF-16 without a declaration",
        rule="xml.utf16-undeclared",
        edit_bytes=lambda data: _utf8(str)(data).decode().encode("utf-16"),
        kinds=BOTH,
        profiles=ONLY_WSDL,
    ),
    _mutation("a document type", "xml.doctype", lambda text: "<!DOCTYPE Envelope []>" + text),
    _mutation(
        "an encoding that hides markup",
        "xml.encoding-unsupported",
        lambda text: '<?xml version="1.0" encoding="UTF-7"?>' + text,
    ),
)
