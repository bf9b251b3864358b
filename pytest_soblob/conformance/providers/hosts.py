"""The documented .NET host, as an oracle: a stub with `behaviour="wcf"` on loopback.

The same bytes go to the provider and to it. What differs by nature is levelled before the answers
are compared: blob ids, addresses, the language of faults, headers that depend on the hosting.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from pytest_soblob._text import DRAWN_MARK, clip
from pytest_soblob.conformance.providers.pacing import Pace
from pytest_soblob.conformance.providers.rows import Row, build
from pytest_soblob.conformance.providers.session import Session
from pytest_soblob.conformance.providers.uploads import Uploader
from pytest_soblob.conformance.providers.values import Address, Answer, Sent
from pytest_soblob.settings import SoblobSettings
from pytest_soblob.stub.endpoint import StubEndpoint

_PLENTY: Final = 100_000
_PLENTY_BYTES: Final = 2_000_000_000
_KEPT: Final = 20
_RATE: Final = 1e9
_BLOB_ID: Final = re.compile(rb"(<Response>)-?\d++(</Response>)")
_LANGUAGE: Final = re.compile(rb'(<faultstring) xml:lang="[^"<]*+"')
_EMPTY_EXTRA: Final = re.compile(rb'(<h:ExtraInfo) i:nil="true"')
_CODE: Final = re.compile(rb"<faultcode[^<>]*+>([^<]*+)</faultcode>")
# What a NetServer says of a failure, and whether a blob that does not exist is one, is not known.
_NO_EXCEPTION: Final = re.compile(rb"<h:ExceptionInfo [^<>]*+>")
_SUCCEEDED: Final = re.compile(rb"(<h:Succeeded[^<>]*+>)[a-z01]++")
_NO_IMAGE: Final = re.compile(rb"<Response(?: [^<>]*+)?+/?+>(?:</Response>)?+")
_EXCEPTION: Final = b"<h:ExceptionInfo"
_READ: Final = b"<GetBlobStreamResponse"
_NOBODY: Final = f"7T:{DRAWN_MARK}Nobody=="
_LIMIT_STATUSES: Final = (413, 400)


@contextmanager
def documented_host(session: Session) -> Iterator[Session]:
    """Start a stub that answers as the documented host, and return a session with it."""
    credentials = session.credentials
    settings = SoblobSettings(
        behaviour="wcf",
        ticket=credentials.ticket or _NOBODY,
        application_tokens=(credentials.application_token,)
        if credentials.application_token
        else (),
    )
    endpoint = StubEndpoint(settings=settings, keep=_KEPT).start()
    try:
        yield Session(
            address=Address.parse(endpoint.url),
            credentials=credentials,
            options=replace(
                session.options, allow_writes=True, max_uploads=_PLENTY, max_bytes=_PLENTY_BYTES,
                save_bodies=None, behaviour=None, run_id=None,
            ),
            pace=Pace(_RATE),
            run_id=session.run_id,
            probe=session.probe,
        )  # fmt: skip
    finally:
        endpoint.close()


@dataclass(frozen=True, slots=True)
class Levelled:
    """An answer without what differs by nature.

    Attributes:
        status: Status; None without an answer.
        reason: Reason phrase of a 415, which names both content types; else empty.
        media_type: Content-Type in lower case; empty for none.
        body: The body, levelled.
        closes: Whether the answer says that the connection is closed, as each request asks.
    """

    status: int | None
    reason: str
    media_type: str
    body: bytes
    closes: bool = True

    def __str__(self) -> str:
        text = self.body.decode("utf-8", "replace")
        said = ", ".join(filter(None, (self.reason, self.media_type, clip(text, 160))))
        kept = "" if self.closes else ", without Connection: close"
        return f"status {self.status}, {said or 'no body'}{kept}"


def levelled(answer: Answer, compares: str) -> Levelled:
    """Return an answer without what differs by nature.

    Args:
        answer: The answer.
        compares: `all`; `head`, without the body; or `status`.
    """
    response = answer.response
    if response is None:
        return Levelled(None, str(answer.problem), "", b"")
    if compares == "status":
        return Levelled(response.status, "", "", b"")
    media_type = (response.header("Content-Type") or "").lower().replace(" ", "")
    reason = response.reason_phrase if response.status == 415 else ""
    body = response.body if compares == "all" else b""
    body = _BLOB_ID.sub(rb"\1N\2", body)
    body = _LANGUAGE.sub(rb"\1", _without_detail(body))
    body = _EMPTY_EXTRA.sub(rb"\1", body)
    if _READ in body:
        body = _NO_IMAGE.sub(b"", _SUCCEEDED.sub(rb"\1?", _without_exception(body)))
    elif b">false</h:Succeeded>" in body:
        body = _without_exception(body)
    closes = "close" in (response.header("Connection") or "").lower()
    media_type = media_type if response.body else ""
    return Levelled(response.status, reason, media_type, body, closes)


def _without(body: bytes, start: bytes, end: bytes) -> bytes:
    """Return an answer without what stands between the first start and the last end."""
    first, last = body.find(start), body.rfind(end)
    return body[:first] + body[last + len(end) :] if 0 <= first < last else body


def _without_exception(body: bytes) -> bytes:
    """Return an answer without its ExceptionInfo, nil or not."""
    return _NO_EXCEPTION.sub(b"", _without(body, _EXCEPTION, b"</h:ExceptionInfo>"))


def _without_detail(body: bytes) -> bytes:
    """Return a fault without what depends on the configuration of the host, or on its language.

    IncludeExceptionDetailInFaults adds a detail, and changes the text of an InternalServiceFault.
    """
    found = _LANGUAGE.search(body)
    is_english = found is None or b'lang="en' in found[0] or b'lang=""' in found[0]
    body = _without(body, b"<detail", b"</detail>")
    if b":InternalServiceFault<" in body or not is_english:
        return _without(body, b"<faultstring", b"</faultstring>")
    return body


def probe_row(uploader: Uploader, host: Uploader, row: Row) -> None:
    """Send one documented case to the provider and to the host, and compare the answers."""
    session = uploader.session
    if row.writes and not session.options.allow_writes:
        session.row("not tried", f"{row.sends}: it could store something (--allow-writes)")
        return
    if row.needs_ticket and session.credentials.ticket is None:
        session.row("not tried", f"{row.sends}: it needs a ticket")
        return
    got = _send(uploader, row)
    wanted = _send(host, row)
    ours, theirs = levelled(wanted.answer, row.compares), levelled(got.answer, row.compares)
    if b"<faultstring>" not in theirs.body:  # its text is not compared
        ours = replace(ours, body=_without(ours.body, b"<faultstring", b"</faultstring>"))
    if ours == theirs:
        session.row("matches", f"{row.sends}: {_short(ours)}")
        return
    if row.is_limit and got.answer.status == 200 and wanted.answer.status in _LIMIT_STATUSES:
        session.row("matches", f"{row.sends}: the limit is higher here")
        return
    session.find(
        f"wcf.{row.id}",
        f"{row.sends}: the answer is not that of the documented .NET host",
        expected=str(ours),
        got=str(theirs),
        notices="a test against this provider does not show what production does",
        sent=got,
    )
    session.row("differs", f"{row.sends}: {_short(theirs)} instead of {_short(ours)}")


def _send(uploader: Uploader, row: Row) -> Sent:
    session = uploader.session
    request = build(row, uploader)
    address = replace(session.address, path=row.path(session.address.path))
    sent = session.call(request, address=address, is_upload=row.writes, is_framed=row.is_framed)
    if row.writes:
        uploader.note(sent)
    return sent


def _short(answer: Levelled) -> str:
    fault = _CODE.search(answer.body)
    return f"status {answer.status}" + (f", {fault[1].decode('utf-8', 'replace')}" if fault else "")
