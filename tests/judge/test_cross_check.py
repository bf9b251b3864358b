"""Every difference to libxml2 and xmlschema is explained by the table of disagreements."""

import base64
from collections.abc import Callable
from pathlib import Path

import pybase64
import pytest
from hypothesis import HealthCheck, given, settings
from xmlschema.locations import FALLBACK_LOCATIONS

from pytest_soblob import EnvelopeValidator, Profile
from pytest_soblob import strategies as soblob_st
from pytest_soblob.generate.specimens import EnvelopeBytes, MalformedBytes
from pytest_soblob.judge.cross_check import (
    LARGEST_BYTES,
    Disagreement,
    _xmlschema_schema,
    cross_check,
)
from pytest_soblob.judge.disagreements import JUDGES, ROWS, LibraryError, find_rows
from tests.example_counts import EXAMPLES as AMOUNT
from tests.example_counts import at_length
from tests.judge.mutated import Mutated, mutated_fault, mutated_message
from tests.judge.test_mistakes import MISTAKES, judge
from tests.mistakes import (
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    SOAP12,
    SUCCEEDED,
    TICKET,
    TYPE,
    XSD,
    XSI,
    Mistake,
    fault,
    request,
    response,
)

ROOT = Path(__file__).parents[2]
# Five thousand once in full; CI runs fewer.
EXAMPLES = AMOUNT // 4


def image(text: str) -> str:
    return request(TYPE, f"<n:Image>{text}</n:Image>", DESCRIPTION)


def answer11(more: str) -> str:
    return fault(f"<faultcode>e:Server</faultcode><faultstring>no</faultstring>{more}").replace(
        " xmlns:n=", f" xmlns:xsi='{XSI}' xmlns:xsd='{XSD}' xmlns:n="
    )


def answer12(code: str, more: str = "") -> str:
    return fault(
        f"<e:Code><e:Value>e:Sender</e:Value>{code}</e:Code>"
        f"<e:Reason><e:Text xml:lang='en'>no</e:Text></e:Reason>{more}",
        SOAP12,
    )


