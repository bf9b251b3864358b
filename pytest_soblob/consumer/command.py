"""A consumer in any language: a command that uploads one image each time it is run."""

import os
import re
import shlex
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pytest_soblob._text import did_you_mean
from pytest_soblob.consumer.foreign import presentable
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Failed,
    Hung,
    NoId,
    Outcome,
    read_result,
)
from pytest_soblob.consumer.process import Child, Kept, name_exit
from pytest_soblob.consumer.scenario import Need
from pytest_soblob.consumer.values import Abilities, Target, Upload
from pytest_soblob.errors import SoblobError
from pytest_soblob.settings import SoblobSettings

_ID: Final = re.compile(r"[+-]?\d{1,40}", re.ASCII)
LIMIT_S: Final = 10.0
# Where a secret stands that was found in a file; `secrets.not-in-logs` looks at what is a log.
LEFT_FILES: Final = "log (a file that it left)"
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
_MOST_SHOWN_BYTES: Final = 1_000_000
_MOST_SEARCHED_BYTES: Final = 16_000_000
# Neither a link is followed, nor a pipe waited for.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_MOST_FILES: Final = 2_000


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
    def connect(
        self, target: Target, *, listens: bool = False, alone: bool = False
    ) -> Iterator["CommandClient"]:
        """Return a client for a target; what it writes is collected in any case."""
        yield CommandClient(self, target)


class CommandClient:
    """Runs the command once for each call.

    Args:
        consumer: The command.
        target: Where it connects to.
    """

    shared = False  # each call is a process of its own

    def __init__(self, consumer: CommandConsumer, target: Target) -> None:
        self._consumer = consumer
        self._target = target
        places = ("output", "output (standard error)", LEFT_FILES)
        self._said: dict[str, list[str]] = {place: [] for place in places}

    def upload(self, call: Upload) -> Outcome:
        """Run the command, in a working folder of its own.

        Raises:
            SoblobError: The system cannot start it.
        """
        with TemporaryDirectory(prefix="soblob-", ignore_cleanup_errors=True) as folder:
            work, temporary, given = (Path(folder) / name for name in ("work", "tmp", "given"))
            for path in (work, temporary, given):
                path.mkdir()
            arguments = self._arguments(call, given)
            environment = {
                **environment_with(temporary),
                "SOBLOB_TICKET": self._target.ticket or "",
                "SOBLOB_TOKEN": self._target.application_token or "",
            }
            outcome = self._run(arguments, work, environment)
            self._said[LEFT_FILES] += read_files(work) + read_files(temporary)
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
        kept = {"output": Kept(), "errors": Kept()}
        child = Child(
            arguments, lambda place, data: kept[place].add(data), cwd=folder, env=environment
        )
        try:
            code = child.wait(self._consumer.limit_s)
        finally:
            child.end()
        output, errors = kept["output"], kept["errors"]
        self._said["output"].append(output.text)
        self._said["output (standard error)"].append(errors.text)
        return _outcome(code, output, errors, self._consumer.limit_s)


def environment_with(temporary: Path) -> dict[str, str]:
    """Return the environment of a process that has a folder for temporary files of its own."""
    return {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}


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
    found = shutil.which(words[0])
    if found is None:
        raise SoblobError(f"the command cannot be started: no executable file {words[0]!r}")
    if not Path(found).is_absolute():
        words[0] = str(Path(found).absolute())
    return [words[0], *map(_absolute, words[1:])]


def _absolute(word: str) -> str:
    """Return the path of a file in the current folder as an absolute path, any other word as it is.

    The command runs in another folder, and `python upload.py` is meant from here.
    """
    path = Path(word)
    is_path = ("/" in word or path.suffix) and not path.is_absolute() and "{" not in word
    try:
        return str(path.absolute()) if is_path and path.exists() else word
    except (OSError, ValueError):  # too long for a path, or with a NUL
        return word


def read_files(folder: Path) -> list[str]:
    """Return names and contents of what was left in a folder, up to a limit.

    Links are not followed: what they lead to is not the client's writing.
    """
    found: list[str] = []
    left = _MOST_SEARCHED_BYTES
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += folders
        for name in sorted(names):
            data = _read_file(Path(place) / name, min(left, _MOST_SHOWN_BYTES))
            left -= len(data)
            found += [name, data.decode("utf-8", "replace")]
        if len(found) > _MOST_FILES:
            break
    return found


def _read_file(path: Path, limit: int) -> bytes:
    """Return the beginning of a regular file; nothing of a link, a pipe or what is unreadable."""
    with suppress(OSError), os.fdopen(os.open(path, _FLAGS), "rb") as file:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file.read(limit)
    return b""


def _outcome(code: int | None, output: Kept, errors: Kept, limit_s: float) -> Outcome:
    last = errors.last_line or output.last_line
    if code is None:
        return Hung(limit_s, f"the last line that it wrote: {last}" if last else "")
    if code < 0:
        return Crashed(f"the command was ended by {name_exit(code)}" + (last and f": {last}"))
    if code > 0:
        return Failed(f"exit {code}: {last}" if last else f"exit {code}")
    line = output.last_line
    if not _ID.fullmatch(line):
        shown = f"exit 0 with {presentable(line, 60)} as the last line of its output"
        return NoId(
            shown if line else "exit 0 without any output",
            "the caller takes exit 0 for success, and has no id",
        )
    return read_result(int(line))
