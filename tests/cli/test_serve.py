"""`soblob serve` as a client in another language meets it."""

import http.client
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from pytest_soblob import HttpRequest, SaveImageStreamRequest
from tests import mistakes
from tests.cli.conftest import Soblob, command

URL = re.compile(r"serving http://127\.0\.0\.1:(\d+)/Remote/Services86/BLOB\.svc")
RIGHT = SaveImageStreamRequest(
    type="PersonImage", image=b"1", description="d", ticket="7T:LeakedTicket",
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
def serving(*options: str) -> Iterator[Serving]:
    process = subprocess.Popen(
        command("serve", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        try:
            first = URL.fullmatch(process.stdout.readline().rstrip("\n"))
            assert first is not None
            yield Serving(process, int(first[1]))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=10)


def test_it_serves_and_says_a_line_for_each_request_without_secrets() -> None:
    with serving() as stub:
        status, wsdl = stub.post(HttpRequest(method="GET", target=f"{mistakes.TARGET}?wsdl"))
        assert (status, f"127.0.0.1:{stub.port}{mistakes.TARGET}" in wsdl) == (200, True)
        assert stub.post(RIGHT)[0] == 200
        assert stub.line() == "200 SaveImageStream blob 1"
        wrong = mistakes.request(mistakes.IMAGE, mistakes.TYPE, header=mistakes.CREDENTIALS * 2)
        status, fault = stub.post(mistakes.http_request(wrong))
        line = stub.line()
        assert line.startswith("500 SaveImageStream header.block-doubled: Credentials stands")
        assert "body.child-out-of-order" in fault
        assert "Leaked" not in fault + line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("connected", [False, True])
def test_it_stops_cleanly(number: signal.Signals, connected: bool) -> None:
    with serving() as stub:
        clients = []
        if connected:
            client = socket.create_connection(("127.0.0.1", stub.port), timeout=10)
            client.sendall(f"GET {mistakes.TARGET} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            assert client.recv(100).startswith(b"HTTP/1.1 200 OK")
            clients.append(client)
        stub.process.send_signal(number)
        assert stub.process.wait(timeout=1) == 0
        assert stub.process.stderr is not None
        assert stub.process.stderr.read() == ""
        for client in clients:
            client.close()


def test_only_the_tickets_and_tokens_that_are_named_are_good() -> None:
    options = ("--ticket", "7T:LeakedTicket", "--ticket", "7T:b", "--installation", "online",
               "--application-token", "LeakedToken")  # fmt: skip
    other = SaveImageStreamRequest(
        type="PersonImage", image=b"1", description="d", ticket="7T:c", application_token="x"
    )
    with serving(*options) as stub:
        assert ">true</" in stub.post(RIGHT)[1]
        assert "SoSessionException" in stub.post(other.to_http_request())[1]
        assert stub.post(mistakes.http_request())[0] == 500  # online, without a token


def test_a_message_over_the_limit_is_413() -> None:
    with serving("--max-message-size", "100") as stub:
        assert stub.post(RIGHT)[0] == 413


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
    [["--port", "70000"], ["--behaviour", "kind"], ["--profile", "x"], ["--host", "a b"], ["-q"]],
)
def test_a_bad_option_is_usage(soblob: Soblob, options: list[str]) -> None:
    result = soblob("serve", *options)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Traceback" not in result.stderr


def test_version_and_help(soblob: Soblob) -> None:
    assert b"version" in soblob("--version").stdout
    assert b"validate" in soblob("-h").stdout
