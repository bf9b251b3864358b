"""Runs the endpoint until SIGINT or SIGTERM, and logs each request."""

import json
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType, TracebackType
from typing import Final, Self

from pytest_soblob._http import HttpSyntaxError
from pytest_soblob._text import ascii_controls, clip, plural, redact
from pytest_soblob.certificates import Authority
from pytest_soblob.errors import ContractViolationError, SoblobError
from pytest_soblob.judge.rendering import summary_line
from pytest_soblob.judge.severities import Severities
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.serving._configuration import Configuration
from pytest_soblob.serving.control import ControlApi, exchange_to_json
from pytest_soblob.stub.endpoint import StubEndpoint
from pytest_soblob.stub.exchange import Exchange
from pytest_soblob.wire import HttpRequest

_MOST_LINES: Final = 10_000
_LONGEST_SAID: Final = 150  # characters of one violation, so that others are shown as well
_PATIENCE_S: Final = 1.0
_LOOKED_EVERY_S: Final = 0.05


def serve(
    configuration: Configuration,
    write: Callable[[str], None],
    report: Callable[[str], None],
) -> str | None:
    """Serve until a signal arrives.

    Args:
        configuration: Configuration of the endpoint.
        write: Called with each line of the log; the first one has the URL.
        report: Called with a line about a failure of the log itself.

    Returns:
        Why the run failed; None if a signal ended it and no check failed.

    Raises:
        SoblobError: The configuration is invalid, or the address is not available.
    """
    severities = configuration.settings().severities or Severities()
    stopped = _stopped_by_signals()
    with _authority(configuration) as authority, _Writer(write, report) as writer:
        log = _Log(configuration.log, writer.put, severities)
        control = None
        if configuration.control_token is not None:
            control = ControlApi(configuration.control_token, log.rejected)
        endpoint = _endpoint(configuration, authority, log, control)
        configuration.script(endpoint)
        endpoint.start()
        try:
            writer.put(f"serving {endpoint.url}")
            if authority is not None:
                writer.put(f"trust {authority.ca_file}")
            if configuration.opens_control:
                writer.put(f"the control API is reachable on {configuration.host} with the token")
            # Short waits: a signal just before a long one would not end it.
            while not (stopped or endpoint._runner.has_ended):
                time.sleep(_LOOKED_EVERY_S)
            if endpoint._runner.has_ended:
                return "the server has ended by itself; its log has the reason"
            if configuration.check_on_exit:
                return _check(endpoint, log, control)
            return None
        finally:
            endpoint.close()


def _endpoint(
    configuration: Configuration,
    authority: Authority | None,
    log: "_Log",
    control: ControlApi | None,
) -> StubEndpoint:
    """Return the endpoint, connected with the log and the control API."""
    settings = configuration.settings()
    tls = None
    if authority is not None:
        tls = authority.server_context(client_certificate=settings.client_certificate)
    endpoint = log.endpoint = StubEndpoint(
        settings=settings,
        tickets=configuration.tickets,
        max_message_size=configuration.max_message_size,
        limits=configuration.limits,
        tls=tls,
        keep=configuration.keep,
        intercept=None if control is None else control.intercept,
        waits=None if control is None else control.waits,
        on_exchange=log.exchange,
        on_malformed=log.malformed,
        on_failed=log.failed,
        on_unfinished=log.unfinished,
    )
    if control is not None:
        control.endpoint = endpoint
    return endpoint


def _check(endpoint: StubEndpoint, log: "_Log", control: ControlApi | None) -> str | None:
    """Return what failed since the start, or None if nothing did."""
    try:
        endpoint.check()
    except (ContractViolationError, SoblobError) as error:
        return str(error)
    if log.failures or (control is not None and control.has_failed):
        failed = plural(log.failures, "request") if log.failures else "a check"
        return f"{failed} failed; an earlier check or reset has reported or dropped the details"
    return None


