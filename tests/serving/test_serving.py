"""What `soblob serve` makes of a file, of options, and of what comes, without a process.

The writer of the log is private: no process stops taking lines on demand.
"""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from pytest_soblob import Account, ImageBytes, SaveImageStreamRequest, SoblobError, StubEndpoint
from pytest_soblob.accounts import Right
from pytest_soblob.judge.severities import Severities
from pytest_soblob.serving import Configuration, read_failure, serve
from pytest_soblob.serving._running import _MOST_LINES, _Log, _Writer
from pytest_soblob.settings import WcfHost
from pytest_soblob.soap.messages import GetBlobStreamRequest, Request
from tests.wire import HttpSyntaxError

WHOLE = """
host = "localhost"
port = 8086
behaviour = "wcf"
profile = "wsdl"
installation = "online"
tickets = ["7T:a", "7T:b"]
application-tokens = ["token"]
ticket-lifetime = 1.5
licensed = false
image-check = "named"
max-message-size = 1_000
keep = 7
log = "none"
control-token = "LeakedControl"

[wcf]
culture = "nb-NO"
hosting = "iis"
exception-detail = true
empty-extra-info = true
max-message-size = 2_000

[tls]
folder = "certificates"
client-certificate = true

[[accounts]]
user = "ada"
password = "secret"
tickets = ["7T:ada"]
rights = ["read"]

[[replies]]
failure = "http-503"
"""
HOST = WcfHost(
    max_message_size=2_000,
    culture="nb-NO",
    hosting="iis",
    exception_detail=True,
    empty_extra_info=True,
)
ACCOUNT = Account(user="ada", password="secret", tickets=("7T:ada",), rights=("read",))


def read(folder: Path, text: str) -> Configuration:
    file = folder / "soblob.toml"
    file.write_text(text, encoding="utf-8")
    return Configuration.read(file)


def test_all_that_a_file_can_say(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == Configuration(
        host="localhost",
        port=8086,
        behaviour="wcf",
        profile="wsdl",
        installation="online",
        tickets=("7T:a", "7T:b"),
        application_tokens=("token",),
        accounts=(ACCOUNT,),
        ticket_lifetime_s=1.5,
        licensed=False,
        image_check="named",
        wcf_host=HOST,
        max_message_size=1_000,
        keep=7,
        tls_folder=Path("certificates"),
        client_certificate=True,
        log="none",
        control_token="LeakedControl",
        replies=({"failure": "http-503"},),
    )


def test_what_a_file_leaves_out(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Configuration()
    whole_number = read(tmp_path, "ticket-lifetime = 60\n[tls]\n[wcf]\n[[accounts]]\nuser = 'ada'")
    assert whole_number.ticket_lifetime_s == 60
    assert (whole_number.tls_folder, whole_number.client_certificate) == (Path("soblob-tls"), False)
    assert whole_number.wcf_host == WcfHost()
    assert all(whole_number.accounts[0].may(right) for right in Right)


def test_all_of_it_reaches_the_endpoint(tmp_path: Path) -> None:
    settings = read(tmp_path, WHOLE).settings()
    assert settings.host_and_port() == ("localhost", 8086)
    assert (settings.profile, settings.behaviour, settings.installation) == (
        "wsdl",
        "wcf",
        "online",
    )
    assert (settings.ticket, settings.application_tokens, settings.accounts) == (
        "7T:a",
        ("token",),
        (ACCOUNT,),
    )
    assert (settings.ticket_lifetime_s, settings.licensed, settings.image_check) == (
        1.5,
        False,
        "named",
    )
    assert (settings.wcf_host, settings.client_certificate) == (HOST, True)


def test_a_reply_of_the_file_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SoblobError, match=r"soblob\.toml: .*did you mean 'http-503'\?"):
        read(tmp_path, "[[replies]]\nfailure = 'http-53'")


def test_options_come_over_it_where_they_say_something() -> None:
    before = Configuration(tickets=("7T:a",), licensed=True, wcf_host=WcfHost(culture="nb-NO"))
    assert before.with_options({"tickets": (), "licensed": None, "culture": None}) == before
    after = before.with_options({"licensed": False, "keep": 3, "culture": "", "hosting": "iis"})
    assert (after.licensed, after.keep, after.tickets) == (False, 3, ("7T:a",))
    assert after.wcf_host == WcfHost(culture="", hosting="iis")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"keep": 0}, "keep must be 1 or more, not 0"),
        ({"max_message_size": 0}, "max-message-size must be 1 or more, not 0"),
        ({"log": "xml"}, "log must be one of"),
        ({"client_certificate": True}, "set --tls FOLDER as well"),
    ],
)
def test_what_does_not_go_together(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SoblobError, match=said):
        Configuration(**given).settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_the_control_api_is_for_loopback(host: str) -> None:
    settings = Configuration(host=host, control_token="LeakedControl").settings()
    assert settings.host_and_port() == (host, 0)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "stub.example"])
