"""`soblob verify` as a command: credentials, exit codes, hostile and overloaded servers, Ctrl-C."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_soblob import Authority, SoblobError, StubEndpoint
from pytest_soblob.cli import main
from pytest_soblob.conformance.providers import Credentials, Options, links, verify_provider
from pytest_soblob.conformance.providers.credentials import from_environment, from_file
from pytest_soblob.conformance.providers.pacing import Pace, retry_after_s
from pytest_soblob.conformance.providers.values import Address
from tests.command import runner
from tests.conformance.bounds import measured
from tests.conformance.providers import TICKET, Handler, Reply, Right, served

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "verify.schema.json").read_text())
FAST = ("--rate", "100000", "--timeout", "5")
VARIABLES = ("SOBLOB_TICKET", "SOBLOB_APPLICATION_TOKEN", "SOBLOB_USER", "SOBLOB_PASSWORD")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def command(*arguments: str, **environment: str) -> tuple[int, str, str]:
    result = runner().invoke(
        main, ["verify", *FAST, *arguments], env=environment, prog_name="soblob"
    )
    return result.exit_code, result.stdout, result.stderr


def test_clean_is_0_and_findings_are_1() -> None:
    right = Right()
    with served(right) as url:
        code, text, error = command(url, SOBLOB_TICKET=TICKET)
        assert (code, error) == (0, "")
        assert "no findings" in text
        right.check_type = lambda value: None  # type: ignore[method-assign]
        code, text, _ = command(url, "--format", "json", SOBLOB_TICKET=TICKET)
    assert code == 1
    report = json.loads(text)
    jsonschema.validate(report, SCHEMA)
    assert {"refusal.text-plain", "refusal.charset"} <= {one["id"] for one in report["findings"]}


def test_uploads_are_said_before_and_listed_after(tmp_path: Path) -> None:
    file = tmp_path / "credentials.toml"
    file.write_text(f"ticket = '{TICKET}'\n")
    file.chmod(0o600)
    right = Right()
    with served(right) as url:
        given = ("--credentials", str(file), "--allow-writes", "--max-uploads", "3")
        code, text, error = command(url, *given, "--run-id", "abc")
    assert code == 0
    assert "at most 3 uploads, 8,388,608 bytes in all" in error
    assert "soblob-verify-abc" in error
    assert f"blob ids: {', '.join(map(str, right.images))}" in text
    assert "all 3 uploads are spent (--max-uploads)" in " ".join(text.split())
    assert right.saves <= 3


def test_no_byte_more_than_allowed_is_uploaded() -> None:
    right = Right()
    with served(right) as url:
        options = Options(rate=1e9, allow_writes=True, max_bytes=5_000)
        report = verify_provider(url, Credentials(ticket=TICKET), options)
    assert 0 < report.sent_bytes <= 5_000
    assert "--max-bytes" in report.to_text()


def test_a_terminal_shows_the_probe_that_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["pytest_soblob.cli.verify"]  # its name is that of the command, too
    monkeypatch.setattr(module, "is_terminal", lambda stream: True)
    with served(Right()) as url:
        code, _, error = command(url, "--only", "refusal.dtd")
    assert code == 0
    shown = error.split("\r")  # click removes the rest, as this is no terminal
    assert shown == ["", "help", "read", "refusal.dtd", ""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ftp://host/BLOB.svc",), "must be an http or https URL"),
        (("http://me:secret@host/BLOB.svc",), "has a user name in it"),
        (("http://[/BLOB.svc",), "is no URL"),
        (("http://127.0.0.1:1/BLOB.svc",), "the connection is refused"),
        (("http://host.invalid/BLOB.svc",), "the host name cannot be resolved"),
        (("http://127.0.0.1:1/a", "--allow-writes"), "needs a ticket"),
        (("http://127.0.0.1:1/a", "--credentials", "missing"), "cannot be read: No such file"),
        (("http://127.0.0.1:1/a", "--prompt"), "needs a terminal"),
        (("http://127.0.0.1:1/a", "--run-id", "a b"), "must be ASCII letters and digits"),
        (("http://127.0.0.1:1/a", "--max-uploads", "3"), "no effect without --allow-writes"),
        (("http://127.0.0.1:1/a", "--max-bytes", "9"), "--max-bytes has no effect"),
        (("https://127.0.0.1:1/a", "--ca-file", "missing"), "missing has no certificates"),
    ],
)
def test_misuse_is_one_line_and_2(arguments: tuple[str, ...], said: str) -> None:
    code, text, error = command(*arguments)
    assert (code, text) == (2, "")
    assert said in error
    assert error.count("\n") == 1
    assert "secret" not in error


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        ("upload.*", ": upload.* needs --allow-writes"),
        ("wcf.mtom", ": wcf.* needs --behaviour wcf"),
        ("nothing", ""),
    ],
)
def test_a_pattern_of_probes_that_may_not_be_sent_says_what_it_needs(
    pattern: str, needs: str
) -> None:
    with served(Right()) as url:
        code, _, error = command(url, "--only", pattern, SOBLOB_TICKET=TICKET)
    assert (code, error.count("\n")) == (2, 1)
    assert error.endswith(
        f"no probe that may be sent is named {pattern}{needs} (see `soblob verify --help`)\n"
    )


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "credentials"
    file.write_text("ticket = '7T:x'")
    file.chmod(0o640)
    with pytest.raises(SoblobError, match="can be read by others: run chmod 600 on it"):
        from_file(file)
    file.chmod(0o600)
    assert from_file(file).ticket == "7T:x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ticket = 7", "texts with these keys only: ticket, application-token, user, password"),
        ("tickets = 'secret'", "texts with these keys only"),
        ("secret", "is no TOML"),
        ("user = 'secret'", "a user needs a password"),
        ("ticket = ' secret'", "white space"),
    ],
)
def test_a_bad_file_is_said_without_its_secrets(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "credentials"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SoblobError, match=said) as raised:
        from_file(file)
    assert "secret" not in str(raised.value)


def test_the_environment_gives_credentials() -> None:
    given = dict(zip(VARIABLES, ("7T:a", "b", "c", "d"), strict=True))
    wanted = Credentials(ticket="7T:a", application_token="b", user="c", password="d")
    assert from_environment(given) == wanted
    assert "7T:a" not in repr(wanted)


def test_a_user_is_logged_in() -> None:
    with StubEndpoint() as endpoint:
        code, text, _ = command(endpoint.url, "--only", "refusal.no-*", SOBLOB_USER="ada",
                                SOBLOB_PASSWORD="let me in, please")  # fmt: skip
        endpoint.discard_findings()
    assert code == 0
    assert "logged in" in text
    assert "let me in" not in text


def test_a_failed_log_in_is_2() -> None:
    with served(Right()) as url:
        code, _, error = command(url, SOBLOB_USER="ada", SOBLOB_PASSWORD="secret-word")
    assert code == 2
    assert "the log-in at" in error
    assert "secret-word" not in error


class Telling(Right):
    """Says in each answer what it was sent."""

    heard: str = "nothing"

    def post(self, headers: Any, body: bytes) -> Reply:
        self.heard = body.decode("latin-1")
        return Reply(500, f"<html>{self.heard}</html>".encode(), "text/html; x=" + TICKET)


def test_no_secret_is_shown_in_any_form(tmp_path: Path) -> None:
    secrets = {"SOBLOB_TICKET": "7T:deep&secret/Ticket=", "SOBLOB_APPLICATION_TOKEN": "tok<en$`x`9"}
    for form in ("text", "json"):
        folder = tmp_path / form
        with served(Telling()) as url:
            shown = command(url, "--allow-writes", "--format", form, "--save-bodies", str(folder),
                            **secrets)  # fmt: skip
        files = "".join(file.read_text("latin-1") for file in folder.iterdir())
        everything = str(shown) + files
        assert "answer.echoes-secret" in everything
        for secret in ("deep&secret", "deep&amp;secret", "tok<en", "tok&lt;en"):
            assert secret not in everything
        assert "${SOBLOB_TICKET}" in files


def test_the_curl_line_sends_the_same_again(tmp_path: Path) -> None:
    """With and without a file for the body; the shell fills in the ticket."""
    received: list[tuple[str, bytes]] = []

    class Keeping(Right):
        def post(self, headers: Any, body: bytes) -> Reply:
            received.append((headers.get("content-type"), body))
            return super().post(headers, body)

    right = Keeping()
    right.check_type = lambda value: None  # type: ignore[method-assign]
    with served(right) as url:
        for more in ({}, {"save_bodies": str(tmp_path)}):
            options = Options(rate=1e9, only=("refusal.text-plain",), **more)  # type: ignore[arg-type]
            report = verify_provider(url, Credentials(ticket=TICKET), options)
            sent = received[-1]
            (finding,) = report.findings
            assert TICKET not in finding.curl
            environment = {**os.environ, "SOBLOB_TICKET": TICKET, "no_proxy": "*"}
            subprocess.run(["sh", "-c", finding.curl], env=environment, check=True, timeout=20,
                           capture_output=True)  # fmt: skip
            assert received[-1] == sent


# -- pace, overload, interrupt -----------------------------------------------------------------


class Overloaded(Right):
    """Answers 429 for some calls, then as ever."""

    busy = 2

    def post(self, headers: Any, body: bytes) -> Reply:
        self.busy -= 1
        if self.busy >= 0:
            return Reply(429, headers=(("Retry-After", "7"),))
        return super().post(headers, body)


def paced(rate: float = 1e9) -> tuple[Pace, list[float]]:
    waits: list[float] = []
    return Pace(rate, sleep=waits.append, clock=lambda: 0.0), waits


def test_an_overloaded_server_is_given_the_time_it_asks_for() -> None:
    pace, waits = paced()
    with served(Overloaded()) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(), pace=pace)
    assert report.is_clean
    assert [wait for wait in waits if wait > 1] == [7, 7]


def test_one_that_stays_overloaded_ends_the_run_with_a_report() -> None:
    pace, waits = paced()
    right = Overloaded()
    right.busy = 99
    with served(right) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(), pace=pace)
    assert [one.id for one in report.findings] == ["provider.overloaded"]
    assert report.ended == "the server stays overloaded: status 429"
    assert len([wait for wait in waits if wait > 1]) == 3


class Slowing(Right):
    """Answers each call at the fourth attempt, and asks for 30 s before each."""

    attempts = 0

    def post(self, headers: Any, body: bytes) -> Reply:
        self.attempts += 1
        if self.attempts % 4:
            return Reply(503, headers=(("Retry-After", "9999"),))
        return super().post(headers, body)


def test_all_waits_together_have_a_limit() -> None:
    pace, waits = paced()
    right = Slowing()
    with served(right) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(), pace=pace)
        jsonschema.validate(report.to_json(), SCHEMA)
    assert sum(wait for wait in waits if wait > 1) == 120
    assert right.attempts == 6
    why = "the server stays overloaded: the waits after 429 and 503 would be more than 120 s in all"
    assert report.ended == why
    assert f"not complete: {why}" in " ".join(report.to_text().split())
    (finding,) = report.findings
    assert (finding.id, finding.got) == ("provider.overloaded", "status 503, Retry-After: 9999")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, None), ("7", 7), (" 120 ", 120), ("soon", None), ("-1", None), ("9" * 50, 999_999_999)],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value) == seconds


def test_retry_after_as_a_date_and_its_limit() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < (retry_after_s(later) or 0) <= 100
    pace, waits = paced()
    pace.back_off(overloaded_response(503, later), 0)
    assert waits == [30]


def overloaded_response(status: int, retry_after: str) -> Any:
    from pytest_soblob import HttpResponse

    return HttpResponse(status=status, headers=(("Retry-After", retry_after),))


def test_the_rate_is_kept() -> None:
    pace, waits = paced(rate=4)
    for _ in range(3):
        pace.wait()
    assert waits == [0.25, 0.5]


class Interrupting(Right):
    """Is interrupted in a call, as by Ctrl-C."""

    interrupted_at = 7

    def post(self, headers: Any, body: bytes) -> Reply:
        if self.calls == self.interrupted_at:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return super().post(headers, body)


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("form", ["text", "json"])
def test_an_interrupt_leaves_a_report(form: str) -> None:
    right = Interrupting()
    with served(right) as url:
        code, text, error = command(url, "--format", form, SOBLOB_TICKET=TICKET)
    assert code == 130
    assert error == "soblob: interrupted\n"
    assert "interrupted" in text
    if form == "json":
        report = json.loads(text)
        jsonschema.validate(report, SCHEMA)
        assert report["ended"] == "interrupted"
        assert len(report["probes"]) > 5


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("at", [40, 55])
def test_an_interrupt_loses_no_blob_id(at: int) -> None:
    right = Interrupting()
    right.interrupted_at = at
    with served(right) as url:
        options = Options(rate=1e9, allow_writes=True, timeout_s=5)
        report = verify_provider(url, Credentials(ticket=TICKET), options)
    assert report.ended == "interrupted"
    assert report.blob_ids
    assert len(right.images) - len(report.blob_ids) <= report.unknown_ids <= 1


# -- hostile servers ---------------------------------------------------------------------------


@contextmanager
def raw(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve each connection with a function that writes to the socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            connection.recv(65536)
            answer(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/BLOB.svc"
    finally:
        done.set()
        thread.join()
        listener.close()


def endless(piece: bytes, start: bytes = b"") -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)

    return answer


def once(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


def drip(connection: socket.socket) -> None:
    never = threading.Event()
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not never.wait(0.02):
        connection.sendall(b"x")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
HOSTILE: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "nothing": (once(b""), "the connection is closed without an answer"),
    "garbage": (once(b"\x16\x03\x01\x00\xff garbage\r\n\r\n"), "the answer is not HTTP"),
    "endless headers": (endless(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"), "the answer is not HTTP"),
    "an endless header": (endless(b"x" * 65536, b"HTTP/1.1 200 OK\r\nX: "), "not HTTP"),
    "an endless body": (endless(b"x" * 65536, HEAD + b"\r\n"), "more than 1,048,576 bytes"),
    "endless chunks": (
        endless(b"1\r\nx\r\n" * 9999, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        "",
    ),
    "endless 100s": (endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 999), ""),
    "drip": (drip, "no complete answer within 0.4 s"),
    "bad chunks": (
        once(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "ends inside the body",
    ),
    "a bad length": (once(HEAD + b"Content-Length: -7\r\n\r\nx"), ""),
    "a huge length": (once(HEAD + b"Content-Length: 99999999999999999999\r\n\r\nx"), "inside the"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_is_one_line(name: str) -> None:
    answer, said = HOSTILE[name]
    with raw(answer) as url:
        result = runner().invoke(
            main, ["verify", url, "--rate", "9999", "--timeout", "0.4"], prog_name="soblob"
        )
    assert result.exit_code in (1, 2), result.output
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert said in result.stderr
        assert result.stderr.count("\n") == 1


CODED = (("Content-Encoding", "gzip"),)


@cache
def bomb() -> bytes:
    """A gzip of 200 MB, which is 200 kB, made without ever being whole."""
    packer = zlib.compressobj(wbits=31)
    return b"".join([*(packer.compress(b" " * 1_000_000) for _ in range(200)), packer.flush()])


class Bomb(Right):
    def post(self, headers: Any, body: bytes) -> Reply:
        return Reply(200, bomb(), headers=CODED)

    def wsdl(self) -> bytes:
        return b"<!DOCTYPE a [" + b"<!ENTITY x 'y'>" * 9 + b"]><a/>" + b"<b>" * 2_000_000


def test_bombs_stay_inside_the_bounds(tmp_path: Path) -> None:
    with served(Bomb()) as url:
        (used,) = measured(tmp_path, [["verify", url, *FAST]])
    assert used.code == 1
    assert used.cpu_s < 2
    assert used.peak_mib < 300
    assert "wsdl.unreadable" in used.stdout


class Wide(Right):
    def post(self, headers: Any, body: bytes) -> Reply:
        return Reply(200, b"<a>" + b"<b/>" * 99_000 + b"</a>")


def test_answers_of_many_elements_stay_inside_the_bounds() -> None:
    with served(Wide()) as url:
        begun = time.process_time()
        report = verify_provider(url, Credentials(ticket=TICKET), Options(rate=1e9))
        assert time.process_time() - begun < 2
    assert [one.id for one in report.findings] == ["answer.not-soap"]


def test_three_calls_without_an_answer_end_the_run() -> None:
    closing = {"do_POST": lambda self: self.connection.close()}
    with served(Right(), type("Closing", (Handler,), closing)) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(rate=1e9))
    assert report.ended.startswith("3 calls in a row failed")
    assert report.requests < 8


# -- TLS ---------------------------------------------------------------------------------------


def test_tls_is_verified() -> None:
    with Authority() as authority, StubEndpoint(tls=authority.server_context()) as endpoint:
        code, _, error = command(endpoint.url)
        assert code == 2
        assert "the certificate is not trusted" in error
        code, text, _ = command(endpoint.url, "--ca-file", str(authority.ca_file))
        assert code == 0, text
        assert "TLSv1.3" in text
        plain = endpoint.url.replace("https:", "http:")
        code, _, error = command(plain)
        assert code == 2
        assert error.count("\n") == 1
        endpoint.discard_findings()


# -- documents ---------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    line
    for page in ("README.md", "docs/conformance.md")
    for line in re.findall(
        r"^\$ (?:SOBLOB_TICKET=\.\.\. )?soblob (verify [^#\n]*)", (ROOT / page).read_text(), re.M
    )
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_documents_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "credentials.toml"
    file.write_text(f"ticket = '{TICKET}'\n")
    file.chmod(0o600)
    with served(Right()) as url:
        given = [url if "://" in word or word == "URL" else word for word in shlex.split(example)]
        code, text, error = command(*given[1:], "--only", "refusal.*", SOBLOB_TICKET=TICKET)
    assert (code, "usage" in error.lower()) == (0, False), error
    assert "refusal.no-action" in text


def test_there_are_examples_and_the_help_names_each_option() -> None:
    assert len(EXAMPLES) > 5
    text = command("--help")[1]
    page = (ROOT / "docs" / "conformance.md").read_text()
    for option in ("--allow-writes", "--max-uploads", "--credentials", "--behaviour", "--rate"):
        assert option in text
        assert option in page


def test_the_page_names_every_group_of_probes() -> None:
    right = Right()
    with served(right) as url:
        options = Options(rate=1e9, allow_writes=True, behaviour="wcf", timeout_s=5)
        report = verify_provider(url, Credentials(ticket=TICKET), options)
    page = (ROOT / "docs" / "conformance.md").read_text()
    for name in {row.probe.partition(".")[0] for row in report.rows}:
        assert f"`{name}`" in page or f"`{name}.*`" in page


def test_a_certificate_that_expires_soon_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "_SOON_S", 10**12)  # that of the kit is valid for centuries
    with Authority() as authority, StubEndpoint(tls=authority.server_context()) as endpoint:
        options = Options(rate=1e9, only=("tls",), ca_file=str(authority.ca_file))
        report = verify_provider(endpoint.url, options=options)
    assert [one.id for one in report.findings] == ["tls.certificate-expires"]
    assert report.findings[0].got.endswith(" days")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"behaviour": "iis"}, "behaviour must be one of"),
        ({"max_uploads": -1}, "max_uploads must be 1 or more"),
        ({"max_bytes": 0}, "max_bytes must be 1 or more"),
        ({"rate": 0}, "rate must be over 0"),
        ({"timeout_s": 601.0}, "timeout_s must be over 0"),
        ({"run_id": "é"}, "run_id must be ASCII letters and digits"),
    ],
)
def test_wrong_options_are_said(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(SoblobError, match=said):
        Options(**arguments)


def test_a_host_name_is_written_as_dns_has_it() -> None:
    assert Address.parse("https://blåbær.example/BLOB.svc?wsdl").url == (
        "https://xn--blbr-roah.example/BLOB.svc"
    )
    assert Address.parse("http://[::1]:8080").url == "http://[::1]:8080/"
    for url in (f"http://{'a' * 70}.example/", "http://h/a b", "http://h/é"):
        with pytest.raises(SoblobError, match=r"host name|percent-encoded"):
            Address.parse(url)


def test_a_folder_for_bodies_that_cannot_be_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with served(Right()) as url:
        code, _, error = command(url, "--save-bodies", str(tmp_path / "file" / "below"))
    assert (code, error.count("\n")) == (2, 1)
    assert "cannot be created" in error


class Unanswering(Handler):
    """Keeps a connection, and closes it without an answer to its second call."""

    seen = 0

    def reply(self, reply: Reply) -> None:
        self.seen += 1
        if self.seen < 2:
            super().reply(reply)
        self.close_connection = self.seen > 1


def test_a_connection_that_is_dropped_between_calls_is_found() -> None:
    with served(Right(), Unanswering) as url:
        options = Options(rate=1e9, only=("connection.keep-alive",))
        report = verify_provider(url, Credentials(ticket=TICKET), options)
    (finding,) = report.findings
    assert finding.id == "connection.keep-alive"
    assert finding.got == "the connection is closed without an answer"
