"""How a secret is displayed."""

import re
from collections.abc import Iterable
from typing import Final

from pytest_soblob._text._showing import ELLIPSIS

DRAWN_MARK: Final = "SoblobDrawn"
SHORTEST_REPLACED: Final = 4
_MASKED: Final = re.compile(rf"(7T:|8A:)?.{{0,2}}{ELLIPSIS}")


def mask(secret: str) -> str:
    """Return a secret as it is displayed, `7T:12…`; unchanged if a strategy generated it."""
    prefix, body = (secret[:3], secret[3:]) if secret[:3] in ("7T:", "8A:") else ("", secret)
    if body.startswith(DRAWN_MARK):
        return secret
    kept = body[:2] if len(body) >= 2 * SHORTEST_REPLACED else ""
    return prefix + kept + ELLIPSIS if body else secret


def mask_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return the text with each of these spans masked; they may overlap, in any order."""
    pieces: list[str] = []
    at = 0
    for start, end in _merged(spans):
        pieces += (text[at:start], _mask_text(text[start:end]))
        at = end
    return "".join((*pieces, text[at:])) if at else text


def _merged(spans: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _mask_text(text: str) -> str:
    """Mask the text of one span, except surrounding white space and text masked already."""
    stripped = text.strip()
    if not stripped or _MASKED.fullmatch(stripped):
        return text
    hidden = ELLIPSIS if "<" in stripped else mask(stripped)
    begins = text.index(stripped)
    return text[:begins] + hidden + text[begins + len(stripped) :]
