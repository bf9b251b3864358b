"""No secret is on the disk after an exchange was recorded: in no file, no place and no encoding."""

import base64
import gzip
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_soblob import HttpRequest, HttpResponse
from pytest_soblob._text import KnownSecrets
from pytest_soblob._xml.document import parse
from pytest_soblob.conformance import markup
from pytest_soblob.conformance.encodings import NotRedactableError
from pytest_soblob.conformance.recording import Passed, Recorder
from pytest_soblob.conformance.redacting import BodyText
from pytest_soblob.settings import SoblobSettings
from tests import mistakes
from tests.conformance.recorded import answered, call, raw_upstream, recording
from tests.example_counts import at_length, either
from tests.leaks import ENCODINGS, PLACES, SECRETS, forms, message
from tests.once import Once

CHARSETS = ("utf-8", "utf-16", "utf-16-be", "iso-8859-1", "gzip")
WSDLS = Path(__file__).parents[2] / "schemas"
WCF = SoblobSettings(behaviour="wcf")


def in_charset(request: HttpRequest, charset: str) -> HttpRequest:
    """Return a request whose body is in another encoding, or compressed."""
    if charset == "gzip":
        coding = ("Content-Encoding", "gzip")
        return replace(request, headers=(*request.headers, coding),
                       body=gzip.compress(request.body))  # fmt: skip
    declared = f'<?xml version="1.0" encoding="{charset}"?>'
    return replace(request, body=(declared + request.body.decode()).encode(charset))


def echo(request: HttpRequest, secret: str) -> HttpResponse:
    """Return a fault that says what the client has sent, as some servers do."""
    shown = re.sub("[<&>]", lambda found: f"&#{ord(found[0])};", secret)
    return HttpResponse(
        status=500, headers=(("Content-Type", "text/xml"), ("Set-Cookie", f"id={secret}; Path=/")),
        body=mistakes.fault(
            f"<faultcode>s:Client</faultcode><faultstring>It was {shown}</faultstring>"
        ).encode(),
    )  # fmt: skip


@pytest.fixture(params=CHARSETS)
def on_disk(request: pytest.FixtureRequest, once: Once, tmp_path: Path) -> str:
    return once(("recorded", request.param), lambda: what_is_recorded(request.param, tmp_path))


def what_is_recorded(charset: str, folder: Path) -> str:
    """All that a recording has, as text, of each secret in each place and each way to write it."""
    recorder = Recorder(folder / "recording.jsonl", WCF)
    shown = []
    for kind, secret in SECRETS.items():
        for encoding in ENCODINGS:
            for place in PLACES[:: 1 if charset == "utf-8" else 8]:
                sent = in_charset(message(kind, encoding, place), charset)
                passed = Passed(request=sent, response=echo(sent, secret))
                shown.append(recorder.record(passed).line)
    recorder.close()
    files = [file for file in folder.rglob("*") if file.is_file()]
    texts = [file.read_bytes() for file in files]
    wide = [data.decode(name, "ignore") for data in texts for name in ("utf-16-le", "utf-16-be")
            if b"\0" in data]  # fmt: skip
    return "\n".join([*shown, *wide, *(data.decode("utf-8", "replace") for data in texts)])


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_on_the_disk_or_on_the_terminal(on_disk: str, kind: str) -> None:
    found = [form for form in forms(SECRETS[kind]) if form in on_disk]
    assert [on_disk[on_disk.find(form) - 200 :][:300] for form in found] == []


def test_a_ticket_of_one_exchange_is_none_in_the_next(tmp_path: Path) -> None:
    """A server may repeat it where no name says what it is."""
    ticket = "LeakedTicketWithoutPrefix77"
    first = mistakes.http_request(mistakes.request().replace(mistakes.TICKET, ticket))
    second = mistakes.http_request(mistakes.request(mistakes.TYPE, mistakes.IMAGE))
    said = HttpResponse(status=500, reason=f"bad {ticket}",
                        headers=(("X-Seen", ticket), (f"X-{ticket}", "1")),
                        body=f"<html>{ticket} {base64.b64encode(ticket.encode()).decode()}</html>"
                        .encode())  # fmt: skip
    recorder = Recorder(tmp_path / "recording.jsonl", WCF)
    recorder.record(Passed(request=first, response=None, failure=f"it was {ticket}"))
    recorder.record(Passed(request=second, response=said))
    recorder.close()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert [form for form in forms(ticket) if form in text] == []


