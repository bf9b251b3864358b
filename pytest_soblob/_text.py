"""Text for people: clipped, quoted, base64 elided, secrets redacted.

A secret is a ticket, an application token or a password. Wherever bytes leave the process as
text (a message, an excerpt, a `repr`), they pass `redact` first. What a strategy drew carries
`DRAWN_MARK` and may be shown, since a `repr` must rebuild its value.
"""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice, takewhile

DRAWN_MARK = "SoblobDrawn"
ELLIPSIS = "…"

# Longer runs of the base64 alphabet than any word, number or ticket that a person would read.
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}")
_TICKET = re.compile(r"\b(7T|8A):([^\s<>\"'&;,)\]}]+)")
# Misspelt names, too: Tickt, Tokn. Bounded: without a bound it takes quadratic time.
_HIDDEN_NAME = r"[\w.:-]{0,99}(?:[Tt]ick|[Tt]ok|[Pp]assw|[Ss]ecret|[Cc]reden)[\w.-]{0,99}"
_SECRET_ELEMENT = re.compile(rf"(<{_HIDDEN_NAME}(?:\s[^<>]*)?(?<!/)>)((?:(?!</).)*)", re.DOTALL)
_SECRET_ATTRIBUTE = re.compile(rf"(\b{_HIDDEN_NAME}[\"']?\s*[=:]\s*)([\"'])(.*?)(\2|$)", re.DOTALL)
# Where nothing is quoted: a header line, a form, an attribute that somebody forgot to quote.
_SECRET_PAIR = re.compile(rf"(\b{_HIDDEN_NAME}\s*[=:]\s*)([^\s\"'<>&;,]{{4,}})")
_SECRET_TAG = re.compile(rf"<{_HIDDEN_NAME}\s([^<>]*)")
_UNQUOTED = re.compile(r"=\s*([^\s\"'<>/]{4,})")
_SECRET_END = re.compile(rf"</{_HIDDEN_NAME}")
_BEFORE_SECRET_END = re.compile(rf"([^<>]{{1,300}})(</{_HIDDEN_NAME})")
_MASKED = re.compile(rf"(7T:|8A:)?.{{0,2}}{ELLIPSIS}")
_SHORTEST_REPLACED = 4
_SHORTEST_BEGINNING = 12
_LONGEST_SECRET = 1_000
_LONGEST_COMPARED = 100
_MOST_COMPARED = 300


def clip(text: str, limit: int = 160) -> str:
    """Return `text` with at most `limit` characters, an ellipsis for what was cut."""
    return text if len(text) <= limit else text[: limit - 1] + ELLIPSIS


def clip_middle(text: str, limit: int) -> str:
    """Return `text` with at most `limit` characters, both ends kept."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]}{ELLIPSIS}{text[head + 1 - limit :]}"


def quote(text: str, limit: int = 80) -> str:
    """Return `text` in quotes, unprintable characters escaped, long base64 elided, clipped."""
    shown = elide_base64(text[: 4 * limit])
    suffix = f" of {len(text):,} characters" if len(text) > limit else ""
    return ascii_controls(f"'{clip(shown, limit)}'") + suffix


def ascii_controls(text: str) -> str:
    """Return `text` with each character that a terminal would act on or hide as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def character(char: str) -> str:
    """Return one character as `'-' (U+002D)`."""
    return f"'{ascii_controls(char)}' (U+{ord(char):04X})"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that was probably meant, None where none is near.

    Anyone's names may be as long and as many as they like: what is compared is bounded.
    """
    candidates = [text for text in islice(known, _MOST_COMPARED) if len(text) <= _LONGEST_COMPARED]
    near = get_close_matches(name[:_LONGEST_COMPARED], candidates, n=1, cutoff=cutoff)
    return near[0] if near else None


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?`, to stand behind what is wrong; empty where nothing is near."""
    near = nearest(str(name), known, cutoff=0.4)
    return f"; did you mean {near!r}?" if near else ""


