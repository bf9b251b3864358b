"""A consumer that is written in Python: callables of its team."""

import io
import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_soblob.consumer.calling import Caller
from pytest_soblob.consumer.leaks import OneLine
from pytest_soblob.consumer.outcomes import Outcome
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.settings import SoblobSettings

# A call counts as hung once it takes so much longer than the client's own time limit.
_LONGER: Final = 1.2
_BEYOND_S: Final = 3.0
# Standard output belongs to the process: one client at a time is listened to.
_LISTENING: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonConsumer:
    """The code under test, as callables.

    Attributes:
        connect_to: Returns a client for a target; entered as a context manager.
        upload: Uploads with a client, and returns the blob id.
        failures: The exceptions by which a failure is told.
        abilities: What the team says about the client.
        settings: The settings that an endpoint for it begins with.
        attach: Uploads and attaches the image to a person, or None where there is no such call.
        authenticate: Logs in, or None likewise.
        logs: Returns what the client has logged, or None likewise.
    """

    connect_to: Callable[[Target], Any]
    upload: Callable[[Any, Upload], object]
    failures: tuple[type[BaseException], ...]
    abilities: Abilities = field(default_factory=Abilities)
    settings: SoblobSettings = field(default_factory=SoblobSettings)
    attach: Callable[[Any, Upload, int], object] | None = None
    authenticate: Callable[[Any, str, str], object] | None = None
    logs: Callable[[Any], str] | None = None

    @property
    def offers(self) -> frozenset[Need]:
        """What the consumer can do beyond single calls."""
        methods = {
            Need.ATTACH: self.attach,
            Need.AUTHENTICATE: self.authenticate,
        }
        defined = {need for need, method in methods.items() if method is not None}
        always = {Need.LIVE, Need.THREADS, Need.TICKET, Need.EXCEPTIONS, Need.LOGS}
        return frozenset(always | defined)

    @property
    def limit_s(self) -> float:
        """The time limit of a call, in seconds."""
        return self.abilities.timeout_s * _LONGER + _BEYOND_S

    @contextmanager
    def connect(self, target: Target, *, listens: bool = False) -> Iterator["PythonClient"]:
        """Return a client for a target."""
        with ExitStack() as stack:
            heard = stack.enter_context(_listening()) if listens else {}
            live = stack.enter_context(self.connect_to(target))
            caller = Caller(self.failures, self.limit_s)
            stack.callback(caller.close)
            yield PythonClient(self, live, caller, heard)


class PythonClient:
    """One live client.

    Args:
        consumer: Whose client it is.
        live: The team's own object.
        caller: Runs its calls.
        heard: What it writes, by place, where that is collected.
    """

    def __init__(
        self,
        consumer: PythonConsumer,
        live: Any,
        caller: Caller,
        heard: Mapping[str, io.StringIO],
    ) -> None:
        self._consumer = consumer
        self._live = live
        self._caller = caller
        self._heard = heard

    def upload(self, call: Upload) -> Outcome:
        """Upload an image."""
        return self._caller.upload(lambda: self._consumer.upload(self._live, call))

    def attach(self, call: Upload, person_id: int) -> Outcome | None:
        """Upload an image and attach it to a person."""
        attach = self._consumer.attach
        assert attach is not None  # noqa: S101 -- not due otherwise
        return self._caller.do(lambda: attach(self._live, call, person_id))

    def authenticate(self, user: str, password: str) -> Outcome | None:
        """Log in."""
        authenticate = self._consumer.authenticate
        assert authenticate is not None  # noqa: S101 -- not due otherwise
        return self._caller.do(lambda: authenticate(self._live, user, password))

    def said(self) -> Mapping[str, str]:
        """Return what was written and raised so far, by place."""
        said = {place: text.getvalue() for place, text in self._heard.items()}
        said["exception"] = "\n".join(map(_shown, self._caller.exceptions))
        if self._consumer.logs is not None:
            said["log that logs() returns"] = str(self._consumer.logs(self._live))
        return said


def _shown(error: BaseException) -> str:
    """Return an exception with those behind it, as a log shows it, and its values."""
    lines = traceback.format_exception_only(error)
    behind: BaseException | None = error
    while behind is not None:
        lines += [repr(behind), *map(str, getattr(behind, "__notes__", ()))]
        behind = behind.__cause__ or behind.__context__
    return "\n".join(lines)


@contextmanager
def _listening() -> Iterator[dict[str, io.StringIO]]:
    """Collect what is written to standard output, standard error and all loggers."""
    with _LISTENING:
        yield from _listen()


def _listen() -> Iterator[dict[str, io.StringIO]]:
    heard = {name: io.StringIO() for name in ("output", "output (standard error)", "log")}
    root = logging.getLogger()
    handler = logging.StreamHandler(heard["log"])
    handler.setFormatter(OneLine())
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(heard["output"]), redirect_stderr(heard["output (standard error)"]):
            yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
