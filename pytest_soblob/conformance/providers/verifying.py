"""The run of a verification: which probes are sent, in which order, and how it ends."""

import secrets
from collections.abc import Callable, Generator
from contextlib import closing
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pytest_soblob.conformance.providers import links, reads, refusals
from pytest_soblob.conformance.providers.pacing import GaveUpError, Pace, SpentError
from pytest_soblob.conformance.providers.report import (
    COMPLETE,
    INTERRUPTED,
    Report,
    report_of,
)
from pytest_soblob.conformance.providers.session import Session, tls_context
from pytest_soblob.conformance.providers.values import Address, Credentials, Options
from pytest_soblob.errors import SoblobError

if TYPE_CHECKING:
    from pytest_soblob.conformance.providers.answers import Reading
    from pytest_soblob.conformance.providers.uploads import Uploader

_RUN_ID_BYTES: Final = 4
_ALWAYS: Final = ("help", "log-in", "read")

Probe = tuple[str, Callable[[], object]]


def verify_provider(
    url: str,
    credentials: Credentials | None = None,
    options: Options | None = None,
    *,
    pace: Pace | None = None,
    started: Callable[[Session], object] | None = None,
    told: Callable[[str], object] | None = None,
) -> Report:
    """Send the probes to a provider, and report what they find.

    Args:
        url: URL of `BLOB.svc`.
        credentials: What to call it with; None for nothing, which leaves some probes out.
        options: How to verify it; None for the defaults: nothing is stored.
        pace: When calls may be sent; None for the rate of the options.
        started: Called with the session before the first request; None for nothing.
        told: Called with the id of each probe before it is sent; None for nothing.

    Returns:
        The report; that of an interrupted run has what was found until then.

    Raises:
        SoblobError: The URL or an option is invalid, the provider cannot be reached, the TLS
            certificate is not trusted, or the log-in fails.
    """
    session = open_session(url, credentials, options, pace=pace)
    if started is not None:
        started(session)
    ended = COMPLETE
    try:
        with closing(_probes(session)) as probes:
            for name, probe in probes:
                if not _is_chosen(name, session.options.only):
                    continue
                session.probe = name
                if told is not None:
                    told(name)
                try:
                    probe()
                except SpentError as error:
                    session.row("not tried", str(error))
    except GaveUpError as error:
        ended = str(error)
    except KeyboardInterrupt:
        session.row("not tried", "interrupted")
        ended = INTERRUPTED
    if ended == COMPLETE:
        _check_chosen(session)
    return report_of(session, ended)


def _check_chosen(session: Session) -> None:
    only = session.options.only
    sent = {row.probe for row in session.rows} | {one.probe for one in session.findings.values()}
    if only and not any(fnmatchcase(name, pattern) for name in sent for pattern in only):
        raise SoblobError(
            f"no probe that may be sent is named {', '.join(only)}{_needs(session.options)}"
        )


def _needs(options: Options) -> str:
    """Return which options the chosen probes need, after a colon; empty for none."""
    needs = [
        f"{group}.* needs {option}"
        for group, option, is_given in (
            ("upload", "--allow-writes", options.allow_writes),
            ("malformed", "--allow-writes", options.allow_writes),
            ("wcf", "--behaviour wcf", options.behaviour is not None),
        )
        if not is_given and any(pattern.startswith(group) for pattern in options.only)
    ]
    return f": {', '.join(needs)}" if needs else ""


def _is_chosen(name: str, only: tuple[str, ...]) -> bool:
    return not only or name in _ALWAYS or any(fnmatchcase(name, pattern) for pattern in only)


def open_session(
    url: str,
    credentials: Credentials | None = None,
    options: Options | None = None,
    *,
    pace: Pace | None = None,
) -> Session:
    """Return a session that has sent nothing yet.

    Args:
        url: URL of `BLOB.svc`.
        credentials: What to call it with; None for nothing.
        options: How to verify it; None for the defaults.
        pace: When calls may be sent; None for the rate of the options.

    Raises:
        SoblobError: A URL is invalid, the file of authorities cannot be read, or the folder for
            bodies cannot be created.
    """
    options = options or Options()
    address = Address.parse(url)
    principal = Address.parse(options.principal_url) if options.principal_url else address
    if options.save_bodies is not None:
        try:
            Path(options.save_bodies).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            said = error.strerror or type(error).__name__
            raise SoblobError(f"{options.save_bodies} cannot be created: {said}") from None
    tls = None
    if "https" in (address.scheme, principal.scheme):
        try:
            tls = tls_context(options.ca_file)
        except OSError as error:
            said = error.strerror or type(error).__name__
            raise SoblobError(f"{options.ca_file} has no certificates: {said}") from None
    session = Session(
        address=address,
        credentials=credentials or Credentials(),
        options=options,
        pace=pace or Pace(options.rate),
        run_id=options.run_id or secrets.token_hex(_RUN_ID_BYTES),
        tls=tls,
    )
    if session.exposed:
        session.fact("sent without encryption", "; ".join(session.exposed))
    return session


def _probes(session: Session) -> Generator[Probe, None, None]:
    """Yield the probes in order; what later ones need is known when they are asked for."""
    yield "help", partial(reads.probe_help, session)
    yield "tls", partial(links.probe_tls, session)
    yield "wsdl", partial(reads.probe_wsdl, session)
    if session.credentials.user is not None and session.credentials.ticket is None:
        yield "log-in", partial(reads.probe_login, session)
    found: list[Reading] = []
    yield "read", lambda: found.append(reads.probe_right_read(session))
    (right,) = found
    for refusal in refusals.REFUSALS:
        yield f"refusal.{refusal.id}", partial(reads.probe_refusal, session, refusal, right)
    for name in links.FORMS:
        yield f"connection.{name}", partial(links.probe_form, session, name, right)
    yield "connection.keep-alive", partial(links.probe_keep_alive, session, right)
    yield from _further(session)


def _further(session: Session) -> Generator[Probe, None, None]:
    """Yield the probes that upload, and those that compare with the documented host."""
    from pytest_soblob.conformance.providers import hosts, rows, uploads

    options = session.options
    if not options.allow_writes and options.behaviour is None:
        return
    uploader = uploads.Uploader(session)
    with hosts.documented_host(session) as documented:
        host = uploads.Uploader(documented)
        if options.allow_writes:
            yield from _writes(uploader, host)
        if options.behaviour is not None:
            for row in rows.ROWS:
                yield f"wcf.{row.id}", partial(hosts.probe_row, uploader, host, row)


def _writes(uploader: "Uploader", host: "Uploader") -> Generator[Probe, None, None]:
    from pytest_soblob.conformance.providers import malformed, uploads

    for profile in ("wsdl", "soap12", "documented"):
        yield f"upload.{profile}", partial(uploads.probe_profile, uploader, profile)
    for name in uploads.FORMATS:
        yield f"upload.{name.lower()}", partial(uploads.probe_image, uploader, name)
    yield "upload.descriptions", partial(uploads.probe_descriptions, uploader)
    yield "upload.spellings", partial(uploads.probe_spellings, uploader)
    yield "upload.together", partial(uploads.probe_together, uploader)
    yield "upload.chunked", partial(uploads.probe_chunked, uploader)
    for fault in malformed.FAULTS:
        yield f"malformed.{fault.name}", partial(malformed.probe_fault, uploader, host, fault)
    yield "malformed.invented-ticket", partial(malformed.probe_invented_ticket, uploader, host)
    yield "upload.sizes", partial(malformed.probe_sizes, uploader)
