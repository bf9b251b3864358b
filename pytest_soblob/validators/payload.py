"""Family `payload`: strict XSD 1.0 base64 of the image, the image in it, and the description.

No library is the judge here: libxml2 takes `!!!`, Python's decoders take unused bits that are not
zero. `Base64Text` finds quickly that nothing is wrong; only a text that it refuses is looked at
again. What the bytes are is told from their structure (`_picture`), never by decoding pixels.
"""

import re
from collections.abc import Iterator
from typing import Final

import pybase64

from pytest_soblob._base64 import Base64Text
from pytest_soblob._picture import Picture, inspect
from pytest_soblob._text import character, elide_base64, plural
from pytest_soblob.contract import (
    DESCRIPTION_COLUMN_CHARACTERS,
    NAMED_IMAGE_FORMATS,
    NOT_FOR_IMAGES,
    BlobLinkType,
)
from pytest_soblob.envelope import WHITE_SPACE, Element, text_of
from pytest_soblob.validators._context import Context
from pytest_soblob.violations import Violation

# Above it a decoder needs half a gigabyte, and Pillow warns of a bomb.
MOST_PIXELS: Final = 100_000_000

_OUTSIDE = re.compile(r"[^A-Za-z0-9+/= \t\r\n]")
_URL_SAFE = re.compile(r"[A-Za-z0-9_\- \t\r\n]+(?:=[ \t\r\n]*){0,2}")
_DATA_URI = re.compile(r"\s*data:[^,]{0,200}", re.IGNORECASE)
_PADDING = re.compile(r"=[ \t\r\n]*=?[ \t\r\n]*")
_PIECES = re.compile(r"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*+")
_WITHOUT_WHITE_SPACE = dict.fromkeys(map(ord, WHITE_SPACE))
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


def iter_violations(context: Context) -> Iterator[Violation]:
    """Judge image and description of a SaveImageStream request that is right but for them."""
    if context.kind == "request":
        _, image, description = context.envelope.root[1][0]
        yield from iter_base64(context, image, context.envelope.base64_of(image))
        yield from iter_description(context, description)


def iter_base64(context: Context, element: Element, base64: Base64Text) -> Iterator[Violation]:
    """Judge the text of a base64Binary element, and the image that it is."""
    size = base64.decoded_size
    if size is None:
        yield _find_wrong_text(context, element, base64.text())
    elif size == 0:
        yield context.violation("payload.image-empty", element)
    elif is_encoded_twice(base64):
        yield context.violation(
            "payload.base64-twice",
            element,
            "the image is encoded twice: what the server decodes is base64 text again",
            expected="the image's own bytes in base64",
            got=f"the decoded bytes begin with {base64.read(0, 12)!r}",
        )
    else:
        yield from _iter_image(context, element, inspect(base64), size)


def iter_description(context: Context, element: Element) -> Iterator[Violation]:
    """Judge the text of a description."""
    text = text_of(element)
    size, has_lines = len(text), "\n" in text
    del text  # it may be large, and the excerpt takes as much again
    if size > DESCRIPTION_COLUMN_CHARACTERS:
        yield context.violation(
            "payload.description-too-long",
            element,
            f"the description has {size:,} characters",
            expected=f"at most {DESCRIPTION_COLUMN_CHARACTERS}",
            got=f"{size:,}",
        )
    if has_lines and b"\r" in context.envelope.document.data:
        raw = context.envelope.document.source_of(element)
        if raw is not None and "\r" in raw:
            number = raw.index("\r") + 1
            yield context.violation(
                "payload.description-carriage-return",
                element,
                f"character {number:,} of the description is a carriage return (U+000D) as it is",
                expected="&#13; for each carriage return that shall arrive",
                got=f"{plural(raw.count(chr(13)), 'raw carriage return')}",
            )


def iter_link_type(context: Context, element: Element, text: str) -> Iterator[Violation]:
    """Judge whether a BlobLinkType makes sense for an image."""
    if text in NOT_FOR_IMAGES:
        yield context.violation(
            "payload.type-not-for-images",
            element,
            f"{text} is no link type of an image",
            expected="a name such as PersonImage, ProjectImage, ProductImage",
            got=str(BlobLinkType(text)),
        )


