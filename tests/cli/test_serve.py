"""`soblob serve` as a client in another language meets it.

Most of what starts a server is slow. Without a process the same is seen in `tests/serving/`; of
each kind one that starts a process stays: serving, a configuration, stopping, the exit code.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
import requests

from pytest_soblob import HttpRequest, ImageBytes, SaveImageStreamRequest
from pytest_soblob.serving import Configuration, read_failure
from pytest_soblob.soap.messages import AuthenticateUsernamePasswordRequest
from tests import mistakes
from tests.cli.conftest import Soblob, command

URL = re.compile(r"serving http://127\.0\.0\.1:(\d+)/Remote/Services86/BLOB\.svc")
RIGHT = SaveImageStreamRequest(
    type="PersonImage", image=ImageBytes(format="PNG"), description="d", ticket="7T:LeakedTicket",
    application_token="LeakedToken",
).to_http_request()  # fmt: skip


@dataclass
class Serving:
    """A running `soblob serve`."""

    process: "subprocess.Popen[str]"
    port: int

    def post(self, request: HttpRequest) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with closing(connection):
            connection.request(
                request.method, request.target, body=request.body, headers=dict(request.headers)
            )
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")


@contextmanager
def started(
    *options: str, stdout: int | IO[str] = subprocess.PIPE, folder: Path | None = None
) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(
        command("serve", *options), stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=folder
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)


@contextmanager
def serving(*options: str) -> Iterator[Serving]:
    with started(*options) as process:
        assert process.stdout is not None
        first = URL.fullmatch(process.stdout.readline().rstrip("\n"))
        assert first is not None
        yield Serving(process, int(first[1]))


def test_it_serves_and_says_a_line_for_each_request_without_secrets() -> None:
    with serving() as stub:
        status, wsdl = stub.post(HttpRequest(method="GET", target=f"{mistakes.TARGET}?wsdl"))
        assert (status, f"127.0.0.1:{stub.port}{mistakes.TARGET}" in wsdl) == (200, True)
        assert stub.post(RIGHT)[0] == 200
        assert stub.line() == "200 SaveImageStream blob 70001"
        wrong = mistakes.request(mistakes.IMAGE, mistakes.TYPE, header=mistakes.CREDENTIALS * 2)
        status, fault = stub.post(mistakes.http_request(wrong))
        line = stub.line()
        assert line.startswith("500 SaveImageStream header.block-duplicate: Credentials occurs")
        assert "body.child-out-of-order" in fault
        assert "Leaked" not in fault + line


@pytest.mark.slow
def test_the_session_on_the_servers_page_is_what_comes_out() -> None:
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n\$ soblob serve (.*)\nserving \S+\n(.*?)```", page, re.DOTALL)
    assert block is not None
    options = block[1].replace("--port 8086", "--port 0").split()
    with serving(*options) as stub:
        login = AuthenticateUsernamePasswordRequest(user="ada", password="example")
        _, answer = stub.post(login.to_http_request())
        ticket = answer.partition("<Ticket>")[2].partition("</Ticket>")[0]
        header = mistakes.CREDENTIALS.replace(mistakes.TICKET, ticket)
        right = (mistakes.TYPE, mistakes.IMAGE, mistakes.DESCRIPTION)
        late = (mistakes.IMAGE, mistakes.TYPE, mistakes.DESCRIPTION)
        lonely = (mistakes.TYPE, mistakes.DESCRIPTION)
        for children in (right, late, right, lonely):
            stub.post(mistakes.http_request(mistakes.request(*children, header=header)))
        shown = block[2].splitlines()
        assert [stub.line() for _ in shown] == shown


@pytest.mark.parametrize(
    ("number", "connected"),
    [
        (signal.SIGTERM, True),
        *(pytest.param(number, connected, marks=pytest.mark.slow) for number, connected in (
            (signal.SIGTERM, False), (signal.SIGINT, False), (signal.SIGINT, True),
        )),
    ],
)  # fmt: skip
def test_it_stops_cleanly(number: signal.Signals, connected: bool) -> None:
    with serving() as stub:
        clients = []
        if connected:
            client = socket.create_connection(("127.0.0.1", stub.port), timeout=10)
            client.sendall(f"GET {mistakes.TARGET} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
            clients.append(client)
        stub.process.send_signal(number)
        assert stub.process.wait(timeout=10) == 0
        assert stub.process.stderr is not None
        assert stub.process.stderr.read() == ""
        for client in clients:
            client.close()


@pytest.mark.slow
def test_only_the_tickets_and_tokens_that_are_named_are_good() -> None:
    options = ("--ticket", "7T:LeakedTicket", "--ticket", "7T:b", "--installation", "online",
               "--application-token", "LeakedToken")  # fmt: skip
    other = SaveImageStreamRequest(
        type="PersonImage", image=b"1", description="d", ticket="7T:c", application_token="x"
    )
    with serving(*options) as stub:
        assert ">true</" in stub.post(RIGHT)[1]
        assert "SoSessionException" in stub.post(other.to_http_request())[1]
        assert stub.line() == "200 SaveImageStream blob 70001"
        assert stub.line().startswith(
            "200 SaveImageStream (Succeeded was false: SuperOffice.Exceptions.SoSessionException: "
            "The application token is not one that this endpoint knows.) payload.image-disguised"
        )
        assert stub.post(mistakes.http_request())[0] == 500  # online, without a token


@pytest.mark.slow
def test_a_message_over_the_limit_is_413() -> None:
    with serving("--max-message-size", "100") as stub:
        assert stub.post(RIGHT)[0] == 413


@pytest.mark.slow
def test_a_server_that_behaves_like_wcf() -> None:
    with serving("--behaviour", "wcf") as stub:
        assert stub.post(RIGHT)[0] == 200
        assert stub.post(mistakes.http_request(content_type="text/plain"))[0] == 415
        wrong_order = mistakes.request(mistakes.IMAGE, mistakes.TYPE, mistakes.DESCRIPTION)
        assert stub.post(mistakes.http_request(wrong_order))[0] == 200


def test_a_busy_port_is_one_line(soblob: Soblob) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = soblob("serve", "--port", str(port))
    assert (result.returncode, result.stdout) == (2, b"")
    assert re.fullmatch(
        rf"soblob: cannot listen on 127\.0\.0\.1:{port}: .*\n", result.stderr.decode()
    )


@pytest.mark.parametrize(
    "options",
    [
        *(["--port", "70000"], ["--behaviour", "kind"], ["--profile", "x"], ["--host", "a b"]),
        *(["-q"], ["--keep", "0"], ["--tls", __file__], ["--config"], ["more"]),
    ],
)
def test_a_bad_option_is_one_line(soblob: Soblob, options: list[str]) -> None:
    result = soblob("serve", *options)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("soblob: ")


def test_a_command_that_there_is_not_is_one_line_and_none_is_help(soblob: Soblob) -> None:
    (line,) = soblob("serv").stderr.decode().splitlines()
    assert line.startswith("soblob: No such command 'serv'.")
    alone = soblob()
    help_text = alone.stdout + alone.stderr  # click 8.1 has it on stdout
    assert re.search(rb"serve +Run the stub", help_text)


@pytest.mark.slow
def test_a_line_says_which_rules_were_broken_and_how_much_each_matters() -> None:
    with serving("--severity", "http.content-type=warning") as stub:
        lonely = mistakes.request(mistakes.TYPE, mistakes.DESCRIPTION)
        assert stub.post(mistakes.http_request(lonely, content_type="text/plain"))[0] == 200
        line = stub.line()
    assert line.startswith("200 SaveImageStream blob 70001 http.content-type (warning): ")
    assert "; body.image-missing (warning): " in line


def fails_on(folder: Path, *options: str) -> bool:
    """Whether a warning fails the check of `soblob serve`, in a folder."""
    warned = SaveImageStreamRequest(type="PersonImage", image=None, description="d", ticket="7T:x")
    token = ("--control-token", "LeakedControlToken")
    with started(*token, *options, folder=folder) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("serving ").strip()
        http_request = warned.to_http_request()
        requests.post(url, data=http_request.body, headers=dict(http_request.headers), timeout=30)
        said = requests.post(
            url.partition("/Remote")[0] + "/_soblob/check",
            headers={"Authorization": f"Bearer {token[1]}"}, timeout=30,
        ).json()  # fmt: skip
    place = said["remarks"] if said["ok"] else [{"rule": rule} for rule in said["rules"]]
    assert "body.image-missing" in [row["rule"] for row in place]
    return not said["ok"]


@pytest.mark.slow
def test_what_fails_stands_in_options_over_a_file_over_pytests_configuration(
    tmp_path: Path,
) -> None:
    assert not fails_on(tmp_path)
    assert fails_on(tmp_path, "--fail-on", "warning")
    assert fails_on(tmp_path, "--severity", "body.image-missing=error")
    (tmp_path / "pytest.ini").write_text("[pytest]\nsoblob_fail_on = warning\n")
    assert fails_on(tmp_path)
    assert not fails_on(tmp_path, "--fail-on", "error")
    (tmp_path / "stub.toml").write_text('fail-on = "error"\nseverity = ["body.image-missing=note"]')
    assert not fails_on(tmp_path, "--config", "stub.toml")
    own = ("--severity", "body.image-missing=warning", "--fail-on", "warning")
    assert fails_on(tmp_path, "--config", "stub.toml", *own)


@contextmanager
def on_a_full_disk(*options: str) -> "Iterator[subprocess.Popen[str]]":
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("there is no device that is always full")
    with device.open("w") as full, started(*options, stdout=full) as process:
        yield process


@pytest.mark.slow
def test_a_log_that_cannot_be_written_is_told_once_and_serving_goes_on() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    with on_a_full_disk("--port", str(port)) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        assert said == "soblob: cannot write the log: No space left on device\n"
        for _ in range(3):
            assert Serving(process, port).post(RIGHT)[0] == 200
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""


@pytest.mark.slow
def test_a_log_takes_what_its_encoding_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    with serving() as stub:
        odd = mistakes.request("<n:Type>\u0141\u00f3d\u017a</n:Type>", mistakes.IMAGE)
        assert stub.post(mistakes.http_request(odd))[0] == 500
        assert "'\\u0141\\xf3d\\u017a' is not one of the 16 names" in stub.line()
        assert stub.post(RIGHT)[0] == 200
        assert stub.line() == "200 SaveImageStream blob 70001"


# -- the exit code says what failed ---------------------------------------------------------------

WRONG = mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE))
ASKING = ("--control-token", "LeakedControl")


def ended(stub: Serving) -> tuple[int, str]:
    """The exit code after SIGTERM, and what is on standard error."""
    stub.process.terminate()
    assert stub.process.stderr is not None
    return stub.process.wait(timeout=10), stub.process.stderr.read()


def control(stub: Serving, path: str, token: str = "LeakedControl") -> tuple[int, str]:
    headers = (("Authorization", f"Bearer {token}"),)
    return stub.post(HttpRequest(target=f"/_soblob/{path}", headers=headers))


def test_check_on_exit_says_what_failed() -> None:
    with serving("--check-on-exit") as stub:
        stub.post(WRONG)
        code, said = ended(stub)
    assert code == 1
    assert said.startswith("soblob: request 1 breaks the SaveImageStream contract in 1 place")
    assert "1. body.child-out-of-order" in said
    assert "Leaked" not in said


@pytest.mark.slow
def test_check_on_exit_is_0_where_nothing_failed() -> None:
    for options in (("--check-on-exit",), ("--check-on-exit", "--log", "none")):
        with started(*options) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2].partition("/")[0])
            stub = Serving(process, port)
            stub.post(RIGHT)
            assert ended(stub) == (0, "")


@pytest.mark.slow
def test_without_check_on_exit_the_code_is_0() -> None:
    with serving() as stub:
        stub.post(WRONG)
        assert ended(stub) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["check", "reset"])
def test_check_on_exit_knows_what_was_told_or_dropped_before(path: str) -> None:
    with serving("--check-on-exit", *ASKING) as stub:
        stub.post(WRONG)
        control(stub, path)
        said = "1 request failed; an earlier check or reset has reported or dropped the details"
        assert ended(stub) == (1, f"soblob: {said}\n")


@pytest.mark.slow
def test_check_on_exit_knows_no_http_and_a_teams_own_severities() -> None:
    def of(*options: str) -> int:
        with serving("--check-on-exit", *options) as stub:
            with socket.create_connection(("127.0.0.1", stub.port), timeout=10) as client:
                client.sendall(b"no HTTP at all\r\n\r\n")
                client.recv(100)
            return ended(stub)[0]

    assert (of(), of("--severity", "http.malformed=off")) == (1, 0)
    with serving("--check-on-exit", "--fail-on", "warning") as stub:
        stub.post(mistakes.http_request(mistakes.request(mistakes.TYPE, mistakes.DESCRIPTION)))
        assert ended(stub)[0] == 1


@pytest.mark.slow
def test_check_on_exit_knows_calls_that_never_came() -> None:
    with serving("--check-on-exit", *ASKING) as stub:
        calls = json.dumps({"calls": [{"operation": "SaveImageStream"}]}).encode()
        headers = (("Authorization", "Bearer LeakedControl"),)
        asked = HttpRequest(target="/_soblob/expectations", headers=headers, body=calls)
        assert stub.post(asked)[0] == 204
        code, said = ended(stub)
    assert (code, "SaveImageStream" in said) == (1, True)


# -- who may ask the control API ------------------------------------------------------------------


@pytest.mark.slow
def test_a_wrong_control_token_is_401_and_logged() -> None:
    with serving(*ASKING) as stub:
        assert control(stub, "check", "wrong")[0] == 401
        assert stub.line() == "401 control API: wrong control token, POST /_soblob/check"
        assert stub.post(HttpRequest(method="GET", target="/_soblob/exchanges"))[0] == 401
        assert stub.line() == "401 control API: no control token, GET /_soblob/exchanges"
        assert json.loads(control(stub, "check")[1])["ok"] is True
    with serving(*ASKING, "--log", "json") as stub:
        control(stub, "check", "7T:LeakedTicket")
        line = stub.line()
        logged = json.loads(line)
        assert (logged["status"], logged["control"]) == (401, "wrong control token")
        assert "Leaked" not in line


def test_the_control_api_beyond_loopback_wants_an_option_that_says_what_it_opens(
    soblob: Soblob, tmp_path: Path
) -> None:
    anywhere = ("--host", "0.0.0.0", *ASKING)
    refused = soblob("serve", *anywhere)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert b"--control-beyond-loopback allows it" in refused.stderr
    said = " ".join(soblob("serve", "--help").stdout.decode().split())
    assert "anyone who reaches the port and has the token can then script answers" in said
    opened = Configuration(
        host="0.0.0.0",
        control_token="LeakedControl", control_beyond_loopback=True,
    )  # fmt: skip
    assert opened.settings().address.startswith("0.0.0.0:")
    assert opened.opens_control
    file = tmp_path / "stub.toml"
    file.write_text(
        'host = "0.0.0.0"\ncontrol-token = "LeakedControl"\ncontrol-beyond-loopback = true\n'
        "check-on-exit = true\n"
    )
    read = Configuration.read(file)
    assert (read.opens_control, read.check_on_exit) == (True, True)
    assert not Configuration(control_token="LeakedControl").opens_control


# -- a configuration ------------------------------------------------------------------------------

TOML = """
behaviour = "wcf"
installation = "online"
application-tokens = ["LeakedToken"]
log = "json"
keep = 5
ticket-lifetime = 60