# Message, kind, and for each library the row that must explain its difference; None for none.
CASES = {
    "three exclamation marks": (image("!!!"), "request", "base64-alphabet", None),
    "URL-safe": (image("_-_-"), "request", "base64-alphabet", None),
    "a full stop": (image("QUJD."), "request", "base64-alphabet", None),
    "full-width letters": (image("\uff21\uff22\uff23\uff24"), "request", "base64-alphabet", None),
    "pad bits": (image("AB=="), "request", None, None),
    "white space": (image(" QUJD\r\n QUJD "), "request", None, None),
    "an underscore in a number": (response("<n:Response>1_000</n:Response>"), "response", None,
                                  "int-digits"),
    "Arabic digits": (response("<n:Response>\u0661</n:Response>"), "response", None, "int-digits"),
    "full-width digits": (response("<n:Response>\uff11</n:Response>"), "response", None,
                          "int-digits"),
    "Arabic digits in a header block": (
        request(header=f"{CREDENTIALS}<n:TimeZone><n:SoTimeZoneId>\u0661</n:SoTimeZoneId>"
                "</n:TimeZone>"), "request", None, "int-digits"),
    "text in Body": (request().replace("</e:Body>", "oops</e:Body>"), "request", None,
                     "text-in-body"),
    "white space in xsi:type": (
        request(TYPE, IMAGE.replace("Image>", 'Image xsi:type="\n xsd:base64Binary ">', 1),
                DESCRIPTION), "request", "xsi-type-white-space", None),
    "a comment in the image": (image("QUJD<!-- -->QUJD"), "request", None, "comment-in-value"),
    "mustUnderstand": (
        request(header=CREDENTIALS.replace("tials>", 'tials e:mustUnderstand="1">', 1)),
        "request", "soap-attributes-on-blocks", "soap-attributes-on-blocks"),
    "actor": (request(header=CREDENTIALS.replace("tials>", 'tials e:actor="urn:next">', 1)),
              "request", "soap-attributes-on-blocks", "soap-attributes-on-blocks"),
    "an attribute on the ticket": (
        request(header=CREDENTIALS.replace("Ticket>", 'Ticket a="b">', 1)),
        "request", "attribute-on-block", "attribute-on-block"),
    "an empty Body": (request().partition("<e:Body>")[0] + "<e:Body/></e:Envelope>", "request",
                      "body-is-open", "body-is-open"),
    "no credentials": (request(header="<!-- -->"), "request", "header-is-open", "header-is-open"),
    "no id": (response("<!-- -->"), "response", "response-missing", "response-missing"),
    "encoded twice": (image(base64.b64encode(base64.b64encode(b"\x89PNG\r\n\x1a\n123")).decode()),
                      "request", "encoded-twice", "encoded-twice"),
    "an instruction": (request("<?php ?>", TYPE, IMAGE, DESCRIPTION), "request", "not-in-the-tree",
                       "not-in-the-tree"),
    "an encoding that .NET does not know": (
        f"<?xml version='1.0' encoding='utf8'?>{request()}", "request", "not-in-the-tree",
        "not-in-the-tree"),
    "text in the detail": (answer11("<detail>no</detail>"), "response", None, "text-in-body"),
    "a no-break space in a fault code": (
        answer11("").replace("e:Server", "\u00a0e:Server"), "response", None, "no-break-space"),
    "a no-break space between parts": (
        request(TYPE, "\u00a0", IMAGE), "request", None, "no-break-space"),
    "a language on the fault code": (
        answer11("").replace("<faultcode", "<faultcode xml:lang='en'"), "response",
        "attribute-on-fault", "attribute-on-fault"),
    "an attribute on a Subcode": (
        answer12("<e:Subcode xml:lang='en'><e:Value>e:Own</e:Value></e:Subcode>"), "response",
        "attribute-on-fault", "attribute-on-fault"),
    "the fault string as a string": (
        answer11("").replace("<faultstring", "<faultstring xsi:type='xsd:string'"), "response",
        "type-of-faultstring", "type-of-faultstring"),
    "a type on Body": (request().replace("<e:Body", "<e:Body xsi:type='xsd:string'").replace(
        " xmlns:n=", f" xmlns:xsi='{XSI}' xmlns:xsd='{XSD}' xmlns:n="), "request",
        "xsi-on-the-frame", "xsi-on-the-frame"),
    "a type of nobody on Fault": (
        answer11("").replace("<e:Fault", "<e:Fault xsi:type='e:Fault'"), "response",
        "xsi-on-the-frame", "xsi-on-the-frame"),
    "nil on Envelope": (request(attributes=' xsi:nil="true"'), "request", "xsi-on-the-frame",
                        "xsi-on-the-frame"),
    "mustUnderstand on Envelope": (
        request(attributes=' e:mustUnderstand="maybe"'), "request", "values-of-soap-attributes",
        "values-of-soap-attributes"),
    "xml:space": (request(attributes=' xml:space="none"'), "request", None, "xml-space-and-id"),
    "what stands in a detail": (
        answer11("<detail><n:Succeeded>maybe</n:Succeeded></detail>"), "response",
        "detail-is-open", "detail-is-open"),
    "a type that a foreign block does not have": (
        request(header=CREDENTIALS + "<x xmlns='urn:x' xsi:type='xsd:int'>one</x>"), "request",
        "header-is-lax", "header-is-lax"),
    "a block in SOAP's own namespace": (
        request(header=CREDENTIALS + "<e:Node/>"), "request", "block-of-soap-itself",
        "block-of-soap-itself"),
    "an operation in no namespace": (
        request(wrapper="SaveImageStream"), "request", "operation-of-no-schema",
        "operation-of-no-schema"),
    "an operation misspelt, its parts wrong": (
        request(IMAGE, TYPE, wrapper="n:SaveImagesStream"), "request", "operation-of-no-schema",
        "operation-of-no-schema"),
    "Succeeded in a request": (
        request(header=CREDENTIALS + "<n:Succeeded/>"), "request", "response-block-in-a-request",
        "response-block-in-a-request"),
    "Credentials in a response": (
        response(header=SUCCEEDED + "<n:Credentials>x</n:Credentials>"), "response",
        "request-block-in-a-response", "request-block-in-a-response"),
    "an actor that is no URI": (
        answer11("<faultactor>%zz</faultactor>"), "response", "uris", None),
    "an encoded Detail": (
        answer12("", "<e:Detail e:encodingStyle='urn:x'/>"), "response",
        "encoding-style-on-detail", "encoding-style-on-detail"),
    "an attribute of xsi that there is not": (
        request(TYPE.replace("<n:Type", "<n:Type xsi:kind='x'"), IMAGE), "request",
        "xsi-attributes-of-no-meaning", "xsi-attributes-of-no-meaning"),
    "right": (request(), "request", None, None),
    "out of order": (request(IMAGE, TYPE, DESCRIPTION), "request", None, None),
    "a schema to be fetched": (
        request(attributes=' xsi:schemaLocation="urn:x http://127.0.0.1:9/x.xsd"'),
        "request", None, None),
}  # fmt: skip


