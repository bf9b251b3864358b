"""`soblob validate` on folders and on many files, in one process and in several."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_soblob.cli.bulk import iter_files, judge_all
from pytest_soblob.cli.judging import JudgeSettings, Outcome
from pytest_soblob.cli.workers import CHUNK_BYTES, CHUNK_FILES, _chunks  # no output shows a chunk
from tests import mistakes
from tests.cli.conftest import Soblob, command, everything_on

ROOT = Path(__file__).parents[2]
RIGHT = mistakes.request()
WRONG = mistakes.request(mistakes.IMAGE, mistakes.TYPE)
JOBS = [1, 2]
# That two processes write what one writes stays; the rest is slow.
OR_TWO = [1, pytest.param(2, marks=pytest.mark.slow)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, and a folder between them that has three chunks of files."""
    folder = tmp_path / "captured"
    (folder / "m").mkdir(parents=True)
    (folder / "a.xml").write_text(WRONG)
    (folder / "z.http").write_text("GET / HTTP/1.1\r\n")
    for number in range(2 * CHUNK_FILES + 3):
        (folder / "m" / f"{number:04}.xml").write_text(WRONG if number % 7 == 3 else RIGHT)
    return folder


def names(folder: Path) -> list[str]:
    inner = sorted(f"captured/m/{file.name}" for file in (folder / "m").iterdir())
    return ["captured/a.xml", *inner, "captured/z.http"]


