"""Names of encodings: .NET's four are right in `wsdl`; each spelling is read that is safe to read.

The oracle is Python's own table of encodings and what it makes of the same bytes.
"""

import base64
import random
from encodings import aliases

import pytest

from pytest_soblob import EnvelopeValidator
from pytest_soblob._xml.document import parse
from pytest_soblob._xml.encodings import common_name, is_of_dotnet, is_read
from pytest_soblob._xml.prolog import decode
from tests.mistakes import DESCRIPTION, IMAGE, SOAP12, TYPE, http_request, request

SPELLINGS = sorted(
    {*aliases.aliases, *aliases.aliases.values()}
    | {name.replace("_", "-") for name in (*aliases.aliases, *aliases.aliases.values())}
)
OF_DOTNET = ("utf-8", "UTF-8", "utf-16", "Utf-16", "utf-16LE", "utf-16be")


def rules(message: object, profile: str) -> set[str]:
    found = EnvelopeValidator("request", profile).judge(message).errors  # type: ignore[arg-type]
    return {violation.rule for violation in found}


def test_dotnet_knows_four_names_in_any_case() -> None:
    known = {name for name in (*SPELLINGS, *OF_DOTNET) if is_of_dotnet(name)}
    assert {name.lower() for name in known} == {"utf-8", "utf-16", "utf-16le", "utf-16be"}


def encoded(text: str, name: str) -> bytes:
    """The text in that encoding, as far as Python can; else in ASCII."""
    if is_read(name) and common_name(name).startswith("utf-16"):
        return text.encode("utf-16" if common_name(name) == "utf-16" else name)
    try:
        return text.encode(name, "xmlcharrefreplace")
    except (LookupError, UnicodeError):
        return text.encode("ascii", "xmlcharrefreplace")


def test_a_declared_encoding_is_read_as_python_reads_it_or_refused() -> None:
    refused = set()
    for name in SPELLINGS:
        if not name[0].isalpha():
            continue  # XML 1.0, production 81: a name begins with a letter
        text = f"<?xml version='1.0' encoding='{name}'?><a>caf\u00e9 \u20ac</a>"
        document = parse(encoded(text, name))
        if document.root is None:
            refused.add(name)
        else:
            assert document.root.text == "caf\u00e9 \u20ac", name
    assert refused == {name for name in SPELLINGS if name[0].isalpha() and not is_read(name)}


@pytest.mark.parametrize("name", ["utf8", "UTF_8", "us-ascii", "iso-8859-1", "latin-1", "utf_8"])
def test_a_declaration_that_dotnet_does_not_know_is_wrong_in_wsdl_alone(name: str) -> None:
    declaration = f"<?xml version='1.0' encoding='{name}'?>"
    assert rules((declaration + request()).encode(), "wsdl") == {"xml.encoding-unusual"}
    assert rules((declaration + request(soap=SOAP12)).encode(), "soap12") == set()


@pytest.mark.parametrize(
    ("charset", "wsdl", "soap12"),
    [
        ("utf-8", set(), set()),
        ('"UTF-8"', set(), set()),
        ("utf8", {"http.charset-unusual"}, set()),
        ("UTF_8", {"http.charset-unusual"}, set()),
        ("us-ascii", {"http.charset-unusual"}, set()),
        ("iso-8859-1", {"http.charset-unusual"}, set()),
        ('""', {"http.charset-unusual"}, set()),
        ("nonsense", {"http.charset-unusual"}, {"http.charset-contradicts"}),
        ("utf-16", {"http.charset-contradicts"}, {"http.charset-contradicts"}),
        ("utf-7", {"http.charset-unusual"}, {"http.charset-contradicts"}),
    ],
)
def test_charsets_of_ascii_bytes(charset: str, wsdl: set[str], soap12: set[str]) -> None:
    message = http_request(content_type=f"text/xml; charset={charset}")
    assert rules(message, "wsdl") == wsdl
    message = http_request(
        request(soap=SOAP12), content_type=f"application/soap+xml; charset={charset}"
    )
    assert rules(message, "soap12") == soap12


@pytest.mark.parametrize("charset", ["us-ascii", "iso-8859-1"])
def test_a_charset_that_cannot_be_that_of_the_bytes(charset: str) -> None:
    text = request(TYPE, IMAGE, DESCRIPTION.replace("Portrait", "Portr\u00e6tt"), soap=SOAP12)
    message = http_request(text, content_type=f"application/soap+xml; charset={charset}")
    assert rules(message, "soap12") == {"http.charset-contradicts"}


@pytest.mark.parametrize(
    ("charset", "encoding", "agrees"),
    [
        ("utf-16", "utf-16-le", True),
        ("utf-16", "utf-16-be", True),
        ("utf-16LE", "utf-16-le", True),
        ("utf-16BE", "utf-16-le", False),
        ("utf-8", "utf-16-le", False),
    ],
)
def test_charsets_of_utf_16(charset: str, encoding: str, agrees: bool) -> None:
    text = f"\ufeff<?xml version='1.0' encoding='utf-16'?>{request()}"
    message = http_request(content_type=f"text/xml; charset={charset}")
    message = type(message)(
        target=message.target, headers=message.headers, body=text.encode(encoding)
    )
    assert rules(message, "wsdl") == (set() if agrees else {"http.charset-contradicts"})


# -- a + that became a blank ----------------------------------------------------------------------


def said_of_image(text: str) -> dict[str, str]:
    data = request(TYPE, f"<n:Image>{text}</n:Image>", DESCRIPTION).encode()
    found = EnvelopeValidator("request", "wsdl").judge(data).violations
    return {v.rule: str(v.severity) for v in found if "base64" in v.rule}


@pytest.mark.parametrize("seed", range(40))
def test_a_plus_that_became_a_blank_is_named(seed: int) -> None:
    chance = random.Random(seed)
    text = base64.b64encode(b"\xff\xd8\xff" + chance.randbytes(chance.randint(900, 1_000))).decode()
    assert said_of_image(text) == {}
    lost = text.replace("+", " ")
    can_be_read = len(lost.replace(" ", "")) % 4 == 0
    severity = "warning" if can_be_read else "error"
    assert said_of_image(lost) == {"payload.base64-plus-lost": severity}
    wrapped = "\r\n".join(lost[at : at + 76] for at in range(0, len(lost), 76))
    if " \r" not in wrapped and "\n " not in wrapped:
        assert said_of_image(wrapped) == {"payload.base64-plus-lost": severity}


@pytest.mark.parametrize("between", [" ", "\n", "\r\n", "\t", "\n    ", " \n"])
@pytest.mark.parametrize("columns", [4, 60, 64, 75, 76, 1000])
def test_wrapped_base64_has_lost_nothing(between: str, columns: int) -> None:
    for size in (300, 301, 302, 3_000):
        plain = base64.b64encode(random.Random(size).randbytes(size)).decode()
        for text in (plain, plain.replace("+", "/")):
            wrapped = between.join(text[i : i + columns] for i in range(0, len(text), columns))
            assert said_of_image(f"{between}{wrapped}{between}") == {}


def test_an_encoding_that_is_none_of_text_costs_no_more_and_never_fails() -> None:
    """Python's idna has no error handlers, and its punycode is quadratic."""
    data = b"a" * 1_000_000 + b"-" + b"b" * 1_000_000
    for name in ("idna", "punycode", "undefined", "no-such", "a\0b"):
        assert decode(data, name) == data.decode()
