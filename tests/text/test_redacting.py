"""No secret in what is shown, whatever it is called and however it is written; and what that costs.

The oracle for what is encoded is the standard library's encoder; for the cost it is the clock of
the thread, with what twice as much of the same takes.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_soblob import ContractViolationError, StubEndpoint
from pytest_soblob._text import KnownSecrets, find_suspects, hide, is_secret_name, redact
from pytest_soblob.judge.validators import EnvelopeValidator
from tests.cpu import MOST_GROWTH, growth, spent_s
from tests.example_counts import untraced
from tests.mistakes import CREDENTIALS, DESCRIPTION, IMAGE, TYPE, http_request, request

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SECRET = st.text("ABCDEFabcdef0123456789!%&+/<=>\"'\\ øß€😀:;", min_size=6, max_size=40)


def every_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def every_reference(text: str) -> str:
    return "".join(f"&#x{ord(char):X};" for char in text)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(f"user:{text}".encode()).decode()


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded as a form": quote_plus,
    "percent-encoded, each byte, in small letters": every_percent,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, URL-safe, without padding": lambda text: (
        base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    ),
    "base64 behind one character": lambda text: base64.b64encode(f"x{text}".encode()).decode(),
    "base64 behind two": lambda text: base64.b64encode(f"xy{text}".encode()).decode(),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "base64 of base64 apart, percent-encoded": lambda text: quote(
        base64.b64encode(text.encode()).decode(), safe=""
    ),
    "in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "Basic": basic,
    "XML, escaped": escape,
    "XML, references": every_reference,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "escaped for a terminal": lambda text: text.encode("unicode_escape").decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_goes_in_each_form(form: str) -> None:
    @given(SECRET, st.sampled_from(("{}", "x {} y", "got '{}'", "a/b?c={}", "<zyx>{}</zyx>")))
    def check(secret: str, around: str) -> None:
        secret = secret.strip()
        if len(secret) < 6:
            return
        written = FORMS[form](secret)
        for shown in (redact(around.format(written), [secret]), hide(f"({written})", [secret])):
            assert written.strip() not in shown
            assert secret[3:] not in shown
            for line in written.split():
                assert len(line) < 12 or line not in shown

    check()


@given(
    st.lists(st.sampled_from(LETTERS), min_size=20, max_size=30, unique=True).map("".join),
    st.integers(4, 18),
    st.integers(4, 18),
)
def test_what_is_left_of_a_known_secret_where_it_was_cut_goes_as_well(
    secret: str, head: int, tail: int
) -> None:
    shown = redact(f"{secret[:head]}… and …{secret[-tail:]} end", [secret])
    assert secret[:head] not in shown.partition(" and ")[0]
    assert secret[-tail:] not in shown.partition(" and ")[2]


@pytest.mark.parametrize(
    "name",
    [
        *("ticket", "Tickt", "ApplicationToken", "tokn", "MyPassword", "passwd", "client_secret"),
        *("pwd", "PWD", "userPwd", "user_pwd", "db.pwd2", "pass", "Pass", "DBPass", "passphrase"),
        *("auth", "Auth", "proxyAuth", "x-auth", "Authorization", "OAuth", "bearer", "Bearer"),
        *("apikey", "ApiKey", "api_key", "X-API-Key", "APIKEY", "Cookie", "Set-Cookie", "TICKET"),
        *("Passord", "nyttPassord", "Kennwort", "SessionId", "X-Session-Id", "jwt", "X-JWT"),
        *("AccessKey", "X-Forwarded-Access-Key", "PrivateKey", "sessionKey", "SAMLResponse"),
    ],
)
def test_these_names_hold_a_secret(name: str) -> None:
    assert is_secret_name(name)
    for around in ("{}={}", '"{}": "{}"', "{}: {}", "<{}>{}", '<a {}="{}">', "{{'{}': '{}'}}"):
        assert "Hidden" not in redact(around.format(name, "aaHiddenbb"))


@pytest.mark.parametrize(
    "name",
    [
        *("author", "Author", "AUTHOR", "authority", "Authenticate", "passport", "PASSPORT"),
        *("bypass", "compass", "passage", "passenger", "bearers", "capikeys", "pwdx", "xpwd"),
        *("accessibility", "privately", "sessions", "key", "ajwtx", "sample"),
    ],
)
def test_these_do_not(name: str) -> None:
    assert not is_secret_name(name)
    for text in (f"{name}=visible", f"{name}: visible", f"<{name}>visible</{name}>"):
        assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer aaHiddenbb",
        "Authorization: Basic " + base64.b64encode(b"user:Hidden").decode(),
        "authorization: SharedKey account:Hidden",
        "Cookie: a=1; session=Hidden; b=2",
        "the server said: Bearer aaHiddenbb",
        "https://user:Hidden@server/path",
        "https://Hidden@server/path",
        "/BLOB.svc?ticket=7T%3AHidden&x=1",
        "/BLOB.svc?x=7T%3aaaHidden",
        '{"envelope": "<n:Ticket>Hidden</n:Ticket>"}',
        '{\\"ticket\\": \\"Hidden\\"}',
        "&lt;n:Ticket&gt;Hidden&lt;/n:Ticket&gt;",
        "%3CTicket%3EHidden%3C%2FTicket%3E",
        "\\u003cTicket\\u003eHidden\\u003c/Ticket\\u003e",
        "<n:Credentials key='Hidden'/>",
        "<n:Ticket xmlns='urn:x' value=\"Hidden\"&",
        "\\\\tok=Hidden",
        "%zz&#1234567890;&#x110000;tok=Hidden",
    ],
)
def test_a_shape_or_a_name_gives_it_away(text: str) -> None:
    encoded = base64.b64encode(b"user:Hidden").decode()
    assert "Hidden" not in redact(text)
    assert encoded not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication",
        "http://www.superoffice.net/ws/crm",
        "mail a@b.c",
        "100%",
        "a & b; \\n",
        "<n:Ticket xsi:nil='true' xmlns='urn:x'/>",
        "Type, Image, Description",
        "&#x110000; &nothing;",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert redact(text) == text


def test_basic_credentials_and_what_the_target_says_are_known_in_the_whole_verdict() -> None:
    encoded = base64.b64encode(b"user:HiddenWord").decode()
    body = request(TYPE, IMAGE, DESCRIPTION, "<n:Foo>HiddenWord KeyOfTheApi HiddenCookie</n:Foo>")
    message = http_request(body, soap_action='"HiddenWord"')
    headers = (
        *message.headers, ("Authorization", f"Basic {encoded}"), ("Cookie", "HiddenCookie"),
    )  # fmt: skip
    target = "/?apikey=KeyOfTheApi&x=1"
    wrong = replace(message, method="PUT", target=target, headers=headers)
    verdict = EnvelopeValidator("request", "wsdl").judge(wrong)
    assert {"body.child-unknown", "http.soap-action-other"} <= {v.rule for v in verdict.violations}
    for hidden in ("HiddenWord", "KeyOfTheApi", "HiddenCookie", encoded):
        assert hidden not in repr(verdict)


# -- cost -----------------------------------------------------------------------------------------

PIECES = {
    **{name: f"{name} " for name in ("tok", "</tok>", "<tok>", "<tok a='", "<tok a", "</a>", "<")},
    **{name: name for name in ("passw.", "tok.", "tok-", "tok=", "tok='", "tok=\"'", "a:tok:")},
    **{name: name for name in ("pass_", "authauth ", "aPass", "api-", "cookie: ", "://a@", "7T:")},
    **{name: name for name in ("%74ok=", "%25", "&amp;amp;", "&lt;tok&gt;", "\\", "\\u0041")},
    **{name: name for name in ("bearer ", "bearer a", "basic YTpi", "…", "QUJDREVG", "QUJD\n")},
    **{name: name for name in ("abcdabcd", "YWJjZGFi", "x", "_", " ", "\n", '"', "<![CDATA[")},
    "white space": "tok" + " " * 50,
}
KNOWN = KnownSecrets(["abcd" * 1000, "abcdabcd", *(f"s{index}ecret" for index in range(48))])


OFTEN = list(PIECES)[::4]  # of each kind of piece some; the rest is slow


@untraced
@pytest.mark.parametrize(
    "piece", [*OFTEN, *(pytest.param(p, marks=pytest.mark.slow) for p in PIECES if p not in OFTEN)]
)
def test_redaction_takes_twice_as_long_for_twice_as_much(piece: str) -> None:
    def redact_both(size: int) -> None:
        text = PIECES[piece] * (size // len(PIECES[piece]))
        redact(text, KNOWN)
        find_suspects(text)

    assert growth(lambda size: spent_s(partial(redact_both, size), 2), 16_000) <= MOST_GROWTH
    assert spent_s(partial(redact_both, 32_000)) <= 0.5


def judged(body: str) -> None:
    """Judge a message and build every text of the verdict."""
    for violation in EnvelopeValidator("request", "wsdl").judge(body.encode()).violations:
        assert violation.to_json()


def nested(count: int) -> str:
    inside = "".join(f"<n:Ticket>{index}" for index in range(count)) + "</n:Ticket>" * count
    return request(header=f"<n:Credentials>{inside}</n:Credentials>")


def named(name: str) -> Callable[[int], str]:
    return lambda count: request(*[f"<n:{name * 25}{index}/>" for index in range(count)])


MESSAGES: dict[str, tuple[Callable[[int], str], int]] = {
    "nested elements of a secret name": (nested, 500),
    "nested deep in the body": (
        lambda count: request("<n:tok>" * count + "x" + "</n:tok>" * count), 500,
    ),
    "names of passw.": (named("passw."), 250),
    "names of tok.": (named("tok."), 250),
    "names of nothing": (named("Foo."), 250),
    "secrets, each told again": (
        lambda count: request(
            *[f"<n:F>{index}secret</n:F>" for index in range(count)],
            header=CREDENTIALS
            + "".join(f"<n:Tok>{index}secret</n:Tok>" for index in range(count)),
        ), 500,
    ),
    "attributes of a secret name": (
        lambda count: request(
            *[f"<n:F {' '.join(f'tok{a}={chr(39)}v{a}{chr(39)}' for a in range(9))}/>"] * count
        ), 400,
    ),
}  # fmt: skip


@pytest.mark.slow
@untraced
@pytest.mark.parametrize("name", MESSAGES)
def test_judging_and_telling_costs_in_proportion(name: str) -> None:
    build, count = MESSAGES[name]
    assert (
        growth(lambda number: spent_s(partial(judged, build(number)), 2), count, spare_s=0.02)
        <= MOST_GROWTH
    )
    # With all texts of up to 200 violations, of which a failure shows few.
    assert spent_s(partial(judged, build(2 * count))) <= 0.5


@pytest.mark.parametrize("prefix", ["7T:", "8A:"])
def test_a_ticket_without_what_says_that_it_is_one(prefix: str) -> None:
    """A client may lose that, and what is left is as good as the ticket."""
    bare = "Zq9vXw3KpLm7RtYb2NcD"
    encoded = base64.b64encode(f"ada:{bare}".encode()).decode()
    shown = redact(f"{bare}, {quote_plus(bare)}, {encoded}", [prefix + bare])
    assert bare[4:] not in shown
    assert encoded[12:] not in shown
    assert redact("short x", [f"{prefix}x"]) == "short x"


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", ""])
@given(st.text(st.characters(exclude_categories=()), max_size=12))
@example("\xf8")
@example("\ud800")
@example("YTpIaWRkZW4=\xf8")
def test_a_header_of_any_characters_is_judged(scheme: str, text: str) -> None:
    """The stub has not failed: `check` raises what the endpoint met."""
    headers = (*http_request(request()).headers, ("Authorization", f"{scheme} {text}"))
    endpoint = StubEndpoint()
    endpoint.handle(replace(http_request("<broken"), headers=headers))
    with pytest.raises(ContractViolationError) as raised:
        endpoint.check()
    assert "stub" not in str(raised.value)
    assert "Hidden" not in str(raised.value)


def test_a_known_secret_is_found_in_lines_of_base64_in_base64_twice_and_in_hexadecimal() -> None:
    secret = "hunter2CorrectHorse"
    for before in range(80):
        data = b"z" * before + secret.encode() + b"q" * 40
        wrapped = base64.encodebytes(data).decode()
        for text in (wrapped, wrapped.replace("\n", "\r\n"), wrapped.replace("\n", "&#13;\n")):
            assert "…" in redact(f"<a>{text}</a>", [secret]), before
        for around in (1, 2, 3):
            twice = base64.b64encode(b"x" * around + base64.b64encode(data)).decode()
            assert "…" in redact(f"<a>{twice}</a>", [secret]), before
        for encoding in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            wide = base64.b64encode(data.decode().encode(encoding)).decode()
            assert "…" in redact(f"<a>{wide}</a>", [secret]), (encoding, before)
    digits = secret.encode().hex()
    for text in (digits, digits.upper(), f"0x{digits}", f"aa{digits}bb"):
        assert digits[12:].lower() not in redact(f"<a>{text}</a>", [secret]).lower()


def test_a_thousand_known_secrets_are_found_as_one_is() -> None:
    known = KnownSecrets(f"hidden{number:04d}Horse" for number in range(1_000))
    for number in (0, 500, 999):
        for text in (f"hidden{number:04d}Horse", f"hidden{number:04d}Ho",
                     base64.b64encode(f"a:hidden{number:04d}Horse".encode()).decode()):  # fmt: skip
            assert "…" in redact(f"<a>{text} {'x' * 100}</a>", known)
