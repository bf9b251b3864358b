"""Descriptions that clients, XML, .NET and databases get wrong, by category.

A *piece* is a short text that one of them is known to lose, change or count otherwise. The order,
of categories and of pieces, is from plain to strange: a drawn text shrinks towards the first.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

Side = Literal["before", "within", "after"]
Size = tuple[Literal["code points", "units"], int]


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a description.

    Attributes:
        text: What it adds.
        category: The name of its category.
        side: Where it stands: outermost at the front, outermost at the end, or where it was drawn.
    """

    text: str
    category: str
    side: Side = "within"


@dataclass(frozen=True, slots=True)
class Category:
    """Descriptions that are wrong in the same clients.

    Attributes:
        name: As `descriptions(categories=...)` takes it.
        meaning: What belongs to it, in a few words.
        pieces: Its pieces; empty where the category is about the whole description.
        sizes: The lengths it asks for, as (unit, number); units are code points or UTF-16 units.
        classics: The descriptions for `classics()`, mostly one that has all the pieces.
        is_absent: Whether the category is the description that is not there.
        xml10: Whether XML 1.0 can carry it.
    """

    name: str
    meaning: str
    pieces: tuple[Piece, ...] = ()
    sizes: tuple[Size, ...] = ()
    classics: tuple[str, ...] = field(default=(), kw_only=True)
    is_absent: bool = field(default=False, kw_only=True)
    xml10: bool = field(default=True, kw_only=True)


