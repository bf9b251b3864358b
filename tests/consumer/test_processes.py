"""Commands and workers that behave badly: each call ends in time, and nothing is left behind."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_soblob.consumer import Target, Upload
from pytest_soblob.consumer.command import CommandConsumer, read_files
from pytest_soblob.consumer.outcomes import (
    Crashed,
    Hung,
    Outcome,
    Saved,
)
from pytest_soblob.consumer.process import Child, Kept
from pytest_soblob.consumer.runner import Runner, Status
from pytest_soblob.consumer.scenarios import GATE
from pytest_soblob.consumer.worker import Worker, WorkerClient, WorkerConsumer
from pytest_soblob.errors import SoblobError
from tests.consumer.test_dialogue import OBJECTS
from tests.consumer.uploader import Uploader

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="reads /proc")

TARGET = Target(
    url="http://127.0.0.1:9/",
    principal_url="http://127.0.0.1:9/",
    ticket="7T:c29ibG9iQ29uc3VtZXJUaWNrZXQ=",
    application_token=None,
    user="user",
    password="password-of-user",
)
CALL = Upload(image=b"image")


def shell(script: str) -> str:
    return f"sh -c {shlex.quote(script)}"


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -S -c {shlex.quote(code)}"


def run(template: str, limit_s: float = 10.0) -> tuple[Outcome, dict[str, str]]:
    with CommandConsumer(template=template, limit_s=limit_s).connect(TARGET) as client:
        return client.upload(CALL), dict(client.said())


def children() -> set[str]:
    tasks = Path("/proc/self/task").glob("*/children")
    found: set[str] = set()
    for task in tasks:
        with suppress(OSError):  # the thread has ended
            found |= set(task.read_text().split())
    return found


def is_running(pid: str) -> bool:
    """Whether a process is there and is more than an entry that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    """No child process, no thread and no descriptor more than before."""
    before = (children(), set(threading.enumerate()), open_files())
    yield
    assert children() <= before[0]
    assert set(threading.enumerate()) <= before[1]
    assert open_files() <= before[2]


@contextmanager
def daemon(tmp_path: Path) -> Iterator[str]:
    """A shell command that leaves a process with its pipes, in a session of its own."""
    pid = tmp_path / "pid"
    try:
        yield f"setsid sh -c 'echo $$ > {pid}; exec sleep 60' & while [ ! -s {pid} ]; do :; done;"
    finally:
        os.kill(int(pid.read_text()), signal.SIGKILL)


def within(limit_s: float, work: Callable[[], Outcome]) -> Outcome:
    begun = time.monotonic()
    outcome = work()
    assert time.monotonic() - begun < limit_s, "a wait without a limit"
    return outcome


# -- commands --------------------------------------------------------------------------------------


def test_a_daemon_that_holds_the_output_does_not_hold_the_call(tmp_path: Path) -> None:
    with daemon(tmp_path) as forks:
        assert within(30, lambda: run(shell(f"{forks} echo 70001"))[0]) == Saved(70_001)


def test_a_hang_with_a_daemon_ends_at_the_limit(tmp_path: Path) -> None:
    with daemon(tmp_path) as forks:
        outcome = within(30, lambda: run(shell(f"{forks} sleep 60"), limit_s=0.5)[0])
    assert outcome == Hung(0.5)


def test_what_stays_in_the_group_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    outcome, _ = run(shell(f"sleep 60 & echo $! > {pid}; echo 70001"))
    assert outcome == Saved(70_001)
    assert not is_running(pid.read_text().strip())