def test_the_control_api_is_for_nobody_else(host: str) -> None:
    with pytest.raises(SoblobError, match=f"restricted to loopback, and the host is {host}"):
        Configuration(host=host, control_token="LeakedControl").settings()
    Configuration(host=host).settings()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("http-503", {"failure": "http-503"}),
        (" http-503 , nth = 2 ", {"failure": "http-503", "nth": 2}),
        (
            "x,operation=none,times=None,share=0.5,seed=7",
            {"failure": "x", "operation": None, "times": None, "share": 0.5, "seed": 7},
        ),
        (
            "delay,seconds=2,soap=1.2,location=3,times=4",
            {
                "failure": "delay",
                "times": 4,
                "parameters": {"seconds": 2, "soap": "1.2", "location": "3"},
            },
        ),
        ("x,a=b=c,d=", {"failure": "x", "parameters": {"a": "b=c", "d": ""}}),
    ],
)
def test_a_failure_by_option(text: str, data: dict[str, Any]) -> None:
    assert repr(dict(read_failure(text))) == repr(data), "2 is no 2.0"


@pytest.mark.parametrize("text", ["http-503,", "http-503,share", "http-503,=1"])
def test_a_part_that_is_no_pair(text: str) -> None:
    with pytest.raises(SoblobError, match="should be NAME=VALUE, as in http-503,share"):
        read_failure(text)


# -- the log --------------------------------------------------------------------------------------


def logged(form: str) -> list[str]:
    """What is written of an upload, one whose connection is closed, and no HTTP."""
    lines: list[str] = []
    log = _Log(form, lines.append, Severities())
    endpoint = log.endpoint = StubEndpoint(on_exchange=log.exchange, on_malformed=log.malformed)
    upload = SaveImageStreamRequest(
        type="PersonImage",
        image=ImageBytes(width=2, height=2),
        description="d",
        ticket="7T:LeakedTicket==",
    )
    for number in range(2):
        if number:
            endpoint.fail("saved-but-closed")
        endpoint.handle(upload.to_http_request())
    log.malformed(HttpSyntaxError("what is\n7T:LeakedTicket== there", "http.malformed"))
    assert not any("Leaked" in line for line in lines)
    return lines


def test_a_line_for_each() -> None:
    one, two, three = logged("lines")
    assert one == "200 SaveImageStream blob 70001"
    assert two.startswith("closed SaveImageStream blob 70008 (saved-but-closed)")
    assert three.startswith("400 http.malformed: what is")
    assert "\n" not in three


def test_an_object_for_each() -> None:
    one, two, three = map(json.loads, logged("json"))
    assert [data["time"][10] for data in (one, two, three)] == ["T"] * 3
    assert [(data["number"], data["status"]) for data in (one, two)] == [(1, 200), (2, None)]
    assert (three["status"], list(three["malformed"])) == (400, ["http.malformed"])


def test_nothing_at_all() -> None:
    assert logged("none") == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (BrokenPipeError(), ""),
        (OSError(28, "No space left"), "soblob: cannot write the log: No space left"),
    ],
)
def test_a_log_that_nobody_reads_is_no_error(error: OSError, said: str) -> None:
    def write(line: str) -> None:
        raise error

    told: list[str] = []
    with _Writer(write, told.append) as writer:
        writer.put("a line")
        writer.put("another line")
    assert told == ([said] if said else [])


def test_a_log_is_written_again_once_it_can_be() -> None:
    lines: list[str] = []
    told: list[str] = []

    def write(line: str) -> None:
        if line.startswith("lost"):
            raise OSError(28, "No space left")
        lines.append(line)

    with _Writer(write, told.append) as writer:
        for line in ("one", "lost", "lost", "two", "lost", "three"):
            writer.put(line)
    assert (lines, len(told)) == (["one", "two", "three"], 2)


# -- running --------------------------------------------------------------------------------------


@pytest.fixture
def _handlers() -> Iterator[None]:
    """Put back what answers a signal."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers")
def test_only_so_much_is_kept_and_nobody_is_there_after_the_signal() -> None:
    found: list[Any] = []

    def post(url: str, request: Request) -> str:
        http = request.to_http_request()
        answer = requests.post(url, http.body, headers=dict(http.headers), timeout=10)
        return answer.text

    def write(line: str) -> None:
        word, _, url = line.partition(" ")
        if word != "serving":
            return
        try:
            for number in range(2):
                image = bytes([number])
                post(url, SaveImageStreamRequest(type="PersonImage", image=image, ticket="7T:x"))
            found.append(url)
            found.extend(
                "SoInvalidArgument" in post(url, GetBlobStreamRequest(blob_id=n, ticket="7T:x"))
                for n in (70001, 70008)
            )
        finally:
            signal.raise_signal(signal.SIGTERM)

    assert serve(Configuration(keep=1, log="none"), write, print) is None
    url, *gone = found
    assert gone == [True, False]
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def test_lines_of_the_log_that_nobody_could_take_are_counted() -> None:
    go_on, wrote, said = threading.Event(), list[str](), list[str]()

    def write(line: str) -> None:
        go_on.wait(30)
        wrote.append(line)

    with _Writer(write, said.append) as writer:
        for number in range(_MOST_LINES + 10):
            writer.put(str(number))
        go_on.set()
    assert len(wrote) >= _MOST_LINES
    lost = _MOST_LINES + 10 - len(wrote)
    assert said == [f"soblob: {lost} lines of the log were lost: the reader is too slow"]
