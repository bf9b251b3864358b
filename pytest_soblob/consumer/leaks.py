"""Where the ticket, token or password of the suite stands in what a client sends or writes."""

import logging
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from pytest_soblob.consumer.stage import PASSWORD, TICKET, TOKEN
from pytest_soblob.wire import HttpRequest

# Characters that are shown of the start of a line, and before a secret.
_SHOWN: Final = 40
# A ticket is a prefix and base64: what follows the prefix is secret as well.
_SECRETS: Final = {
    "the ticket": TICKET.partition(":")[2].rstrip("="),
    "the application token": TOKEN,
    "the password": PASSWORD,
}


class OneLine(logging.Formatter):
    """Writes each record of a log in one line, with its level and its logger."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return "\\n".join(super().format(record).splitlines())


def spellings(secret: str) -> Iterable[str]:
    """Return a secret in the encodings in which clients show it, in lower case."""
    data = secret.encode()
    yield secret.lower()
    yield quote(secret, safe="").lower()
    yield data.hex()
    for start in range(3):  # wherever it stands in a larger text
        encoded = b64encode(b"\x00" * start + data).decode()
        yield encoded[4 * bool(start) : -4].lower()


def find_secret(text: str) -> str | None:
    """Return which secret stands in a text, in words, or None."""
    lowered = text.lower()
    for name, secret in _SECRETS.items():
        if any(spelling in lowered for spelling in spellings(secret)):
            return name
    return None


def find_line(text: str) -> str:
    """Return the first line of a text with a secret in it, without the secret and what follows.

    Empty where there is none.
    """
    for line in text.splitlines():
        lowered = line.lower()
        starts = [lowered.find(one) for secret in _SECRETS.values() for one in spellings(secret)]
        found = [start for start in starts if start >= 0]
        if found:
            before = line[: min(found)]
            skipped = len(before) > 2 * _SHOWN
            shown = f"{before[:_SHOWN]} ... {before[-_SHOWN:]}" if skipped else before
            return f"{shown.lstrip()}***"
    return ""


def texts_of(request: HttpRequest) -> Iterator[str]:
    """Return what stands in a request as text: target, header, and body in UTF-8 and UTF-16."""
    yield request.target
    yield "\n".join(f"{name}: {value}" for name, value in request.headers)
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        yield request.body.decode(encoding, "ignore")
