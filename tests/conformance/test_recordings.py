"""A recording as `soblob validate` reads it: cut off anywhere, damaged, or without its bodies."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from pytest_soblob import HttpResponse
from pytest_soblob.cli import main
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.settings import SoblobSettings
from tests import mistakes
from tests.command import runner

SAVED = mistakes.http_response(mistakes.response())
WRONG = mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three exchanges: a right one, a wrong one, and one without an answer."""
    recorder = Recorder(tmp_path / "r.jsonl", SoblobSettings(behaviour="wcf"))
    right = mistakes.http_request()
    for passed in (
        Passed(request=right, response=SAVED),
        Passed(request=WRONG, response=SAVED),
        Passed(request=right, response=None, failure="there is no answer: it was reset"),
    ):
        recorder.record(passed)
    recorder.close()
    return tmp_path / "r.jsonl"


def validate(file: Path, *options: str) -> tuple[int, str, str]:
    done = runner().invoke(main, ["validate", *options, str(file)])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.stdout.replace(str(file), "r.jsonl"), done.stderr


def states(stdout: str) -> list[str]:
    return [line for line in stdout.splitlines() if line.startswith("r.jsonl, ")]


def test_each_message_is_judged_and_named(file: Path) -> None:
    code, out, error = validate(file)
    assert (code, error) == (1, "")
    assert [line.partition(" (")[0].rpartition(" ")[0] for line in states(out)] == [
        "r.jsonl, exchange 1, request: valid",
        "r.jsonl, exchange 1, response: valid",
        "r.jsonl, exchange 2, request: INVALID",
        "r.jsonl, exchange 2, response: valid",
        "r.jsonl, exchange 3, request: valid",
    ]
    assert "body.child-out-of-order" in out
    _, out, _ = validate(file, "--format", "json")
    assert [item["where"] for item in json.loads(out)][:2] == [
        "exchange 1, request",
        "exchange 1, response",
    ]


def test_cut_off_anywhere_it_is_read_to_its_last_whole_line(file: Path) -> None:
    data = file.read_bytes()
    ends = [at + 1 for at, byte in enumerate(data) if byte == 10]
    assert len(ends) == 3
    for size in [*range(ends[0], len(data), 41), *(end + more for end in ends for more in (-1, 0))]:
        file.write_bytes(data[:size])
        code, out, error = validate(file)
        whole = sum(size >= end - 1 for end in ends)  # the last needs no line end
        named = {line.split(", ")[1] for line in states(out)}
        assert named == {f"exchange {number}" for number in range(1, whole + 1)}
        is_cut = size not in (end + more for end in ends for more in (-1, 0))
        assert (f"exchange {whole + 1}, request is not judged: the file is cut off" in error) is (
            is_cut
        )
        assert code == (1 if whole > 1 else 0)


def test_a_body_that_is_missing_or_another_is_said(file: Path) -> None:
    first = json.loads(file.read_text().splitlines()[0])
    bodies = file.with_name("r.jsonl.bodies")
    (bodies / first["request"]["body"]).write_bytes(b"<another/>")
    (bodies / first["response"]["body"]).unlink()
    code, out, error = validate(file)
    assert [line.partition(" (")[0].rpartition(" ")[0] for line in states(out)] == [
        "r.jsonl, exchange 2, request: INVALID"
    ]
    assert "exchange 1, request is not judged: its body in r.jsonl.bodies is not the one" in error
    assert "exchange 1, response is not judged: its body cannot be read" in error
    assert code == 1
    shutil.rmtree(bodies)
    code, _, error = validate(file)
    assert code == 2
    assert error.count("\n") == 1


def test_without_its_folder_it_is_not_judged(file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "r.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    code, _, error = validate(packed)
    assert code == 2
    assert "its body cannot be read in r.gz.bodies" in error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../../etc/passwd", "its body is not here"),
        ("/etc/passwd", "its body is not here"),
        ("A" * 64, "its body is not here"),
        (4, "its body is not here"),
        ("link", "its body cannot be read"),
        ("pipe", "is not the one that was recorded"),
        ("folder", "its body cannot be read"),
    ],
)
def test_nothing_outside_its_folder_is_read(file: Path, name: object, said: str) -> None:
    item = json.loads(file.read_text().splitlines()[0])
    bodies = file.with_name("r.jsonl.bodies")
    known = "0" * 64
    if name == "link":
        (bodies / known).symlink_to("/etc/passwd")
    elif name == "pipe":
        os.mkfifo(bodies / known)
    elif name == "folder":
        (bodies / known).mkdir()
    item["request"]["body"] = known if name in ("link", "pipe", "folder") else name
    file.write_text(json.dumps(item) + "\n")
    code, out, error = validate(file)
    assert code == 0
    assert "exchange 1, request is not judged: " in error
    assert said in error
    assert "root:" not in out + error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"soblob_recording": 1}\n[]\n', "line 2 is no exchange"),
        ('{"soblob_recording": 1}\nnonsense\n', "line 2 is no exchange"),
        ('{"soblob_recording": 2}\n', "later version"),
        ('{"soblob_recording": 1, "request": 3, "response": [], "x": null}\n', "without a message"),
        ('{"soblob_recording": ' + "9" * 100, "without a message"),
        ('{"soblob_recording": 1, "response": {"status": "x", "headers": [1, [2], [3, 4]]}}\n',
         "without a message"),
        ('{"soblob_recording":' + "[" * 100_000 + "\n", "is no exchange"),
    ],
)  # fmt: skip
def test_what_is_no_recording_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text(text)
    code, _, error = validate(file)
    assert code in (1, 2)
    assert said in error or code == 1
    assert error.count("\n") <= 1


def test_a_response_of_a_bad_status_is_left_out(file: Path) -> None:
    item = json.loads(file.read_text().splitlines()[0])
    item["response"]["status"] = 99_999
    file.write_text(json.dumps(item) + "\n")
    code, out, _ = validate(file)
    assert (code, len(states(out))) == (0, 1)
    assert isinstance(SAVED, HttpResponse)


def test_in_a_folder_its_bodies_are_no_files_of_their_own(file: Path) -> None:
    (file.parent / "other.bodies").mkdir()
    (file.parent / "other.bodies" / "x.xml").write_text(mistakes.request())
    code, out, _ = validate(file.parent)
    assert code == 1
    places = [line.split(": ")[0] for line in out.splitlines() if "valid re" in line.lower()]
    assert len(places) == 6
    assert "other.bodies" in places[0]
