"""Upstreams that are down, slow or hostile: one line, within limits, and recorded as a failure."""

import gzip
import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from pytest_soblob import HttpRequest, HttpResponse, StubEndpoint
from pytest_soblob.certificates import Authority
from pytest_soblob.cli import main
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.settings import SoblobSettings
from tests import mistakes
from tests.cli.conftest import command
from tests.command import runner
from tests.conformance.recorded import answered, call, raw_upstream, recording
from tests.example_counts import untraced

RIGHT = mistakes.http_request()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


# What an upstream sends, and what is said of it: 502 for no answer.
HOSTILE: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "there is no answer"),
    ("no http", b"220 mail ready\r\n\r\n", "there is no answer"),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-", "the end of the headers"),
    ("no header", HEAD + b"what is this\r\nContent-Length: 0\r\n\r\n", "a line is no header"),
    ("a bare CR in the status line", b"HTTP/1.1 200 OK\rX: 1\r\nContent-Length: 0\r\n\r\n", "CR"),
    ("a bare CR in a header", HEAD + b"A: b\r c: d\r\nContent-Length: 0\r\n\r\n", "bare CR"),
    ("a NUL in a header", HEAD + b"A: b\0\r\nContent-Length: 0\r\n\r\n", "a NUL"),
    ("interim answers", b"HTTP/1.1 100 Continue\r\n\r\n" * 200_000, "lines of headers"),
    ("two lengths", HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", "not clear"),
    ("another coding", HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "not clear"),
    ("switched", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "not clear"),
    ("many headers", HEAD + b"X: y\r\n" * 200_000, "there is no answer"),
    ("a long header", HEAD + b"X: " + b"y" * 5_000_000 + b"\r\n\r\n", "there is no answer"),
    ("tiny chunks", CHUNKED + b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n", "a few bytes each"),
    ("too large", HEAD + b"Content-Length: 900000000\r\n\r\n" + b"x" * 20_000_000, "is over"),
    ("large chunks", CHUNKED + b"1100000\r\n" + b"x" * 18_000_000, "is over"),
]
CUT_OFF: list[tuple[str, bytes, bytes]] = [
    ("a short body", HEAD + b"Content-Length: 100\r\n\r\nabc", b"abc"),
    ("no last chunk", CHUNKED + b"3\r\nabc\r\n", b"abc"),
    ("cut off in a trailer", CHUNKED + b"3\r\nabc\r\n0\r\nX: ", b"abc"),
    ("cut off before the trailers end", CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n", b"abc"),
    ("cut off after the last chunk", CHUNKED + b"3\r\nabc\r\n0\r\n", b"abc"),
    ("endless trailers", CHUNKED + b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 200_000, b"abc"),
    ("a bad chunk", CHUNKED + b"3\r\nabc\r\nzz\r\n", b"abc"),
]


@pytest.fixture
def sending(tmp_path: Path) -> Callable[[bytes], "dict[str, Any]"]:
    """Record one exchange with an upstream that sends these bytes."""

    def run(data: bytes) -> dict[str, Any]:
        with (
            raw_upstream(lambda _, client: client.sendall(data)) as upstream,
            recording(tmp_path, upstream.url) as record,
        ):
            response = answered(call(record.url, RIGHT)) if data not in BYTES_CUT else None
            raw = call(record.url, RIGHT) if response is None else b""
        assert record.proxy.broken is None
        return {"response": response, "raw": raw, "items": record.exchanges, "lines": record.lines}

    return run


BYTES_CUT = {data for _, data, _ in CUT_OFF}


@pytest.mark.parametrize(("data", "said"), [row[1:] for row in HOSTILE],
                         ids=[row[0] for row in HOSTILE])  # fmt: skip
def test_an_answer_that_is_none_is_a_502_with_one_line(
    sending: Callable[[bytes], "dict[str, Any]"], data: bytes, said: str
) -> None:
    begun = time.process_time()
    found = sending(data)
    assert time.process_time() - begun < 2
    response = found["response"]
    assert response.status == 502
    assert response.body.count(b"\n") == 1
    (item,) = found["items"]
    assert item["response"] is None
    assert said in item["failure"]
    assert item["failure"].encode() in response.body
    assert item["not_compared"] == "there is no complete answer"
    assert found["lines"][0].startswith("no answer SaveImageStream (")


@pytest.mark.parametrize(("data", "left"), [row[1:] for row in CUT_OFF],
                         ids=[row[0] for row in CUT_OFF])  # fmt: skip
def test_what_is_cut_off_is_passed_on_cut_off(
    sending: Callable[[bytes], "dict[str, Any]"], data: bytes, left: bytes
) -> None:
    found = sending(data)
    head, _, body = found["raw"].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    is_chunked = b"chunked" in data
    assert (b"Transfer-Encoding: chunked" in head) is is_chunked
    assert body == (b"%x\r\n%b\r\n" % (len(left), left) if is_chunked else left)
    (item,) = found["items"]
    assert item["failure"].startswith("the answer is cut off")
    assert item["response"]["sent_bytes"] == len(left)
    assert item["verdicts"]["response"] is None


def test_an_upstream_that_is_down_is_a_502(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/BLOB.svc"
        with recording(tmp_path, url) as record:
            response = answered(call(record.url, HttpRequest(target="/BLOB.svc")))
    assert response.status == 502
    assert b"the upstream cannot be reached: Connection refused" in response.body
    assert record.exchanges[0]["failure"] == "the upstream cannot be reached: Connection refused"
    assert record.proxy.counts.failed == 1


def test_an_upstream_that_resets_or_is_slow_is_a_502(tmp_path: Path) -> None:
    def reset(_: bytes, client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()

    def trickle(_: bytes, client: socket.socket) -> None:
        client.sendall(HEAD)
        while True:  # until the proxy has had enough
            client.sendall(b"X: y\r\n" if client.fileno() >= 0 else b"")
            client.settimeout(0.02)
            with suppress(TimeoutError):
                client.recv(1)
            client.settimeout(30)

    for number, answer in enumerate((reset, trickle)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with (
            raw_upstream(answer) as upstream,
            recording(folder, upstream.url, answer_s=0.3) as record,
        ):
            assert answered(call(record.url, RIGHT)).status == 502
        assert len(record.exchanges) == 1


def test_an_answer_before_the_request_was_read_is_passed_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/BLOB.svc"

        def refuse() -> None:
            client, _ = server.accept()
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")

        thread = threading.Thread(target=refuse)
        thread.start()
        with recording(tmp_path, url) as record:
            large = HttpRequest(target="/BLOB.svc", body=bytes(10_000_000))
            response = answered(call(record.url, large))
        thread.join()
    assert (response.status, response.body) == (413, b"no")


def test_plain_http_at_a_port_of_tls_and_the_other_way_round(tmp_path: Path) -> None:
    with Authority(tmp_path / "ca") as authority:
        tls = authority.server_context()
        with StubEndpoint(tls=tls) as secure, StubEndpoint() as plain:
            for number, url in enumerate(
                (secure.url.replace("https", "http"), plain.url.replace("http", "https"))
            ):
                (tmp_path / str(number)).mkdir()
                with recording(tmp_path / str(number), url, ca=str(authority.ca_file)) as record:
                    response = answered(call(record.url, RIGHT))
                assert response.status in (400, 502)
                assert len(record.exchanges) == 1
            for endpoint in (secure, plain):
                endpoint.discard_findings()
    assert isinstance(tls, ssl.SSLContext)


def test_a_request_that_is_too_large_or_no_request_is_refused(tmp_path: Path) -> None:
    with (
        raw_upstream(lambda _, client: client.sendall(b"")) as upstream,
        recording(tmp_path, upstream.url, largest_body=1000) as record,
    ):
        large = answered(call(record.url, HttpRequest(target="/", body=b"x" * 5000)))
        assert (large.status, b"--max-body" in large.body) == (413, True)
        assert answered(call(record.url, RIGHT, b"\x16\x03\x01\x02\x00\x01\x00")).status == 400
        assert answered(call(record.url, RIGHT, b"GET / HTTP/1.1\r\n\r\n")).status == 400
        assert upstream.received == []
    assert record.exchanges == []
    assert len(record.lines) == 3


def test_more_connections_than_allowed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_soblob.conformance.proxying.MOST_CONNECTIONS", 2)
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        recording(tmp_path, endpoint.url) as record,
    ):
        port = int(record.url.split(":")[2].partition("/")[0])
        with (
            socket.create_connection(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port)),
            socket.create_connection(("127.0.0.1", port), timeout=30) as third,
        ):
            assert third.recv(1000).startswith(b"HTTP/1.1 503 ")
        while True:  # the others are gone as soon as their threads have seen it
            response = answered(call(record.url, RIGHT))
            if response.status != 503:
                break
        assert response.status == 200


def test_clients_at_once_have_a_line_each(tmp_path: Path) -> None:
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        recording(tmp_path, endpoint.url) as record,
    ):
        threads = [
            threading.Thread(target=lambda: [call(record.url, RIGHT) for _ in range(3)])
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    items = record.exchanges
    assert [item["exchange"] for item in items] == list(range(1, 37))
    assert len({item["blob_id"] for item in items}) == 36
    assert record.proxy.counts.exchanges == 36
    # Equal bodies are one file.
    assert len({item["request"]["body"] for item in items}) == 1


BOMBS = {
    "gzip": (gzip.compress(b" " * 40_000_000), "gzip"),
    "deflate": (zlib.compress(b"<a>" + b"x" * 16_000_000 + b"</a>"), "deflate"),
    "entities": (b'<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "dddd">]><a>&b;</a>', None),
    "elements": (b"<a>" + b"<b/>" * 250_000 + b"</a>", None),
    "attributes": (b"<a " + b"b='c' " * 200_000 + b"/>", None),
    "depth": (b"<a>" * 300_000, None),
    "open": (b"<" * 1_000_000, None),
    "quotes": (b"<a b=\"'" * 150_000, None),
    "secrets": (b"<a>" + b"<Ticket>7T:abcdef</Ticket>" * 20_000 + b"</a>", None),
    "blocks": (
        mistakes.response().replace(mistakes.SUCCEEDED, mistakes.SUCCEEDED * 9_000).encode(), None
    ),
    "base64": (mistakes.response("<n:Response>" + "QUJD" * 3_000_000 + "</n:Response>").encode(),
               None),
    "zeros": (bytes(15_000_000), None),
    "text": (b"password=x " * 1_400_000, None),
}  # fmt: skip


@untraced
@pytest.mark.parametrize(
    "name",
    [
        name if name in ("gzip", "secrets") else pytest.param(name, marks=pytest.mark.slow)
        for name in BOMBS
    ],
)
def test_a_bomb_is_recorded_within_bounds(tmp_path: Path, name: str) -> None:
    """In a fork, whose peak of memory is its own."""
    body, coding = BOMBS[name]
    headers = [("Content-Type", "text/xml; charset=utf-8")]
    headers += [("Content-Encoding", coding)] if coding else []
    child = os.fork()
    if not child:
        code = 99
        with suppress(BaseException):
            begun = time.process_time()
            recorder = Recorder(tmp_path / "r.jsonl", SoblobSettings(behaviour="wcf"))
            response = HttpResponse(headers=tuple(headers), body=body)
            recorder.record(Passed(request=RIGHT, response=response))
            spent = time.process_time() - begun
            peak = _peak_kib()
            (tmp_path / "used").write_text(json.dumps([spent, peak]))
            code = 0
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    spent, peak = json.loads((tmp_path / "used").read_text())
    assert spent < 2
    assert peak - _peak_kib() < 300 * 1024
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 1


def test_few_threads_record_what_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[str] = []
    most = 0
    recorder = Recorder(tmp_path / "r.jsonl", SoblobSettings(behaviour="wcf"))
    judge = recorder._judge

    def count(passed: Passed) -> Any:
        nonlocal most
        at_once.append("")
        most = max(most, len(at_once))
        try:
            return judge(passed)
        finally:
            at_once.pop()

    monkeypatch.setattr(recorder, "_judge", count)
    # Its size is only estimated, as that of the most bytes that so few can become.
    body = gzip.compress(b"<a>" + b"A " * 1_000_000 + b"</a>")
    headers = (("Content-Type", "text/xml"), ("Content-Encoding", "gzip"))
    for answer in (HttpResponse(headers=headers, body=body), HttpResponse(body=b"x" * 2_000_000)):
        passed = Passed(request=RIGHT, response=answer)
        threads = [threading.Thread(target=recorder.record, args=(passed,)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    recorder.close()
    assert most <= 2
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 12


@pytest.mark.slow
@untraced
def test_many_compressed_bodies_at_once_are_recorded_within_bounds(tmp_path: Path) -> None:
    """Each is a few kilobytes, and 15 MB when decoded."""
    lines = gzip.compress(b"<a>" + (b"A" * 70 + b"\n") * 200_000 + b"</a>")
    headers = (("Content-Type", "text/xml"), ("Content-Encoding", "gzip"))
    passed = Passed(request=HttpRequest(headers=headers, body=lines),
                    response=HttpResponse(headers=headers, body=lines))  # fmt: skip
    child = os.fork()
    if not child:
        code = 99
        with suppress(BaseException):
            recorder = Recorder(tmp_path / "r.jsonl", SoblobSettings(behaviour="wcf"))
            threads = [threading.Thread(target=recorder.record, args=(passed,)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            (tmp_path / "used").write_text(str(_peak_kib()))
            code = 0
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len((tmp_path / "r.jsonl").read_text().splitlines()) == 6
    assert int((tmp_path / "used").read_text()) - _peak_kib() < 400 * 1024


def _peak_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


# -- a process of its own --------------------------------------------------------------------------


@contextmanager
def running(folder: Path, upstream: str, **options: Any) -> Iterator[tuple[Any, str]]:
    """Run the command; yield the process and the URL to call."""
    process = subprocess.Popen(
        command("record", "--upstream", upstream, "--to", "r.jsonl"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, **options,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("recording http://127.0.0.1:"), first
            yield process, first.split()[1]
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_it_with_a_summary(tmp_path: Path, number: signal.Signals) -> None:
    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        running(tmp_path, endpoint.url) as (process, url),
    ):
        assert answered(call(url, RIGHT)).status == 200
        process.send_signal(number)
        out, error = process.communicate(timeout=30)
    assert process.returncode == 0, error
    assert out == "200 SaveImageStream blob 70001\n"
    assert error == (
        "soblob: r.jsonl: 1 exchange: 0 with errors, 0 with differences from the documented host, "
        "0 without a complete answer\n"
    )


def test_a_full_disk_ends_it_with_exit_code_1(tmp_path: Path) -> None:
    """A limit of a file's size stands for the disk; what was written before stays readable."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, 3_000))

    with (
        StubEndpoint(behaviour="wcf") as endpoint,
        running(tmp_path, endpoint.url, preexec_fn=limited) as (process, url),
    ):
        statuses = []
        for _ in range(4):
            with suppress(OSError):
                statuses.append(answered(call(url, RIGHT)).status)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "the recording ends, it cannot be written: File too large" in error
    assert set(statuses) == {200}  # each client that was answered had the server's answer
    lines = (tmp_path / "r.jsonl").read_bytes().splitlines(keepends=True)
    assert lines
    assert all(line.endswith(b"\n") and json.loads(line)["exchange"] for line in lines)
    done = runner().invoke(main, ["validate", str(tmp_path / "r.jsonl")])
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.slow
def test_killed_at_any_moment_it_is_readable_to_its_last_whole_line(tmp_path: Path) -> None:
    code = (
        "import sys, threading, requests\n"
        "s = requests.Session(); s.trust_env = False\n"
        "while True: s.post(sys.argv[1], data=sys.stdin.buffer.peek(), "
        f"headers={dict(RIGHT.headers)!r})\n"
    )
    with StubEndpoint(behaviour="wcf", keep=10) as endpoint:
        for round_number in range(3):
            folder = tmp_path / str(round_number)
            folder.mkdir()
            with running(folder, endpoint.url) as (process, url):
                client = subprocess.Popen(
                    [sys.executable, "-c", code, url], stdin=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )  # fmt: skip
                with client:
                    assert client.stdin is not None
                    client.stdin.write(RIGHT.body)
                    client.stdin.flush()
                    for _ in range(3 + 7 * round_number):  # so many exchanges, and then at once
                        process.stdout.readline()
                    process.kill()
                    client.kill()
            text = (folder / "r.jsonl").read_bytes()
            whole = text[: text.rfind(b"\n") + 1].splitlines()
            assert len(whole) >= 3 + 7 * round_number
            done = runner().invoke(main, ["validate", str(folder / "r.jsonl")])
            assert done.exit_code == 0, done.output
            assert done.stdout.count(": valid request") == len(whole)
            assert done.stdout.count(": valid response") == len(whole)
