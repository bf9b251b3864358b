"""The sample messages of a WCF host and of its clients (../shared/WCF.md) have no error.

They are read from there: data to compare with, no part of the project. Fragments are put where
they belong, reasons where the sample has three dots.
"""

import re
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from pytest_soblob import EnvelopeValidator, HttpRequest, HttpResponse
from pytest_soblob.names import NETSERVER
from pytest_soblob.soap.messages import Fault, SaveImageStreamRequest, SaveImageStreamResponse
from tests.wire import envelope_of

FACTS = Path(__file__).parents[3] / "shared" / "WCF.md"
TEXT = FACTS.read_text("utf-8") if FACTS.is_file() else ""
SAMPLES = re.findall(r"```xml\n(.*?)```", TEXT, re.DOTALL)

REQUESTS = [sample for sample in SAMPLES if "<SaveImageStream " in sample]
REPLIES = [sample for sample in SAMPLES if "<SaveImageStreamResponse " in sample]
FAULTS = [sample for sample in SAMPLES if "<s:Fault>" in sample]
# As the facts word them; C's has an element's name in it.
REASONS = re.findall(r"(?:^\*\*Sample \w.*?|^- .*?)[Rr]eason: `(.*?)`[. ]*", TEXT, re.MULTILINE)

CONTENT_TYPE = ("Content-Type", "text/xml; charset=utf-8")
ACTION = ("SOAPAction", f'"{NETSERVER}/BLOB/SaveImageStream"')
HOST = ("Host", "127.0.0.1")
EXPECT = ("Expect", "100-continue")
# The heads that .NET Framework, Mono and modern .NET send.
HEADS = {
    "net-framework": (
        CONTENT_TYPE, ACTION, HOST, EXPECT,
        ("Accept-Encoding", "gzip, deflate"), ("Connection", "Keep-Alive"),
    ),
    "mono": (CONTENT_TYPE, ACTION, EXPECT, ("Connection", "keep-alive"), HOST),
    "modern-net": (HOST, ACTION, CONTENT_TYPE),
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not TEXT, reason="the facts about WCF (../shared/WCF.md) are not at hand"
)
profiles = pytest.mark.parametrize("profile", ["wsdl", "auto"])


def assert_right(kind: str, profile: str, message: bytes | HttpRequest | HttpResponse) -> set[str]:
    """Assert that it has no error; return the rules that it has a remark for."""
    verdict = EnvelopeValidator(kind, profile).judge(message)
    assert verdict.errors == ()
    assert verdict.profile == "wsdl"
    return {violation.rule for violation in verdict.violations}


def assert_right_reply(profile: str, data: bytes, status: int = 200) -> None:
    assert assert_right("response", profile, data) == set()
    message = HttpResponse(status=status, headers=(CONTENT_TYPE,), body=data)
    assert assert_right("response", profile, message) == set()


def test_every_sample_is_judged() -> None:
    assert len(SAMPLES) == len(REQUESTS) + len(REPLIES) + len(FAULTS)
    assert (len(REQUESTS), len(REPLIES), len(FAULTS), len(REASONS)) == (1, 2, 3, 3)


@profiles
@pytest.mark.parametrize("head", HEADS)
def test_the_request_of_a_dotnet_client(head: str, profile: str) -> None:
    remarks = {"payload.image-unrecognised"}  # four bytes of example
    for declaration in ("", '<?xml version="1.0" encoding="utf-8"?>'):
        data = (declaration + REQUESTS[0]).encode()
        assert assert_right("request", profile, data) == remarks
        message = HttpRequest(target="/Remote/Services86/BLOB.svc", headers=HEADS[head], body=data)
        assert assert_right("request", profile, message) == remarks
        read = SaveImageStreamRequest.from_envelope(envelope_of(data))
        assert read is not None
        assert (read.type, read.image) == ("PersonImage", b"\0\1\2\3")
        assert read.description == "hello & <b>\r\n"


@profiles
@pytest.mark.parametrize("number", range(2))
def test_the_replies(number: int, profile: str) -> None:
    assert_right_reply(profile, REPLIES[number].encode())


def test_the_replies_are_read() -> None:
    success, failure = (
        SaveImageStreamResponse.from_envelope(envelope_of(reply.encode())) for reply in REPLIES
    )
    assert success is not None
    assert failure is not None
    assert (success.succeeded, success.blob_id, success.exception_info) == (True, 4711, None)
    assert (failure.succeeded, failure.blob_id) == (False, 0)
    assert failure.exception_info is not None
    assert failure.exception_info.inner_exception is not None
    assert failure.exception_info.inner_exception.message == "inner"


@profiles
def test_an_empty_dictionary(profile: str) -> None:
    found = re.search(r"`<(h:ExtraInfo) xmlns:h=… xmlns:i=…/>`", TEXT)
    assert found is not None
    nil = re.search(r'<h:ExtraInfo i:nil="true" ([^>]*)/>', REPLIES[0])
    assert nil is not None
    empty = REPLIES[0].replace(nil[0], f"<{found[1]} {nil[1]}/>")
    assert empty != REPLIES[0]
    assert_right_reply(profile, empty.encode())


@profiles
@pytest.mark.parametrize("number", range(3))
def test_the_faults_with_their_reasons(number: int, profile: str) -> None:
    reason = REASONS[number]
    data = FAULTS[number].replace(">...<", f">{escape(reason)}<").encode()
    assert_right_reply(profile, data, status=500)
    fault = Fault.from_envelope(envelope_of(data))
    assert fault is not None
    assert fault.reason == reason


@profiles
def test_the_other_shapes_of_an_internal_fault(profile: str) -> None:
    internal = next(fault for fault in FAULTS if "a:InternalServiceFault" in fault)
    shapes = re.findall(r"^- [^\n]*: `(The formatter threw[^`]*)`", TEXT, re.MULTILINE)
    assert len(shapes) == 2
    for shape in shapes:
        data = internal.replace("a:InternalServiceFault", "a:DeserializationFailed")
        assert_right_reply(profile, data.replace(">...<", f">{escape(shape)}<").encode(), 500)
    found = re.search(r"`(<detail><ExceptionDetail xmlns=\"[^\"]*\") …>`", TEXT)
    assert found is not None
    detail = f"{found[1]}><Message>m</Message></ExceptionDetail></detail>"
    assert_right_reply(profile, internal.replace("</s:Fault>", detail + "</s:Fault>").encode(), 500)
