"""The fast path and the reference path give the same verdict on any bytes, in every text.

Messages of all kinds are mutated at random. `SOBLOB_MUTATED` sets how many; 100,000 in full. At
least half of the messages must be judged on the fast path.

The cut and the cache are private: no verdict shows which path was taken, since all are equal.
"""

import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pytest_soblob import (
    EnvelopeValidator,
    ExceptionInfo,
    HttpRequest,
    ImageBytes,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    TimeZone,
    names,
)
from pytest_soblob._xml import carving as _carving
from pytest_soblob._xml.carving import SkeletonCache
from pytest_soblob.contract import Installation
from pytest_soblob.judge.validators.common import find_common
from pytest_soblob.names import SERVICE_PATHS, SOAP11
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.soap.envelope import Envelope
from tests.example_counts import MUTATED, at_length, untraced

NOISE = ImageBytes(width=60, height=60, noise=100)
PICTURES = (
    NOISE,
    ImageBytes(format="JPEG", width=90, height=90, noise=90),
    ImageBytes(format="BMP", width=40, height=40),
    bytes(NOISE)[:-40],
    b"%PDF-1.7 " + bytes(range(256)) * 20,
)
PIECES = (
    b"<", b">", b"&", b"&amp;", b"&#65;", b"<!---->", b"<![CDATA[", b"]]>", b"<?x?>", b"!", b"?",
    b"\x00", b"\xff", b"\xc3\xa9", b"\r\n", b"\r", b"\n", b" ", b"=", b"==", b"-", b"_", b"A",
    b"<ns:Image>", b"</ns:Image>", b"<ns:Image/>", b' xsi:nil="true"', b' xsi:nil="false"',
    b' xsi:type="xsd:string"', b' e="f>"', b"oops", b"<ns:Type>PersonImage</ns:Type>", b"Image",
)  # fmt: skip
XSI, NS = names.XSI.encode(), names.NETSERVER.encode()
DECLARED = (
    b' xmlns:x="urn:x"', b' xmlns:ns9="' + NS + b'"', b' xmlns=""', b' xmlns="' + NS + b'"',
    b' xmlns:ns="urn:other"', b' xmlns:i="' + XSI + b'" i:nil="true"',
    b' xmlns:i="' + XSI + b'" i:nil="0"', b' xmlns:i="' + XSI + b'" i:schemaLocation="urn:a b"',
    b' xmlns:i="' + XSI + b'" xmlns:q="' + NS + b'" i:type="q:BlobLinkType"',
    b' xmlns:i="' + XSI + b'" xmlns:d="' + names.XSD.encode() + b'" i:type="d:string"',
    b' xmlns:e="' + names.SOAP11.encode() + b'" e:mustUnderstand="1"', b' xml:lang="no"', b' a="b"',
)  # fmt: skip
CONTENT_TYPES = (
    *("text/xml; charset=utf-8", "text/xml", 'text/xml; charset="UTF-8"', "text/xml; charset=utf8"),
    *("text/xml; charset=iso-8859-1; y=utf-8", "text/xml; y=iso-8859-1; charset=utf-8"),
    *("text/xml; charset=utf-16", "application/soap+xml; charset=utf-8", "text/xml; charset="),
    "text/xml;charset*=;charset*0=utf-8",
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-8-sig", "iso-8859-1", "us-ascii", "utf-8")


def draw_message(chance: random.Random) -> tuple[str, bytes]:
    """A valid message, most with an image that is large enough for the fast path."""
    profile = chance.choice(["wsdl", "wsdl", "wsdl", "soap12", "documented"])
    spelling = Spelling(
        wrap=chance.choice([0, 0, 60, 76]),
        indent=chance.random() < 0.3,
        declaration=chance.random() < 0.3,
        xsi_type=chance.random() < 0.2,
        nil=chance.random() < 0.2,
        cdata=chance.random() < 0.05,
        netserver_prefix=chance.choice(["ns", "", "b"]),
        encoding="utf-16" if chance.random() < 0.03 else "utf-8",
    )
    if chance.random() < 0.1:
        exception = ExceptionInfo(message="no") if chance.random() < 0.3 else None
        response = SaveImageStreamResponse(blob_id=7, succeeded=True, exception_info=exception)
        return "response", response.to_bytes(profile, spelling)
    request = SaveImageStreamRequest(
        type=chance.choice(
            ["PersonImage", "PersonImage", "ProductImage", "AccessToken", "Portrait", None]
        ),
        image=chance.choice([*PICTURES, *PICTURES, b"", None]),
        description=chance.choice(["Ada", "", "a\r\nb", "é" * 300, None]),
        ticket=chance.choice(
            ["7T:SoblobDrawn==", "8A:SoblobDrawn", "7T:SoblobDrawn", "short", None]
        ),
        application_token=chance.choice(["token", None]),
        time_zone=chance.choice([None, TimeZone(id=7)]),
    )
    return "request", request.to_bytes(profile, spelling)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Make one change somewhere; half of them near the ends, outside the image."""
    size = len(data)
    place = chance.randrange(size)
    if chance.random() < 0.5:
        place = (
            chance.randrange(min(700, size)) if chance.random() < 0.5 else -chance.randrange(300)
        )
        place %= size
    if chance.random() < 0.1:
        place = 0
    width = chance.choice([1, 1, 3, 20])
    match chance.randrange(11):
        case 0:  # a byte flipped
            return (
                data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
            )
        case 1:  # a piece inserted
            return data[:place] + chance.choice(PIECES) + data[place:]
        case 2:  # a stretch duplicate
            return data[:place] + data[place : place + width] * 2 + data[place + width :]
        case 3:  # a stretch cut
            return data[:place] + data[place + width :]
        case 4 if chance.random() < 0.2:  # the end cut
            return data[:place]
        case 5:  # an element moved
            return move(data, chance)
        case 6 if chance.random() < 0.3:  # another encoding
            text = data.decode("utf-8", "replace")
            return text.encode(chance.choice(ENCODINGS), "replace")
        case 7:  # an element alone
            names = re.findall(rb"<((?:\w+:)?[A-Z]\w+)[ >]", data)
            return alone(data, chance.choice(names)) if names else data
        case 8 | 9:  # a start tag says more
            return declare(data, chance)
        case _:  # lines wrapped otherwise
            return wrap(data, chance)


def declare(data: bytes, chance: random.Random) -> bytes:
    """Put declarations of namespaces, attributes of xsi or of SOAP into a start tag."""
    tags = [found.end(1) for found in re.finditer(rb"(<[A-Za-z][\w:]*)[ >/]", data[:4000])]
    if not tags:
        return data
    place = tags[0] if chance.random() < 0.4 else chance.choice(tags)
    said = chance.choice(DECLARED)
    if chance.random() < 0.2:
        said = b"".join(b' xmlns:p%d="urn:p"' % number for number in range(chance.choice([3, 120])))
    return data[:place] + said + data[place:]


def move(data: bytes, chance: random.Random) -> bytes:
    """Put an element of the operation to another place, or write it twice."""
    for name in chance.sample([b"Type", b"Image", b"Description", b"Ticket", b"Credentials"], 5):
        start, end = data.find(b"<ns:" + name), data.find(b"</ns:" + name + b">")
        if start >= 0 and end > start:
            end += len(name) + 6
            rest = data[:start] + data[end:]
            place = rest.rfind(b"</", 0, rest.rfind(b"</ns:"))
            place = rest.find(b">", place) + 1 if chance.random() < 0.5 else rest.rfind(b"</ns:")
            element = data[start:end]
            if chance.random() < 0.2:
                return data[:end] + element + data[end:]
            return rest[:place] + element + rest[place:]
    return data


def alone(data: bytes, name: bytes) -> bytes:
    """An element of the message as a document of its own, with the declarations that it needs."""
    start, end = data.index(b"<" + name), data.find(b"</" + name + b">")
    outside = b"".join(dict.fromkeys(re.findall(rb' xmlns(?::\w+)?="[^"]*"', data[:start])))
    rest = data[start + len(name) + 1 : end] + b"</" + name + b">"
    return b"<" + name + (b"" if b"xmlns" in rest[:100] else outside) + rest


def wrap(data: bytes, chance: random.Random) -> bytes:
    start = data.find(b"Image>") + 6
    end = data.find(b"<", start)
    if start < 6 or end - start < 100:
        return data
    ends = chance.choice([b"\n", b"\r\n", b"\r", b" ", b"\n "])
    width = chance.choice([60, 64, 76, 1000])
    text = data[start:end]
    lines = ends.join(text[at : at + width] for at in range(0, len(text), width))
    return data[:start] + lines + data[end:]


def sent(data: bytes, chance: random.Random) -> HttpRequest:
    """A request with that body, and a head that may or may not match it."""
    headers = [("Content-Type", chance.choice(CONTENT_TYPES)), ("Host", "a")]
    if chance.random() < 0.9:
        headers.append(("SOAPAction", f'"{NS.decode()}/BLOB/SaveImageStream"'))
    return HttpRequest(target=SERVICE_PATHS["BLOB"], headers=tuple(headers), body=data)


def compare(kind: str, data: bytes, seen: dict[str, int], known: SkeletonCache) -> None:
    profile = "auto"
    judge = EnvelopeValidator(kind, profile, "onsite")
    fast, envelope = judge.examine(data)
    plain, _ = judge.examine(data, fast=False)
    assert fast == plain, data[:3000]
    for _ in range(2):  # the second time from the cache
        again, recalled = judge.examine(data, known=known)
        assert again == plain, data[:3000]
    seen["known"] += is_known(recalled, known)
    is_cut = envelope is not None and envelope.document.cut is not None
    common = envelope is not None and find_common(envelope, kind, Installation.ONSITE) is not None
    seen["fast"] += is_cut or common
    seen["cut"] += is_cut
    seen["common"] += common
    seen["wrong"] += not fast.is_valid


def is_known(envelope: Envelope | None, known: SkeletonCache) -> bool:
    around = None if envelope is None else known.find(envelope.document.data)
    return around is not None and envelope is not None and around.document.root is envelope.root


@at_length
@pytest.mark.slow
@untraced
def test_mutated_messages_get_the_same_verdict_on_both_paths() -> None:
    chance = random.Random(20_261_124)
    known = SkeletonCache()
    seen = {"fast": 0, "cut": 0, "common": 0, "wrong": 0, "known": 0}
    for _ in range(MUTATED):
        kind, data = draw_message(chance)
        for _ in range(chance.choice([0, 0, 1, 1, 1, 2])):
            data = mutate(data, chance) if data else data
        compare(kind, data, seen, known)
        if kind == "request":
            request = sent(data, chance)
            fast, plain = (JUDGE.examine(request, fast=way)[0] for way in (True, False))
            assert fast == plain, (request.headers, data[:3000])
    print(f"{MUTATED} mutated messages: {seen}")  # noqa: T201 -- the figures that are asked for
    assert seen["fast"] >= MUTATED // 2
    assert seen["wrong"] >= MUTATED // 5
    assert min(seen["cut"], seen["common"], seen["known"]) >= MUTATED // 20


JUDGE = EnvelopeValidator("request", operation=None)  # shared: it has no state
RIGHT = SaveImageStreamRequest(
    type="PersonImage", image=NOISE, description="d", ticket="7T:SoblobDrawn"
).to_bytes("wsdl", Spelling(netserver_prefix=""))
ANSWER = SaveImageStreamResponse(blob_id=7, succeeded=True).to_bytes(
    "wsdl", Spelling(netserver_prefix="")
)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (alone(RIGHT, b"SaveImageStream"), "envelope.root-not-envelope"),
        (alone(RIGHT, b"Credentials"), "envelope.root-not-envelope"),
        (alone(ANSWER, b"SaveImageStreamResponse"), "envelope.root-not-envelope"),
        (b"<?x y?>" + RIGHT, "xml.processing-instruction"),
        (b"<?x?>" + RIGHT, "xml.processing-instruction"),
        (b'<?xml version="1.0"?><?x?>' + RIGHT, "xml.processing-instruction"),
        (b'<?xml version="1.0"?>\n' + RIGHT, None),
        (b"<?xml version='1.0' encoding='UTF-8'?>" + RIGHT, None),
    ],
    ids=[
        "an operation alone",
        "a header block alone",
        "an answer alone",
        "an instruction first",
        "a short one",
        "one behind the declaration",
        "a declaration",
        "a declaration with its encoding",
    ],
)
@pytest.mark.parametrize("kind", ["request", "response"])
def test_messages_that_resemble_the_common_one_on_both_paths(
    kind: str, data: bytes, rule: str | None
) -> None:
    judge = EnvelopeValidator(kind)
    verdict, envelope = judge.examine(data)
    assert verdict == judge.examine(data, fast=False)[0]
    rules = [violation.rule for violation in verdict.violations]
    if rule is not None:
        assert rule in rules
    elif kind == "request":
        assert rules == []
        assert envelope is not None
        assert find_common(envelope, kind, Installation.ONSITE) is not None


@pytest.mark.parametrize("installation", ["onsite", "online"])
@pytest.mark.parametrize("token", ["token", "", " ", None])
def test_the_application_token_on_both_paths(installation: str, token: str | None) -> None:
    request = SaveImageStreamRequest(
        type="PersonImage",
        image=NOISE,
        description="d",
        ticket="7T:SoblobDrawn",
        application_token=token,
    ).to_bytes("wsdl")
    judge = EnvelopeValidator("request", "auto", installation)
    assert judge.examine(request)[0] == judge.examine(request, fast=False)[0]


def test_the_image_is_read_where_it_was_cut_out() -> None:
    for wrap_at in (0, 76):
        data = SaveImageStreamRequest(image=NOISE, ticket="7T:SoblobDrawn").to_bytes(
            "wsdl", Spelling(wrap=wrap_at)
        )
        document = _carving.parse(data)
        assert document.cut is not None
        assert len(document.data) < 1_500
        message = SaveImageStreamRequest.from_envelope(Envelope.from_document(document))  # type: ignore[arg-type]
        assert message is not None
        assert message.image == NOISE


def test_another_image_in_a_cached_envelope_is_judged_on_its_own() -> None:
    """The verdict is about this image, and the positions are those in this message."""
    known, judge = SkeletonCache(), EnvelopeValidator()
    spellings = (Spelling(), Spelling(wrap=76))
    pictures = (NOISE, bytes(NOISE)[:-40], NOISE[:2_000] + NOISE[2_200:], b"%PDF-1.7 " * 500)
    verdicts = []
    for spelling in spellings:
        for picture in (*pictures, *pictures):
            data = SaveImageStreamRequest(
                type="PersonImage", image=picture, description="a\nb", ticket="7T:SoblobDrawn"
            ).to_bytes("wsdl", spelling)
            for message in (data, data.replace(b"b</", b"b\r</"), data.replace(b"AA", b"A-", 1)):
                verdict, _ = judge.examine(message, known=known)
                assert verdict == judge.examine(message, fast=False)[0]
                verdicts.append([violation.rule for violation in verdict.violations])
    assert {rule for rules in verdicts for rule in rules} >= {
        "payload.image-truncated",
        "payload.image-disguised",
        "payload.base64-alphabet",
        "payload.description-carriage-return",
    }
    assert [] in verdicts


@pytest.mark.parametrize("named", ["TokenSet", "SaveImageStream"])
def test_the_text_of_an_image_is_no_secret_wherever_it_is_quoted(named: str) -> None:
    """Also in an element with the name of a secret, since an image that is cut out is not read."""
    text = "SECRETSECRET" * 8
    data = (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body a="{text}"><x:{named} xmlns:x="urn:x">'
        f"<x:Image>{text}</x:Image></x:{named}>{text}</s:Body></s:Envelope>"
    ).encode()
    judge, known = EnvelopeValidator(operation=None), SkeletonCache()
    plain, _ = judge.examine(data, fast=False)
    assert [judge.examine(data, known=known)[0] for _ in range(2)] == [plain, plain]
    assert judge.examine(data)[0] == plain


def test_a_cached_envelope_is_kept_by_kind_and_installation() -> None:
    known = SkeletonCache()
    data = SaveImageStreamRequest(
        type="PersonImage", image=NOISE, description="d", ticket="7T:SoblobDrawn"
    ).to_bytes()
    for _ in range(2):
        for kind in ("request", "response"):
            for installation in ("onsite", "online"):
                judge = EnvelopeValidator(kind, "auto", installation)
                assert judge.examine(data, known=known)[0] == judge.examine(data, fast=False)[0]


def test_threads_share_a_cache() -> None:
    known, judge = SkeletonCache(), EnvelopeValidator()

    def see(first: int) -> list[bool]:
        return [
            judge.examine(
                SaveImageStreamRequest(
                    type="PersonImage", image=NOISE, description=f"{n}", ticket="7T:SoblobDrawn"
                ).to_bytes(),
                known=known,
            )[0].is_valid
            for n in range(first, first + 100)
        ]

    with ThreadPoolExecutor(8) as pool:
        assert all(all(valid) for valid in pool.map(see, [0, 0, 50, 50, 90, 90, 200, 200]))
    assert len(known._known) <= 64


def test_what_another_thread_has_forgotten_meanwhile_is_no_error() -> None:
    class Quicker(dict[bytes, Any]):
        """Has lost its oldest by the time that somebody wants to remove it."""

        def __iter__(self) -> Iterator[bytes]:
            keys = list(super().__iter__())
            self.pop(keys[0], None)
            return iter(keys)

    known, judge = SkeletonCache(), EnvelopeValidator()
    known._known = Quicker()  # no two threads meet there on demand
    for number in range(70):
        request = SaveImageStreamRequest(
            type="PersonImage", image=NOISE, description=f"{number}", ticket="7T:SoblobDrawn"
        )
        assert judge.examine(request.to_bytes(), known=known)[0].is_valid
    assert 60 < len(known._known) <= 64


def test_the_cache_is_bounded_and_keeps_the_newest() -> None:
    known, judge = SkeletonCache(), EnvelopeValidator()

    def upload(description: str) -> bytes:
        return SaveImageStreamRequest(
            type="PersonImage", image=NOISE, description=description, ticket="7T:SoblobDrawn"
        ).to_bytes()

    def is_known_of(description: str) -> bool:
        return known.find(_carving.parse(upload(description)).data) is not None

    for description in (*(f"number {number}" for number in range(200)), "long" * 2_000):
        judge.examine(upload(description), known=known)
    assert all(is_known_of(f"number {number}") for number in range(140, 200))
    assert not any(is_known_of(f"number {number}") for number in range(130))
    assert not is_known_of("long" * 2_000)