def ask(data: bytes, kind: str, profile: str = "auto", **more: object) -> list[Disagreement]:
    return cross_check(data, EnvelopeValidator(kind, profile, **more).judge(data))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_explained_by_its_row(name: str) -> None:
    text, kind, *rows = CASES[name]
    found = {d.judge: d.rows for d in ask(text.encode(), kind)}
    assert found == {
        judge: (row,) for judge, row in zip(JUDGES, rows, strict=True) if row is not None
    }


def test_time_zone_beside_body() -> None:
    text = request(header="", soap=SOAP12).replace(
        "<e:Body>", f"{CREDENTIALS}<n:TimeZone/><e:Body>"
    )
    found = ask(text.encode(), "request", "documented")
    assert [d.rows for d in found] == [("time-zone-beside-body",)] * 2


def test_a_limit_is_no_matter_of_a_schema() -> None:
    found = ask(request().encode(), "request", max_message_size=9)
    assert [d.rows for d in found] == [("limit-of-a-team",)] * 2


NOTHING = {
    "body.type-missing": request(IMAGE, DESCRIPTION),
    "body.image-missing": request(TYPE, '<n:Image xsi:nil="true"/>', DESCRIPTION),
    "body.description-missing": request(TYPE, IMAGE),
    "payload.image-empty": request(TYPE, "<n:Image/>", DESCRIPTION),
    "body.response-not-positive": response("<n:Response>-1</n:Response>"),
}


@pytest.mark.parametrize("rule", NOTHING)
def test_a_warning_where_the_libraries_accept(rule: str) -> None:
    data = NOTHING[rule].encode()
    kind = "response" if "response" in rule else "request"
    verdict = EnvelopeValidator(kind).judge(data)
    assert [str(v.severity) for v in verdict.violations if v.rule == rule] == ["warning"]
    assert cross_check(data, verdict) == []
    assert find_rows("libxml2", rules={rule})[0].id == "nothing-to-store"


def test_both_libraries_accept_an_empty_operation() -> None:
    data = request("<!-- -->").encode()
    assert {v.rule for v in EnvelopeValidator("request").judge(data).violations} == {
        "body.type-missing",
        "body.image-missing",
        "body.description-missing",
    }
    assert ask(data, "request") == []


def test_decoders_accept_pad_bits_and_reject_white_space() -> None:
    """The rows of the decoders are about `AB==` and white space."""
    assert base64.b64decode("AB==", validate=True) == pybase64.b64decode("AB==", validate=True)
    for decode in (base64.b64decode, pybase64.b64decode):
        with pytest.raises(ValueError, match=r"."):
            decode("QUJD\nQUJD", validate=True)
    assert {row.id for row in ROWS if not set(row.judges) & set(JUDGES)} == {
        "pad-bits",
        "white-space",
    }