def test_a_cookie_is_a_secret_wherever_it_comes_again(tmp_path: Path) -> None:
    cookies = ("LeakedSession1", "LeakedSession2", "LeakedSession3")
    request = mistakes.http_request()
    sent = ("Cookie", f"a={cookies[0]}; b={cookies[1]}")
    request = replace(request, headers=(*request.headers, sent))
    response = HttpResponse(
        status=500, headers=(("Set-Cookie", f"c={cookies[2]}; Path=/; HttpOnly"),),
        body=f"<html>{' '.join(cookies)} Path HttpOnly</html>".encode(),
    )  # fmt: skip
    recorder = Recorder(tmp_path / "recording.jsonl", WCF)
    recorder.record(Passed(request=request, response=response))
    recorder.close()
    texts = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert [one for one in cookies for text in texts if one[4:] in text] == []
    assert any("Path HttpOnly</html>" in text for text in texts)


def test_nothing_of_a_secret_reaches_the_disk_through_the_proxy(tmp_path: Path) -> None:
    """Not of a request that is refused, either, nor of an answer that is cut off."""
    secret = SECRETS["ticket"]
    sent = message("ticket", "plain", "description")
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: 900\r\nX-Ticket: {secret}\r\n\r\n".encode()
    answer += b"<a><Ticket>" + secret.replace("&", "&amp;").replace("<", "&lt;").encode()
    with (
        raw_upstream(lambda _, client: client.sendall(answer)) as upstream,
        recording(tmp_path, upstream.url) as record,
    ):
        got = call(record.url, sent)
        assert secret.encode() in got  # the client has what the server sent
        assert answered(call(record.url, replace(sent, target=f"/?t={secret}"))).status == 403
        call(record.url, sent, f"GET /{secret} HTTP/1.1\r\nTicket:{secret}\r\n\r\n".encode())
    (exchange,) = record.exchanges
    assert exchange["failure"].startswith("the answer is cut off")
    text = record.on_disk().decode() + "\n".join(record.lines)
    assert [form for form in forms(secret) if form in text] == []


LONG = base64.b64encode(bytes(range(256)) * 200).decode()


@pytest.mark.parametrize(
    ("body", "left"),
    [
        # The middle of long base64 is not searched by name, so its place decides.
        (f"<a><Ticket>{LONG}</Ticket></a>", "<a><Ticket>AA…</Ticket></a>"),
        (f"<a b='x'><!--{LONG}--></a>", f"<a b='x'><!--{LONG}--></a>"),
        (f"<a>Bearer {LONG}</a>", "<a>Bearer AA…</a>"),
        (f"<a>{LONG}{base64.b64encode(b'xx7T:HiddenTicket').decode()}{LONG}</a>", None),
        ("<a><Ticket>7T:Hidd<!-- -->enTicket</Ticket><b>HiddenTicket</b></a>", None),
        ("<a><Ticket><![CDATA[7T:HiddenTicket]]></Ticket>HiddenTicket</a>", None),
        ("<a><b>7T:Hidden<!-- -->Ticket</b><Ticket>7T:HiddenTicket</Ticket></a>", None),
        ("<a><Credentials a='HiddenTicket'/></a>", None),
        ("<a password='HiddenTicket'/>", None),
        ("<a><?pi password='HiddenTicket'?></a>", None),
        ("<a><Credentials><Ticket>HiddenTicket", None),
        ("<a><Credentials Ticket='HiddenTicket", None),
        ("<Ticket>HiddenTicket</b></Ticket>", None),
        ("ticket=HiddenTicket&x=1", None),
        ('{"ticket": "HiddenTicket"}', None),
        ("--b\r\nContent-ID: <r>\r\n\r\n<Envelope><Ticket>HiddenTicket</Ticket></Envelope>\r\n--b",
         "--b\r\nContent-ID: <r>\r\n\r\n<Envelope><Ticket>Hi…</Ticket></Envelope>\r\n--b"),
    ],
)  # fmt: skip
def test_a_body_is_redacted_by_its_markup(body: str, left: str | None) -> None:
    text = BodyText(body.encode())
    redacted = text.redacted(KnownSecrets((*text.secrets, "7T:HiddenTicket"))).decode()
    if left is not None:
        assert redacted == left
    assert "denTicket" not in redacted
    assert [form for form in forms("7T:HiddenTicket") if form in redacted] == []


def test_what_has_no_secret_stays_as_it_is() -> None:
    count = 0
    for mistake in mistakes.MISTAKES:
        if isinstance(mistake.message, bytes) and parse(mistake.message).problem is None:
            data = mistake.message.replace(mistakes.TICKET.encode(), b"")
            text = BodyText(data)
            if not text.secrets:
                count += 1
                assert text.redacted(KnownSecrets()) == data, mistake.name
    assert count > 50