[wcf]
culture = "nb-NO"
hosting = "iis"
max-message-size = 100_000

[[accounts]]
user = "ada"
password = "LeakedPassword"
tickets = ["7T:LeakedTicket"]

[[replies]]
failure = "http-503"
nth = 2
"""


def test_a_file_says_all_of_it_and_the_command_line_comes_over_it(tmp_path: Path) -> None:
    file = tmp_path / "soblob.toml"
    file.write_text(TOML)
    with serving("--config", str(file), "--culture", "en-GB") as stub:
        assert ">true</" in stub.post(RIGHT)[1]
        logged = json.loads(stub.line())
        assert (logged["status"], logged["operation"], logged["blob_id"]) == (
            200, "SaveImageStream", 70001,
        )  # fmt: skip
        assert logged["message"]["ticket"] == "7T:Le…"
        assert stub.post(RIGHT)[0] == 503
        assert json.loads(stub.line())["failure_name"] == "http-503"
        status, fault = stub.post(mistakes.http_request(soap_action='"urn:x"'))
        assert (status, 'xml:lang="en-GB"' in fault) == (500, True)
        assert "Leaked" not in stub.line()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "the configuration has no 'prot'; did you mean 'port'?"),
        ("port = '1'", "port must be a whole number, not '1'"),
        ("port = 70000", "address must be a host or host:port"),
        ("a b", "is not valid TOML: Expected"),
        ("behaviour = 'kind'", "behaviour must be one of 'strict', 'wcf', not 'kind'"),
        ("log = 'xml'", "log must be one of 'lines', 'json', 'none', not 'xml'"),
        ("keep = 0", "keep must be 1 or more"),
        ("[limits]\nhead-s = 0", "head_s must be over 0, not 0"),
        ("[limits]\nhead-s = '1'", "head-s must be a number, not '1'"),
        ("[limits]\nheads = 1", "limits has no 'heads'; did you mean 'head-s'?"),
        ("idle-s = 1", "has no 'idle-s': it belongs into [limits]"),
        ("[limits]\nbody-bytes = 1", "limits has no 'body-bytes'"),
        (
            "[wcf]\nhost = 'x'",
            "belongs to the top, above the first table; or did you mean 'hosting'?",
        ),
        ("[wcf]\nhosting = 'x'", "hosting must be one of 'self-host', 'iis'"),
        ("[[accounts]]\nname = 'x'", "an account has no 'name'"),
        ("[[accounts]]\nuser = 'x'\nrights = ['all']", "rights must be among 'store'"),
        ("[[replies]]\nfailure = 'http-53'", "did you mean 'http-503'?"),
        ("[[replies]]\nclose = 1", "close must be true or false, not 1"),
        ("control-token = 'x'", "8 or more printable ASCII characters"),
        ("host = '0.0.0.0'\ncontrol-token = 'LeakedControl'", "restricted to loopback"),
        ("tickets = 'x'", "tickets must be a list, not 'x'"),
        ("client-certificate = true", "has no 'client-certificate': it belongs into [tls]"),
        ("exception-detail = true", "has no 'exception-detail': it belongs into [wcf]"),
        ("exception_detail = true", "has no 'exception_detail': 'exception-detail' belongs into"),
        ("user = 'ada'", "it belongs into [[accounts]]"),
        ("blob-id = 1", "it belongs into [[replies]]"),
        ("fail = 'http-503'", "has no 'fail': 'failure' belongs into [[replies]]"),
        ("[wcf]\nport = 1", "wcf has no 'port': it belongs to the top, above the first table"),
        ("[tls]\nrights = ['read']", "tls has no 'rights': it belongs into [[accounts]]"),
        ("[[replies]]\nclose = true\nlog = 'none'", "a reply has no 'log': it belongs to the top"),
        ("[[replies]]\nclose = true\nblob_idd = 1", "did you mean 'blob_id'?"),
        ("[[replies]]\nblob-id = 1\nblob_id = 1", "blob_id is given twice"),
        (
            "[[replies]]\nfailure = 'delay'\nseconds = 1",
            "seconds belongs in parameters, not beside them",
        ),
        ("tickets = ['']", "a ticket is blank: give a value"),
        ("application-tokens = ['a', ' ']", "an application token is blank"),
        ("[[accounts]]\nuser = 'a'\ntickets = ['']", "a ticket is blank"),
        ("fail-on = 'note'", "fail_on must be 'error' or 'warning', not 'note'"),
        ("severity = ['body.image-mising=off']", "did you mean 'body.image-missing'?"),
        ("severity = ['body.image-missing']", "should be RULE=SEVERITY"),
        ("tls = 1", "tls must be an object, not 1"),
        ("max-message-size = -1", "max-message-size must be 1 or more, not -1"),
        ("[[accounts]]\nuser = 'a'\n[[accounts]]\nuser = 'A'", "there are two accounts 'a'"),
    ],
)
def test_a_file_that_cannot_be_is_one_line(
    soblob: Soblob, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "soblob.toml").write_text(text)
    result = soblob("serve", "--config", "soblob.toml")
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("soblob: soblob.toml")
    assert said in line
    assert "Leaked" not in line


@pytest.mark.slow
def test_a_file_says_how_long_a_connection_may_take(tmp_path: Path) -> None:
    (tmp_path / "stub.toml").write_text("[limits]\nhead-s = 0.1\n")
    with serving("--config", str(tmp_path / "stub.toml")) as stub:
        with closing(socket.create_connection(("127.0.0.1", stub.port), timeout=10)) as client:
            client.sendall(b"POST /x HT")
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")
        said = "the head of the request did not arrive in time"
        assert stub.line() == f"408 http.malformed: {said}"


def test_replies_of_a_file_have_hyphens_as_all_else_has(tmp_path: Path) -> None:
    (tmp_path / "stub.toml").write_text(
        """
        [[replies]]
        blob-id = 4711
        matching = { description = "d" }

        [[replies]]
        response = { status = 418, headers = { X-Under = "a-b" }, body-base64 = "dGVh" }
        times = "none"

        [[replies]]
        failure = "http-429"
        operation = "none"
        parameters = { retry-after-s = 9 }
        """
    )
    assert Configuration.read(tmp_path / "stub.toml").replies == (
        {"blob_id": 4711, "matching": {"description": "d"}},
        {
            "response": {"status": 418, "headers": {"X-Under": "a-b"}, "body_base64": "dGVh"},
            "times": None,
        },
        {"failure": "http-429", "operation": None, "parameters": {"retry_after_s": 9}},
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--config", "nowhere.toml"], "cannot read nowhere.toml: No such file"),
        (["--fail", "http-53"], "did you mean 'http-503'?"),
        (["--fail", "delay,seconds"], "'seconds' should be NAME=VALUE"),
        (["--fail", "delay,seconds=x"], "seconds must be a number over 0, not 'x'"),
        (["--account", "ada"], "--account must be USER:PASSWORD"),
        (["--control-token", ""], "8 or more printable ASCII characters"),
        (["--ticket", ""], "a ticket is blank: give a value, or omit it"),
        (["--ticket", "7T:a", "--ticket", " "], "a ticket is blank: give a value"),
        (["--application-token", ""], "an application token is blank: give a value"),
        (["--control-token", "short"], "8 or more printable ASCII characters"),
        (["--host", "0.0.0.0", "--control-token", "LeakedControl"], "restricted to loopback"),
        (["--ticket-lifetime", "-1"], "ticket_lifetime_s must be over 0"),
        (["--tls", "/dev/null/x"], "cannot write certificates to /dev/null/x: "),
        (["--client-certificate"], "a client certificate requires TLS: set --tls FOLDER"),
        (["--fail", "http-503,matching=1"], "--fail does not support matching: put"),
        (["--fail", "http-503,share=nan"], "share is too large, or not a number: nan"),
        (["--host", "nowhere.invalid"], "cannot listen on nowhere.invalid:0"),
    ],
)
def test_options_that_cannot_be_are_one_line(soblob: Soblob, options: list[str], said: str) -> None:
    result = soblob("serve", *options)
    assert (result.returncode, result.stdout) == (2, b"")
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("soblob: ")
    assert said in line


@pytest.mark.slow
def test_failures_accounts_and_a_licence_by_option() -> None:
    assert read_failure("http-429,retry-after-s=9,times=none") == {
        "failure": "http-429", "times": None, "parameters": {"retry_after_s": 9}
    }  # fmt: skip
    with serving("--fail", "http-503,nth=2,times=2", "--account", "ada:LeakedPassword") as stub:
        login = AuthenticateUsernamePasswordRequest(user="ada", password="LeakedPassword")
        status, answer = stub.post(login.to_http_request())
        assert status == 200
        ticket = re.search(r"<Ticket>(.*?)</Ticket>", answer)
        assert ticket is not None
        request = SaveImageStreamRequest(
            type="PersonImage", image=ImageBytes(format="PNG"), description="d", ticket=ticket[1]
        ).to_http_request()
        assert [stub.post(request)[0] for _ in range(4)] == [200, 503, 503, 200]
        assert [stub.line() for _ in range(3)] == [
            "200 AuthenticateUsernamePassword",
            "200 SaveImageStream blob 70001",
            "503 SaveImageStream (http-503)",
        ]
    with serving("--unlicensed", "--log", "none") as stub:
        assert "SoLicenseException" in stub.post(RIGHT)[1]


@pytest.mark.slow
def test_what_is_no_http_is_logged() -> None:
    for options, expected in (
        ((), "400 http.malformed: not HTTP: Invalid method encountered"),
        (("--log", "json"), '"malformed": {"http.malformed": "not HTTP: Invalid method'),
    ):
        with serving(*options) as stub:
            with closing(socket.create_connection(("127.0.0.1", stub.port), timeout=10)) as client:
                client.sendall(b"what is this\r\n\r\n")
                assert client.recv(100).startswith(b"HTTP/1.1 400 ")
            assert expected in stub.line()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("lines", "the stub failed: ZeroDivisionError: division by zero"),
        ("json", '"stub_failed": "ZeroDivisionError: division by zero"'),
    ],
)
def test_an_error_of_the_stub_itself_is_logged(
    form: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from pytest_soblob.cli import main; from pytest_soblob.stub.endpoint import _service; "
        "_service.record = lambda *_: 1 / 0; main()"
    )
    monkeypatch.setitem(
        globals(), "command", lambda *options: [sys.executable, "-c", code, *options]
    )
    with serving("--log", form) as stub:
        assert stub.post(RIGHT) == (500, "the stub itself failed\n")
        stub.process.terminate()  # so that a line that does not come is waited for no longer
        assert expected in stub.line()


@pytest.mark.slow
def test_who_does_not_read_the_log_holds_up_nothing() -> None:
    with serving() as stub, closing(http.client.HTTPConnection("127.0.0.1", stub.port)) as client:
        wrong = mistakes.http_request(mistakes.request(mistakes.IMAGE, mistakes.TYPE))
        for _ in range(500):  # 200 bytes each: more than a pipe takes
            client.request("POST", wrong.target, body=wrong.body, headers=dict(wrong.headers))
            assert client.getresponse().read()


@pytest.mark.slow
def test_another_language_drives_it_by_http() -> None:
    token = "LeakedControlToken"

    def control(stub: Serving, method: str, path: str, data: object = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", stub.port, timeout=30)
        with closing(connection):
            connection.request(
                method, f"/_soblob/{path}", body=None if data is None else json.dumps(data),
                headers={"Authorization": f"Bearer {token}"},
            )  # fmt: skip
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    os.environ["SOBLOB_CONTROL_TOKEN"] = token
    try:
        with serving() as stub:
            assert control(stub, "POST", "replies", {"failure": "no-rights"})[0] == 204
            assert "SoSentryException" in stub.post(RIGHT)[1]
            assert stub.line() == "200 SaveImageStream (no-rights)"
            assert json.loads(control(stub, "GET", "exchanges")[1])["exchanges"][0]["failure_name"]
            assert control(stub, "POST", "reset")[0] == 204
            assert json.loads(control(stub, "POST", "check")[1])["ok"] is True
    finally:
        del os.environ["SOBLOB_CONTROL_TOKEN"]
    with serving() as stub:  # without the token there is nothing there
        assert control(stub, "GET", "exchanges")[0] == 404


@pytest.mark.slow
def test_a_reset_begins_the_numbers_of_the_log_anew() -> None:
    token = "LeakedControlToken"
    options = ("--log", "json", "--keep", "1", "--control-token", token)
    with serving(*options) as stub:
        reset = HttpRequest(
            target="/_soblob/reset", headers=(("Authorization", f"Bearer {token}"),)
        )
        numbers = []
        for request in (RIGHT, RIGHT, RIGHT, reset, RIGHT):
            assert stub.post(request)[0] in (200, 204)
            if request is RIGHT:
                numbers.append(json.loads(stub.line())["number"])
    assert numbers == [1, 2, 3, 1]


@pytest.mark.slow
def test_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    with started("--tls", str(folder), "--client-certificate") as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("serving ").strip()
        assert url.startswith("https://127.0.0.1:")
        assert process.stdout.readline().strip() == f"trust {folder / 'ca.pem'}"
        answer = requests.post(
            url, data=RIGHT.body, headers=dict(RIGHT.headers), timeout=30,
            verify=str(folder / "ca.pem"), cert=str(folder / "client.pem"),
        )  # fmt: skip
        assert answer.status_code == 200
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"{url}?wsdl", timeout=30, verify=str(folder / "ca.pem"))
        process.terminate()
        assert process.wait(timeout=10) == 0


def test_failures_are_listed_and_explained(soblob: Soblob) -> None:
    listed = soblob("failures").stdout.decode()
    assert "  http-503: 503 with Retry-After" in listed
    assert (
        'soblob_endpoint.fail("delay", seconds=1.0)' in soblob("failures", "delay").stdout.decode()
    )
    rows = json.loads(soblob("failures", "--format", "json", "delay").stdout)
    assert rows[0]["parameters"] == {"seconds": 1.0}
    wrong = soblob("failures", "http-53")
    assert (wrong.returncode, b"did you mean 'http-503'?" in wrong.stderr) == (2, True)


def test_the_help_says_what_a_control_token_must_be(soblob: Soblob) -> None:
    said = " ".join(soblob("serve", "--help").stdout.decode().split())
    assert "8 or more printable ASCII characters" in said


def test_version_and_help(soblob: Soblob) -> None:
    assert b"version" in soblob("--version").stdout
    assert b"validate" in soblob("-h").stdout


@pytest.mark.slow
@pytest.mark.parametrize("form", ["lines", "json"])
def test_what_broke_off_is_a_line_of_the_log_and_no_failure(form: str) -> None:
    with serving("--check-on-exit", "--log", form) as stub:
        with closing(socket.create_connection(("127.0.0.1", stub.port), timeout=10)) as client:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        said = stub.line()
        if form == "json":
            said = json.loads(said)["unfinished"]
        assert "a POST broke off in its body, after" in said
        assert "(Content-Length: 9)" in said
    assert stub.process.returncode == 0
