"""`spellings()`: each is right, and the same message to us, lxml, xmlschema and zeep.

`SOBLOB_SPELLED=20000` tries as many of each kind.
"""

import os
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
import zeep
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from lxml import etree
from zeep import helpers

from pytest_soblob import (
    EnvelopeBytes,
    Fault,
    ImageBytes,
    SaveImageStreamRequest,
    SaveImageStreamResponse,
    Serialization,
    SoblobError,
    Spelling,
)
from pytest_soblob import strategies as soblob_st
from pytest_soblob._xml.document import parse
from pytest_soblob._xml.schemas import schema_file
from pytest_soblob.generate.serialization import choices_of
from pytest_soblob.judge.cross_check import cross_check
from pytest_soblob.judge.validators import EnvelopeValidator
from pytest_soblob.soap.envelope import Envelope
from tests.example_counts import at_length, either

EXAMPLES = int(os.environ.get("SOBLOB_SPELLED") or either(100, 400))
many = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
serialize: Any = helpers.serialize_object  # zeep ships no annotations
SMALL_IMAGES = st.sampled_from((b"", b"abc", ImageBytes(), ImageBytes(format="GIF", width=9)))
MESSAGES: dict[str, st.SearchStrategy[Any]] = {
    "request": soblob_st.requests(images=SMALL_IMAGES),
    "response": soblob_st.responses(),
}
kinds = pytest.mark.parametrize("kind", MESSAGES)


def read(data: EnvelopeBytes) -> object:
    envelope = Envelope.from_document(parse(data))
    assert envelope is not None
    return type(data.message).from_envelope(envelope)


@at_length
@kinds
def test_each_is_right_and_the_same_message(kind: str) -> None:
    @many
    @given(soblob_st.spellings(MESSAGES[kind]))
    def check(data: EnvelopeBytes) -> None:
        for profile in (data.profile, "auto"):
            assert EnvelopeValidator(kind, profile, "online").judge(data).errors == ()
        # The page's form, and SOAP 1.2's faults, do not have all that the typed message has.
        plain = EnvelopeBytes(data.message, profile=data.profile)
        assert read(data) == read(plain)
        if data.profile == "wsdl":
            assert read(data) == data.message

    check()


@at_length
@kinds
def test_libxml2_and_xmlschema_accept_each(kind: str) -> None:
    """But for mustUnderstand on NetServer's blocks, which SOAP allows and the vendor's XSD not."""

    @settings(many, max_examples=EXAMPLES if "SOBLOB_SPELLED" in os.environ else 40)
    @given(soblob_st.spellings(MESSAGES[kind]))
    def check(data: EnvelopeBytes) -> None:
        assert isinstance(data.spelling, Serialization)
        verdict = EnvelopeValidator(kind, data.profile, "online").judge(data)
        rows = {row for found in cross_check(data, verdict) for row in found.rows or ("?",)}
        assert rows <= ({"soap-attributes-on-blocks"} if data.spelling.must_understand else set())

    check()


@cache
def operation() -> Any:
    factory: Any = zeep.Client  # zeep ships no annotations
    client = factory(str(schema_file("BLOB.wsdl")))
    return client, client.service._binding.get("SaveImageStream")


def held(value: Any) -> Any:
    """What zeep has read, without what is empty: it reads a plain empty element as None."""
    if not isinstance(value, dict | list):
        return value
    if isinstance(value, list):
        return [held(one) for one in value] or None
    return {name: held(one) for name, one in value.items() if held(one) is not None} or None


