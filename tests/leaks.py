"""Secrets of eight kinds, each written in five ways, wherever a message can hold them.

Tests import it from a process of its own, too: what it makes is not in their source.
"""

import base64
from collections.abc import Callable
from html import escape
from typing import Final
from urllib.parse import quote

from pytest_soblob.names import SERVICE_PATHS
from pytest_soblob.wire import HttpRequest
from tests import mistakes as m

# Each has characters that its encodings write otherwise.
SECRETS: Final = {
    "ticket": "7T:Lk1&tick<et>+/Qq==",
    "access token": "8A:Lk2.acc&ess/tok+en",
    "application token": "Lk3-app&lica<tion>tok",
    "password": "Lk4 pass&word/<en>",
    "basic": "Lk5&ba<sic>/pw+d",
    "bearer": "Lk6.bear&er/tok+en",
    "API key": "Lk7&api<key>/va+lue",
    "query": "Lk8&que<ry>/val+ue",
}
# Those that a SaveImageStreamRequest has a field for.
HELD: Final = ("ticket", "access token", "application token")
ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "escaped": escape,
    "references": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
}
BARE: Final = "bare "
PLACES: Final = (
    *("description", "an unknown child", "a name", "an attribute", "a comment", "type"),
    *(f"{BARE}description", f"{BARE}an unknown child", f"{BARE}type"),
)


def forms(secret: str) -> list[str]:
    """What nobody may read of it: each way to write it, without the beginning that is shown."""
    written = [encode(secret) for encode in ENCODINGS.values()]
    written.append(base64.b64encode(f"user:{secret}".encode()).decode())
    found = [text[len(text) // 3 :] for text in (*written, secret)] + [secret[6:14]]
    if bare(secret) != secret:
        encoded = (encode(bare(secret)) for encode in ENCODINGS.values())
        found += [text[len(text) // 3 :] for text in encoded]
    return found


def bare(secret: str) -> str:
    """A ticket without the prefix that says that it is one; another secret as it is."""
    return secret[3:] if secret.startswith(("7T:", "8A:")) else secret


def message(kind: str, encoding: str, place: str, *, wrong: bool = True) -> HttpRequest:
    """A request that has the secret where it belongs, and once more in some other place."""
    secret = SECRETS[kind]
    again = ENCODINGS[encoding](bare(secret) if place.startswith(BARE) else secret)
    shown = again if encoding in ("escaped", "references") else escape(again)
    ticket = secret if kind in ("ticket", "access token") else "7T:abc=="
    header = f"<n:Credentials><n:Ticket>{escape(ticket)}</n:Ticket></n:Credentials>"
    if kind == "application token":
        header += f"<n:ApplicationToken>{escape(secret)}</n:ApplicationToken>"
    body = body_with(shown, place.removeprefix(BARE))
    if kind == "password":
        body += f"<n:Password>{escape(secret)}</n:Password>"
    children = (m.IMAGE, m.TYPE, body) if wrong else (m.TYPE, m.IMAGE, body)
    headers = {
        "basic": ("Authorization", "Basic " + ENCODINGS["base64"](f"user:{secret}")),
        "bearer": ("Authorization", f"Bearer {secret}"),
        "API key": ("X-Api-Key", secret),
    }
    sent = m.http_request(m.request(*children, header=header))
    target = SERVICE_PATHS["BLOB"]
    if kind == "query":
        target += f"?token={ENCODINGS['percent'](secret)}"
    extra = (headers[kind],) if kind in headers else ()
    return HttpRequest(target=target, headers=(*sent.headers, *extra), body=sent.body)


def body_with(shown: str, place: str) -> str:
    match place:
        case "description":
            return f"<n:Description>{shown}</n:Description>"
        case "an unknown child":
            return f"<n:Descripton>{shown}</n:Descripton>"
        case "an attribute":
            value = shown.replace('"', "&quot;")
            return f'<n:Description a="{value}">x</n:Description>'
        case "a comment":
            return f"<n:Description>x<!--{shown.replace('--', '- ')}--></n:Description>"
        case "type":
            return f"<n:Type>{shown}</n:Type>"
        case _:
            return f"<n:Token>{shown}</n:Token>"