def run(
    code: str, folder: Path, *arguments: str, stdin: bytes = b""
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command after some lines of Python."""
    return subprocess.run(
        [sys.executable, "-c", f"{code}\nfrom pytest_soblob.cli import main; main()", *arguments],
        cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=stdin, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


# -- which files ----------------------------------------------------------------------------------


def test_a_folder_is_its_regular_files_sorted(tmp_path: Path) -> None:
    for name in ("b/2.xml", "b/10.xml", "a.txt", "c", "b.xml", ".hidden", ".git/x", "b/.h/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link.xml").symlink_to("c")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "round").symlink_to(".")
    found = list(iter_files([str(tmp_path)]))
    relative = [str(Path(str(item)).relative_to(tmp_path)) for item in found]
    assert relative == ["a.txt", "b/10.xml", "b/2.xml", "b.xml", "c", "link.xml"]


def test_what_is_named_is_judged_hidden_or_not(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").touch()
    given = [str(tmp_path / ".git" / "x"), "missing", "-", str(tmp_path / ".git"), "nul\0"]
    assert list(iter_files(given)) == [given[0], "missing", "-", given[0], "nul\0"]


def test_folders_nest_deeper_than_python_calls(tmp_path: Path) -> None:
    nested = [tmp_path]
    for _ in range(1200):
        nested.append(nested[-1] / "d")
        nested[-1].mkdir()
    file = nested[-1] / "x"
    file.touch()
    found = list(iter_files([str(tmp_path)]))
    # Clear up here: pytest would recurse.
    file.unlink()
    for folder in reversed(nested[1:]):
        folder.rmdir()
    assert found == [str(file)]


def test_a_folder_without_files_is_no_success(soblob: Soblob, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for jobs in JOBS:
        result = soblob("validate", "--jobs", str(jobs), "empty", process=jobs > 1)
        assert (result.returncode, result.stdout) == (2, b"")
        assert result.stderr == b"soblob: empty: a folder without files to judge\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_listed_is_one_line(soblob: Soblob, folder: Path) -> None:
    (folder / "m").chmod(0)
    try:
        result = soblob("validate", "captured")
    finally:
        (folder / "m").chmod(0o700)
    assert result.stderr == b"soblob: captured/m: Permission denied\n"
    assert result.returncode == 2


# -- the same output, however many processes ------------------------------------------------------


@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
def test_two_jobs_write_what_one_writes(soblob: Soblob, folder: Path, output: str) -> None:
    given = ["captured", "missing.xml", "-", "captured/a.xml"]
    one, two = (
        soblob(
            *("validate", "--format", output, "--jobs", str(jobs), *given),
            stdin=RIGHT.encode(),
            process=jobs > 1,
        )
        for jobs in JOBS
    )
    assert one.stdout == two.stdout
    assert one.stderr == two.stderr == b"soblob: missing.xml: No such file or directory\n"
    assert one.returncode == two.returncode == 2


@pytest.mark.parametrize("jobs", OR_TWO)
def test_the_order_is_that_of_the_input(soblob: Soblob, folder: Path, jobs: int) -> None:
    result = soblob(
        "validate", "--format", "jsonl", "--jobs", str(jobs), "captured/z.http", "-", "captured",
        stdin=RIGHT.encode(), process=jobs > 1,
    )  # fmt: skip
    lines = result.stdout.decode().splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["captured/z.http", "-", *names(folder)]
    assert result.returncode == 1


def test_json_lines_are_the_items_of_json(soblob: Soblob, folder: Path) -> None:
    listed = soblob("validate", "--format", "json", "captured").stdout.decode()
    lines = soblob("validate", "--format", "jsonl", "captured").stdout.decode()
    items = json.loads(listed)
    assert [json.loads(line) for line in lines.splitlines()] == items
    # What is written item by item reads as if it had been written as a whole.
    assert listed == json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def test_json_of_nothing_is_an_empty_list(soblob: Soblob) -> None:
    assert soblob("validate", "--format", "json", "missing").stdout == b"[]\n"
    assert soblob("validate", "--format", "jsonl", "missing").stdout == b""


@pytest.mark.parametrize("jobs", OR_TWO)
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (["captured/m/0000.xml", "captured/m/0001.xml"], 0),
        (["captured/m"], 1),
        (["captured/m/0000.xml", "missing"], 2),
        (["captured", "missing"], 2),
    ],
)
def test_exit_code(soblob: Soblob, folder: Path, jobs: int, given: list[str], code: int) -> None:
    done = soblob("validate", "--jobs", str(jobs), *given, process=jobs > 1)
    assert done.returncode == code


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_number_of_jobs_that_there_is_not(soblob: Soblob, jobs: str) -> None:
    result = soblob("validate", "--jobs", jobs, "x")
    assert result.returncode == 2
    assert b"Invalid value for '--jobs'" in result.stderr


def test_one_job_starts_no_process(tmp_path: Path) -> None:
    (tmp_path / "right.xml").write_text(RIGHT)
    code = (
        "import atexit, sys; atexit.register("
        "lambda: print(sorted({'concurrent', 'pytest_soblob.cli.workers'} & set(sys.modules))))"
    )
    result = run(code, tmp_path, "validate", "right.xml")
    assert result.stdout.decode().splitlines()[-1] == "[]"


@pytest.mark.parametrize("jobs", OR_TWO)
def test_names_of_any_bytes(soblob: Soblob, tmp_path: Path, jobs: int) -> None:
    name = os.fsdecode(b"caf\xe9\n\x1b[2J.xml")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / name).write_text(RIGHT)
    for output in ("json", "jsonl"):
        done = soblob("validate", "--format", output, "--jobs", str(jobs), "odd", process=jobs > 1)
        parsed = json.loads(done.stdout)
        item = parsed[0] if output == "json" else parsed
        assert os.fsencode(item["file"]) == b"odd/caf\xe9\n\x1b[2J.xml"
    result = soblob("validate", "--jobs", str(jobs), "odd", f"missing{name}", process=jobs > 1)
    assert result.stdout.decode().splitlines() == [
        "odd/caf�\\n\\x1b[2J.xml: valid request (profile wsdl), no findings",
        "2 files: 1 valid, 0 invalid, 1 not read",
    ]
    assert result.stderr.count(b"\n") == 1
    assert b"\x1b" not in result.stderr


# -- what goes wrong on the way -------------------------------------------------------------------

VANISH = """
from pathlib import Path
from pytest_soblob.cli import commands as cli
listed = cli.iter_files
def iter_files(names):
    found = list(listed(names))
    Path("captured/m/0005.xml").unlink()
    return iter(found)
cli.iter_files = iter_files
"""


@pytest.mark.parametrize("jobs", OR_TWO)
def test_a_file_that_disappears_is_one_line(folder: Path, jobs: int) -> None:
    result = run(VANISH, folder.parent, "validate", "--jobs", str(jobs), "captured")
    assert result.stderr == b"soblob: captured/m/0005.xml: No such file or directory\n"
    assert result.returncode == 2
    assert result.stdout.endswith(b"\n133 files: 111 valid, 21 invalid, 1 not read\n")


def judge_or_die(files: list[str], settings: JudgeSettings) -> list[Outcome]:
    """Stand in for a worker's job; dies as one dies that the system kills."""
    if any(file.endswith("z.http") for file in files):
        os.kill(os.getpid(), signal.SIGKILL)
    return [Outcome(file, is_valid=True) for file in files]


DIE = """
from pytest_soblob.cli import workers as _workers
from tests.cli.test_bulk import judge_or_die
_workers.judge_files = judge_or_die
"""


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_worker_that_dies_is_one_line(folder: Path, output: str) -> None:
    given = ["captured/z.http", "-", *["captured"] * 20]
    arguments = ["validate", "--jobs", "2", "--format", output, *given]
    result = run(DIE, folder.parent, *arguments, stdin=RIGHT.encode())
    assert result.stderr.decode() == (
        "soblob: a worker process died (killed, or out of memory): "
        "judging stopped before captured/z.http\n"
    )
    assert result.stdout == (b"" if output == "text" else b"[]\n")
    assert result.returncode == 2


@pytest.fixture(params=OR_TWO)
def stuck(
    request: pytest.FixtureRequest, tmp_path: Path, ctrl_c: None
) -> "Iterator[subprocess.Popen[bytes]]":
    """A run that reads a pipe that nobody writes to, in a process group of its own."""
    (tmp_path / "right.xml").write_text(RIGHT)
    os.mkfifo(tmp_path / "fifo")
    process = subprocess.Popen(
        command("validate", "--jobs", str(request.param), "right.xml", "-", "fifo"),
        cwd=tmp_path, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(RIGHT.encode())
    process.stdin.close()
    process.stdin = None
    # The two before it are written, so the pipe's turn has come.
    for file in (b"right.xml", b"standard input"):
        assert process.stdout.readline().startswith(file)
    yield process
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_ctrl_c_ends_it_at_once(stuck: "subprocess.Popen[bytes]") -> None:
    os.killpg(stuck.pid, signal.SIGINT)
    # Every process of the run holds these pipes: their end is the end of all of them.
    stdout, stderr = stuck.communicate(timeout=30)
    assert (stdout, stderr, stuck.returncode) == (b"", b"soblob: interrupted\n", 130)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_the_command(
    stuck: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    stuck.send_signal(number)
    assert stuck.communicate(timeout=30)[0] == b""
    assert stuck.returncode == -number


def test_a_reader_that_leaves_is_no_traceback(folder: Path) -> None:
    for jobs in JOBS:
        process = subprocess.Popen(
            command("validate", "--jobs", str(jobs), *["captured"] * 20),
            cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        assert process.communicate(timeout=60)[1] == b""


def test_no_module_comes_out_of_the_judged_folder(tmp_path: Path) -> None:
    for name in ("multiprocessing.py", "lxml.py", "pytest_soblob.py", "signal.py"):
        (tmp_path / name).write_text("open('imported', 'w').close()")
    code = "import sys; sys.path = [p for p in sys.path if p]"
    # Python itself would import from here before that line.
    result = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}; from pytest_soblob.cli import main; main()",
         "validate", "--jobs", "2", "."],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert result.stderr == b""
    assert not (tmp_path / "imported").exists()


# -- chunks and memory ----------------------------------------------------------------------------


def test_chunks_are_small_in_files_and_in_bytes(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, CHUNK_BYTES)
    known = Outcome("known", is_read=False)
    small = [f"{number}" for number in range(CHUNK_FILES + 1)]
    found = list(_chunks(["x", str(large), "y", "-", known, *small]))
    assert found == [["x", str(large)], ["y"], ["-"], [known], small[:-1], small[-1:]]


@pytest.mark.parametrize("jobs", OR_TWO)
def test_files_are_taken_as_needed(jobs: int) -> None:
    taken = []

    def items() -> Iterator[str]:
        for number in range(100_000):
            taken.append(number)
            yield "missing"

    outcomes = judge_all(items(), JudgeSettings(), jobs)
    next(outcomes)
    outcomes.close()
    assert len(taken) < 1_000


# -- progress -------------------------------------------------------------------------------------


def on_terminal(
    tmp_path: Path, *arguments: str, also_stdout: bool, term: str = "xterm"
) -> tuple[str, str]:
    """Run with standard error on a terminal; return what came on standard output, and on it."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(
        command("validate", *arguments), cwd=tmp_path,
        stdin=subprocess.DEVNULL, stdout=theirs if also_stdout else subprocess.PIPE, stderr=theirs,
        env=environment | {"COLUMNS": "80", "TERM": term},
    )  # fmt: skip
    os.close(theirs)
    shown = everything_on(ours).decode()
    return (process.communicate(timeout=30)[0] or b"").decode(), shown


def settled(text: str) -> list[str]:
    """The lines that stay on a terminal: what a carriage return and an erasure leave."""
    lines = [line.rstrip("\r").rpartition("\r\x1b[K")[2] for line in text.split("\n")]
    return [re.sub(r"\x1b\[[?\d]*[a-z]", "", line) for line in lines]


@pytest.mark.parametrize("jobs", OR_TWO)
def test_a_terminal_sees_progress_and_the_output_is_the_same(
    soblob: Soblob, folder: Path, jobs: int
) -> None:
    plain = soblob(
        "validate", "--jobs", str(jobs), "captured", "missing", columns=80, process=jobs > 1
    )
    stdout, terminal = on_terminal(
        folder.parent, "--jobs", str(jobs), "captured", "missing", also_stdout=False
    )
    assert stdout == plain.stdout.decode()
    assert "judging" in terminal
    assert re.search(r"\d+/134\b", terminal)
    assert settled(terminal) == [*plain.stderr.decode().splitlines(), ""]


@pytest.mark.slow
@pytest.mark.parametrize("jobs", OR_TWO)
def test_text_and_progress_on_one_terminal_do_not_mix(
    soblob: Soblob, folder: Path, jobs: int
) -> None:
    plain = soblob("validate", "--jobs", str(jobs), "captured", columns=80, process=jobs > 1)
    _, terminal = on_terminal(folder.parent, "--jobs", str(jobs), "captured", also_stdout=True)
    assert "judging" in terminal
    assert settled(terminal) == plain.stdout.decode().split("\n")


def test_one_file_needs_no_progress(folder: Path) -> None:
    assert on_terminal(folder, "m/0000.xml", also_stdout=False)[1] == ""


def test_a_terminal_that_cannot_erase_gets_no_progress(folder: Path) -> None:
    shown = on_terminal(folder.parent, "captured", also_stdout=False, term="dumb")[1]
    assert shown == ""


def test_a_pipe_gets_no_progress(soblob: Soblob, folder: Path) -> None:
    assert soblob("validate", "captured").stderr == b""
