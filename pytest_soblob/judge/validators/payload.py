"""Family `payload`: strict XSD 1.0 base64 of the image, the image itself, and the description.

No library decides here: libxml2 accepts `!!!`, Python's decoders accept unused bits that are not
zero. `Base64Text` quickly recognises a valid text; only a text that it rejects is examined
further. `images.inspection` recognises the image.
"""

import re
from collections.abc import Iterator
from typing import Final

import pybase64

from pytest_soblob._text import character, elide_base64, plural
from pytest_soblob._xml.base64_text import Base64Text
from pytest_soblob.contract import (
    DESCRIPTION_COLUMN_UNITS,
    NAMED_IMAGE_FORMATS,
    NOT_FOR_IMAGES,
    BlobLinkType,
)
from pytest_soblob.images.inspection import Picture, find_nested, inspect
from pytest_soblob.judge.validators._context import Context
from pytest_soblob.judge.violations import Severity, Violation
from pytest_soblob.soap.envelope import WHITE_SPACE, Element, text_of

# More need half a gigabyte in a decoder, and Pillow warns of a decompression bomb.
MOST_PIXELS: Final = 100_000_000

_OUTSIDE = re.compile(r"[^A-Za-z0-9+/= \t\r\n]")
_URL_SAFE = re.compile(r"[A-Za-z0-9_\- \t\r\n]+(?:=[ \t\r\n]*){0,2}")
_DATA_URI = re.compile(r"\s*data:[^,]{0,200}", re.IGNORECASE)
# A line end with its indentation: a space next to it need not have been a `+`.
_LINE_END = re.compile(r"(?<![ \t\r\n]) *+[\t\r\n][ \t\r\n]*+")
_PADDING = re.compile(r"=[ \t\r\n]*+=?+[ \t\r\n]*+")
_PIECES = re.compile(r"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)*+")
_WITHOUT_WHITE_SPACE = dict.fromkeys(map(ord, WHITE_SPACE))
# Bytes read of a text that may be base64 again: enough to recognise a picture encoded many times.
_LOOKED_AT = 16_384
_NO_TEXT = (b"\x89", b"\0", b"\x01")
_TIMES = {1: "twice", 2: "three times"}
# Characters of a text in which a lost `+` is searched for, since the text is copied for it.
_LOST_UP_TO = 16 * 1024 * 1024


def iter_base64(context: Context, element: Element, base64: Base64Text) -> Iterator[Violation]:
    """Judge the text of a base64Binary element, and the image it encodes."""
    size = base64.decoded_size
    if base64.has_blanks and _count_lost_pluses(base64.text(), is_base64=True):
        yield _lost_pluses(context, element, base64.text(), Severity.WARNING)
    if size is None:
        yield _invalid_base64(context, element, base64.text())
    elif size == 0:
        yield context.violation("payload.image-empty", element)
    elif (nested := find_encoded_again(base64)) is not None:
        times, name = nested
        yield context.violation(
            "payload.base64-twice",
            element,
            f"the image is encoded {_TIMES.get(times, f'{times + 1} times')}: the decoded bytes "
            f"are base64 text again, of a picture ({name})",
            expected="the bytes of the image in base64",
            got=f"the decoded bytes begin with {base64.read(0, 12)!r}",
        )
    else:
        yield from _iter_image(context, element, inspect(base64), size)


def iter_description(context: Context, element: Element) -> Iterator[Violation]:
    """Judge the text of a description."""
    text = text_of(element)
    # .NET and an NVARCHAR column count UTF-16 units: an emoji has two or more.
    characters, units = len(text), _utf16_units(text)
    has_lines = "\n" in text
    del text  # it may be large, and the excerpt needs as much memory again
    if units > DESCRIPTION_COLUMN_UNITS:
        more = "" if units == characters else f", {units:,} as .NET counts (UTF-16 units)"
        yield context.violation(
            "payload.description-too-long",
            element,
            f"the description has {characters:,} characters{more}",
            expected=f"at most {DESCRIPTION_COLUMN_UNITS}",
            got=f"{units:,}",
        )
    if has_lines and b"\r" in context.envelope.document.data:
        raw = context.envelope.document.source_of(element)
        if raw is not None and "\r" in raw:
            number = raw.index("\r") + 1
            yield context.violation(
                "payload.description-carriage-return",
                element,
                f"character {number:,} of the description is a raw carriage return (U+000D)",
                expected="&#13; for each carriage return to be kept",
                got=f"{plural(raw.count(chr(13)), 'raw carriage return')}",
            )


