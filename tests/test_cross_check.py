"""libxml2 and xmlschema differ from us only where the table of disagreements says so."""

import base64
from pathlib import Path

import pybase64
import pytest
from hypothesis import HealthCheck, given, settings

from pytest_soblob import EnvelopeValidator
from pytest_soblob import strategies as soblob_st
from pytest_soblob.cross_check import LARGEST_BYTES, Disagreement, cross_check
from pytest_soblob.disagreements import JUDGES, ROWS, find_rows
from pytest_soblob.specimens import EnvelopeBytes, MalformedBytes
from tests.amount import EXAMPLES as AMOUNT
from tests.mistakes import (
    CREDENTIALS,
    DESCRIPTION,
    IMAGE,
    SOAP12,
    SUCCEEDED,
    TICKET,
    TYPE,
    Mistake,
    request,
    response,
)
from tests.test_mistakes import MISTAKES, judge

ROOT = Path(__file__).parents[1]
# Five thousand once in full; CI runs fewer.
EXAMPLES = AMOUNT // 4


def image(text: str) -> str:
    return request(TYPE, f"<n:Image>{text}</n:Image>", DESCRIPTION)


# Message, kind, and the row that must explain each judge's difference; None: there is none.
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
def test_we_warn_where_they_say_nothing(rule: str) -> None:
    data = NOTHING[rule].encode()
    kind = "response" if "response" in rule else "request"
    verdict = EnvelopeValidator(kind).judge(data)
    assert [str(v.severity) for v in verdict.violations if v.rule == rule] == ["warning"]
    assert cross_check(data, verdict) == []
    assert find_rows("libxml2", rules={rule})[0].id == "nothing-to-store"


def test_a_wholly_empty_operation_is_valid_for_them() -> None:
    data = request("<!-- -->").encode()
    assert {v.rule for v in EnvelopeValidator("request").judge(data).violations} == {
        "body.type-missing",
        "body.image-missing",
        "body.description-missing",
    }
    assert ask(data, "request") == []


def test_decoders() -> None:
    """The rows of decoders: what `AB==` and white space are for them."""
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


def test_what_is_not_explained_says_so() -> None:
    verdict = EnvelopeValidator("request").judge(request().encode())
    found = cross_check(request(IMAGE, TYPE, DESCRIPTION).encode(), verdict)
    assert [d.rows for d in found] == [(), ()]
    assert all("NOT EXPLAINED" in str(d) for d in found)
    assert TICKET not in "".join(map(str, found))


def test_a_large_message_is_not_handed_on() -> None:
    data = image("QUJD" * (LARGEST_BYTES // 4) + "!").encode()
    assert ask(data, "request") == []


def test_a_response_with_everything() -> None:
    assert ask(response(header=SUCCEEDED).encode(), "response") == []