@at_length
def test_zeep_reads_the_same_from_each_response() -> None:
    successes = soblob_st.responses().filter(lambda m: isinstance(m, SaveImageStreamResponse))

    @many
    @given(soblob_st.spellings(successes, profiles=["wsdl"]))
    def check(data: EnvelopeBytes) -> None:
        def reply(content: bytes) -> Any:
            headers = {"Content-Type": "text/xml"}
            answer = SimpleNamespace(
                status_code=200, content=content, headers=headers, encoding="utf-8"
            )
            client, called = operation()
            return client.service._binding.process_reply(client, called, answer)

        assert isinstance(data.message, SaveImageStreamResponse)
        assert isinstance(data.spelling, Serialization)
        alike = Spelling(nil=bool(data.spelling.nil))  # zeep reads a nil block as an empty one
        saved = reply(bytes(data))
        plain = reply(bytes(EnvelopeBytes(data.message, spelling=alike)))
        assert saved.body.Response == data.message.blob_id
        assert saved.header.Succeeded is data.message.succeeded
        for name in ("ExceptionInfo", "ExtraInfo", "TimeZone"):
            read, wanted = serialize(saved.header[name]), serialize(plain.header[name])
            assert held(read) == held(wanted)

    check()


@at_length
def test_zeep_reads_the_same_from_each_request() -> None:
    @many
    @given(soblob_st.spellings(MESSAGES["request"], profiles=["wsdl"]))
    def check(data: EnvelopeBytes) -> None:
        _, called = operation()
        assert isinstance(data.message, SaveImageStreamRequest)
        root = etree.fromstring(bytes(data), etree.XMLParser(remove_comments=True))  # as zeep does
        (wrapper,) = root.find("{*}Body")  # type: ignore[misc]
        got = called.input.body.type.parse_xmlelement(wrapper, called.input.wsdl.types)
        assert got.Type == data.message.type
        assert got.Description == (data.message.description or None)
        assert (got.Image or b"") == data.message.image

    check()


@at_length
@kinds
def test_every_choice_is_drawn_and_the_plainest_is_the_minimum(kind: str) -> None:
    seen: set[tuple[str, object]] = set()

    @settings(many, max_examples=300)
    @given(soblob_st.spellings(MESSAGES[kind]))
    def collect(data: EnvelopeBytes) -> None:
        assert isinstance(data.spelling, Serialization)
        seen.update((name, getattr(data.spelling, name)) for name in names)

    names = [name for name in Serialization.__dataclass_fields__ if name != "seed"]
    collect()
    assert seen == {(name, choice) for name in names for choice in choices_of(name)}
    smallest = find(soblob_st.spellings(MESSAGES[kind]), lambda data: True)
    assert smallest.spelling == Serialization()


@at_length
def test_one_message_has_many_forms_and_each_repr_rebuilds_it() -> None:
    message = SaveImageStreamResponse(blob_id=70_001, succeeded=True)
    forms: set[bytes] = set()

    @settings(many, max_examples=200)
    @given(soblob_st.spellings(message))
    def collect(data: EnvelopeBytes) -> None:
        assert data.message is message
        rebuilt = eval(repr(data))
        assert (rebuilt, type(rebuilt)) == (data, EnvelopeBytes)
        forms.add(bytes(data))

    collect()
    assert len(forms) > 150


def test_forms_that_consumers_stumble_over() -> None:
    message = SaveImageStreamResponse(blob_id=70_001, succeeded=True)
    how = Serialization(numbers="padded", encoding="utf-16-be", prefixes="netserver default")
    text = EnvelopeBytes(message, spelling=how).decode("utf-16")
    assert "<Response> +0070001\n</Response>" in text
    assert "<Succeeded> 1\n</Succeeded>" in text
    cdata = EnvelopeBytes(Fault(reason="]]>\r"), spelling=Serialization(cdata=True)).decode()
    assert "<faultstring" not in cdata.partition("]]]]><![CDATA[>]]>&#xD;</faultstring>")[2]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ((b"<Envelope/>", {}), "message=b'<Envelope/>' must be a SaveImageStreamRequest, a"),
        ((Fault(), {"profiles": ["soap11"]}), "'soap11' is unknown; did you mean 'soap12'"),
    ],
)
def test_wrong_argument_is_named_at_the_call(wrong: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        soblob_st.spellings(wrong[0], **wrong[1])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"wrap": 61}, r"wrap=61 must be one of \(0, 76, 64, 60\)"),
        ({"seed": -1}, "seed=-1 must be a whole number, 0 or more"),
    ],
)
def test_a_serialization_has_no_other_values(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SoblobError, match=words):
        Serialization(**wrong)
