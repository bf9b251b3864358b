"""Mutations of the bytes: what no tree can say."""

from collections.abc import Callable

from pytest_soblob.mutations._mutation import BOTH, Mutation


def _utf8(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Edit the envelope as text, without its declaration and BOM, and write it as UTF-8."""

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


def _mutation(name: str, rule: str, change: Callable[[str], str]) -> Mutation:
    return Mutation(name=name, rule=rule, edit_bytes=_utf8(change), kinds=BOTH)


MUTATIONS = (
    _mutation("nothing", "xml.empty", lambda text: ""),
    _mutation("JSON", "xml.not-xml", lambda text: '{"Type": "PersonImage"}'),
    _mutation("an HTML page", "xml.html", lambda text: "<html><body>502 Bad Gateway</body></html>"),
    _mutation("cut off", "xml.not-well-formed", lambda text: text[: len(text) // 2]),
    _mutation("an ampersand unescaped", "xml.not-well-formed", _unescaped),
    _mutation("something after the root", "xml.not-well-formed", lambda text: text + "<x/>"),
    _mutation("a document type", "xml.doctype", lambda text: "<!DOCTYPE Envelope []>" + text),
    _mutation(
        "an encoding that hides markup",
        "xml.encoding-unsupported",
        lambda text: '<?xml version="1.0" encoding="UTF-7"?>' + text,
    ),
)
