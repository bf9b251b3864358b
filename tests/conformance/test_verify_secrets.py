"""`soblob verify`: where secrets go, and that no report or file has one."""

import base64
import html
import json
import os
import re
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pytest_soblob import Authority, HttpRequest, SoblobError, StubEndpoint
from pytest_soblob.cli import main
from pytest_soblob.conformance.providers import Credentials, Options, Report, verify_provider
from pytest_soblob.conformance.providers.connection import Connection
from pytest_soblob.conformance.providers.values import Address
from pytest_soblob.conformance.providers.verifying import open_session
from tests.command import runner
from tests.conformance.providers import Handler, Reply, Right, served

USER = Credentials(user="ada", password="let me in, please")


@contextmanager
def listening(received: list[bytes]) -> Iterator[int]:
    """Keep what each connection sends first, and close it; yield the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    received.append(connection.recv(65536))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


# -- where they go -----------------------------------------------------------------------------


def test_an_https_log_in_beside_http_is_encrypted() -> None:
    received: list[bytes] = []
    with served(Right()) as url, listening(received) as port:
        options = Options(rate=1e9, principal_url=f"https://127.0.0.1:{port}/SoPrincipal.svc")
        with pytest.raises(SoblobError, match="the log-in at https"):
            verify_provider(url, USER, options)
    assert received[0][:2] == b"\x16\x03"  # a TLS handshake
    assert not any(b"let me in" in data for data in received)


def test_a_user_is_logged_in_by_https_beside_http() -> None:
    with Authority() as authority, StubEndpoint(tls=authority.server_context()) as endpoint:
        principal = endpoint.url.replace("BLOB", "SoPrincipal")
        options = Options(
            rate=1e9, principal_url=principal, ca_file=str(authority.ca_file), only=("tls",)
        )
        with served(Right()) as url:
            report = verify_provider(url, USER, options)
        endpoint.discard_findings()
    assert [row.outcome for row in report.rows if row.probe == "log-in"] == ["ok"]
    assert report.facts["TLS"].startswith("none")


def test_nothing_is_sent_to_https_without_a_context() -> None:
    received: list[bytes] = []
    with listening(received) as port:
        address = Address.parse(f"https://127.0.0.1:{port}/BLOB.svc")
        with pytest.raises(SoblobError, match="needs TLS"), Connection(address, 1, None, 99) as one:
            one.send(HttpRequest(method="GET"))
    assert not any(received)


@pytest.mark.parametrize("place", ["redirect", "wsdl"])
def test_a_password_goes_to_no_address_that_the_provider_names(place: str) -> None:
    received: list[bytes] = []
    with listening(received) as port:
        where = f"http://127.0.0.1:{port}/SoPrincipal.svc"

        class Leading(Right):
            def post(self, headers: object, body: bytes) -> Reply:
                return Reply(307, headers=(("Location", where),))

            def wsdl(self) -> bytes:
                found = re.sub(
                    rb'location="[^"]*"', b'location="%b"' % where.encode(), super().wsdl()
                )
                return found if place == "wsdl" else super().wsdl()

        with served(Leading()) as url, pytest.raises(SoblobError, match="the log-in at"):
            verify_provider(url, USER, Options(rate=1e9))
    assert received == []


@pytest.mark.parametrize(
    ("url", "principal", "said"),
    [
        ("http://crm.example/BLOB.svc", None, ["user name and password, to", "ticket, to"]),
        ("http://crm.example/BLOB.svc", "https://crm.example/SoPrincipal.svc", ["ticket, to"]),
        (
            "https://crm.example/BLOB.svc",
            "http://crm.example/P.svc",
            ["user name and password, to"],
        ),
        ("https://crm.example/BLOB.svc", None, []),
        ("http://localhost:1/BLOB.svc", None, []),
        ("http://127.3.2.1/BLOB.svc", None, []),
        ("http://[::1]:8080/BLOB.svc", None, []),
        ("http://127.example/BLOB.svc", None, ["user name and password, to", "ticket, to"]),
    ],
)
def test_what_others_can_read_is_known_before_it_is_sent(
    url: str, principal: str | None, said: list[str]
) -> None:
    session = open_session(url, USER, Options(principal_url=principal))
    assert [text.partition(" http")[0] for text in session.exposed] == said
    assert ("sent without encryption" in session.facts) is bool(said)


def test_the_command_warns_before_a_password_is_sent_in_the_clear() -> None:
    environment = {"SOBLOB_USER": "ada", "SOBLOB_PASSWORD": "let me in", "SOBLOB_TICKET": ""}
    result = runner().invoke(
        main, ["verify", "http://host.invalid/BLOB.svc"], env=environment, prog_name="soblob"
    )
    first, second, last = result.stderr.splitlines()
    assert first == (
        "soblob: warning: sent without encryption: user name and password, to "
        "http://host.invalid/SoPrincipal.svc"
    )
    assert second.endswith("ticket, to http://host.invalid/BLOB.svc")
    assert "the host name cannot be resolved" in last


def test_a_bad_principal_url_is_misuse_before_anything_is_sent() -> None:
    right = Right()
    with served(right, Handler) as url, pytest.raises(SoblobError, match="must be an http or"):
        verify_provider(url, USER, Options(principal_url="ftp://127.0.0.1/P.svc"))
    assert right.calls == 0


# -- what is shown -----------------------------------------------------------------------------

SECRET = "RealTicket12345=="
FAULT = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
    "<faultcode>s:Client</faultcode><faultstring>{}</faultstring></s:Fault></s:Body></s:Envelope>"
)
TEXT_XML = "text/xml; charset=utf-8"


def wrapped(data: bytes, width: int = 20, end: str = "\n") -> str:
    text = base64.b64encode(data).decode()
    return end.join(text[at : at + width] for at in range(0, len(text), width))


TICKET = "7T:" + SECRET
UTF_16 = "text/xml; charset=utf-16"
# Name: the text of a fault, the encoding of the answer, its Content-Type.
ECHOES = {
    "plain": (TICKET, "utf-8", TEXT_XML),
    "utf-16 without a mark": (TICKET, "utf-16-le", UTF_16),
    "utf-16-be without a mark, as utf-8": (TICKET, "utf-16-be", TEXT_XML),
    "utf-16 with a mark": (TICKET, "utf-16", UTF_16),
    "utf-32": (TICKET, "utf-32", TEXT_XML),
    "utf-32-be": (TICKET, "utf-32-be", TEXT_XML),
    "ebcdic": (TICKET, "cp037", "text/xml; charset=cp037"),
    "utf-7": ("7T:Real+AFQ-icket12345==", "utf-8", "text/xml; charset=utf-7"),
    "a comment inside": ("7T:Real<!-- <> -->Ticket12345==", "utf-8", TEXT_XML),
    "two comments inside": ("7T:Re<!--a-->al<!--b-->Ticket12345==", "utf-8", TEXT_XML),
    "CDATA inside": ("7T:Real<![CDATA[Ticket]]>12345==", "utf-8", TEXT_XML),
    "elements inside": ("7T:Re<i/>al<b>Ticket</b>12345==", "utf-8", TEXT_XML),
    "a line end": ("7T:Real\nTicket12345==", "utf-8", TEXT_XML),
    "a line end in an attribute": ('<a b="7T:Real\nTicket12345=="/>', "utf-8", TEXT_XML),
    "a line end in a comment": ("<!-- 7T:Real\nTicket12345== -->", "utf-8", TEXT_XML),
    "spaces": (" ".join(TICKET), "utf-8", TEXT_XML),
    "NULs": ("\0".join(TICKET), "utf-8", "text/plain"),
    "references": ("".join(f"&#{ord(one)};" for one in TICKET), "utf-8", TEXT_XML),
    "wrapped base64": (wrapped(b"z" * 11 + TICKET.encode()), "utf-8", TEXT_XML),
    "base64, one character a line": (wrapped(SECRET.encode(), 1), "utf-8", TEXT_XML),
    "base64 wrapped by references": (wrapped(SECRET.encode(), 8, "&#10;"), "utf-8", TEXT_XML),
    "base64 of utf-16": (wrapped(TICKET.encode("utf-16-le")), "utf-8", TEXT_XML),
    "late, and cut off": (" " * (20_000 - 235) + TICKET, "utf-8", TEXT_XML),
}


def forms_of(secret: str) -> list[str]:
    """Pieces of a secret that tell most of it, in base64 too."""
    data = secret.encode()
    pieces = [secret[at : at + 8] for at in range(len(secret) - 7)]
    for before in range(3):
        encoded = base64.b64encode(b"z" * before + data).decode()
        pieces += [encoded[at : at + 11] for at in range(4, len(encoded) - 14)]
    return pieces


def flattened(text: str) -> str:
    """What somebody could read from a text that is shown: the oracle, not the kit's own code."""
    text = html.unescape(re.sub(r"\\x00|\\u0000|\\n|\\r", "", text))
    plain = re.sub(r"<!--.*?-->|<!\[CDATA\[|\]\]>|<[^>]*>|\s|\0", "", text, flags=re.DOTALL)
    return plain + re.sub(r"\s|\0", "", text)


