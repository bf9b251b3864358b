"""Text for display: clipped, quoted, base64 elided, secrets redacted.

A secret is a ticket, an application token, a password, a key or the value of an Authorization
header. Text made from bytes (a message, an excerpt, a `repr`) passes through `redact` before it
leaves the process. Values drawn by a strategy carry `DRAWN_MARK` and may be shown, since a `repr`
must rebuild its value.
"""

from pytest_soblob._text._escapes import views_of
from pytest_soblob._text._known import KnownSecrets, credentials_in
from pytest_soblob._text._masking import DRAWN_MARK, mask
from pytest_soblob._text._names import is_secret_name
from pytest_soblob._text._redacting import find_suspects, hide, redact
from pytest_soblob._text._showing import (
    ELLIPSIS,
    ascii_controls,
    character,
    clip,
    clip_middle,
    did_you_mean,
    elide_base64,
    nearest,
    plural,
    quote,
)

__all__ = [
    "DRAWN_MARK",
    "ELLIPSIS",
    "KnownSecrets",
    "ascii_controls",
    "character",
    "clip",
    "clip_middle",
    "credentials_in",
    "did_you_mean",
    "elide_base64",
    "find_suspects",
    "hide",
    "is_secret_name",
    "mask",
    "nearest",
    "plural",
    "quote",
    "redact",
    "views_of",
]