def fill(text: str, size: int) -> str:
    """Return the text over and over, cut at so many code points; `a` stands for an empty one."""
    text = text or "a"
    return (text * (size // len(text) + 1))[:size]


def fill_units(text: str, size: int) -> str:
    """Return the text over and over, of exactly so many UTF-16 units: an odd one more is `a`."""
    kept, units = [], 0
    for character in fill(text, size):
        width = 2 if character > "\uffff" else 1
        if units + width > size:
            break
        kept.append(character)
        units += width
    return "".join(kept) + "a" * (size - units)


def _texts(name: str, meaning: str, *texts: str, classics: tuple[str, ...] = ()) -> Category:
    """Return a category of pieces whose classic has all of them."""
    pieces = tuple(Piece(text, name) for text in texts)
    return Category(name, meaning, pieces, classics=classics or ("a".join(texts),))


def _outer(name: str, meaning: str, *texts: str) -> Category:
    """Return a category of pieces that stand at the ends."""
    sides: tuple[Side, ...] = ("before", "after")
    pieces = tuple(Piece(text, name, side) for text in texts for side in sides)
    return Category(
        name, meaning, pieces, classics=(f"{''.join(texts)}a{''.join(reversed(texts))}",)
    )


def _unencodable(name: str, meaning: str, *texts: str) -> Category:
    return Category(name, meaning, tuple(Piece(text, name) for text in texts), xml10=False)


_COLUMN_SIZES: Final = (253, 254, 255, 256, 257)

CATEGORIES: Final = (
    Category("none", "no description, which is not an empty one", is_absent=True),
    Category("empty", "the empty text", classics=("",)),
    _texts("plain", "letters, digits and single blanks", "a", "b", "Kari Nordmann", "7"),
    _outer(
        "outer-white-space",
        "white space of each kind at the ends",
        *(" ", "\t", "\n", "\r", "\r\n", "\xa0", "\u2003", "\u3000"),
    ),
    _texts("double-blanks", "blanks side by side", "  ", "   "),
    _texts("tab", "tabs", "\t"),
    _texts("line-feed", "LF", "\n"),
    _texts("carriage-return", "CR, which a parser reads as LF unless it is &#13;", "\r"),
    _texts("crlf", "CR with LF", "\r\n"),
    _texts("markup", "what XML has to escape", "&", "<", ">", "a && b", "<b>x</b>"),
    _texts("quotes", "both quotes", "'", '"', 'O\'Brien "Ada"'),
    _texts("cdata-end", "the end of CDATA", "]]", "]]>"),
    _texts("cdata-like", "like CDATA", "<![CDATA[", "<![CDATA[x"),
    _texts("comment-like", "like a comment", "<!--", "--", "<!-- x -->"),
    _texts("instruction-like", "like a processing instruction", "<?x?>", '<?xml version="1.0"?>'),
    _texts("numeric-references", "like character references", "&#13;", "&#xA;", "&#0;", "&#65;"),
    _texts("entities", "like entities", "&amp;", "&lt;b&gt;", "&nbsp;", "&eacute;", "&amp;lt;"),
    _texts("element-like", "like the envelope's tags", "</Description>", "<Type>", "</ns:Image>"),
    _texts("percent", "percent signs", "%s", "%20", "100 %", "%(name)s", "%%", "%n"),
    _texts("braces", "braces of templates", "{x}", "{0}", "{}", "{{x}}"),
    _texts("dollar", "dollar signs of templates", "$name", "${name}", "$1"),
    _texts("backslashes", "backslashes", "\\", "\\n", "\\u0041", "\\1"),
    _texts("form-like", "what a form encodes", "+", "a=b&c=d", "?q#f;"),
    _texts("path-like", "like paths", "../", "..\\", "C:\\new\\table.png", "/etc/passwd"),
    _texts("script-like", "like scripts", "<script>alert(1)</script>", "javascript:x()"),
    _texts("sql-like", "like SQL", "' OR '1'='1", "'; DROP TABLE x; --"),
    _texts("punctuation", "all that ASCII has", "!#*,.:;=?@", "^_`|~", "()[]-/"),
    _texts("latin-1", "letters of Latin-1", "é", "ü", "ñÿ", "£§"),
    _texts("norwegian", "Norwegian letters", "å", "Blåbærsyltetøy ÆØÅ"),
    _texts("cp1252", "in cp1252, not in Latin-1", "\u201cx\u201d", "\u2019", "\u2013", "€"),
    _texts("case", "what changes when the case does", "ß", "\u0131", "\u0130", "\u017f", "ς"),
    _texts(
        *("decomposed", "marks that NFC joins with their letters", "e\u0301", "o\u0301\u0302"),
        *("A\u030a", "u\u0308"),
    ),
    _texts("canonical", "characters that NFC replaces", "\u2126", "\u212b", "\uf900"),
    _texts(
        "compatibility", "forms that NFKC replaces", "\u1e9b\u0323", "²", "½", "\u2460", "\u2122"
    ),
    _texts("ligatures", "ligatures and digraphs", "\ufb01", "\ufb00", "\u01c6"),
    _texts("full-width", "full-width forms", "\uff11\uff12", "\uff21", "\uff1c"),
    _texts("other-scripts", "scripts beyond Latin", "漢字", "Ελλάδα", "Привет", "हिन्दी", "한국어"),
    _texts("right-to-left", "text from right to left", "שלום", "مرحبا"),
    _texts(
        *("bidi-controls", "marks, overrides and isolates", "\u200f", "\u202eabc\u202c"),
        "\u2067x\u2069",
    ),
    _texts("astral", "characters of two UTF-16 units", "\U00020bb7", "\U0001d54f", "\U0010fffd"),
    _texts(
        *("emoji", "faces, families, flags, keycaps, skin", "\U0001f600", "\U0001f1f3\U0001f1f4"),
        *("\U0001f469\u200d\U0001f467", "1\ufe0f\u20e3", "\U0001f44d\U0001f3fd"),
    ),
    _texts(
        *("variation-selectors", "selectors of a glyph", "\u2764\ufe0e", "\u2764\ufe0f"),
        "\u845b\U000e0100",
    ),
    _texts("no-break-space", "no-break spaces", "\xa0", "a\u202fb"),
    _texts("zero-width", "characters without width", "\u200b", "\u200c", "\xad", "\u2060"),
    _texts("next-line", "U+0085, a line end to many a strip()", "\x85"),
    _texts("line-separators", "U+2028 and U+2029", "\u2028", "\u2029"),
    _texts("c1", "C1 controls, which cp1252 reads otherwise", "\x80", "\x91", "\x9f"),
    Category(
        "byte-order-mark",
        "U+FEFF first and inside",
        (
            Piece("\ufeff", "byte-order-mark", "before"),
            Piece("a\ufeffb", "byte-order-mark"),
        ),
        classics=("\ufeffa\ufeffb",),
    ),
    _texts("private-use", "private use and replacement", "\ue000", "\ufffd", "\U000f0000"),
    _texts("noncharacters", "those that XML allows", "\ufdd0", "\U0001fffe", "\U0010ffff"),
    _texts(
        "null-like",
        "words for nothing",
        "null",
        "None",
        "nil",
        "0",
        "NaN",
        classics=("null", "None", "0"),
    ),
    Category(
        "column-length",
        "253 to 257 code points, or UTF-16 units",
        sizes=(
            *(("code points", size) for size in _COLUMN_SIZES),
            *(("units", size) for size in _COLUMN_SIZES),
        ),
        classics=(fill("a", 254), fill("a", 255), fill_units("a\U0001f600", 255)),
    ),
    Category(
        "long",
        "1,001 and 10,000 code points",
        sizes=(("code points", 1_001), ("code points", 10_000)),
        classics=(fill("Kari ", 1_001),),
    ),
    _unencodable("controls", "C0 controls", "\x00", "\x01", "\x08", "\x0b", "\x0c", "\x1b[1m"),
    _unencodable("surrogates", "lone surrogates", "\ud800", "\udfff", "\ude00\ud83d"),
    _unencodable("not-characters", "U+FFFE and U+FFFF", "\ufffe", "\uffff"),
)

BY_NAME: Final = {category.name: category for category in CATEGORIES}
# What clients get wrong most often, or lose in few places only: drawn twice as often.
FREQUENT: Final = frozenset(
    {
        *("outer-white-space", "double-blanks", "carriage-return", "crlf", "markup"),
        *("cdata-end", "percent", "cp1252", "decomposed"),
    }
)


def strangeness(text: str) -> tuple[bool, ...]:
    """Return what a text has, so that sorted texts that have the same are neighbours."""
    return (
        max(text, default="") > "\uffff",
        max(text, default="") > "\xff",
        not text.isascii(),
        "<" in text,
        "&" in text,
        ">" in text,
        "\r" in text,
        "\n" in text,
        "\t" in text,
        text != text.strip(),
    )


# Single characters that XML 1.0 allows, in the planes that have any, as (first, last).
_LATIN: Final = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), (0xA1, 0xFF))
_BMP: Final = ((0x100, 0xD7FF), (0xE000, 0xFFFD))
_ASTRAL: Final = ((0x10000, 0x1FFFF), (0x20000, 0x2A6DF), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF))


def character_like(text: str, share: float) -> str:
    """Return a character of Latin-1, of the BMP or beyond, whichever the text reaches to.

    Args:
        text: Any piece.
        share: Which of them, from 0 for the first to 1.
    """
    latest = max(text, default="")
    ranges = _ASTRAL if latest > "\uffff" else _BMP if latest > "\xff" else _LATIN
    index = int(share * sum(last - first + 1 for first, last in ranges))
    for first, last in ranges:
        if first + index <= last:
            return chr(first + index)
        index -= last - first + 1
    return chr(ranges[-1][1])
