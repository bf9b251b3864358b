"""`soblob validate` as a user runs it."""

import json
import os
import pty
import re
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from pytest_soblob import HttpRequest, HttpResponse
from pytest_soblob.cli import main
from tests import mistakes
from tests.cli.conftest import Soblob, command, everything_on
from tests.command import all_output, runner
from tests.wire import to_bytes

RIGHT = mistakes.request()
WRONG = mistakes.request(
    mistakes.IMAGE, mistakes.TYPE, "<n:Description>&#33;</n:Description>"
).replace("</e:Body>", "<n:SaveImageStream/></e:Body>")
VIOLATION_KEYS = [
    "rule", "severity", "path", "line", "column", "message", "expected", "got",
    "server", "change", "reference",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "right.xml").write_text(RIGHT)
    (tmp_path / "wrong.xml").write_text(WRONG)
    (tmp_path / "answer.xml").write_text(mistakes.response())
    (tmp_path / "empty.xml").write_bytes(b"")
    (tmp_path / "json.xml").write_text("{}")
    (tmp_path / "html.xml").write_text("<!doctype html><html></html>")
    (tmp_path / "binary.xml").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (tmp_path / "bom.xml").write_bytes(b"\xef\xbb\xbf")
    declared = f'<?xml version="1.0" encoding="UTF-16"?>{RIGHT}'
    (tmp_path / "utf16.xml").write_bytes(declared.encode("utf-16"))


def judged(soblob: Soblob, *arguments: str, stdin: bytes = b"") -> list[dict[str, Any]]:
    result = soblob("validate", "--format", "json", *arguments, stdin=stdin)
    parsed: list[dict[str, Any]] = json.loads(result.stdout)
    return parsed


def rules(entry: dict[str, Any]) -> list[str]:
    return [violation["rule"] for violation in entry["violations"]]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["right.xml"], 0),
        (["right.xml", "utf16.xml", "answer.xml"], 0),
        (["wrong.xml"], 1),
        (["right.xml", "wrong.xml"], 1),
        (["missing.xml"], 2),
        (["wrong.xml", "missing.xml", "right.xml"], 2),
        (["empty.xml"], 1),
        (["json.xml"], 1),
        (["html.xml"], 1),
        (["binary.xml"], 1),
        (["bom.xml"], 1),
        (["."], 1),
        ([], 2),
        (["--profile", "soap13", "right.xml"], 2),
        (["--max-size", "10", "right.xml"], 2),
        (["--installation", "online", "right.xml"], 1),
    ],
)
def test_exit_code(soblob: Soblob, files: list[str], code: int) -> None:
    for output in ("text", "json"):
        result = soblob("validate", "--format", output, *files)
        assert result.returncode == code
        assert b"Traceback" not in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("file", "rule"),
    [
        ("empty.xml", "xml.empty"),
        ("json.xml", "xml.not-xml"),
        ("html.xml", "xml.html"),
        ("binary.xml", "xml.not-xml"),
        ("bom.xml", "xml.empty"),
    ],
)
def test_what_can_be_read_is_judged(soblob: Soblob, file: str, rule: str) -> None:
    (entry,) = judged(soblob, file)
    assert (rules(entry), entry["profile"], entry["valid"]) == ([rule], None, False)


def test_json_has_this_shape(soblob: Soblob) -> None:
    entries = judged(soblob, "right.xml", "wrong.xml", "missing.xml", "answer.xml")
    assert [entry["file"] for entry in entries] == ["right.xml", "wrong.xml", "answer.xml"]
    assert [entry["kind"] for entry in entries] == ["request", "request", "response"]
    assert [entry["valid"] for entry in entries] == [True, False, True]
    for entry in entries:
        assert list(entry) == ["file", "message", "kind", "profile", "valid", "violations"]
        for violation in entry["violations"]:
            assert list(violation) == VIOLATION_KEYS
    assert rules(entries[1]) == ["body.second-child", "body.child-out-of-order"]
    assert entries[1]["violations"][1]["line"] == 5


