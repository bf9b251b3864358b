"""Recognises pictures whose bytes were processed as text.

In compressed data every byte value occurs about equally often. So if there is no byte above 7F, or
no lone LF, where hundreds are expected, that alone is evidence. Of bytes that may have any
distribution (rows of pixels, for example all of one colour) it is not; of a picture known to be
damaged it is a good guess, and worded as one.
"""

import re
from typing import Final

_AS_UTF8: Final = "its bytes seem to have been decoded as UTF-8 text, invalid ones replaced or lost"
_AS_LATIN: Final = (
    "its bytes seem to have been decoded as latin-1 or cp1252 text, and encoded as UTF-8"
)
_AS_ASCII: Final = "no byte is above 7F, as if it had been decoded as ASCII text"
_AS_CP1252: Final = (
    "the five bytes that cp1252 does not define never occur, as if it had been decoded as cp1252"
)
_CR_LF: Final = "each LF has a CR before it, as if LF had been translated to CR LF"
_NO_CR: Final = "there is no CR, as if line ends had been translated to LF"
_NO_NUL: Final = "there is no NUL byte, as if they had been dropped"

_HIGH: Final = re.compile(rb"[\x80-\xff]")
_NOT_ASCII: Final = re.compile(r"[^\0-\x7f]")
_RUN_NOT_ASCII: Final = re.compile(r"[^\0-\x7f]+")
_LONE_LF: Final = re.compile(rb"(?<!\r)\n")
_AROUND_LF: Final = re.compile(rb"[^\n]{2}\n[^\n]{0,2}")
_REPLACEMENT: Final = b"\xef\xbf\xbd"
_QUESTION_MARK: Final = 0x3F
# Undefined in cp1252.
_UNDEFINED: Final = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
# So many bytes of compressed data, or line feeds in it, rule out chance.
_ENOUGH_BYTES: Final = 64
_ENOUGH_LINE_FEEDS: Final = 4
_ENOUGH_CHARACTERS: Final = 8
_ENOUGH_FOR_ONE_VALUE: Final = 6_000
_FEWEST_VALUES: Final = 24
_MOST_BYTES: Final = 65_536


def name_corruption(sample: bytes, *, is_all: bool) -> str | None:
    """Return what has probably damaged a picture that is known to be damaged, or None.

    Args:
        sample: The first 64 KiB of the file, or all of a shorter one.
        is_all: Whether the sample is the whole file.
    """
    if len(sample) < _ENOUGH_BYTES // 2:
        return None
    found = _find_encoding(sample)
    if found is not None and (found is not _AS_ASCII or _has_many_question_marks(sample)):
        return found
    if b"\0" not in sample and is_all:
        return _NO_NUL
    if sample.count(b"\n") >= _ENOUGH_LINE_FEEDS and _LONE_LF.search(sample) is None:
        return _CR_LF
    return None


def find_in_compressed(sample: bytes) -> str | None:
    """Return what has damaged compressed data, or None if nothing is recognised.

    Args:
        sample: Compressed data only, at most 64 KiB.
    """
    if len(sample) < _ENOUGH_BYTES:
        return None
    found = _find_encoding(sample)
    if found is _AS_ASCII:
        return found if _has_many_question_marks(sample) else None
    # A repeating pattern, as in a picture of one colour, counts as evidence only once.
    if found is _AS_LATIN:
        characters = set(_NOT_ASCII.findall(sample.decode(errors="ignore")))
        return found if len(characters) >= _ENOUGH_CHARACTERS else None
    if found is not None:
        return found
    if _LONE_LF.search(sample) is None and len(set(_AROUND_LF.findall(sample))) >= (
        _ENOUGH_LINE_FEEDS
    ):
        return _CR_LF
    return _find_missing_values(sample)


def find_in_pixels(sample: bytes, excess: int, *, is_ascii: bool = False) -> str | None:
    """Return what has damaged uncompressed rows of pixels, or None if nothing is recognised.

    Args:
        sample: The first 64 KiB of the file, or all of a shorter one.
        excess: Number of bytes by which the file is longer than its header says.
        is_ascii: Whether the header seems to have been decoded as ASCII text.
    """
    if excess > 0:
        found = _find_encoding(sample)
        if found is not None and found is not _AS_ASCII:
            return found
        feeds = sample.count(b"\n")
        if feeds and (feeds == excess or len(sample) == _MOST_BYTES):
            return None if _LONE_LF.search(sample) else _CR_LF
    if sample.isascii():
        return _AS_ASCII if is_ascii or _has_many_question_marks(sample) else None
    return _find_missing_values(sample)


def _find_encoding(sample: bytes) -> str | None:
    first = _HIGH.search(sample)
    if first is None:
        return _AS_ASCII
    # Most bytes are not text, which shows at the first one above 7F.
    start = first.start()
    if not 0x80 <= int.from_bytes(sample[start + 1 : start + 2]) < 0xC0:
        return None
    try:
        text = sample.decode()
    except UnicodeDecodeError as error:
        if len(sample) - error.start > 3 or error.reason != "unexpected end of data":
            return None
        text = sample[: error.start].decode()
    high = sum(map(len, _RUN_NOT_ASCII.findall(text)))
    if high < 3:
        return None
    # Decoded as latin-1, each byte above 7F is a character, so there are many of them.
    return _AS_UTF8 if "\ufffd" in text or high * 5 < len(text) else _AS_LATIN


def _has_many_question_marks(sample: bytes) -> bool:
    """Whether '?' replaces others: frequent, its neighbour values rare, among many values."""
    marks = sample.count(b"?")
    return (
        marks * 8 > len(sample)
        and max(sample.count(b">"), sample.count(b"@")) * 8 <= marks
        and len(set(sample)) >= _FEWEST_VALUES
    )


def _find_missing_values(sample: bytes) -> str | None:
    """Check whether exactly those byte values are missing that text processing removes."""
    if len(sample) < _ENOUGH_FOR_ONE_VALUE:
        return None
    if b"\r" not in sample and len(set(sample)) == 255:
        return _NO_CR
    if not any(byte in sample for byte in _UNDEFINED) and len(set(sample)) == 251:
        return _AS_CP1252
    return None