def _stopped_by_signals() -> list[int]:
    """Return a list to which each signal appends its number."""
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
    """Writes lines in its own thread, so that a slow reader delays no answer.

    Args:
        write: Called with each line. A line that cannot be written is lost, and the next is tried.
        report: Called once when lines are lost.
    """

    def __init__(self, write: Callable[[str], None], report: Callable[[str], None]) -> None:
        self._write = write
        self._report = report
        self._lines: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
        self._lost = 0
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
        with suppress(queue.Full):
            self._lines.put(None, timeout=_PATIENCE_S)
        self._thread.join(_PATIENCE_S)

    def put(self, line: str) -> None:
        """Queue a line; if the queue is full, it is lost, which is reported."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._lost += 1

    def _run(self) -> None:
        is_reported, lost = False, 0
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
            except BrokenPipeError:
                return  # the reader is gone
            except OSError as error:
                if not is_reported:
                    self._report(f"soblob: cannot write the log: {error.strerror}")
                is_reported = True
            else:
                is_reported = False
            if self._lost > lost:
                said = plural(self._lost - lost, "line")
                lost = self._lost
                self._report(f"soblob: {said} of the log were lost: the reader is too slow")


class _Log:
    """Writes the log, without secrets.

    Args:
        form: `lines`, `json` or `none`.
        write: Called with each line.
        severities: Which violations count as failures.

    Attributes:
        endpoint: The endpoint that is logged; it numbers the exchanges.
        failures: Number of failed requests, including malformed ones and those at which the stub
            itself failed.
    """

    endpoint: StubEndpoint

    def __init__(self, form: str, write: Callable[[str], None], severities: Severities) -> None:
        self._form = form
        self._write = write
        self._severities = severities
        self._validator = EnvelopeValidator(severities=severities)
        self.failures = 0

    def exchange(self, exchange: Exchange) -> None:
        """Log the newest exchange."""
        self.failures += bool(self._severities.failing(exchange.violations))
        if self._form == "lines":
            self._write(_line(exchange))
        elif self._form == "json":
            number = self.endpoint.forgotten + len(self.endpoint.exchanges)
            self._write_json(exchange_to_json(exchange, number))

    def malformed(self, error: HttpSyntaxError) -> None:
        """Log bytes that are not HTTP."""
        verdict = self._validator.judge_malformed(error)
        self.failures += bool(self._severities.failing(verdict.violations))
        said = ascii_controls(clip(redact(str(error)), 300))
        if self._form == "lines":
            self._write(f"{error.status} {error.rule}: {said}")
        elif self._form == "json":
            self._write_json({"status": error.status, "malformed": {error.rule: said}})

    def failed(self, said: str) -> None:
        """Log a failure of the stub itself: the client gets a 500, and there is no exchange."""
        self.failures += 1
        if self._form == "lines":
            self._write(f"the stub failed: {said}")
        elif self._form == "json":
            self._write_json({"stub_failed": said})

    def unfinished(self, said: str) -> None:
        """Log what a client began to send and did not complete; this is not a failure."""
        if self._form == "lines":
            self._write(f"unfinished: {said}")
        elif self._form == "json":
            self._write_json({"unfinished": said})

    def rejected(self, request: HttpRequest, what: str) -> None:
        """Log a control request without the valid token."""
        asked = ascii_controls(clip(redact(f"{request.method} {request.path}"), 200))
        if self._form == "lines":
            self._write(f"401 control API: {what}, {asked}")
        elif self._form == "json":
            self._write_json({"status": 401, "control": what, "request": asked})

    def _write_json(self, data: dict[str, object]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._write(json.dumps({"time": now, **data}))


def _line(exchange: Exchange) -> str:
    status = "closed" if exchange.response is None else str(exchange.response.status)
    blob = "" if exchange.blob_id is None else f" blob {exchange.blob_id}"
    failed = exchange.failure_name or exchange.business_failure_text
    why = "" if failed is None else f" ({failed})"
    found = exchange.violations
    said = f" {summary_line(found, _LONGEST_SAID)}" if found else ""
    return f"{status} {exchange.operation or 'unknown operation'}{blob}{why}{said}"
