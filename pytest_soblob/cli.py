"""The command `soblob`.

Exit codes: 0 no error found, 1 an error found, 2 usage, or a file that cannot be read (and then 2
wins over 1).
"""

import json
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import click

from pytest_soblob import _xml
from pytest_soblob._http import HttpSyntaxError, looks_like_http, parse_message
from pytest_soblob._text import ascii_controls, clip, plural
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.envelope import Envelope, local_name
from pytest_soblob.errors import SoblobError
from pytest_soblob.exchange import Exchange
from pytest_soblob.rendering import count_text, render_violations, summary_line
from pytest_soblob.settings import BEHAVIOURS
from pytest_soblob.validators import EnvelopeValidator
from pytest_soblob.validators.validator import malformed_http
from pytest_soblob.violations import Verdict

LARGEST_FILE_BYTES = 512 * 1024 * 1024
_PIPE_WIDTH = 92

_profile = click.option(
    "--profile", type=click.Choice([str(p) for p in Profile]), default="auto", show_default=True
)
_installation = click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    default="onsite",
    show_default=True,
    help="Online makes an application token mandatory.",
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One file and what was found in it."""

    file: str
    verdict: Verdict


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pytest-soblob")
def main() -> None:
    """Contract tests for SuperOffice NetServer's SaveImageStream."""


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--kind",
    type=click.Choice(["auto", "request", "response"]),
    default="auto",
    show_default=True,
    help="What the files are; auto tells it from each.",
)
@_profile
@_installation
@click.option("--format", "output", type=click.Choice(["text", "json"]), default="text")
@click.option(
    "--max-size",
    type=click.IntRange(min=1),
    default=LARGEST_FILE_BYTES,
    show_default=True,
    metavar="BYTES",
    help="A larger file is not read.",
)
def validate(
    files: tuple[str, ...], kind: str, profile: str, installation: str, output: str, max_size: int
) -> None:
    """Judge envelopes, or raw HTTP messages with one inside.

    FILE is a path, or - for standard input. Exit code 0: no error; 1: an error; 2: a file that
    cannot be read.
    """
    judged: list[Judged] = []
    unreadable = 0
    for file in files:
        try:
            data = _read(file, max_size)
        except SoblobError as error:
            click.echo(f"soblob: {_shown(file)}: {error}", err=True)
            unreadable += 1
            continue
        item = Judged(file, _judge(data, kind, profile, installation))
        judged.append(item)
        if output == "text":
            click.echo(_as_text(item))
    if output == "json":
        click.echo(json.dumps([_as_json(item) for item in judged], indent=2, ensure_ascii=False))
    elif len(files) > 1:
        click.echo(_tally(judged, unreadable))
    broken = any(not item.verdict.is_valid for item in judged)
    sys.exit(2 if unreadable else int(broken))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free one.")
@click.option("--behaviour", type=click.Choice(BEHAVIOURS), default="strict", show_default=True)
@_profile
@_installation
@click.option("--ticket", "tickets", multiple=True, help="A good ticket; without it any is good.")
@click.option("--application-token", "tokens", multiple=True, help="A good application token.")
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Answer 413 to a larger body.",
)
def serve(
    host: str,
    port: int,
    behaviour: str,
    profile: str,
    installation: str,
    tickets: tuple[str, ...],
    tokens: tuple[str, ...],
    max_message_size: int | None,
) -> None:
    """Run the stub until SIGINT or SIGTERM; a line for each request."""
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        endpoint = StubEndpoint(
            profile=profile,
            behaviour=behaviour,
            installation=installation,
            tickets=tickets,
            tokens=tokens,
            address=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            max_message_size=max_message_size,
            on_exchange=_print_exchange,
        )
        endpoint.start()
    except SoblobError as error:
        click.echo(f"soblob: {error}", err=True)
        sys.exit(2)
    try:
        click.echo(f"serving {endpoint.url}")
        stopped.wait()
    finally:
        endpoint.stop()


def _print_exchange(exchange: Exchange) -> None:
    status = "closed" if exchange.response is None else str(exchange.response.status)
    errors = [violation for violation in exchange.violations if violation.is_error]
    blob = "" if exchange.blob_id is None else f" blob {exchange.blob_id}"
    said = f" {clip(summary_line(errors), 300)}" if errors else ""
    click.echo(f"{status} {exchange.operation or 'unknown operation'}{blob}{said}")


def _read(file: str, max_size: int) -> bytes:
    """Return a file's bytes.

    Raises:
        SoblobError: It is missing, may not be read, or is over the limit.
    """
    try:
        if file == "-":
            data = sys.stdin.buffer.read(max_size + 1)
        else:
            with Path(file).open("rb") as stream:
                data = stream.read(max_size + 1)
    except OSError as error:
        raise SoblobError(error.strerror or type(error).__name__) from None
    except ValueError as error:  # a NUL in the name
        raise SoblobError(str(error)) from None
    if len(data) > max_size:
        raise SoblobError(f"over the limit of {max_size:,} bytes (--max-size)")
    return data


def _judge(data: bytes, kind: str, profile: str, installation: str) -> Verdict:
    if not looks_like_http(data):
        kind = _kind_of(data) if kind == "auto" else kind
        return EnvelopeValidator(kind, profile, installation).judge(data)
    found = "response" if data.lstrip()[:5].upper() == b"HTTP/" else "request"
    kind = found if kind == "auto" else kind
    try:
        message = parse_message(data)
    except HttpSyntaxError as error:
        return malformed_http(kind, str(error))
    validator = EnvelopeValidator(kind, profile, installation)
    # Asked to judge it as the other kind, there is no HTTP side of it to judge.
    return validator.judge(message if kind == found else message.body)


def _kind_of(data: bytes) -> str:
    """Tell a request from a response by the Body's child; what cannot be told is a request."""
    envelope = Envelope.from_document(_xml.parse(data))
    element = None if envelope is None else envelope.payload_element
    if element is None:
        return "request"
    name = local_name(element)
    return "response" if name == "Fault" or name.endswith("Response") else "request"


def _as_text(item: Judged) -> str:
    verdict = item.verdict
    state = (
        click.style("valid", fg="green") if verdict.is_valid else click.style("INVALID", fg="red")
    )
    profile = f", profile {verdict.profile}" if verdict.profile else ""
    line = f"{_shown(item.file)}: {state} {verdict.kind}{profile}: {count_text(verdict.violations)}"
    if not verdict.violations:
        return line
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns
    return f"{line}\n\n{render_violations(verdict.violations, width=max(width, 60))}\n"


def _as_json(item: Judged) -> dict[str, object]:
    verdict = item.verdict
    return {
        "file": item.file,
        "kind": verdict.kind,
        "profile": verdict.profile,
        "valid": verdict.is_valid,
        "violations": [violation.to_json() for violation in verdict.violations],
    }


def _tally(judged: Sequence[Judged], unreadable: int) -> str:
    valid = sum(item.verdict.is_valid for item in judged)
    unread = f", {unreadable} not read" if unreadable else ""
    files = plural(len(judged) + unreadable, "file")
    return f"{files}: {valid} valid, {len(judged) - valid} invalid{unread}"


def _shown(file: str) -> str:
    return "standard input" if file == "-" else ascii_controls(click.format_filename(file))
