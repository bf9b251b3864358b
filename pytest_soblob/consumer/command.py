"""A consumer in any language: a command that uploads one image each time it is run."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Hung,
    NoId,
    Outcome,
    read_result,
)
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings

_ID: Final = re.compile(r"[+-]?\d{1,40}", re.ASCII)
LIMIT_S: Final = 10.0
PLACEHOLDERS: Final = (
    "url",
    "type",
    "image",
    "description",
    "ticket",
    "token",
    "user",
    "password",
    "principal_url",
)
_PLACEHOLDER: Final = re.compile(r"\{(\w*)\}")
_MOST_SHOWN_BYTES: Final = 100_000
_MOST_FILES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandConsumer:
    """The code under test, as a command.

    Attributes:
        template: The command with its arguments, split as a POSIX shell would; no shell runs. Each
            placeholder in braces becomes (a part of) one argument.
        abilities: What the team says about the client.
        settings: The settings that an endpoint for it begins with.
        limit_s: The time limit of a call, in seconds.

    Raises:
        SoblobError: The template names no command that can be started, or an unknown placeholder.
    """

    template: str
    abilities: Abilities = field(default_factory=Abilities)
    settings: SoblobSettings = field(default_factory=SoblobSettings)
    limit_s: float = LIMIT_S

    def __post_init__(self) -> None:
        split_command(self.template, PLACEHOLDERS)

    @property
    def offers(self) -> frozenset[Need]:
        """What the consumer can do beyond single calls: a client that logs in takes no ticket."""
        ticket = () if "{user}" in self.template else (Need.TICKET,)
        return frozenset((Need.LOGS, *ticket))

    @contextmanager
    def connect(self, target: Target, *, listens: bool = False) -> Iterator["CommandClient"]:
        """Return a client for a target; what it writes is collected in any case."""
        yield CommandClient(self, target)


class CommandClient:
    """Runs the command once for each call.

    Args:
        consumer: The command.
        target: Where it connects to.
    """

    def __init__(self, consumer: CommandConsumer, target: Target) -> None:
        self._consumer = consumer
        self._target = target
        self._said: dict[str, list[str]] = {"output": [], "output (standard error)": [], "log": []}

    def upload(self, call: Upload) -> Outcome:
        """Run the command, in a working folder of its own."""
        with TemporaryDirectory(prefix="soblob-") as folder:
            work, temporary, given = (Path(folder) / name for name in ("work", "tmp", "given"))
            for path in (work, temporary, given):
                path.mkdir()
            arguments = self._arguments(call, given)
            environment = {
                **os.environ,
                "SOBLOB_TICKET": self._target.ticket or "",
                "SOBLOB_TOKEN": self._target.application_token or "",
                "TMPDIR": str(temporary),
            }
            outcome = self._run(arguments, work, environment)
            self._said["log"] += _files(work) + _files(temporary)
        return outcome

    def said(self) -> Mapping[str, str]:
        """Return what the command has written, and what it has left in its folders."""
        return {place: "\n".join(texts) for place, texts in self._said.items()}

    def _arguments(self, call: Upload, folder: Path) -> list[str]:
        image, description = folder / "image", folder / "description.txt"
        image.write_bytes(call.image)
        if call.description is not None:
            description.write_bytes(call.description.encode("utf-8", "surrogatepass"))
        target = self._target
        values = {
            "url": target.url,
            "type": call.type,
            "image": str(image),
            "description": "" if call.description is None else str(description),
            "ticket": target.ticket or "",
            "token": target.application_token or "",
            "user": target.user,
            "password": target.password,
            "principal_url": target.principal_url,
        }
        words = split_command(self._consumer.template, PLACEHOLDERS)
        return [_PLACEHOLDER.sub(lambda found: values[found[1]], word) for word in words]

    def _run(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> Outcome:
        limit_s = self._consumer.limit_s
        with start(arguments, cwd=folder, env=environment) as process:
            try:
                output, errors = process.communicate(timeout=limit_s)
            except subprocess.TimeoutExpired:
                end(process)
                output, errors = process.communicate()
                self._note(output, errors)
                return Hung(limit_s)
            finally:
                end(process)
        self._note(output, errors)
        return _outcome(process.returncode, output, errors)

    def _note(self, output: bytes, errors: bytes) -> None:
        for place, data in (("output", output), ("output (standard error)", errors)):
            self._said[place].append(_text(data))


def split_command(template: str, known: tuple[str, ...]) -> list[str]:
    """Return the words of a command line.

    Args:
        template: The command line, quoted as for a POSIX shell.
        known: The placeholders that may stand in it.

    Raises:
        SoblobError: A quote is open, nothing is left, a placeholder is unknown, or the command
            cannot be found.
    """
    try:
        words = shlex.split(template)
    except ValueError as error:
        raise SoblobError(f"the command cannot be split: {error}") from None
    if not words:
        raise SoblobError("the command is empty")
    for word in words:
        for name in _PLACEHOLDER.findall(word):
            if name not in known:
                hint = did_you_mean(name, known)
                listed = ", ".join(known) or "none"
                raise SoblobError(f"unknown placeholder {{{name}}}{hint} (known: {listed})")
    if shutil.which(words[0]) is None:
        raise SoblobError(f"the command cannot be started: no executable file {words[0]!r}")
    return words


def start(
    arguments: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    """Start a process in a group of its own, with pipes for its streams.

    Raises:
        SoblobError: The system cannot start it.
    """
    try:
        return subprocess.Popen(  # noqa: S603 -- it is the team's own command
            arguments,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise SoblobError(f"the command cannot be started: {error.strerror}") from None


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with its children; nothing where it has ended."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _outcome(code: int, output: bytes, errors: bytes) -> Outcome:
    if code < 0:
        return Crashed(f"the command was ended by {_signal(-code)}")
    if code > 0:
        return Failed(f"exit {code}: {_last_line(errors) or _last_line(output)}")
    line = _last_line(output)
    if not _ID.fullmatch(line):
        return NoId(
            f"exit 0 with {line!r:.60} as the last line",
            "the caller takes exit 0 for success, and has no id",
        )
    return read_result(int(line))


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(data: bytes) -> str:
    lines = _text(data).strip().splitlines()
    return lines[-1].strip() if lines else ""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _files(folder: Path) -> list[str]:
    """Return names and contents of what was left in a folder."""
    found = []
    for path in sorted(folder.rglob("*"))[:_MOST_FILES]:
        found.append(path.name)
        with suppress(OSError):
            if path.is_file():
                with path.open("rb") as file:
                    found.append(_text(file.read(_MOST_SHOWN_BYTES)))
    return found