@pytest.mark.slow
def test_a_hundred_megabytes_of_output_are_read_and_not_kept() -> None:
    write = "import sys\nfor _ in range(1600): sys.{}.write('x' * 65535 + chr(10))\n"
    code = write.format("stdout") + write.format("stderr") + "print(70001)"
    outcome, said = run(python(code), limit_s=60.0)
    assert outcome == Saved(70_001)
    assert max(map(len, said.values())) < 4_000_000
    assert "bytes left out" in said["output"]


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("kill -9 $$", "a crash (the command was ended by SIGKILL)"),
        ("echo bad >&2; kill -SEGV $$", "a crash (the command was ended by SIGSEGV: bad)"),
        ("exec >&- 2>&-; exit 3", "a failure (exit 3)"),
        ("exec >&- 2>&- <&-; sleep 60", "nothing: the call had not ended after 0.4 s"),
        ("echo Password:; sleep 60", "the last line that it wrote: Password:"),
        ("printf '\\001\\377\\376\\033[2J'; exit 4", "a failure (exit 4: \\x01��\\x1b[2J)"),
        ("printf '\\033[32m70001\\033[0m'", "exit 0 with \\x1b[32m70001\\x1b[0m as the last"),
        ("printf '\\357\\273\\27770001\\r\\n'", "blob id 70001"),
        ("printf 'saving\\r70001'", "blob id 70001"),
        ("printf '%s' 99999999999999999999999999999999999999999", "as the last line"),
        ("exit 0", "exit 0 without any output, which is no blob id"),
        ("cd /; echo 70001", "blob id 70001"),
        ('rm -rf "$PWD" "$TMPDIR"; echo 70001', "blob id 70001"),
        ("mkdir a; touch a/b; chmod 000 a; echo 70001", "blob id 70001"),
        ("ln -s . loop; ln -s /etc/passwd link; mkfifo pipe; echo 70001", "blob id 70001"),
        ("cat; echo 70001", "blob id 70001"),
        ('trap "" TERM INT HUP; echo 70001', "blob id 70001"),
        ('echo "$SOBLOB_TICKET" >&2; exit 5', "a failure (exit 5: 7T:c2…)"),
    ],
    ids=range(18),
)
def test_a_command_ends_with_one_clear_line(script: str, shown: str) -> None:
    limit_s = 0.4 if "sleep" in script else 20.0
    outcome, _ = run(shell(script), limit_s=limit_s)
    assert shown in str(outcome)
    assert str(outcome).isprintable()


def test_files_are_read_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside")
    folder = tmp_path / "folder"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "file").write_text("inside")
    (folder / "to-file").symlink_to(tmp_path / "outside")
    (folder / "to-folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    found = read_files(folder)
    assert set(found) - {""} == {"in", "to-folder", "to-file", "pipe", "file", "inside"}
    assert read_files(tmp_path / "gone") == []


def test_a_command_that_removes_itself_fails_its_scenario(tmp_path: Path) -> None:
    script = tmp_path / "once.sh"
    script.write_text("#!/bin/sh\nrm $0\nexit 1\n")
    script.chmod(0o755)
    runner = Runner(CommandConsumer(template=str(script)), GATE)
    assert runner.gate().status is Status.FAILED
    with pytest.raises(SoblobError, match="no executable file"):
        Runner(runner._consumer, GATE).gate()


def test_a_file_that_cannot_be_run_is_misuse(tmp_path: Path) -> None:
    script = tmp_path / "no-format"
    script.write_bytes(b"\x00\x01")
    script.chmod(0o755)
    with pytest.raises(SoblobError, match=r"cannot be started: Exec format error: '.*no-format'"):
        run(str(script))
    with pytest.raises(SoblobError, match="cannot be started: embedded null byte"):
        run("echo 'a\0b'")


def test_files_are_given_from_the_folder_where_the_suite_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "up").write_text("#!/bin/sh\necho 70001\n")
    (tmp_path / "bin" / "up").chmod(0o755)
    (tmp_path / "up.sh").write_text("echo 70002")
    assert run("bin/up")[0] == Saved(70_001)
    assert run("sh up.sh")[0] == Saved(70_002)
    assert run("sh ./up.sh {url}")[0] == Saved(70_002)
    monkeypatch.setenv("PATH", f"bin:{os.environ['PATH']}")
    assert run("up")[0] == Saved(70_001)