def is_encoded_twice(base64: Base64Text) -> bool:
    """Whether the decoded bytes are themselves base64 text of an image."""
    # An image is not ASCII for long.
    if not base64.read(0, 16).isascii():
        return False
    decoded = base64.read(0, _LOOKED_AT)
    if not _BASE64_TEXT.fullmatch(decoded):
        return False
    head = b"".join(decoded.split())
    inner = pybase64.b64decode(head[: len(head) // 4 * 4])
    return inner.startswith(_IMAGE_MAGIC)


def has_remarks(picture: Picture) -> bool:
    """Whether there is anything to say about an image."""
    return (
        picture.format not in NAMED_IMAGE_FORMATS
        or picture.truncated is not None
        or picture.frames > 1
        or picture.cmyk
        or picture.orientation not in (None, 1)
        or (picture.width or 0) * (picture.height or 0) > MOST_PIXELS
    )


def _iter_image(
    context: Context, element: Element, picture: Picture, size: int
) -> Iterator[Violation]:
    """Say what may hurt about an image that the contract does not forbid."""
    if not has_remarks(picture):
        return
    if picture.format is None:
        yield _no_image(context, element, picture, size)
        return
    kind = picture.format
    if picture.truncated is not None:
        yield context.violation(
            "payload.image-truncated",
            element,
            f"the {kind} is cut off: {picture.truncated}",
            got=plural(size, "byte"),
        )
    pixels = (picture.width or 0) * (picture.height or 0)
    if pixels > MOST_PIXELS:
        yield context.violation(
            "payload.image-bomb",
            element,
            f"the {kind} of {plural(size, 'byte')} says that it has {pixels:,} pixels",
            expected=f"at most {MOST_PIXELS:,} pixels",
            got=f"{picture.width:,} x {picture.height:,} pixels",
        )
    if picture.frames > 1:
        yield context.violation("payload.animated", element, f"the {kind} is animated")
    if picture.cmyk:
        yield context.violation("payload.cmyk", element, f"the {kind} is in CMYK")
    if picture.orientation not in (None, 1):
        yield context.violation(
            "payload.orientation",
            element,
            f"the {kind} says by EXIF orientation {picture.orientation} that it must be turned",
            expected="orientation 1, or none",
            got=f"orientation {picture.orientation}",
        )
    if kind not in NAMED_IMAGE_FORMATS:
        yield context.violation(
            "payload.image-format",
            element,
            f"the image is a {kind}",
            expected=", ".join(NAMED_IMAGE_FORMATS),
            got=kind,
        )


def _no_image(context: Context, element: Element, picture: Picture, size: int) -> Violation:
    if picture.disguise is not None:
        return context.violation(
            "payload.image-disguised",
            element,
            f"the image is none: it looks like {picture.disguise}",
            expected=", ".join(NAMED_IMAGE_FORMATS),
            got=picture.disguise,
        )
    base64 = context.envelope.base64_of(element)
    return context.violation(
        "payload.image-unrecognised",
        element,
        expected=", ".join(NAMED_IMAGE_FORMATS),
        got=f"{plural(size, 'byte')} that begin with {base64.read(0, 8).hex(' ')}",
    )


def _find_wrong_text(context: Context, element: Element, text: str) -> Violation:
    uri = _DATA_URI.match(text)
    if uri is not None:
        head = uri[0].strip()
        return context.violation("payload.base64-data-uri", element, got=f"{head[:40]},…")
    outside = _OUTSIDE.search(text)
    if outside is not None:
        return _outside_alphabet(context, element, text, outside.start())
    characters = len(text) - sum(map(text.count, WHITE_SPACE))
    equals = text.find("=")
    if equals >= 0 and not _PADDING.fullmatch(text, equals):
        at_end = len(text) - len(text.rstrip("= \t\r\n"))
        padding = text.count("=", len(text) - at_end)
        return context.violation(
            "payload.base64-padding",
            element,
            f"'=' stands at character {equals + 1:,} of {len(text):,}"
            + (f", {padding} of them at the end" if padding > 2 else ""),
            expected="one or two '=' at the very end, or none",
            got=_around(text, equals),
            server=_answer_to_padding(text, characters),
        )
    if characters % 4:
        last = _last_characters(text, characters % 4)
        return context.violation(
            "payload.base64-length",
            element,
            f"{characters:,} base64 characters are not a multiple of four",
            expected=f"{-characters % 4} more, padding included",
            got=f"{plural(characters, 'character')}, the last group is {last!r}",
        )
    last = _last_characters(text, 4)
    canonical = pybase64.b64encode(pybase64.b64decode(last)).decode()
    return context.violation(
        "payload.base64-pad-bits", element, expected=f"'{canonical}' at the end", got=f"'{last}'"
    )


def _answer_to_padding(text: str, characters: int) -> str:
    """What a server makes of '=' in the wrong place: it takes pieces, each with its padding."""
    if _PIECES.fullmatch(text.translate(_WITHOUT_WHITE_SPACE)):
        return "takes it as several pieces, with other bytes than you meant"
    wrong = "Base64 sequence length not valid" if characters % 4 else "not a valid Base64 sequence"
    return f"answers 500: {wrong}"


def _outside_alphabet(context: Context, element: Element, text: str, offset: int) -> Violation:
    url_safe = _URL_SAFE.fullmatch(text) is not None
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
    shown = elide_base64(" ".join(text[start:end].split()))
    return f"'{'…' if start else ''}{shown}{'…' if end < len(text) else ''}'"


def _last_characters(text: str, count: int) -> str:
    """Return the last characters that are not white space."""
    found: list[str] = []
    stop = len(text)
    while stop > 0 and len(found) < count:
        found[:0] = "".join(text[max(stop - 4096, 0) : stop].split())
        stop -= 4096
    return "".join(found[-count:])
