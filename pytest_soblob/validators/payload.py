"""Family `payload`: strict XSD 1.0 base64 of the image, and the description.

No library is the judge here: libxml2 takes `!!!`, Python's decoders take unused bits that are not
zero. pybase64 finds quickly that nothing is wrong; only a text that it refuses is looked at again.
"""

import re
from collections.abc import Iterator

import pybase64

from pytest_soblob._text import character, elide_base64, plural
from pytest_soblob.binding import parse_base64
from pytest_soblob.contract import DESCRIPTION_COLUMN_CHARACTERS
from pytest_soblob.envelope import Element
from pytest_soblob.validators._context import Context
from pytest_soblob.violations import Violation

_WHITE_SPACE = str.maketrans("", "", " \t\r\n")
_OUTSIDE = re.compile(r"[^A-Za-z0-9+/=]")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_BASE64_TEXT = re.compile(rb"[A-Za-z0-9+/\s]+={0,2}\s*")
_IMAGE_MAGIC = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"RIFF",
    b"II*\x00",
    b"MM\x00*",
)
_LOOKED_AT = 4096


def iter_base64(context: Context, element: Element, text: str) -> Iterator[Violation]:
    """Judge the text of a base64Binary element."""
    compact = text.translate(_WHITE_SPACE)
    if not compact:
        yield context.violation("payload.image-empty", element)
        return
    violation = _find_wrong_text(context, element, text, compact)
    if violation is not None:
        yield violation
        return
    decoded = parse_base64(compact) or b""
    if _is_encoded_image(decoded):
        yield context.violation(
            "payload.base64-twice",
            element,
            "the image is encoded twice: what the server decodes is base64 text again",
            expected="the image's own bytes in base64",
            got=f"the decoded bytes begin with {decoded[:12]!r}",
        )


def iter_description(context: Context, element: Element, text: str) -> Iterator[Violation]:
    """Judge the text of a description."""
    if len(text) > DESCRIPTION_COLUMN_CHARACTERS:
        yield context.violation(
            "payload.description-too-long",
            element,
            f"the description has {len(text):,} characters",
            expected=f"at most {DESCRIPTION_COLUMN_CHARACTERS}",
            got=f"{len(text):,}",
        )


def _find_wrong_text(
    context: Context, element: Element, text: str, compact: str
) -> Violation | None:
    if text.lstrip()[:5].lower() == "data:":
        head = text.lstrip().partition(",")[0]
        return context.violation("payload.base64-data-uri", element, got=f"{head[:40]},…")
    outside = _OUTSIDE.search(text.translate(str.maketrans(" \t\r\n", "====")))
    if outside is not None:
        return _outside_alphabet(context, element, text, compact, outside.start())
    unpadded = compact.rstrip("=")
    padding = len(compact) - len(unpadded)
    if "=" in unpadded or padding > 2:
        where = compact.index("=") + 1
        return context.violation(
            "payload.base64-padding",
            element,
            f"'=' stands at character {where:,} of {len(compact):,}"
            + (f", {padding} of them at the end" if padding > 2 else ""),
            expected="one or two '=' at the very end, or none",
            got=_around(compact, where - 1),
        )
    if len(compact) % 4:
        return context.violation(
            "payload.base64-length",
            element,
            f"{len(compact):,} base64 characters are not a multiple of four",
            expected=f"{-len(compact) % 4} more, padding included",
            got=f"{plural(len(compact), 'character')}, the last group is {_last_group(compact)!r}",
        )
    last = compact[-4:]
    if pybase64.b64encode(pybase64.b64decode(last)).decode() != last:
        return context.violation(
            "payload.base64-pad-bits",
            element,
            expected=f"'{pybase64.b64encode(pybase64.b64decode(last)).decode()}' at the end",
            got=f"'{last}'",
        )
    return None


def _outside_alphabet(
    context: Context, element: Element, text: str, compact: str, offset: int
) -> Violation:
    url_safe = _URL_SAFE.fullmatch(compact) is not None
    return context.violation(
        "payload.base64-url-safe" if url_safe else "payload.base64-alphabet",
        element,
        f"character {offset + 1:,} of the text is {character(text[offset])}",
        expected="A-Z a-z 0-9 + / =",
        got=f"{character(text[offset])} in {_around(text, offset)} of "
        f"{plural(len(text), 'character')}",
    )


def _around(text: str, offset: int) -> str:
    start, end = max(0, offset - 6), offset + 7
    shown = elide_base64(text[start:end])
    return f"'{'…' if start else ''}{shown}{'…' if end < len(text) else ''}'"


def _last_group(compact: str) -> str:
    return compact[-(len(compact) % 4) :]


def _is_encoded_image(decoded: bytes) -> bool:
    """Whether the bytes are themselves base64 text of an image."""
    if not _BASE64_TEXT.fullmatch(decoded[:_LOOKED_AT]):
        return False
    head = b"".join(decoded[:_LOOKED_AT].split())
    inner = pybase64.b64decode(head[: len(head) // 4 * 4])
    return inner.startswith(_IMAGE_MAGIC)