@pytest.mark.slow
@pytest.mark.usefixtures("ctrl_c")
def test_an_interrupt_ends_the_run_soon(tmp_path: Path) -> None:
    """What has not begun is not played: 190 calls of 0.3 s would take a minute."""
    script = Path(__file__).with_name("scripted.py")
    begun = tmp_path / "begun"
    once = f"sh -c 'echo >> {begun}; sleep 0.2; exec \"$@\"' sh {sys.executable} {script} once"
    words = [sys.executable, "-c", "from pytest_soblob.cli import main; main()", "consumer"]
    words += ["--command", f"{once} {{url}} {{type}} {{image}} {{description}}", "--timeout", "60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 100
        while time.monotonic() < deadline and process.poll() is None:
            if begun.exists() and begun.read_text().count("\n") > 10:
                break
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=100)
    assert process.returncode == 130, errors
    assert errors.decode().rstrip().endswith("soblob: interrupted")
    assert begun.read_text().count("\n") < 80


# -- workers ---------------------------------------------------------------------------------------

ANSWERS = """
import json, os, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    def say(**more):
        print(json.dumps({'call': asked['call'], **more}), flush=True)
"""


@contextmanager
def worker(code: str, limit_s: float = 20.0) -> Iterator[tuple[Worker, WorkerClient]]:
    process = Worker(python(code))
    consumer = WorkerConsumer(process=process, limit_s=limit_s)
    with closing(process), consumer.connect(TARGET, listens=True) as client:
        yield process, client


def ask(client: WorkerClient, what: str) -> Outcome:
    return client.upload(Upload(image=b"image", description=what))


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("sys.exit(3)", "a crash (the worker has ended: exit 3)"),
        ("1 / 0", "the worker has ended: exit 1: ZeroDivisionError: division by zero"),
        ("os.kill(os.getpid(), 9)", "a crash (the worker has ended: SIGKILL)"),
        ("os.close(1); time.sleep(60)", "has closed its standard output, and still runs"),
        ("os.write(1, b'{' * 3_000_000)", "the line is longer than 1,000,000 bytes"),
        ("print('saved 1', flush=True); time.sleep(60)", "last line that it wrote is no answer"),
        ("os.close(0); time.sleep(60)", "the call had not ended after 0.4 s"),
        ("print('x' * 10**7); say(saved=1)", "blob id 1"),
        ("sys.stderr.write('x' * 10**7); say(saved=1)", "blob id 1"),
    ],
    ids=range(9),
)
def test_a_worker_ends_a_call_with_one_clear_line(code: str, shown: str) -> None:
    limit_s = 0.4 if "not ended" in shown or "last line" in shown else 20.0
    with worker(f"{ANSWERS}    {code}\n", limit_s) as (_, client):
        assert shown in str(within(30, lambda: ask(client, "")))
        assert shown in str(within(30, lambda: ask(client, "")))  # by a new process or the same


def test_a_worker_that_does_not_read_holds_neither_the_call_nor_the_end() -> None:
    with worker("import time; time.sleep(60)", limit_s=0.5) as (_, client):
        outcome = within(20, lambda: ask(client, "x" * 1_000_000))
    assert isinstance(outcome, Hung)


def test_a_daemon_of_a_worker_does_not_hold_its_end(tmp_path: Path) -> None:
    with daemon(tmp_path) as forks:
        code = f"import os; os.system({forks!r}); print('ready', flush=True); os._exit(7)"
        with worker(code) as (_, client):
            outcome = within(20, lambda: ask(client, ""))
    assert outcome == Crashed("the worker has ended: exit 7")


THREADS = """
import json, sys, threading, time
lock = threading.Lock()
def answer(line):
    asked = json.loads(line)
    if asked['description'] == 'hang':
        time.sleep(60)
    if asked['description'] == 'crash':
        import os
        os._exit(9)
    time.sleep(0.3)
    with lock:
        print(json.dumps({'call': asked['call'], 'saved': 7}), flush=True)
for line in sys.stdin:
"""
AT_ONCE = f"{THREADS}    threading.Thread(target=answer, args=(line,), daemon=True).start()\n"
IN_TURN = f"{THREADS}    answer(line)\n"


