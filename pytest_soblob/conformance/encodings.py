"""Bodies as text in which secrets can be found, and back to the same bytes.

A reader of a recording may decode a body as its header says. So a body is read only in encodings in
which ASCII is itself, or has two or four bytes for each character; in all others a secret could be
written so that no search sees it.
"""

import codecs
import re
from typing import Final, NamedTuple

# In these a byte below 128 is that character, and never part of another.
_SINGLE_BYTE: Final = frozenset(
    (
        "ascii",
        *(f"iso8859-{number}" for number in range(1, 17) if number != 12),
        *(f"cp{number}" for number in range(1250, 1259)),
        *("koi8-r", "koi8-u"),
    )
)
_WIDE: Final = re.compile(r"utf-(?:16|32)(?:-[lb]e)?")
_DECLARED: Final = re.compile(rb"""\A\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([^"'<>]{1,60})["']""")
_CHARSET: Final = re.compile(r"""charset\s*=\s*["']?([^\s"';,]{1,60})""", re.IGNORECASE)
# How UTF-7 (RFC 2152) writes the punctuation of ASCII; base64 has no such hyphen.
_UTF_7: Final = re.compile(rb"\+(?:A[CDFGH][A-Za-z0-9+/]|/v[89+/])[A-Za-z0-9+/]{0,99}-")
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Which of the first four bytes are zero, before ASCII characters.
_BY_ZEROS: Final[dict[tuple[bool, ...], str]] = {
    (True, True, True, False): "utf-32-be",
    (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be",
    (False, True, False, True): "utf-16-le",
}
# What text does not have, but compressed data does: control characters, bytes that are not UTF-8,
# unpaired surrogates, private characters. A few of them may be a client's mistake.
_ODD: Final = "[\\0-\\x08\\x0b\\x0e-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ue000-\\uf8ff\\ufffe\\uffff]"
_MANY_ODD: Final = re.compile(rf"{_ODD}(?:.{{0,3}}?{_ODD}){{5}}", re.DOTALL)
# In an encoding of one byte, or of two, most of the others are letters.
_CONTROL: Final = r"[\0-\x08\x0b\x0e-\x1f\ue000-\uf8ff\ud800-\udbff]"
_MANY_CONTROLS: Final = re.compile(rf"{_CONTROL}(?:.{{0,25}}?{_CONTROL}){{2}}", re.DOTALL)


class NotRedactableError(ValueError):
    """A body in which secrets cannot be found; the text gives the reason in one line."""


class TooManySecretsError(NotRedactableError):
    """A body with more secrets than are searched for; others may repeat those left out."""


class Codec(NamedTuple):
    """How a text becomes bytes again.

    Attributes:
        name: Python's name of the encoding.
        errors: Python's error handler.
    """

    name: str
    errors: str = "strict"

    @property
    def is_wide(self) -> bool:
        """Whether a character has at least two bytes."""
        return self.errors == "surrogatepass"

    def encode(self, text: str) -> bytes:
        """Return the text as bytes."""
        if self.errors == "strict":  # a mask has a character that small encodings lack
            return text.encode(self.name, "xmlcharrefreplace")
        return text.encode(self.name, self.errors)


def read_text(data: bytes, content_type: str) -> tuple[str, Codec]:
    """Return a body as text that becomes the same bytes again.

    Args:
        data: The body, without content codings.
        content_type: Value of Content-Type, or an empty text.

    Raises:
        NotRedactableError: There is no such text, or it is declared in another encoding.
    """
    declared = _declared(data, content_type)
    name = _wide_encoding(data)
    if name is not None:
        codec = Codec(name, "surrogatepass")
    else:
        if _UTF_7.search(data) is not None:
            raise NotRedactableError("it may be UTF-7")
        codec = Codec(declared or "utf-8")
        if codec.name == "utf-8":
            codec = Codec("utf-8", "surrogateescape")
    try:
        text = data.decode(codec.name, codec.errors)
        if text.encode(codec.name, codec.errors) == data:
            return text, codec
    except UnicodeError:
        pass
    if name is not None or b"\0" in data[:1000]:
        raise NotRedactableError(f"it is not valid {name or codec.name}")
    codec = Codec("utf-8", "surrogateescape")
    return data.decode(codec.name, codec.errors), codec


def is_text(text: str) -> bool:
    """Whether a decoded body is text; compressed or encrypted data is not."""
    return _MANY_ODD.search(text) is None and _MANY_CONTROLS.search(text) is None


def _wide_encoding(data: bytes) -> str | None:
    """Return the encoding of a body whose characters have two or four bytes, or None."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    zeros = tuple(byte == 0 for byte in data[:4])
    if len(zeros) < 2 or not any(zeros):
        return None
    named = _BY_ZEROS.get(zeros if len(zeros) == 4 else zeros[:2] * 2)
    if named is None:
        raise NotRedactableError("it is not text: it begins with zero bytes of no encoding")
    return named


def _declared(data: bytes, content_type: str) -> str | None:
    """Return the encoding of one byte that the body or its header declares, or None.

    Raises:
        NotRedactableError: One of them is an encoding in which secrets are not searched for.
    """
    inside = _DECLARED.match(data[:1000])
    names = [] if inside is None else [inside[1].decode("latin-1")]
    names += _CHARSET.findall(content_type[:1000])
    found: list[str] = []
    for name in names:
        read = _lookup(name)
        if read in ("utf-8", "utf-8-sig", *_SINGLE_BYTE):
            found.append(read.removesuffix("-sig"))
        elif _WIDE.fullmatch(read) is None:  # UTF-16 is seen in the bytes
            raise NotRedactableError("it declares an encoding in which secrets are not searched")
    return found[0] if found else None


def _lookup(name: str) -> str:
    """Return Python's name of an encoding; an empty text if it has none."""
    try:
        return codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return ""