SECRET = "QwertySecret77uiopAsdf"
NAMED = mistakes.request(
    mistakes.TYPE, mistakes.IMAGE, mistakes.DESCRIPTION,
    header=f"<n:Credentials password='{SECRET}'><n:Ticket b=\"2\">{SECRET}</n:Ticket>"
    f"</n:Credentials><n:ApplicationToken>other-{SECRET}</n:ApplicationToken>",
)  # fmt: skip
KEPT = re.compile(f"{SECRET}|Ticket|Credentials|ApplicationToken|password")
INSERTED = "<>/\"'=! -?[]&;:nx\0\n\u00e9"


@at_length
def test_whatever_is_wrong_around_it_a_named_secret_is_masked() -> None:
    """Edits of one character each, most of them close to a secret; its name stays."""
    draw = random.Random(7)
    for _ in range(either(400, 4_000)):
        text = NAMED
        for _ in range(draw.randint(1, 3)):
            places = [found.span() for found in KEPT.finditer(text)]
            start, end = draw.choice(places)
            near = draw.choice((start, end)) + draw.randint(-20, 20)
            at = draw.choice((near, draw.randrange(len(text))))
            if any(first < at < last for first, last in places):
                continue
            removed = 0 if any(first <= at < last for first, last in places) else draw.randint(0, 1)
            text = text[:at] + draw.choice(("", draw.choice(INSERTED))) + text[at + removed :]
        for data in (text.encode(), text.encode("utf-16")):
            try:
                body = BodyText(data)
                redacted = body.redacted(KnownSecrets(body.secrets))
            except NotRedactableError:
                continue
            shown = redacted.replace(b"\0", b"").decode("latin-1")
            assert SECRET[4:14] not in shown, text


def test_a_body_in_two_encodings_is_not_kept() -> None:
    named = f"<Ticket>{SECRET}</Ticket>"
    for data in (
        "<a>x</a>".encode("utf-16") + named.encode(),
        b"<a>x</a>" + named.encode("utf-16-le"),
        b"<a>x</a>" + named.encode("utf-32-be"),
        b"<\0a>" + named.encode(),
    ):
        with pytest.raises(NotRedactableError, match="it is "):
            BodyText(data)
    known = "Qwerty77uiopAsdfgh"
    wide = BodyText(f"<a>{known}</a>".encode("utf-16") + known.encode())
    with pytest.raises(NotRedactableError, match="it is "):
        wide.redacted(KnownSecrets([known]))


def test_many_secrets_of_one_exchange_do_not_displace_those_before(tmp_path: Path) -> None:
    """A secret that comes again is one of the newest; each is counted once."""
    cookies = [("Cookie", f"a{number}=valuevalue{number}") for number in range(60)]
    repeated = "".join(f"<Token>secretvalue{i % 7:04d}</Token>" for i in range(2_000))
    text = recorded(
        tmp_path,
        passed(f"<a><Password>{SECRET}</Password></a>"),
        *(passed("<a/>", *cookies) for _ in range(15)),
        passed(f"<a>{repeated}</a>"),
        passed("<a/>", said=f"login failed for {SECRET}"),
    )
    assert SECRET[4:] not in text
    assert "valuevalue" not in text
    assert "secretvalue" not in text
    assert "not_kept" not in text


def test_all_secrets_of_a_body_are_known_or_it_is_not_kept(tmp_path: Path) -> None:
    for number, count in enumerate((60, 490, 600)):
        named = "".join(f"<Token>secretvalue{i:04d}</Token>" for i in range(count))
        folder = tmp_path / f"{number}"
        folder.mkdir()
        body = f"<a>{named}<Password>{SECRET}</Password></a>"
        text = recorded(folder, passed(body, said=f"<p>failed for {SECRET}</p>"))
        assert ("over 500 secrets" in text) is (count > 500)
        assert SECRET[4:] not in text
        assert "secretvalue" not in text


def test_large_pictures_are_kept_however_many_secrets_there_were(tmp_path: Path) -> None:
    draw = random.Random(5)
    image = base64.b64encode(draw.randbytes(3_000_000)).decode()
    hidden = base64.b64encode(b"xx" + SECRET.encode()).decode()
    many = "".join(f"<Token>secretvalue{i:04d}</Token>" for i in range(450))
    text = recorded(
        tmp_path,
        passed(f"<a>{many}<Password>{SECRET}</Password></a>"),
        passed(f"<a><n>{image}</n></a>"),
        passed(f"<a><n>{image[:2_000_000]}{hidden}{image[2_000_000:]}</n></a>"),
    )
    assert text.count(image) == 1
    assert hidden[8:20] not in text