@pytest.mark.slow
@pytest.mark.parametrize("code", [AT_ONCE, IN_TURN], ids=["at once", "in turn"])
@pytest.mark.parametrize("bad", ["hang", "crash"])
def test_a_bad_call_is_told_from_those_beside_it(code: str, bad: str) -> None:
    """Whatever became of the others: they know that they were not alone, and are played again."""
    with worker(code, limit_s=2.0) as (process, client):
        consumer = WorkerConsumer(process=process, limit_s=2.0)
        with consumer.connect(TARGET) as other:
            outcomes: dict[str, Outcome] = {}
            calls = [
                threading.Thread(target=lambda: outcomes.update(bad=ask(client, bad))),
                threading.Thread(target=lambda: outcomes.update(good=ask(other, "good"))),
            ]
            for call in calls:
                call.start()
            for call in calls:
                call.join()
            assert not isinstance(outcomes["bad"], Saved)
            if not isinstance(outcomes["good"], Saved):
                assert other.shared
        assert ask(client, "good") == Saved(7)


class _Disturbed:
    """A client that crashes in a process that it shares.

    Args:
        target: Where it connects to.
        shared: Whether it shares its process.
    """

    def __init__(self, target: Target, *, shared: bool) -> None:
        self.shared = shared
        self._uploader = Uploader(target)

    def upload(self, call: Upload) -> Outcome:
        return Crashed("beside another") if self.shared else Saved(self._uploader.save(call))

    def said(self) -> dict[str, str]:
        return {}


@pytest.mark.parametrize("mends", [True, False])
def test_a_scenario_that_was_disturbed_is_played_again_with_a_process_of_its_own(
    mends: bool,
) -> None:
    asked: list[bool] = []

    class Consumer(CommandConsumer):
        @contextmanager
        def connect(  # type: ignore[override]
            self, target: Target, *, listens: bool = False, alone: bool = False
        ) -> Iterator[_Disturbed]:
            asked.append(alone)
            yield _Disturbed(target, shared=not (alone and mends))

    runner = Runner(Consumer(template="true"), GATE)
    assert runner.gate().passed == mends
    assert asked == [False, True]


def test_a_clock_that_stands_still_stops_no_limit() -> None:
    with freeze_time("2026-01-01"):
        assert run(shell("exec >&- 2>&-; sleep 60"), limit_s=0.3)[0] == Hung(0.3)
        assert run(shell("echo 70001"))[0] == Saved(70_001)
        with worker("import time; time.sleep(60)", limit_s=0.3) as (_, client):
            assert ask(client, "") == Hung(0.3)


def test_kept_bytes_are_the_first_and_the_last() -> None:
    kept = Kept(limit=10)
    for number in range(100):
        kept.add(b"%02d" % number)
    assert kept.text.startswith("0001020304\n(")
    assert kept.text.endswith("9596979899")
    assert Kept().last_line == ""


def test_a_child_is_ended_once() -> None:
    child = Child(["sleep", "60"], lambda place, data: None)
    assert child.wait(0.01) is None
    child.end()
    child.end()
    assert child.exit_code == -signal.SIGKILL


@pytest.fixture(scope="module")
def echoing() -> Iterator[WorkerClient]:
    """A worker that writes what it is told, and then an answer."""
    writes = "os.write(1, bytes.fromhex(asked['description']) + bytes([10])); say(saved=7)"
    with worker(f"{ANSWERS}    {writes}\n") as (_, client):
        assert ask(client, "") == Saved(7)  # it runs before a test counts processes
        yield client


@settings(max_examples=30)
@given(lines=st.lists(st.binary(max_size=40) | OBJECTS, max_size=4))
@example(lines=[b'{"call": true, "saved": 1}'])
@example(lines=[b"[" * 50_000, b'{"call": 1, "failed": ' + b"[" * 50_000])
@example(lines=[b'{"call": ' + b"9" * 5_000 + b"}"])
def test_whatever_a_worker_writes_its_calls_end(echoing: WorkerClient, lines: list[bytes]) -> None:
    outcome = ask(echoing, b"\n".join(lines).hex())
    assert not isinstance(outcome, Hung | Crashed)
    assert str(outcome).isprintable()
    assert ask(echoing, "") == Saved(7)