def test_one_bad_file_does_not_stop_the_others(soblob: Soblob) -> None:
    result = soblob("validate", "missing.xml", "right.xml/x", "wrong.xml", "right.xml")
    text = result.stdout.decode()
    assert "right.xml: valid request" in text
    assert text.endswith("4 files: 1 valid, 1 invalid, 2 not read\n")
    assert result.stderr.decode().splitlines() == [
        "soblob: missing.xml: No such file or directory",
        "soblob: right.xml/x: Not a directory",
    ]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_one_line(soblob: Soblob, tmp_path: Path) -> None:
    (tmp_path / "right.xml").chmod(0)
    result = soblob("validate", "right.xml")
    assert (result.returncode, result.stderr.count(b"\n")) == (2, 1)


def test_a_file_over_the_limit_is_one_line(soblob: Soblob) -> None:
    result = soblob("validate", "--max-size", "10", "right.xml")
    assert result.stderr == b"soblob: right.xml: over the limit of 10 bytes (--max-size)\n"


def test_standard_input(soblob: Soblob) -> None:
    result = soblob("validate", "-", stdin=RIGHT.encode())
    assert result.stdout.decode().startswith("standard input: valid request (profile wsdl)")
    (entry,) = judged(soblob, "-", stdin=WRONG.encode())
    assert (entry["file"], entry["valid"]) == ("-", False)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (RIGHT, "request"),
        (mistakes.response(), "response"),
        (mistakes.fault("<faultcode>e:Client</faultcode><faultstring/>"), "response"),
        ("<x/>", "request"),
    ],
)
def test_the_kind_is_told_and_can_be_said(soblob: Soblob, text: str, kind: str) -> None:
    assert judged(soblob, "-", stdin=text.encode())[0]["kind"] == kind
    for said in ("request", "response"):
        assert judged(soblob, "--kind", said, "-", stdin=text.encode())[0]["kind"] == said


# -- raw HTTP messages ----------------------------------------------------------------------------

HEAD = (
    f"POST {mistakes.TARGET} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
    f'SOAPAction: "{mistakes.ACTION}"\r\n'
)
ANSWER = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"


def chunked(head: str, body: str) -> bytes:
    data = body.encode()
    pieces = [data[:100], data[100:]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (to_bytes(mistakes.http_request()), "request"),
        (to_bytes(mistakes.http_request()).replace(b"\r\n", b"\n"), "request"),
        (chunked(HEAD, RIGHT), "request"),
        (to_bytes(mistakes.http_response(mistakes.response())), "response"),
        (chunked(ANSWER, mistakes.response()), "response"),
        (f"{ANSWER}\r\n{mistakes.response()}".encode(), "response"),
    ],
)
def test_raw_http_is_told_by_itself(soblob: Soblob, data: bytes, kind: str) -> None:
    (entry,) = judged(soblob, "-", stdin=data)
    assert (entry["kind"], entry["valid"], entry["violations"]) == (kind, True, [])


@pytest.mark.parametrize(
    ("data", "kind", "rule"),
    [
        (to_bytes(mistakes.http_request(soap_action=None)), "request", "http.soap-action-missing"),
        (to_bytes(mistakes.http_response(mistakes.response(), 500)), "response",
         "http.response-with-error-status"),
        (to_bytes(mistakes.http_request())[:-9], "request", "http.content-length"),
        (to_bytes(mistakes.http_response(RIGHT)) + b"x", "response", "http.content-length"),
        (chunked(HEAD, RIGHT)[:-9], "request", "http.malformed"),
    ],
)  # fmt: skip
def test_raw_http_with_a_mistake(soblob: Soblob, data: bytes, kind: str, rule: str) -> None:
    *_, entry = judged(soblob, "-", stdin=data)  # what is left over is told after the message
    assert (entry["kind"], rules(entry)) == (kind, [rule])
    assert soblob("validate", "-", stdin=data).returncode == 1


def test_asked_for_the_other_kind_the_body_alone_is_judged(soblob: Soblob) -> None:
    data = to_bytes(mistakes.http_request())
    (entry,) = judged(soblob, "--kind", "response", "-", stdin=data)
    assert rules(entry)[-1] == "body.response-in-request"


# -- what is read ---------------------------------------------------------------------------------


def test_text_reads_like_this(soblob: Soblob, snapshot: SnapshotAssertion) -> None:
    result = soblob("validate", "right.xml", "wrong.xml", "answer.xml", columns=80)
    assert result.stdout.decode() == snapshot


