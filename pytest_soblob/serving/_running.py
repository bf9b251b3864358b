"""Runs the endpoint until SIGINT or SIGTERM, and writes a line for each request."""

import json
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Final, Self

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._text import ascii_controls, clip, redact
from pytest_soblob.certificates import Authority
from pytest_soblob.control import ControlApi, exchange_to_json
from pytest_soblob.endpoint import StubEndpoint
from pytest_soblob.exchange import Exchange
from pytest_soblob.rendering import summary_line
from pytest_soblob.serving._configuration import Configuration

_MOST_LINES: Final = 10_000
_LONGEST_SAID: Final = 150  # of one violation, so that a long one hides no other
_PATIENCE_S: Final = 1.0
_LOOKED_EVERY_S: Final = 0.05


def serve(configuration: Configuration, write: Callable[[str], None]) -> None:
    """Serve until a signal comes.

    Args:
        configuration: How.
        write: Takes each line; the first one says the URL.

    Raises:
        SoblobError: The configuration cannot be, or the address cannot be had.
    """
    settings = configuration.settings()
    stopped = _stopped_by_signals()
    control = None
    if configuration.control_token is not None:
        control = ControlApi(configuration.control_token)
    with _authority(configuration) as authority, _Writer(write) as writer:
        log = _Log(configuration.log, writer.put)
        tls = None
        if authority is not None:
            tls = authority.server_context(client_certificate=settings.client_certificate)
        endpoint = StubEndpoint(
            settings=settings,
            tickets=configuration.tickets,
            max_message_size=configuration.max_message_size,
            limits=configuration.limits,
            tls=tls,
            keep=configuration.keep,
            intercept=None if control is None else control.intercept,
            on_exchange=log.exchange,
            on_malformed=log.malformed,
            on_failed=log.failed,
        )
        log.endpoint = endpoint
        if control is not None:
            control.endpoint = endpoint
        configuration.script(endpoint)
        endpoint.start()
        try:
            writer.put(f"serving {endpoint.url}")
            if authority is not None:
                writer.put(f"trust {authority.ca_file}")
            # Not one long wait: a signal that comes just before it would not end it.
            while not stopped:
                time.sleep(_LOOKED_EVERY_S)
        finally:
            endpoint.stop()


def _stopped_by_signals() -> list[int]:
    """Return a list that a signal puts itself into."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


@contextmanager
def _authority(configuration: Configuration) -> Iterator[Authority | None]:
    if configuration.tls_folder is None:
        yield None
        return
    with Authority(configuration.tls_folder, (configuration.host,)) as authority:
        yield authority


class _Writer:
    """Writes lines in a thread of its own: whoever does not read them holds up no answer.

    Args:
        write: Takes each line; once it fails, nothing is written any more.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._thread = threading.Thread(target=self._run, name="soblob-log", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.put(None)
        self._thread.join(_PATIENCE_S)

    def put(self, line: str | None) -> None:
        """Have a line written; where too many wait, it is lost."""
        with suppress(queue.Full):
            self._lines.put_nowait(line)

    def _run(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._write(line)
        except BrokenPipeError:
            pass  # nobody is there any more
        except OSError as error:
            with suppress(OSError):
                sys.stderr.write(f"soblob: cannot write the log: {error.strerror}\n")


class _Log:
    """Writes what came; nothing of it is a secret.

    Args:
        form: `lines`, `json` or `none`.
        write: Takes each line.

    Attributes:
        endpoint: That is logged; it says which number an exchange has.
    """

    endpoint: StubEndpoint

    def __init__(self, form: str, write: Callable[[str], None]) -> None:
        self._form = form
        self._write = write

    def exchange(self, exchange: Exchange) -> None:
        """Write the newest exchange."""
        if self._form == "lines":
            self._write(_line(exchange))
        elif self._form == "json":
            number = self.endpoint.forgotten + len(self.endpoint.exchanges)
            self._write_json(exchange_to_json(exchange, number))

    def malformed(self, error: HttpSyntaxError) -> None:
        """Write that bytes came which are no HTTP."""
        said = ascii_controls(clip(redact(str(error)), 300))
        if self._form == "lines":
            self._write(f"{error.status} {error.rule}: {said}")
        elif self._form == "json":
            self._write_json({"status": error.status, "malformed": {error.rule: said}})

    def failed(self, said: str) -> None:
        """Write that the stub itself failed: its client got a 500, and no exchange is logged."""
        if self._form == "lines":
            self._write(f"the stub failed: {said}")
        elif self._form == "json":
            self._write_json({"stub_failed": said})

    def _write_json(self, data: dict[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(json.dumps({"time": now, **data}))


def _line(exchange: Exchange) -> str:
    status = "closed" if exchange.response is None else str(exchange.response.status)
    blob = "" if exchange.blob_id is None else f" blob {exchange.blob_id}"
    failed = exchange.failure or exchange.refusal
    why = "" if failed is None else f" ({failed})"
    found = exchange.violations
    said = f" {summary_line(found, _LONGEST_SAID)}" if found else ""
    return f"{status} {exchange.operation or 'unknown operation'}{blob}{why}{said}"