def test_every_row_is_reached() -> None:
    named = {row for _, _, *rows in CASES.values() for row in rows if row is not None}
    elsewhere = {
        "time-zone-beside-body",
        "limit-of-a-team",
        "nothing-to-store",
        "pad-bits",
        "white-space",
    }
    assert named | elsewhere == {row.id for row in ROWS}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistakes_are_explained(mistake: Mistake) -> None:
    message = mistake.message
    data = message if isinstance(message, bytes) else message.body
    assert [str(d) for d in cross_check(data, judge(mistake)) if not d.rows] == []


@pytest.mark.parametrize("profile", [p for p in Profile if p is not Profile.AUTO])
def test_no_message_adds_a_schema_to_a_library(profile: Profile) -> None:
    """xmlschema bundles schemas; one that it loads for a message would apply to later messages."""
    validator = EnvelopeValidator("request", profile)
    before = set(_xmlschema_schema(profile).maps.namespaces)
    for namespace in FALLBACK_LOCATIONS:
        child = f'<x:Envelope xmlns:x="{namespace}"/>'
        inside = (
            f"<e:Envelope xmlns:e='{profile.soap_namespace}'><e:Body>{child}</e:Body></e:Envelope>"
        )
        for data in (child, inside):
            cross_check(data.encode(), validator.judge(data.encode()))
            assert set(_xmlschema_schema(profile).maps.namespaces) == before, namespace


@at_length
@pytest.mark.slow
@settings(max_examples=EXAMPLES * 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    soblob_st.request_envelopes()
    | soblob_st.response_envelopes()
    | soblob_st.malformed_requests()
    | soblob_st.malformed_responses()
)
def test_generated_messages_are_explained(data: EnvelopeBytes | MalformedBytes) -> None:
    kind = "request" if "Request" in type(data.message).__name__ else "response"
    installation = getattr(data, "installation", "onsite")
    found = ask(bytes(data), kind, data.profile, installation=installation)
    assert [str(d) for d in found if not d.rows] == []


@at_length
@pytest.mark.parametrize(
    ("mutated", "count"), [(mutated_fault, AMOUNT // 2), (mutated_message, 2 * AMOUNT)]
)
def test_mutated_messages_are_explained(mutated: Callable[[int], Mutated], count: int) -> None:
    """5,000 faults and 20,000 other messages in full: SOBLOB_EXAMPLES=10000."""
    unexplained = {}
    for seed in range(count):
        message = mutated(seed)
        found = ask(message.data, message.kind, message.profile)
        differing = [str(d) for d in found if not d.rows]
        if differing:
            unexplained[seed, message.changes] = differing
    assert unexplained == {}


def test_a_row_explains_at_its_place_only() -> None:
    """A foreign attribute is explained on the ticket, not on the image."""
    words = "The attribute 'a' is not allowed."
    header, body = "s:Envelope/s:Header/ns:Credentials", "s:Envelope/s:Body/ns:SaveImageStream"
    assert [row.id for row in find_rows("libxml2", errors=[LibraryError(words, header)])] == [
        "attribute-on-block"
    ]
    assert find_rows("libxml2", errors=[LibraryError(words, body)]) == ()


def test_an_unexplained_difference_is_marked() -> None:
    verdict = EnvelopeValidator("request").judge(request().encode())
    found = cross_check(request(IMAGE, TYPE, DESCRIPTION).encode(), verdict)
    assert [d.rows for d in found] == [(), ()]
    assert all("NOT EXPLAINED" in str(d) for d in found)
    assert TICKET not in "".join(map(str, found))


def test_a_large_message_is_not_cross_checked() -> None:
    small, large = (
        request(IMAGE, TYPE, f"<n:Description>{'a' * size}</n:Description>", wrapper="n:Save")
        for size in (1, LARGEST_BYTES)
    )
    assert [d.judge for d in ask(small.encode(), "request")] == [*JUDGES]
    assert ask(large.encode(), "request") == []


def test_both_libraries_agree_on_a_valid_response() -> None:
    assert ask(response(header=SUCCEEDED).encode(), "response") == []