def test_a_pipe_gets_no_colours(soblob: Soblob) -> None:
    assert b"\x1b[" not in soblob("validate", "right.xml", "wrong.xml").stdout


def test_a_terminal_of_80_columns(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR", "TERM")}
    process = subprocess.Popen(
        command("validate", "wrong.xml"),
        cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs,
        env=environment | {"COLUMNS": "80", "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    text = everything_on(ours).decode()
    assert process.wait(timeout=30) == 1
    assert "\x1b[31mINVALID\x1b[0m" in text
    lines = re.sub(r"\x1b\[\d*m", "", text).splitlines()
    assert [line for line in lines if len(line) > 80] == []


def test_a_name_cannot_act_on_the_terminal(soblob: Soblob, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\n.xml").write_text(RIGHT)
    result = soblob("validate", "a\x1b[31m\n.xml", "b\x1b[2J.xml")
    assert b"\x1b" not in result.stdout + result.stderr
    assert rb"a\x1b[31m\n.xml: valid" in result.stdout


def test_no_ticket_is_shown(soblob: Soblob) -> None:
    data = mistakes.request(header=mistakes.CREDENTIALS * 2).encode()
    for output in ("text", "json"):
        result = soblob("validate", "--format", output, "-", stdin=data)
        assert b"LeakedTicket" not in result.stdout + result.stderr


def test_the_threshold_is_the_option_or_the_nearest_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.mistakes import IMAGE, TYPE, request

    monkeypatch.chdir(tmp_path)
    Path("warned.xml").write_text(request(TYPE, IMAGE))

    def run(*options: str) -> tuple[int, str]:
        result = runner().invoke(main, ["validate", *options, "warned.xml"])
        return result.exit_code, all_output(result)

    assert run()[0] == 0
    code, output = run("--fail-on", "warning")
    assert (code, "valid, but fails on warnings" in output) == (1, True)
    assert run("--severity", "body.description-missing=error")[0] == 1
    Path("pytest.ini").write_text("[pytest]\nsoblob_fail_on = warning\n")
    assert run()[0] == 1
    assert run("--fail-on", "error")[0] == 0
    assert run("--severity", "body.description-missing=off")[0] == 0
    Path("pytest.ini").write_text("[pytest]\nsoblob_severity = body.description-mising=off\n")
    code, output = run()
    assert (code, "did you mean 'body.description-missing'" in output) == (2, True)


def test_a_limit_for_messages(tmp_path: Path) -> None:
    from tests.mistakes import request

    file = tmp_path / "large.xml"
    file.write_text(request())
    result = runner().invoke(main, ["validate", "--max-message-size", "400", str(file)])
    assert (result.exit_code, "payload.message-too-large" in result.output) == (1, True)


def test_cross_check_tells_what_others_say(tmp_path: Path) -> None:
    from tests.mistakes import DESCRIPTION, TYPE, request

    file = tmp_path / "odd.xml"
    file.write_text(request(TYPE, "<n:Image>!!!</n:Image>", DESCRIPTION))
    result = runner().invoke(main, ["validate", "--cross-check", str(file)])
    assert "libxml2 accepts what we reject for payload.base64-alphabet" in result.output
    assert "explained by base64-alphabet" in result.output
    result = runner().invoke(
        main, ["validate", "--cross-check", "--format", "jsonl", "--fail-on", "error", str(file)]
    )
    assert json.loads(result.output)["cross_check"][0]["explained_by"] == ["base64-alphabet"]


def test_a_difference_that_nothing_explains_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.mistakes import DESCRIPTION, TYPE, request

    monkeypatch.setattr("pytest_soblob.judge.disagreements.ROWS", ())
    file = tmp_path / "odd.xml"
    file.write_text(request(TYPE, "<n:Image>!!!</n:Image>", DESCRIPTION))
    options = ["--severity", "payload.base64-alphabet=note"]
    assert runner().invoke(main, ["validate", *options, str(file)]).exit_code == 0
    result = runner().invoke(main, ["validate", *options, "--cross-check", str(file)])
    assert (result.exit_code, "NOT EXPLAINED" in result.output) == (1, True)


GET_WSDL = b"GET /Remote/Services86/BLOB.svc?wsdl HTTP/1.1\r\nHost: a\r\n\r\n"


def raw(message: HttpRequest | HttpResponse) -> bytes:
    length = ("Content-Length", str(len(message.body)))
    headers = tuple(h for h in message.headers if h[0].lower() != "content-length")
    return to_bytes(replace(message, headers=(*headers, length)))


def test_who_looks_around_before_a_call_is_passed_over(soblob: Soblob) -> None:
    """As zeep does, on the same connection, and so in the same capture."""
    wsdl = raw(HttpResponse(headers=(("Content-Type", "text/xml"),), body=b"<definitions/>"))
    call = raw(mistakes.http_request(mistakes.request()))
    answer = raw(mistakes.http_response(mistakes.response()))
    result = soblob("validate", "--format", "json", "-", stdin=GET_WSDL + wsdl + call + answer)
    assert [(e["message"], e["kind"], e["valid"]) for e in json.loads(result.stdout)] == [
        (3, "request", True),
        (4, "response", True),
    ]
    alone = soblob("validate", "--format", "json", "-", stdin=GET_WSDL)
    assert b"http.method" in alone.stdout
    assert alone.returncode == 1


def test_what_a_tool_wrote_behind_a_message_hides_nothing_of_it(soblob: Soblob) -> None:
    wrong = raw(mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE)))
    result = soblob(
        "validate", "--format", "json", "-", stdin=wrong + b"\n\n-- end of capture --\n"
    )
    first, second = json.loads(result.stdout)
    assert "body.child-out-of-order" in [v["rule"] for v in first["violations"]]
    (left,) = second["violations"]
    assert left["rule"] == "http.content-length"
    assert "'-- end of capture --'; remove them if a tool has added" in left["message"]


def test_a_form_with_files_is_named(soblob: Soblob) -> None:
    form = b'--ab\r\nContent-Disposition: form-data; name="Image"\r\n\r\nabc\r\n--ab--\r\n'
    result = soblob("validate", "-", stdin=form)
    assert "it looks like a form with files (multipart/form-data)" in " ".join(
        result.stdout.decode().split()
    )


def test_an_envelope_in_a_json_string_is_judged(soblob: Soblob) -> None:
    result = soblob("validate", "-", stdin=json.dumps(mistakes.request()).encode())
    assert result.stdout.decode().startswith("standard input, line 1, request: valid request")
    assert result.returncode == 0


ANSWER_TO_GET = raw(HttpResponse(headers=(("Content-Type", "text/xml"),), body=b"<definitions/>"))
DISORDERED = mistakes.request(mistakes.IMAGE, mistakes.TYPE)
PIECES: dict[str, tuple[bytes, bool]] = {  # and whether something is wrong about it
    "a right call": (raw(mistakes.http_request(mistakes.request())), False),
    "a wrong call": (raw(mistakes.http_request(DISORDERED)), True),
    "a call by GET": (raw(replace(mistakes.http_request(DISORDERED), method="GET")), True),
    "a right answer": (raw(mistakes.http_response(mistakes.response())), False),
    "a wrong answer": (raw(mistakes.http_response(mistakes.response("<n:Nothing/>"))), True),
    "a call that is none": (b"POST / HTTP/1.1\r\n\x01\r\n\r\n", True),
    "an answer that is none": (b"HTTP/1.1 200 OK\r\n\x01\r\n\r\n", True),
    "a look around": (GET_WSDL, False),
    "an answer to that": (ANSWER_TO_GET, False),
}


@given(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=8))
@example(["a look around", "a call that is none"])
@example(["a look around", "a right call", "a wrong answer"])
@example(["a look around", "an answer that is none"])
def test_in_no_order_of_messages_is_a_wrong_one_passed_over(names: list[str]) -> None:
    """But what follows a look around at once, if it is an answer: that is the page."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "capture.http")
        file.write_bytes(b"".join(PIECES[name][0] for name in names))
        result = runner().invoke(main, ["validate", "--format", "jsonl", str(file)])
    told = {
        entry["message"]: entry["valid"] for entry in map(json.loads, result.stdout.splitlines())
    }
    for number, (before, name) in enumerate(pairwise(["", *names]), 1):
        is_page = before == "a look around" and name == "a wrong answer"
        if PIECES[name][1] and not is_page:
            assert told.get(number) is False, (number, name)
