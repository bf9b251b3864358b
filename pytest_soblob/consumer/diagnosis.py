"""Names the bug: what a client probably did to a text or an image on its way.

Each known bug is a pure function from what was given to what the bug makes of it. They are tried in
order of likelihood; the first whose result is what arrived is the diagnosis. `None` as a result
means that the bug cannot happen to this value.
"""

import base64
import codecs
import gzip
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus
from xml.sax.saxutils import escape

from pytest_soblob._text import character
from pytest_soblob.images.difference import explain_pictures

Text = Callable[[str], str | None]
Bytes = Callable[[bytes], bytes | None]

_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_LINE_END: Final = re.compile("[\r\n]")
_LAST_LINE_END: Final = re.compile(r"\r?\n\Z")
_WHITE_SPACE: Final = re.compile("[\t\r\n]")
_DOUBLE_BLANKS: Final = re.compile(" {2,}")
_HIGH_BYTES: Final = re.compile(b"[\x80-\xff]")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ZERO_WIDTH: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_TAG: Final = re.compile(r"<[^>]*>")
_PLAIN_QUOTES: Final = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-"}
)
_NATIONAL: Final = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "Æ": "AE", "Ø": "O", "Å": "A"})


def _misread(as_written: str, as_read: str) -> Text:
    def change(text: str) -> str | None:
        try:
            return text.encode(as_written).decode(as_read)
        except UnicodeError:
            return None

    return change


def _through(encoding: str, errors: str) -> Text:
    return lambda text: text.encode(encoding, errors).decode(encoding)


def _normal(form: str) -> Text:
    return lambda text: unicodedata.normalize(form, text)  # type: ignore[arg-type]


def _formatted(text: str) -> str | None:
    try:
        return text % ()
    except (TypeError, ValueError):
        return None


def _template(text: str) -> str | None:
    try:
        return text.format()
    except (IndexError, KeyError, ValueError, AttributeError):
        return None


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(one for one in decomposed if not unicodedata.combining(one))