PAIRS = (
    "<p><Name>password</Name><Value>{}</Value></p>",
    "<a:KeyValue><a:Key>Passord</a:Key><a:Value i='2'>{}</a:Value></a:KeyValue>",
    "<add key='password' value='{}'/>",
    "<Param name='Ticket'>{}</Param>",
    "<input type='hidden' id='jwt' value='{}'/>",
    *(f"<n:{name}>{{}}</n:{name}>" for name in (
        "Passord", "Kennwort", "SessionId", "Session", "PIN", "Nonce", "Assertion", "Signature",
        "Jwt", "AccessKey", "SAMLResponse", "sid")),
)  # fmt: skip
HEADERS = (
    *("X-JWT", "X-Session-Id", "X-Signature", "X-Forwarded-Access-Key", "X-Csrf-Nonce"),
    *("X-Pin", "SID"),
)
TARGETS = ("?sid={}", "?a=1&jwt={}&b=2", "?sig={}", "/(S({}))/x", "?x=1;pin={}", "?%73id={}")


def recorded(folder: Path, *pairs: Passed) -> str:
    """All that a recording has, as text."""
    recorder = Recorder(folder / "recording.jsonl", WCF)
    lines = [recorder.record(one).line for one in pairs]
    recorder.close()
    files = [file for file in folder.rglob("*") if file.is_file()]
    return "\n".join((*lines, *(file.read_bytes().decode("latin-1") for file in files)))


def passed(
    body: bytes | str, *headers: tuple[str, str], target: str = "", said: str = ""
) -> Passed:
    """An exchange whose answer is a text."""
    data = body.encode() if isinstance(body, str) else body
    sent = HttpRequest(target=f"/BLOB.svc{target}", headers=headers, body=data)
    return Passed(request=sent, response=HttpResponse(body=said.encode()))


def test_names_of_other_systems_mark_a_secret_too(tmp_path: Path) -> None:
    for number, pair in enumerate(PAIRS):
        folder = tmp_path / f"b{number}"
        folder.mkdir()
        body = f"<e xmlns:n='urn:n' xmlns:a='urn:a'>{pair.format(SECRET)}<d>kept too</d></e>"
        text = recorded(folder, passed(body, said=f"it was {SECRET}"))
        assert SECRET[4:] not in text, pair
        assert "<d>kept too</d>" in text
    for number, name in enumerate(HEADERS):
        folder = tmp_path / f"h{number}"
        folder.mkdir()
        assert SECRET[4:] not in recorded(folder, passed("", (name, SECRET), said=SECRET)), name
    for number, target in enumerate(TARGETS):
        folder = tmp_path / f"t{number}"
        folder.mkdir()
        text = recorded(folder, passed("", target=target.format(SECRET), said=SECRET))
        assert SECRET[4:] not in text, target


def test_no_name_of_the_contract_becomes_secret_by_them() -> None:
    assert [name for name in markup._NAMES if markup._OF_OTHERS.fullmatch(name)] == []
    secret = {name for name in markup._NAMES if markup.names_secret(name)} - markup._WRAPPERS
    usual = re.compile("Ticket|Token|Credentials|Password")
    assert [name for name in secret if not usual.search(name)] == []
    assert markup._VALUED.fullmatch("Description") is None


def test_a_description_of_a_secret_has_none() -> None:
    """In a WSDL an element is named Ticket, and has no value."""
    for wsdl in WSDLS.glob("*.*"):
        text = BodyText(wsdl.read_bytes())
        assert text.secrets == (), wsdl
        assert text.redacted(KnownSecrets()) == wsdl.read_bytes()


@pytest.mark.parametrize("declared", [
    f'<!DOCTYPE a [<!ENTITY p "{SECRET}">]>', f'<!doctype a [ <!ATTLIST a b CDATA "{SECRET}"> ]>',
])  # fmt: skip
def test_a_body_with_entities_is_not_kept(tmp_path: Path, declared: str) -> None:
    body = f"{declared}<a><Password>&p;</Password></a>"
    for encoding in ("utf-8", "utf-16"):
        with pytest.raises(NotRedactableError, match="DTD"):
            BodyText(body.encode(encoding))
    assert SECRET not in recorded(tmp_path, passed(body))
    page = b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x.dtd"><html><p>[x]</p></html>'
    assert BodyText(page).redacted(KnownSecrets()) == page