def elide_base64(text: str) -> str:
    """Return `text` with every long run of base64 cut to its two ends and its length."""
    return _BASE64_RUN.sub(lambda m: f"{m[0][:12]}{ELLIPSIS}({len(m[0]):,} characters)", text)


def plural(count: int, noun: str) -> str:
    """Return `1 place`, `2 places`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def mask(secret: str) -> str:
    """Return a secret as it may be shown: `7T:12…`; whole where a strategy invented it."""
    prefix, body = (secret[:3], secret[3:]) if secret[:3] in ("7T:", "8A:") else ("", secret)
    if body.startswith(DRAWN_MARK):
        return secret
    kept = body[:2] if len(body) >= 2 * _SHORTEST_REPLACED else ""
    return prefix + kept + ELLIPSIS if body else secret


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without a readable secret.

    Args:
        text: Anything that is about to be shown.
        secrets: Values known to be secret; each occurrence of four characters or more goes.

    Tickets are also known by their shape, and secrets by the name of the element or attribute
    that holds them, so that bytes that no parser takes give nothing away either.
    """
    text = _hide_all(text, secrets)
    text = _SECRET_ELEMENT.sub(lambda m: m[1] + _mask_text(m[2]), text)
    # Where the start tag is broken or cut off, the end tag still tells.
    text = _BEFORE_SECRET_END.sub(lambda m: _mask_text(m[1]) + m[2], text)
    text = _SECRET_ATTRIBUTE.sub(lambda m: m[1] + m[2] + mask(m[3]) + m[4], text)
    text = _SECRET_PAIR.sub(lambda m: m[1] + _mask_text(m[2]), text)
    return _TICKET.sub(lambda m: mask(m[0]), text)


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these secrets, and without what has the shape of a ticket.

    For what is no markup, and should be shown as it is but for that.
    """
    return _TICKET.sub(lambda m: mask(m[0]), _hide_all(text, secrets))


def _hide_all(text: str, secrets: Iterable[str]) -> str:
    for secret in sorted({s.strip() for s in secrets}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_REPLACED:
            text = _hide(text, secret)
            if not secret.isprintable():
                text = _hide(text, ascii_controls(secret))
    return text


def find_suspects(text: str) -> set[str]:
    """Return what may be a secret in text that no parser takes: what stands before an end tag."""
    suspects = set()
    for end in islice(_SECRET_END.finditer(text), 50):
        before = text[max(0, end.start() - 300) : end.start()]
        suspect = before[max(before.rfind("<"), before.rfind(">")) + 1 :].strip()
        suspects |= {suspect, suspect.rstrip("="), suspect.rpartition(":")[2].rstrip("=")}
    for element in islice(_SECRET_ELEMENT.finditer(text), 50):
        suspects |= set(element[2][:_LONGEST_SECRET].split()[:10])
    for tag in islice(_SECRET_TAG.finditer(text), 50):
        suspects |= set(_UNQUOTED.findall(tag[1][:_LONGEST_SECRET])[:10])
    return {suspect for suspect in suspects if "<" not in suspect}


def _hide(text: str, secret: str) -> str:
    """Mask a secret wherever it stands, and its beginning where it was cut off."""
    head = secret[:_SHORTEST_BEGINNING]
    start = text.find(head)
    while start >= 0:
        same = takewhile(lambda pair: pair[0] == pair[1], zip(text[start:], secret, strict=False))
        end = start + sum(1 for _ in same)
        hidden = mask(text[start:end])
        text = text[:start] + hidden + text[end:]
        start = text.find(head, start + len(hidden))
    return text


def _mask_text(text: str) -> str:
    """Mask an element's text, but leave white space and masked text as they are."""
    stripped = text.strip()
    if not stripped or _MASKED.fullmatch(stripped):
        return text
    # Markup inside (CDATA, comments, a child) is not worth telling apart: the secret is in there.
    return ELLIPSIS if "<" in stripped else mask(stripped)