@pytest.mark.parametrize("name", ECHOES)
def test_no_echo_of_a_ticket_is_shown(name: str) -> None:
    said, encoding, media_type = ECHOES[name]

    class Echoing(Right):
        def post(self, headers: object, body: bytes) -> Reply:
            return Reply(500, FAULT.format(said).encode(encoding), media_type)

    with served(Echoing()) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(rate=1e9, only=("read",)))
    for shown in (report.to_text(10_000), json.dumps(report.to_json())):
        seen = flattened(shown)
        assert [piece for piece in forms_of(SECRET) if piece in seen] == []


def test_a_header_with_a_divided_ticket_is_not_shown() -> None:
    class Echoing(Right):
        def post(self, headers: object, body: bytes) -> Reply:
            return Reply(500, b"no", "text/html", (("X-Asked", "7T:Real Ticket12345=="),))

    with served(Echoing()) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(rate=1e9, only=("read",)))
    found = {one.id: one for one in report.findings}
    assert "answer.echoes-secret" in found
    assert "(head not shown: it holds a secret" in found["answer.echoes-secret"].response
    assert "Ticket12345" not in report.to_text()


def test_what_holds_no_secret_is_shown() -> None:
    """The markup around a ticket is kept, and an answer without one is as it was sent."""
    said = "Ticket 7T:other is unknown; &lt;Real&gt; tickets have 12345 digits"

    class Plain(Right):
        def post(self, headers: object, body: bytes) -> Reply:
            return Reply(200, FAULT.format(said).encode(), "text/xml")

    with served(Plain()) as url:
        report = verify_provider(url, Credentials(ticket=TICKET), Options(rate=1e9, only=("read",)))
    (finding,) = (one for one in report.findings if one.id.startswith("answer."))
    assert "<ns:Ticket>7T:Re…</ns:Ticket>" in finding.request
    assert "&lt;Real&gt; tickets have 12345 digits</faultstring>" in finding.response