def _lf_only(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


TEXTS: Final[tuple[tuple[str, Text], ...]] = (
    ("it looks like carriage returns that were not written as &#13;", _lf_only),
    ("it looks like strip(): white space at both ends is gone", str.strip),
    ("it looks like rstrip(): white space at the end is gone", str.rstrip),
    ("it looks like lstrip(): white space at the start is gone", str.lstrip),
    ("it looks like strip() of blanks only", lambda text: text.strip(" ")),
    ("it looks like line ends cut from the end", lambda text: text.rstrip("\r\n")),
    ("it looks like one line end cut from the end", lambda text: _LAST_LINE_END.sub("", text)),
    ("it looks like carriage returns dropped", lambda text: text.replace("\r", "")),
    ("it looks like line feeds dropped", lambda text: text.replace("\n", "")),
    ("it looks like all line ends dropped", lambda text: _LINE_END.sub("", text)),
    ("it looks like line ends turned into CRLF", lambda t: _lf_only(t).replace("\n", "\r\n")),
    ("it looks like line ends written twice", lambda text: text.replace("\n", "\r\n")),
    ("it looks like line ends turned into blanks", lambda t: _LINE_END.sub(" ", t)),
    ("it looks like a byte order mark dropped", lambda text: text.removeprefix("\ufeff")),
    ("it looks like no-break spaces made blanks", lambda text: text.replace("\xa0", " ")),
    ("it looks like white space collapsed, as xs:token or HTML does",
     lambda text: _BLANKS.sub(" ", text).strip(" ")),
    ("it looks like ' '.join(text.split()): white space of every kind made one blank",
     lambda text: " ".join(text.split())),
    ("it looks like runs of white space made one blank", lambda t: _BLANKS.sub(" ", t)),
    ("it looks like double blanks made one", lambda text: _DOUBLE_BLANKS.sub(" ", text)),
    ("it looks like white space replaced by blanks, as xs:normalizedString or an attribute does",
     lambda text: _WHITE_SPACE.sub(" ", text)),
    ("it looks like tabs turned into blanks", lambda text: text.expandtabs()),
    ("it looks like tabs dropped", lambda text: text.replace("\t", "")),
    ("it looks like escaped twice", escape),
    ("it looks like escaped twice, quotes included", html.escape),
    ("it looks like escaped three times", lambda text: escape(escape(text))),
    ("it looks like entities resolved that were part of the text", html.unescape),
    ("it looks like markup stripped", lambda text: _TAG.sub("", text)),
    ("it looks like a CDATA section around the text, read as text",
     lambda text: f"<![CDATA[{text}]]>"),
    ("it looks like ]]> cut out", lambda text: text.replace("]]>", "")),
    ("it looks like UTF-8 read as Latin-1", _misread("utf-8", "latin-1")),
    ("it looks like UTF-8 read as cp1252", _misread("utf-8", "cp1252")),
    ("it looks like Latin-1 read as UTF-8", _misread("latin-1", "utf-8")),
    ("it looks like cp1252 read as Latin-1", _misread("cp1252", "latin-1")),
    ("it looks like Latin-1 read as cp1252", _misread("latin-1", "cp1252")),
    ("it looks like UTF-8 read as cp437", _misread("utf-8", "cp437")),
    ("it looks like NFC: composed", _normal("NFC")),
    ("it looks like NFD: decomposed", _normal("NFD")),
    ("it looks like NFKC: compatibility forms replaced", _normal("NFKC")),
    ("it looks like NFKD: compatibility forms decomposed", _normal("NFKD")),
    ("it looks like ASCII with ? for every other character", _through("ascii", "replace")),
    ("it looks like ASCII with every other character dropped", _through("ascii", "ignore")),
    ("it looks like Latin-1 with ? for what it lacks", _through("latin-1", "replace")),
    ("it looks like Latin-1 with what it lacks dropped", _through("latin-1", "ignore")),
    ("it looks like cp1252 with ? for what it lacks", _through("cp1252", "replace")),
    ("it looks like cp1252 with what it lacks dropped", _through("cp1252", "ignore")),
    ("it looks like ASCII with character references, escaped once more",
     _through("ascii", "xmlcharrefreplace")),
    ("it looks like marks and accents dropped", _without_marks),
    ("it looks like Norwegian letters written in ASCII", lambda t: t.translate(_NATIONAL)),
    ("it looks like typographic quotes and dashes made plain",
     lambda text: text.translate(_PLAIN_QUOTES)),
    ("it looks like characters beyond U+FFFF dropped", lambda text: _ASTRAL.sub("", text)),
    ("it looks like characters beyond U+FFFF replaced by ?", lambda t: _ASTRAL.sub("?", t)),
    ("it looks like characters beyond U+FFFF replaced by U+FFFD",
     lambda text: _ASTRAL.sub("\ufffd", text)),
    ("it looks like characters beyond U+FFFF written as two halves",
     lambda text: _ASTRAL.sub("\ufffd\ufffd", text)),
    ("it looks like control characters dropped", lambda text: _CONTROLS.sub("", text)),
    ("it looks like invisible characters dropped", lambda text: _ZERO_WIDTH.sub("", text)),
    ("it looks like URL-encoded", lambda text: quote(text, safe="")),
    ("it looks like URL-encoded, blanks as +", quote_plus),
    ("it looks like URL-decoded", unquote),
    ("it looks like URL-decoded, + as a blank", unquote_plus),
    ("it looks like formatted with %", _formatted),
    ("it looks like formatted with str.format", _template),
    ("it looks like written as JSON", json.dumps),
    ("it looks like written as JSON, without the quotes", lambda text: json.dumps(text)[1:-1]),
    ("it looks like its repr()", repr),
    ("it looks like backslash escapes", lambda t: codecs.encode(t, "unicode_escape").decode()),
    ("it looks like quotes written twice, as SQL wants it", lambda text: text.replace("'", "''")),
    ("it looks like quotes escaped by a backslash",
     lambda text: text.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')),
    ("it looks like quotes dropped", lambda text: text.replace("'", "").replace('"', "")),
    ("it looks like base64", lambda text: base64.b64encode(text.encode()).decode()),
    ("it looks like lower case", str.lower),
    ("it looks like upper case", str.upper),
    ("it looks like reversed", lambda text: text[::-1]),
)  # fmt: skip


def _wrapped(data: bytes) -> bytes:
    return base64.encodebytes(data)


def _as_text(encoding: str, errors: str, back: str = "") -> Bytes:
    return lambda data: data.decode(encoding, errors).encode(back or encoding, errors)


def _decoded(data: bytes) -> bytes | None:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        return None


BYTES: Final[tuple[tuple[str, Bytes], ...]] = (
    ("it is empty", lambda data: b""),
    ("it looks like base64 twice", base64.b64encode),
    ("it looks like base64 twice, URL-safe", base64.urlsafe_b64encode),
    ("it looks like base64 that was wrapped in lines and encoded again", _wrapped),
    ("it looks like base64 three times", lambda data: base64.b64encode(base64.b64encode(data))),
    ("it looks like decoded from base64 once too often", _decoded),
    ("it looks like hexadecimal", lambda data: data.hex().encode()),
    ("it looks like str(bytes): the repr() of the bytes", lambda data: str(data).encode()),
    ("it looks like a data: URI", lambda data: b"data:image/png;base64," + base64.b64encode(data)),
    ("it looks like bytes read as UTF-8 with U+FFFD for the rest", _as_text("utf-8", "replace")),
    ("it looks like bytes read as UTF-8 with the rest dropped", _as_text("utf-8", "ignore")),
    ("it looks like bytes read as ASCII with ? for the rest",
     lambda data: _HIGH_BYTES.sub(b"?", data)),
    ("it looks like bytes read as ASCII with the rest dropped", _as_text("ascii", "ignore")),
    ("it looks like bytes read as Latin-1 and written as UTF-8",
     _as_text("latin-1", "replace", "utf-8")),
    ("it looks like seven bits", lambda data: bytes(byte & 0x7F for byte in data)),
    ("it looks like text mode: CRLF made LF", lambda data: data.replace(b"\r\n", b"\n")),
    ("it looks like text mode: LF made CRLF", lambda data: data.replace(b"\n", b"\r\n")),
    ("it looks like text mode: every line end made LF",
     lambda data: data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")),
    ("it looks like text mode: CR dropped", lambda data: data.replace(b"\r", b"")),
    ("it looks like text mode: cut at the first 0x1A", lambda data: data.partition(b"\x1a")[0]),
    ("it looks like a C string: cut at the first zero byte", lambda d: d.partition(b"\0")[0]),
    ("it looks like zero bytes dropped", lambda data: data.replace(b"\0", b"")),
    ("it looks like zero bytes cut from the end", lambda data: data.rstrip(b"\0")),
    ("it looks like strip()", bytes.strip),
    ("it looks like a line end cut from the end", lambda data: data.rstrip(b"\r\n")),
    ("it looks like a line end added at the end", lambda data: data + b"\n"),
    ("it looks like a byte order mark added", lambda data: codecs.BOM_UTF8 + data),
    ("it looks like a byte order mark dropped", lambda d: d.removeprefix(codecs.BOM_UTF8)),
    ("it looks like gzip", lambda data: gzip.compress(data, mtime=0)),
    ("it looks like the last bytes lost, where the length is no multiple of 3",
     lambda data: data[: len(data) // 3 * 3]),
    ("it looks like padded to a multiple of 3", lambda data: data + bytes(-len(data) % 3)),
    ("it looks like the image twice", lambda data: data + data),
    ("it looks like bytes in reverse", lambda data: data[::-1]),
)  # fmt: skip


def diagnose(given: bytes | str, got: bytes | str) -> str:
    """Return what a client probably did to a value, in a few words.

    Args:
        given: What the client was given.
        got: What arrived instead; of the same kind.

    Returns:
        The name of a known bug, or else where the two begin to differ.
    """
    if isinstance(given, str) and isinstance(got, str):
        return _first(TEXTS, given, got) or _cut_text(given, got) or _where(given, got)
    if isinstance(given, bytes) and isinstance(got, bytes):
        found = _first(BYTES, given, got) or _cut_bytes(given, got)
        return found or explain_pictures(given, got) or _where(given, got)
    return f"it is {type(got).__name__} instead of {type(given).__name__}"


def _first(bugs: Iterable[tuple[str, Callable[..., object]]], given: object, got: object) -> str:
    return next((words for words, change in bugs if _changed(change, given) == got), "")


def _changed(change: Callable[..., object], given: object) -> object:
    """Return what a bug makes of a value, or None if it can make nothing of it."""
    try:
        return change(given)
    except UnicodeError:  # a lone surrogate has no UTF-8
        return None


def _cut_text(given: str, got: str) -> str:
    if given.startswith(got):
        units = len(got.encode("utf-16-le", "surrogatepass")) // 2
        size = len(got.encode("utf-8", "surrogatepass"))
        return (
            f"it looks like cut at {len(got):,} characters ({units:,} UTF-16 units, {size:,} bytes "
            "of UTF-8)"
        )
    kept = _without_ellipsis(got)
    if len(kept) < len(got) and given.startswith(kept):
        return (
            f"it looks like cut at {len(kept):,} characters, with {got[len(kept) :]!r} for the rest"
        )
    return ""


def _without_ellipsis(text: str) -> str:
    """Return a text without dots, perhaps in brackets, and blanks at its end."""
    inside = text[:-1] if text.endswith((")", "]")) else text
    kept = inside.removesuffix("\u2026")
    if kept == inside:
        kept = inside.rstrip(".")
    if len(inside) - len(kept) < 2 and not inside.endswith("\u2026"):
        return text
    return (kept[:-1] if kept.endswith(("(", "[")) else kept).rstrip()


def _cut_bytes(given: bytes, got: bytes) -> str:
    if given.startswith(got):
        return f"it looks like cut at {len(got):,} bytes"
    if got.startswith(given):
        return f"it has {len(got) - len(given):,} bytes more at the end"
    if given.endswith(got):
        return f"it looks like the first {len(given) - len(got):,} bytes lost"
    return ""


def _where(given: bytes | str, got: bytes | str) -> str:
    """Return where two values begin to differ."""
    at = next((i for i, (a, b) in enumerate(zip(given, got, strict=False)) if a != b), None)
    if at is None:
        at = min(len(given), len(got))
    unit = "byte" if isinstance(given, bytes) else "character"
    return f"first difference at {unit} {at + 1:,}, {_unit(got, at)} for {_unit(given, at)}"


def _unit(value: bytes | str, at: int) -> str:
    if at >= len(value):
        return "the end"
    one = value[at]
    return character(one) if isinstance(one, str) else f"{one:#04x}"
