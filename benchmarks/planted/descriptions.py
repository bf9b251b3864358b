"""Bugs that clients have with descriptions, each one line: what of an upload arrives.

A bug takes the image and the description that the client was given, and returns those that the
server gets; `LOST` stands for an upload that does not arrive at all. A bug is found by any upload
that does not arrive as it was given.
"""

import html
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

Upload = tuple[bytes | None, str | None]
Bug = Callable[[bytes, str | None], Upload]

LOST: Final[Upload] = (None, None)


def on_text(change: Callable[[str], str | None]) -> Bug:
    """Return the bug that changes a description if there is one."""
    return lambda image, text: (image, None if text is None else change(text))


def loses(is_lost: Callable[[str], object]) -> Bug:
    """Return the bug that loses the upload of some descriptions."""
    return lambda image, text: LOST if text is not None and is_lost(text) else (image, text)


def _units(text: str, size: int) -> str:
    return text.encode("utf-16-le", "replace")[: 2 * size].decode("utf-16-le", "ignore")


def _without(pattern: str) -> Bug:
    return on_text(lambda text: re.sub(pattern, "", text))


BUGS: Final[dict[str, Bug]] = {
    # White space and line ends.
    "CR lost": on_text(lambda text: text.replace("\r\n", "\n").replace("\r", "\n")),
    "CRLF to LF only": on_text(lambda text: text.replace("\r\n", "\n")),
    "LF to CRLF": on_text(lambda text: re.sub("(?<!\r)\n", "\r\n", text)),
    "strip": on_text(str.strip),
    "strip of ASCII": on_text(lambda text: text.strip(" \t\r\n")),
    "rstrip": on_text(str.rstrip),
    "lstrip": on_text(str.lstrip),
    "rstrip of line ends": on_text(lambda text: text.rstrip("\r\n")),
    "double blanks": on_text(lambda text: re.sub("  +", " ", text)),
    "white space collapsed": on_text(lambda text: " ".join(text.split())),
    "tab to blank": on_text(lambda text: text.replace("\t", " ")),
    "splitlines joined": on_text(lambda text: "\n".join(text.splitlines())),
    "first line only": on_text(lambda text: (text.splitlines() or [""])[0]),
    "no-break space to blank": on_text(lambda text: text.replace("\xa0", " ")),
    # Markup and escapes.
    "unescaped": loses(lambda text: re.search("[<&]|]]>", text)),
    "only < escaped": loses(lambda text: re.search("&|]]>", text)),
    "escaped twice": on_text(html.escape),
    "unescaped as HTML": on_text(html.unescape),
    "CDATA end": loses(lambda text: "]]>" in text),
    "tags stripped": _without("<[^>]*>"),
    "entities stripped": _without("&[a-z]+;"),
    "comments stripped": _without("<!--.*?-->"),
    # Templates and quoting.
    "% formatting": loses(lambda text: "%" in text),
    "%s": on_text(lambda text: text.replace("%s", "")),
    "str.format": loses(lambda text: re.search("[{}]", text)),
    "string.Template": on_text(lambda text: re.sub(r"\$(\w+|\{\w+\})", "", text)),
    "re.sub as a template": on_text(lambda text: re.sub(r"\\(.)", r"\1", text)),
    "unquoted": on_text(unquote),
    "unquoted as a form": on_text(unquote_plus),
    "quoted": on_text(lambda text: quote(text, safe=" ")),
    "JSON escapes": on_text(lambda text: json.dumps(text)[1:-1]),
    "quotes doubled": on_text(lambda text: text.replace("'", "''")),
    "quotes removed": _without("[\"']"),
    "path cleaned": on_text(lambda text: text.replace("../", "")),
    # Characters and encodings.
    "NFC": on_text(lambda text: unicodedata.normalize("NFC", text)),
    "NFD": on_text(lambda text: unicodedata.normalize("NFD", text)),
    "NFKC": on_text(lambda text: unicodedata.normalize("NFKC", text)),
    "cp1252": on_text(lambda text: text.encode("cp1252", "replace").decode("cp1252")),
    "Latin-1": on_text(lambda text: text.encode("latin-1", "replace").decode("latin-1")),
    "ASCII": on_text(lambda text: text.encode("ascii", "ignore").decode()),
    "UTF-8 read as Latin-1": on_text(lambda text: text.encode().decode("latin-1")),
    "smart quotes": on_text(lambda text: re.sub("[\u201c\u201d]", '"', text)),
    "dashes": on_text(lambda text: text.replace("\u2013", "-")),
    "BMP only": _without("[\U00010000-\U0010ffff]"),
    "BOM removed": _without("\ufeff"),
    "C1 removed": _without("[\x80-\x9f]"),
    "format characters removed": _without("[\u200b-\u200f\u202a-\u202e\u2060-\u2069]"),
    "variation selectors removed": _without("[\ufe0e\ufe0f]"),
    "noncharacters removed": _without("[\ufdd0-\ufdef\U0001fffe\U0001ffff\U0010fffe\U0010ffff]"),
    "casefold": on_text(str.casefold),
    # Lengths.
    "cut at 254 code points": on_text(lambda text: text[:254]),
    "cut at 254 UTF-16 units": on_text(lambda text: _units(text, 254)),
    "cut at 255 code points": on_text(lambda text: text[:255]),
    "cut at 256 bytes": on_text(lambda text: text.encode()[:256].decode(errors="ignore")),
    "cut at 1,000": on_text(lambda text: text[:1000]),
    "over 254 refused": loses(lambda text: len(text) > 254),
    # Nothing, and words for it.
    "wrong order without a description": (
        lambda image, text: LOST if text is None else (image, text)
    ),
    "none sent as empty": lambda image, text: (image, text or ""),
    "none sent as a word": lambda image, text: (image, str(text)),
    "empty sent as none": lambda image, text: (image, text or None),
    "null read as none": on_text(lambda text: None if text == "null" else text),
    "falsy word": on_text(lambda text: None if text.strip() in ("0", "None", "nil") else text),
}
