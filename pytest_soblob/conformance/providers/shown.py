"""Requests and responses as a report shows them: redacted, clipped, and as a curl command."""

import os
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from pytest_soblob._text import ascii_controls, clip_middle, elide_base64, hide
from pytest_soblob.conformance.providers.hiding import hidden_body, hidden_head, holds_secret
from pytest_soblob.conformance.providers.values import Address, Credentials, Sent
from pytest_soblob.errors import SoblobError
from pytest_soblob.judge.validators.packing import is_compressed
from pytest_soblob.wire import HttpRequest, HttpResponse

_LONGEST_SHOWN: Final = 1_500
_LONGEST_HEAD: Final = 600
_LOOKED_AT_BYTES: Final = 20_000
_LONGEST_INLINE_BYTES: Final = 2_000
_FILE: Final = "finding-{:02}.body"
_FILES: Final = "finding-*.body"
_NEW: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)
_COMPRESSED: Final = "(%d bytes, compressed)"
_VARIABLES: Final = {
    "ticket": "SOBLOB_TICKET",
    "application_token": "SOBLOB_APPLICATION_TOKEN",
    "password": "SOBLOB_PASSWORD",
    "user": "SOBLOB_USER",
}
# What the shell acts on inside double quotes.
_SPECIAL: Final = re.compile(r'(["`\\])')
_OTHER_DOLLAR: Final = re.compile(rf"\$(?!\{{(?:{'|'.join(_VARIABLES.values())})\}})")
_ESCAPED_DOLLAR: Final = r"\\$"
_NAMES: Final = " ".join(f"${name}" for name in _VARIABLES.values())


def show_request(sent: Sent, secrets: Iterable[str]) -> str:
    """Return the head and the beginning of the body of a request."""
    request = sent.request
    rows = [f"{request.method} {request.target} HTTP/{request.http_version}"]
    rows += [f"{name}: {value}" for name, value in request.headers]
    return _shown(rows, request, secrets)


def show_response(
    response: HttpResponse | None, problem: str | None, secrets: Iterable[str]
) -> str:
    """Return the head and the beginning of the body of a response, or why there is none."""
    if response is None:
        return f"(none: {problem})"
    rows = [f"HTTP/1.1 {response.status} {response.reason_phrase}".rstrip()]
    rows += [f"{name}: {value}" for name, value in response.headers]
    return _shown(rows, response, secrets)


def _shown(rows: list[str], message: HttpRequest | HttpResponse, secrets: Iterable[str]) -> str:
    body = message.body
    head = hidden_head("\n".join(rows), secrets)
    if body and is_compressed(message):
        return "\n".join((*_lines(clip_middle(head, _LONGEST_HEAD)), "", _COMPRESSED % len(body)))
    media_type = message.header("Content-Type") or ""
    text = hidden_body(body, media_type, secrets, most=_LOOKED_AT_BYTES)
    text = clip_middle(elide_base64(text), _LONGEST_SHOWN)
    if len(body) > _LOOKED_AT_BYTES:
        text += f"\n({len(body):,} bytes in all)"
    return "\n".join(_lines(f"{clip_middle(head, _LONGEST_HEAD)}\n\n{text}".rstrip()))


def _lines(text: str) -> list[str]:
    return [ascii_controls(line) for line in text.splitlines()]


def curl_line(sent: Sent, credentials: Credentials, folder: str | None, number: int) -> str:
    """Return a shell command that sends a request again, with variables for the secrets.

    Args:
        sent: The request.
        credentials: What the variables stand for.
        folder: Folder to write the body to; None to write none. A body that is long or no text
            then has a placeholder for its file.
        number: Number of the finding, for the name of the file.

    Raises:
        SoblobError: The body cannot be written, or its file exists.
    """
    request = sent.request
    words = ["curl", "-sS", "-i"]
    if request.method != "GET":
        words += ["-X", request.method]
    words.append(shlex.quote(_url(sent.address, request)))
    for name, value in _own_headers(request):
        words += ["-H", _quoted(_with_variables(value, credentials), f"{name}: ")]
    if not request.body:
        return " ".join(words)
    body = _with_variables(request.body.decode("latin-1"), credentials)
    if _has_secret(request.body, body, credentials):
        return f"{' '.join(words)} --data-binary @BODY  # it holds a secret, and is not shown"
    if folder is not None:
        path = Path(folder) / _FILE.format(number)
        _write(path, body.encode("latin-1"))
        words += ["--data-binary", "@-"]
        return f"envsubst '{_NAMES}' < {shlex.quote(str(path))} | {' '.join(words)}"
    text = body.encode("latin-1")
    if len(text) > _LONGEST_INLINE_BYTES or not _is_text(text):
        return f"{' '.join(words)} --data-binary @BODY  # --save-bodies FOLDER writes the body"
    words += ["--data-binary", _quoted(text.decode())]
    return " ".join(words)


def _own_headers(request: HttpRequest) -> Iterable[tuple[str, str]]:
    """Yield the headers that curl does not set itself; one that it would add is removed."""
    names = {name.lower() for name, _ in request.headers}
    for name, value in request.headers:
        if name.lower() not in ("host", "content-length", "user-agent", "connection"):
            yield name, value
    if request.body and "content-type" not in names:
        yield "Content-Type", ""


def _url(address: Address, request: HttpRequest) -> str:
    return f"{address.scheme}://{address.host_header}{request.target}"


def _with_variables(text: str, credentials: Credentials) -> str:
    """Return the text with each secret replaced by `${NAME}`."""
    for attribute, name in _VARIABLES.items():
        value = getattr(credentials, attribute)
        if value and (attribute != "user" or f">{escape(value)}<" in text):
            for spelled in (value, escape(value), escape(value, {'"': "&quot;"})):
                text = text.replace(spelled.encode().decode("latin-1"), f"${{{name}}}")
    return text


def _quoted(text: str, prefix: str = "") -> str:
    """Return a shell word in which only the variables of the secrets are expanded."""
    escaped = _SPECIAL.sub(r"\\\1", prefix + text)
    return f'"{_OTHER_DOLLAR.sub(_ESCAPED_DOLLAR, escaped)}"'


def _has_secret(body: bytes, shown: str, credentials: Credentials) -> bool:
    """Return whether a secret is left, spelled otherwise."""
    texts = [shown.encode("latin-1").decode("utf-8", "replace")]
    if b"\0" in body:
        texts += [body.decode("utf-16-le", "replace"), body.decode("utf-16-be", "replace")]
    secrets = credentials.secrets
    return any(hide(text, secrets) != text or holds_secret(text, secrets) for text in texts)


def _is_text(data: bytes) -> bool:
    try:
        return data.decode().replace("\n", "").isprintable()
    except UnicodeDecodeError:
        return False


def check_folder(folder: str) -> None:
    """Check that no body in a folder would have to be overwritten.

    Raises:
        SoblobError: It has one, of an earlier run.
    """
    found = next(Path(folder).glob(_FILES), None)
    if found is not None:
        raise SoblobError(f"{found} exists, and is not overwritten: name another folder")


def _write(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read; no link is followed."""
    try:
        with os.fdopen(os.open(path, _NEW, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        raise SoblobError(f"{path} exists, and is not overwritten") from None
    except OSError as error:
        raise SoblobError(f"{path} cannot be written: {error.strerror}") from None
