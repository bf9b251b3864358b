"""Text for display: clipped, quoted, escaped, base64 elided."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

ELLIPSIS = "…"

# Runs of the base64 alphabet that are longer than any word, number or ticket.
_BASE64_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{64,}+={0,2}")
_LONGEST_COMPARED = 100
_MOST_COMPARED = 300


def clip(text: str, limit: int = 160) -> str:
    """Return `text` cut to at most `limit` characters, an ellipsis marking the cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def clip_middle(text: str, limit: int) -> str:
    """Return `text` cut in the middle to at most `limit` characters."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]}{ELLIPSIS}{text[head + 1 - limit :]}"


def quote(text: str, limit: int = 80) -> str:
    """Return `text` in quotes, clipped, unprintable characters escaped, long base64 elided."""
    shown = elide_base64(text[: 4 * limit])
    suffix = f" of {len(text):,} characters" if len(text) > limit else ""
    return ascii_controls(f"'{clip(shown, limit)}'") + suffix


def ascii_controls(text: str) -> str:
    """Return `text` with its unprintable characters, on which a terminal may act, as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def character(char: str) -> str:
    """Return one character as `'-' (U+002D)`."""
    return f"'{ascii_controls(char)}' (U+{ord(char):04X})"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that was probably meant, or None if none is similar.

    The names may come from anyone, so the number and the length of those compared are bounded.
    """
    candidates = [text for text in islice(known, _MOST_COMPARED) if len(text) <= _LONGEST_COMPARED]
    near = get_close_matches(name[:_LONGEST_COMPARED], candidates, n=1, cutoff=cutoff)
    return near[0] if near else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, to end an error text with; empty if no name is similar."""
    near = nearest(str(name), known, cutoff=0.4)
    return f"; did you mean {near!r}?" if near else ""


def elide_base64(text: str) -> str:
    """Return `text` with each long run of base64 reduced to its beginning and its length."""
    return _BASE64_RUN.sub(lambda m: f"{m[0][:12]}{ELLIPSIS}({len(m[0]):,} characters)", text)


def plural(count: int, noun: str) -> str:
    """Return `1 place`, `2 places`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