# -- files of bodies ---------------------------------------------------------------------------


def bad_run(url: str, folder: Path) -> Report:
    options = Options(rate=1e9, only=("refusal.text-plain",), save_bodies=str(folder))
    return verify_provider(url, Credentials(ticket="7T:rightfulTicket=="), options)


class Lenient(Right):
    def check_type(self, value: str) -> None:
        pass


@pytest.mark.parametrize("kind", ["link", "broken link", "hard link", "file"])
def test_a_file_is_not_overwritten_and_no_link_is_followed(kind: str, tmp_path: Path) -> None:
    folder, other = tmp_path / "bodies", tmp_path / "other"
    folder.mkdir()
    other.write_text("precious")
    placed = folder / "finding-01.body"
    match kind:
        case "link":
            placed.symlink_to(other)
        case "broken link":
            placed.symlink_to(tmp_path / "new")
        case "hard link":
            placed.hardlink_to(other)
        case "file":
            placed.write_text("precious")
    with served(Lenient()) as url:
        (finding,) = bad_run(url, folder).findings
    assert finding.curl.endswith(f"# {placed} exists, and is not overwritten")
    assert other.read_text() == "precious"
    assert not (tmp_path / "new").exists()
    assert kind != "file" or placed.read_text() == "precious"


def test_a_file_of_a_body_is_its_owners(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with served(Lenient()) as url:
            bad_run(url, tmp_path / "bodies")
    finally:
        os.umask(before)
    (file,) = (tmp_path / "bodies").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_folder_with_bodies_of_an_earlier_run_is_misuse(tmp_path: Path) -> None:
    (tmp_path / "finding-03.body").symlink_to(tmp_path / "nothing")
    right = Right()
    with served(right) as url:
        result = runner().invoke(
            main, ["verify", url, "--save-bodies", str(tmp_path)], prog_name="soblob"
        )
    assert (result.exit_code, result.stderr.count("\n"), right.calls) == (2, 1, 0)
    assert "finding-03.body exists, and is not overwritten: name another folder" in result.stderr