def _utf16_units(text: str) -> int:
    """Return the length of a text in UTF-16 units, counted piece by piece since it may be large."""
    if text.isascii():
        return len(text)
    pieces = (text[at : at + _LOOKED_AT] for at in range(0, len(text), _LOOKED_AT))
    return sum(len(piece.encode("utf-16-le")) // 2 for piece in pieces)


def iter_link_type(context: Context, element: Element, text: str) -> Iterator[Violation]:
    """Judge whether a BlobLinkType is for images."""
    if text in NOT_FOR_IMAGES:
        yield context.violation(
            "payload.type-not-for-images",
            element,
            f"{text} is not a link type for images",
            expected="a name such as PersonImage, ProjectImage, ProductImage",
            got=str(BlobLinkType(text)),
        )


def find_encoded_again(base64: Base64Text) -> tuple[int, str] | None:
    """Return how many more times a picture is encoded, and its format; None if it is not."""
    # The first bytes of most pictures are not text.
    if base64.read(0, 1) in _NO_TEXT:
        return None
    return find_nested(base64.read(0, _LOOKED_AT))


def has_remarks(picture: Picture) -> bool:
    """Whether an image has any finding."""
    return (
        picture.format not in NAMED_IMAGE_FORMATS
        or picture.truncated is not None
        or picture.damaged is not None
        or picture.frames > 1
        or picture.cmyk
        or picture.orientation not in (None, 1)
        or (picture.width or 0) * (picture.height or 0) > MOST_PIXELS
    )


def _iter_image(
    context: Context, element: Element, picture: Picture, size: int
) -> Iterator[Violation]:
    """Judge an image by what the contract does not forbid, but causes problems."""
    if not has_remarks(picture):
        return
    if picture.format is None:
        yield _unknown_image(context, element, picture, size)
        return
    kind = picture.format
    if picture.truncated is not None:
        yield context.violation(
            "payload.image-truncated",
            element,
            f"the {kind} is truncated: {picture.truncated}",
            got=plural(size, "byte"),
        )
    if picture.damaged is not None:
        yield context.violation(
            "payload.image-damaged",
            element,
            f"the {kind} is damaged: {picture.damaged}",
            got=plural(size, "byte"),
        )
    pixels = (picture.width or 0) * (picture.height or 0)
    if pixels > MOST_PIXELS:
        yield context.violation(
            "payload.image-bomb",
            element,
            f"the {kind} of {plural(size, 'byte')} declares {pixels:,} pixels",
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
            f"the {kind} has EXIF orientation {picture.orientation}: it must be rotated or "
            "mirrored for display",
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


def _unknown_image(context: Context, element: Element, picture: Picture, size: int) -> Violation:
    if picture.disguise is not None:
        return context.violation(
            "payload.image-disguised",
            element,
            f"the bytes are not an image: they look like {picture.disguise}",
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


def _invalid_base64(context: Context, element: Element, text: str) -> Violation:
    uri = _DATA_URI.match(text)
    if uri is not None:
        head = uri[0].strip()
        return context.violation("payload.base64-data-uri", element, got=f"{head[:40]},…")
    outside = _OUTSIDE.search(text)
    if outside is not None:
        return _outside_alphabet(context, element, text, outside.start())
    if _count_lost_pluses(text):
        return _lost_pluses(context, element, text, Severity.ERROR)
    characters = len(text) - sum(map(text.count, WHITE_SPACE))
    equals = text.find("=")
    if equals >= 0 and not _PADDING.fullmatch(text, equals):
        at_end = len(text) - len(text.rstrip("= \t\r\n"))
        padding = text.count("=", len(text) - at_end)
        return context.violation(
            "payload.base64-padding",
            element,
            f"there is '=' at character {equals + 1:,} of {len(text):,}"
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


def _count_lost_pluses(text: str, *, is_base64: bool = False) -> int:
    """Return the number of `+` that a decoder of forms or URLs replaced by spaces; 0 for none.

    Args:
        text: The text of a base64Binary element.
        is_base64: Whether the text is valid base64 if the spaces are ignored. Then spaces at equal
            distances are taken for line wrapping.
    """
    if " " not in text or "+" in text or len(text) > _LOST_UP_TO:
        return 0
    line = _LINE_END.sub("", text.strip(WHITE_SPACE))
    if " " not in line:
        return 0
    meant = Base64Text(line.replace(" ", "+"))
    pieces = line.split(" ")
    is_wrapped = len({len(piece) for piece in pieces[:-1]}) == 1
    if meant.decoded_size is None or (is_base64 and is_wrapped):
        return 0
    return len(pieces) - 1


def _lost_pluses(context: Context, element: Element, text: str, severity: Severity) -> Violation:
    spaces = _count_lost_pluses(text)
    offset = text.index(" ", len(text) - len(text.lstrip(WHITE_SPACE)))
    wrong = severity is Severity.ERROR
    return context.violation(
        "payload.base64-plus-lost",
        element,
        f"the text has {plural(spaces, 'space')}, the first at character {offset + 1:,}, and no +: "
        "with a + for each space it is valid base64",
        severity=severity,
        expected="+ in place of each space",
        got=_around(text, offset),
        server=None if wrong else "ignores the spaces, and stores bytes other than the intended",
    )


def _answer_to_padding(text: str, characters: int) -> str:
    """Return how a server decodes '=' in the wrong place: as several parts, each with padding."""
    if _PIECES.fullmatch(text.translate(_WITHOUT_WHITE_SPACE)):
        return "decodes it as several parts, to bytes other than the intended ones"
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
    """Return the last `count` characters that are not white space."""
    found: list[str] = []
    stop = len(text)
    while stop > 0 and len(found) < count:
        found[:0] = "".join(text[max(stop - 4096, 0) : stop].split())
        stop -= 4096
    return "".join(found[-count:])
