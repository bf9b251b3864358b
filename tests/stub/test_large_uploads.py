"""What a large upload costs beside a plain one: it is not read again, nor decoded for nothing.

How often it is decoded shows in no answer: the private reader of base64 is counted.
"""

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from pytest_soblob import (
    ContractViolationError,
    HttpRequest,
    SaveImageStreamRequest,
    SoblobSettings,
    StubEndpoint,
    WcfHost,
    assert_saved,
)
from pytest_soblob._xml.base64_text import Base64Text, fingerprint_of
from pytest_soblob.soap.binding import Spelling
from pytest_soblob.stub.endpoint import ExpectedCall
from tests.cpu import spent_s
from tests.example_counts import untraced

PNG = b"\x89PNG\r\n\x1a\n"
IMAGE = PNG + bytes(range(256)) * 12_000  # 3 MB
SMALL = IMAGE[:30_000]


def upload(image: bytes = IMAGE, spelling: Spelling | None = None) -> HttpRequest:
    request = SaveImageStreamRequest(
        type="PersonImage", image=image, description="d", ticket="7T:x", application_token="t"
    )
    http = request.to_http_request("wsdl", spelling)
    return replace(http, headers=(*http.headers, ("Content-Length", str(len(http.body)))))


def wcf(**settings: Any) -> StubEndpoint:
    host = WcfHost(max_message_size=1 << 30)
    return StubEndpoint(settings=SoblobSettings(behaviour="wcf", wcf_host=host, **settings))


def failing(endpoint: StubEndpoint, name: str = "http-503", **how: Any) -> StubEndpoint:
    endpoint.fail(name, **how)
    return endpoint


def after_a_failure(endpoint: StubEndpoint) -> StubEndpoint:
    failing(endpoint, "no-rights").handle(upload())
    return endpoint


WAYS: dict[str, Callable[[], StubEndpoint]] = {
    "wcf": wcf,
    "a failure is played": lambda: failing(StubEndpoint()),
    "a failure is played, in wcf": lambda: failing(wcf()),
    "it is refused": lambda: failing(StubEndpoint(), "no-rights"),
    "it is stored, and not told": lambda: failing(StubEndpoint(), "saved-but-503"),
    "its type is compared": lambda: failing(StubEndpoint(), matching={"type": "PersonImage"}),
    "it is sent again": lambda: after_a_failure(StubEndpoint()),
    "it is sent again, in wcf": lambda: after_a_failure(wcf()),
    "its image is checked": lambda: StubEndpoint(settings=SoblobSettings(image_check="named")),
    "its image is checked, in wcf": lambda: wcf(image_check="named"),
}


def cost_s(make: Callable[[], StubEndpoint]) -> float:
    """CPU seconds of one upload, in the best of four."""
    return min(spent_s(partial(make().handle, upload()), 1) for _ in range(4))


@pytest.mark.slow
@untraced
@pytest.mark.parametrize("way", WAYS)
def test_no_way_costs_much_more_than_a_plain_upload(way: str) -> None:
    """About 1 to 1.7 times is usual; to read it again would be 5 to 20 times."""
    assert any(cost_s(WAYS[way]) < 3 * cost_s(StubEndpoint) for _ in range(4))


@pytest.mark.parametrize("way", WAYS)
def test_no_way_decodes_the_image(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = WAYS[way]()
    monkeypatch.setattr(Base64Text, "decode", lambda text: pytest.fail("nobody wants it"))
    endpoint.handle(upload())
    assert endpoint.exchanges[-1].operation == "SaveImageStream"
    monkeypatch.undo()
    message = endpoint.exchanges[-1].message
    assert isinstance(message, SaveImageStreamRequest)
    assert message.image == IMAGE


@pytest.mark.parametrize("make", [StubEndpoint, wcf])
def test_a_function_gets_the_image(make: Callable[[], StubEndpoint]) -> None:
    endpoint = make()
    endpoint.reply(blob_id=7, matching=lambda message: message.image == IMAGE)
    endpoint.reply(blob_id=8, matching={"image": IMAGE})
    for _ in range(2):
        endpoint.handle(upload())
    assert list(endpoint.blobs) == [7, 8]


@pytest.mark.parametrize(
    "image", [pytest.param(IMAGE, marks=pytest.mark.slow), SMALL, PNG, b""], ids=len
)
def test_an_image_is_the_same_however_it_is_written(image: bytes) -> None:
    """Wrapped, as CDATA, in UTF-16: it is the same upload again."""
    spellings = [Spelling(), Spelling(wrap=76), Spelling(cdata=True), Spelling(encoding="utf-16")]
    for first in spellings[:2]:
        for again in spellings:
            endpoint = failing(StubEndpoint(), "http-504")
            for spelling in (first, again):
                endpoint.handle(upload(image, spelling))
            rules = [v.rule for v in endpoint.exchanges[1].violations if v.family == "flow"]
            assert rules == ["flow.retry-after-unknown-outcome"], again


@pytest.mark.parametrize("size", [0, 1, 2, 3, 47, 48, 49, 49_151, 49_152, 49_153, 200_000])
@pytest.mark.parametrize("wrap", [0, 4, 76, 65_536])
def test_a_fingerprint_is_of_the_bytes_alone(size: int, wrap: int) -> None:
    data = bytes(n % 251 for n in range(size))
    text = base64.b64encode(data).decode()
    lines = [text[at : at + wrap] for at in range(0, len(text), wrap)] if wrap else [text]
    written = "\r\n ".join(lines)
    for source in (written, written.encode()):
        assert Base64Text(source).fingerprint == fingerprint_of(data)
        assert Base64Text(source).fingerprint != fingerprint_of(data + b"\0")


def count_decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each image that is decoded."""
    decode, decoded = Base64Text.decode, list[int]()

    def counted(text: Base64Text) -> bytes | None:
        decoded.append(len(text))
        return decode(text)

    monkeypatch.setattr(Base64Text, "decode", counted)
    return decoded


def test_assert_saved_reads_each_blob_once(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = StubEndpoint()
    images = [IMAGE[number:] for number in range(3)]
    for image in images:
        endpoint.handle(upload(image))
    decoded = count_decoded(monkeypatch)
    assert_saved(endpoint, image=images[1], type="PersonImage", description="d")
    assert len(decoded) == 3
    with pytest.raises(ContractViolationError, match="first difference at byte 8"):
        assert_saved(endpoint, image=IMAGE[:8] + b"!" + IMAGE[9:], description="d")
    assert len(decoded) == 6
    with pytest.raises(ContractViolationError, match=r"found 3 of 3\n(?s:.*)3,072,006 bytes"):
        assert_saved(endpoint, description="d", count=2)
    assert len(decoded) == 9
    assert_saved(endpoint, count=3)
    assert len(decoded) == 9


def test_expected_calls_read_each_upload_once(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = StubEndpoint()
    endpoint.expect_calls(*(ExpectedCall(description=name) for name in "dddd"))
    for _ in range(4):
        endpoint.handle(upload())
    decoded = count_decoded(monkeypatch)
    endpoint.check()
    assert len(decoded) == 4
