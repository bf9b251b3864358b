"""`soblob record`: a proxy that records what clients and a real server say to each other."""

import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

import click

from pytest_soblob.cli.output import echo, echo_error, find_output_error
from pytest_soblob.contract import Installation, Profile
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import HOSTINGS, SoblobSettings, WcfHost

_LOOKED_EVERY_S: Final = 0.05
_LARGEST_BODY: Final = 16 * 1024 * 1024
_ANSWER_S: Final = 300.0


@click.command()
@click.option(
    "--upstream",
    required=True,
    metavar="URL",
    help="URL of the real BLOB.svc or SoPrincipal.svc, or of the folder above them.",
)
@click.option(
    "--to",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The recording; it must not exist. Bodies are written to the folder FILE.bodies.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port.  [default: any free one]"
)
@click.option(
    "--ca",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Certificates (PEM) to trust instead of the system's.",
)
@click.option(
    "--profile",
    type=click.Choice([str(p) for p in Profile]),
    default="auto",
    show_default=True,
    help="Profile by which messages are judged.",
)
@click.option(
    "--installation",
    type=click.Choice([str(i) for i in Installation]),
    default="onsite",
    show_default=True,
    help="Kind of installation; online requires an application token.",
)
@click.option(
    "--hosting",
    type=click.Choice(HOSTINGS),
    default="self-host",
    show_default=True,
    help="Hosting of the .NET host that answers are compared with: sets its headers.",
)
@click.option(
    "--culture", default="en-US", show_default=True, help="Language of that host's faults."
)
@click.option("--exception-detail", is_flag=True, help="That host includes exception details.")
@click.option(
    "--max-message-size",
    type=click.IntRange(min=1),
    metavar="BYTES",
    help="Largest message that the host accepts.  [default: 65,536, as in WCF]",
)
@click.option(
    "--max-body",
    type=click.IntRange(min=1),
    default=_LARGEST_BODY,
    show_default=True,
    metavar="BYTES",
    help="Largest body that is passed on, either way.",
)
@click.option(
    "--timeout",
    "answer_s",
    type=click.FloatRange(min=0, min_open=True, max=3600),
    default=_ANSWER_S,
    show_default=True,
    metavar="SECONDS",
    help="Longest time that an exchange with the upstream may take.",
)
def record(
    upstream: str,
    file: Path,
    port: int,
    ca: str | None,
    profile: str,
    installation: str,
    hosting: str,
    culture: str,
    exception_detail: bool,
    max_message_size: int | None,
    max_body: int,
    answer_s: float,
) -> None:
    """Record calls of a real server, without secrets.

    Call the URL that is printed first instead of the server's. Each exchange becomes a line of
    JSON in FILE, is judged, and has a list of where the answer differs from that of a documented
    .NET host. `soblob validate FILE` judges the recording again.

    Exit codes: 0 ended by SIGINT or SIGTERM, 1 the recording cannot be written any more, 2 usage.
    """
    from pytest_soblob.conformance.forwarding import Upstream
    from pytest_soblob.conformance.proxying import Proxy
    from pytest_soblob.conformance.recording import Recorder

    try:
        host = WcfHost(
            culture=culture,
            hosting=hosting,
            exception_detail=exception_detail,
            max_message_size=max_message_size or WcfHost().max_message_size,
        )
        settings = SoblobSettings(behaviour="wcf", installation=installation, wcf_host=host)
        service = Upstream.of_url(upstream, ca, largest_body=max_body, answer_s=answer_s)
        recorder = Recorder(file, settings, profile)
        try:
            proxy = Proxy(service, recorder, _Log(), port=port, largest_body=max_body)
        except SoblobError:
            recorder.discard()
            raise
    except SoblobError as error:
        raise click.UsageError(str(error)) from None
    stopped = _stopped_by_signals()
    proxy.start()
    echo(f"recording {proxy.url} -> {service.origin}")
    while not stopped and proxy.broken is None:
        time.sleep(_LOOKED_EVERY_S)  # short: a signal just before a long wait would not end it
    proxy.stop()
    find_output_error()  # the log has reported its own failures
    echo_error(f"soblob: {file}: {proxy.counts}")
    if proxy.broken is not None:
        echo_error(f"soblob: {file}: the recording ends, {proxy.broken}")
        sys.exit(1)


class _Log:
    """Writes a line for each exchange; if nobody reads it, recording goes on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_broken = False

    def __call__(self, line: str) -> None:
        with self._lock:
            if self._is_broken:
                return
            try:
                echo(line)
            except OSError as error:
                self._is_broken = True
                if not isinstance(error, BrokenPipeError):
                    echo_error(f"soblob: cannot write the log: {error.strerror}")


def _stopped_by_signals() -> list[int]:
    """Return a list to which each signal appends its number."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped
